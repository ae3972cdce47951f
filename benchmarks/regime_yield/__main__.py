"""Regime yield of the third published burster on sky130: first sizes, larger, moved, calibrated.

    python -m benchmarks.regime_yield [--steps sized trained calibrated] [--folder
        runs/regime_yield] [--mismatch-set ordinary subthreshold] [--macromodel] [--samples 1000]

Each step is 200 samples in ngspice, the same draws (of unit variance, by device) at every step and
with every mismatch set; the folder keeps each sample as soon as it is done, so that an interrupted
run resumes from there. The untrained samples are those of ``benchmarks.mismatch``, as published in
docs/results/mismatch, where they were drawn by the set that is asked for. With ``--macromodel``
nothing is simulated: a thousand samples a step and set take some minutes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.regime_yield.calibrated import calibrated_reports
from benchmarks.regime_yield.plots import chain_figure
from benchmarks.regime_yield.steps import (
    STEPS,
    costs_of,
    design_of,
    mapped_of,
    model_of,
    neuron_of,
    technology_of,
)
from codesign.building.mapped_neuron import MonteCarlo
from codesign.pictures.plots import save_figure
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.mismatch.drawn_neuron import draw_neuron
from codesign.studies.mismatch.study import study_mismatch
from codesign.studies.sample_reports import sample_reports
from codesign.workbench import Workbench, WorkbenchSettings
from mapping.yields import yields, yields_to_json
from netlists.accuracy import Accuracy
from netlists.sample_results import SAMPLES_PER_BENCH
from neuron_model.analysis.regime_reports import report_from_json, report_to_json
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.atomic import write_atomically, write_together

UNTRAINED = Path("docs/results/mismatch/sky130.json")


def row(
    step: str,
    costs: dict[str, float],
    model: RegimeReport,
    nominal: RegimeReport | None,
    macromodel: Sequence[RegimeReport] | None,
    circuit: Sequence[RegimeReport] | None,
    mismatch_set: str,
) -> dict[str, Any]:
    """A step of the table: samples that keep regime and rhythm of ``model``, the one that the step
    is to be, costs, and rhythm as drawn. What was not run is None."""
    samples = macromodel or [] if circuit is None else circuit
    return {
        "step": step,
        "mismatch_set": mismatch_set,
        "samples": len(samples),
        "macromodel": None if macromodel is None else yields_to_json(yields(model, macromodel)),
        "circuit": None if circuit is None else yields_to_json(yields(model, circuit)),
        **costs,
        "nominal": None if nominal is None else report_to_json(nominal),
        "regimes": dict(Counter(r.regime.value for r in samples).most_common()),
    }


def published(mismatch_set: str) -> bool:
    """Whether the published study drew its samples by this set."""
    found = json.loads(UNTRAINED.read_text()) if UNTRAINED.exists() else {}
    return bool(found.get("mismatch_set") == mismatch_set)


def untrained(workbench: Workbench, folder: Path) -> dict[str, Any]:
    """The published study, beside what its neuron costs with the sizes of now."""
    samples = json.loads(UNTRAINED.read_text())["outcomes"]
    built, circuit = (
        [report_from_json(c[who]) for c in samples] for who in ("macromodel", "circuit")
    )
    technology = technology_of("untrained")
    design = design_of("untrained", folder, workbench)
    return row(
        "untrained",
        asdict(costs_of(design, technology, workbench)),
        model_of("untrained"),
        None,
        built,
        circuit,
        technology.mismatch.name,
    )


def studied(
    step: str,
    folder: Path,
    drawing: MonteCarlo,
    mismatch_set: str,
    workbench: Workbench,
    simulated: bool = True,
) -> tuple[dict[int, RegimeReport], dict[str, Any]]:
    """How the samples of a step fire, by their numbers, and its row: in ngspice and predicted, or
    as
    built alone, all of them side by side."""
    mapped = mapped_of(step, folder, mismatch_set, workbench)
    drawn = draw_neuron(mapped, workbench, drawing)
    costs = asdict(costs_of(drawn.built.design, drawn.technology, workbench))
    model = model_of(step)
    if not simulated:
        threshold = float(neuron_of(step)[0].u_threshold)
        reports = sample_reports(drawn.samples, drawn.drive, threshold)
        found = row(step, costs, model, None, reports, None, mismatch_set)
        return dict(enumerate(reports)), found
    within, record = WithinExecutor(workbench), folder / "samples.jsonl"
    results, outcome = study_mismatch(drawn, within, Accuracy.AUTO, record, workbench.progress)
    if outcome is None:
        raise SystemExit(results.exit_status)
    circuits = {c.sample: c.circuit for c in outcome.samples if c.circuit is not None}
    built = [c.macromodel for c in outcome.samples]
    shown = built, list(circuits.values())
    return circuits, row(step, costs, model, outcome.nominal, *shown, mismatch_set=mismatch_set)


def found_of(
    step: str,
    folder: Path,
    drawing: MonteCarlo,
    mismatch_set: str,
    workbench: Workbench,
    simulated: bool,
) -> dict[str, Any]:
    """The row of a step; ``folder``: of the chain with this mismatch set."""
    if step == "untrained" and simulated and published(mismatch_set):
        return untrained(workbench, folder / step)
    asked = drawing, mismatch_set, workbench
    if step != "calibrated":
        return studied(step, folder / step, *asked, simulated)[1]
    reports, before = studied("trained", folder / "trained", *asked, simulated)
    model = model_of("trained")
    after, trims = calibrated_reports(reports, model.regime, folder, *asked, simulated)
    built, circuit = (None, after) if simulated else (after, None)
    found = row(step, {}, model, None, built, circuit, mismatch_set)
    return {**before, **found, "nominal": before["nominal"], "trims": trims}


def percent_of(share: dict[str, Any]) -> str:
    """A share of :func:`mapping.yields.yields_to_json` with its interval."""
    low, high = share["interval"]
    return f"{100 * share['share']:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """In Markdown."""
    lines = [
        "| step | mismatch set | samples | keep the regime: ngspice | macromodel "
        "| keep the rhythm as well: ngspice | macromodel | gates, µm² "
        "| diffusions, µm² | capacitors, µm² | static power, nW |",
        "|" + "---|" * 11,
    ]
    for r in rows:
        shares = " | ".join(
            "" if r[who] is None else percent_of(r[who][kept])
            for kept in ("regime", "rhythm")
            for who in ("circuit", "macromodel")
        )
        lines.append(
            f"| {r['step']} | {r['mismatch_set']} | {r['samples']} | {shares} "
            f"| {r['gate_area']:.0f} | {r['diffusion_area']:.0f} | {r['capacitor_area']:.0f} "
            f"| {1e9 * r['static_power']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def progress(done: int, total: int, what: str) -> None:
    """A line now and then."""
    if done == total or done % 20 == 0:
        print(f"{what} ({done} of {total})", flush=True)


def main() -> None:
    """Run the steps that are asked for; write the table of all that are known, and the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", nargs="+", default=list(STEPS), choices=STEPS)
    parser.add_argument("--samples", type=int, default=200, help="samples at each step")
    parser.add_argument(
        "--mismatch-set",
        nargs="+",
        default=[technology_of("untrained").mismatch.name],
        choices=[one.name for one in technology_of("untrained").mismatch_sets],
        help="sets of sky130 that samples are drawn by (default: its own choice)",
    )
    parser.add_argument("--macromodel", action="store_true", help="simulate nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs/regime_yield"))
    parser.add_argument("--out", type=Path, help="folder of table and picture (default: --folder)")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    folder, samples, seed = arguments.folder, arguments.samples, arguments.seed
    simulated = not arguments.macromodel
    kind = "" if simulated else "_macromodel"
    timeout = SAMPLES_PER_BENCH * 600.0
    known = [
        folder / name / f"{step}{kind}.json" for step in STEPS for name in arguments.mismatch_set
    ]
    drawing = MonteCarlo(samples, seed)
    with WorkbenchSettings(arguments.workers, timeout).open(progress) as workbench:
        for path in known:
            step, name = path.stem.removesuffix("_macromodel"), path.parent.name
            if step in arguments.steps:
                found = found_of(step, path.parent, drawing, name, workbench, simulated)
                write_atomically(path, json.dumps(found, indent=1))
    rows = [json.loads(path.read_text()) for path in known if path.exists()]
    out = arguments.out or folder
    write_together(
        {
            out / f"table{kind}.json": json.dumps(rows, indent=1),
            out / f"table{kind}.md": table(rows),
        }
    )
    save_figure(chain_figure(rows), out / f"chain{kind}.png")
    print(table(rows))


if __name__ == "__main__":
    main()
