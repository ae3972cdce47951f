# %% [markdown]
# # Yield and calibration
#
# No two transistors are alike. How many samples of a circuit still fire as the model does, and how many do
# after each was calibrated? Samples are drawn transistor by transistor and carried to the macromodel
# through measured sensitivities, so that hundreds take seconds.

# %% [markdown]
# ## As drawn

# %% language="sh"
# codesign mismatch preset:tonic_bursting --technology generic --samples 100 --plot drawn.png

# %%
from IPython.display import Image

Image("drawn.png")

# %% [markdown]
# ## Why samples fail
#
# Mismatch is an offset and a gain error of each amplifier. Offsets shift a delta; what matters most is the
# current that all offsets together leave at the membrane, a bias that nobody asked for. So a current at the
# membrane and a few bias codes, found for each sample from currents that can be measured, bring most
# samples back:

# %% language="sh"
# codesign calibrate preset:tonic_bursting --technology generic --samples 100 --plot calibrated.png

# %%
Image("calibrated.png")

# %% [markdown]
# ## From Python
#
# The same study as an object, to go on with: the record holds each sample's outcome, and resumes.

# %% language="sh"
# codesign mismatch preset:tonic_bursting --technology generic --samples 100 --json > drawn.json

# %%
import json
from collections import Counter
from pathlib import Path

found = json.loads(Path("drawn.json").read_text())
Counter(sample["regime"] for sample in found["samples"])

# %% [markdown]
# Larger transistors match better: `codesign size` looks for the smallest that reach a yield
# ([sizes for a yield](../guide/sizes.md)), and `--backend ngspice` simulates the same samples transistor by
# transistor ([mismatch](../guide/mismatch.md), [calibration](../guide/calibration.md)).
