"""Which temperatures are looked at, how, and which of them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.study import Point
from codesign.studies.temperature.task import MACROMODEL
from codesign.validation.close_calls import sample_close_calls
from netlists.accuracy import FAST_ERROR, Accuracy
from neuron_model.analysis.regime_reports import report_from_json
from neuron_model.analysis.regimes import RegimeReport


@dataclass(frozen=True)
class TemperaturePlan:
    """Every temperature by the macromodel and, with an accuracy, in ngspice.

    With the accuracy AUTO a temperature is simulated again with tight tolerances where the fast
    ones leave a doubt (:func:`codesign.validation.close_calls.sample_close_calls`).

    temperatures: degree Celsius. model: how the model that was trained fires. accuracy: None
    leaves ngspice out.
    """

    temperatures: tuple[float, ...]
    model: RegimeReport
    accuracy: Accuracy | None

    def next(self, known: Mapping[str, JSON | Failure]) -> Sequence[Point]:
        """What is missing; then what is to be simulated again."""
        by = [MACROMODEL, *([self.accuracy.first.value] if self.accuracy else [])]
        first = [point(t, each) for each in by for t in self.temperatures]
        missing = [each for each in first if each.key not in known]
        if missing or self.accuracy is None or not self.accuracy.repeats:
            return missing
        again = [point(t, Accuracy.TIGHT.value) for t in self.temperatures if self._hangs(t, known)]
        return [each for each in again if each.key not in known]

    def _hangs(self, temperature: float, known: Mapping[str, JSON | Failure]) -> bool:
        """Whether what is said of a temperature hangs on the tolerances."""
        found = [known[key(temperature, by)] for by in (MACROMODEL, Accuracy.FAST.value)]
        if any(isinstance(each, Failure) for each in found):
            return False
        predicted, circuit = (report_from_json(each["report"]) for each in found)  # type: ignore[index]
        return bool(sample_close_calls(self.model, predicted, circuit, FAST_ERROR))


def key(temperature: float, by: str) -> str:
    """The name of a point in the record."""
    return f"{temperature:g} {by}"


def point(temperature: float, by: str) -> Point:
    """A temperature (degree Celsius), by the macromodel or an accuracy of ngspice."""
    return Point(key(temperature, by), {"temperature": temperature, "by": by})
