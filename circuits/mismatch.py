"""Which transistors a neuron has, and how far each and its sample may be from what was drawn."""

from collections.abc import Mapping

from circuits.neuron import neuron_circuit
from circuits.structure import Cell, Transistor
from circuits.technology import Technology, check_mismatch
from mapping.design import NeuronDesign
from mapping.mismatch import COMPENSATION, OUTPUT, DeviceSpread, Draw, draw, follower_block
from mapping.process import draw_process, on_process
from neuron_model.errors import InputError


def draw_samples(
    design: NeuronDesign,
    technology: Technology,
    samples: int,
    seed: int = 0,
    process_seed: int | None = None,
) -> Draw:
    """``samples`` samples of the neuron: every transistor off by its mismatch and, with a
    ``process_seed``, every sample by its process. Neurons drawn with one ``process_seed`` sit on
    the same samples.

    Raises:
        InputError: the technology gives no coefficients of mismatch or no spread of its process; a
            number that is not allowed.
    """
    drawn = draw(device_spreads(design, technology), samples, seed)
    if process_seed is None:
        return drawn
    if technology.process is None:
        raise InputError(
            f"technology '{technology.name}' gives no process variation: add nmos_threshold and "
            "pmos_threshold (volt) and capacitance (relative) under [process]."
        )
    return on_process(drawn, draw_process(technology.process, samples, process_seed))


def device_spreads(design: NeuronDesign, technology: Technology) -> tuple[DeviceSpread, ...]:
    """The spread of every transistor of the neuron's cell, in the cell's order: by the mismatch set
    in use, at the current that the device carries while its block is balanced.

    Raises:
        InputError: the technology gives no mismatch coefficients.
    """
    check_mismatch(technology)
    cell = neuron_circuit(design, technology).cell
    biases = _biases(design)
    found = []
    for path, transistor in cell.transistors():
        block = _block(path, design)
        found.append(device_spread(block, path[-1], transistor, technology, biases[block]))
    return tuple(found)


def device_spread(
    block: str, device: str, transistor: Transistor, technology: Technology, bias: float
) -> DeviceSpread:
    """The spread of one transistor of a block whose bias line carries ``bias`` ampere."""
    return transistor_spread(
        block, device, transistor, technology, bias * _share(block, transistor)
    )


def cell_spreads(
    block: str, cell: Cell, technology: Technology, currents: Mapping[str, float]
) -> tuple[DeviceSpread, ...]:
    """The spread of every transistor of a cell, in its order, each at a current of its own.

    currents: ampere by the transistor's name, as :func:`circuits.synapse.column_currents` has them.

    Raises:
        InputError: the technology gives no mismatch coefficients.
    """
    check_mismatch(technology)
    return tuple(
        transistor_spread(block, path[-1], transistor, technology, currents[path[-1]])
        for path, transistor in cell.transistors()
    )


def transistor_spread(
    block: str, device: str, transistor: Transistor, technology: Technology, current: float
) -> DeviceSpread:
    """The spread of one transistor at the current that all its devices in parallel carry."""
    matching, size = technology.mismatch.of(transistor.polarity), transistor.size
    sides = size.width, size.length, size.multiplier
    threshold = matching.threshold_spread(*sides, current)
    factor = matching.current_factor_spread(*sides)
    return DeviceSpread(block, device, transistor.polarity.value, threshold, factor)


def _share(block: str, transistor: Transistor) -> float:
    """Of the bias current: an amplifier that is balanced sends half of it either way."""
    whole = block == COMPENSATION or transistor.role in ("bias", "tail")
    return 1.0 if whole else 0.5


def _biases(design: NeuronDesign) -> dict[str, float]:
    return {
        **{a.name: a.bias_current for a in design.amplifiers},
        **{follower_block(f.timescale): f.bias_current for f in design.followers},
        COMPENSATION: design.compensation_bias,
        OUTPUT: design.output.bias_current,
    }


def blocks_of(path: tuple[str, ...], design: NeuronDesign) -> tuple[str, float]:
    """(the design's name of the block that ``path`` leads into, its bias current in ampere)."""
    block = _block(path, design)
    return block, _biases(design)[block]


def _block(path: tuple[str, ...], design: NeuronDesign) -> str:
    """The design's name of what ``path`` leads into."""
    top = path[0]
    if top == "leak":
        return design.leak[int(path[1].removeprefix("section"))].name
    if top.startswith("follow_"):
        return follower_block(top.removeprefix("follow_"))
    return top
