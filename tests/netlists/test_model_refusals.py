"""What ngspice cannot read, or has no device for, is refused by name."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netlists.bench import Bench, BenchInstance
from netlists.engine import Engine
from netlists.errors import NetlistError
from netlists.model_cards import DeviceUse, cut_out
from netlists.model_refusals import MOSFET_LEVELS
from netlists.model_source import SourceText
from neuron_model.errors import InputError


def cut(library: str, name: str = "n") -> str:
    return cut_out([SourceText(Path("x.lib"), 1, library)], [DeviceUse(name, 2, 2)], "x").text


PSP = """.subckt n d g s b w=1u l=1u
Nsg d g s b npsp w=w l=l
.ends
.model npsp psp103va type=1
"""


@pytest.mark.parametrize(
    ("library", "line", "expected"),
    [
        (PSP, 2, r"nsg is a Verilog-A device \(OSDI\).*BSIM4 models if it has some"),
        (".model n psp103va type=1", 1, "of type psp103va, which ngspice does not have.*OSDI"),
        (".model n nmos level=72", 1, r"level 72 \(BSIM-CMG\), which ngspice does not have"),
        (".model n nmos (level = 1021", 1, r"level 1021 \(PSP\)"),
        (".model n nmos level='69'", 1, r"level 69 \(PSP\)"),
        (".model n nmos vto=1 level=7", 1, r"level 7 \(PSpice's BSIM3\).*level 49"),
        (".model n nmos level=63 vto=1", 1, r"level 63, which ngspice does not have: use BSIM3"),
        (".model n nmos level=54 version=4.9", 1, "BSIM4 of version 4.9.*it has 4.0 to 4.8"),
        (".model n nmos level=8 version=2.0", 1, "BSIM3 of version 2.0.*it has 3.0 to 3.3"),
    ],
)
def test_devices_that_ngspice_does_not_have(library: str, line: int, expected: str):
    with pytest.raises(InputError, match=f"^x.lib:{line}: .*{expected}"):
        cut(library)


@pytest.mark.parametrize(
    "card",
    [
        ".model n nmos",
        ".model n nmos (level=49 version=3.24)",
        ".model n nmos level=54 version=4.0",
        ".model n nmos level={lv} version={v}",
        ".model n PMOS( LEVEL = 8 )",
    ],
)
def test_devices_that_it_has(card: str):
    assert cut(card) == f"{card}\n"


def test_a_device_that_is_not_in_use_is_nobodys_concern():
    assert cut(PSP + ".model other nmos level=54\n", "other") == ".model other nmos level=54\n"


COMMAS = [
    ".param a=0.45, b=0.035",
    ".param a=0.45\n+,b=0.035",
    ".param a = 0.45,b=0.035",
    ".param a='1 + 2', b=0.035",
    ".param a={0.45}, b=0.035",
    ".param a=max(1,2), b=2",
    ".param b=0.035 a=0.45,",
    ".param a={1,2} b=0.035",
]
FINE = [
    ".param a=0.45 , b=0.035",
    ".param a=0.45,",
    ".param a=max(0.45,0.1) b=0.035",
    ".param a={max(0.45, min(1,2))} b=0.035",
    ".param f(x,y)={x+y} a='f(1,2)' b=0.035",
]
CARD = "\n.model n nmos level=54 vth0=a u0=b\n"


@pytest.mark.parametrize("definition", COMMAS)
def test_a_comma_on_which_ngspice_hangs(definition: str):
    text = definition.replace("\n+,", ",\n+ ")
    with pytest.raises(InputError, match=r"^x.lib:2: ngspice never comes to the end of a \.param"):
        cut("* comment\n" + text + CARD)
    with pytest.raises(InputError, match=r"^x.lib:1: ngspice never comes to the end of a \.subckt"):
        cut(text.replace(".param", ".subckt n d g s b") + "\nm1 d g s b c\n.ends\n.model c nmos")


@pytest.mark.parametrize("definition", FINE)
def test_a_comma_that_it_reads(definition: str):
    assert definition in cut(definition + CARD)


def test_a_comma_behind_a_name_is_refused_and_behind_a_number_not():
    with pytest.raises(InputError, match=r"x.lib:1: .*does not read a name.*'a,'"):
        cut(".model n nmos (vth0=a, u0=2)")
    assert cut(".model n nmos(level=54,vth0=0.4,u0={a},k1='b*2', k2=2u)")


ENCRYPTED = """.model n nmos level=54
{start}
xq 7#kd82h  js9@
{end}
"""


@pytest.mark.parametrize(("start", "end"), [(".prot", ".unprot"), (".PROTECT", ".UNPROTECT")])
def test_encrypted_text_is_refused_as_such(start: str, end: str):
    with pytest.raises(InputError, match=r"^x.lib:3: .*line 2.* is encrypted.*plain text"):
        cut(ENCRYPTED.format(start=start, end=end))
    inside = f".subckt n d g s b\n{start}\nk2#8/\\z\n{end}\n.ends\n"
    with pytest.raises(InputError, match=r"^x.lib:3: .*is encrypted"):
        cut(inside)


def test_protected_text_that_is_plain_is_read():
    text = ".prot\n.model n nmos level=54 vth0={a * (2 + b)}\n.unprot\n"
    assert cut(text) == ".model n nmos level=54 vth0={a * (2 + b)}\n"


@pytest.mark.ngspice
def test_the_levels_are_those_of_ngspice(make_bench: Callable[..., Bench], engine: Engine):
    bench = make_bench(
        models=".model n nmos level=72\n",
        cells=".subckt one d g\nm1 d g 0 0 n w=1u l=1u\n.ends\n",
        instances=(BenchInstance("x1", "one", ("in", "in")),),
        save=(),
    )
    with pytest.raises(NetlistError) as caught:
        engine.run(bench)
    said = re.search(r"Only MOS device levels ([\d,-]+) are supported", str(caught.value))
    assert said
    levels = {0}  # as 1
    for part in said.group(1).split(","):
        first, _, last = part.partition("-")
        levels |= set(range(int(first), int(last or first) + 1))
    assert levels == MOSFET_LEVELS
