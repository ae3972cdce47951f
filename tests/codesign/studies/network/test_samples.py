"""Samples of a network: lines that undo what devices are off by, and how many do the task."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.network_calibration import LineCalibration
from circuits.network_mismatch import draw_network
from circuits.network_parts import network_parts
from circuits.technology import load_technology, with_mismatch_set
from codesign.command_line import main
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.studies.identity import key
from codesign.studies.network.samples import samples_study
from codesign.studies.network.study import cases_of
from codesign.studies.network.task import PartTask
from codesign.workbench import Workbench
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mismatch import DeviceSpread, Draw
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from tests.codesign.networks.networks import small_network, task_of, two_neurons, write_run

pytestmark = pytest.mark.ngspice
GENERIC = load_technology("generic")
SAMPLES = 6


@pytest.fixture(scope="module")
def network(cache: Path, workbench: Workbench) -> BuiltNetwork:
    return build_network(task_of(small_network((2, 2))), GENERIC, workbench)


@pytest.fixture(scope="module")
def calibration(network: BuiltNetwork, workbench: Workbench) -> LineCalibration:
    parts = network.design, network.layers, network.readouts
    drawn = draw_network(network.circuit, *parts, GENERIC, (SAMPLES, 3))
    sensitivities = workbench.sensitivities(GENERIC, network.cells)
    activity = network.task.training.activity
    return LineCalibration(*parts, network.cells, sensitivities, drawn, activity)


def lines_of(network: BuiltNetwork, calibration: LineCalibration) -> dict[str, dict]:
    parts = network_parts(network.design, network.layers, network.readouts, GENERIC)
    return {part.name: calibration.lines(part) for part in parts}


def set_to(design: NeuronDesign, lines: dict[str, np.ndarray], sample: int) -> NeuronDesign:
    """The design with its lines at what a sample's are set to."""

    def at(port: str) -> float:
        return float(lines[port][sample])

    def moved(amplifiers):
        return tuple(
            replace(a, bias_current=at(f"ib_{a.name}"), reference_voltage=at(f"vr_{a.name}"))
            for a in amplifiers
        )

    changed = at("ib_comp") / design.compensation_bias
    return replace(
        design,
        elements=moved(design.elements),
        leak=moved(design.leak),
        followers=tuple(replace(f, bias_current=at(f"ib_{f.timescale}")) for f in design.followers),
        compensation_bias=at("ib_comp"),
        compensation_current=changed * design.compensation_current,
    )


def models(
    network: BuiltNetwork, sensitivities: CellSensitivities, design: NeuronDesign, draw: Draw
):
    """The macromodel's samples of a neuron whose output stage has no mirror."""
    mirror = tuple(DeviceSpread("output", name, "nmos", 0.0) for name in ("in", "out"))
    still = np.zeros((draw.samples, 2))
    whole = Draw(
        draw.spreads + mirror,
        np.hstack([draw.threshold, still]),
        np.hstack([draw.current_factor, still]),
    )
    return sampled(Macromodel(design, network.cells), sensitivities, whole)


def test_calibrated_lines_give_the_neuron_its_parameters_back(network, calibration):
    design = network.layers[1][0]
    draw = calibration.drawn.within(("layer1_i", "neuron0"))
    column = calibration._column("layer1", 0, ("layer1_i", "column0")) / design.unit_current
    lines = calibration.lines(
        next(
            part
            for part in network_parts(network.design, network.layers, network.readouts, GENERIC)
            if part.name == "layer1.n0"
        )
    )
    nominal = Macromodel(design, network.cells).compact
    before = models(network, calibration.sensitivities, design, draw)
    for sample in range(SAMPLES):
        after = models(network, calibration.sensitivities, set_to(design, lines, sample), draw)
        for was, now in zip(nominal.elements[:2], after.elements, strict=False):
            assert float(now.alpha[sample]) == pytest.approx(float(was.alpha), rel=0.01)
        # a slow element's center lies where its follower settles
        slow, shape = after.elements[1], after.filter("slow")
        center = float(slow.delta[sample]) - float(shape.offset[sample])
        wanted = float(nominal.elements[1].delta) - float(nominal.filter("slow").offset)
        assert center == pytest.approx(wanted, abs=0.005)
        assert float(after.tau_slow[sample]) == pytest.approx(float(nominal.tau_slow), rel=0.01)
        # what the column brings, the compensation takes away
        bias = float(after.i_bias[sample]) + float(column[sample])
        assert bias == pytest.approx(float(nominal.i_bias), abs=0.02)
    # none of that is so without
    assert np.std(before.elements[0].alpha) > 0.03
    assert np.std(before.i_bias) > 0.1


