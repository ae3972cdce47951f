# %% [markdown]
# # Train on your own series and build it
#
# A table of yours in, a network of neurons out, and one of its neurons in transistors. `make setup` in a
# checkout brings all that it needs. Here the table is of a tank that a pump fills: its level is to be said
# ten rows ahead. Put the name of your own file in its place: text with any delimiter, decimal commas, dates
# and gaps, Excel, Parquet or NPZ.

# %%
import numpy as np
import pandas as pd

random = np.random.default_rng(0)
row = np.arange(1200)
pump = 0.5 + 0.3 * np.sin(2 * np.pi * row / 61) + 0.2 * np.sin(2 * np.pi * row / 23)
pump = np.maximum(pump + 0.05 * random.normal(size=row.size), 0.0)
level = [1.0]
for p in pump[:-1]:
    level.append(level[-1] + 0.2 * p - 0.1 * np.sqrt(level[-1]) + 0.005 * random.normal())
table = pd.DataFrame({"pump": pump, "level": level})
table.to_csv("tank.csv", index=False)
table.head()

# %% [markdown]
# ## What is to be learned
#
# `series` reads the table and suggests the rest: which columns are inputs, how long a window of training
# is. Whatever it suggests can be said instead; `said()` tells in a line what was read, and what was done
# about gaps and missing values.

# %%
from neuron_model import series

task = series("tank.csv", target="level", horizon=10)
print(task.said())

# %% [markdown]
# ## Training
#
# Eight neurons, bursters and spikers, no two alike. Alphas, deltas and time constants are learned
# within what transistors can do. Sixty steps show how it goes; a network for use takes some hundreds.

# %%
from neuron_model import Network, TrainingConfiguration, train

network = train(Network(8), task, TrainingConfiguration(steps=60))
network

# %% [markdown]
# The NRMSE is the error over the spread of what was to be said: 1 is what the mean alone gets. Below it are
# rules that any network has to beat.
#
# ## A run folder
#
# `save` writes what `codesign train` writes, so that every command goes on from it. Among it is the forecast
# on the test part, in one run without a reset, as a circuit runs:

# %%
import matplotlib.pyplot as plt

folder = network.save("runs/tank")
said = np.load(folder / "forecast.npz")
plt.figure(figsize=(9.2, 2.8), layout="constrained")
plt.plot(said["target"][:, 0], color="0.6", label="measured")
plt.plot(said["forecast"][:, 0], label="network")
plt.xlabel("row of the test part")
plt.ylabel("level of the tank")
_ = plt.legend(frameon=False, ncols=2)
# %%
print(*sorted(path.name for path in folder.iterdir()), sep="\n")

# %% [markdown]
# ## The circuit
#
# All neurons are mapped; one of them is simulated, under the current that the trained network feeds it and
# under a constant one, each a row of the table. It passes if both rows do.

# %%
from codesign import Technology, build

circuit = build(network, Technology("generic"))
circuit

# %%
from codesign import waveform_figure

validation = circuit.lasting(400.0).validate(neurons=[0])
validation

# %%
waveform_figure(validation.neurons[0])

# %% [markdown]
# A "no" has its reason below the table. Most are a rhythm that is some per cent off: the macromodel tells
# the same, so that it is the process and not the netlist. `codesign refine runs/tank --neurons 0 --technology
# generic --out refined` corrects one neuron by what ngspice shows, and training with `[circuit]` corrects
# all ([training](../guide/training.md)). What every column means says [verdicts](../concepts/verdicts.md).
#
# `circuit.export("build")` writes all neurons, and the whole network as one circuit. How well that
# forecasts in ngspice says `codesign validate runs/tank --technology generic --network`
# ([a whole network](../guide/network.md)); on a PDK, give `sky130` or `gf180mcu`.
