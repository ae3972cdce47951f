"""Bias and reference lines that the neurons of a layer share: what a chip has room for.

Line by line (all neurons' ``ib_fm0``, all neurons' ``vr_leak3``), the wanted values fall into a
few groups by k-means, currents by their logarithms, and each group gets the code nearest to its
mean. Each neuron keeps one line of its own: the compensation, which makes up for the constant part
of its error. Capacitors keep the time constants.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mapping.bias_generator import BiasGenerator, CurrentCode
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.limits import Limits
from mapping.macromodel import Macromodel
from mapping.quantization import QuantizedDesign, calibrated, check_range, quantize
from neuron_model.errors import InputError

_SEED = 0


@dataclass(frozen=True)
class SharedLayer:
    """A layer's designs with shared lines.

    neurons: quantized, in their order. own_errors: root mean square errors of their curves, in
    I0, where every line is a neuron's own. groups: of each shared line, which group each neuron is
    in (-1: it has no such line). lines, own_lines: how many lines the layer needs, and would need.
    """

    neurons: tuple[QuantizedDesign, ...]
    own_errors: tuple[float, ...]
    groups: Mapping[str, tuple[int, ...]]
    lines: int
    own_lines: int


def share_lines(
    designs: Sequence[NeuronDesign],
    characteristics: CellCharacteristics,
    limits: Limits,
    generator: BiasGenerator,
    most: int,
) -> SharedLayer:
    """At most ``most`` groups a line for the neurons of a layer.

    Raises:
        InputError: no neuron, no group, I0 that differ (map all with the same unit current), or a
            line that needs what the generator cannot make.
    """
    if not designs or most < 1:
        raise InputError(
            f"{len(designs)} neurons cannot share {most} lines: give at least one of each."
        )
    units = [design.unit_current for design in designs]
    if max(units) > 1.001 * min(units):
        raise InputError(
            f"neurons that share bias lines need one I0, not {min(units):.3g} to "
            f"{max(units):.3g} A: map them with the same unit current."
        )
    for design in designs:
        check_range(design, generator)
    own = [
        quantize(Macromodel(d, characteristics), limits, generator, rescale=False) for d in designs
    ]
    currents = [{a.name: a.bias_current for a in d.amplifiers} for d in designs]
    voltages = [{a.name: a.reference_voltage for a in d.amplifiers} for d in designs]
    names = dict.fromkeys(name for one in currents for name in one)
    groups: dict[str, tuple[int, ...]] = {}
    codes: list[dict[str, CurrentCode]] = [{} for _ in designs]
    references: list[dict[str, float]] = [{} for _ in designs]
    for name in names:
        members = [i for i, one in enumerate(currents) if name in one]
        logs = np.log([currents[i][name] for i in members])
        for i, center, group in zip(members, *_grouped(logs, most), strict=True):
            (codes[i][name],) = generator.nearest(math.exp(center))
            groups.setdefault(f"ib_{name}", (-1,) * len(designs))
            groups[f"ib_{name}"] = _with(groups[f"ib_{name}"], i, group)
        values = np.array([voltages[i][name] for i in members])
        for i, center, group in zip(members, *_grouped(values, most), strict=True):
            (references[i][name],) = generator.nearest_voltages(center)
            groups.setdefault(f"vr_{name}", (-1,) * len(designs))
            groups[f"vr_{name}"] = _with(groups[f"vr_{name}"], i, group)
    neurons = tuple(
        calibrated(
            Macromodel(design, characteristics),
            limits,
            generator,
            [(codes[i][a.name], references[i][a.name]) for a in design.amplifiers],
        )
        for i, design in enumerate(designs)
    )
    own_lines = sum(len(one.lines) for one in own)
    shared = sum(len(set(group) - {-1}) for group in groups.values())
    kept = own_lines - sum(2 * len(d.amplifiers) for d in designs)
    return SharedLayer(
        neurons, tuple(one.curve_error for one in own), groups, shared + kept, own_lines
    )


def _grouped(values: np.ndarray, most: int) -> tuple[list[float], list[int]]:
    """Each value's group mean and number, of at most ``most`` groups."""
    from scipy.cluster.vq import kmeans2  # not needed by a neuron that shares nothing

    distinct = np.unique(values)
    count = min(most, distinct.size)
    if count == distinct.size:
        return values.tolist(), np.searchsorted(distinct, values).tolist()
    width = float(distinct[-1] - distinct[0])
    # evenly spaced over the values, so that the same layer gets the same groups
    start = np.quantile(values, (np.arange(count) + 0.5) / count)
    start = np.unique(start)[:, None] / width
    with warnings.catch_warnings():
        # a group that ends up empty is one line less
        warnings.simplefilter("ignore", UserWarning)
        _, labels = kmeans2(values[:, None] / width, start, minit="matrix", seed=_SEED)
    _, labels = np.unique(labels, return_inverse=True)
    means = [float(values[labels == k].mean()) for k in range(labels.max() + 1)]
    return [means[k] for k in labels], labels.tolist()


def _with(groups: tuple[int, ...], index: int, group: int) -> tuple[int, ...]:
    return (*groups[:index], int(group), *groups[index + 1 :])
