"""Cells measured in ngspice and kept; also those of a process that nobody here knows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.structure import Size
from circuits.technology import Technology, conditions_at, load_technology, nominal_corner
from codesign.building.circuit import circuit_of, design_neuron
from codesign.command_line import main
from codesign.validation.validate import DrivenCircuit, validate
from codesign.workbench import Workbench
from mapping.characteristics import (
    CellCharacteristics,
    Orientation,
    characteristics_to_json,
    read_characteristics,
)
from mapping.conditions import Conditions
from netlists.cell_benches import CellBenches
from netlists.cells.characterize import (
    _Divided,
    characteristics_path,
    characterize,
    models_for,
)
from netlists.engine import Engine
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from tests.codesign.foreign_pdk import write_pdk
from tests.codesign.mapped import mapped
from tests.codesign.no_engine import NoEngine
from tests.mapping.neurons import burster

Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")


@pytest.fixture(scope="module")
def measured(cache: Path, engine: Engine) -> CellCharacteristics:
    return characterize(GENERIC, conditions_at(GENERIC), engine)


@pytest.mark.ngspice
def test_generic_is_what_weak_inversion_makes_of_it(measured):
    assert (measured.technology, measured.conditions) == ("generic", Conditions("tt", 27.0))
    for orientation in Orientation:
        table = measured.ota(orientation)
        assert table.gain == pytest.approx(1.1, abs=0.15)
        assert table.slope_voltage == pytest.approx(0.0625, abs=0.006)
        assert np.abs(table.offset).max() < 3e-3
        assert table.residual.max() < 0.01
        assert np.all(table.output_conductance > 0.02)
        # one internal pole of some femtofarads: the lag goes as one over the bias
        charges = table.delay * table.bias_current
        assert charges == pytest.approx(np.median(charges), rel=3.0)
        assert np.all(table.delay > 0)
    assert measured.source.gain == pytest.approx(1.1, abs=0.1)
    assert measured.sink.gain == pytest.approx(1.04, abs=0.05)
    assert 2e-15 < measured.input_capacitance < 2e-14
    assert 5e-16 < measured.output_capacitance < 5e-15
    assert 5e-16 < measured.feedthrough < 5e-15


@pytest.mark.ngspice
def test_leakage_is_that_of_the_diodes_where_it_is_hottest(measured):
    """J_T = J exp(Eg0 / V0 - Eg / V + 3 ln(T / T0)), of what is drawn beside the gate's edge.

    The pair's two sources take it from the tail, the drain of the one that is on adds to what its
    mirror carries, the mirror's own drain takes off.
    """
    warm, hot = 300.15, 398.15
    gap = [1.16 - 7.02e-4 * t**2 / (t + 1108.0) for t in (warm, hot)]
    volts = [8.617333e-5 * t for t in (warm, hot)]
    growth = np.exp(gap[0] / volts[0] - gap[1] / volts[1] + 3 * np.log(hot / warm))

    def leaked(width: float) -> float:
        area, edge = 0.48 * width, 2 * (width + 0.48) - width
        return float(growth * (1e-7 * area * 1e-12 + 1e-13 * edge * 1e-6))

    leakage = measured.leakage
    assert leakage.temperature == GENERIC.limits.temperature[1] == 125.0
    assert leakage.ota == pytest.approx(3 * leaked(4.0) - leaked(1.0), rel=0.2)
    assert max(leakage.source, leakage.sink) < 0.1 * leakage.ota
    assert leakage.divided is measured.divided is None


@pytest.mark.ngspice
def test_an_ota_that_divides_is_measured_as_a_follower(cache, engine):
    divided = {
        "tail": Size(0.5, 8.0),
        "pair": Size(1.0, 4.0),
        "pmos_mirror": Size(0.5, 12.0, 8),
        "pmos_output": Size(0.5, 12.0),
        "nmos_mirror": Size(0.5, 12.0),
    }
    technology = replace(GENERIC, sizes={**GENERIC.sizes, "divided_ota": divided})
    cells = CellBenches(technology, "", 27.0).cells()
    benches = CellBenches(technology, models_for(technology, "tt", cells).text, 27.0, divided=True)
    biases, modes = np.array([3e-10, 3e-9]), np.array([0.8, 0.9, 1.0])
    what = _Divided(benches, biases, modes, 0.3)
    curves, ramps = engine.map(what.transfers()), engine.map(what.ramps())
    table = what.table(curves, iter(ramps))
    assert table.orientation == Orientation.FOLLOWER
    # an OTA of these sizes has a gain of 1.1
    assert table.gain == pytest.approx(1.1 / 8, rel=0.05)
    assert table.slope_voltage == pytest.approx(0.065, abs=0.008)
    assert table.residual.max() < 0.01
    # mirrors of eight devices lag longer than one, and no follower is quicker than its mirrors
    assert np.all(table.mirror_lag > 0)
    assert np.all(table.delay > table.mirror_lag)
    assert table.delay[0] / table.delay[1] == pytest.approx(10.0, rel=0.5)


@pytest.mark.ngspice
@pytest.mark.parametrize("reference", [0.55, 0.75, 0.9])
def test_an_outer_section_of_a_leak_is_known_at_the_other_end(measured, engine, reference):
    """The membrane lies half a volt above its reference there: beyond a plain tanh's sweep."""
    cells = CellBenches(GENERIC, "", 27.0).cells()
    benches = CellBenches(GENERIC, models_for(GENERIC, "tt", cells).text, 27.0)
    bias = 7e-10
    bench = benches.transfer(Orientation.INVERTING, [bias], [reference], 0.0, 1.25)
    wave = engine.run(bench)[0]
    wanted = -wave["i(vout)"] / bias

    def error(cells: CellCharacteristics) -> float:
        at = cells.inverting.at(bias, reference)
        u = wave.axis - reference - at.offset
        t = np.tanh(u / at.slope_voltage)
        beside = (1 - t**2) * (at.shape * t + at.shoulder * t**3)
        curve = at.gain * (t * (1 + at.drift * u * (1 + t) / 2) + beside) - at.offset_current
        return float(np.abs(curve - wanted).max())

    assert error(measured.in_detail) < 1e-3
    assert error(measured.in_detail) < error(measured)


