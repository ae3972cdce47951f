"""A neuron's subcircuit from a file, edited or extracted from a layout, in place of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from circuits.structure import Cell, Polarity, Size
from circuits.technology import Device, SizeStyle, Technology
from netlists.model_cards import DeviceUse
from netlists.safe_text import check_cells
from netlists.spice_numbers import number
from neuron_model.errors import InputError
from neuron_model.text_file import read_text

_LARGEST = 20_000_000  # bytes

_MICROMETRES = {SizeStyle.PLAIN: 1.0, SizeStyle.MICRO: 1e6, SizeStyle.METRE: 1e6}


@dataclass(frozen=True)
class GivenNetlist:
    """text: SPICE, subcircuits alone. ports: of the neuron's subcircuit, in the file's order.

    uses: every device and size in it, each once.
    """

    text: str
    ports: tuple[str, ...]
    uses: tuple[DeviceUse, ...]


def read_netlist(path: Path, cell: Cell, technology: Technology) -> GivenNetlist:
    """The subcircuit of the name of ``cell`` in a SPICE file, with its ports in any order.

    Capacitors that are the technology's device become C elements, as ours are simulated.

    Raises:
        InputError: the file cannot be read; a line in it is a command or reads another file; it
            has no such subcircuit, or one with other ports; it has no device of the technology; or
            a size is no number.
    """
    text = check_cells(read_text(path, _LARGEST), str(path))
    lines = list(_logical_lines(text))
    ports = _ports(path, lines, cell)
    devices = {technology.device(p).model.lower(): technology.device(p) for p in Polarity}
    uses: set[DeviceUse] = set()
    for line, words in lines:
        if words[0][0].lower() not in "mx":
            continue
        device = next((devices[w.lower()] for w in words if w.lower() in devices), None)
        if device is not None:
            uses.add(_use(path, line, words, device))
    if not uses:
        names = ", ".join(device.model for device in devices.values())
        raise InputError(f"{path}: no device of {technology.name} is in it ({names}).")
    text = _plain_capacitors(path, text, lines, technology)
    ordered = sorted(uses, key=lambda use: (use.name, use.width_um, use.length_um))
    return GivenNetlist(text, ports, tuple(ordered))


def _ports(path: Path, lines: list[tuple[int, list[str]]], cell: Cell) -> tuple[str, ...]:
    wanted = {port.name for port in cell.ports}
    there = []
    for _, words in lines:
        if words[0].lower() == ".subckt" and len(words) > 1:
            there.append(words[1])
            if words[1].lower() == cell.name.lower():
                given = tuple(word.lower() for word in words[2:] if "=" not in word)
                missing, more = wanted - set(given), set(given) - wanted
                if missing or more or len(given) != len(wanted):
                    raise InputError(
                        f"{path}: .subckt {words[1]} must have the ports of the design; missing: "
                        f"{_listed(missing)}; not known: {_listed(more)}."
                    )
                return given
    raise InputError(
        f"{path}: there is no .subckt {cell.name}; there are: {_listed(set(there))}. A neuron's "
        "subcircuit keeps the name that `codesign export` gives it."
    )


def _use(path: Path, line: int, words: list[str], device: Device) -> DeviceUse:
    width, length = (
        _micrometres(path, line, words, name, device.size_style) for name in device.size_parameters
    )
    return DeviceUse(device.model, width, length, device.prefix)


def _micrometres(path: Path, line: int, words: list[str], name: str, style: SizeStyle) -> float:
    return round(_positive(path, line, words, name) * _MICROMETRES[style], 9)


def _positive(path: Path, line: int, words: list[str], name: str, default: str = "") -> float:
    """The parameter ``name`` of a device."""
    start = f"{name.lower()}="
    text = next((w[len(start) :] for w in words if w.lower().startswith(start)), default)
    value = number(text)
    if value is None or value <= 0:
        raise InputError(
            f"{path}, line {line}: {words[0]}: {name}={text or '(missing)'} must be a number "
            "above 0."
        )
    return value


def _plain_capacitors(
    path: Path, text: str, lines: list[tuple[int, list[str]]], technology: Technology
) -> str:
    device = technology.capacitor
    if device is None:
        return text
    physical = text.splitlines()
    for first, words in lines:
        model = next((i for i, w in enumerate(words) if w.lower() == device.model.lower()), None)
        if model is None or words[0][0].lower() not in "cx":
            continue
        if model != 1 + len(device.terminals):
            raise InputError(f"{path}, line {first}: {words[0]}: a capacitor has two nets.")
        style = technology.nmos.size_style
        width = _micrometres(path, first, words, device.width, style)
        length = _micrometres(path, first, words, device.length, style)
        count = _positive(path, first, words, "m", "1")
        farad = count * device.capacitance(Size(width, length))
        physical[first - 1] = f"C{words[0]} {words[1]} {words[2]} {farad:.6g}"
        for after in range(first, len(physical)):
            if physical[after].startswith("+"):
                physical[after] = "*"
            elif not physical[after].startswith("*"):
                break
    return "\n".join(physical) + "\n"


def _logical_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, words) of each line with those that go on with ``+``."""
    first, words = 0, []
    for count, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("$ ")[0].split(";")[0].strip()
        if line.startswith("+"):
            words += line[1:].replace(" =", "=").replace("= ", "=").split()
        elif line and not line.startswith("*"):
            if words:
                yield first, words
            first, words = count, line.replace(" =", "=").replace("= ", "=").split()
    if words:
        yield first, words


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
