# %% [markdown]
# # Yield and calibration
#
# No two transistors are alike. How many samples of a circuit still fire as the model does, and how many do
# after each was calibrated? Samples are drawn transistor by transistor and carried to the macromodel
# through measured sensitivities, so that many take seconds.

# %% [markdown]
# ## As drawn

# %% language="sh"
# codesign mismatch preset:tonic_bursting --technology generic --samples 24 \
#     --out drawn.jsonl --plot drawn.png

# %%
from IPython.display import Image

Image("drawn.png")

# %% [markdown]
# ## Why samples fail
#
# Mismatch is an offset and a gain error of each amplifier, and a current that all of them leave at the
# membrane together: a bias that nobody asked for. So that current and a few bias codes are set for each
# sample, by currents that can be measured at its pins:

# %% language="sh"
# codesign calibrate preset:tonic_bursting --technology generic --samples 24 \
#     --plot calibrated.png

# %%
Image("calibrated.png")

# %% [markdown]
# The regime is what it looks for. The rhythm, an ISI within 5 % of the model's, is another matter: few samples
# keep that, before and after.

# %% [markdown]
# ## From Python
#
# The record, `drawn.jsonl`, keeps each sample's outcome: the same command finds them all there and only says
# its answer once more, here as JSON to go on with.

# %% language="sh"
# codesign mismatch preset:tonic_bursting --technology generic --samples 24 \
#     --out drawn.jsonl --json > drawn.json

# %%
import json
from collections import Counter
from pathlib import Path

found = json.loads(Path("drawn.json").read_text())
Counter(outcome["macromodel"]["regime"] for outcome in found["outcomes"])

# %% [markdown]
# Larger transistors match better: `codesign size` looks for the smallest that reach a yield
# ([sizes for a yield](../guide/sizes.md)), and `--backend ngspice` simulates the same samples transistor by
# transistor ([mismatch](../guide/mismatch.md), [calibration](../guide/calibration.md)).
