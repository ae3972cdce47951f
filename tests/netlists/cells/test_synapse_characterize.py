"""Synapses and readouts of a technology: measured once, then from the cache."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.technology import load_technology
from mapping.conditions import Conditions
from mapping.readout import map_readout
from netlists.cells.characterize import characterize
from netlists.cells.models import models_for
from netlists.cells.readout_measure import measured_readouts
from netlists.cells.synapse_characterize import measure_synapses
from netlists.synapse_benches import ReadoutBenches, readout_gain, step_error
from neuron_model.cache_folder import cache_folder
from neuron_model.errors import InputError

NOMINAL = Conditions("tt", 27.0)
GENERIC = load_technology("generic")


@pytest.mark.ngspice
def test_the_synapses_of_generic(cache, engine):
    measured = measure_synapses(GENERIC, NOMINAL, engine)
    for table in (measured.negative, measured.positive):
        assert np.all((table.gain > 1.0) & (table.gain < 1.2))
        assert np.all((table.conductance > 0.0) & (table.conductance < 0.2))
    # a line's gates cost more charge at a larger current, whose gate voltage is higher
    assert np.all(np.diff(measured.line_charge) > 0)
    assert measured.delay(48, 8e-9, 16) == pytest.approx(2 * measured.delay(16, 8e-9, 16))
    # an output stage whose load is at the gates' voltage gives more than at the reference
    amplifier = characterize(GENERIC, NOMINAL, engine).noninverting
    stage = measured.stage(1e-9)
    at = amplifier.at(stage.bias_current, GENERIC.reference)
    assert at.gain < stage.gain < 1.15 * at.gain
    # and a little of it where the pair is balanced
    assert -0.01 < stage.offset < at.offset
    assert stage.slope_voltage == pytest.approx(at.slope_voltage, rel=0.1)
    # a mirror's gain falls with its current
    assert np.all(np.diff(measured.mirror_gain) < 0)
    assert np.all(np.abs(measured.mirror_gain - 1.0) < 0.1)
    assert 0 < measured.silent_current < 1e-13

    (kept,) = (cache_folder() / "synapses").iterdir()
    assert measure_synapses(GENERIC, NOMINAL, engine).fingerprint == measured.fingerprint
    kept.write_text("broken")
    again = measure_synapses(GENERIC, NOMINAL, engine)
    assert again.negative.gain == pytest.approx(measured.negative.gain)


def test_a_technology_without_units_is_told_what_is_missing(engine):
    sizes = {name: roles for name, roles in GENERIC.sizes.items() if name != "synapse"}
    with pytest.raises(InputError, match=r"cells.synapse"):
        measure_synapses(replace(GENERIC, sizes=sizes), NOMINAL, engine)


@pytest.mark.ngspice
def test_a_readout_is_four_equal_poles(cache, engine):
    measured = characterize(GENERIC, NOMINAL, engine)
    tau = 3e-4
    (design,) = measured_readouts(
        [map_readout("y", tau, -0.4, measured, GENERIC.limits)], GENERIC, NOMINAL, engine
    )
    benches = ReadoutBenches(design, GENERIC, "", 27.0)
    benches = replace(benches, models=models_for(GENERIC, "tt", [benches.cell]).text)
    static, *steps = engine.map(
        [benches.static(16.0), benches.step(1.0, 20 * tau), benches.step(-2.0, 20 * tau)]
    )
    gain = readout_gain(static, design)
    # over a range three times as wide as that of the measurement
    assert gain.gain == pytest.approx(1.0, abs=0.01)
    assert gain.offset == pytest.approx(0.0, abs=0.05)
    # five units of V0 at a quarter of V0 for a unit of y
    assert gain.linear_range > 15.0
    for step in steps:
        assert step_error(step, design, 20 * tau) < 0.02
