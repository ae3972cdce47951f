from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from circuits.neuron import neuron_circuit
from circuits.ota import ota
from circuits.technology import Technology, load_technology
from mapping.mapper import map_neuron
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    CurrentSource,
    OperatingPoint,
    VoltageSource,
)
from netlists.device_names import alterations, capacitor_alterations, device_names, restored
from netlists.engine import Engine
from netlists.writer import cell_text, device_uses
from neuron_model.errors import InputError
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

GENERIC = load_technology("generic")
WRAPPED = """* transistors in subcircuits, one of them in two
.subckt nch d g s b w=1e-6 l=1e-6 m=1
mcore d g s b card w={w} l={l} m={m}
.ends nch
.SUBCKT PCH d g s b w=1e-6 l=1e-6 m=1
+
Xinside d g s b
+ pch_core w={w} l={l} m={m}
.ENDS
.subckt pch_core d g s b w=1e-6 l=1e-6 m=1
M1 d g s b card w={w/2} l={l} m={m}
m2 d g s b card w={w/2} l={l} m={m}
.ends
"""


def wrapped(technology: Technology = GENERIC) -> Technology:
    return replace(
        technology,
        nmos=replace(technology.nmos, model="nch", prefix="X"),
        pmos=replace(technology.pmos, model="PCH", prefix="X"),
    )


def names(technology: Technology, models: str) -> dict[str, tuple[str, ...]]:
    return {
        path[-1]: device_names("xcell", ("block", *path), transistor, technology, models)
        for path, transistor in ota(technology).transistors()
    }


def test_a_plain_device_is_named_by_its_path():
    assert names(GENERIC, "")["fold_in"] == ("m.xcell.xblock.mfold_in",)


def test_devices_inside_of_subcircuits_are_found_however_deep():
    found = names(wrapped(), WRAPPED)
    assert found["tail"] == ("m.xcell.xblock.xtail.mcore",)
    assert found["mirror_left_in"] == (
        "m.xcell.xblock.xmirror_left_in.xinside.m1",
        "m.xcell.xblock.xmirror_left_in.xinside.m2",
    )


def test_a_subcircuit_without_transistors_is_refused():
    with pytest.raises(InputError, match="no transistor in the subcircuit nch"):
        names(wrapped(), ".subckt nch d g s b\nr1 d s 1\n.ends\n")


def test_alterations_are_in_the_cells_order_and_can_be_taken_back():
    cell = ota(GENERIC)
    steps = alterations(cell, GENERIC, "", "xcell", np.arange(10) * 1e-3, np.full(10, 0.01))
    assert steps[2] == Alteration("m.xcell.mtail", "delvto", 1e-3)
    assert steps[3] == Alteration("m.xcell.mtail", "mulu0", 1.01)
    back = restored(steps[2:4])
    assert [(s.parameter, s.value) for s in back] == [("delvto", 0.0), ("mulu0", 1.0)]
    assert len(alterations(cell, GENERIC, "", "xcell", np.zeros(10))) == 10


def test_capacitors_are_named_by_their_paths_and_scaled():
    design = map_neuron(burster(), real_cells(), LIMITS)
    cell = neuron_circuit(design, GENERIC).cell
    steps = {s.device: s for s in capacitor_alterations(cell, "xneuron", 0.1)}
    assert set(steps) == {
        "c.xneuron.cmembrane",
        "c.xneuron.xfollow_slow.cintegrator",
        "c.xneuron.xfollow_ultraslow.cintegrator",
    }
    membrane = steps["c.xneuron.cmembrane"]
    assert membrane.parameter == "capacitance"
    assert membrane.value == pytest.approx(1.1 * design.membrane_capacitance)


@pytest.fixture(scope="module")
def one_worker() -> Iterator[Engine]:
    with Engine(workers=1) as engine:
        yield engine


def bench(technology: Technology, models: str, cells: str, steps: tuple) -> Bench:
    nodes = ("p", "n", "out", "ib", "vdd", "0")
    return Bench(
        title="an OTA off balance",
        models=models,
        cells=cells,
        instances=(BenchInstance("xcell", "ota", nodes),),
        sources=(
            VoltageSource("vdd", "vdd", "0", 1.8),
            CurrentSource("ibias", "vdd", "ib", 2e-9),
            VoltageSource("vp", "p", "0", 0.93),
            VoltageSource("vn", "n", "0", 0.9),
            VoltageSource("vout", "out", "0", 0.9),
        ),
        analyses=steps,
        save=("i(vout)",),
    )


@pytest.mark.ngspice
def test_what_is_altered_in_place_is_what_is_written_into_the_netlist(one_worker):
    """The reference: the same shifts as parameters of the devices' own lines."""
    from netlists.model_library import trimmed_models

    models = trimmed_models(GENERIC.models, "tt", device_uses(ota(GENERIC), GENERIC)).text
    cell = ota(GENERIC)
    text = cell_text(cell, GENERIC)
    shifts = np.random.default_rng(5).normal(0, 4e-3, 10)
    factors = np.random.default_rng(6).normal(0, 0.02, 10)
    written = text
    for index, (path, _) in enumerate(cell.transistors()):
        line = next(x for x in text.splitlines() if x.startswith(f"M{path[-1]} "))
        extra = f" delvto={float(shifts[index])!r} mulu0={1 + float(factors[index])!r}"
        written = written.replace(line, line + extra)
    reference = one_worker.run(bench(GENERIC, models, written, (OperatingPoint(),)))[0]
    steps = alterations(cell, GENERIC, models, "xcell", shifts, factors)
    analyses = (OperatingPoint(), *steps, OperatingPoint(), *restored(steps), OperatingPoint())
    drawn, moved, back = (
        float(wave["i(vout)"][0])
        for wave in one_worker.run(bench(GENERIC, models, text, analyses)).waveforms
    )
    assert moved == pytest.approx(float(reference["i(vout)"][0]), rel=1e-5)
    assert abs(moved / drawn - 1) > 0.01
    assert back == pytest.approx(drawn, rel=1e-5)


@pytest.mark.ngspice
def test_a_subcircuits_transistors_move_like_plain_ones(one_worker):
    from netlists.model_library import trimmed_models

    plain = trimmed_models(GENERIC.models, "tt", device_uses(ota(GENERIC), GENERIC)).text
    inside = plain + WRAPPED.replace(" card ", " generic_nmos ", 1).replace(
        " card ", " generic_pmos "
    )
    shifts = np.random.default_rng(7).normal(0, 4e-3, 10)
    currents = []
    for technology, models in ((GENERIC, plain), (wrapped(), inside)):
        cell = ota(technology)
        steps = alterations(cell, technology, models, "xcell", shifts)
        job = bench(technology, models, cell_text(cell, technology), (*steps, OperatingPoint()))
        currents.append(float(one_worker.run(job)[0]["i(vout)"][0]))
    # half a micrometre is as wide as a whole one here but for the effects of narrow channels
    assert currents[1] == pytest.approx(currents[0], rel=0.05)
