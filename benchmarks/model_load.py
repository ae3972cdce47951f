"""How long ngspice takes to load sky130: the whole library against what is cut out of it.

    python -m benchmarks.model_load [--repeats 5] [--json]

One nfet and one pfet, one operating point. Each sample is a process of `ngspice -b`, with the time
of an empty deck taken off; whole, trimmed and empty take turns, so that a busy machine slows all
three. Times are medians, in seconds; "prepare" is what it takes to cut the models out, or to find
them in the cache.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from circuits.technology import load_technology
from netlists.model_library import DeviceUse, find_library, trimmed_models
from neuron_model.errors import MissingDependencyError

DEVICES = (
    DeviceUse("sky130_fd_pr__nfet_01v8", width_um=2, length_um=2),
    DeviceUse("sky130_fd_pr__pfet_01v8", width_um=4, length_um=4),
)


def deck(models: str, with_devices: bool) -> str:
    """A deck with these models and, if asked for, one device of each kind."""
    lines = ["* model load", models, "v1 a 0 0.9", "r1 a 0 1meg"]
    if with_devices:
        lines += [
            f"x{index} a a 0 0 {use.name} w={use.width_um} l={use.length_um}"
            for index, use in enumerate(DEVICES)
        ]
    return "\n".join([*lines, ".op", ".end"]) + "\n"


def run_seconds(program: str, folder: Path, text: str) -> float:
    """Wall-clock seconds of one batch run of ``text``."""
    path = folder / "deck.spice"
    path.write_text(text)
    begin = time.perf_counter()
    subprocess.run([program, "-b", path.name], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - begin


def measure(repeats: int) -> dict[str, float]:
    """Medians over ``repeats`` rounds; keys are the names in the printed table."""
    program = shutil.which("ngspice")
    if program is None:
        raise MissingDependencyError("The program ngspice was not found; run `make setup`.")
    library = load_technology("sky130").models
    begin = time.perf_counter()
    trimmed = trimmed_models(library, "tt", DEVICES).text
    prepare = time.perf_counter() - begin
    whole = f'.lib "{find_library(library, "tt")}" tt'
    decks = {
        "empty": deck("", with_devices=False),
        "trimmed": deck(trimmed, with_devices=True),
        "whole": deck(whole, with_devices=True),
    }
    samples: dict[str, list[float]] = {name: [] for name in decks}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            for name, text in decks.items():
                samples[name].append(run_seconds(program, Path(folder), text))
    empty = statistics.median(samples["empty"])
    trimmed_load = max(statistics.median(samples["trimmed"]) - empty, 1e-4)
    whole_load = statistics.median(samples["whole"]) - empty
    return {
        "whole_load": whole_load,
        "trimmed_load": trimmed_load,
        "ratio": whole_load / trimmed_load,
        "trimmed_bytes": len(trimmed),
        "prepare": prepare,
        "empty_run": empty,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.repeats)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:15} {value:.4g}")


if __name__ == "__main__":
    main()
