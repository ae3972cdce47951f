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
    differ as a whole as well.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    technology: str = ""
    samples: int = 16
    corners: tuple[str, ...] = ()
    temperatures: tuple[float, ...] = (27.0,)
    bits: int = 0
    process: bool = False

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

    @property
    def wanted(self) -> bool:
        """Whether training is on chips at all."""
        return bool(self.technology)
