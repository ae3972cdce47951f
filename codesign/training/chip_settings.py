"""The chips that a training run is to survive: the table [chips] of its configuration."""

from __future__ import annotations

from dataclasses import dataclass

from neuron_model.errors import InputError

MOST_CHIPS = 10_000


@dataclass(frozen=True)
class ChipSettings:
    """Chips drawn transistor by transistor, from the network as it stands, while it is trained.

    technology: a built-in name or a path; empty: train the neurons as they are. samples: mismatch
    samples at each corner and temperature. corners: of the process; empty: the nominal one.
    temperatures: degree Celsius. bits: of the bias codes; 0: free lines. process: whether chips
    differ as a whole as well. trim: codes, beside the offset current, that are set for every neuron
    of every chip by its currents into a clamped membrane, at its first temperature; -1: none.
    mismatch_set: of the technology's sets of coefficients, by which devices are drawn; empty: its
    own choice.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    technology: str = ""
    samples: int = 16
    corners: tuple[str, ...] = ()
    temperatures: tuple[float, ...] = (27.0,)
    bits: int = 0
    process: bool = False
    trim: int = -1
    mismatch_set: str = ""

    def __post_init__(self) -> None:
        conditions = max(1, len(self.corners)) * len(self.temperatures)
        if not self.temperatures:
            raise InputError("chips.temperatures = [] is not allowed; give at least one.")
        if not self.samples >= 1 or self.samples * conditions > MOST_CHIPS:
            raise InputError(
                f"chips.samples = {self.samples} is not allowed; it must be from 1 to "
                f"{MOST_CHIPS // conditions} at {conditions} conditions."
            )
        if not 0 <= self.bits <= 16:
            raise InputError(
                f"chips.bits = {self.bits} is not allowed; it must be from 1 to 16, or 0 for "
                "free lines."
            )
        if not -1 <= self.trim <= 8:
            raise InputError(
                f"chips.trim = {self.trim} is not allowed; it must be from 0 (the offset current "
                "alone) to 8 codes, or -1 for chips that are not trimmed."
            )
        if self.trim >= 0 and self.bits:
            raise InputError(
                "chips.trim cannot be combined with chips.bits: trimmed lines have the codes of "
                "the technology's [bias_generator], the others are free."
            )

    @property
    def wanted(self) -> bool:
        """Whether training is on chips at all."""
        return bool(self.technology)
