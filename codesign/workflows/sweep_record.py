"""The record of a sweep: what of its points is known, and whether it is of the same sweep."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from circuits.technology import Technology, nominal_corner
from codesign.measured_record import MeasuredRecord
from codesign.studies import identity
from codesign.sweep_axes import AxisValue
from codesign.sweep_study import SweepPoint, outcome_from_json
from codesign.workflows.characterize import models_for
from codesign.workflows.sweep_plan import SweepPlan
from codesign.workflows.validate import short_stimulus
from mapping.conditions import NOMINAL_TEMPERATURE
from mapping.mismatch_set import mismatch_content
from netlists.accuracy import Accuracy
from netlists.cell_benches import CellBenches
from neuron_model.errors import InputError
from neuron_model.model.neuron_file import neuron_to_toml


def known_points(plan: SweepPlan, path: Path | None, accuracy: Accuracy = Accuracy.AUTO) -> int:
    """How many points of ``plan`` the record at ``path`` holds; it need not be there.

    Raises:
        InputError: as :func:`open_record`.
    """
    if path is None or not path.exists():
        return 0
    known = open_record(plan, path, accuracy)
    return sum(str(number) in known for number in range(len(plan.points)))


def open_record(
    plan: SweepPlan, path: Path | None, accuracy: Accuracy = Accuracy.AUTO
) -> MeasuredRecord:
    """The record of ``plan`` at ``path``; None keeps it in memory.

    Raises:
        InputError: it is of another sweep: the text says what is different; or it is none.
    """
    now = description(plan, accuracy)
    # what JSON makes of it, to be compared with what JSON says
    now = json.loads(json.dumps(now))

    def refusal(known: str) -> str:
        try:
            before = json.loads(known)
            keys = dict.fromkeys((*before, *now))
            changed = [key for key in keys if before.get(key) != now.get(key)]
        except (ValueError, AttributeError, TypeError):
            before, changed = {}, []
        told = [_difference(key, before.get(key), now.get(key)) for key in changed[:4]]
        more = f", and {len(changed) - 4} more" if len(changed) > 4 else ""
        what = f" ({'; '.join(told)}{more})" if told else ""
        return (
            f"is the record of another sweep{what}; choose another folder, change the "
            "configuration back, or begin anew with --restart."
        )

    return MeasuredRecord(path, json.dumps(now), refusal)


def _difference(key: str, before: object, now: object) -> str:
    if before is None or now is None:
        return f"{key} is {'new' if before is None else 'not there any more'}"
    if key.partition(" ")[0] in ("neuron", "technology", "models", "steps", "coefficients"):
        return f"{key} is another one"
    return f"{key} = {_short(now)}, where the record has {_short(before)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def point_from_record(
    record: Path | None, number: int, values: Mapping[str, AxisValue], content: object
) -> SweepPoint:
    """A point as the record ``content`` has it.

    Raises:
        InputError: it makes no sense.
    """
    try:
        assert isinstance(content, dict)
        known = content["outcome"]
        outcome = None if known is None else outcome_from_json(known)
        return SweepPoint(number, values, outcome, str(content["reason"]))
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{record}: point {number} cannot be read ({error}).") from error


def description(plan: SweepPlan, accuracy: Accuracy = Accuracy.AUTO) -> dict[str, Any]:
    """What decides the outcomes, by what it is called: of a record.

    Raises:
        MissingDependencyError: no models.
    """
    configuration = plan.configuration
    content: dict[str, Any] = {"backend": configuration.backend}
    if configuration.backend == "ngspice":
        content["accuracy"] = accuracy.identity
    for name, neuron in plan.neurons.items():
        drive = neuron.drive
        content[f"neuron {name}"] = _hash(neuron_to_toml(neuron.parameters))
        content[f"current of {name}"] = short_stimulus(drive.stimulus)
        content[f"steps of {name}"] = _hash([drive.stimulus.times, drive.stimulus.values])
        content[f"duration of {name}"] = drive.duration
    for name, technology in plan.technologies.items():
        cells = CellBenches(technology, "", NOMINAL_TEMPERATURE).cells()
        models = models_for(technology, nominal_corner(technology), cells)
        content[f"technology {name}"] = _technology_hash(technology)
        content[f"models of {name}"] = models.content_hash
    for axis in plan.axes:
        content[f"axes.{axis.name}"] = list(axis.values)
    content["order of axes"] = [axis.name for axis in plan.axes]
    # all that may be set of it, what is added tomorrow as well
    settings = identity.content(configuration.mismatch)["fields"]
    content |= {f"mismatch.{name}": value for name, value in settings.items()}
    if configuration.mismatch.samples:
        content["seed"] = configuration.seed
        for name, technology in plan.technologies.items():
            content[f"mismatch.set of {name}"] = technology.mismatch.name
            content[f"coefficients of {name}"] = _hash(mismatch_content(technology.mismatch))
    return content


def _technology_hash(technology: Technology) -> str:
    """Of everything but where files lie, what it is called and how devices differ."""
    content = asdict(replace(technology, description=""))
    for key in ("models", "mismatch", "mismatch_sets"):
        del content[key]
    return _hash(content)


def _hash(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(_finite(content), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return str(content) if isinstance(content, float) and not math.isfinite(content) else content