def test_every_line_of_every_neuron_and_readout_is_set(network, calibration):
    found = lines_of(network, calibration)
    assert found.pop("inputs") == {}
    for part in network_parts(network.design, network.layers, network.readouts, GENERIC):
        if part.name in found:
            ports = {line.port for line in (*part.bias_lines, *part.reference_lines)}
            assert set(found[part.name]) == ports - {"ib_keep"}
            assert all(np.isfinite(v).all() for v in found[part.name].values())


def test_the_command_tells_how_many_samples_do_the_task(cache, tmp_path, capsys):
    run = write_run(tmp_path / "run", two_neurons())
    words = ["validate", str(run), "--technology", "generic", "--network", "--samples", "12"]
    assert main([*words, "--mismatch", "1", "--seed", "4", "--json"]) in (0, 1)
    said = json.loads(capsys.readouterr().out)
    written = json.loads((run / "network_samples.json").read_text())
    assert written == {"format": 1, **said}
    assert (said["seed"], said["mismatch_set"]) == (4, "typical")
    errors = [said["nominal"]["nrmse"]["circuit"], *said["drawn"]["nrmse"]]
    assert len({*errors, *said["calibrated"]["nrmse"]}) == 3
    # calibrated it is nearer to the circuit as drawn
    off = [abs(said[name]["nrmse"][0] - errors[0]) for name in ("drawn", "calibrated")]
    assert off[1] < off[0]
    # what was done is kept: the same again asks ngspice for nothing
    chosen = ["--mismatch-set", "typical"]
    assert main([*words, "--mismatch", "1", "--seed", "4", *chosen]) in (0, 1)
    assert "1 samples, seed 4, mismatch set typical" in capsys.readouterr().out


def test_samples_of_another_mismatch_set_are_others_and_kept_apart(network, workbench):
    own = GENERIC.mismatch
    spread = own.nmos.threshold[0][1]
    nmos = replace(own.nmos, threshold=((0.0, 2 * spread),))
    doubled = replace(own, name="doubled", nmos=nmos)
    technology = with_mismatch_set(
        replace(GENERIC, mismatch_sets=(*GENERIC.mismatch_sets, doubled)), "doubled"
    )
    found = [
        samples_study(each, workbench, cases_of(each, 10), (2, 0))[1]
        for each in (network, replace(network, technology=technology))
    ]
    tasks = [study.task for study in found]
    assert all(isinstance(task, PartTask) for task in tasks)
    ratios = tasks[1].drawn.draw.threshold / tasks[0].drawn.draw.threshold
    assert set(np.round(ratios, 6).ravel()) == {1.0, 2.0}
    # a record of the one is not read for the other
    assert len({key(study.head) for study in found}) == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--network", "--mismatch-set", "typical"], "--mismatch-set is of Monte Carlo samples"),
        (
            ["--network", "--mismatch", "2", "--mismatch-set", "wide"],
            "technology 'generic' has no mismatch set 'wide'",
        ),
        (["--mismatch-set", "typical"], "--mismatch-set is of the whole network: add --network"),
        (["--network", "--seed", "1"], "--seed is of Monte Carlo samples: add --mismatch"),
        (["--network", "--mismatch", "2", "--one-deck"], "--mismatch goes without --one-deck"),
        (["--network", "--mismatch", "0"], "samples = 0 must be from 1"),
        (["--mismatch", "2"], "--mismatch is of the whole network: add --network"),
    ],
)
def test_what_does_not_go_together_is_refused(cache, tmp_path, capsys, words, why):
    run = write_run(tmp_path / "run", two_neurons())
    assert main(["validate", str(run), "--technology", "generic", *words]) == 2
    assert why in capsys.readouterr().err
