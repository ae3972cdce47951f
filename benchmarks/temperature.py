"""The published neurons from -40 to 125 °C: regimes and drift of intervals, macromodel and
ngspice.

    python -m benchmarks.temperature [--technology sky130] [--backend ngspice] [--neurons NAME ...]
                                   [--folder FOLDER]

The neurons are the three published sets (arXiv 1805.05696) with the filters of a circuit, driven by
their presets' currents, in units of I0 at each temperature. Every law of bias currents is predicted
from parameters of the macromodel; with --backend ngspice the PTAT ones are simulated as well.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from circuits.technology import load_technology
from codesign.building.circuit import design_neuron
from codesign.building.mapped_neuron import MappedNeuron
from codesign.pictures.plots import save_figure
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.temperature.picture import temperature_figure
from codesign.studies.temperature.results import INTERVALS, TemperatureResults, results_to_json
from codesign.studies.temperature.study import PTAT, TemperatureQuestion, study_temperature
from codesign.workbench import WorkbenchSettings
from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw
from netlists.accuracy import Accuracy
from neuron_model.atomic import write_atomically
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import OTA_FILTER
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

NEURONS = (
    "ribar_sepulchre_excitable",
    "ribar_sepulchre_burster_raised",
    "ribar_sepulchre_burster",
)
LAWS = (
    PTAT,
    BiasLaws(CurrentLaw.CONSTANT_GM, ReferenceLaw.PTAT),
    BiasLaws(CurrentLaw.CONSTANT, ReferenceLaw.PTAT),
    BiasLaws(CurrentLaw.CONSTANT, ReferenceLaw.CONSTANT),
)
# Of model time: before the step, and at most after it.
_BEFORE, _LONGEST = 500.0, 10_500.0


def row(outcome: TemperatureResults) -> dict[str, Any]:
    """Regimes and drifts by temperature."""
    return {
        "neuron": outcome.name,
        "currents": outcome.laws.currents.value,
        "references": outcome.laws.references.value,
        "steady": outcome.steady,
        **{
            f"{c.temperature:g}": {
                who: {
                    "regime": report.regime.value,
                    "margin": round(report.margin, 2),
                    **{name: outcome.drift(who, name)[i] for name in INTERVALS},
                }
                for who, report in (("macromodel", c.macromodel), ("circuit", c.circuit))
                if report is not None
            }
            for i, c in enumerate(outcome.conditions)
        },
    }


def main() -> None:
    """Measure, print, and write documents and pictures into the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", default="sky130")
    parser.add_argument("--backend", choices=("macromodel", "ngspice"), default="macromodel")
    parser.add_argument("--neurons", nargs="+", choices=NEURONS, default=list(NEURONS))
    parser.add_argument("--folder", type=Path, default=Path("runs/temperature"))
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    technology = load_technology(arguments.technology)
    with LocalExecutor(arguments.workers, WorkbenchSettings(time_limit=1200.0)) as executor:
        workbench = executor.tools
        for name in arguments.neurons:
            published = preset(name)
            neuron = replace(
                published.parameters, filter_slow=OTA_FILTER, filter_ultraslow=OTA_FILTER
            )
            values = published.stimulus.values
            after = min(published.duration - published.stimulus.onset, _LONGEST)
            drive = Drive(Stimulus((0.0, _BEFORE), values), _BEFORE + after)
            design = design_neuron(neuron, technology, workbench)
            mapped = MappedNeuron(neuron, design, technology, design.conditions, drive)
            for laws in LAWS:
                simulated = arguments.backend == "ngspice" and laws == PTAT
                accuracy = Accuracy.AUTO if simulated else None
                question = TemperatureQuestion(laws=laws, accuracy=accuracy, resolution=0.0)
                found, outcome = study_temperature(mapped, question, executor)
                if outcome is None:
                    raise SystemExit(found.exit_status)
                print(json.dumps(row(outcome)), flush=True)
                stem = f"{name}_{laws.currents}_{laws.references}"
                folder = arguments.folder / technology.name
                write_atomically(folder / f"{stem}.json", json.dumps(results_to_json(outcome)))
                save_figure(temperature_figure(outcome), folder / f"{stem}.png")


if __name__ == "__main__":
    main()
