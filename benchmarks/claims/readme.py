"""What README.md and the pages of docs quote."""

from __future__ import annotations

import re
from typing import Any

from benchmarks.claims import values as v
from benchmarks.claims.claim import Claim, Values

README = "README.md"
_BURSTER = "burster.toml --technology sky130"
_DRIVE = "--current 0:-2.4,500:-1.4 --duration 11000"
_EXPORT = f"codesign export {_BURSTER} -o build"
_CELLS = "codesign characterize --technology sky130"
_PRESET = "codesign validate preset:tonic_bursting --technology generic"
_MODULATION = "codesign sweep examples/modulation.toml --out runs/modulation"
_TRIM = f"codesign calibrate {_BURSTER} --samples 1000 {_DRIVE}"
_HEAT = f"codesign temperature {_BURSTER} {_DRIVE} --plot heat.png"
_COLD = f"codesign temperature {_BURSTER} --currents constant --references constant {_DRIVE}"


def _slow_negative(designs: Any) -> list[float]:
    """alpha, delta, bias in nA and reference in volt of the burster's s-."""
    (element,) = [e for e in designs["neurons"][0]["elements"] if e["name"] == "sm2"]
    current, voltage = element["bias_current"], element["reference_voltage"]
    return [element["alpha"], element["delta"], 1e9 * current, voltage]


def _unit_currents(exported: Any) -> list[float]:
    """I0 in nA, and what it would be without leakage."""
    neuron = exported["neurons"][0]
    (before,) = re.findall(r"not ([\d.]+) nA", " ".join(neuron["notes"]))
    return [1e9 * neuron["unit_current"], float(before)]


def _spikes_per_burst(iteration: Any) -> list[float]:
    """Of the circuit and of the model, as the reason says why a design did not pass."""
    said = re.search(
        r"spikes per burst ([\d.]+) instead of ([\d.]+)", " ".join(iteration["reasons"])
    )
    assert said is not None
    return [float(count) for count in said.groups()]


def _isi_error(iteration: Any) -> float:
    """To the model, per cent."""
    return 100.0 * float(iteration["timing"]["model"]["isi_error"])


def _refined(index: int, says: str) -> Claim:
    """ISI and IBI of a design to the model, per cent, and spikes of circuit and model."""

    def values(document: Any) -> list[float]:
        timing = v.iterations(document)[index]["timing"]["model"]
        errors = [100.0 * timing[f"{what}_error"] for what in ("isi", "ibi")]
        return [*errors, timing["circuit_spike_count"], timing["spike_count"]]

    return Claim(README, says, v.REFINED_27, values)


def _codes(name: str, says: str) -> Claim:
    """Lines of how many, curve error, that alone, regimes changed of how many, ISI's change."""

    def values(document: Any) -> list[float]:
        found = document[name]
        shared = "lines" in found
        return [
            *([found["lines"], found["own_lines"]] if shared else ()),
            found["curve_error"]["median"],
            *(() if shared else [found["nearest"]]),
            len(found["changed"]),
            document["neurons"],
            100.0 * found["median_interval_change"],
        ]

    return Claim(README, says, v.CODES, values)


def _export(says: str, values: Values) -> Claim:
    return Claim(README, says, _EXPORT, values)


def _networks(model: str, says: str) -> Claim:
    def values(table: Any) -> list[float]:
        (row,) = [r for r in table if (r["model"], r["state"]) == (model, "carried")]
        mean, deviation = row["mean"], row["deviation"]
        return [
            mean["stream_nrmse"],
            deviation["stream_nrmse"],
            mean["nrmse"],
            deviation["nrmse"],
            mean["rate_sparsity"],
            mean["duty_cycle_sparsity"],
        ]

    return Claim(README, says, v.NETWORKS, values)


def _jitter(technology: str, says: str) -> Claim:
    """ISI in ms, jitter in us and per cent, of macromodel and ngspice, and their ratio."""

    def values(study: Any) -> list[float]:
        ours, other = (study[who]["jitter"][v.ISI] for who in ("macromodel", "ngspice"))
        ratio = study["macromodel_over_ngspice"][v.ISI]
        return [
            1e3 * ours["mean_seconds"],
            1e6 * ours["deviation_seconds"],
            100.0 * ours["variation"],
            1e6 * other["deviation_seconds"],
            other["count"],
            ratio["value"],
            ratio["low"],
            ratio["high"],
        ]

    return Claim(README, says, v.noise(technology), values)


