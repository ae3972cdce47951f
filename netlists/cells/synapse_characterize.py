"""Synapses of a technology: from the cache, or measured in ngspice."""

from __future__ import annotations

import numpy as np

from circuits.synapse import unit
from circuits.technology import Technology
from mapping.characteristics import MirrorTable
from mapping.conditions import Conditions
from mapping.synapse_characteristics import (
    KEEP_SHARE,
    KEEP_UNITS,
    SynapseCharacteristics,
    read_synapses,
    write_synapses,
)
from netlists.bench import Bench
from netlists.cells.characterize import cache_name
from netlists.cells.measured_once import digest, measured_once
from netlists.cells.models import models_for
from netlists.engine import Engine
from netlists.synapse_benches import (
    SynapseBenches,
    output_conductance,
    settling,
    silent_current,
    stage_fit,
    static_gain,
)
from netlists.writer import cell_text
from neuron_model.cache_folder import cache_folder

# Raised whenever what is measured, or how, changes.
_METHOD = 3
UNIT_CURRENTS = np.geomspace(3e-11, 5e-9, 6)
"""Ampere, of one unit of a line at s = 1."""
# Of the lines and weights that are measured.
_LINE_UNITS, _WEIGHT, _FAN_OUT = 16, 8, 64
# Coulomb a unit: more than any gate needs, so that a response is over.
_CHARGE, _COLUMN_CHARGE = 4e-14, 1e-12
_SPAN = 0.2  # volt


def measure_synapses(
    technology: Technology,
    conditions: Conditions,
    engine: Engine,
    fresh: bool = False,
) -> SynapseCharacteristics:
    """The synapses under these conditions.

    The cache is keyed by the models, the sizes, the supplies and the method. ``fresh`` measures
    again.

    Raises:
        InputError: no unit transistor, or an unknown corner.
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    benches, fingerprint = synapse_benches(technology, conditions)
    path = cache_folder() / "synapses" / cache_name(technology, conditions, fingerprint)

    def measure() -> SynapseCharacteristics:
        return _measure(benches, conditions, fingerprint, engine)

    return measured_once(path, read_synapses, measure, write_synapses, fresh)


def synapse_benches(technology: Technology, conditions: Conditions) -> tuple[SynapseBenches, str]:
    """What measures the synapses, and the fingerprint of what will be measured.

    Columns have the keep-alive current of the unit current I0 that mapping begins from.
    """
    unit_current = technology.unit_current or technology.limits.unit_current[0]
    keep = KEEP_SHARE * unit_current
    temperature = conditions.temperature
    cells = SynapseBenches(technology, "", temperature, KEEP_UNITS, keep).cells(_LINE_UNITS, 1)
    models = models_for(technology, conditions.corner, cells)
    content = {
        "method": _METHOD,
        "supply": technology.supply,
        "reference": technology.reference,
        "temperature": temperature,
        "keep": keep,
        "models": models.content_hash,
        "cells": [cell_text(cell, technology) for cell in cells],
    }
    fingerprint = digest(content)
    return SynapseBenches(technology, models.text, temperature, KEEP_UNITS, keep), fingerprint


def _measure(
    benches: SynapseBenches, conditions: Conditions, fingerprint: str, engine: Engine
) -> SynapseCharacteristics:
    jobs: list[Bench] = []
    charge_times = []
    for current in UNIT_CURRENTS:
        full = _LINE_UNITS * float(current)
        for sign in (-1, 1):
            jobs.append(benches.static(sign * _WEIGHT, _LINE_UNITS, full))
            jobs.append(benches.output(sign * _WEIGHT, _LINE_UNITS, full, _SPAN))
        jobs.append(benches.stage(-_FAN_OUT, _LINE_UNITS, full))
        charge_times.append(_CHARGE * (_FAN_OUT + _LINE_UNITS) / full)
        jobs.append(benches.onset(_FAN_OUT, _LINE_UNITS, full, charge_times[-1]))
    *found, silent = engine.map([*jobs, benches.silent(-_WEIGHT, _LINE_UNITS, full)])
    reference = benches.technology.reference
    gains: dict[int, list[float]] = {-1: [], 1: []}
    conductances: dict[int, list[float]] = {-1: [], 1: []}
    charges, gates, mirrored = [], [], []
    full_scales: dict[int, float] = {}
    stages: list[tuple[float, float, float]] = []
    for index, current in enumerate(UNIT_CURRENTS):
        results = iter(found[6 * index : 6 * index + 6])
        for sign in (-1, 1):
            static = static_gain(next(results), _LINE_UNITS)
            gains[sign].append(static.gain / (sign * _WEIGHT))
            full_scales[sign] = static.full
            conductances[sign].append(output_conductance(next(results), reference))
            gates.append(static.gates)
        mirrored.append((-full_scales[-1], full_scales[1]))
        stage = stage_fit(next(results), reference)
        delivered = stage.current / (_FAN_OUT * gains[-1][-1] * float(current))
        stages.append((delivered, stage.offset, stage.slope))
        rise = settling(next(results), charge_times[index], 0.5).rise
        charges.append(rise * _LINE_UNITS * float(current) / (_FAN_OUT + _LINE_UNITS))
    # one unit at the smallest current, beside the keep-alive current alone
    duration = _COLUMN_CHARGE / benches.keep_current
    fold = engine.run(benches.fold(1, gates[0], duration))
    tau = settling(fold, duration, 1.0 - float(np.exp(-1.0))).rise
    tables = {
        sign: MirrorTable(
            UNIT_CURRENTS,
            np.array(gains[sign]),
            np.array(conductances[sign]) * np.array(gains[sign]),
        )
        for sign in (-1, 1)
    }
    keep = benches.keep_current
    kept = keep * tables[-1].gain_at(keep / KEEP_UNITS)
    drawn, delivered_by = np.array(mirrored).T
    return SynapseCharacteristics(
        technology=benches.technology.name,
        conditions=conditions,
        negative=tables[-1],
        positive=tables[1],
        line_charge=np.array(charges),
        stage_bias=_LINE_UNITS * UNIT_CURRENTS,
        stage_gain=np.array(stages)[:, 0],
        stage_offset=np.array(stages)[:, 1],
        stage_slope=np.array(stages)[:, 2],
        mirror_current=drawn + kept,
        mirror_gain=delivered_by / (drawn + kept),
        column_charge=tau * benches.keep_current,
        silent_current=-silent_current(silent) / _WEIGHT,
        unit_area=unit(benches.technology).area,
        fingerprint=fingerprint,
    )
