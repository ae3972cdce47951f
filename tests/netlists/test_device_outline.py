"""What the text of a library says of a device."""

from pathlib import Path

import pytest

from netlists.device_outline import outline, sections_with
from netlists.model_source import SourceText, expand
from neuron_model.errors import InputError

LIBRARY = """.lib cards
.model nch.1 nmos level=54 lmin=1.8e-7 lmax=1e-6 wmin=2.2e-7 wmax=1.0001e-5
.model nch.2 nmos level=54 lmin=1e-6 lmax=2.0001e-5 wmin=2.2e-7 wmax=1.0001e-5
.model pch pmos level=49
.endl
.lib wrapped
.lib "lib.sp" cards
.subckt nch d g s b w=1u l=0.18u
+ ad=0 as=0
.param mult=1 half='w/2'
m0 d g s b nch w=w l=l
.ends
.subckt five d g s b dnw w=1u l=1u
m0 d g s b nch w=w l=l
.ends
.endl
.lib nothing
.param a=1
.endl
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "lib.sp"
    path.write_text(LIBRARY)
    return path


def test_a_model_has_the_terminals_of_an_m_element_and_the_sizes_of_its_bins(library: Path):
    found = outline(expand(library, "cards"), "NCH", "lib")
    assert (found.prefix, found.terminals) == ("M", ("d", "g", "s", "b"))
    assert found.kinds == {"nmos"}
    # foundries end bins some nanometres beyond what may be drawn
    assert found.width == (0.22, 10.0)
    assert found.length == (0.18, 20.0)


def test_a_model_without_limits_covers_no_sizes_that_are_known(library: Path):
    found = outline(expand(library, "cards"), "pch", "lib")
    assert (found.kinds, found.width, found.length) == ({"pmos"}, None, None)


def test_a_wrapper_comes_before_the_model_that_is_called_like_it(library: Path):
    found = outline(expand(library, "wrapped"), "nch", "lib")
    assert (found.prefix, found.terminals) == ("X", ("d", "g", "s", "b"))
    assert found.kinds == {"nmos"}
    assert found.length == (0.18, 20.0)
    # those of its first lines, and those that a call may replace
    assert {"w", "l", "ad", "as", "mult"} <= set(found.parameters)


def test_a_name_that_is_not_there_tells_the_transistors_that_are(library: Path):
    with pytest.raises(InputError, match=r"lib defines no .* 'nfet'; it has .*nch.*pch"):
        outline(expand(library, "wrapped"), "nfet", "lib")
    with pytest.raises(InputError, match="it has no transistor"):
        outline([SourceText(Path("x"), 1, ".param a=1\n")], "nfet", "lib")


def test_which_sections_have_both_devices(library: Path):
    assert sections_with(library, ("nch", "pch")) == ("cards", "wrapped")
    assert sections_with(library, ("five",)) == ("wrapped",)
    assert sections_with(library, ("zch",)) == ()
