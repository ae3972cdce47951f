"""A bench as a deck: for the engine, and as a file that plain ``ngspice -b`` runs.

Both come from one PySpice circuit and one list of commands, so that both give the same numbers.
"""

import logging
import re
from collections.abc import Sequence

from PySpice.Spice.Netlist import Circuit
from PySpice.Spice.Simulation import (
    CircuitSimulator,
    DCAnalysisParameters,
    NoiseAnalysisParameters,
    OperatingPointAnalysisParameters,
    TransientAnalysisParameters,
)

from netlists.bench import (
    Alteration,
    Bench,
    Capacitor,
    CurrentSource,
    DCSweep,
    NoiseSpectrum,
    OperatingPoint,
    PiecewiseLinear,
    Resistor,
    Step,
    TransientNoise,
    Transresistance,
    VoltageSource,
    Waveform,
)
from netlists.job import Command, Job
from netlists.rhythm_lines import RhythmMeasurement
from netlists.safe_text import check_file_name

# It warns of harmless things, such as nodes whose names are words of Python.
logging.getLogger("PySpice").addHandler(logging.NullHandler())
logging.getLogger("PySpice").propagate = False

# The temperature of models that say none of their own, where a library gives it.
_NOMINAL = re.compile(r"^\.opt\w*\s(?:[^\n]|\n\+)*?\btnom\s*=", re.IGNORECASE | re.MULTILINE)

_POINTS_PER_LINE = 3
# A waveform of no more points than that stands on one line, where editors of netlists find it.
_FEW_POINTS = 40

# Looser tolerances for a circuit that has no solution with its own: by what factors, up to what.
_LOOSENED = (1.0, 10.0, 100.0, 1000.0)
_LOOSEST = {"reltol": 1e-3, "abstol": 1e-13, "vntol": 1e-6}


def build_job(bench: Bench) -> Job:
    """What a worker needs to run the bench, with models and cells in the deck."""
    text = str(_simulator(bench, [bench.models, bench.cells]))
    return Job(text, tuple(command(step) for step in bench.analyses), _tolerances(bench))


def _tolerances(bench: Bench) -> tuple[str, ...]:
    """The bench's tolerances, then looser ones, each ten times those before up to their limits."""
    lines: dict[str, None] = {}
    for factor in _LOOSENED:
        words = ["option"]
        for name, loosest in _LOOSEST.items():
            own = float(bench.options[name])
            words.append(f"{name}={max(own, min(own * factor, loosest))!r}")
        lines[" ".join(words)] = None
    return tuple(lines)


def deck_text(
    bench: Bench,
    include_models: str = "models.spice",
    include_cells: Sequence[str] = ("neuron.spice",),
    raw_file: str = "testbench.raw",
    rhythm: RhythmMeasurement | None = None,
) -> str:
    """The bench as a file that ``ngspice -b`` runs, in the folder where the named files lie.

    Models and cells are included from these files, not written out. The analyses' waveforms are
    written to ``raw_file``, one plot after the other. ngspice ends with status 0 if all went
    well, and with 1 at the first analysis that failed. ``rhythm``: is measured of the last
    analysis, and printed.

    Raises:
        InputError: a name is not that of a file in the same folder.
    """
    files = [include_models, *include_cells]
    includes = [f".include {check_file_name(name, 'A file to include')}" for name in files]
    check_file_name(raw_file, "The raw file")
    # One thread: neurons are small, and on shared cores a second thread costs much time.
    control = [".control", "set num_threads=1", "set filetype=binary", "unset appendwrite"]
    for step in bench.analyses:
        line = command(step)
        control.append(line.text)
        if line.makes_plot:
            control += ["if $sim_status", "  quit 1", "end"]
            if isinstance(step, NoiseSpectrum):
                # ngspice ends at a second plot, of what it integrated over the frequencies
                control.append("setplot previous")
            control += [f"write {raw_file}", "set appendwrite"]
    if rhythm is not None:
        control += rhythm.lines()
    control += ["quit 0", ".endc"]
    shown = " ".join(name for name in bench.save if name.startswith("v(")) or "all"
    includes = [
        f"* waveforms go to {raw_file}: ngspice, then `load {raw_file}` and `plot {shown}`",
        *includes,
    ]
    text = str(_simulator(bench, includes))
    return text.removesuffix(".end\n") + "\n".join([*control, ".end", ""])


class _Deck(CircuitSimulator):
    """A circuit with its options as text; PySpice's own for ngspice loads cffi to run it too."""

    SIMULATOR = "ngspice"


