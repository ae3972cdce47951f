"""A PDK that this project does not know: 3.3 V, its own names, files, corners and conventions.

NMOS devices are subcircuits with the terminals gate, drain, bulk, source; PMOS devices are plain
models. Sizes carry a `u`. The library's corners are sections that set parameters and pull the
devices in from a file beside it. Round numbers, thick oxide, no foundry's.
"""

from pathlib import Path

CORNERS = {"typical": (0.0, 1.0), "quick": (-0.06, 1.06), "tardy": (0.06, 0.94)}

TECHNOLOGY = """
name = "{name}"
description = "a process of somebody else"
supply = 3.3
reference = 1.65
corners = ["typical", "quick", "tardy"]

[devices.nmos]
model = "nx33"
prefix = "X"
terminals = ["gate", "drain", "bulk", "source"]
size_style = "u"
multiplier = ["m"]
width = [0.5, 100.0]
length = [0.4, 30.0]

[devices.pmos]
model = "px33"
prefix = "M"
size_style = "u"
multiplier = ["m"]
width = [0.5, 100.0]
length = [0.4, 30.0]

[cells.ota]
tail = {{ width = 3.0, length = 10.0 }}
pair = {{ width = 6.0, length = 1.0 }}
pmos_mirror = {{ width = 1.5, length = 10.0 }}
nmos_mirror = {{ width = 1.5, length = 10.0 }}

[cells.mirror]
nmos = {{ width = 3.0, length = 20.0 }}
pmos = {{ width = 3.0, length = 20.0 }}

{limits}

[models]
paths = ["library/*/x33.lib"]

[models.sections]
typical = ["t"]
quick = ["f"]
tardy = ["s"]
"""

_CARD = """.model {name} {kind} level=54 version=4.5
+ tnom=25 toxe=7.2e-09 ndep=1.0e17 vth0={{{vth0}}} u0={{{u0}}}
+ k1=0.62 k2=-0.02 k3=0 dvt0=0 dvt0w=0 dsub=0.5 eta0=0.01 etab=-0.01
+ nfactor=1.2 voff=-0.1 voffl=0 cit=0 cdsc=2e-4 cdscd=0 cdscb=0 minv=0
+ vsat=9e4 a0=1 ags=0.2 b0=0 keta=-0.01 a1=0 a2=0.5 ua=1e-10 ub=2e-18 uc=0
+ pclm=0.6 pdiblc1=0.1 pdiblc2=0.002 pdiblcb=0 drout=0.5 pvag=0 delta=0.01 pscbe2=1e-12
+ rdsw=300 rsh=7 lint=1e-8 wint=1e-8 kt1=-0.25 kt2=-0.03 ute=-1.5
+ cgso=2.5e-10 cgdo=2.5e-10 cgbo=0 cjs=9e-4 cjsws=1e-10 pbs=0.8 mjs=0.4 jss=1e-7 jsws=1e-13
+ igcmod=0 igbmod=0 rgatemod=0 rbodymod=0 trnqsmod=0 capmod=2 mobmod=0 diomod=1
"""

_DEVICES = """* devices of the 3.3 V family
.lib devices
.subckt nx33 gate drain bulk source w=1u l=1u
m0 drain gate source bulk nx33_core w={{w}} l={{l}}
{nmos}.ends nx33
{pmos}.endl devices
"""

# Square-law transistors: nothing flows below threshold.
_SQUARE_LAW = """* devices without weak inversion
.lib devices
.subckt nx33 gate drain bulk source w=1u l=1u
m0 drain gate source bulk nx33_core w={w} l={l}
.model nx33_core nmos level=1 vto=0.7 kp=100u lambda=0.02
.ends nx33
.model px33 pmos level=1 vto=-0.7 kp=30u lambda=0.02
.endl devices
"""


def write_pdk(
    folder: Path,
    name: str = "foreign",
    limits: str = "",
    threshold: float = 0.68,
    weak_inversion: bool = True,
) -> Path:
    """The technology file of a PDK that is laid out in ``folder``.

    limits: a ``[limits]`` table, where the file's defaults are not to hold. threshold: volt, of
    both kinds of transistor at the typical corner.
    """
    library = folder / "library" / "v2"
    library.mkdir(parents=True)
    lines = ["* corners of the 3.3 V family"]
    for section, (shift, mobility) in zip("tfs", CORNERS.values(), strict=True):
        lines += [
            f".lib {section}",
            f".param x33_vtn={threshold + shift:g} x33_vtp={-threshold - shift:g}",
            f"+ x33_un={0.035 * mobility:g} x33_up={0.009 * mobility:g}",
            '.lib "devices.lib" devices',
            f".endl {section}",
        ]
    (library / "x33.lib").write_text("\n".join(lines) + "\n")
    nmos = _CARD.format(name="nx33_core", kind="nmos", vth0="x33_vtn", u0="x33_un")
    pmos = _CARD.format(name="px33", kind="pmos", vth0="x33_vtp", u0="x33_up")
    devices = _DEVICES.format(nmos=nmos, pmos=pmos) if weak_inversion else _SQUARE_LAW
    (library / "devices.lib").write_text(devices)
    path = folder / f"{name}.toml"
    path.write_text(TECHNOLOGY.format(name=name, limits=limits))
    return path
