"""What drives a neuron: a current over time, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuron_model.errors import InputError
from neuron_model.model.stimulus import Stimulus
from neuron_model.shown import Shown


@dataclass(frozen=True, repr=False)
class Drive(Shown):
    """A stimulus and the duration of its run, in model time.

    driven: whether it is a recorded current that changes all the time, not a step. judged_from:
    when the response begins, where that is not at the last step.
    """

    stimulus: Stimulus
    duration: float
    driven: bool = False
    judged_from: float | None = None

    def _brief(self) -> str:
        recorded = ", recorded" if self.driven else ""
        return f"{self.stimulus._brief()}; {self.duration:g} units of time{recorded}"

    @property
    def onset(self) -> float:
        """From when on the response is judged: the last step, or the start of a recording."""
        if self.judged_from is not None:
            return self.judged_from
        return 0.0 if self.driven else self.stimulus.onset

    def lasting(self, duration: float) -> Drive:
        """The drive for ``duration``; a recording does not become longer than it is.

        Raises:
            InputError: the response to its last step would not be seen.
        """
        if not duration > self.onset:
            what = "0" if self.driven else f"the last step of the current, at {self.onset:g}"
            raise InputError(f"duration = {duration:g} must be later than {what}.")
        if not self.driven:
            return replace(self, duration=duration)
        if duration >= self.duration:
            return self
        steps = zip(self.stimulus.times, self.stimulus.values, strict=True)
        kept = [(time, value) for time, value in steps if time < duration]
        times, values = zip(*kept, strict=True)
        return Drive(Stimulus(times, values), duration, self.driven)
