"""Macromodels as Verilog-A: read by adms, and compiled by OpenVAF to the equations of the model."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from circuits.neuron import NeuronCircuit, neuron_circuit
from circuits.technology import load_technology
from mapping.characteristics import CellCharacteristics, Orientation, OtaTable
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from netlists.verilog_a import BIAS_LOAD, verilog_a
from neuron_model.analysis.simulation import rest, simulate
from neuron_model.analysis.spikes import spike_times
from neuron_model.model.dynamics import (
    State,
    amplifier_inputs,
    branch_rates,
    branch_states,
    branches_of,
    copy_drive,
    ionic_current,
    output,
)
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, OutputShape, Timescale
from neuron_model.model.stimulus import Stimulus
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import EXCITABLE, burster

ADMS = shutil.which("admsXml")
KINDS = ("compact", "detailed", "detailed with lags", "excitable", "clipped")


def lagging(cells: CellCharacteristics) -> CellCharacteristics:
    """The same cells with mirrors that lag, and amplifiers that do all that they can."""
    biases = cells.noninverting.bias_current
    lines = {
        "mirror_lag": 1e-15 / biases,
        "fold_lag": 2e-15 / biases,
        "bend": np.full(biases.size, 0.1),
        "conductance_skew": np.full(biases.size, 0.02),
        "conductance_ease": np.full(biases.size, 0.005),
    }

    def shaped(table: OtaTable) -> OtaTable:
        planes = {"drift": 0.05, "shape": -0.01, "shoulder": 0.03}
        shape = table.gain.shape
        return replace(table, **lines, **{n: np.full(shape, v) for n, v in planes.items()})

    return replace(cells, **{x.value: shaped(cells.ota(x)) for x in Orientation})


@cache
def made(kind: str) -> tuple[NeuronParameters, NeuronDesign, NeuronCircuit]:
    cells = lagging(real_cells()) if "lags" in kind else real_cells()
    design = map_neuron(EXCITABLE if kind == "excitable" else burster(), cells, LIMITS)
    model = Macromodel(design, cells)
    parameters = model.detailed if "detailed" in kind else model.compact
    if kind == "clipped":
        parameters = replace(parameters, output=OutputShape.CLIP)
    return parameters, design, neuron_circuit(design, load_technology("generic"))


def module(kind: str, folder: Path) -> Path:
    path = folder / "neuron.va"
    path.write_text(verilog_a(*made(kind), ("made by a test",)))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_the_module_has_the_name_and_the_ports_of_the_cell(kind: str, tmp_path: Path):
    cell = made(kind)[2].cell
    text = module(kind, tmp_path).read_text()
    assert f"module {cell.name}({', '.join(port.name for port in cell.ports)});" in text
    assert text.startswith("// made by a test\n")
    assert text.count("begin") == text.count("  end") == 1


def script() -> str:
    """Asks adms for what it understood."""

    def each(select: str, message: str) -> str:
        said = f'<admst:message format="{message}\\n"/>'
        return f'<admst:for-each select="{select}">{said}</admst:for-each>'

    lines = (
        each("node[location='external']", "port %(name)"),
        each("node[location='internal']", "inner %(name)"),
        each("contribution", "into %(lhs/branch/pnode/name)"),
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE admst SYSTEM "admst.dtd">\n'
        '<admst version="2.3.7" xmlns:admst="http://mot-adms.sourceforge.net/xml-files/admst">\n'
        f'<admst:for-each select="/module">{"".join(lines)}</admst:for-each>\n</admst>\n'
    )


@pytest.mark.skipif(ADMS is None, reason="adms (Debian's adms) is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_adms_reads_it(kind: str, tmp_path: Path):
    parameters, _, circuit = made(kind)
    (tmp_path / "script.xml").write_text(script())
    words = [str(ADMS), "-I", "/usr/include/adms", str(module(kind, tmp_path)), "-e", "script.xml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "[error" not in said
    assert "[fatal" not in said
    found = {
        what: re.findall(rf"{what} (\w+)$", said, re.MULTILINE)
        for what in ("port", "inner", "into")
    }
    assert found["port"] == [port.name for port in circuit.cell.ports]
    assert len(found["inner"]) == len(set(found["inner"]))
    states = [branch_states(a) for a in map(parameters.amplifier, parameters.lagging) if a]
    assert sum(name.startswith(("first_", "up_", "down_")) for name in found["inner"]) == sum(
        map(len, states)
    )
    # every net but references and supplies is told what flows into it
    silent = {"vdd", "vss", *(line.port for line in circuit.reference_lines)}
    assert set(found["into"]) == {*found["port"], *found["inner"]} - silent


def states_of(parameters: NeuronParameters, seed: int) -> tuple[State, dict[str, float]]:
    """Voltages and branches far from rest, and the logarithms of the branches by owner and name."""
    draw = np.random.default_rng(seed)
    u_m = float(draw.uniform(-3, 3))
    copies = [u_m if parameters.is_instant(x) else float(draw.uniform(-3, 3)) for x in TIMESCALES]
    logarithms: dict[str, float] = {}
    branches = []
    for owner in parameters.lagging:
        amplifier = parameters.amplifier(owner)
        assert amplifier is not None
        found = {name: float(draw.uniform(-4, 0)) for name in branch_states(amplifier)}
        logarithms |= {f"{owner}.{name}": value for name, value in found.items()}
        branches.append(branches_of({name: float(np.exp(v)) for name, v in found.items()}))
    return State(u_m, *copies).with_branches(tuple(branches)), logarithms


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_compiled_by_openvaf_it_has_the_currents_and_charges_of_the_model(
    kind: str, seed: int, tmp_path: Path
):
    openvaf = pytest.importorskip("openvaf_py", reason="openvaf-py is not installed")
    parameters, design, circuit = made(kind)
    (compiled,) = openvaf.compile_va(str(module(kind, tmp_path)))
    state, logarithms = states_of(parameters, seed)

    def owner_name(owner: int | Timescale) -> str:
        return owner.value if isinstance(owner, Timescale) else design.amplifiers[owner].name

    volts = {"vm": float(design.volts(state.membrane))}
    for x in TIMESCALES:
        volts[f"v_{x}"] = float(design.volts(state.voltage(x)))
    volts |= {line.port: 0.01 for line in circuit.bias_lines}
    given = {f"V({net},vss)": value for net, value in volts.items()}
    for owner in parameters.lagging:
        amplifier = parameters.amplifier(owner)
        assert amplifier is not None
        for name in branch_states(amplifier):
            given[f"V({name}_{owner_name(owner)})"] = logarithms[f"{owner}.{name}"]
    defaults = compiled.get_param_defaults()
    for name in compiled.param_names:
        given.setdefault(name, defaults.get(name.lower(), 0.0))
    residuals = compiled.evaluate(given | {"mfactor": 1.0})["residuals"]
    nets = [entry["node_name"] for entry in compiled.get_dae_system()["residuals"]]
    found = dict(zip(nets, residuals, strict=True))

    current, charge = found["vm"]
    unit = design.unit_current
    wanted = unit * (ionic_current(state, parameters) - parameters.i_bias)
    assert current == pytest.approx(wanted, rel=1e-9, abs=1e-9 * unit)
    capacitance = parameters.tau_m * design.time_unit * unit / design.unit_voltage
    assert charge == pytest.approx(capacitance * volts["vm"], rel=1e-9)
    for x in TIMESCALES:
        if parameters.is_instant(x):
            continue
        current, charge = found[f"v_{x}"]
        follower = design.follower(x)
        held = 1e-12 if follower is None else follower.capacitance
        slope = design.unit_voltage / (parameters.tau(x) * design.time_unit)
        assert current == pytest.approx(-held * slope * copy_drive(state, x, parameters), rel=1e-9)
        assert charge == pytest.approx(held * volts[f"v_{x}"], rel=1e-9)
    sunk = design.output.unit_current * output(state.membrane, parameters)
    assert found["s"][0] == pytest.approx(sunk, rel=1e-9, abs=1e-9 * unit)
    for line in circuit.bias_lines:
        assert found[line.port][0] == pytest.approx(0.01 / BIAS_LOAD)
    for net, wanted_current, wanted_charge in branches(parameters, state, logarithms, owner_name):
        current, charge = found[net]
        assert current == pytest.approx(wanted_current, rel=1e-7, abs=1e-16)
        assert charge == pytest.approx(wanted_charge * design.time_unit, rel=1e-9)


def branches(
    parameters: NeuronParameters,
    state: State,
    logarithms: dict[str, float],
    owner_name: Callable[[int | Timescale], str],
) -> Iterator[tuple[str, float, float]]:
    """(net, current, charge over the unit of time) of each branch, at 1 uA for 1."""
    inputs = amplifier_inputs(state, parameters)
    for owner, held, t in zip(parameters.lagging, state.branches, inputs, strict=True):
        amplifier = parameters.amplifier(owner)
        assert amplifier is not None
        rates = branch_rates(held, t, amplifier)
        lags = {"up": amplifier.rise, "down": amplifier.fall}
        for name, rate in rates.items():
            lag = lags.get(name, amplifier.lag)
            yield (
                f"{name}_{owner_name(owner)}",
                -1e-6 * lag * rate,
                1e-6 * lag * logarithms[f"{owner}.{name}"],
            )


def test_compiled_by_openvaf_and_integrated_it_spikes_when_the_macromodel_does(tmp_path: Path):
    openvaf = pytest.importorskip("openvaf_py", reason="openvaf-py is not installed")
    parameters, design, _ = made("compact")
    (compiled,) = openvaf.compile_va(str(module("compact", tmp_path)))
    defaults = compiled.get_param_defaults()
    numbers = {name: defaults.get(name.lower(), 0.0) for name in compiled.param_names}
    nets = ("vm", *(f"v_{x}" for x in TIMESCALES))
    order = [entry["node_name"] for entry in compiled.get_dae_system()["residuals"]]

    def residuals(volts: np.ndarray) -> np.ndarray:
        """Current and charge into each net."""
        given = {f"V({net},vss)": v for net, v in zip(nets, volts.tolist(), strict=True)}
        found = compiled.evaluate(numbers | given | {"mfactor": 1.0})["residuals"]
        return np.array([found[order.index(net)] for net in nets])

    current, duration = -0.4, 4000.0
    capacitance = residuals(np.ones(4))[:, 1]
    into = np.array([current * design.unit_current, 0.0, 0.0, 0.0])
    start = rest(parameters, current)
    run = solve_ivp(
        lambda _, volts: (into - residuals(volts)[:, 0]) / capacitance,
        (0.0, duration * design.time_unit),
        design.volts(np.array(start)),
        method="LSODA",
        rtol=1e-7,
        atol=1e-9,
    )
    threshold = float(parameters.u_threshold)
    found = spike_times(run.t / design.time_unit, design.units(run.y[0]), threshold)
    model = simulate(parameters, Stimulus.constant(current), duration, initial=start)
    wanted = spike_times(model.time, model.voltage, threshold)
    assert len(found) == len(wanted) > 10
    np.testing.assert_allclose(found, wanted, atol=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_the_macromodel(kind: str, tmp_path: Path):
    parameters, design, _ = made(kind)
    text = module(kind, tmp_path).read_text()
    numbers = dict(re.findall(r"parameter real (\w+) = (\S+);", text))
    assert float(numbers["I0"]) == design.unit_current
    for index, element in enumerate(parameters.elements):
        name = design.amplifiers[index].name
        assert float(numbers[f"alpha_{name}"]) == element.alpha
        assert float(numbers[f"delta_{name}"]) == element.delta
