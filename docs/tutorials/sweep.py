# %% [markdown]
# # A sweep on a cluster
#
# A sweep builds a neuron at every point of a product of axes and says how each fires. It runs on the cores
# of this machine, on a cluster of Dask that is there already, or on one that a queue (SLURM, LSF, PBS)
# starts; outcomes are the same to the last digit.

# %%
from pathlib import Path

_ = Path("gain.toml").write_text("""\
neuron = "preset:tonic_spiking"
technology = "generic"

[axes]
i_bias = { from = -1.2, to = 1.2, points = 5 }
alpha.all = [0.9, 1.0, 1.1]
""")
# %% [markdown]
# ## How much it is
#
# before it begins:

# %% language="sh"
# codesign sweep gain.toml --dry-run

# %% [markdown]
# ## On this machine
#
# A record keeps each outcome as soon as it is known; the same command goes on after a stop, and computes
# nothing twice.

# %% language="sh"
# codesign sweep gain.toml --out runs/gain --workers 2

# %%
from IPython.display import Image

Image("runs/gain/sweep.png")

# %% [markdown]
# ## On a cluster
#
# `--cluster local` starts Dask here, with the same processes and messages that a cluster has; outcomes do
# not differ:

# %% language="sh"
# codesign sweep gain.toml --out runs/again --workers 2 --cluster local --json > again.json

# %%
import pandas as pd

here, there = (pd.read_csv(f"runs/{name}/sweep.csv") for name in ("gain", "again"))
here.equals(there)

# %% [markdown]
# Under a queue a file says how its jobs start workers:

# %%
_ = Path("slurm.toml").write_text("""\
queue = "slurm"                # slurm, lsf or pbs
jobs = 10
[job]
cores = 32
processes = 32
memory = "64GB"
walltime = "02:00:00"
""")

# %% [markdown]
# and the command is `codesign sweep gain.toml --out runs/gain --cluster slurm.toml`. A job that reaches its
# wall time loses the points that it was at, which go to the others ([studies](../guide/studies.md)).
