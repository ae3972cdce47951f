"""From measured noise to noise currents of a design: against what the design is made of."""

import numpy as np
import pytest

from mapping.cell_noise import CHARGE
from mapping.compact import parasitics
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.noise import model_noise, node_noise, rms_on_capacitor
from neuron_model.analysis.noise import noisy_runs
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import Timescale
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus
from tests.mapping.cells import LIMITS, ideal_cells, real_cells
from tests.mapping.noises import shot_cells

BURSTER = preset("tonic_bursting").parameters


@pytest.fixture(params=[ideal_cells, real_cells])
def cells(request):
    return request.param()


def mapped(cells) -> NeuronDesign:
    return map_neuron(BURSTER, cells, LIMITS)


def at_rest(u: float) -> State:
    return State(*(np.array([u]) for _ in range(4)))


def test_every_amplifier_is_a_source_at_the_node_that_it_drives(cells):
    design = mapped(cells)
    sources = model_noise(Macromodel(design, cells), shot_cells()).sources
    at_membrane = [s for s in sources if s.node is None]
    mirrors = 1 if design.compensation_bias > 0 else 0
    assert len(at_membrane) == len(design.amplifiers) + mirrors
    assert {s.node for s in sources} - {None} == {f.timescale for f in design.followers}


def test_the_white_noise_at_the_membrane_is_that_of_the_bias_currents(cells):
    design, noise = mapped(cells), shot_cells()
    # far below every reference each OTA is steered to one side, the one that its orientation says
    averaged = model_noise(Macromodel(design, cells), noise).averaged(at_rest(-60.0))
    membrane = next(n for n in node_noise(averaged, Macromodel(design, cells)) if n.node is None)
    expected = sum(
        2 * CHARGE * a.bias_current * (6.0 if a.orientation == "noninverting" else 4.0)
        for a in design.amplifiers
    )
    if design.compensation_bias > 0:
        mirror = noise.source if design.compensation_current > 0 else noise.sink
        expected += mirror.white_at(design.compensation_bias)
    assert membrane.white == pytest.approx(expected, rel=1e-6)
    extra = parasitics(Macromodel(design, cells)).membrane
    assert membrane.capacitance == pytest.approx(design.membrane_capacitance + extra)


@pytest.mark.parametrize("exponent", [0.9, 1.0])
def test_a_followers_noise_comes_back_in_amperes(cells, exponent):
    design, noise = mapped(cells), shot_cells(exponent=exponent)
    averaged = model_noise(Macromodel(design, cells), noise).averaged(at_rest(0.3))
    for node in node_noise(averaged, Macromodel(design, cells)):
        if node.node is None:
            continue
        follower = design.follower(node.node)
        assert node.white == pytest.approx(2 * CHARGE * 4.0 * follower.bias_current)
        # balanced: its pair, and the two branches' mirrors at half of the bias current
        amplitude = (1e-4 * follower.bias_current) ** 2
        assert node.flicker == pytest.approx(amplitude * (1.0 + (9.0 + 16.0) / 4))
        assert node.exponent == exponent
        assert node.corner == pytest.approx((node.flicker / node.white) ** (1 / exponent))


def test_a_follower_has_the_voltage_noise_of_its_capacitor():
    # S = 4 (2 q I), g = I / V0: a variance of 2 q V0 / C, whatever the current is. In the model
    # the same comes of tau_x dU_x = filter + noise.
    cells, noise = ideal_cells(), shot_cells(flicker=0.0)
    design = map_neuron(BURSTER, cells, LIMITS)
    parameters = Macromodel(design, cells).compact
    everything = model_noise(Macromodel(design, cells), noise)
    slow = [s for s in everything.sources if s.node == Timescale.SLOW]
    (node,) = (
        n
        for n in node_noise(everything.averaged(at_rest(0.0)), Macromodel(design, cells))
        if n.node == Timescale.SLOW
    )
    follower = design.follower(Timescale.SLOW)
    rms = rms_on_capacitor(node, follower.bias_current / 0.070)
    assert rms**2 == pytest.approx(2 * CHARGE * 0.070 / node.capacitance)

    (source,) = slow
    tau = float(parameters.tau_slow)
    # one-sided S over 4 tau, in units of V0
    in_units = source.white[1] / (4 * tau)
    assert in_units * design.unit_voltage**2 == pytest.approx(rms**2)


def test_a_neuron_trembles_by_what_its_capacitor_says():
    """A rough sum: all bias currents' noise on C_m against the membrane's own conductance."""
    cells, noise = ideal_cells(), shot_cells(flicker=0.0)
    known = preset("resting")
    design = map_neuron(known.parameters, cells, LIMITS)
    parameters = Macromodel(design, cells).compact
    sources = model_noise(Macromodel(design, cells), noise)
    runs = noisy_runs(parameters, sources, [Stimulus.constant(-0.8)] * 60, 120.0, seed=2)
    late = runs.voltage[:, runs.time > 60.0]
    millivolts = late.std() * design.unit_voltage * 1e3
    assert 0.05 < millivolts < 0.6
