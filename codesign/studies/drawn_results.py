"""What the outcomes of all studies of drawn samples begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codesign.terminal.quantities import drawn_by
from mapping.conditions import Conditions
from neuron_model.analysis.regime_reports import report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.shown import Shown


@dataclass(frozen=True, repr=False, kw_only=True)
class DrawnResults(Shown):
    """Samples of one neuron at one corner and temperature (degree Celsius).

    process: whether samples differ as a whole, beside their devices' mismatch. mismatch_set: the
    technology's set of coefficients that devices were drawn by. model: how the model that was
    trained fires. nominal: how the macromodel fires without mismatch. current, duration: what
    drives it, in model time.
    """

    name: str
    technology: str
    conditions: Conditions
    seed: int
    current: str
    duration: float
    model: RegimeReport
    nominal: RegimeReport
    process: bool = False
    mismatch_set: str = ""

    @property
    def wanted(self) -> Regime:
        """The model's regime."""
        return self.model.regime

    def title(self, samples: int) -> str:
        """Of a table of so many samples."""
        return (
            f"{self.name} on {self.technology}, {self.conditions}: {samples} samples, seed "
            f"{self.seed}{drawn_by(self.mismatch_set)}"
            + (", process drawn as well" if self.process else "")
        )

    def head(self, samples: int) -> dict[str, Any]:
        """The first entries of a JSON document about so many samples."""
        return {
            "name": self.name,
            "technology": self.technology,
            "corner": self.conditions.corner,
            "temperature": self.conditions.temperature,
            "samples": samples,
            "seed": self.seed,
            "process": self.process,
            "mismatch_set": self.mismatch_set,
            "current": self.current,
            "duration": self.duration,
            "wanted": self.wanted.value,
        }

    def reports(self) -> dict[str, Any]:
        """How the model and the macromodel without mismatch fire, in JSON."""
        return {"model": report_to_json(self.model), "nominal": report_to_json(self.nominal)}
