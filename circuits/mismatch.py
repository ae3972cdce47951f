"""Which transistors a neuron has, and how far each and its chip may be from what was drawn."""

from circuits.neuron import neuron_circuit
from circuits.structure import Polarity, Transistor
from circuits.technology import Technology
from mapping.design import NeuronDesign
from mapping.mismatch import DeviceSpread, Draw, area_law, draw, follower_block
from mapping.process import draw_process, on_process
from neuron_model.errors import InputError


def draw_chips(
    design: NeuronDesign,
    technology: Technology,
    samples: int,
    seed: int = 0,
    process_seed: int | None = None,
) -> Draw:
    """``samples`` chips of the neuron: every transistor off by its mismatch and, with a
    ``process_seed``, every chip by its process. Neurons drawn with one ``process_seed`` sit on the
    same chips.

    Raises:
        InputError: the technology gives no coefficients of mismatch or no spread of its process; a
            number that is not allowed.
    """
    chips = draw(device_spreads(design, technology), samples, seed)
    if process_seed is None:
        return chips
    if technology.process is None:
        raise InputError(
            f"technology '{technology.name}' gives no process variation: add nmos_threshold and "
            "pmos_threshold (volt) and capacitance (relative) under [process]."
        )
    return on_process(chips, draw_process(technology.process, samples, process_seed))


def device_spreads(design: NeuronDesign, technology: Technology) -> tuple[DeviceSpread, ...]:
    """The spread of every transistor of the neuron's cell, in the cell's order.

    Raises:
        InputError: the technology gives no mismatch coefficients.
    """
    if not any(technology.mismatch.values()):
        raise InputError(
            f"technology '{technology.name}' gives no mismatch: add nmos_threshold and "
            "pmos_threshold (volt micrometre) under [mismatch]."
        )
    cell = neuron_circuit(design, technology).cell
    return tuple(
        _spread(_block(path, design), path[-1], transistor, technology)
        for path, transistor in cell.transistors()
    )


def _spread(
    block: str, device: str, transistor: Transistor, technology: Technology
) -> DeviceSpread:
    kind = "nmos" if transistor.polarity == Polarity.NMOS else "pmos"
    sigmas = (
        area_law(technology.mismatch.get(f"{kind}_{what}", 0.0), transistor.size.area)
        for what in ("threshold", "current_factor")
    )
    return DeviceSpread(block, device, kind, *sigmas)


def _block(path: tuple[str, ...], design: NeuronDesign) -> str:
    """The design's name of what ``path`` leads into."""
    top = path[0]
    if top == "leak":
        return design.leak[int(path[1].removeprefix("section"))].name
    if top.startswith("follow_"):
        return follower_block(top.removeprefix("follow_"))
    return top