def _noise_alone(kind: str) -> Values:
    """Jitter by one kind of noise, per cent of that by both."""
    return lambda d: [100.0 * d["checks"][f"{kind}_alone"]["over_the_macromodel"]["value"]]


def _residual(says: str, case: str) -> Claim:
    """A row of the table of what a sample's columns cost."""
    return Claim(README, says, v.NETWORK_RESIDUAL, lambda d: [d["cases"][case]["over_nominal"]])


README_CLAIMS: tuple[Claim, ...] = (
    Claim(
        README,
        "{6} bursts of {7} spikes, ISI {60.3} tau_m, IBI {995} tau_m",
        "codesign regime preset:tonic_bursting",
        lambda d: [
            d["burst_count"],
            d["spikes_per_burst"],
            d["interspike_interval"],
            d["interburst_interval"],
        ],
    ),
    Claim(
        README,
        "* s-: alpha {-1.5}, delta {-1.5} -> {11.86} nA, {0.7878} V",
        _EXPORT,
        _slow_negative,
        reads="build/design.json",
    ),
    _export("gets an I0 of {8.0} nA instead of {1.0}", _unit_currents),
    _export(
        "an OTA's tanh turns ({73} mV on sky130",
        lambda d: [1e3 * d["neurons"][0]["unit_voltage"]],
    ),
    Claim(
        README,
        "at 125 °C, {86.5} pA into the tail of an OTA",
        _CELLS,
        lambda d: [1e12 * d["leakage"]["ota"]],
    ),
    Claim(
        README,
        "fires {53} spikes where its model fires {48}: a burst of {7} spikes has become one of {8}",
        _PRESET,
        lambda d: [
            d["neurons"][0]["reports"][who][quantity]
            for who, quantity in (
                ("circuit", "spike_count"),
                ("model", "spike_count"),
                ("model", "spikes_per_burst"),
                ("circuit", "spikes_per_burst"),
            )
        ],
    ),
    Claim(
        README,
        "{35} of {35} points that can be built keep the regime of the model, {33} its rhythm",
        _MODULATION,
        v.kept,
    ),
    Claim(
        README,
        "ISI error: {-10.7} % (point {29}) to {+4.4} % (point {16})",
        _MODULATION,
        v.sweep_errors("isi_error"),
    ),
    Claim(
        README,
        "IBI error: {-6.0} % (point {16}) to {+3.0} % (point {21})",
        _MODULATION,
        v.sweep_errors("ibi_error"),
    ),
    Claim(
        README, "largest error of an I-V curve: {0.2} % (point {30})", _MODULATION, v.worst_curve
    ),
    Claim(
        README,
        "area of gates, diffusions and capacitors: {43000} µm²",
        _MODULATION,
        lambda d: [d["points"][0]["outcome"]["area"]],
    ),
    _codes(
        "3 bits",
        "| 3 bits | {0.048} | {0.093} | {1} of {16} | {1.9} % |",
    ),
    _codes(
        "4 bits",
        "| 4 bits | {0.03} | {0.05} | {2} of {16} | {1.3} % |",
    ),
    _codes(
        "6 bits",
        "| 6 bits | {0.0076} | {0.015} | {1} of {16} | {0.4} % |",
    ),
    _codes(
        "8 bits",
        "| 8 bits | {0.0027} | {0.0071} | {1} of {16} | {0.1} % |",
    ),
    _codes(
        "6 bits, 4 groups a line",
        "| 6 bits, {184} lines instead of {496} | {0.13} |  | {3} of {16} | {4.8} % |",
    ),
    _codes(
        "6 bits, 2 groups a line",
        "| 6 bits, {132} lines instead of {496} | {0.2} |  | {6} of {16} | {3.7} % |",
    ),
    Claim(
        README,
        "a test NRMSE of {0.060} in one continuous run and {0.092} in windows",
        v.DEMO,
        lambda d: [d["stream_nrmse"], d["nrmse"]],
    ),
    Claim(
        README,
        "| 16 neurons (`codesign demo`) | {50} | {0.148} | {0.134} | {1.083} | {0.999} |"
        " {1.64} nJ | {1.67} nJ |",
        v.DEMO_NETWORK,
        lambda d: [
            d["samples"] - d["warmup"],
            *(d["nrmse"][who] for who in ("circuit", "trained", "last value")),
            d["correlation"],
            1e9 * d["energy_per_sample"],
            1e9 * d["estimated_energy_per_sample"],
        ],
    ),
    Claim(
        README,
        "NRMSE {0.148} in ngspice and {0.134} in torch, over {50} samples behind {40} of warm-up",
        v.DEMO_NETWORK,
        lambda d: [
            *(d["nrmse"][who] for who in ("circuit", "trained")),
            d["samples"] - d["warmup"],
            d["warmup"],
        ],
    ),
    Claim(
        README,
        "yet fires {54} spikes where the model fires {48}",
        "codesign validate preset:tonic_bursting --technology sky130",
        lambda d: [d["neurons"][0]["reports"][who]["spike_count"] for who in ("circuit", "model")],
    ),
    Claim(
        README,
        "so do the {6} neurons of it that are simulated one by one",
        v.DEMO_NEURONS,
        lambda d: [d["counts"]["passed"]],
    ),
    Claim(
        README,
        "with {1.10} times torch's NRMSE over {50} scored samples",
        v.DEMO_NETWORK,
        lambda d: [d["ratio"], d["samples"] - d["warmup"]],
    ),
    Claim(
        README,
        "| 8 and 8 neurons (`two.toml` below, `--samples 90`) | {50} | {0.185} | {0.108} | "
        "{1.083} | {0.987} | {2.33} nJ | {2.35} nJ |",
        v.TUNED_NETWORK,
        lambda d: [
            d["before"]["samples"] - d["before"]["warmup"],
            *(d["before"]["nrmse"][who] for who in ("circuit", "trained", "last value")),
            d["before"]["correlation"],
            1e9 * d["before"]["energy_per_sample"],
            1e9 * d["before"]["estimated_energy_per_sample"],
        ],
    ),
    Claim(
        README,
        "| the circuit in ngspice | {95.0} |\n| the circuit's macromodel | {95.0} |\n| the trained "
        "network in torch | {90.0} |\n| the most frequent class | {55.0} |",
        v.CLASSES,
        lambda d: [
            100 * d["accuracy"][who]
            for who in ("circuit", "macromodel", "trained", "most frequent class")
        ],
    ),
    Claim(
        README,
        "| the circuit in ngspice | {95.0} |\n| the circuit's macromodel | {95.0} |\n| the trained "
        "network in torch | {100.0} |\n| the most frequent class | {10.0} |",
        v.NINE_CLASSES,
        lambda d: [
            100 * d["accuracy"][who]
            for who in ("circuit", "macromodel", "trained", "most frequent class")
        ],
    ),
    Claim(
        README,
        "Of {40} test sequences of {10} to {24} samples",
        v.NINE_CLASSES,
        lambda d: [len(d["sequences"]), min(d["lengths"]), max(d["lengths"])],
    ),
    Claim(
        README,
        "The circuit decides as torch on {38} of them, just enough to pass, and is wrong on the "
        "other two. The correlation of its readouts with torch's is from {0.973} to {0.993}; "
        "energy per sample of {223} µs: {1.01} nJ from ngspice's supply, {1.02} nJ by design.",
        v.NINE_CLASSES,
        lambda d: [
            d["agreement"] * len(d["sequences"]),
            min(d["correlation"]),
            max(d["correlation"]),
            1e6 * d["seconds_per_sample"],
            1e9 * d["energy_per_sample"],
            1e9 * d["estimated_energy_per_sample"],
        ],
    ),
    Claim(
        README,
        "A sequence takes about {44} s of ngspice.",
        v.NINE_CLASSES,
        lambda d: [d["simulation_seconds"] / len(d["sequences"])],
    ),
    Claim(
        README,
        "Of {20} test sequences (days of {24} hourly samples",
        v.CLASSES,
        lambda d: [len(d["sequences"]), d["lengths"][0]],
    ),
    Claim(
        README,
        "The circuit decides as torch on {19} of them, just enough to pass; on the other one it is "
        "right and torch is not. Its readouts go with torch's (correlation {0.979} and {0.976}) "
        "and come later where they change sides. Energy per sample of {347} µs: {0.847} nJ from "
        "ngspice's supply, {0.857} nJ by design.",
        v.CLASSES,
        lambda d: [
            d["agreement"] * len(d["sequences"]),
            *d["correlation"],
            1e6 * d["seconds_per_sample"],
            1e9 * d["energy_per_sample"],
            1e9 * d["estimated_energy_per_sample"],
        ],
    ),
    Claim(
        README,
        "The second does not: {1.71} times torch's",
        v.TUNED_NETWORK,
        lambda d: [d["before"]["ratio"]],
    ),
    Claim(
        README,
        "the macromodel knows nearly all of it ({0.199})",
        v.TUNED_NETWORK,
        lambda d: [d["before"]["nrmse"]["macromodel"]],
    ),
    Claim(
        README,
        "| in torch, as trained | {0.0756} | {0.0882} |\n| through the circuit's macromodel, the "
        "readout alone fitted to it | {0.124} | {0.134} |\n| through the circuit's macromodel, "
        "tuned | {0.0571} | {0.0703} |\n| in torch, with the tuned weights | {0.115} | {0.144} |",
        v.TUNED_NETWORK,
        lambda d: [
            d["training"]["plain"]["stream_before"],
            d["training"]["plain"]["before"],
            d["training"]["stream_nrmse_before"],
            d["training"]["nrmse_before"],
            d["training"]["stream_nrmse"],
            d["training"]["nrmse"],
            d["training"]["plain"]["stream_after"],
            d["training"]["plain"]["after"],
        ],
    ),
    Claim(
        README,
        "| scored samples | {1450} |\n|---|---|\n| the circuit in ngspice | {0.0624} |\n"
        "| the trained network in torch | {0.0758} |\n"
        "| with the weights tuned for the circuit, in torch | {0.118} |\n"
        "| the circuit's macromodel | {0.0615} |",
        v.TUNED_NETWORK,
        lambda d: [
            d["validation"]["samples"] - d["validation"]["warmup"],
            *(
                d["validation"]["nrmse"][who]
                for who in ("circuit", "trained", "tuned", "macromodel")
            ),
        ],
    ),
    Claim(
        README,
        "{0.82} times torch's NRMSE, and its y goes with torch's (correlation {0.998}), lies "
        "{0.007} of a deviation off it and moves {1.004} times as much.",
        v.TUNED_NETWORK,
        lambda d: [
            d["validation"]["ratio"],
            d["validation"]["correlation"],
            abs(d["validation"]["offset"]),
            d["validation"]["gain"],
        ],
    ),
    Claim(
        README,
        "{20} samples, windows of the test part ([record](../results/network/demo_residual.json)), "
        "the median NRMSE over the nominal {0.1075} is",
        v.NETWORK_RESIDUAL,
        lambda d: [d["samples"], d["nominal"]],
    ),
    _residual("| all of the columns | no | {2.91} |", "all, not trimmed"),
    _residual("| all of the columns | yes | {1.06} |", "all"),
    _residual("| synapses alone | yes | {1.02} |", "synapses alone"),
    _residual("| column mirrors alone | yes | {1.03} |", "column mirrors alone"),
    _residual("| keep-alive currents alone | yes | {1.00} |", "keep-alive alone"),
    _residual("| input diodes alone | yes | {1.00} |", "input diodes alone"),
    Claim(
        README,
        "{5} samples were played in ngspice",
        v.NETWORK_SAMPLES,
        lambda d: [len(d["calibrated"]["nrmse"])],
    ),
    Claim(
        README,
        "median NRMSE {0.896} as drawn and {0.205} calibrated, {2.55} times that of the circuit "
        "without mismatch ({0.0803})",
        v.NETWORK_SAMPLES,
        lambda d: [
            d["drawn"]["median_nrmse"],
            d["calibrated"]["median_nrmse"],
            d["calibrated"]["median_over_nominal"],
            d["nominal"]["nrmse"]["circuit"],
        ],
    ),
    Claim(
        README,
        "{0.0614} in ngspice, {0.0744} in torch, {0.0595} by the macromodel; {0.83} times torch's "
        "NRMSE, correlation {0.998}, {3.49} nJ a sample of {334} µs, {3.52} nJ by design.",
        v.TUNED_GF180,
        lambda d: [
            *(d["validation"]["nrmse"][who] for who in ("circuit", "trained", "macromodel")),
            d["validation"]["ratio"],
            d["validation"]["correlation"],
            1e9 * d["validation"]["energy_per_sample"],
            1e6 * d["validation"]["seconds_per_sample"],
            1e9 * d["validation"]["estimated_energy_per_sample"],
        ],
    ),
    Claim(
        README,
        "The macromodel is within {1.4} % of ngspice. Energy per sample of {345} µs: {2.24} nJ "
        "from ngspice's supply, {2.26} nJ by design.",
        v.TUNED_NETWORK,
        lambda d: [
            100.0
            * (1.0 - d["validation"]["nrmse"]["macromodel"] / d["validation"]["nrmse"]["circuit"]),
            1e6 * d["validation"]["seconds_per_sample"],
            1e9 * d["validation"]["energy_per_sample"],
            1e9 * d["validation"]["estimated_energy_per_sample"],
        ],
    ),
    Claim(
        README,
        "{654} keep the regime as drawn and {1000} calibrated; {7} and {44} the rhythm as well",
        _TRIM,
        lambda d: v.calibrated(d)[:4],
    ),
    Claim(
        README,
        "It takes {54} currents and {1.04} firing patterns each, at most {3}",
        _TRIM,
        lambda d: [d["macromodel"]["measurements"]["currents"], *v.calibrated(d)[4:]],
    ),
    Claim(
        README,
        "but its ISI is {5.9} % shorter than its model's",
        v.REFINED_27,
        lambda d: [-_isi_error(v.iterations(d)[0])],
    ),
    _refined(0, "| mapped | {-5.9} % | {+0.8} % | {42} of {40} | no |"),
    _refined(1, "| corrected by what ngspice showed | {-1.0} % | {+3.7} % | {40} of {40} | yes |"),
    Claim(
        README,
        "ISI and IBI come within {0.4} % of the model's, but bursts have {23} spikes instead of "
        "{20}, where 2 are allowed",
        v.REFINED_125,
        lambda d: [
            100.0
            * max(abs(v.iterations(d)[2]["timing"]["model"][f"{x}_error"]) for x in ("isi", "ibi")),
            *_spikes_per_burst(v.iterations(d)[2]),
        ],
    ),
    Claim(
        README,
        "{13} spikes a burst where the model has {20}, an ISI {5.1} % longer",
        v.REFINED,
        lambda d: [*_spikes_per_burst(v.iterations(d)[0]), _isi_error(v.iterations(d)[0])],
    ),
    Claim(
        README,
        "I-V curves off by {4.0} and {2.6} %",
        v.REFINED,
        lambda d: v.percent(v.iterations(d)[0]["iv"][name] for name in ("fast", "slow")),
    ),
    Claim(
        README,
        "an ISI within {0.3} % and curves within {0.1} %",
        v.REFINED,
        lambda d: [
            abs(_isi_error(v.iterations(d)[-1])),
            100.0 * max(v.iterations(d)[-1]["iv"].values()),
        ],
    ),
    Claim(
        README,
        "the inter-spike interval drifts by at most {2.6} % in the first",
        _HEAT,
        lambda d: [v.largest(v.drifts(d))],
    ),
    Claim(
        README,
        "from {-9} to {+29} % in the second",
        _COLD,
        lambda d: [min(v.drifts(d)), max(v.drifts(d))],
    ),
    Claim(
        README,
        "the intervals of the bursters drift by at most {3.4} %",
        v.HEAT,
        lambda d: [v.largest(v.heat(d, v.BURSTERS, v.ISI))],
    ),
    Claim(
        README,
        "those of the excitable neuron by {8.0} % (at {125} °C)",
        v.HEAT,
        lambda d: [v.largest(v.heat(d, ["ribar_sepulchre_excitable"], v.ISI, ["125"])), 125.0],
    ),
    Claim(
        README,
        "inter-burst intervals by {4} % up to 85 °C and {10} % at 125",
        v.HEAT,
        lambda d: [
            v.largest(v.heat(d, v.BURSTERS, v.IBI, ["-40", "85"])),
            v.largest(v.heat(d, v.BURSTERS, v.IBI, ["125"])),
        ],
    ),
    Claim(
        README,
        "{65.0} % ({62.0} to {67.9} %) keep the regime with `subthreshold`",
        v.YIELDS,
        v.yields("untrained", "subthreshold", "regime"),
    ),
    Claim(
        README,
        "{92.9} % ({91.1} to {94.3} %) with `ordinary`",
        v.YIELDS,
        v.yields("untrained", "ordinary", "regime"),
    ),
    Claim(
        README,
        "regime and rhythm {0.7} and {2.5} %",
        v.YIELDS,
        lambda d: [v.yields("untrained", s, "rhythm")(d)[0] for s in ("subthreshold", "ordinary")],
    ),
    Claim(
        README,
        "Of {20} that were simulated in ngspice as well (`subthreshold`), {13} keep the regime",
        v.MISMATCH,
        lambda d: [d["samples"], d["yield"]["circuit"]["regime"]["count"]],
    ),
    Claim(
        README,
        "its ISIs are {1.7} % off in the median, its IBIs {1.3} %",
        v.MISMATCH,
        lambda d: v.percent(d["agreement"]["error"][what]["median"] for what in (v.ISI, v.IBI)),
    ),
    Claim(
        README,
        "Four of them as netlists in ngspice: {3} as drawn and {4} calibrated",
        v.CALIBRATED_NGSPICE,
        lambda d: v.calibrated(d, "circuit")[:2],
    ),
    Claim(
        README,
        "of {0.459} in one continuous run, at worst {0.914}, to {0.250} and {0.397}",
        f"{v.VARIATION}/samples.json",
        v.drawn_errors("stream_before", "stream_after"),
    ),
    Claim(
        README,
        "of {1000} samples {88.5} % keep the regime instead of {65} %",
        v.SIZING,
        lambda d: [
            d["checked"]["samples"],
            100.0 * d["checked"]["sample_yield"],
            100.0 * d["trials"][d["start"]]["figures"]["sample_yield"],
        ],
    ),
    Claim(
        README,
        "of 1000 others {90.8} instead of {88.9} %",
        v.YIELDS,
        lambda d: [v.yields(step, "subthreshold", "regime")(d)[0] for step in ("trained", "sized")],
    ),
    Claim(
        README,
        "{24} to {29} times as fast as the same steps in plain torch with AVX2 and with AVX-512",
        v.STEP_LEVELS,
        lambda d: [
            d[vectors]["times_the_fused"]["MTC eager, unbind (reference)"]
            for vectors in ("AVX2", "AVX512")
        ],
    ),
    _networks(
        "mtc", "| MTC, circuit-shaped | {0.104} ± {0.009} | {0.118} ± {0.007} | {0.012} | {0.067} |"
    ),
    _networks(
        "adlif", "| adaptive LIF | {0.222} ± {0.014} | {0.234} ± {0.009} | {0.241} | {0.241} |"
    ),
    _networks("lif", "| LIF | {0.309} ± {0.026} | {0.315} ± {0.029} | {0.329} | {0.329} |"),
    _jitter(
        "generic",
        "{8.46} ms | {27.2} µs ({0.32} %) | {26.3} µs over {204} ISIs | "
        "{1.03} ({0.93} to {1.14}) |",
    ),
    _jitter(
        "sky130",
        "{6.38} ms | {19.8} µs ({0.31} %) | {18.8} µs over {210} ISIs | "
        "{1.05} ({0.95} to {1.16}) |",
    ),
    Claim(README, "{1.5} to {1.6} times that on `generic`", v.noise("generic"), v.white_over_shot),
    Claim(README, "{1.2} to {1.3} times on `sky130`", v.noise("sky130"), v.white_over_shot),
    Claim(
        README,
        "flicker noise alone gives {68} % of the jitter",
        v.noise("sky130"),
        _noise_alone("flicker"),
    ),
    Claim(README, "white noise alone {78} %", v.noise("sky130"), _noise_alone("white")),
    Claim(
        README,
        "flicker is as strong as white noise at {89} Hz at the membrane",
        v.noise("sky130"),
        lambda d: [d["nodes"][0]["corner"]],
    ),
)
