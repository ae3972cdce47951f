"""The six series: four from equations, two that were measured.

Maps and tables are forecast one row ahead. Rows of the two flows lie so close together that a
straight line through the last ones says the next to a thousandth: they are forecast as far ahead as
the last value is no better than the mean, on the part that is trained on.

NARMA-10: Atiya and Parlos, IEEE Trans. Neural Networks 11 (2000) 697; its input is heard too.
Lorenz: J. Atmos. Sci. 20 (1963) 130, the coordinate x every 0.02 units of time. Mackey-Glass:
Science 197 (1977) 287, tau 30. Henon: Commun. Math. Phys. 50 (1976) 69. Sunspots: yearly numbers
1700 to 2008, and El Nino: monthly temperatures of the sea 1950 to 2010, both as statsmodels ships
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.integrate import solve_ivp

from neuron_model.tasks.mackey_glass import MackeyGlass, mackey_glass
from neuron_model.tasks.series import Series, cut_series


def narma(samples: int = 3000) -> np.ndarray:
    """Input and output, (samples, 2)."""
    generator = np.random.default_rng(0)
    u = generator.uniform(0.0, 0.5, samples + 200)
    y = np.zeros(samples + 200)
    for t in range(9, samples + 199):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    return np.stack([u, y], axis=1)[200:]


def lorenz(samples: int = 3000) -> np.ndarray:
    """The first coordinate, (samples, 1)."""

    def slope(_: float, p: np.ndarray) -> list[float]:
        x, y, z = p
        return [10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z]

    times = 20.0 + 0.02 * np.arange(samples)
    found = solve_ivp(slope, (0.0, times[-1]), [1.0, 1.0, 1.0], t_eval=times, rtol=1e-9, atol=1e-9)
    return np.asarray(found.y[:1].T)


def delayed(samples: int = 3000) -> np.ndarray:
    """Mackey-Glass with tau 30, (samples, 1)."""
    return mackey_glass(MackeyGlass(samples=samples, tau=30.0))[:, None]


def henon(samples: int = 3000) -> np.ndarray:
    """The first coordinate, (samples, 1)."""
    x, y = 0.1, 0.1
    found = []
    for _ in range(samples + 100):
        x, y = 1.0 - 1.4 * x * x + y, 0.3 * x
        found.append(x)
    return np.array(found[100:])[:, None]


def sunspots() -> np.ndarray:
    """Yearly numbers, (309, 1)."""
    from statsmodels.datasets import sunspots as source

    return source.load_pandas().data["SUNACTIVITY"].to_numpy(float)[:, None]


def elnino() -> np.ndarray:
    """Monthly temperatures, (732, 1)."""
    from statsmodels.datasets import elnino as source

    table = source.load_pandas().data
    return table.drop(columns="YEAR").to_numpy(float).reshape(-1, 1)


SERIES: dict[str, Callable[[], np.ndarray]] = {
    "NARMA-10": narma,
    "Lorenz": lorenz,
    "Mackey-Glass, tau 30": delayed,
    "Henon": henon,
    "sunspots, yearly": sunspots,
    "El Nino, monthly": elnino,
}
"""By name: all columns are heard, the last one is forecast."""

HORIZONS = {"Lorenz": 14, "Mackey-Glass, tau 30": 12}
"""Rows ahead, where it is not one."""


@dataclass(frozen=True)
class Forecast:
    """The first 70 % are trained on, the next 10 % chosen by, the rest tested on."""

    name: str
    horizon: int = 1
    window: int = 90
    washout: int = 40

    def series(self) -> Series:
        """The data."""
        return _cut(self.name, self.horizon)


@lru_cache(maxsize=8)
def _cut(name: str, horizon: int) -> Series:
    columns = SERIES[name]()
    heard = (columns.shape[1] - 1,)
    return cut_series(columns, columns[:, -1:], horizon, 0.7, 0.1, persistence=heard)


def forecast_task(name: str) -> Forecast:
    """The task of a series, with windows that fit it as those of `codesign train` do."""
    horizon = HORIZONS.get(name, 1)
    rows = len(SERIES[name]())
    if rows >= 1000:
        return Forecast(name, horizon)
    window = min(90, round(0.1 * rows) - horizon)
    return Forecast(name, horizon, window, min(40, window * 4 // 9))
