"""Neurons worth starting from: the published ones, and one for each firing regime.

The published ones are ideal (linear leak and filters, s a clip). The others have the leak, the
filters and the output of a circuit and are chosen to be robust: their regime is the same with
linear leak and filters, with every alpha, kappa and time constant 3 % off, every delta 0.03 off and
the current 0.05 off, and U_m stays within [-4, 4] from the first moment on, so that a circuit can
follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)
from neuron_model.model.regime import Regime
from neuron_model.model.stimulus import Stimulus
from neuron_model.shown import Shown, counted
from neuron_model.suggestion import suggestion

_PUBLISHED = (
    "L. Ribar and R. Sepulchre, Neuromodulation of Neuromorphic Circuits, "
    "IEEE Trans. Circuits Syst. I 66 (8), 2019, arXiv:1805.05696"
)
_OURS = "found for this toolkit by a search for robust parameters"


@dataclass(frozen=True, repr=False)
class Preset(Shown):
    """A neuron, a current that brings out its regime, and how long to watch (in units of tau_m)."""

    parameters: NeuronParameters
    stimulus: Stimulus
    duration: float
    regime: Regime
    source: str

    def _brief(self) -> str:
        elements = counted(len(self.parameters.elements), "element")
        return f"{self.name}: {elements}, {self.regime} under {self.stimulus._brief()}"

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("neuron", self.parameters._brief()),
            ("current", self.stimulus._brief()),
            ("duration", f"{self.duration:g}"),
            ("regime", str(self.regime)),
            ("source", self.source),
        ]

    @property
    def name(self) -> str:
        """The name by which :func:`preset` finds it."""
        return self.parameters.name


def presets() -> Mapping[str, Preset]:
    """All presets by name: one for each regime, then the published ones."""
    every = (
        _resting(),
        _tonic_spiking(),
        _phasic_spiking(),
        _tonic_bursting(),
        _phasic_bursting(),
        _depolarization_block(),
        _ribar_sepulchre_excitable(),
        _ribar_sepulchre_burster_raised(),
        _ribar_sepulchre_burster(),
    )
    return {one.name: one for one in every}


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        InputError: there is none; the text lists them.
    """
    known = presets()
    if name not in known:
        raise InputError(
            f"There is no preset {name[:60]!r}; there are {', '.join(known)}."
            f"{suggestion(name, known)}"
        )
    return known[name]


def _n_shaped(alpha: float) -> tuple[Element, ...]:
    """Amplification that a slower element of the same size takes back: what makes a spike."""
    return Element(Timescale.FAST, -alpha, 0.0), Element(Timescale.SLOW, alpha, 0.0)


def _slow_amplification(
    alpha_slow: float, alpha_ultraslow: float, delta: float
) -> tuple[Element, ...]:
    """The same one timescale slower: what makes a burst."""
    return (
        Element(Timescale.SLOW, -alpha_slow, delta),
        Element(Timescale.ULTRASLOW, alpha_ultraslow, delta),
    )


# Rests at zero input with room below and above; all but two presets are variants of it.
_EXCITABLE = NeuronParameters(
    _n_shaped(1.5),
    tau_slow=20.0,
    u_rest=-1.2,
    output=OutputShape.OTA,
    leak=Leak(range=6.0),
    filter_fast=OTA_FILTER,
    filter_slow=OTA_FILTER,
    filter_ultraslow=OTA_FILTER,
)


def _resting() -> Preset:
    return Preset(
        replace(_EXCITABLE, name="resting"),
        Stimulus((0.0, 500.0), (-0.8, -0.4)),
        2500.0,
        Regime.RESTING,
        _OURS,
    )


def _tonic_spiking() -> Preset:
    return Preset(
        replace(_EXCITABLE, name="tonic_spiking"),
        Stimulus((0.0, 500.0), (-0.8, 1.0)),
        2500.0,
        Regime.TONIC_SPIKING,
        _OURS,
    )


def _phasic_spiking() -> Preset:
    return Preset(
        replace(_EXCITABLE, name="phasic_spiking"),
        Stimulus((0.0, 500.0), (-0.8, 0.3)),
        2500.0,
        Regime.PHASIC_SPIKING,
        _OURS,
    )


def _tonic_bursting() -> Preset:
    return Preset(
        replace(
            _EXCITABLE,
            name="tonic_bursting",
            elements=(*_n_shaped(1.5), *_slow_amplification(1.4, 1.4, -1.4)),
            tau_slow=30.0,
            tau_ultraslow=1200.0,
        ),
        Stimulus((0.0, 1000.0), (-0.8, -0.4)),
        9000.0,
        Regime.TONIC_BURSTING,
        _OURS,
    )


def _phasic_bursting() -> Preset:
    # More ultraslow restoring than slow amplification: after the burst it does not come back.
    return Preset(
        replace(
            _EXCITABLE,
            name="phasic_bursting",
            elements=(*_n_shaped(1.5), *_slow_amplification(0.8, 1.0, -1.4)),
            tau_slow=30.0,
            tau_ultraslow=1200.0,
            u_rest=-0.7,
        ),
        Stimulus((0.0, 1000.0), (-1.4, 0.05)),
        9000.0,
        Regime.PHASIC_BURSTING,
        _OURS,
    )


def _depolarization_block() -> Preset:
    return Preset(
        replace(_EXCITABLE, name="depolarization_block", elements=_n_shaped(1.3), u_rest=-0.8),
        Stimulus((0.0, 500.0), (0.0, 1.7)),
        2500.0,
        Regime.DEPOLARIZATION_BLOCK,
        _OURS,
    )


def _ribar_sepulchre_excitable() -> Preset:
    return Preset(
        NeuronParameters(_n_shaped(2.0), name="ribar_sepulchre_excitable", tau_slow=20.0),
        Stimulus((0.0, 500.0), (-2.0, -0.4)),
        2500.0,
        Regime.TONIC_SPIKING,
        _PUBLISHED,
    )


def _ribar_sepulchre_burster_raised() -> Preset:
    return Preset(
        NeuronParameters(
            (*_n_shaped(2.0), *_slow_amplification(1.5, 1.5, -0.9)),
            name="ribar_sepulchre_burster_raised",
            tau_slow=50.0,
            tau_ultraslow=2500.0,
        ),
        Stimulus((0.0, 2000.0), (-2.4, -0.8)),
        16000.0,
        Regime.TONIC_BURSTING,
        _PUBLISHED,
    )


def _ribar_sepulchre_burster() -> Preset:
    return Preset(
        NeuronParameters(
            (*_n_shaped(2.0), *_slow_amplification(1.5, 1.5, -1.5)),
            name="ribar_sepulchre_burster",
            tau_slow=50.0,
            tau_ultraslow=2500.0,
        ),
        Stimulus((0.0, 2000.0), (-2.4, -1.4)),
        16000.0,
        Regime.TONIC_BURSTING,
        _PUBLISHED,
    )
