"""A bench that ngspice is at: how far it is, how long it will take, and when it is stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netlists.bench import Bench, DCSweep, NoiseSpectrum, OperatingPoint, Subject, Transient

# Seconds of a bench that is quick, and more for each of the largest steps of its transients: a
# neuron takes them of four tau_m, and a dense spiker some 0.03 s for each tau_m on a core of its
# own.
_LEAST_LIMIT = 600.0
_PER_STEP = 0.4


def default_limit(bench: Bench) -> float:
    """Seconds after which a bench is stopped unless told: generous, and in proportion to it."""
    steps = sum(s.end / s.max_step for s in bench.analyses if isinstance(s, Transient))
    return max(_LEAST_LIMIT, _PER_STEP * steps)


@dataclass(frozen=True)
class Outline:
    """What people are told of a bench: its title and subject, and what it goes through."""

    title: str
    waveform_steps: tuple[OperatingPoint | DCSweep | Transient | NoiseSpectrum, ...]
    subject: Subject | None = None


@dataclass(frozen=True)
class Underway:
    """How far a bench is.

    analyses: of it that are done. share: of the next one, 0 to 1. seconds: since it began. limit:
    seconds after which it is stopped.
    """

    bench: Bench | Outline
    analyses: int
    share: float
    seconds: float
    limit: float

    @property
    def outlined(self) -> Underway:
        """The same without circuit and models, for other processes."""
        bench = Outline(self.bench.title, self.bench.waveform_steps, self.bench.subject)
        return replace(self, bench=bench)

    @property
    def part(self) -> Transient | None:
        """The transient analysis that runs; None where it is another analysis, or all are done."""
        steps = self.bench.waveform_steps
        running = steps[self.analyses] if self.analyses < len(steps) else None
        return running if isinstance(running, Transient) else None

    @property
    def done(self) -> float:
        """Share of the whole bench, 0 to 1, by simulated time."""
        weights = [
            step.end if isinstance(step, Transient) else 0.0 for step in self.bench.waveform_steps
        ]
        if not sum(weights):
            return self.analyses / len(weights)
        before = sum(weights[: self.analyses])
        now = weights[self.analyses] if self.analyses < len(weights) else 0.0
        return (before + self.share * now) / sum(weights)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until it is through, at the pace so far; None where nothing is done yet."""
        return self.seconds * (1.0 - self.done) / self.done if self.done > 0.0 else None

    @property
    def simulated(self) -> str:
        """The simulated time of how much: ``4,200 of 12,000 tau_m``; empty without a transient."""
        part, subject = self.part, self.bench.subject
        if part is None:
            return ""
        if subject is None:
            return f"{self.share * part.end:.3g} of {part.end:.3g} s"
        end = part.end / subject.time_unit
        text = f"{self.share * end:,.0f} of {end:,.0f} tau_m"
        parts = len(self.bench.waveform_steps)
        return text if parts == 1 else f"{text} of run {self.analyses + 1} of {parts}"
