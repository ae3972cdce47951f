"""How a neuron fires, made up for tests."""

from neuron_model.analysis.regimes import Regime, RegimeReport


def report(spikes: tuple[float, ...], interval: float | None, ibi: float | None) -> RegimeReport:
    """Tonic bursting with a margin of 0.5, spikes at these times and these medians."""
    return RegimeReport(
        Regime.TONIC_BURSTING,
        0.5,
        len(spikes),
        spikes,
        interspike_interval=interval,
        interburst_interval=ibi,
    )
