"""The circuit through which a network is trained: the table [circuit] of a run's configuration."""

from __future__ import annotations

from dataclasses import dataclass

from neuron_model.errors import InputError


@dataclass(frozen=True)
class CircuitSettings:
    """The macromodel of the whole network's circuit, through which its loss is worked out.

    technology: a built-in name or a path; empty: train the network as it is. step: largest time
    step, in the neurons' units of time. recorded: samples of the training part that ngspice plays
    into each neuron before the training, to correct the macromodel by; 0: none.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    technology: str = ""
    step: float = 0.1
    recorded: int = 120
    passes: int = 3

    def __post_init__(self) -> None:
        if not 0.001 <= self.step <= 10.0:
            raise InputError(
                f"circuit.step = {self.step!r} is not allowed; it must be a number from 0.001 to "
                "10."
            )

        if not 0 <= self.recorded <= 100_000:
            raise InputError(
                f"circuit.recorded = {self.recorded!r} is not allowed; it must be a number from 0 "
                "to 100000."
            )
        if not 1 <= self.passes <= 100:
            raise InputError(
                f"circuit.passes = {self.passes!r} is not allowed; it must be a number from 1 to "
                "100."
            )

    @property
    def wanted(self) -> bool:
        """Whether training goes through a circuit at all."""
        return bool(self.technology)
