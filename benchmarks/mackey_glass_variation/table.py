"""Seeds together: two tables for people, and the picture."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.mackey_glass_variation.run import PUBLISHED_STEPS, STEPS, Seed


@dataclass(frozen=True)
class Kind:
    """A row of samples: what it is called in the table and in the picture, and where it stands."""

    title: str
    label: str
    errors: Callable[[Seed], tuple[float, ...]]


@dataclass(frozen=True)
class Group:
    """Rows of one training: its name, color, NRMSE of its model, and its rows."""

    title: str
    color: str
    nominal: Callable[[Seed], float]
    kinds: tuple[Kind, ...]


GROUPS = (
    Group(
        "trained without samples",
        "#0072b2",
        lambda s: s.nominal.nominal[0],
        (
            Kind("trained without samples", "as trained", lambda s: s.nominal.samples),
            Kind(
                "the same, one readout fitted to other samples",
                "one readout\nfor all samples",
                lambda s: s.nominal.common_readout,
            ),
            Kind(
                "the same, a readout fitted to each sample",
                "a readout\nfor each sample",
                lambda s: s.nominal.own_readouts,
            ),
            Kind(
                "the same, neurons calibrated",
                "calibrated",
                lambda s: s.nominal_calibrated.samples,
            ),
            Kind(
                "calibrated, a readout fitted to each sample",
                "calibrated,\na readout\nfor each sample",
                lambda s: s.nominal_calibrated.own_readouts,
            ),
        ),
    ),
    Group(
        "trained with variation",
        "#d55e00",
        lambda s: s.with_variation.nominal[0],
        (
            Kind("trained with variation", "as trained", lambda s: s.with_variation.samples),
            Kind(
                "the same, with 16 steps a sample",
                "as trained,\n16 steps",
                lambda s: s.with_variation.samples_finer,
            ),
            Kind(
                "the same, a readout fitted to each sample",
                "a readout\nfor each sample",
                lambda s: s.with_variation.own_readouts,
            ),
        ),
    ),
    Group(
        "trained on calibrated samples",
        "#009e73",
        lambda s: s.on_calibrated.nominal[0],
        (
            Kind(
                "trained on calibrated samples, calibrated",
                "calibrated",
                lambda s: s.on_calibrated.samples,
            ),
            Kind(
                "the same, with 16 steps a sample",
                "calibrated,\n16 steps",
                lambda s: s.on_calibrated.samples_finer,
            ),
            Kind(
                "the same, a readout fitted to each sample",
                "calibrated,\na readout\nfor each sample",
                lambda s: s.on_calibrated.own_readouts,
            ),
        ),
    ),
)


def markdown(seeds: Sequence[Seed]) -> str:
    """NRMSE over time steps, mean over the seeds; NRMSE of the samples of all seeds."""
    networks = (
        ("published, trained at 1", PUBLISHED_STEPS, [s.published for s in seeds]),
        ("trained at 4", STEPS, [s.nominal.nominal for s in seeds]),
        ("the same, trained with variation at 2", STEPS, [s.with_variation.nominal for s in seeds]),
        (
            "the same, trained on calibrated samples at 2",
            STEPS,
            [s.on_calibrated.nominal for s in seeds],
        ),
    )
    every = sorted({*PUBLISHED_STEPS, *STEPS})
    lines = [
        "| network, steps a sample | " + " | ".join(map(str, every)) + " |",
        "|---" * (1 + len(every)) + "|",
    ]
    for title, steps, values in networks:
        means = dict(zip(steps, map(_mean, zip(*values, strict=True)), strict=True))
        cells = [f"{means[n]:.3f}" if n in means else "" for n in every]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    samples = sum(len(s.nominal.samples) for s in seeds)
    lines += ["", f"| {samples} samples | best | median | worst |", "|---|---|---|---|"]
    for kind in (kind for group in GROUPS for kind in group.kinds):
        errors = _errors(kind, seeds)
        found = min(errors), statistics.median(errors), max(errors)
        lines.append(f"| {kind.title} | " + " | ".join(f"{x:.3f}" for x in found) + " |")
    return "\n".join(lines) + "\n"


def _mean(values: Iterable[float]) -> float:
    return statistics.mean(values)


def _errors(kind: Kind, seeds: Sequence[Seed]) -> list[float]:
    return [error for seed in seeds for error in kind.errors(seed)]


def picture(seeds: Sequence[Seed]) -> bytes:
    """Each sample's NRMSE, by network and readout, a PNG; lines: medians and nominal models."""
    with matplotlib.rc_context(
        {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(11.8, 4.2), layout="constrained")
        axis = figure.subplots()
        labels: dict[float, str] = {}
        for number, group in enumerate(GROUPS):
            places = [len(labels) + i + _GAP * number for i in range(len(group.kinds))]
            for place, kind in zip(places, group.kinds, strict=True):
                _samples(axis, place, sorted(_errors(kind, seeds)), group.color)
                labels[place] = kind.label
            left, right = places[0] - 0.45, places[-1] + 0.45
            nominal = _mean(group.nominal(s) for s in seeds)
            axis.hlines(nominal, left, right, color=group.color, linestyle="--", linewidth=1)
            _remark(axis, f"model {nominal:.2f}", right, nominal)
            axis.text(
                (left + right) / 2,
                1.02,
                group.title,
                transform=axis.get_xaxis_transform(),
                ha="center",
                weight="bold",
                color=group.color,
            )
        axis.axhline(1.0, color="grey", linewidth=0.8, linestyle=":")
        _remark(axis, "the mean scores 1", right, 1.0)
        axis.set_xticks(list(labels), list(labels.values()))
        axis.set_yscale("log")
        axis.set_yticks(
            [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.3", "0.5", "1", "2"]
        )
        axis.minorticks_off()
        axis.set_xlim(-0.6, right + 0.3)
        axis.set_ylabel("test NRMSE of a sample, 135 units ahead")
        axis.grid(axis="y", alpha=0.3, linewidth=0.5)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=150)
    return stream.getvalue()


def _samples(axis: Axes, place: float, errors: Sequence[float], color: str) -> None:
    """A point a sample, side by side so that all are seen, and their median."""
    across = [place + 0.5 * ((i * _GOLDEN) % 1.0 - 0.5) for i in range(len(errors))]
    axis.plot(across, errors, "o", color=color, alpha=0.55, markersize=4)
    median = statistics.median(errors)
    axis.hlines(median, place - 0.35, place + 0.35, color="black", linewidth=1.5)
    axis.annotate(
        f"{median:.2f}", (place + 0.37, median), va="center", fontsize=8, annotation_clip=False
    )


def _remark(axis: Axes, text: str, x: float, y: float) -> None:
    """Above a line, at its right end."""
    axis.annotate(
        text,
        (x, y),
        (-2, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color="dimgrey",
    )


# Between groups, in units of the distance of their columns.
_GAP = 0.5
_GOLDEN = 0.618034