@pytest.mark.ngspice
def test_what_is_measured_is_not_measured_again(measured):
    with NoEngine() as none:
        again = characterize(GENERIC, conditions_at(GENERIC), none)
    assert characteristics_to_json(again) == characteristics_to_json(measured)


@pytest.mark.ngspice
@pytest.mark.parametrize(
    "other",
    [
        {"conditions": Conditions("tt", 85.0)},
        {"conditions": Conditions("ss", 27.0)},
        {"technology": replace(GENERIC, supply=1.7)},
        {"technology": replace(GENERIC, limits=replace(GENERIC.limits, voltage=(0.6, 1.2)))},
        {
            "technology": replace(
                GENERIC,
                sizes={**GENERIC.sizes, "mirror": {**GENERIC.sizes["mirror"], "pmos": Size(3, 9)}},
            )
        },
    ],
    ids=["temperature", "corner", "supply", "limits", "sizes"],
)
def test_other_conditions_are_other_measurements(measured, other):
    arguments = {"technology": GENERIC, "conditions": conditions_at(GENERIC), **other}
    with NoEngine() as none, pytest.raises(AssertionError, match="ngspice was asked"):
        characterize(**arguments, engine=none)


@pytest.mark.ngspice
@pytest.mark.parametrize("content", ["", "{}", "not json", '{"format": 1}'])
def test_a_broken_cache_is_measured_anew_and_replaced(measured, engine, content):
    path = characteristics_path(GENERIC, conditions_at(GENERIC), measured.fingerprint)
    path.write_text(content)
    steps: list[tuple[int, int]] = []
    again = characterize(
        GENERIC,
        conditions_at(GENERIC),
        engine,
        lambda done, total, what: steps.append((done, total)),
    )
    assert characteristics_to_json(again) == characteristics_to_json(measured)
    assert characteristics_to_json(read_characteristics(path)) == characteristics_to_json(measured)
    total = steps[0][1]
    assert steps == [(k + 1, total) for k in range(total)]


@pytest.mark.ngspice
def test_fresh_measures_whatever_is_kept(measured):
    with NoEngine() as none, pytest.raises(AssertionError, match="ngspice was asked"):
        characterize(GENERIC, conditions_at(GENERIC), none, fresh=True)


@pytest.mark.parametrize("temperature", [-300.0, 1000.0, float("nan"), float("inf")])
def test_temperatures_that_no_sample_has_are_refused(temperature):
    with pytest.raises(InputError, match="must be from -60 to 200"):
        conditions_at(GENERIC, temperature=temperature)


def test_a_corner_that_the_technology_has_not_is_refused():
    with NoEngine() as none, pytest.raises(InputError, match="no corner 'typical'; it has tt"):
        characterize(GENERIC, Conditions("typical", 27.0), none)


# A process that is not built in: other names, 3.3 V, other conventions.


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Technology:
    return load_technology(write_pdk(tmp_path_factory.mktemp("pdk")))


@pytest.mark.ngspice
def test_a_foreign_process_is_measured_from_its_file_alone(cache, foreign, engine):
    assert nominal_corner(foreign) == "typical"
    typical = characterize(foreign, conditions_at(foreign), engine)
    assert typical.reference == 1.65
    assert typical.noninverting.slope_voltage == pytest.approx(0.065, abs=0.007)
    assert typical.noninverting.residual.max() < 0.01
    # its file gives no diffusions: what they leak is not known
    assert typical.leakage is None
    tardy = characterize(foreign, Conditions("tardy", 27.0), engine)
    assert tardy.fingerprint != typical.fingerprint
    assert not np.allclose(tardy.noninverting.gain, typical.noninverting.gain, rtol=5e-3)


