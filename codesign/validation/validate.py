"""Simulate a circuit and judge it against its model and against what was built."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from codesign.building.circuit import Circuit
from codesign.validation.close_calls import close_calls
from codesign.validation.validation import CurveComparison, NeuronValidation, Supply, Waveform
from codesign.workbench import Workbench
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.bench import Bench
from netlists.engine import Result
from netlists.neuron_benches import Response, iv_curve, response
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.analysis.regimes import RegimeReport, classify
from neuron_model.analysis.rhythm import FAST_TOLERANCE, about_to_change, boundary_note, watched
from neuron_model.analysis.simulation import Trajectory, default_duration
from neuron_model.analysis.verdicts import (
    COINCIDENCE_LIMIT,
    IV_LIMIT,
    SPIKE_FOR_SPIKE,
    Verdict,
    count_note,
    timing,
    verdict,
)
from neuron_model.errors import SimulatorError
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters, Timescale
from neuron_model.model.stimulus import Stimulus

IV_RANGE = (-3.0, 3.0)
_IV_STEP = 0.05
_PLOT_POINTS = 4000
# A leak that saturates further out than this is the circuit's own for what a neuron does.
_LINEAR_ENOUGH = 5.0


@dataclass(frozen=True)
class DrivenCircuit:
    """One neuron to validate and what drives it."""

    built: Circuit
    drive: Drive

    def benches(self, accuracy: Accuracy = Accuracy.TIGHT) -> tuple[Bench, ...]:
        """I-V curves fast to ultraslow, then the response in time."""
        return self.curves(), self.response(accuracy)

    def curves(self) -> Bench:
        """I-V curves fast to ultraslow."""
        rest = float(self.built.parameters[0].u_rest)
        return self.built.benches.iv_of_all(*IV_RANGE, _IV_STEP, rest)

    def response(self, accuracy: Accuracy) -> Bench:
        """The response in time."""
        stimulus = self.drive.stimulus
        return self.built.benches.at(accuracy).transient(
            np.array(stimulus.times), np.array(stimulus.values), self.drive.duration
        )


@dataclass(frozen=True, eq=False)
class Expected:
    """How model and macromodel fire under the drive of a task, and their runs."""

    model: tuple[RegimeReport, Trajectory]
    macromodel: tuple[RegimeReport, Trajectory]


def expected(task: DrivenCircuit, accuracy: Accuracy = Accuracy.TIGHT) -> Expected:
    """What the circuit of a task is compared with, as exact as its simulation."""
    built, drive = task.built, task.drive
    tolerance = FAST_TOLERANCE if accuracy is Accuracy.FAST else None
    return Expected(watched(built.parameters[0], drive), watched(built.predicted, drive, tolerance))


def validate(
    tasks: Sequence[DrivenCircuit],
    workbench: Workbench,
    accuracy: Accuracy = Accuracy.AUTO,
) -> tuple[NeuronValidation, ...]:
    """Run every bench of ``tasks`` in ngspice, side by side, and compare.

    With AUTO, a response whose verdict hangs on its accuracy is simulated again, see
    :func:`doubts`.

    Raises:
        SimulatorError: a circuit could not be simulated.
    """
    found: dict[int, NeuronValidation] = {}
    for index, outcome in attempted(tasks, workbench, accuracy):
        if isinstance(outcome, SimulatorError):
            raise outcome
        found[index] = outcome
    return tuple(found[index] for index in range(len(tasks)))


def attempted(
    tasks: Sequence[DrivenCircuit],
    workbench: Workbench,
    accuracy: Accuracy = Accuracy.AUTO,
) -> Iterator[tuple[int, NeuronValidation | SimulatorError]]:
    """As :func:`validate`, (place in ``tasks``, outcome) as soon as it is known, or the failure.

    What is simulated again comes last.
    """
    # several drives of one circuit share its curves
    owners = {id(task.built): i for i, task in reversed(list(enumerate(tasks)))}
    jobs = []
    for i, task in enumerate(tasks):
        jobs.append(task.response(accuracy.first))
        if owners[id(task.built)] == i:
            jobs.append(task.curves())
    results = _counted(workbench, jobs, "simulating in ngspice")
    curves: dict[int, Result | SimulatorError] = {}
    again: dict[int, tuple[str, ...]] = {}
    for i, task in enumerate(tasks):
        response, key = next(results), id(task.built)
        if owners[key] == i:
            curves[key] = next(results)
        against = expected(task, accuracy.first)
        found = _compared(task, curves[key], response, against, accuracy.first)
        why: tuple[str, ...] = ()
        if accuracy.repeats and not isinstance(found, SimulatorError):
            why = doubts(task, found)
        if why:
            again[i] = why
        else:
            yield i, found
    tight = [tasks[i].response(Accuracy.TIGHT) for i in again]
    repeated = _counted(workbench, tight, REPEATING)
    for (i, why), response in zip(again.items(), repeated, strict=True):
        task = tasks[i]
        known = curves[id(task.built)]
        found = _compared(task, known, response, expected(task), Accuracy.TIGHT)
        yield i, found if isinstance(found, SimulatorError) else replace(found, repeated=why)


def _counted(
    workbench: Workbench, benches: Sequence[Bench], what: str
) -> Iterator[Result | SimulatorError]:
    for done, result in enumerate(workbench.engine.attempt(benches), start=1):
        workbench.progress(done, len(benches), what)
        yield result


def _compared(
    task: DrivenCircuit,
    curves: Result | SimulatorError,
    response: Result | SimulatorError,
    against: Expected,
    accuracy: Accuracy,
) -> NeuronValidation | SimulatorError:
    if isinstance(response, SimulatorError):
        return response
    if isinstance(curves, SimulatorError):
        return curves
    found = compare(task, (curves, response), against)
    return replace(found, accuracy=accuracy)


REPEATING = "simulating again with tight tolerances what the verdict hangs on"


def doubts(task: DrivenCircuit, found: NeuronValidation) -> tuple[str, ...]:
    """Why the verdict on a fast simulation may hang on its accuracy, in words; none: it stands.

    A verdict is close, macromodel and circuit disagree, or the rhythm is about to change: the
    neuron of the macromodel fires otherwise when it is perturbed.
    """
    close = close_calls(found, FAST_ERROR)
    if close or found.driven:
        return close
    note = about_to_change(task.built.predicted, task.drive, found.macromodel)
    return (note,) if note else ()


def circuit_regime(built: Circuit, result: Response, onset: float) -> RegimeReport:
    """The regime of a circuit's response, by the judge that the model has."""
    threshold = float(built.parameters[0].u_threshold)
    return classify(result.time, result.membrane, onset, threshold)


