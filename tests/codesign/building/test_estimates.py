"""Estimates against what ngspice's supply delivers, and their file."""

import json
from pathlib import Path

import pytest

from circuits.technology import load_technology
from codesign.building.circuit import assemble, design_neuron
from codesign.building.estimates import (
    ESTIMATES_FILE,
    Estimates,
    estimate,
    read_estimates,
    write_estimates,
)
from codesign.validation.validate import DrivenCircuit, validate
from codesign.workbench import Workbench
from mapping.macromodel import Macromodel
from netlists.engine import Engine
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from tests.mapping.neurons import EXCITABLE, burster

GENERIC = load_technology("generic")
ONE = Estimates("burster", 154, 2000.0, 400.0, 4100.0, 4.44e-7, 116.0, 3.83e-9)


@pytest.mark.ngspice
@pytest.mark.parametrize("i_bias", [0.3, -0.5], ids=["source", "sink"])
def test_estimates_are_what_ngspice_measures(
    i_bias: float, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    """Within a few per cent, whichever mirror compensates; ten are promised."""
    cache = tmp_path_factory.getbasetemp() / "estimates_cache"
    monkeypatch.setenv("MTC_CODESIGN_CACHE", str(cache))
    neuron = burster(
        elements=EXCITABLE.elements, tau_slow=20.0, tau_ultraslow=0.0, i_bias=i_bias, name="biased"
    )
    drive = Drive(Stimulus((0.0, 20.0), (-2.0, -0.2 - i_bias)), 220.0)
    with Engine(workers=2) as engine:
        workbench = Workbench(engine)
        design = design_neuron(neuron, GENERIC, workbench)
        measured = workbench.cells(GENERIC, design.conditions)
        built = assemble(neuron, Macromodel(design, measured), GENERIC)
        (validated,) = validate([DrivenCircuit(built, drive)], workbench)
    estimated = estimate(Macromodel(design, measured), GENERIC, drive)
    supply = validated.supply
    assert (design.compensation_current > 0) == (i_bias > 0)
    assert validated.circuit.spike_count >= 3
    assert estimated.static_power == pytest.approx(supply.static_power, rel=0.04)
    assert estimated.static_power == pytest.approx(supply.mean_power, rel=0.04)
    assert estimated.energy_per_spike == pytest.approx(supply.energy_per_spike, rel=0.06)


def test_what_is_written_is_read_back(tmp_path: Path):
    silent = Estimates("silent", 10, 1.0, 0.5, 2.0, 3e-7, 0.0, None)
    write_estimates(tmp_path, (ONE, silent))
    assert read_estimates(tmp_path) == {"burster": ONE, "silent": silent}
    assert read_estimates(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [("static_power", "much"), ("gate_area", None), ("name", 3), ("color", 1.0)],
)
def test_a_damaged_file_is_named(tmp_path: Path, key: str, value: object):
    path = write_estimates(tmp_path, (ONE,))
    content = json.loads(path.read_text())
    content["neurons"][0][key] = value
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"{ESTIMATES_FILE}: is no file of estimates"):
        read_estimates(tmp_path)
