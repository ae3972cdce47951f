"""The units of networks on a technology that is new: their sizes, and whether they work."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.structure import Size
from circuits.technology import load_technology
from codesign.technologies import synapse_sizes
from codesign.technologies.synapse_sizes import (
    measured_synapses,
    synapses_in_words,
    with_synapse_sizes,
    without_synapse_sizes,
)
from codesign.workbench import Workbench
from mapping.characteristics import MirrorTable
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from mapping.synapse_characteristics import SynapseCharacteristics
from netlists.engine import Engine
from netlists.errors import ConvergenceError
from tests.mapping.synapses import made_up_synapses

GENERIC = load_technology("generic")
NOMINAL = Conditions("tt", NOMINAL_TEMPERATURE)
CURRENTS = np.array([1e-10, 1e-9, 5e-9])


def measured(*gains: float) -> SynapseCharacteristics:
    """Of synapses whose units have these gains, with either sign."""
    table = MirrorTable(CURRENTS, np.array(gains), np.full(3, 0.01))
    made_up = made_up_synapses()
    per_current = ("line_charge", "stage_bias", "stage_gain", "stage_offset", "stage_slope")
    shorter = {name: getattr(made_up, name)[:3] for name in per_current}
    return replace(made_up, negative=table, positive=table, **shorter)


def test_their_sizes_are_those_of_the_otas_mirrors():
    made = with_synapse_sizes(without_synapse_sizes(GENERIC))
    assert made.sizes == GENERIC.sizes  # which were chosen by hand
    assert "synapse" not in without_synapse_sizes(made).sizes


def test_a_column_is_no_larger_than_its_device_may_be():
    short = replace(GENERIC, pmos=replace(GENERIC.pmos, width=(0.4, 2.5), length=(0.1, 10.0)))
    assert with_synapse_sizes(short).size("synapse", "pmos_mirror") == Size(2.5, 10.0, 4)


def test_the_currents_at_which_units_work_are_told():
    words, works = synapses_in_words(measured(1.6, 1.1, 1.05))
    assert works
    assert "1.00 nA to 5.00 nA a unit passes on 1.05 to 1.10" in words


def test_units_that_pass_on_something_else_do_not_work():
    words, works = synapses_in_words(measured(0.2, 0.3, 1.7))
    assert not works
    assert "0.20 to 1.70 of its current" in words


def test_a_process_without_a_solution_gets_no_units(monkeypatch):
    def fails(*_: object) -> None:
        raise ConvergenceError("no operating point")

    monkeypatch.setattr(synapse_sizes, "measure_synapses", fails)
    with Engine() as engine:
        technology, words = measured_synapses(GENERIC, NOMINAL, Workbench(engine))
    assert "synapse" not in technology.sizes
    assert "no operating point" in words


@pytest.mark.ngspice
def test_units_of_a_process_work_whose_sizes_nobody_chose(engine: Engine):
    mcu = without_synapse_sizes(load_technology("gf180mcu"))
    # the library's 6 V transistors, which have a longer shortest gate and twice the oxide
    thick = replace(
        mcu,
        name="thick",
        supply=5.0,
        reference=2.5,
        nmos=replace(mcu.nmos, model="nfet_06v0"),
        pmos=replace(mcu.pmos, model="pfet_06v0"),
    )
    nominal = Conditions("typical", NOMINAL_TEMPERATURE)
    made, words = measured_synapses(with_synapse_sizes(thick), nominal, Workbench(engine))
    assert "synapse" in made.sizes
    assert "5.00 nA a unit passes on 1.1" in words
