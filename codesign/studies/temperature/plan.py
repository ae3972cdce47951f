"""Which temperatures are looked at, how, and which of them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.study import Known, Point
from codesign.studies.temperature.ends import held_around
from codesign.studies.temperature.task import MACROMODEL
from codesign.validation.close_calls import sample_close_calls
from netlists.accuracy import FAST_ERROR, Accuracy
from neuron_model.analysis.regime_reports import report_from_json
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.verdicts import Verdict, verdict


@dataclass(frozen=True)
class EndSearch:
    """How closely to look for the temperatures up to which the model's regime and rhythm are kept.

    nominal: the temperature of the mapping, degree Celsius. time_unit: seconds of one unit of the
    model's time, as mapped. resolution: degree Celsius between one that holds and one that does
    not.
    """

    nominal: float
    time_unit: float
    resolution: float


@dataclass(frozen=True)
class TemperaturePlan:
    """Every temperature by the macromodel and, with an accuracy, in ngspice; then the ends.

    With the accuracy AUTO a temperature is simulated again with tight tolerances where the fast
    ones leave a doubt (:func:`codesign.validation.close_calls.sample_close_calls`). Between the
    last temperature at which the regime (the rhythm) of the model is kept and the first at which
    it is not lie further ones, each half way, until the two are near enough.

    temperatures: degree Celsius. model: how the model that was trained fires. accuracy: None
    leaves ngspice out. search: None looks at no further temperature.
    """

    temperatures: tuple[float, ...]
    model: RegimeReport
    accuracy: Accuracy | None
    search: EndSearch | None = None

    def next(self, known: Known) -> Sequence[Point]:
        """What is missing; then what is to be simulated again."""
        temperatures = self.looked_at(known)
        by = [MACROMODEL, *([self.accuracy.first.value] if self.accuracy else [])]
        first = [point(t, each) for each in by for t in temperatures]
        missing = [each for each in first if each.key not in known]
        if missing or self.accuracy is None or not self.accuracy.repeats:
            return missing
        again = [point(t, Accuracy.TIGHT.value) for t in temperatures if self._hangs(t, known)]
        return [each for each in again if each.key not in known]

    def looked_at(self, known: Known) -> tuple[float, ...]:
        """The temperatures asked for, and those between that the search comes to, rising.

        The last of these may be not known yet.
        """
        found = tuple(sorted(self.temperatures))
        while self.search is not None:
            verdicts = {t: self._verdict(t, known) for t in found}
            if any(v is None for v in verdicts.values()):
                break
            further = set()
            for kept in ("regime_kept", "rhythm_kept"):
                held = held_around(
                    self.search.nominal,
                    {t: getattr(v, kept) is True for t, v in verdicts.items()},
                )
                further |= set(held.middles(self.search.resolution) if held else ())
            if not further:
                break
            found = tuple(sorted({*found, *further}))
        return found

    def _verdict(self, temperature: float, known: Known) -> Verdict | None:
        """What is kept at a temperature; None where that is not known, or not for good."""
        wanted = [key(temperature, MACROMODEL)]
        if self.accuracy is not None:
            wanted.append(key(temperature, self.accuracy.first.value))
        if any(isinstance(known.get(each), Failure | None) for each in wanted):
            return None
        if self.accuracy is not None and self.accuracy.repeats and self._hangs(temperature, known):
            wanted.append(key(temperature, Accuracy.TIGHT.value))
            if isinstance(known.get(wanted[-1]), Failure | None):
                return None
        assert self.search is not None
        predicted, decisive = (cast(JSON, known[each]) for each in (wanted[0], wanted[-1]))
        scale = predicted["time_unit"] / self.search.time_unit
        return verdict(self.model, report_from_json(decisive["report"]), scale=scale)

    def _hangs(self, temperature: float, known: Known) -> bool:
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
