"""What a calibration asks of netlists: the points that measure some samples with some codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from codesign.studies import identity
from codesign.studies.calibration.bench import CalibrationBench
from codesign.studies.calibration.task import CURRENTS, PATTERN
from codesign.studies.identity import JSON
from codesign.studies.study import Asked, Point
from codesign.validation.close_calls import SURE_MARGIN
from netlists.accuracy import Accuracy
from netlists.sample_results import SAMPLES_PER_BENCH
from neuron_model.analysis.regime_reports import report_from_json
from neuron_model.analysis.regimes import RegimeReport

# A clamp takes some milliseconds a sample.
_CLAMPED_PER_BENCH = 16


class CircuitSamples:
    """The samples of a draw as netlists, of which each question is a point of a study.

    What was measured of a sample is not asked again, whichever samples it shared a bench with.

    Args:
        bench: theirs.
        asked: does points of :func:`codesign.studies.calibration.study.calibration_study`.
        accuracy: of patterns. With AUTO, one that is not clear, or not the one predicted, is
            looked at again with tight tolerances.
        as_drawn: the netlist without mismatch instead, as the one sample there is.
    """

    def __init__(
        self,
        bench: CalibrationBench,
        asked: Asked,
        accuracy: Accuracy = Accuracy.AUTO,
        as_drawn: bool = False,
    ) -> None:
        self._bench = bench
        self._asked = asked
        self._accuracy = accuracy
        self._as_drawn = as_drawn

    def currents(
        self, rows: np.ndarray, values: np.ndarray, voltage: np.ndarray, without: str | None = None
    ) -> np.ndarray:
        """See :class:`mapping.calibration.samples.Samples`."""
        what = {"what": CURRENTS, "voltage": voltage.tolist(), "without": without}
        lines = [self._lines(v, without) for v in values]
        return np.array(self._measured(what, rows, lines, _CLAMPED_PER_BENCH))

    def patterns(
        self, rows: np.ndarray, values: np.ndarray, duration: float
    ) -> Sequence[RegimeReport]:
        """See :class:`mapping.calibration.samples.Samples`."""
        first = self._looked(rows, values, duration, self._accuracy.first)
        if not self._accuracy.repeats:
            return first
        predicted = self._bench.macromodel.patterns(rows, values, duration)
        hanging = [
            i
            for i, (report, model) in enumerate(zip(first, predicted, strict=True))
            if report.regime != model.regime or report.margin < SURE_MARGIN
        ]
        if not hanging:
            return first
        again = self._looked(rows[hanging], values[hanging], duration, Accuracy.TIGHT)
        repeated = dict(zip(hanging, again, strict=True))
        return [repeated.get(i, report) for i, report in enumerate(first)]

    def _looked(
        self, rows: np.ndarray, values: np.ndarray, duration: float, accuracy: Accuracy
    ) -> list[RegimeReport]:
        what = {"what": PATTERN, "duration": duration, "accuracy": accuracy.value}
        lines = [self._lines(v, None) for v in values]
        found = self._measured(what, rows, lines, SAMPLES_PER_BENCH)
        return [report_from_json(report) for report in found]

    def _lines(self, values: np.ndarray, without: str | None) -> dict[str, float]:
        """All lines that are ever moved, so that none stays as another measurement left it."""
        elements = self._bench.drawn.built.design.elements
        lines = {f"ib_{a.name}": a.bias_current for a in elements}
        for knob, value in zip(self._bench.knobs, values, strict=True):
            lines[knob.port] = float(value)
        if without is not None:
            lines[f"ib_{without}"] = 0.0
        return lines

    def _measured(
        self,
        what: Mapping[str, JSON],
        rows: np.ndarray,
        lines: Sequence[Mapping[str, float]],
        together: int,
    ) -> list[JSON]:
        """What is found of each sample; those that are not known are asked, some in a point."""
        what = {**what, "as_drawn": self._as_drawn}
        samples = [int(row) for row in rows]
        names = [identity.key([s, what, line]) for s, line in zip(samples, lines, strict=True)]
        known = self._known()
        missing = [i for i, name in enumerate(names) if name not in known]
        points = []
        for first in range(0, len(missing), together):
            group = missing[first : first + together]
            chosen = {
                "samples": [samples[i] for i in group],
                "names": [names[i] for i in group],
                "lines": [dict(lines[i]) for i in group],
            }
            points.append(Point(_key(what, chosen), {**what, **chosen}))
        for found in self._asked(points):
            known |= found
        return [known[name] for name in names]

    def _known(self) -> dict[str, JSON]:
        """By the names of samples, whichever point they were of."""
        found = [each for each in self._asked.known.values() if isinstance(each, dict)]
        return {name: value for each in found for name, value in each.items()}


def _key(what: Mapping[str, JSON], chosen: Mapping[str, JSON]) -> str:
    samples = ",".join(map(str, chosen["samples"]))
    return f"{what['what']} {samples} {identity.key(chosen['names'])[:16]}"


def samples_of(key: str) -> int:
    """How many samples the point with this key measures."""
    return key.split(" ")[1].count(",") + 1
