"""A sweep as a study: from its plan to its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from circuits.technology import Technology, nominal_corner
from codesign.studies.failure import Failure, Kind
from codesign.studies.identity import JSON
from codesign.studies.record import Record
from codesign.studies.study import FinitePlan, Point, Results, Study
from codesign.studies.sweep.axes import AxisValue
from codesign.studies.sweep.outcome import PointOutcome, outcome_from_json
from codesign.studies.sweep.plan import SweepPlan
from codesign.studies.sweep.results import SweepPoint, SweepResults
from codesign.studies.sweep.situation import NOMINAL
from codesign.studies.sweep.task import SweepTask
from codesign.validation.validate import short_stimulus
from mapping.conditions import NOMINAL_TEMPERATURE
from mapping.mismatch_set import MismatchSet
from netlists.accuracy import Accuracy
from netlists.cell_benches import CellBenches
from netlists.cells.characterize import models_for
from neuron_model.errors import InputError

SWEEPING = "sweeping"
"""What progress says."""


def sweep_study(
    plan: SweepPlan, accuracy: Accuracy = Accuracy.AUTO, samples_folder: Path | None = None
) -> Study:
    """The study of ``plan``: its points by their numbers.

    Args:
        plan: the sweep.
        accuracy: of points in ngspice.
        samples_folder: keeps the samples of each point that ngspice simulates.

    Raises:
        MissingDependencyError: no models.
    """
    configuration = plan.configuration
    drawn = bool(configuration.mismatch.samples)
    simulated = configuration.backend == "ngspice"
    technologies = (
        plan.technologies
        if drawn
        else {
            # how devices differ decides nothing where none is drawn
            name: replace(each, mismatch=MismatchSet())
            for name, each in plan.technologies.items()
        }
    )
    task = SweepTask(
        neurons=plan.neurons,
        technologies=technologies,
        models={n: _models(t, plan) for n, t in plan.technologies.items()},
        backend=configuration.backend,
        seed=configuration.seed if drawn else 0,
        mismatch=configuration.mismatch,
        accuracy=accuracy if simulated else Accuracy.AUTO,
        samples_folder=str(samples_folder or ""),
    )
    points = [Point(str(number), values) for number, values in enumerate(plan.points)]
    axes = {axis.name: list(axis.values) for axis in plan.axes}
    identity = {"axes": axes, "order_of_axes": list(axes)}
    return Study("sweep", FinitePlan(points), task, identity, SWEEPING)


def known_points(study: Study, record: Path | None) -> int:
    """How many points of a sweep its record holds; it need not be there.

    Raises:
        InputError: it is of another sweep, or cannot be read.
    """
    entries = Record.read(record, study.head)
    return sum(not (isinstance(e, Failure) and e.again) for e in entries.values())


def sweep_results(plan: SweepPlan, found: Results) -> SweepResults:
    """What became of every point.

    Raises:
        InputError: an outcome of the record makes no sense.
    """
    configuration = plan.configuration
    return SweepResults(
        backend=configuration.backend,
        axes=plan.axes,
        shown=plan.shown,
        drives={
            name: (short_stimulus(n.drive.stimulus), n.drive.duration)
            for name, n in plan.neurons.items()
        },
        seed=configuration.seed,
        samples=configuration.mismatch.samples,
        mismatch_sets={n: t.mismatch.name for n, t in plan.technologies.items()},
        least_yield=configuration.mismatch.least_yield,
        points=tuple(_point(number, values, found) for number, values in enumerate(plan.points)),
    )


def _point(number: int, values: Mapping[str, AxisValue], found: Results) -> SweepPoint:
    key = str(number)
    if key in found.failures:
        failure = found.failures[key]
        failed = failure.kind is not Kind.INPUT
        return SweepPoint(number, values, None, failure.reason, failed)
    return SweepPoint(number, values, _outcome(number, found.outcomes[key], found.record))


def _outcome(number: int, content: JSON, record: Path | None) -> PointOutcome:
    try:
        return outcome_from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{record}: point {number} cannot be read ({error}).") from error


def _models(technology: Technology, plan: SweepPlan) -> dict[str, str]:
    """Content of the models of the technology's cells, by the corners that points ask for."""
    nominal = nominal_corner(technology)
    asked = {str(v) for axis in plan.axes if axis.name == "corner" for v in axis.values}
    corners = {nominal if c == NOMINAL else c for c in asked} & set(technology.corners)
    cells = CellBenches(technology, "", NOMINAL_TEMPERATURE).cells()
    return {
        corner: models_for(technology, corner, cells).content_hash
        for corner in sorted(corners | {nominal})
    }