def _simulator(bench: Bench, blocks: Sequence[str]) -> _Deck:
    circuit = Circuit(bench.title)
    comments = "".join(f"* {comment}\n" for comment in bench.comments)
    # PySpice keeps what is saved in a set, which has another order in every process.
    saved = [f".save {name}" for name in bench.save]
    circuit.raw_spice = comments + "".join(block.rstrip("\n") + "\n" for block in [*blocks, *saved])
    for element in bench.sources:
        name, nodes = element.name[1:], (element.positive, element.negative)
        match element:
            case VoltageSource():
                circuit.V(name, *nodes, _source_text(element))
            case CurrentSource():
                circuit.I(name, *nodes, _source_text(element))
            case Transresistance():
                circuit.H(name, *nodes, element.measured, repr(float(element.resistance)))
            case Resistor():
                circuit.R(name, *nodes, raw_spice=repr(float(element.resistance)))
            case Capacitor():
                circuit.C(name, *nodes, raw_spice=repr(float(element.capacitance)))
    for instance in bench.instances:
        circuit.X(instance.name[1:], instance.cell, *instance.nodes)
    simulator = _Deck(circuit, temperature=bench.temperature, nominal_temperature=27.0)
    if _NOMINAL.search(bench.models):
        # what the library says: the last option counts, and PySpice writes one in any case
        del simulator._options["TNOM"]
    simulator.options(**bench.options)
    if bench.initial_voltages:
        simulator.initial_condition(**bench.initial_voltages)
    return simulator


def command(step: Step) -> Command:
    """What ngspice is told for one step of a bench."""
    match step:
        case Alteration():
            value = repr(float(step.value))
            return Command(f"alter @{step.device}[{step.parameter}] = {value}", makes_plot=False)
        case OperatingPoint():
            card = OperatingPointAnalysisParameters()
        case DCSweep():
            sweeps = [step] if step.outer is None else [step, step.outer]
            card = DCAnalysisParameters(**{sweep.source: _range(sweep) for sweep in sweeps})
        case NoiseSpectrum():
            card = NoiseAnalysisParameters(
                f"v({step.output})",
                step.source,
                "dec",
                int(step.points),
                float(step.start),
                float(step.stop),
                0,
            )
        case _:
            card = TransientAnalysisParameters(
                float(step.max_step),
                float(step.end),
                float(step.start),
                float(step.max_step),
                step.use_initial_conditions,
            )
    return Command(str(card).removeprefix(".").rstrip(), makes_plot=True)


def _range(sweep: DCSweep) -> slice:
    # ngspice adds up the step and may come to miss the last point by rounding: it is told to stop
    # half a step later.
    stop = sweep.start + (sweep.own_points - 0.5) * sweep.step
    return slice(float(sweep.start), float(stop), float(sweep.step))


def _source_text(source: VoltageSource | CurrentSource) -> str:
    text = _waveform_text(source.waveform)
    if not source.alternating:
        return text
    # before a waveform in time, which ends what ngspice reads of a source
    level, rest = text.split(maxsplit=2)[1], text.split(maxsplit=2)[2:]
    return " ".join(["dc", level, f"ac {float(source.alternating)!r}", *rest])


def _waveform_text(waveform: Waveform) -> str:
    if isinstance(waveform, TransientNoise):
        numbers = (waveform.rms, waveform.interval, waveform.exponent, waveform.flicker)
        rms, interval, exponent, flicker = (repr(float(number)) for number in numbers)
        # an exponent of 0 is how ngspice knows that there is no flicker
        slow = f"{exponent} {flicker}" if waveform.flicker > 0 else "0 0"
        return f"dc 0 trnoise({rms} {interval} {slow})"
    if not isinstance(waveform, PiecewiseLinear):
        return f"dc {waveform!r}"
    pairs = [
        f"{time!r} {value!r}"
        for time, value in zip(waveform.times.tolist(), waveform.values.tolist(), strict=True)
    ]
    start = waveform.values.item(0)
    if (waveform.values == start).all():
        return f"dc {start!r}"
    # The DC value makes operating points begin where the waveform does.
    if len(pairs) <= _FEW_POINTS:
        return f"dc {start!r} pwl({' '.join(pairs)})"
    lines = [
        " ".join(pairs[first : first + _POINTS_PER_LINE])
        for first in range(0, len(pairs), _POINTS_PER_LINE)
    ]
    return f"dc {start!r} pwl(\n+ " + "\n+ ".join(lines) + "\n+ )"
