"""Flicker noise as a sum of Ornstein-Uhlenbeck processes, each a pole of a straight spectrum.

    dx_k = -l_k x_k dt + s_k sqrt(2 l_k) dW_k      one-sided: 4 s_k^2 l_k / (l_k^2 + w^2)
    S(f) = K / f^b:   s_k^2 = K (2 pi)^(b - 1) sin(pi b / 2) l_k^(1 - b) d(ln l),    0 < b < 2

with w = 2 pi f. The variances are then fitted to the band, since there are no poles outside of it
to help at its ends. (B. Kaulakys, V. Gontis and M. Alaburda, Phys. Rev. E 71 (2005) 051105;
D. Gillespie, Phys. Rev. E 54 (1996) 2084, for the exact step of a process.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from neuron_model.errors import InputError

_POLES_PER_DECADE = 2
_FITTED_PER_DECADE = 10


@dataclass(frozen=True, eq=False)
class Flicker:
    """Poles of noise with the density 1 / f^exponent between two frequencies.

    rates: l_k, 1 / time, (poles,). variances: s_k^2, (poles,), in the unit of the density times a
    frequency.
    """

    rates: np.ndarray
    variances: np.ndarray

    def density(self, frequency: np.ndarray) -> np.ndarray:
        """One-sided, at ``frequency`` (points,)."""
        w = 2.0 * np.pi * np.asarray(frequency, dtype=float)[:, None]
        return np.asarray((4.0 * self.variances * self.rates / (self.rates**2 + w**2)).sum(axis=1))


def flicker_poles(low: float, high: float, exponent: float = 1.0) -> Flicker:
    """The processes whose sum has the one-sided density 1 / f^exponent from ``low`` to ``high``.

    Raises:
        InputError: frequencies that do not grow, or an exponent that is not between 0 and 2.
    """
    if not 0.0 < low < high:
        raise InputError(f"flicker noise from {low:g} to {high:g}: the band must be positive.")
    if not 0.0 < exponent < 2.0:
        raise InputError(f"flicker noise: exponent = {exponent:g} must be between 0 and 2.")
    decades = math.log10(high / low)
    count = max(2, math.ceil(_POLES_PER_DECADE * (decades + 1.0)) + 1)
    reach = math.sqrt(10.0)
    rates = 2.0 * np.pi * np.geomspace(low / reach, high * reach, count)
    spacing = math.log(rates[1] / rates[0])
    scale = (2.0 * np.pi) ** (exponent - 1.0) * math.sin(math.pi * exponent / 2.0)
    first = scale * rates ** (1.0 - exponent) * spacing
    frequency = np.geomspace(low, high, max(8, round(_FITTED_PER_DECADE * decades)))
    # relative errors: each column is what a pole's first guess adds to the wanted density
    w = 2.0 * np.pi * frequency[:, None]
    columns = 4.0 * first * rates / (rates**2 + w**2) * frequency[:, None] ** exponent
    factors, _ = nnls(columns, np.ones(frequency.size))
    kept = factors > 0
    return Flicker(rates[kept], (factors * first)[kept])


class FlickerProcess:
    """Independent noise processes of one spectrum, stepped exactly.

    Args:
        flicker: the poles.
        shape: of the values, such as (sources, runs).
        step: time between two values.
        generator: of the random numbers; it draws the stationary start, too.
    """

    def __init__(
        self, flicker: Flicker, shape: tuple[int, ...], step: float, generator: np.random.Generator
    ) -> None:
        broad = (-1, *(1 for _ in shape))
        self._decay = np.exp(-flicker.rates * step).reshape(broad)
        spread = np.sqrt(flicker.variances).reshape(broad)
        self._kick = spread * np.sqrt(-np.expm1(-2.0 * flicker.rates * step)).reshape(broad)
        self._generator = generator
        self._state = spread * generator.standard_normal((flicker.rates.size, *shape))

    @property
    def value(self) -> np.ndarray:
        """Of each process, ``shape``."""
        return np.asarray(self._state.sum(axis=0))

    def advance(self) -> np.ndarray:
        """The value a step later."""
        fresh = self._generator.standard_normal(self._state.shape)
        self._state = self._decay * self._state + self._kick * fresh
        return self.value
