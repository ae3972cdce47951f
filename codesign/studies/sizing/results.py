"""The outcome of a search for cell sizes: what was tried, what it costs, and what was chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from mapping.yields import Share
from neuron_model.errors import InputError
from neuron_model.shown import Shown, counted

KEPT = ("regime", "rhythm")
"""What samples may be asked to keep of the model: see :mod:`neuron_model.analysis.verdicts`."""


@dataclass(frozen=True)
class SizingChoice:
    """What a trial chooses.

    area_factors: of the gate areas, by role (``circuits.sizing.SCALED_ROLES``).
    membrane_capacitance: farad. unit_current: ampere, the least I0; slow filters may need more.
    """

    area_factors: Mapping[str, float]
    membrane_capacitance: float
    unit_current: float


@dataclass(frozen=True)
class SizingGoal:
    """Target and budget: the least sample_yield, the largest isi_error (a share), area (square
    micrometres) and power (watt).

    keep: what a sample has to keep of the model to count, "regime" or "rhythm" (regime and rhythm).
    """

    sample_yield: float = 0.99
    isi_error: float = math.inf
    area: float = math.inf
    power: float = math.inf
    keep: str = "regime"

    def __post_init__(self) -> None:
        if self.keep not in KEPT:
            raise InputError(f"keep = {self.keep!r} is not known; choose from {', '.join(KEPT)}.")
        if not 0.0 < self.sample_yield <= 1.0:
            raise InputError(f"yield = {self.sample_yield:g} must be above 0 and at most 1.")
        for name in ("isi_error", "area", "power"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"{name} = {getattr(self, name):g} must be above 0.")

    def excess(self, figures: SizingFigures) -> dict[str, float]:
        """By how much budget and ISI error are exceeded, relative; 0 or below: they are not.

        The yield is what is to be found out, and not among them.
        """
        got = {
            "isi_error": figures.isi_error,
            "area": figures.area,
            "power": figures.static_power,
        }
        limits = {name: getattr(self, name) for name in got}
        return {n: got[n] / limits[n] - 1.0 for n in got if math.isfinite(limits[n])}

    def is_met(self, figures: SizingFigures) -> bool:
        """By yield, ISI error, area and power, and by the neuron as drawn."""
        within = all(value <= 0.0 for value in self.excess(figures).values())
        return within and figures.nominal_fires and self.reached(figures) >= self.sample_yield

    def reached(self, figures: SizingFigures) -> float:
        """The yield that counts."""
        return figures.share(self.keep).value

    def costs(self, figures: SizingFigures) -> tuple[float, float, float]:
        """What the search makes small: the share of samples that fail, area, energy per spike."""
        return 1.0 - self.reached(figures), figures.area, figures.energy_per_spike


@dataclass(frozen=True)
class SizingFigures:
    """What a choice gives.

    sample_yield: share of ``samples`` that keep the regime of the model, macromodel; rhythm_yield:
    of those that keep its rhythm as well. isi_error: median over the former of how far the
    inter-spike interval is from the model's, a share; 0 where there are no intervals.
    nominal_fires: whether the neuron as drawn fires in the model's regime. gate_area,
    diffusion_area, capacitor_area: square micrometres. static_power: watt. energy_per_spike:
    joule, infinite where it does not spike. unit_current (ampere) and membrane_capacitance (farad):
    as mapped.
    """

    samples: int
    sample_yield: float
    rhythm_yield: float
    isi_error: float
    nominal_fires: bool
    gate_area: float
    diffusion_area: float
    capacitor_area: float
    static_power: float
    energy_per_spike: float
    unit_current: float
    membrane_capacitance: float

    @property
    def area(self) -> float:
        """Gates, diffusions and capacitors, square micrometres."""
        return self.gate_area + self.diffusion_area + self.capacitor_area

    def share(self, keep: str = "regime") -> Share:
        """Of the samples that keep the "regime", or regime and "rhythm"."""
        value = self.rhythm_yield if keep == "rhythm" else self.sample_yield
        return Share(round(value * self.samples), self.samples)


@dataclass(frozen=True)
class SizingTrial:
    """A choice, and what it gives; None where it cannot be built, with the reason."""

    number: int
    choice: SizingChoice
    figures: SizingFigures | None = None
    reason: str = ""


@dataclass(frozen=True, repr=False)
class SizingResults(Shown):
    """All trials of a search, and the one chosen.

    front: numbers of the trials within the budget that no other is better than in yield, area and
    energy at once, by area. start: the sizes of before. chosen: its trial's number; checked: its
    figures again, over fresh samples and with sensitivities measured at its sizes; None where no
    trial is within the budget. regime: the wanted one. mismatch_set: the technology's set of
    coefficients that samples were drawn by.
    """

    name: str
    technology: str
    regime: str
    current: str
    duration: float
    seed: int
    goal: SizingGoal
    trials: tuple[SizingTrial, ...]
    start: int
    front: tuple[int, ...]
    chosen: int | None
    checked: SizingFigures | None
    mismatch_set: str = ""

    def _brief(self) -> str:
        found = "no sizes" if self.chosen is None else f"trial {self.chosen}"
        trials = counted(len(self.trials), "trial")
        return f"{self.name} on {self.technology}: {found} of {trials} selected"

    @property
    def is_met(self) -> bool:
        """Whether the chosen sizes meet target and budget."""
        return self.checked is not None and self.goal.is_met(self.checked)


def front(trials: Sequence[SizingTrial], goal: SizingGoal) -> tuple[int, ...]:
    """Numbers of the trials within the budget that no other dominates, by area.

    One dominates another that is as good or worse in each of the costs, and worse in one.
    """
    good = [
        (t.number, t.figures)
        for t in trials
        if t.figures is not None
        and t.figures.nominal_fires
        and all(value <= 0.0 for value in goal.excess(t.figures).values())
    ]

    costs = {number: goal.costs(one) for number, one in good}

    def dominated(own: tuple[float, ...]) -> bool:
        return any(
            other != own and all(a <= b for a, b in zip(other, own, strict=True))
            for other in costs.values()
        )

    left = {costs[n]: (n, one) for n, one in reversed(good) if not dominated(costs[n])}
    return tuple(n for n, _ in sorted(left.values(), key=lambda pair: pair[1].area))


def sizing_to_json(study: SizingResults) -> dict[str, Any]:
    """A JSON document of everything; numbers that are not finite become null."""
    return {
        **{f.name: getattr(study, f.name) for f in fields(study) if f.name != "trials"},
        "goal": asdict(study.goal),
        "met": study.is_met,
        "trials": [asdict(trial) for trial in study.trials],
        "checked": None if study.checked is None else asdict(study.checked),
        "checked_intervals": None
        if study.checked is None
        else {keep: study.checked.share(keep).interval for keep in KEPT},
    }
