"""What netgen is to know of a technology to compare a netlist with a layout's, or another netlist.

    netgen -batch lvs "layout.spice neuron_NAME" "neuron.spice neuron_NAME" lvs_setup.tcl

Without it netgen takes junction areas, which are the layout's own, and a swapped drain and source
for errors. Where a PDK brings a setup file of its own, that one knows its layout's devices better.
"""

from __future__ import annotations

from circuits.structure import Polarity
from circuits.technology import Technology

SETUP_FILE = "lvs_setup.tcl"

_TOLERANCE = 0.01
"""Of widths, lengths and capacitors: a layout has them on a grid."""

_TEXT = """\
# netgen's setup for cells of {name}: which devices there are, and what of them is compared.
permute default
property default
# drain and source may be swapped; junctions are the layout's own, and mult is m once more
foreach device {{{devices}}} {{
    foreach circuit {{1 2}} {{
        if {{[lsearch [cells list -all -circuit$circuit] $device] < 0}} {{ continue }}
        if {{[catch {{permute "-circuit$circuit $device" drain source}}]}} {{
            permute "-circuit$circuit $device" {drain} {source}
        }}
        property "-circuit$circuit $device" remove {left_out}
        property "-circuit$circuit $device" tolerance {tolerances}
    }}
}}
foreach circuit {{1 2}} {{
    foreach device {{c C}} {{
        if {{[lsearch [cells list -all -circuit$circuit] $device] < 0}} {{ continue }}
        property "-circuit$circuit $device" tolerance {{value {tolerance:g}}}
    }}
}}
"""

# Of a capacitor that is a device: its plates may not be exchanged, as those of a C element may.
_PLATES = """
foreach circuit {{1 2}} {{
    if {{[lsearch [cells list -all -circuit$circuit] {model}] < 0}} {{ continue }}
    property "-circuit$circuit {model}" remove as ad ps pd {left_out}
    property "-circuit$circuit {model}" tolerance {{{width} {tolerance:g}}}
    property "-circuit$circuit {model}" tolerance {{{length} {tolerance:g}}}
}}
"""


def lvs_setup(technology: Technology) -> str:
    """The text of a setup file (Tcl) for netgen 1.5 and the cells of ``technology``."""
    devices = [technology.device(polarity) for polarity in Polarity]
    terminals = devices[0].terminals
    junctions: dict[str, None] = {}
    for device in devices:
        if device.diffusion is not None:
            junctions |= dict.fromkeys(device.diffusion.parameters)
        # m says how many there are, whatever else does
        junctions |= dict.fromkeys(name for name in device.multiplier if name != "m")
    sides = dict.fromkeys(side for device in devices for side in device.size_parameters)
    text = _TEXT.format(
        name=technology.name,
        devices=" ".join(device.model for device in devices),
        drain=1 + terminals.index("drain"),
        source=1 + terminals.index("source"),
        left_out=" ".join(junctions) or "as ad ps pd",
        tolerance=_TOLERANCE,
        tolerances=" ".join(f"{{{side} {_TOLERANCE:g}}}" for side in sides),
    )
    capacitor = technology.capacitor
    if capacitor is None:
        return text
    return text + _PLATES.format(
        model=capacitor.model,
        width=capacitor.width,
        length=capacitor.length,
        left_out=" ".join(name for name in capacitor.multiplier if name != "m"),
        tolerance=_TOLERANCE,
    )
