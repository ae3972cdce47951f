"""Results together: a table for people, one for programs, and the picture."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from benchmarks.mackey_glass.run import Result, Score
from benchmarks.mackey_glass.settings import MODELS

MEASURES = {
    "stream_nrmse": "NRMSE, one run",
    "nrmse": "NRMSE, windows",
    "rate_sparsity": "rate sparsity",
    "duty_cycle_sparsity": "duty-cycle sparsity",
    "synaptic_operations": "synaptic operations",
}
"""Fields of ``Score``, and how they are called in the table."""

_AXES = {
    "duty_cycle_sparsity": "activity (fraction of neuron-steps with s > 0)",
    "rate_sparsity": "spikes per neuron and step",
}
_COLORS = {"mtc": "#0072b2", "adlif": "#d55e00", "lif": "#009e73", "mtc_ota": "#cc79a7"}
_MARKERS = {"mtc": "o", "adlif": "s", "lif": "^", "mtc_ota": "D"}


@dataclass(frozen=True)
class Row:
    """A model over its seeds, on the test part: mean and sample deviation of each measure.

    state: as in :class:`~benchmarks.mackey_glass.run.Result`.
    """

    model: str
    state: str
    parameters: int
    seeds: int
    mean: Score
    deviation: Score


def make_row(results: Sequence[Result]) -> Row:
    """The row of one model's results, at least two."""
    columns = {name: [getattr(r.test, name) for r in results] for name in MEASURES}
    return Row(
        results[0].model,
        results[0].state,
        results[0].parameters,
        len(results),
        Score(**{name: statistics.mean(values) for name, values in columns.items()}),
        Score(**{name: statistics.stdev(values) for name, values in columns.items()}),
    )


def markdown(rows: Sequence[Row]) -> str:
    """Mean and deviation over the seeds, and the first model relative to each of the others."""
    lines = [
        "| model | parameters | seeds | " + " | ".join(MEASURES.values()) + " |",
        "|---" * (3 + len(MEASURES)) + "|",
    ]
    for row in rows:
        cells = [
            " ± ".join(
                f"{getattr(score, name):{_shape(name)}}" for score in (row.mean, row.deviation)
            )
            for name in MEASURES
        ]
        heads = f"| {_title(row)} | {row.parameters} | {row.seeds} | "
        lines.append(heads + " | ".join(cells) + " |")
    first = rows[0]
    for row in [row for row in rows[1:] if row.state == first.state]:
        cells = [f"{getattr(first.mean, n) / getattr(row.mean, n):.2f}" for n in MEASURES]
        title = f"{MODELS[first.model]} / {MODELS[row.model]}"
        lines.append(f"| {title} | | | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _title(row: Row) -> str:
    return MODELS[row.model] + ("" if row.state == "carried" else ", trained from rest")


def _shape(measure: str) -> str:
    return ".0f" if measure == "synaptic_operations" else ".4f"


def comma_separated(results: Sequence[Result]) -> str:
    """A row for each network."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    plain = [f.name for f in fields(Result) if f.name not in ("test", "validation")]
    parts = [f"{part}_{name}" for part in ("test", "validation") for name in MEASURES]
    writer.writerow([*plain, *parts])
    for result in results:
        entry: dict[str, Any] = asdict(result)
        scores = [entry[part][name] for part in ("test", "validation") for name in MEASURES]
        writer.writerow([*(entry[name] for name in plain), *scores])
    return stream.getvalue()


def picture(chosen: Sequence[Result], others: Sequence[Result]) -> bytes:
    """NRMSE against both sparsity measures, a PNG.

    Args:
        chosen: the networks of the table, filled. others: with other activity weights, hollow.
    """
    with matplotlib.rc_context(
        {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for axis, name in zip(axes, ("duty_cycle_sparsity", "rate_sparsity"), strict=True):
            for results, hollow in ((others, True), (chosen, False)):
                for model, title in MODELS.items():
                    of = [r.test for r in results if r.model == model]
                    if of:
                        axis.plot(
                            [getattr(score, name) for score in of],
                            [score.stream_nrmse for score in of],
                            _MARKERS[model],
                            color=_COLORS[model],
                            fillstyle="none" if hollow else "full",
                            markersize=5,
                            label=None if hollow else title,
                        )
            axis.set_xscale("log")
            low, high = axis.get_xlim()
            axis.set_xlim(min(low, 0.005), max(high, 0.6))
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_formatter("")
            axis.set_xlabel(_AXES[name])
            axis.grid(alpha=0.3, linewidth=0.5)
        axes[0].set_ylim(
            0.0, 1.1 * max((r.test.stream_nrmse for r in (*chosen, *others)), default=1.0)
        )
        axes[0].set_ylabel("test NRMSE in one run, 135 units ahead")
        if chosen:
            axes[0].legend(frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=150)
    return stream.getvalue()
