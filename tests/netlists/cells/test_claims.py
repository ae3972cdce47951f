"""What a technology file claims of its transistors, against what they do in ngspice."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from circuits.technology import Technology, load_technology
from codesign.command_line import main
from netlists.cells import claims
from netlists.cells.claims import check_claims
from netlists.engine import Engine
from netlists.errors import ReadingTimeout
from neuron_model.errors import InputError
from tests.codesign.no_engine import NoEngine

NMOS = "nmos level=54 version=4.5 tnom=27 toxe=4.1n vth0=0.45 u0=0.035"
PMOS = "pmos level=54 version=4.5 tnom=27 toxe=4.1n vth0=-0.45 u0=0.009"
CARDS = f".model nch {NMOS}\n.model pch {PMOS}\n"
WRAPPED = f""".model nc {NMOS}
.model pc {PMOS}
.subckt nch d g s b w=1u l=1u m=1
m0 d g s b nc w=w l=l m=m
.ends
.subckt pch d g s b w=1u l=1u m=1
m0 d g s b pc w=w l=l m=m
.ends
"""
TECHNOLOGY = """name = "foreign"
supply = 1.8
[devices.nmos]
model = "nch"
prefix = "{prefix}"
size_style = "u"
width = [0.3, 100.0]
length = [0.3, 50.0]
[devices.pmos]
model = "pch"
prefix = "{prefix}"
size_style = "u"
width = [0.3, 100.0]
length = [0.3, 50.0]
[cells.ota]
tail = {{ width = 2.0, length = 8.0 }}
pair = {{ width = 4.0, length = 1.0 }}
pmos_mirror = {{ width = 1.0, length = 8.0 }}
nmos_mirror = {{ width = 1.0, length = 8.0 }}
[cells.mirror]
nmos = {{ width = 2.0, length = 16.0 }}
pmos = {{ width = 2.0, length = 16.0 }}
[models]
paths = ["lib.sp"]
"""

Made = Callable[..., Technology]


@pytest.fixture
def make(tmp_path: Path, cache: Path) -> Made:
    """A technology over the given library, its file changed as told: old text, new text."""

    def made(library: str, *changes: tuple[str, str], prefix: str = "M") -> Technology:
        text = TECHNOLOGY.format(prefix=prefix)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "lib.sp").write_text(library)
        (tmp_path / "tech.toml").write_text(text)
        return load_technology(tmp_path / "tech.toml")

    return made


@pytest.mark.ngspice
@pytest.mark.parametrize(("library", "prefix"), [(CARDS, "M"), (WRAPPED, "X")])
def test_claims_that_are_so_are_believed_and_remembered(
    make: Made, engine: Engine, library: str, prefix: str
):
    technology = make(library, prefix=prefix)
    assert check_claims(technology, "tt", engine) == ()
    assert check_claims(technology, "tt", NoEngine()) == ()


NMOS_MODEL = 'model = "nch"\n'
PMOS_MODEL = 'model = "pch"\n'
SWALLOWED = WRAPPED.replace(" m=m", "")


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("library", "changes", "prefix", "expected"),
    [
        (
            CARDS,
            [(NMOS_MODEL, NMOS_MODEL + 'terminals = ["drain", "source", "gate", "bulk"]\n')],
            "M",
            r"devices\.nmos\.terminals.*flow through.*With terminals = \['drain', 'gate'",
        ),
        (
            CARDS,
            [(PMOS_MODEL, PMOS_MODEL + 'terminals = ["drain", "gate", "bulk", "source"]\n')],
            "M",
            r"devices\.pmos\.terminals.*said to be the bulk.*With terminals = \['drain', 'gate'",
        ),
        (
            CARDS,
            [('size_style = "u"', 'size_style = "plain"')],
            "M",
            r"devices\.nmos\.size_style = 'plain'.*as no oxide has.*With size_style = 'u'",
        ),
        (
            CARDS,
            [(NMOS_MODEL, NMOS_MODEL + 'multiplier = ["mult"]\n')],
            "M",
            r"devices\.nmos.*unknown parameter \(mult\).*With multiplier = \['m'\]",
        ),
        (SWALLOWED, [], "X", r"devices\.nmos\.multiplier = \['m'\]: two .* carry 1 times"),
        (
            WRAPPED.replace("m=1", "par=1").replace("w=w l=l m=m", "w='w*par' l=l"),
            [(NMOS_MODEL, NMOS_MODEL + 'multiplier = ["m", "par"]\n')],
            "X",
            r"devices\.nmos\.multiplier = .*carry 6.* times.*With multiplier = \['m'\]",
        ),
        (
            CARDS,
            [(NMOS_MODEL, 'model = "tmp"\n'), (PMOS_MODEL, NMOS_MODEL), ('"tmp"', '"pch"')],
            "M",
            r"devices\.nmos.*With model = 'nch'",
        ),
        (CARDS, [(PMOS_MODEL, NMOS_MODEL)], "M", r"devices\.pmos.*nch conducts as an nmos does"),
        (
            CARDS.replace("toxe=4.1n", "toxe=0.9n toxp=0.7n igcmod=1 igbmod=1"),
            [],
            "M",
            r"said to be the gate.*No other order of the terminals fits: the gate of nch leaks",
        ),
        (CARDS, [], "X", "no .subckt called 'nch'.*correct it to prefix = 'M'"),
        (
            WRAPPED.replace("w=1u l=1u", "wr=1u lr=1u").replace("w=w l=l", "w=wr l=lr"),
            [],
            "X",
            r"devices\.nmos: .* no parameter w and no l; .* width_parameter = 'wr', length_par",
        ),
        (
            WRAPPED,
            [(NMOS_MODEL, NMOS_MODEL + 'width_parameter = "L"\nlength_parameter = "W"\n')],
            "X",
            r"devices\.nmos: .* nch has them exchanged; its sizes are w and l: write width_param",
        ),
    ],
)
def test_a_claim_that_is_not_so_is_refused_with_the_one_that_is(
    make: Made,
    engine: Engine,
    library: str,
    changes: list[tuple[str, str]],
    prefix: str,
    expected: str,
):
    with pytest.raises(InputError, match=expected):
        check_claims(make(library, *changes, prefix=prefix), "tt", engine)


DRAWN = ".param sw=1 other=2\n" + WRAPPED.replace(
    "m0 d", ".param dv=agauss(0,0.02,1)\nm0 d"
).replace("m=m", "m=m delvto='dv*sw'")


@pytest.mark.ngspice
def test_statistics_that_are_on_are_refused_with_the_switch_that_turns_them_off(
    make: Made, engine: Engine
):
    expected = (
        r"drawn anew.*dv = agauss\(0,0.02,1\) in the subcircuit nch.*"
        r"write sw = 0 under \[models.parameters\], which switches it off \(tried\)"
    )
    with pytest.raises(InputError, match=expected):
        check_claims(make(DRAWN, prefix="X"), "tt", engine)
    off = make(DRAWN, ("[models]\n", "[models]\nparameters = { sw = 0 }\n"), prefix="X")
    assert check_claims(off, "tt", engine) == ()


@pytest.mark.ngspice
def test_statistics_of_a_card_that_all_transistors_share_are_found(make: Made, engine: Engine):
    library = CARDS.replace("vth0=0.45", "vth0={0.45+shift}") + ".param shift=agauss(0,0.03,3)\n"
    with pytest.raises(InputError, match=r"drawn anew.*shift = agauss.*section of the library"):
        check_claims(make(library), "tt", engine)


@pytest.mark.ngspice
def test_statistics_of_two_values_are_found_every_time(make: Made, engine: Engine):
    library = CARDS.replace("vth0=0.45", "vth0={0.45+shift}") + ".param shift=limit(0,0.02)\n"
    for _ in range(6):
        with pytest.raises(InputError, match=r"drawn anew.*shift = limit.*section of the library"):
            check_claims(make(library), "tt", engine)


@pytest.mark.ngspice
def test_what_ngspice_ignores_is_told_once(make: Made, engine: Engine):
    library = CARDS.replace("u0=", "hdif=2 dgidl=1 acm=3 u0=")
    (note,) = check_claims(make(library), "tt", engine)
    assert note.endswith("leaves them out: acm, dgidl, hdif")


@pytest.mark.ngspice
def test_a_gate_that_leaks_more_than_the_smallest_bias_is_told(make: Made, engine: Engine):
    library = CARDS.replace("toxe=4.1n", "toxe=2.2n toxp=1.6n igcmod=1 igbmod=1")
    notes = check_claims(make(library), "tt", engine)
    assert "the gate of nch (4 by 1 um) leaks" in notes[0]
    assert "limits.bias_current begins at 5e-12 A" in notes[0]


@pytest.mark.ngspice
def test_models_that_are_never_read_are_refused_with_their_line(
    make: Made, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    technology = make("* comment\n" + CARDS.replace("0.45 u0", "a u0") + ".param a=0.45, b=1\n")
    # As if it were one of those that are not known yet.
    monkeypatch.setattr("netlists.model_cards.check_readable", lambda _: None)
    monkeypatch.setattr("netlists.model_trials._PATIENCE", 1.0)
    with (
        Engine(workers=1, reading=1.0) as engine,
        pytest.raises(ReadingTimeout, match=r"lib\.sp:4: ngspice never comes to the end of read"),
    ):
        check_claims(technology, "tt", engine)


def test_the_command_refuses_with_status_2(
    make: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    make(CARDS, prefix="X")
    assert main(["characterize", "--technology", str(tmp_path / "tech.toml")]) == 2
    assert "correct it to prefix = 'M'" in capsys.readouterr().err


def test_a_broken_memory_is_replaced(make: Made, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    technology = make(CARDS + "* another\n.model other nmos\n")
    asked: list[str] = []

    def checked(benches: object, corner: str, engine: object) -> tuple[tuple[str, ...], str]:
        asked.append(corner)
        return ("xl",), ""

    monkeypatch.setattr(claims, "_checked", checked)
    monkeypatch.setattr(claims, "_fingerprint", lambda _: "known")
    notes = check_claims(technology, "tt", engine)
    assert check_claims(technology, "tt", engine) == notes
    assert asked == ["tt", "tt"]  # once for each kind of transistor
    (path,) = Path(claims.cache_folder() / "claims").glob("*_known.json")
    assert json.loads(path.read_text()) == {"notes": list(notes)}
    path.write_text("{")
    assert check_claims(technology, "tt", engine) == notes
    assert len(asked) == 4
