"""``codesign technology new``: a library that nobody knows becomes a technology file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.structure import Polarity, Size
from circuits.technology import TECHNOLOGY_FOLDER, Technology, load_technology
from codesign.command_line import main
from codesign.technologies import new
from codesign.technologies.leakage import Leakage, measure_leakage
from codesign.technologies.new import (
    NewTechnology,
    _limits,
    _narrowed,
    _notes,
    _reasons,
    _scale_notes,
    find_technology,
)
from codesign.technologies.page import TEMPERATURES, Curve, TechnologyPage
from codesign.technologies.plots import technology_figure
from codesign.technologies.sizes import (
    BIASES,
    TARGET,
    CellQuality,
    _refined,
    _usable,
    choose_sizes,
    measure_cells,
    start_sizes,
)
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from netlists.device_outline import outline
from netlists.device_probe import ProbedDevice
from netlists.engine import Engine
from netlists.model_source import expand
from neuron_model.errors import InputError
from tests.codesign.foreign_pdk import write_pdk

GENERIC = load_technology("generic")


def quality(low: float = BIASES[0], high: float = BIASES[-1], slope: float = 0.0) -> CellQuality:
    """An OTA that works from ``low`` to ``high``; its V0 grows by ``slope`` a decade, relative."""
    inside = (0.99 * low < BIASES) & (1.01 * high > BIASES)
    made = CellQuality(
        bias=BIASES,
        gain=np.where(inside, 1.05, np.nan),
        slope_voltage=0.065 * (1 + slope * np.log10(BIASES / BIASES[0])),
        offset_current=np.where(inside, -0.03, 0.5),
        residual=np.full(BIASES.size, 0.002),
        conductance=np.full(BIASES.size, 0.05),
        usable=None,
        failures=tuple("" if works else "its curve is no tanh" for works in inside),
    )
    return replace(made, usable=_usable(made))


def probed(oxide: float, gate_leakage: float) -> dict[Polarity, ProbedDevice]:
    return {
        kind: ProbedDevice(GENERIC.device(kind), oxide, gate_leakage, 1e-15) for kind in Polarity
    }


def leaking(gates: float = 0.0, off: float = 1e-15) -> Leakage:
    return Leakage(TARGET[0], gates, off)


def test_usable_biases_are_those_at_which_everything_is_within_bounds():
    low, high = quality().usable or (0.0, 0.0)
    assert low == TARGET[0]
    assert high >= TARGET[1]
    assert quality().meets_target
    found = quality(1e-9, 1e-7)
    assert found.usable == pytest.approx((1e-9, 1e-7))
    assert not found.meets_target
    assert found.decades == pytest.approx(2.0)


def test_usable_biases_may_lie_above_the_target_where_gates_leak():
    assert quality(1e-9, 1e-6).usable == pytest.approx((1e-9, 1e-6), rel=0.01)
    # but a wide range ends where the target's ratio is reached
    low, high = quality(1e-11, 1e-6).usable or (0.0, 0.0)
    assert (low, high) == pytest.approx((1e-11, 1e-7), rel=0.01)


def test_the_ends_of_usable_biases_are_known_between_those_that_were_measured():
    found = quality(1e-9, 1e-7)
    at_edge = np.argmin(abs(found.bias - 4.6e-10))
    offset = found.offset_current.copy()
    offset[at_edge] = -0.27  # 0.15 is allowed, and -0.03 is what it has at the next one
    gain = np.full(found.bias.size, 1.05)
    refined = _refined(replace(found, offset_current=offset, gain=gain))
    assert refined.usable is not None
    assert 6e-10 < refined.usable[0] < 7.5e-10


def test_biases_whose_tanh_turns_over_another_voltage_are_not_used_together():
    usable = quality(slope=0.07).usable
    assert usable is not None
    ends = 0.065 * (1 + 0.07 * np.log10(np.array(usable) / BIASES[0]))
    assert ends[1] / ends[0] < 1.18
    assert usable[1] < TARGET[1]


def test_a_process_that_suits_gets_the_limits_of_the_built_in_ones():
    limits = _limits(GENERIC, quality(), (0.2, 1.6))
    assert limits.bias_current == TARGET
    assert limits.unit_current == (1e-9, 2e-8)
    assert limits.voltage[0] >= 0.2
    assert limits.voltage[1] <= 1.6
    assert limits.voltage[0] < 0.9 < limits.voltage[1]
    assert _reasons(GENERIC, quality(), (0.2, 1.6), leaking()) == []


@pytest.mark.parametrize(
    ("found", "leakage", "modes", "words"),
    [
        (quality(1e-7, 1e-6), leaking(gates=1.92e-9), (0.2, 1.6), "gate leakage of 1.92 nA at"),
        (quality(1e-8, 1e-7), leaking(off=4e-10), (0.2, 1.6), "off let 400 pA through"),
        (quality(1e-8, 1e-7), leaking(), (0.2, 1.6), "from 10.0 nA to 100 nA only"),
        (quality(1e-3, 1e-3), leaking(), (0.2, 1.6), "at no bias from 10.0 pA to 1.00 µA"),
        (quality(), leaking(), None, "no common mode"),
    ],
)
def test_one_that_does_not_is_told_why(found, leakage, modes, words):
    reasons = _reasons(GENERIC, found, modes, leakage)
    assert words in " ".join(reasons)


def test_what_goes_wrong_above_the_usable_biases_is_told_as_well():
    (reason,) = _reasons(GENERIC, quality(1e-8, 1e-7), (0.2, 1.6), leaking(off=4e-9))
    assert "off let 4.00 nA through at a bias of 10.0 pA" in reason
    assert "; above 100 nA at 215 nA its curve is no tanh" in reason


def test_where_nothing_was_measured_the_reason_is_that_of_this_bias():
    found = quality(1e-9, 1e-7)
    process = replace(GENERIC, limits=_limits(GENERIC, found, (0.2, 1.6)))
    none = "ngspice finds no solution"

    def note(failures: list[str]) -> str:
        (said,) = _notes(process, replace(found, failures=tuple(failures)), probed(4e-9, 0), leak)
        return said

    leak = leaking()
    # from the largest bias down: two in a row are enough
    low = [index for index in range(BIASES.size) if BIASES[index] < 0.9e-9]
    failures = list(found.failures)
    failures[: len(low)] = [""] * (len(low) - 2) + ["its curve is no tanh", none]
    assert note(failures) == (
        "the smallest bias is 1.00 nA: at 215 pA its curve is no tanh, and nothing below was tried"
    )
    failures[0] = none
    assert note(failures).endswith("1.00 nA: at 10.0 pA ngspice finds no solution")


def test_models_without_gate_current_at_an_oxide_that_leaks_are_told():
    thin = " ".join(_notes(GENERIC, quality(), probed(2.3e-9, 0.0), leaking()))
    assert "no gate current, although real gates leak through an oxide of 2.3 nm" in thin
    assert _notes(GENERIC, quality(), probed(2.3e-9, 1e-12), leaking()) == []
    assert _notes(GENERIC, quality(), probed(4.3e-9, 0.0), leaking()) == []


def test_a_switch_of_statistics_that_is_written_with_every_transistor_is_told():
    switched = replace(GENERIC, nmos=replace(GENERIC.nmos, parameters={"on": 0.0}))
    (note,) = _notes(switched, quality(), probed(4e-9, 0.0), leaking())
    assert note.startswith("statistics of generic_nmos are switched off by its own parameter, on")


@pytest.mark.ngspice
def test_leakage_is_measured_at_the_bias_that_is_wanted(engine: Engine):
    found = measure_leakage(GENERIC, "tt", 1e-11, engine)
    assert found.gates < 1e-17
    assert 1e-16 < found.off < 1e-11


def test_references_that_have_no_solution_are_left_out():
    narrowed = _narrowed(replace(GENERIC, limits=replace(GENERIC.limits, voltage=(0.5, 1.7))))
    low, high = narrowed.limits.voltage
    assert (low, high) == pytest.approx((0.56, 1.58))
    assert low < narrowed.reference < high


def test_too_little_room_for_references_is_told():
    low = replace(GENERIC, limits=replace(GENERIC.limits, voltage=(0.8, 1.0)))
    (reason,) = _reasons(low, quality(), (0.8, 1.0), leaking())
    assert "0.80 to 1.00 V only, 1.5 units" in reason


def test_the_page_shows_what_there_is_and_leaves_out_what_is_not():
    volts = np.linspace(-0.3, 0.3, 31)
    curve = Curve(1e-9, volts, np.tanh(volts / 0.07))
    page = TechnologyPage(
        technology=GENERIC,
        corner="tt",
        transfer=(curve,),
        swing=(curve,),
        quality=quality(1e-9, 1e-7),
        common_modes=None,
        leakage={"NMOS that is off": np.full(len(TEMPERATURES), np.nan)},
    )
    assert len(technology_figure(page, "does not suit").axes) == 6
    assert len(technology_figure(replace(page, transfer=(), swing=())).axes) == 6


@pytest.mark.ngspice
def test_sizes_that_work_are_kept(engine: Engine):
    sized, found = choose_sizes(start_sizes(GENERIC), "tt", Workbench(engine))
    assert sized.size("ota", "tail") == Size(2.0, 8.0)
    assert found.meets_target
    inside = found.bias <= TARGET[1]
    assert np.all(np.abs(found.gain[inside] - 1.1) < 0.12)


@pytest.mark.ngspice
def test_small_biases_are_tried_where_large_ones_do_not_work(engine: Engine):
    low = replace(start_sizes(GENERIC), supply=0.6, reference=0.4)
    found = measure_cells(low, Conditions("tt", 27.0), engine)
    assert found.gain[-1] < 0.5
    assert found.usable is not None
    assert found.usable[0] == TARGET[0]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Technology:
    """The technology file of a foreign PDK: wrappers with other terminals, corners in sections."""
    folder = tmp_path_factory.mktemp("foreign")
    write_pdk(folder)
    with pytest.MonkeyPatch.context() as patch:
        # the whole characterization has tests of its own
        patch.setattr(new, "_verified", lambda found, *_: found)
        outcome = find_technology(
            NewTechnology(
                name="mine",
                models=folder / "library/v2/x33.lib",
                nmos="nx33",
                pmos="px33",
                supply=3.3,
                file=folder / "mine.toml",
                sections=("t",),
            ),
            Workbench(engine),
        )
    assert outcome.suits, outcome.reasons
    assert outcome.page is not None
    return load_technology(folder / "mine.toml")


@pytest.mark.ngspice
def test_what_is_written_is_how_the_library_has_it(found):
    assert (found.nmos.prefix, found.pmos.prefix) == ("X", "M")
    assert found.nmos.terminals == ("gate", "drain", "bulk", "source")
    assert found.nmos.multiplier == ("m",)
    assert found.nmos.diffusion is None  # its wrapper takes no areas
    assert found.pmos.diffusion is not None
    # fast and slow, by 20 mV a sigma
    assert found.corners == ("t", "f", "s")
    assert found.process is not None
    assert found.process.threshold["nmos"] == pytest.approx(0.02, abs=3e-3)
    assert found.models.paths == ("library/v2/x33.lib",)


@pytest.mark.ngspice
def test_its_limits_are_those_of_a_process_that_suits(found):
    assert found.limits.bias_current == TARGET
    low, high = found.limits.voltage
    assert found.reference - low > 0.35
    assert high - found.reference > 0.35


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".lib t\n.option scale=0.9\n{card}.endl\n", "shrinks what is drawn to 0.9 of it"),
        (".option scale=1u\n.lib t\n{card}.endl\n", "x.lib:1: .option scale=1u stands outside"),
        (".lib t\n.option scale=1u\n{card}.endl\n", ""),
    ],
)
def test_what_the_library_makes_of_sizes_is_told(tmp_path, text, said):
    path = tmp_path / "x.lib"
    path.write_text(text.format(card=".model n nmos level=54\n"))
    request = NewTechnology("x", path, "n", "n", 1.8, tmp_path / "x.toml", ("t",))
    notes = _scale_notes(request, outline(expand(path, "t"), "n", "x"))
    assert said in " ".join(notes)
    assert len(notes) == bool(said)


def test_a_section_has_to_be_chosen(tmp_path, capsys):
    write_pdk(tmp_path)
    library = str(tmp_path / "library/v2/x33.lib")
    words = ["technology", "new", "--name", "mine", "--models", library, "--nmos", "nx33"]
    words += ["--pmos", "px33", "--supply", "3.3", "-o", str(tmp_path / "mine.toml")]
    assert main(words) == 2
    assert "both devices are in t, f, s: say which" in capsys.readouterr().err
    assert main([word.replace("nx33", "nx18") for word in words]) == 2
    assert "none has both nx18 and px33: give --section for each" in capsys.readouterr().err
    assert main([*words, "--section", "u"]) == 2
    assert "has no section 'u'; t, f, s" in capsys.readouterr().err
    assert main([*words, "--parameter", "switch"]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err
    assert not (tmp_path / "mine.toml").exists()


@pytest.mark.ngspice
def test_what_does_not_suit_is_1_with_the_reason_in_the_file(tmp_path, capsys):
    """Thresholds of half a volt leave nothing of a supply of 0.8 V."""
    out = tmp_path / "mine.toml"
    words = ["technology", "new", "--name", "mine", "--supply", "0.8", "--json", "-o", str(out)]
    words += ["--models", str(TECHNOLOGY_FOLDER / "generic/models.spice"), "--section", "tt"]
    assert main([*words, "--nmos", "generic_nmos", "--pmos", "generic_pmos"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["suits"] is False
    assert document["reasons"]
    assert "# WARNING: this technology does not suit: " in out.read_text()
    assert Path(document["picture"]).is_file()
    assert load_technology(out).name == "mine"


@pytest.mark.ngspice
def test_transistors_without_an_oxide_are_no_process(tmp_path, capsys):
    """Square-law models: nothing says how large they are."""
    write_pdk(tmp_path, weak_inversion=False)
    words = ["technology", "new", "--name", "mine", "--section", "t", "--supply", "3.3"]
    words += ["--models", str(tmp_path / "library/v2/x33.lib"), "-o", str(tmp_path / "mine.toml")]
    assert main([*words, "--nmos", "nx33", "--pmos", "px33"]) == 2
    assert "the gate of nx33 has no capacitance" in capsys.readouterr().err
    assert not (tmp_path / "mine.toml").exists()


def test_a_missing_library_is_told(tmp_path):
    request = NewTechnology("x", tmp_path / "none.lib", "n", "p", 1.8, tmp_path / "x.toml")
    with pytest.raises(InputError, match="none.lib cannot be read"):
        find_technology(request, Workbench(Engine(1)))
