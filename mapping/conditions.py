"""Where a circuit works: at which corner of its process, and how warm."""

from __future__ import annotations

from dataclasses import dataclass

from neuron_model.errors import InputError

COLDEST, HOTTEST = -60.0, 200.0
"""Degree Celsius: between which models of transistors are asked."""

NOMINAL_TEMPERATURE = 27.0
"""Degree Celsius: where neurons are mapped."""

_ZERO_CELSIUS = 273.15


@dataclass(frozen=True)
class Conditions:
    """A process corner, by name, and a temperature in degree Celsius.

    Raises:
        InputError: the temperature is not from COLDEST to HOTTEST.
    """

    corner: str
    temperature: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", float(self.temperature))
        if not COLDEST <= self.temperature <= HOTTEST:
            raise InputError(
                f"temperature = {self.temperature:g} °C must be from {COLDEST:g} to {HOTTEST:g}."
            )

    def __str__(self) -> str:
        return f"{self.corner}, {self.temperature:g} °C"

    @property
    def kelvin(self) -> float:
        """The absolute temperature."""
        return self.temperature + _ZERO_CELSIUS