def compare(
    task: DrivenCircuit, results: Sequence[Result], against: Expected | None = None
) -> NeuronValidation:
    """The verdict on one neuron from the results of :meth:`DrivenCircuit.benches`."""
    against = expected(task) if against is None else against
    built, drive = task.built, task.drive
    swept, in_time = results
    model = built.parameters[0]
    curves = tuple(
        _curve(built, timescale, *iv_curve(swept, built.design, number))
        for number, timescale in enumerate(Timescale)
    )
    run = response(in_time, built.design)
    circuit = circuit_regime(built, run, drive.onset)
    (of_model, model_run), (of_built, built_run) = against.model, against.macromodel
    shaped = is_circuit_shaped(model)
    on_model = verdict(of_model, circuit, drive.driven)
    against_model = timing(of_model, circuit, drive.driven)
    judged = {"the model": on_model} if shaped else {}
    judged["the macromodel"] = verdict(of_built, circuit, drive.driven)
    note = None if drive.driven else boundary_note(built.predicted, drive, of_built, circuit)
    more = count_note(on_model, against_model)
    return NeuronValidation(
        name=model.name,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        iv=curves,
        model=of_model,
        macromodel=of_built,
        circuit=circuit,
        waveforms={
            "model": thinned(model_run.time, model_run.voltage),
            "macromodel": thinned(built_run.time, built_run.voltage),
            "circuit": thinned(run.time, run.membrane),
        },
        against_model=against_model,
        against_macromodel=timing(of_built, circuit, drive.driven),
        circuit_shaped=shaped,
        supply=supply(built, run, circuit, drive),
        driven=drive.driven,
        reasons=(
            *_curve_reasons(curves),
            *(() if drive.driven else _regime_reasons(of_model, circuit)),
            *(_rhythm_reason(found, who) for who, found in judged.items() if not reached(found)),
        ),
        notes=(*built.design.notes, *(each for each in (note, more) if each)),
        units={
            "voltage": built.design.unit_voltage,
            "current": built.design.unit_current,
            "time": built.design.time_unit,
            "reference": built.design.reference_voltage,
        },
    )


def is_circuit_shaped(model: NeuronParameters) -> bool:
    """Whether the model has OTA filters and a leak as linear as the circuit's."""
    filters = all(model.filter(x).kappa > 0 for x in model.timescales if not model.is_instant(x))
    return filters and float(model.leak.range) >= _LINEAR_ENOUGH