@pytest.mark.ngspice
def test_the_published_burster_fits_a_foreign_process(cache, foreign, engine):
    workbench = Workbench(engine)
    excitable = burster(elements=burster().elements[:2], tau_slow=20.0, tau_ultraslow=0.0)
    tasks = []
    for neuron, drive in ((burster(), (0.5, 20.0)), (excitable, (-0.4, 400.0))):
        by = Drive(Stimulus.constant(drive[0]), drive[1])
        built = circuit_of(mapped(neuron, foreign, workbench, by), workbench)
        tasks.append(DrivenCircuit(built, by))
    bursts, spikes = validate(tasks, workbench)
    assert max(curve.nrmse for curve in (*bursts.iv, *spikes.iv)) < 0.02
    assert spikes.circuit.regime is spikes.model.regime is Regime.TONIC_SPIKING
    assert spikes.circuit.spike_count >= 3
    assert spikes.passed


@pytest.mark.ngspice
@pytest.mark.parametrize("threshold", [0.35, 1.2])
def test_thresholds_of_other_processes_are_no_obstacle(cache, tmp_path, engine, threshold):
    technology = load_technology(
        write_pdk(tmp_path, f"vt{threshold:g}".replace(".", "p"), "", threshold)
    )
    measured = characterize(technology, conditions_at(technology), engine)
    assert measured.noninverting.residual.max() < 0.02
    design = design_neuron(burster(), technology, Workbench(engine))
    assert len(design.elements) == 4


@pytest.mark.ngspice
def test_common_modes_at_which_the_ota_fails_are_left_out(cache, tmp_path, engine):
    path = write_pdk(tmp_path, "rails", "[limits]\nvoltage = [0.0, 3.3]\n", 0.9)
    technology = load_technology(path)
    measured = characterize(technology, conditions_at(technology), engine)
    low, high = measured.common_mode
    # The tail needs voltage below the pair; nothing is lost at the top.
    assert 0.1 < low < 1.65 < high <= 3.3
    for orientation in Orientation:
        table = measured.ota(orientation)
        assert np.abs(table.offset).max() < 0.02
        assert table.gain.min() > 0.75
    design = design_neuron(burster(), technology, Workbench(engine))
    assert all(low <= a.reference_voltage <= high for a in design.amplifiers)


@pytest.mark.ngspice
def test_models_without_weak_inversion_are_refused_with_the_reason(cache, tmp_path, engine):
    technology = load_technology(write_pdk(tmp_path, "square", weak_inversion=False))
    with pytest.raises(InputError, match=r"does not work|less than 2 kT/q"):
        characterize(technology, conditions_at(technology), engine)


@pytest.mark.ngspice
def test_biases_that_the_sizes_cannot_carry_are_refused_with_what_to_change(
    cache, tmp_path, engine
):
    path = write_pdk(tmp_path, "strong", "[limits]\nbias_current = [1e-11, 1e-4]\n")
    with pytest.raises(InputError, match=r"\[cells\.ota\].*limits\.bias_current"):
        characterize(load_technology(path), Conditions("typical", 27.0), engine)


# The command.


@pytest.mark.ngspice
def test_the_command_prints_a_table_or_one_json_document(measured, capsys: Captured):
    assert main(["characterize", "--technology", "generic", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["noninverting"]["gain"] == measured.noninverting.gain.tolist()
    assert main(["characterize", "--technology", "generic"]) == 0
    table = capsys.readouterr().out
    assert "generic, tt, 27 °C: inverting OTA" in table
    assert "junctions change the bias at 125 °C by " in table


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (["--technology", "sky131"], 2, "technology 'sky131' is neither built in"),
        (["--technology", "generic", "--corner", "xx"], 2, "no corner 'xx'"),
        (["--technology", "generic", "--temperature", "nan"], 2, "must be from -60 to 200"),
        (["--technology", "generic", "--temperature", "1e9"], 2, "must be from -60 to 200"),
    ],
)
def test_bad_input_is_one_error_line(cache_folder, capsys: Captured, words, status, why):
    assert main(["characterize", *words]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    errors = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert why in errors[0]
    assert not cache_folder.exists()


def test_models_that_are_not_there_are_status_3(cache_folder, tmp_path, capsys: Captured):
    path = write_pdk(tmp_path)
    path.write_text(path.read_text().replace("library/*/x33.lib", "nowhere/x33.lib"))
    assert main(["characterize", "--technology", str(path)]) == 3
    assert "nowhere/x33.lib" in capsys.readouterr().err


def test_a_device_that_the_library_has_not_is_named(cache_folder, tmp_path, capsys: Captured):
    path = write_pdk(tmp_path)
    path.write_text(path.read_text().replace('"px33"', '"py33"'))
    assert main(["characterize", "--technology", str(path)]) == 2
    assert "py33" in capsys.readouterr().err


def test_no_ngspice_is_status_3(cache_folder, monkeypatch, capsys: Captured):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so.0")
    assert main(["characterize", "--technology", "generic"]) == 3
    assert "ngspice" in capsys.readouterr().err
    assert not list(cache_folder.glob("characteristics/*"))
