"""Whether a verdict hangs on how accurate a simulation was: how near anything is to its limit."""

from __future__ import annotations

from collections.abc import Iterator

from codesign.validation.validation import NeuronValidation
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.verdicts import (
    COINCIDENCE_LIMIT,
    COUNTED,
    IV_LIMIT,
    ONE_SPIKE,
    QUANTITIES,
    Deviation,
    Verdict,
    rhythm,
    verdict,
)

ACCURACY = 0.002
"""Relative error of a simulated interval that is reckoned with, unless told.

Fast tolerances of ngspice shift the last spike of a long run by some 0.1 per cent.
"""

SURE_MARGIN = 0.1
"""A regime whose margin is below this may be another one after a small change."""

MOVED_SPIKES = 1.0
"""How many spikes may move into or out of their windows, or one in twenty of them."""

ALIKE = 0.02
"""Relative difference of macromodel and circuit beyond which the simulation itself is doubted."""


def close_calls(neuron: NeuronValidation, accuracy: float = ACCURACY) -> tuple[str, ...]:
    """Why a more accurate simulation may change a verdict on ``neuron``, in words; none: it stands.

    Looked at are every quantity that a verdict hangs on: whether macromodel and circuit disagree,
    the margin of the circuit's regime, the distance of every deviation of a rhythm from its
    tolerance, of the coincidence factor and of the I-V errors from their limits.

    Args:
        neuron: the outcome of a simulation.
        accuracy: relative error of that simulation's intervals, and of its currents over a
            curve's height.
    """
    return tuple(dict.fromkeys(_close_calls(neuron, accuracy)))


def _close_calls(neuron: NeuronValidation, accuracy: float) -> Iterator[str]:
    reports = neuron.model, neuron.macromodel, neuron.circuit
    yield from firing_close_calls(*reports, neuron.driven, accuracy)
    for curve in neuron.iv:
        if abs(curve.nrmse - IV_LIMIT) <= accuracy:
            yield f"the nrmse of the {curve.timescale} I-V curve is {curve.nrmse:.2%}"


def firing_close_calls(
    model: RegimeReport,
    macromodel: RegimeReport,
    circuit: RegimeReport,
    driven: bool = False,
    accuracy: float = ACCURACY,
) -> Iterator[str]:
    """Of these, what hangs on how the circuit fires; arguments as :func:`close_calls`."""
    if not driven:
        if circuit.regime != macromodel.regime:
            yield f"the macromodel is {macromodel.regime.words}, the circuit {circuit.regime.words}"
        if circuit.margin < SURE_MARGIN:
            yield f"the margin of the circuit's regime is {circuit.margin:.2f}"
    verdicts = {
        who: verdict(report, circuit, driven)
        for who, report in (("model", model), ("macromodel", macromodel))
    }
    for who, found in verdicts.items():
        if driven and _coincidence_is_close(found, circuit.spike_count):
            yield f"the coincidence factor with {who} is {found.coincidence:.2f}"
        elif driven and found.spike_for_spike:
            # which will do in place of the rhythm
            continue
        for deviation in found.deviations:
            if is_close(deviation, accuracy) and not _is_expected(deviation, macromodel):
                yield f"near its tolerance: {deviation} (against {who})"
    built = verdicts["macromodel"]
    if not (driven and built.spike_for_spike):
        yield from _disagreements(built, accuracy)


def sample_close_calls(
    model: RegimeReport, macromodel: RegimeReport, circuit: RegimeReport, accuracy: float = ACCURACY
) -> tuple[str, ...]:
    """Why a more accurate simulation may change what is counted of a Monte Carlo sample.

    That is its regime, and whether it keeps the rhythm of the model.

    Args:
        model: how the model that was trained fires.
        macromodel: how the sample fires by the parameters of its macromodel.
        circuit: how it fires in ngspice.
        accuracy: as for :func:`close_calls`.
    """
    calls = []
    if circuit.regime != macromodel.regime:
        calls.append(
            f"the macromodel is {macromodel.regime.words}, the circuit {circuit.regime.words}"
        )
    if circuit.margin < SURE_MARGIN:
        calls.append(f"the margin of the circuit's regime is {circuit.margin:.2f}")
    calls += [
        f"near its tolerance: {deviation} (against model)"
        for deviation in rhythm(model, circuit)
        if is_close(deviation, accuracy) and not _is_expected(deviation, macromodel)
    ]
    return tuple(calls)


def is_close(deviation: Deviation, accuracy: float = ACCURACY) -> bool:
    """Whether an error of ``accuracy``, or of one spike, takes it across its tolerance."""
    slack = abs(abs(deviation.found - deviation.reference) - deviation.tolerance)
    if deviation.quantity in COUNTED:
        # a spike more or less decides; half of one is where a median stands between two bursts
        return slack < ONE_SPIKE and deviation.found != deviation.reference
    return slack <= accuracy * abs(deviation.found)


def _is_expected(deviation: Deviation, macromodel: RegimeReport) -> bool:
    """Whether the macromodel predicts the number of spikes exactly: no accident of a simulation."""
    name = deviation.quantity
    return name in COUNTED and bool(getattr(macromodel, name) == deviation.found)


def _coincidence_is_close(found: Verdict, count: int) -> bool:
    """count: spikes of the circuit."""
    factor = found.coincidence
    step = max(0.05, MOVED_SPIKES / max(count, 1))
    return factor is not None and abs(factor - COINCIDENCE_LIMIT) <= step


def _disagreements(found: Verdict, accuracy: float) -> Iterator[str]:
    """Where the circuit's rhythm is not the macromodel's, to a few times the accuracy."""
    for deviation in found.deviations:
        error = deviation.error
        off = abs(deviation.found - deviation.reference)
        if deviation.quantity in COUNTED:
            differs = off >= ONE_SPIKE
        else:
            differs = error is not None and abs(error) > max(ALIKE, accuracy)
        if differs:
            what = QUANTITIES[deviation.quantity]
            yield f"macromodel and circuit disagree: {what} off by {error or 0:+.1%}"
