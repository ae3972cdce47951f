"""The firing regimes, by name."""

from enum import StrEnum


class Regime(StrEnum):
    """What a neuron does after a current step."""

    RESTING = "resting"
    TONIC_SPIKING = "tonic_spiking"
    PHASIC_SPIKING = "phasic_spiking"
    TONIC_BURSTING = "tonic_bursting"
    PHASIC_BURSTING = "phasic_bursting"
    DEPOLARIZATION_BLOCK = "depolarization_block"

    @property
    def words(self) -> str:
        """As people write it: ``tonic bursting``."""
        return self.value.replace("_", " ")
