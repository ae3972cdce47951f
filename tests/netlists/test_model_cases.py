"""Libraries as real ones are written: what is cut out gives the current that the whole gives.

Currents are those of plain ngspice on the whole library: W 4 um, L 1 um, Vgs 0.4 V, Vds 1 V.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlists.bench import Bench, BenchInstance, OperatingPoint, VoltageSource
from netlists.engine import Engine, Result
from netlists.model_cards import DeviceUse, cut_out
from netlists.model_source import expand

BSIM4 = "nmos level=54 version=4.5 tnom=27 toxe=4.1n vth0=0.45 u0=0.035"
BSIM3 = "level=49 version=3.1 tnom=27 tox=4.1e-9 nch=2.3549e17 vth0=0.366 u0=270 k1=0.58"
WRAPPER = ".subckt nch d g s b w=1u l=1u m=1\nm0 d g s b {model} w=w l=l m=m\n.ends\n"
BINS = " lmin=0.3u lmax=100u wmin=0.2u wmax=100u"

CASES = {
    "same name, plain": (f".model nch {BSIM4}\n" + WRAPPER.format(model="nch"), "X", 1.75638e-08),
    "same name, binned": (
        f".model nch.0 {BSIM4}{BINS}\n" + WRAPPER.format(model="nch"),
        "X",
        1.75638e-08,
    ),
    "default sizes, of another bin": (
        f".model nch.0 {BSIM4}{BINS}\n.model nch.1 nmos level=54 vth0=1 lmin=100u lmax=900u\n"
        ".subckt nch d g s b\n.param l = 200u w = 1u\nm0 d g s b nch w={w} l={l}\n.ends\n",
        "X",
        1.75638e-08,
    ),
    "a parameter that ngspice ignores": (
        f".model nch nmos ({BSIM3}\n+ xl=0 xw=-1e-8)\n",
        "M",
        9.29707e-08,
    ),
    "continued by a backslash": (
        ".model nch nmos level=54 version=4.5 tnom=27 \\\\\n toxe=4.1n vth0=0.45 u0=0.035\n",
        "M",
        1.75638e-08,
    ),
    "nested": (
        ".subckt nch d g s b w=1u l=1u\n.subckt core d g s b w=1u l=1u\n"
        "m0 d g s b nc w=w l=l\n.ends core\n"
        f".model nc {BSIM4}\nx0 d g s b core w=w l=l\n.ends nch\n",
        "X",
        1.75638e-08,
    ),
    "results as parameters": (
        f".model nch nmos ({BSIM3} CBD=0.000e+00\n+ CBS =0.0 xl=0 xw=-1e-8)\n",
        "M",
        9.29707e-08,
    ),
}


def current(
    library: Path, prefix: str, engine: Engine, multiplier: int = 1, section: str | None = None
) -> Result:
    use = DeviceUse("nch", 4.0, 1.0, prefix)
    models = cut_out(expand(library, section), [use], "it").text
    cell = f".subckt one d g\n{prefix}1 d g 0 0 nch w=4u l=1u m={multiplier}\n.ends\n"
    return engine.run(
        Bench(
            title="one",
            models=models,
            cells=cell,
            instances=(BenchInstance("xone", "one", ("d", "g")),),
            sources=(VoltageSource("vd", "d", "0", 1.0), VoltageSource("vg", "g", "0", 0.4)),
            analyses=(OperatingPoint(),),
            save=("i(vd)",),
        )
    )


@pytest.mark.ngspice
@pytest.mark.parametrize("name", CASES)
def test_the_current_is_that_of_the_whole_library(
    name: str, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    text, prefix, expected = CASES[name]
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (tmp_path / "lib.sp").write_text(text)
    for multiplier in (1, 4):
        result = current(tmp_path / "lib.sp", prefix, engine, multiplier)
        found = -float(result[0]["i(vd)"][0])
        # gmin is a thousandth of ngspice's own here: 1 fA
        assert found == pytest.approx(multiplier * expected, rel=1e-4), multiplier
    # BSIM3 writes a file of its checks into the folder where it runs.
    assert list(folder.iterdir()) == []


NUMBER = st.floats(0.3, 0.6).map(lambda value: f"{value:.4g}")
GAP = st.sampled_from([" ", "  ", "\t", " \n+ ", "\n+\t", " \\\\\n ", "\n* between\n+ ", "\n+\n+ "])
END = st.sampled_from(["\n", "\r\n", " ; it ends\n", " $ it ends\n", " // it ends\n", "\n\n* x\n"])
CASE = st.sampled_from([str.lower, str.upper, str.title])


@st.composite
def libraries(draw: st.DrawFn) -> tuple[str, str]:
    """(text with a section tt that calls another one, the prefix of nch in it)."""
    vth, gap, end, case = draw(NUMBER), draw(GAP), draw(END), draw(CASE)
    bracket = draw(st.sampled_from([("", ""), ("(", ")"), (" ( ", " )")]))
    level = draw(
        st.sampled_from(["level=54 version=4.5 toxe=4.1n", "level=8 version=3.2 tox=4.1n"])
    )
    threshold = draw(st.sampled_from(["vth0='vt + shift'", "vth0={vt+shift}", f"vth0={vth}"]))
    parameters = [*level.split(), "tnom=27", threshold.replace(" ", "")]
    bins = draw(st.booleans())
    wrapped, nested = draw(st.booleans()), draw(st.booleans())
    local = draw(st.booleans()) and wrapped
    inner = draw(st.sampled_from(["nch", "card"])) if wrapped else "nch"
    limits = ["lmin=0.3u", "lmax=10u", "wmin=0.2u", "wmax=100u"] if bins else []
    cards = []
    for number, shift in enumerate(["", "lmin=10u", "lmax=0.3u"] if bins else [""]):
        own = [x for x in limits if not shift or x[:4] != shift[:4]] + ([shift] if shift else [])
        body = gap.join([*parameters, *own])
        suffix = f".{number}" if bins else ""
        cards.append(
            case(f".model {inner}{suffix} nmos{bracket[0] or ' '}{body}{bracket[1]}") + end
        )
    lines = [case(f".param vt={vth}{gap}shift=0") + end]
    if not wrapped:
        lines += cards
    else:
        element = case(f"m0 d g s b {inner}{gap}w=w{gap}l=l m=m") + end
        block = [*(cards if local else []), element]
        if nested:
            block = [
                case(".subckt core d g s b w=1u l=1u m=1") + end,
                *block,
                case(".ends core") + end,
                case("x0 (d g s b) core w=w l={l} m=m") + end,
            ]
        opening = case(f".subckt nch d g s b{gap}w=1u l=1u m=1") + end
        lines += [*([] if local else cards), opening, *block, case(".ends") + end]
    other = [".model other nmos level=1\n", ".subckt else a\nr1 a 0 1\n.ends\n"]
    quote = draw(st.sampled_from(["", "'", '"']))
    text = (
        f"* a library\n.LIB tt\n.lib {quote}lib.sp{quote} core\n.endl\n.lib core\n"
        + "".join([*other, *lines])
        + ".endl core\n"
    )
    return text, "X" if wrapped else "M"


def plain_current(folder: Path, prefix: str) -> float:
    deck = (
        f"* whole\n.lib lib.sp tt\n.options gmin=1e-15\n{prefix}1 d g 0 0 nch w=4u l=1u m=2\n"
        "vd d 0 1\nvg g 0 0.4\n.control\nset numdgt=10\nop\nprint i(vd)\n.endc\n.end\n"
    )
    (folder / "whole.sp").write_text(deck)
    program = shutil.which("ngspice")
    assert program
    done = subprocess.run(
        [program, "-b", "whole.sp"], cwd=folder, capture_output=True, text=True, check=False
    )
    found = re.search(r"i\(vd\) = (\S+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found.group(1))


@pytest.mark.ngspice
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(library=libraries())
def test_whatever_a_library_looks_like_the_current_stays(
    library: tuple[str, str], tmp_path: Path, engine: Engine
):
    text, prefix = library
    (tmp_path / "lib.sp").write_bytes(text.encode())
    found = float(current(tmp_path / "lib.sp", prefix, engine, 2, "tt")[0]["i(vd)"][0])
    assert found == pytest.approx(plain_current(tmp_path, prefix), rel=1e-5)


@pytest.mark.ngspice
def test_a_model_around_a_nested_subcircuit_is_found_beside_one_outside(
    tmp_path: Path, engine: Engine
):
    """ngspice 39 loses the first where the second is in use; plain decks of both fail."""
    library = tmp_path / "lib.sp"
    library.write_text(CASES["nested"][0] + f".model pch {BSIM4.replace('nmos', 'pmos')}\n")
    uses = [DeviceUse("nch", 4.0, 1.0, "X"), DeviceUse("pch", 4.0, 1.0, "M")]
    cells = ".subckt one d g\nX1 d g 0 0 nch w=4u l=1u\nM1 d d d d pch w=4u l=1u\n.ends\n"
    result = engine.run(
        Bench(
            title="both",
            models=cut_out(expand(library), uses, "it").text,
            cells=cells,
            instances=(BenchInstance("xone", "one", ("d", "g")),),
            sources=(VoltageSource("vd", "d", "0", 1.0), VoltageSource("vg", "g", "0", 0.4)),
            analyses=(OperatingPoint(),),
            save=("i(vd)",),
        )
    )
    assert -float(result[0]["i(vd)"][0]) == pytest.approx(1.75638e-08, rel=1e-3)
