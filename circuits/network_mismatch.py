"""How far each transistor of a whole network may be from what was drawn, and samples of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.mismatch import blocks_of, device_spread, transistor_spread
from circuits.network import NetworkCircuit
from circuits.structure import Transistor
from circuits.synapse import FOLD
from circuits.technology import Technology, check_mismatch
from mapping.design import NeuronDesign
from mapping.mismatch import DeviceSpread, Draw, draw
from mapping.network_design import NetworkDesign
from mapping.network_mapper import INPUT
from mapping.readout import ReadoutDesign

Path = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class NetworkDraw:
    """Samples of a network's transistors.

    paths: of the transistors, in the cell's order. draw: of all of them.
    """

    paths: tuple[Path, ...]
    draw: Draw

    @property
    def places(self) -> dict[Path, int]:
        """Column of each transistor."""
        return {path: index for index, path in enumerate(self.paths)}

    def devices(self, sample: int) -> dict[Path, tuple[float, float]]:
        """(volt added to the threshold, relative change of the current factor) by path."""
        values = zip(self.draw.threshold[sample], self.draw.current_factor[sample], strict=True)
        return {
            path: (float(threshold), float(factor))
            for path, (threshold, factor) in zip(self.paths, values, strict=True)
        }

    def within(self, inside: Path) -> Draw:
        """Of the transistors below the instance at ``inside`` alone."""
        columns = [i for i, path in enumerate(self.paths) if path[: len(inside)] == inside]
        spreads = tuple(self.draw.spreads[i] for i in columns)
        return Draw(spreads, self.draw.threshold[:, columns], self.draw.current_factor[:, columns])


def draw_network(
    circuit: NetworkCircuit,
    design: NetworkDesign,
    layers: Sequence[Sequence[NeuronDesign]],
    outputs: Sequence[ReadoutDesign],
    technology: Technology,
    drawing: tuple[int, int],
) -> NetworkDraw:
    """Samples of a network: every transistor off by its mismatch.

    Args:
        circuit: the network's.
        design, layers, outputs: that it was drawn from; they say which current a device carries.
        technology: whose mismatch it is.
        drawing: (samples, seed).

    Raises:
        InputError: the technology gives no mismatch coefficients, or a number is not allowed.
    """
    check_mismatch(technology)
    spreads = []
    columns: dict[Path, dict[str, float]] = {}
    paths = []
    for path, transistor in circuit.cell.transistors():
        paths.append(path)
        top, below = path[0], path[1:]
        if top == "keeper":
            spread = transistor_spread("", path[-1], transistor, technology, design.keep_current)
        elif top.startswith("input"):
            current = design.line(INPUT).full_scale
            spread = transistor_spread("", path[-1], transistor, technology, current)
        elif below[0].startswith("column"):
            current = _column_current(transistor, design, columns.setdefault(path[:-1], {}))
            spread = transistor_spread("", path[-1], transistor, technology, current)
        elif below[0].startswith("neuron"):
            neuron = layers[int(top.removeprefix("layer").removesuffix("_i"))][
                int(below[0].removeprefix("neuron"))
            ]
            spread = _neuron_spread(below[1:], transistor, neuron, technology)
        else:
            readout = outputs[int(top.removeprefix("output").removesuffix("_i"))]
            spread = _readout_spread(below[1:], transistor, readout, technology)
        spreads.append(spread)
    samples, seed = drawing
    return NetworkDraw(tuple(paths), draw(spreads, samples, seed))


def _neuron_spread(
    path: Path, transistor: Transistor, design: NeuronDesign, technology: Technology
) -> DeviceSpread:
    block, bias = blocks_of(path, design)
    if transistor.role == "line":
        return transistor_spread(
            block, path[-1], transistor, technology, design.output.unit_current
        )
    return device_spread(block, path[-1], transistor, technology, bias)


def _readout_spread(
    path: Path, transistor: Transistor, design: ReadoutDesign, technology: Technology
) -> DeviceSpread:
    if path[0].startswith("follow"):
        bias = design.follower.bias_current
        return device_spread(path[0], path[-1], transistor, technology, bias)
    block, bias = blocks_of(path, design.node)
    return device_spread(block, path[-1], transistor, technology, bias)


def _column_current(
    transistor: Transistor, design: NetworkDesign, folded: dict[str, float]
) -> float:
    """Where all lines are at s = 1; ``folded`` adds up what its mirror carries."""
    if transistor.role == "pmos_mirror":
        return folded.get(FOLD, 0.0)
    if transistor.role == "keep_alive":
        current = design.keep_current
    else:
        source = transistor.gate.rsplit("_", 1)[0]
        current = design.line(source).unit_current * transistor.size.multiplier
    if transistor.drain == FOLD:
        folded[FOLD] = folded.get(FOLD, 0.0) + current
    return current
