"""The benchmark of macromodels: what is drawn, what is kept, what the table says."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.macromodel.comparison import Comparison, by_accuracy, by_margin, document, tables
from benchmarks.macromodel.neurons import candidate, random_neuron
from benchmarks.macromodel.plots import figure
from benchmarks.macromodel.record import (
    CIRCUIT,
    Finding,
    bring_up_to_date,
    finding_from_json,
    finding_to_json,
)
from benchmarks.macromodel.study import FiringTask, drawn_neurons, firing_study
from benchmarks.macromodel.study import compared as compared_by_study
from circuits.technology import conditions_at, load_technology
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.record import Record, RecordHead
from codesign.studies.study import converse
from codesign.workbench import Workbench
from mapping.mapper import MappingChoices, map_neuron
from netlists.accuracy import Accuracy
from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from tests.codesign.no_engine import NoEngine
from tests.mapping.cells import LIMITS, ideal_cells

DRIVE = Drive(Stimulus((0.0, 100.0), (-1.0, 0.5)), 1100.0)


def finding(spikes: int, interval: float, margin: float = 1.0, power: float = 1e-8) -> Finding:
    times = tuple(100.0 + interval * k for k in range(1, spikes + 1))
    report = RegimeReport(Regime.TONIC_SPIKING, margin, spikes, times, interspike_interval=interval)
    return Finding(report, power, power)


def compared(macromodel: Finding, circuit: Finding) -> Comparison:
    return Comparison("n", macromodel, circuit, DRIVE, 1e-4)


def test_a_neuron_is_the_same_whatever_is_drawn_before_it():
    one, capacitance = candidate(np.random.default_rng([3, 7]), "n")
    other, _ = candidate(np.random.default_rng([3, 7]), "n")
    assert one == other
    assert 1e-12 <= capacitance <= 6e-12
    assert candidate(np.random.default_rng([3, 8]), "n")[0] != one


def test_a_neuron_that_does_not_fit_is_drawn_again_and_what_is_kept_fires():
    refused = []

    def design(parameters, capacitance):
        if not refused:
            refused.append(parameters)
            raise InputError("too large")
        choices = MappingChoices(membrane_capacitance=capacitance)
        return map_neuron(parameters, ideal_cells(), LIMITS, choices)

    one = random_neuron(0, 4, design)
    assert one.rejected >= 1
    assert one.parameters != refused[0]
    run = simulate(one.parameters, one.drive.stimulus, one.drive.duration)
    report = classify(run.time, run.voltage, one.drive.onset)
    assert report.spike_count >= 4
    assert report.margin >= 0.2


def test_what_an_earlier_version_found_is_not_asked_again(tmp_path: Path):
    path, kept = tmp_path / "a.jsonl", finding(10, 20.0)
    entry = {"neuron": "n", "kind": CIRCUIT, "fingerprint": "abc", **finding_to_json(kept)}
    # what was cut off while it was written is done again
    path.write_text(json.dumps(entry) + '\n{"neuron": "m", "fing')
    head = RecordHead("macromodel_benchmark", 1, {})
    for _ in range(2):  # what is up to date stays
        bring_up_to_date(path, head)
        known = Record.read(path, head)
        assert [finding_from_json(each) for each in known.values()] == [kept]
        assert list(known) == ["abc"]
    path.write_text('{"fingerprint": "abc"}\n')
    with pytest.raises(InputError, match="is no record of this benchmark"):
        bring_up_to_date(path, head)


@pytest.mark.ngspice
@pytest.mark.usefixtures("cache_folder")
def test_neurons_are_compared_on_workers_and_resumed(tmp_path: Path):
    technology = load_technology("generic")
    record = tmp_path / "generic_tt.jsonl"
    with LocalExecutor(2) as executor:
        neurons = drawn_neurons(technology, executor.tools, 0, range(2))
        # short: what is compared is who computes it
        short = tuple(
            replace(one, drive=one.drive.lasting(one.drive.onset + 200.0)) for one in neurons
        )
        cells = executor.tools.cells(technology, conditions_at(technology))
        task = FiringTask("generic", "tt", technology, cells, short)
        loop = partial(compared_by_study, task, accuracy=Accuracy.FAST)
        results, found = converse(firing_study(task), loop, executor, record)
    assert found is not None
    assert [one.name for one in found] == ["random_0_0", "random_0_1"]
    with NoEngine() as none:
        again, known = converse(firing_study(task), loop, WithinExecutor(Workbench(none)), record)
    assert known == found
    assert again.resumed == len(results.outcomes) > 4


def test_errors_are_those_of_the_macromodel_model():
    one = compared(finding(50, 20.2, power=1.1e-8), finding(52, 20.0))
    assert one.count_difference == 2
    assert one.isi_error == pytest.approx(0.01)
    assert one.power_error == pytest.approx(0.1)
    assert one.energy_error == pytest.approx(1.1 * 52 / 50 - 1)


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_neurons_at_a_boundary_have_a_table_of_their_own():
    every = [
        compared(finding(50, 20.1), finding(51, 20.0)),
        compared(finding(50, 21.0), finding(52, 20.0)),
        compared(finding(50, 30.0, margin=0.05), finding(52, 20.0)),
    ]
    other = finding(4, 20.0)
    other = replace(other, report=replace(other.report, regime=Regime.PHASIC_SPIKING))
    every.append(compared(finding(50, 20.0), other))
    lines = tables({"generic, tt": every, "generic, ss": []}).splitlines()
    rows = [cells_of(line) for line in lines if line.startswith("| generic, tt |")]
    errors = "2.75 %, 4.55 %"  # of 0.5 and 5 per cent
    clear = ["generic, tt", "3", "2 of 3", "1 of 2", "1 of 2", errors, "+5.0 %", "0 of 0", "-", "-"]
    once = "50.00 %, 50.00 %"
    near = ["generic, tt", "1", "1 of 1", "0 of 1", "0 of 1", once, "+50.0 %", "0 of 0", "-", "-"]
    assert [cells[:10] for cells in rows] == [clear, near]
    assert [line[:7] for line in lines if "all" in line] == ["| all |", "| all |"]
    decided = cells_of(by_margin(every).splitlines()[-1])
    assert decided[:10] == ["all", *clear[1:]]
    drawn = figure({("generic", "tt"): every})
    assert [len(line.get_xdata()) for line in drawn.axes[0].lines][:2] == [1, 2]


def test_a_neuron_that_a_perturbation_makes_fire_otherwise_is_at_a_boundary():
    one = compared(finding(50, 20.0), finding(50, 20.0))
    alike = finding(51, 20.1).report
    assert not replace(one, nearby=(alike, alike)).at_boundary
    assert replace(one, nearby=(alike, finding(52, 20.0).report)).at_boundary
    assert replace(one, nearby=(finding(50, 20.3).report, alike)).at_boundary


def test_what_auto_takes_is_held_against_tight_simulations():
    """The second is 30 % slower than its model when simulated fast: no rhythm is kept any more."""
    model, tight = finding(50, 20.0), finding(50, 20.002)
    every = [
        replace(compared(model, finding(50, 20.0)), tight=tight, accuracy=Accuracy.FAST),
        replace(compared(model, finding(38, 26.0)), tight=tight, accuracy=Accuracy.FAST),
        replace(compared(model, tight), tight=tight),
        compared(model, tight),
    ]
    found = document({"generic, tt": every})
    assert list(found) == ["generic, tt", "all"]
    by_it = found["all"]["by_accuracy"]
    assert (by_it["neurons"], by_it["simulated_again"], by_it["changed"]) == (3, 1, ["n"])
    assert by_it["largest_shift"] == pytest.approx(26.0 / 20.002 - 1.0)
    cells = cells_of(by_accuracy({"generic, tt": every}).splitlines()[-2])
    assert cells == ["generic, tt", "3", "1", "1 (n)", "29.987%"]


def test_the_document_counts_what_the_tables_count():
    every = [
        compared(finding(50, 20.1), finding(51, 20.0)),
        compared(finding(50, 21.0), finding(52, 20.0)),
        compared(finding(50, 30.0, margin=0.05), finding(52, 20.0)),
    ]
    clear = document({"generic, tt": every})["generic, tt"]["clear"]
    assert (clear["neurons"], clear["same_regime"], clear["counts_within_one"]) == (2, 2, 1)
    assert (clear["isi"]["compared"], clear["isi"]["within_one_percent"]) == (2, 1)
    assert clear["isi"]["largest"] == pytest.approx(0.05)
    assert clear["ibi"] == {
        "compared": 0,
        "within_one_percent": 0,
        "median_and_90th_percentile": None,
        "largest": None,
    }
