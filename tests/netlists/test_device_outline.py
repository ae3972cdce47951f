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


@pytest.mark.parametrize(
    ("parameters", "inside", "sides"),
    [
        ("w=1u l=1u wr=1u", "m0 d g s b n w={w} l={l}", ("w", "l")),
        ("WR=1u LR=1u", "M0 d g s b n W={WR} L='LR*1u'", ("wr", "lr")),
        ("params: width=1 length=1", "m0 d g s b n w=width l=length", ("width", "length")),
        (
            "wr=1u lr=1u nf=1",
            ".param each={wr/nf} gone=dl\nm0 d g s b n w={each-dw} l={lr-2*dl} m={nf}",
            ("wr", "lr"),
        ),
        # which of two is the width, nobody knows; and what no parameter reaches is no size
        ("a=1u b=1u c=1u", "m0 d g s b n w={a*b} l={c}", ("", "c")),
        ("w=1u", "m0 d g s b n w={w} l=1u", ("w", "")),
    ],
)
def test_the_sizes_of_a_wrapper_are_those_that_reach_its_transistor(
    tmp_path: Path, parameters, inside, sides
):
    text = f".model n nmos\n.subckt y d g s b {parameters}\n{inside}\n.ends\n"
    names = [name for name in sides if name]
    given = " ".join(f"{name}={{{name}q}}" for name in names)
    more = " ".join(f"{name}q=1u" for name in names)
    around = f".subckt x d g s b {more}\nx0 d g s b y {given}\n.ends\n"
    (tmp_path / "lib.sp").write_text(text + around)
    for name, end in (("y", ""), ("x", "q")):
        found = outline(expand(tmp_path / "lib.sp"), name, "lib")
        expected = tuple(side and side + end for side in sides)
        assert (found.width_parameter, found.length_parameter) == expected


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
