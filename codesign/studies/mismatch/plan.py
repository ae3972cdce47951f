"""Which samples are predicted and simulated, for how long, and which of them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codesign.studies.identity import JSON
from codesign.studies.mismatch.task import MACROMODEL
from codesign.studies.sample_reports import DOUBTFUL
from codesign.studies.study import Known, Point, has_failed
from codesign.validation.close_calls import sample_close_calls
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.sample_results import SAMPLES_PER_BENCH
from neuron_model.analysis.regime_reports import report_from_json
from neuron_model.analysis.regimes import RegimeReport


@dataclass(frozen=True)
class Found:
    """The last word on a sample: by its macromodel and in ngspice (None: not asked), and the
    duration and the accuracy of the latter."""

    predicted: RegimeReport
    circuit: RegimeReport | None
    duration: float
    accuracy: Accuracy | None


@dataclass(frozen=True)
class MismatchPlan:
    """Every sample by its macromodel and, with an accuracy, in ngspice.

    A sample whose regime is not decided by the end of the drive (a margin below DOUBTFUL in either:
    one that is silent at the end may be so for good) is run again for ``longer``, in both. With
    the accuracy AUTO, a sample is simulated again with tight tolerances where what is counted of it
    hangs on them (:func:`codesign.validation.close_calls.sample_close_calls`); one that is about to
    be run for longer is judged by that run. A point has up to SAMPLES_PER_BENCH samples: they share
    a bench.

    samples: how many. duration: of the drive. longer: of what was not decided (that of a recorded
    current, which is no longer than it is, stays). model: how the model that was trained fires.
    accuracy: None leaves ngspice out.
    """

    samples: int
    duration: float
    longer: float
    model: RegimeReport
    accuracy: Accuracy | None

    def next(self, known: Known) -> Sequence[Point]:
        """What is missing of the first run that is not complete."""
        if has_failed(known):
            return []
        done = _by_run(known)
        for samples, by, duration in self._runs(done):
            missing = [s for s in samples if (s, by, duration) not in done]
            if missing:
                return _points(missing, by, duration)
        return []

    def found(self, known: Known) -> list[Found]:
        """Of every sample, in their order; all points are known."""
        done = _by_run(known)
        return [self._found(sample, done) for sample in range(self.samples)]

    def _runs(self, done: _Done) -> Iterator[tuple[Sequence[int], str, float]]:
        """(samples, by, duration) of all runs, one after the other: asked on only when the ones
        before are done."""
        every = range(self.samples)
        yield every, MACROMODEL, self.duration
        yield from self._simulated(every, self.duration, done)
        if self.longer <= self.duration:
            return
        doubtful = [s for s in every if self._is_doubtful(s, done)]
        yield doubtful, MACROMODEL, self.longer
        yield from self._simulated(doubtful, self.longer, done)

    def _simulated(
        self, samples: Sequence[int], duration: float, done: _Done
    ) -> Iterator[tuple[Sequence[int], str, float]]:
        if self.accuracy is None:
            return
        yield samples, self.accuracy.first.value, duration
        if self.accuracy.repeats:
            first = duration == self.duration
            hanging = [
                s
                for s in samples
                if self._hangs(s, duration, done)
                and not (first and self._is_undecided(s, done) and self.longer > duration)
            ]
            yield hanging, Accuracy.TIGHT.value, duration

    def _hangs(self, sample: int, duration: float, done: _Done) -> bool:
        predicted = done[sample, MACROMODEL, duration]
        circuit = done[sample, Accuracy.FAST.value, duration]
        return bool(sample_close_calls(self.model, predicted, circuit, FAST_ERROR))

    def _is_undecided(self, sample: int, done: _Done) -> bool:
        """By the first run with the first tolerances."""
        assert self.accuracy is not None
        runs = (MACROMODEL, self.accuracy.first.value)
        return any(done[sample, by, self.duration].margin < DOUBTFUL for by in runs)

    def _is_doubtful(self, sample: int, done: _Done) -> bool:
        """By the last word of the first run."""
        last = self._last(sample, self.duration, done)
        return any(x is not None and x.margin < DOUBTFUL for x in (last.predicted, last.circuit))

    def _found(self, sample: int, done: _Done) -> Found:
        longer = self.longer > self.duration and (sample, MACROMODEL, self.longer) in done
        return self._last(sample, self.longer if longer else self.duration, done)

    def _last(self, sample: int, duration: float, done: _Done) -> Found:
        predicted = done[sample, MACROMODEL, duration]
        for accuracy in (Accuracy.TIGHT, Accuracy.FAST):
            circuit = done.get((sample, accuracy.value, duration))
            if self.accuracy is not None and circuit is not None:
                return Found(predicted, circuit, duration, accuracy)
        return Found(predicted, None, duration, None)


def samples_of(key: str) -> int:
    """How many samples the point with this key has."""
    return len(_numbers(key.split(" ", 2)[2]))


_Done = dict[tuple[int, str, float], RegimeReport]
"""Reports by sample, what they are by, and the duration."""


def _by_run(known: Known) -> _Done:
    done: _Done = {}
    for key, outcome in known.items():
        by, duration, samples = key.split(" ", 2)
        reports: JSON = outcome
        for sample, report in zip(_numbers(samples), reports, strict=True):
            done[sample, by, float(duration)] = report_from_json(report)
    return done


def _points(samples: Sequence[int], by: str, duration: float) -> list[Point]:
    points = []
    for first in range(0, len(samples), SAMPLES_PER_BENCH):
        group = list(samples[first : first + SAMPLES_PER_BENCH])
        key = f"{by} {duration!r} {','.join(map(str, group))}"
        points.append(Point(key, {"samples": group, "by": by, "duration": duration}))
    return points


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]
