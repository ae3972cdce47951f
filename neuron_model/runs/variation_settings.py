"""The samples that a training run is to survive: the table [variation] of its configuration."""

from __future__ import annotations

from dataclasses import dataclass

from neuron_model.errors import InputError

MOST_SAMPLES = 10_000


@dataclass(frozen=True)
class VariationSettings:
    """Samples drawn transistor by transistor, from the network as it stands, while it is trained.

    technology: a built-in name or a path; empty: train the neurons as they are. samples: mismatch
    samples at each corner and temperature. corners: of the process; empty: the nominal one.
    temperatures: degree Celsius. bits: of the bias codes; 0: free lines. process: whether samples
    differ as a whole as well. trim: codes, beside the offset current, that are set for every neuron
    of every sample by its currents into a clamped membrane, at its first temperature; -1: none.
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
            raise InputError("variation.temperatures = [] is not allowed; give at least one.")
        if not self.samples >= 1 or self.samples * conditions > MOST_SAMPLES:
            raise InputError(
                f"samples.samples = {self.samples} is not allowed; it must be from 1 to "
                f"{MOST_SAMPLES // conditions} at {conditions} conditions."
            )
        if not 0 <= self.bits <= 16:
            raise InputError(
                f"variation.bits = {self.bits} is not allowed; it must be from 1 to 16, or 0 for "
                "free lines."
            )
        if not -1 <= self.trim <= 8:
            raise InputError(
                f"variation.trim = {self.trim} is not allowed; it must be from 0 (the offset "
                "current alone) to 8 codes, or -1 for samples that are not calibrated."
            )
        if self.trim >= 0 and self.bits:
            raise InputError(
                "variation.trim cannot be combined with variation.bits: calibrated lines have the "
                "codes of the technology's [bias_generator], the others are free."
            )

    @property
    def wanted(self) -> bool:
        """Whether training is variation-aware at all."""
        return bool(self.technology)
