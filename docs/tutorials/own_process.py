# %% [markdown]
# # Bring your own process
#
# A process is a model library for ngspice and a TOML file about it. `codesign technology new` measures the
# transistors of a library and writes that file. As a library that nobody has described we take the cards of
# `generic` under other names; put the file of your PDK in its place.

# %%
from pathlib import Path

from circuits.technology import TECHNOLOGY_FOLDER

cards = (TECHNOLOGY_FOLDER / "generic" / "models.spice").read_text()
nominal = cards.partition(".lib tt")[2].partition(".endl")[0]
library = nominal.replace("generic_nmos", "nch").replace("generic_pmos", "pch")
_ = Path("my180.lib").write_text(f"* my 180 nm process\n.lib tt{library}.endl tt\n")
print(library[:240])

# %% [markdown]
# ## The technology file
#
# The command finds out in ngspice how a transistor is written, at which sizes an OTA's curve is a tanh over
# the currents that neurons need, and between which voltages references may lie.

# %% language="sh"
# codesign technology new --name mine --models my180.lib --section tt \
#     --nmos nch --pmos pch --supply 1.8 -o mine.toml

# %% [markdown]
# What no library says, such as mismatch, is assumed and marked:

# %%
text = Path("mine.toml").read_text()
print("\n".join(line for line in text.splitlines() if "ASSUMED" in line))

# %% [markdown]
# ## A neuron in it
#
# The file stands wherever a technology's name does.

# %%
from codesign import Technology, build, waveform_figure

mine = Technology("mine.toml")
validation = build("preset:tonic_spiking", mine).validate()
validation

# %%
waveform_figure(validation.neurons[0])

# %% [markdown]
# Next: correct what is assumed ([your own technology](../reference/technology.md) says what each key is),
# then `codesign characterize --technology mine.toml`, which shows how good the cells are.
