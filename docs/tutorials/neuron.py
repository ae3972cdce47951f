# %% [markdown]
# # One neuron, from equation to waveform
#
# A multi-timescale conductance neuron is a leaky membrane with a few tanh elements, each of which
# looks at the voltage on a fast, a slow or an ultraslow timescale:
#
#     tau_m dU_m/dt = -leak(U_m - U_rest) + I_in + I_bias - sum_k I_k
#     I_k           = alpha_k tanh(kappa_k (U_x(k) - delta_k))
#     tau_x dU_x/dt = filter(U_m - U_x)
#
# An alpha below zero is a negative conductance: it amplifies. Here is a burster of four elements. The
# filters and the output are those that its circuit will have (the tanh of an OTA).

# %%
from neuron_model import OTA_FILTER, Element, Leak, NeuronParameters, Timescale

burster = NeuronParameters(
    (
        Element(Timescale.FAST, alpha=-1.5, delta=0.0),
        Element(Timescale.SLOW, alpha=1.5, delta=0.0),
        Element(Timescale.SLOW, alpha=-1.4, delta=-1.4),
        Element(Timescale.ULTRASLOW, alpha=1.4, delta=-1.4),
    ),
    name="burster",
    tau_slow=30.0,
    tau_ultraslow=1200.0,
    u_rest=-1.2,
    leak=Leak(range=6.0),
    output="ota",
    filter_fast=OTA_FILTER,
    filter_slow=OTA_FILTER,
    filter_ultraslow=OTA_FILTER,
)
burster

# %% [markdown]
# ## Its I-V curves
#
# What a neuron can do stands in its I-V curve on each timescale: elements that are slower than the
# timescale are held where they are. Where a curve falls (grey), the neuron amplifies. A fast curve
# that falls means spikes, a slow one that falls as well means bursts, if the ultraslow one rises
# everywhere.

# %%
import numpy as np

from codesign import curves_figure
from neuron_model import excitability, iv_curves

curves_figure(iv_curves(burster, np.linspace(-4, 3, 281)))

# %%
excitability(burster)

# %% [markdown]
# ## How it fires
#
# At rest first, then a step of the current.

# %%
from codesign import trace_figure
from neuron_model import Drive, Stimulus, classify, simulate

drive = Drive(Stimulus.parse("0:-0.8,1000:-0.4"), duration=5000.0)
run = simulate(burster, drive.stimulus, drive.duration)
trace_figure(run)

# %%
classify(run.time, run.voltage, drive.onset)

# %% [markdown]
# ## Its circuit
#
# `build` maps the neuron to bias currents, voltages and capacitors of a process. `generic` is always
# there and belongs to no foundry; `sky130` and `gf180mcu` are named the same way. Cells are measured in
# ngspice the first time.

# %%
from codesign import Technology, build

circuit = build(burster, Technology("generic"), drive=drive)
circuit

# %% [markdown]
# Each element is an OTA whose bias current is alpha times I0, and whose reference is delta times the
# voltage of the process away from the middle:

# %%
exported = circuit.export("build")
netlist = (exported.folder / "netlists" / "neuron.spice").read_text()
print("\n".join(line for line in netlist.splitlines() if "->" in line))

# %% [markdown]
# ## The waveform
#
# ngspice simulates every transistor. Time and voltage come back in the units of the model, so that
# the two pictures can be laid over each other.

# %%
trace_figure(circuit.simulate("ngspice"))

# %%
circuit.regime("ngspice")

# %% [markdown]
# Model, macromodel (the model with what this circuit really has: offsets, finite outputs, slow
# mirrors) and circuit, judged by one rule
# ([what the verdicts mean](../concepts/verdicts.md)):

# %%
circuit.validate()
