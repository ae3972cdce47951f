"""Neurons for tests: the published burster, and what it draws at each timescale."""

import math

import numpy as np

from neuron_model.model.dynamics import State, ionic_current
from neuron_model.model.parameters import (
    OTA_FILTER,
    TIMESCALES,
    Element,
    NeuronParameters,
    Timescale,
)


def burster(**changes: object) -> NeuronParameters:
    """Third published set of Ribar and Sepulchre (arXiv 1805.05696), with OTA filters."""
    parts: dict[str, object] = {
        "elements": (
            Element(Timescale.FAST, -2.0, 0.0),
            Element(Timescale.SLOW, 2.0, 0.0),
            Element(Timescale.SLOW, -1.5, -1.5),
            Element(Timescale.ULTRASLOW, 1.5, -1.5),
        ),
        "name": "burster",
        "tau_slow": 50.0,
        "tau_ultraslow": 2500.0,
        "filter_slow": OTA_FILTER,
        "filter_ultraslow": OTA_FILTER,
    }
    return NeuronParameters(**(parts | changes))  # type: ignore[arg-type]


EXCITABLE = burster(
    elements=burster().elements[:2], tau_slow=20.0, tau_ultraslow=0.0, name="excitable"
)
"""The burster's first two elements: it spikes, and a short run shows how."""


def settled(neuron: NeuronParameters, timescale: Timescale, u_m: float) -> float:
    """U_x where filter(U_m - U_x) is 0: U_m + atanh(kappa offset) / kappa."""
    shape = neuron.filter(timescale)
    kappa, offset = float(shape.kappa), float(shape.offset)
    if neuron.is_instant(timescale) or offset == 0:
        return u_m
    return u_m + (math.atanh(kappa * offset) / kappa if kappa else offset)


def iv_curve(
    neuron: NeuronParameters, timescale: Timescale, u: np.ndarray, held: float = 0.0
) -> np.ndarray:
    """What the neuron draws with voltages up to ``timescale`` at ``u``, slower ones at ``held``.

    Bias currents count: without them the curves of a circuit and of its model differ by offsets.
    """

    order = TIMESCALES.index(timescale)
    drawn = []
    for value in u.tolist():
        voltages = (
            settled(neuron, x, value if index <= order else held)
            for index, x in enumerate(TIMESCALES)
        )
        state = State(value, *voltages)
        drawn.append(float(ionic_current(state, neuron)) - float(neuron.i_bias))
    return np.array(drawn)