def thinned(time: np.ndarray, voltage: np.ndarray) -> Waveform:
    """At most some thousand points that keep every extreme and every slope, for plots.

    Half of them are evenly spaced along the drawn line, the others are the lowest and the highest
    of each stretch of time.
    """
    if time.size <= _PLOT_POINTS:
        return Waveform(time, voltage)
    rise = np.abs(np.diff(voltage)) / max(float(np.ptp(voltage)), 1e-12)
    length = np.concatenate(([0.0], np.cumsum(rise + 20.0 * np.diff(time) / np.ptp(time))))
    along = np.searchsorted(length, np.linspace(0.0, length[-1], _PLOT_POINTS // 2))
    keep = {0, time.size - 1, *(int(k) for k in np.minimum(along, time.size - 1))}
    for chunk in np.array_split(np.arange(time.size), _PLOT_POINTS // 4):
        keep.add(int(chunk[np.argmin(voltage[chunk])]))
        keep.add(int(chunk[np.argmax(voltage[chunk])]))
    order = np.array(sorted(keep))
    return Waveform(time[order], voltage[order])


def _curve(
    built: Circuit, timescale: Timescale, voltage: np.ndarray, circuit: np.ndarray
) -> CurveComparison:
    model = built.parameters[0]
    wanted = iv_curves(model, voltage, operating_point=float(model.u_rest)).at(timescale)
    expected = built_curves(built.predicted, model, voltage)[timescale]
    height = float(wanted.max() - wanted.min())
    error = circuit - wanted
    return CurveComparison(
        timescale=timescale,
        voltage=voltage,
        model=wanted,
        macromodel=expected,
        circuit=circuit,
        nrmse=float(np.sqrt(np.mean(error**2)) / height),
        largest=float(np.max(np.abs(error)) / height),
        nrmse_macromodel=float(np.sqrt(np.mean((circuit - expected) ** 2)) / height),
    )


def built_curves(
    built: NeuronParameters, model: NeuronParameters, voltage: np.ndarray
) -> dict[Timescale, np.ndarray]:
    """I-V curves of parameters of the macromodel, to be compared with the model's; each (points,).

    Offset currents are part of the bias of the macromodel: what is beyond the trained one is error.
    """
    curves = iv_curves(built, voltage, operating_point=float(model.u_rest))
    beyond = float(built.i_bias) - float(model.i_bias)
    return {timescale: curves.at(timescale) - beyond for timescale in Timescale}


def curve_errors(built: NeuronParameters, model: NeuronParameters) -> dict[Timescale, float]:
    """nrmse of each curve of ``built`` over IV_RANGE, as :class:`CurveComparison` has it."""
    voltage = np.arange(IV_RANGE[0], IV_RANGE[1] + _IV_STEP / 2, _IV_STEP)
    wanted = iv_curves(model, voltage, operating_point=float(model.u_rest))
    return {
        timescale: float(np.sqrt(np.mean((curve - wanted.at(timescale)) ** 2)))
        / float(np.ptp(wanted.at(timescale)))
        for timescale, curve in built_curves(built, model, voltage).items()
    }


def supply(built: Circuit, run: Response, circuit: RegimeReport, drive: Drive) -> Supply:
    """What the circuit drew from its supply."""
    volts, time = built.design.supply, run.time
    after = time >= drive.onset
    power = volts * run.supply_current
    mean = float(np.trapezoid(power[after], time[after]) / (time[after][-1] - time[after][0]))
    seconds = (drive.duration - drive.onset) * built.design.time_unit
    count = circuit.spike_count
    return Supply(
        static_power=float(power[0]),
        mean_power=mean,
        energy_per_spike=mean * seconds / count if count else None,
    )


def reached(found: Verdict) -> bool:
    """Whether a comparison reaches what :data:`.verdicts.PASSED` asks of a rhythm.

    Not asked here is the regime, which is judged by the model's alone.
    """
    if found.regime_kept is None and found.spike_for_spike:
        return True
    return not found.exceeded


def _curve_reasons(curves: Sequence[CurveComparison]) -> list[str]:
    return [
        f"the {c.timescale} I-V curve is off by {c.nrmse:.1%} (nrmse; {IV_LIMIT:.0%} is allowed)"
        for c in curves
        if not c.nrmse <= IV_LIMIT
    ]


def _regime_reasons(model: RegimeReport, circuit: RegimeReport) -> list[str]:
    if circuit.regime == model.regime:
        return []
    return [f"the model is {model.regime.words}, the circuit {circuit.regime.words}"]


def _rhythm_reason(found: Verdict, who: str) -> str:
    off = ", ".join(map(str, found.exceeded))
    text = f"the rhythm of {who} is not kept: {off}"
    if found.regime_kept is None:
        text += (
            f", nor is it {SPIKE_FOR_SPIKE} (coincidence factor {found.coincidence:.2f}; "
            f"{COINCIDENCE_LIMIT:g} is asked for)"
        )
    return text


def short_stimulus(stimulus: Stimulus) -> str:
    """The steps as the command line takes them, or how many there are where that is long."""
    text = ",".join(f"{t:g}:{v:g}" for t, v in zip(stimulus.times, stimulus.values, strict=True))
    return text if len(text) <= 200 else f"{len(stimulus.times)} steps"


def default_task_duration(model: NeuronParameters, stimulus: Stimulus) -> float:
    """How long a validation runs unless told."""
    return default_duration(model[0], stimulus)
