"""What a circuit may be asked for; a design that does not fit is refused with these numbers."""

from dataclasses import dataclass

from neuron_model.errors import InputError


@dataclass(frozen=True)
class Limits:
    """Allowed values, each a (smallest, largest) pair in SI units.

    bias_current: ampere, of one bias line. voltage: volt, of one reference line.
    capacitance: farad, of one capacitor. unit_current: ampere, the current I0 of one unit.
    temperature: degree Celsius, between which the circuit has to work. leakage_share: of a bias,
    what junctions may add to it at the hottest of these.
    """

    bias_current: tuple[float, float]
    voltage: tuple[float, float]
    capacitance: tuple[float, float]
    unit_current: tuple[float, float]
    temperature: tuple[float, float] = (-40.0, 125.0)
    leakage_share: float = 0.1


def check_within(
    what: str, value: float, allowed: tuple[float, float], unit: str, remedy: str
) -> float:
    """``value`` if it lies within ``allowed`` (a part in a million beyond is rounding).

    Raises:
        InputError: it does not; the text gives parameter, value, limit and what would make it fit.
    """
    low, high = allowed
    if low * (1 - 1e-6) <= value <= high * (1 + 1e-6):
        return value
    below = not value >= low
    side = "the smallest" if below else "the largest"
    limit = low if below else high
    raise InputError(
        f"{what} needs {value:.4g} {unit}, but {side} allowed is {limit:.4g} {unit}: {remedy}."
    )
