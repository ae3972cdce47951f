"""What docs/results/README.md quotes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks.claims import values as v
from benchmarks.claims.claim import Claim, Values

RESULTS = "docs/results/README.md"
_OFFSETS = "python -m benchmarks.amplifier_offsets"
_CELLS = "codesign characterize --technology sky130"
_EXCITABLE, _BURSTER, _RAISED = (
    "ribar_sepulchre_excitable",
    "ribar_sepulchre_burster",
    "ribar_sepulchre_burster_raised",
)
_ALL = (_EXCITABLE, _BURSTER, _RAISED)


def _yields(step: str, mismatch_set: str, kept: str, rhythm: str, rest: str) -> Claim:
    """rest: areas of gates, diffusions and capacitors in µm², and static power in nW."""

    def values(table: Any) -> list[float]:
        row = v.yield_row(table, step, mismatch_set)
        shares = [v.yields(step, mismatch_set, what)(table) for what in ("regime", "rhythm")]
        areas = [row[f"{part}_area"] for part in ("gate", "diffusion", "capacitor")]
        return [*shares[0], *shares[1], *areas, 1e9 * row["static_power"]]

    says = f"| {step} | {mismatch_set} | {kept} | {rhythm} | {rest} |"
    return Claim(RESULTS, says, v.YIELDS, values)


def _network(record: str, says: str, *path: str) -> Claim:
    """A row of a whole network in ngspice; ``path``: where in the record its validation is."""

    def values(document: Any) -> list[float]:
        found = document
        for name in path:
            found = found[name]
        return [
            found["samples"] - found["windows"] * found["warmup"],
            *(found["nrmse"][who] for who in ("circuit", "trained", "macromodel")),
            found["correlation"],
            1e9 * found["energy_per_sample"],
            1e9 * found["estimated_energy_per_sample"],
        ]

    return Claim(RESULTS, says, record, values)


def _heat(neuron: str, quantity: str, says: str) -> Claim:
    """Drift from 27 °C of a published neuron with PTAT biases, macromodel / ngspice."""
    return Claim(RESULTS, says, v.HEAT, lambda d: v.heat(d, [neuron], quantity, who=v.BOTH))


def _apart(quantity: str, neurons: Sequence[str]) -> Values:
    """By how much macromodel and ngspice differ at most, percentage points."""

    def of(table: Any) -> list[float]:
        ours, theirs = (v.heat(table, neurons, quantity, who=[who]) for who in v.BOTH)
        return [v.largest(a - b for a, b in zip(ours, theirs, strict=True))]

    return of


def _predicted(
    neurons: Sequence[str], currents: str, temperatures: Sequence[str] = ("-40", "85", "125")
) -> Values:
    """The largest change of the ISI, macromodel, per cent."""
    return lambda d: [
        v.largest(v.heat(d, neurons, v.ISI, temperatures, ["macromodel"], (currents, "ptat")))
    ]


def _kelvin(table: Any) -> list[float]:
    """Smallest and largest change of the ISI with constant currents, macromodel, per cent."""
    found = v.heat(table, _ALL, v.ISI, who=["macromodel"], laws=("constant", "ptat"))
    return [min(found), max(found)]


def _preset(index: int, says: str) -> Claim:
    """ISI and IBI to model and macromodel, and the worst I-V curve, per cent; what there is."""

    def values(rows: Any) -> list[float]:
        found = rows[index]
        errors = [*found["isi_error"].values(), *found["ibi_error"].values(), found["iv"]]
        return v.percent(e for e in errors if e is not None)

    return Claim(RESULTS, says, v.PRESETS, values)


def _codes(name: str, says: str) -> Claim:
    """Lines of how many, curve errors, those alone, regimes changed, changes of the ISI."""

    def values(document: Any) -> list[float]:
        found = document[name]
        shared = "lines" in found
        return [
            *([found["lines"], found["own_lines"]] if shared else ()),
            *(found["curve_error"][which] for which in ("median", "largest")),
            *(() if shared else [found["nearest"]]),
            len(found["changed"]),
            *(100.0 * found[f"{which}_interval_change"] for which in ("median", "largest")),
        ]

    return Claim(RESULTS, says, v.CODES, values)


def _random(group: str, says: str) -> Claim:
    """Random neurons of one technology and corner: what `auto` changes, and the agreement."""

    def values(groups: Any) -> list[float]:
        accuracy, clear = groups[group]["by_accuracy"], groups[group]["clear"]
        isi = clear["isi"]
        return [
            accuracy["neurons"],
            accuracy["simulated_again"],
            len(accuracy["changed"]),
            100.0 * accuracy["largest_shift"],
            clear["neurons"],
            clear["same_regime"],
            clear["counts_within_one"],
            isi["within_one_percent"],
            isi["compared"],
            *v.percent(isi["median_and_90th_percentile"]),
        ]

    return Claim(RESULTS, f"| {group} | {says} |", v.RANDOM, values)


def _refined(index: int, says: str) -> Claim:
    """I-V curves, ISI and IBI to the model in per cent, spikes of circuit and model, error."""

    def values(document: Any) -> list[float]:
        found = v.iterations(document)[index]
        timing = found["timing"]["model"]
        shares = [*found["iv"].values(), timing["isi_error"], timing["ibi_error"]]
        counts = [timing["circuit_spike_count"], timing["spike_count"]]
        return [*v.percent(shares), *counts, found["error"]]

    return Claim(RESULTS, f"| {says} |", v.REFINED, values)


def _empty_point(executor: str, says: str, started: bool = True) -> Claim:
    """Seconds until workers have started, and milliseconds of a point that computes nothing."""

    def values(document: Any) -> list[float]:
        found = document[executor]
        return [*([found["start"]] if started else []), 1e3 * found["point"]]

    return Claim(RESULTS, says, v.STUDIES, values)


def _throughput(points: str, says: str) -> Claim:
    """Of twenty points: seconds on one worker and on two, and how much faster two are."""

    def values(document: Any) -> list[float]:
        found = document[points]
        runs = [[run["seconds"] for run in found[f"workers_{n}"]] for n in (1, 2)]
        ratios = [one / two for one, two in zip(*runs, strict=True)]
        middles = [median(each) for each in runs]
        gives = found["times_by_processor"], found["machine_gives"]
        return [*middles, found["times_as_fast"], min(ratios), max(ratios), *gives]

    return Claim(RESULTS, says, v.THROUGHPUT, values)


def _agreement(quantity: str, says: str) -> Claim:
    """Samples that macromodel and ngspice are compared on, errors in per cent, correlation."""

    def values(study: Any) -> list[float]:
        found = study["agreement"]
        error = found["error"][quantity]
        shares = v.percent(error[which] for which in ("median", "percentile_90"))
        return [found["compared"][quantity], *shares, found["correlation"][quantity]]

    return Claim(RESULTS, says, v.MISMATCH, values)


def _without_mismatch(training: Any) -> list[float]:
    """Test NRMSE of a network as trained: in one continuous run, in windows."""
    return [training["stream_nrmse"], training["nrmse"]]


def _kept_in_ngspice(study: Any) -> list[float]:
    """Of how many samples how many keep the regime: with Wilson's interval, per cent."""
    found = study["yield"]["circuit"]["regime"]
    shares = v.percent([found["share"], *found["interval"]])
    return [found["count"], study["samples"], *shares]


def _middle_and_ends(seeds: Sequence[float]) -> tuple[float, float, float]:
    return float(np.median(seeds)), min(seeds), max(seeds)


def _forecast(says: str) -> Claim:
    """A row of the table of forecasts; its first word is the series."""

    def values(rows: Any) -> list[float]:
        (row,) = [r for r in rows if says.startswith(f"| {r['series']} |")]
        seeds = [v for key in ("echo_state", "mtc") for v in _middle_and_ends(row[key])]
        over = float(np.median(row["mtc"])) / row["ridge"]
        return [*(row[key] for key in ("horizon", "persistence", "ridge")), *seeds, over]

    return Claim(RESULTS, says, v.FORECASTS, values)


def _forecast_way(index: int, way: str, *cells: str) -> Claim:
    """A row of the table of what the error of a forecast hangs on: median, least and greatest."""
    marked = [[f"{{{number}}}" for number in cell.split()] for cell in cells]
    says = " | ".join([way, *(f"{middle} ({low} to {high})" for middle, low, high in marked)])

    def values(record: Any) -> list[float]:
        return [v for seeds in record[index]["nrmse"].values() for v in _middle_and_ends(seeds)]

    return Claim(RESULTS, f"| {says} |", v.FORECAST_WAYS, values)


def _forecast_length(says: str) -> Claim:
    """A row of the table of numbers of training steps: median, and range of several seeds."""
    name, steps = says.split(" | ")[:2]

    def values(rows: Any) -> list[float]:
        (row,) = [r for r in rows if (r["series"], str(r["steps"])) == (name, steps)]
        found = row["nrmse"]
        ends = [min(found), max(found)] if len(found) > 1 else []
        return [float(np.median(found)), *ends]

    return Claim(RESULTS, f"| {says} |", v.FORECAST_LENGTHS, values)


def _forecasts_won(rows: Any) -> list[float]:
    """Series on which MTC beats persistence and the echo state network, and is near ridge."""
    found = [(float(np.median(r["mtc"])), r) for r in rows]
    return [
        sum(mtc < r["persistence"] for mtc, r in found),
        sum(mtc < float(np.median(r["echo_state"])) for mtc, r in found),
        sum(mtc <= 1.2 * r["ridge"] for mtc, r in found),
    ]


def _level(vectors: str, says: str) -> Claim:
    """Of a kind of vectors: the kernel beside plain torch and the machine's limits, two threads."""

    def values(document: Any) -> list[float]:
        found = document[vectors]
        steps = found["other_shapes"]
        return [
            found["times_the_fused"]["MTC eager, unbind (reference)"],
            found["seconds"]["MTC eager, circuit-shaped"]
            / found["seconds"]["MTC fused, circuit-shaped"],
            found["machine"]["fused_over_bound"],
            1e3 * steps["B 1, T 1, N 100 (fixed cost)"],
            1e3 * steps["B 32, T 1000, N 16"],
            found["scaling"]["threads"]["1"] / found["scaling"]["threads"]["2"],
        ]

    return Claim(RESULTS, says, v.STEP_LEVELS, values)


def _detailed(says: str, how: str) -> Claim:
    """Milliseconds of a detailed step with and without a gradient."""
    return Claim(
        RESULTS,
        says,
        v.DETAILED_STEP,
        lambda d: [d[of][how] for of in ("with gradient", "forward")],
    )


def _noise(says: str, values: Values) -> tuple[Claim, ...]:
    """A row of the table of noise: one figure of generic, one of sky130, in ``<>`` each."""
    claims = []
    for technology, at in (("generic", 0), ("sky130", 1)):
        parts = says.split("<")
        for number in range(1, len(parts)):
            cell, rest = parts[number].split(">")
            marks = cell if number - 1 == at else cell.replace("{", "").replace("}", "")
            parts[number] = marks + rest
        claims.append(Claim(RESULTS, "".join(parts), v.noise(technology), values))
    return tuple(claims)


def _check(name: str, interval: bool = False) -> Values:
    """A check's jitter over the macromodel's."""

    def of(study: Any) -> list[float]:
        found = study["checks"][name]["over_the_macromodel"]
        return [found["value"], *((found["low"], found["high"]) if interval else ())]

    return of


def _over_ngspice(study: Any) -> list[float]:
    found = study["macromodel_over_ngspice"][v.ISI]
    return [found["value"], found["low"], found["high"]]


def _offsets(technology: str, mismatch_set: str, says: str) -> Claim:
    def values(document: Any) -> list[float]:
        wanted = (technology, mismatch_set)
        (row,) = [r for r in document if (r["technology"], r["mismatch_set"]) == wanted]
        return [1e3 * deviation for deviation in row["offset_spread"]]

    says = f"| {technology} | {mismatch_set} | {says} |"
    return Claim(RESULTS, says, _OFFSETS, values)


RESULT_CLAIMS: tuple[Claim, ...] = (
    _forecast(
        "| NARMA-10 | {1} | {0.908} | {0.288} | "
        "{0.542} ({0.504} to {0.545}) | "
        "{0.497} ({0.469} to {0.507}) | {1.73} |"
    ),
    _forecast(
        "| Lorenz | {14} | {1.193} | {0.775} | "
        "{0.327} ({0.300} to {0.336}) | "
        "{0.141} ({0.136} to {0.160}) | {0.18} |"
    ),
    _forecast(
        "| Mackey-Glass, tau 30 | {12} | {1.046} | {0.528} | "
        "{0.280} ({0.215} to {0.319}) | "
        "{0.145} ({0.136} to {0.194}) | {0.27} |"
    ),
    _forecast(
        "| Henon | {1} | {1.660} | {0.832} | "
        "{0.039} ({0.024} to {0.047}) | "
        "{0.061} ({0.048} to {0.078}) | {0.07} |"
    ),
    _forecast(
        "| sunspots, yearly | {1} | {0.643} | {0.395} | "
        "{0.385} ({0.358} to {0.467}) | "
        "{0.484} ({0.389} to {0.550}) | {1.22} |"
    ),
    _forecast(
        "| El Nino, monthly | {1} | {0.536} | {0.225} | "
        "{0.220} ({0.216} to {0.254}) | "
        "{0.240} ({0.238} to {0.260}) | {1.07} |"
    ),
    Claim(
        RESULTS,
        "MTC beats persistence on {6} of 6 and the echo state network on {3} of 6, and is within "
        "1.2 times ridge on {4} of 6.",
        v.FORECASTS,
        _forecasts_won,
    ),
    _forecast_length("sunspots, yearly | 200 | {0.455} ({0.439} to {0.711})"),
    _forecast_length("sunspots, yearly | 400 | {0.420} ({0.391} to {0.480})"),
    _forecast_length("sunspots, yearly | 800 | {0.467} ({0.396} to {0.486})"),
    _forecast_length("sunspots, yearly | 1500 | {0.446} ({0.440} to {0.522})"),
    _forecast_length("El Nino, monthly | 200 | {0.265}"),
    _forecast_length("El Nino, monthly | 400 | {0.252}"),
    _forecast_length("El Nino, monthly | 1500 | {0.242}"),
    _forecast_length("Henon | 1500 | {0.048}"),
    _forecast_length("Henon | 3000 | {0.042}"),
    _forecast_length("Henon | 5000 | {0.044}"),
    _forecast_way(
        0,
        "200 steps, all else as in the table",
        "0.564 0.543 0.604",
        "0.475 0.405 0.502",
        "0.388 0.373 0.539",
    ),
    _forecast_way(
        1,
        "readout filter: tau of a whole sample",
        "0.830 0.819 0.836",
        "0.581 0.547 0.633",
        "0.388 0.373 0.539",
    ),
    _forecast_way(
        2,
        "readout filter: tau of a tenth of a sample",
        "0.564 0.543 0.604",
        "0.475 0.405 0.502",
        "0.498 0.384 0.514",
    ),
    _forecast_way(
        3,
        "learning rates: time constants 3 times as fast",
        "0.593 0.576 0.602",
        "0.507 0.472 0.532",
        "0.277 0.268 0.602",
    ),
    _forecast_way(
        4,
        "learning rates: alpha, delta a third as fast",
        "0.688 0.684 0.694",
        "0.477 0.462 0.480",
        "0.489 0.439 0.574",
    ),
    _forecast_way(
        5,
        "fit of the readout: none",
        "0.595 0.574 0.623",
        "0.425 0.409 0.440",
        "0.488 0.437 0.495",
    ),
    _forecast_way(
        6,
        "initialization: currents from 0 to 3",
        "0.565 0.552 0.589",
        "0.406 0.386 0.423",
        "0.274 0.264 0.306",
    ),
    _forecast_way(
        7,
        "initialization: input weights twice as large",
        "0.585 0.569 0.588",
        "0.473 0.370 0.482",
        "0.271 0.264 0.309",
    ),
    _forecast_way(
        8,
        "initialization: time constants a third as long",
        "0.592 0.571 0.597",
        "0.473 0.447 0.474",
        "0.336 0.301 0.493",
    ),
    _yields(
        "untrained",
        "ordinary",
        "{92.9} % ({91.1} to {94.3} %)",
        "{2.5} % ({1.7} to {3.7} %)",
        "{1725} | {161} | {19626} | {626}",
    ),
    _yields(
        "untrained",
        "subthreshold",
        "{65.0} % ({62.0} to {67.9} %)",
        "{0.7} % ({0.3} to {1.4} %)",
        "{1725} | {161} | {19626} | {626}",
    ),
    _yields(
        "sized",
        "ordinary",
        "{98.7} % ({97.8} to {99.2} %)",
        "{11.3} % ({9.5} to {13.4} %)",
        "{3449} | {231} | {22266} | {930}",
    ),
    _yields(
        "sized",
        "subthreshold",
        "{88.9} % ({86.8} to {90.7} %)",
        "{2.5} % ({1.7} to {3.7} %)",
        "{3449} | {231} | {22266} | {930}",
    ),
    _yields(
        "trained",
        "ordinary",
        "{99.3} % ({98.6} to {99.7} %)",
        "{9.0} % ({7.4} to {10.9} %)",
        "{3449} | {231} | {22266} | {986}",
    ),
    _yields(
        "trained",
        "subthreshold",
        "{90.8} % ({88.8} to {92.4} %)",
        "{1.2} % ({0.7} to {2.1} %)",
        "{3449} | {231} | {22266} | {986}",
    ),
    _yields(
        "calibrated",
        "ordinary",
        "{100.0} % ({99.6} to {100.0} %)",
        "{9.1} % ({7.5} to {11.0} %)",
        "{3449} | {231} | {22266} | {986}",
    ),
    _yields(
        "calibrated",
        "subthreshold",
        "{100.0} % ({99.6} to {100.0} %)",
        "{1.7} % ({1.1} to {2.7} %)",
        "{3449} | {231} | {22266} | {986}",
    ),
    Claim(
        RESULTS,
        "{83.3} % ({55.2} to {95.3} %) of {12} `trained` samples",
        "docs/results/regime_yield/ngspice.json",
        lambda d: [
            *v.yields("trained", "subthreshold", "regime", "circuit")(d),
            v.yield_row(d, "trained", "subthreshold")["samples"],
        ],
    ),
    Claim(
        RESULTS,
        "of {1000} other samples {88.5} %",
        v.SIZING,
        lambda d: [d["checked"]["samples"], 100.0 * d["checked"]["sample_yield"]],
    ),
    _heat(
        _EXCITABLE,
        v.ISI,
        "| excitable | interval | {+2.5} / {+2.4} | {-1.4} / {-1.4} | {-8.0} / {-8.0} |",
    ),
    _heat(
        _RAISED,
        v.ISI,
        "| burster, raised | interval | {+3.4} / {+3.4} | {-0.9} / {-0.9} | {-2.4} / {-2.4} |",
    ),
    _heat(
        _RAISED,
        v.IBI,
        "| burster, raised | IBI | {+3.1} / {+2.5} | {-2.0} / {-1.1} | {-9.5} / {-9.8} |",
    ),
    _heat(
        _BURSTER,
        v.ISI,
        "| burster | interval | {+2.5} / {+2.5} | {-1.3} / {-1.2} | {-2.6} / {-2.7} |",
    ),
    _heat(
        _BURSTER,
        v.IBI,
        "| burster | IBI | {+5.4} / {+3.9} | {+0.3} / {-1.5} | {-8.3} / {-6.9} |",
    ),
    Claim(
        RESULTS,
        "intervals drift as in ngspice within {0.2} percentage points",
        v.HEAT,
        _apart(v.ISI, _ALL),
    ),
    Claim(RESULTS, "IBIs within {1.8}.", v.HEAT, _apart(v.IBI, v.BURSTERS)),
    Claim(
        RESULTS,
        "keep the inter-spike intervals of the bursters within {1.0} %",
        v.HEAT,
        _predicted(v.BURSTERS, "constant_gm"),
    ),
    Claim(
        RESULTS,
        "those of the excitable neuron within {0.9} % up to 85 °C",
        v.HEAT,
        _predicted([_EXCITABLE], "constant_gm", ["-40", "85"]),
    ),
    Claim(RESULTS, "and {6.7} % at 125", v.HEAT, _predicted([_EXCITABLE], "constant_gm", ["125"])),
    Claim(RESULTS, "follow the absolute temperature ({-20} to {+28} %)", v.HEAT, _kelvin),
    Claim(
        RESULTS,
        "the IBIs of the raised burster shorten by {32} % at 125 °C",
        v.HEAT,
        lambda d: [
            -v.heat(d, [_RAISED], v.IBI, ["125"], ["macromodel"], ("constant", "constant"))[0]
        ],
    ),
    Claim(
        RESULTS,
        "at 125 °C an OTA's tail gains {86.5} pA",
        _CELLS,
        lambda d: [1e12 * d["leakage"]["ota"]],
    ),
    _random(
        "sky130, tt",
        "{40} | {12} | {0} | {0.23} % | {30} | {30} | {30} | {30} of {30} | {0.13} %, {0.35} %",
    ),
    _random(
        "sky130, ff",
        "{40} | {11} | {0} | {0.08} % | {30} | {30} | {30} | {30} of {30} | {0.12} %, {0.32} %",
    ),
    _random(
        "sky130, ss",
        "{40} | {18} | {0} | {0.20} % | {28} | {28} | {28} | {28} of {28} | {0.15} %, {0.34} %",
    ),
    _random(
        "generic, tt",
        "{40} | {8} | {0} | {0.22} % | {32} | {32} | {31} | {32} of {32} | {0.14} %, {0.53} %",
    ),
    _random(
        "generic, ff",
        "{40} | {7} | {0} | {0.28} % | {34} | {34} | {34} | {32} of {33} | {0.15} %, {0.49} %",
    ),
    _random(
        "generic, ss",
        "{40} | {13} | {0} | {0.17} % | {29} | {29} | {28} | {29} of {29} | {0.14} %, {0.44} %",
    ),
    _random(
        "all",
        "{240} | {69} | {0} | {0.28} % | {183} | {183} | {181} | {181} of {182} "
        "| {0.14} %, {0.38} %",
    ),
    Claim(
        RESULTS,
        "No verdict of the {240} is changed by `auto`, which simulated {69} of them again",
        v.RANDOM,
        lambda groups: [
            groups["all"]["by_accuracy"]["neurons"] - len(groups["all"]["by_accuracy"]["changed"]),
            groups["all"]["by_accuracy"]["simulated_again"],
        ],
    ),
    _refined(0, "{4.0} %, {2.6} %, {0.1} % | {+5.1} % | {-0.9} % | {34} of {40} | {1.64} | no"),
    _refined(1, "{0.2} %, {0.2} %, {0.3} % | {-5.7} % | {+1.8} % | {42} of {40} | {0.48} | no"),
    _refined(2, "{0.1} %, {0.1} %, {0.1} % | {-0.7} % | {+2.4} % | {40} of {40} | {0.11} | yes"),
    _refined(3, "{0.1} %, {0.1} %, {0.1} % | {+0.3} % | {-1.0} % | {40} of {40} | {0.06} | yes"),
    _preset(
        0,
        "| resting | typical | yes | resting | yes, yes | -, - | -, - | {0.1}% |",
    ),
    _preset(
        1,
        "| tonic spiking | typical | yes | tonic spiking | yes, yes |"
        " {+1.8}%, {-0.0}% | -, - | {0.1}% |",
    ),
    _preset(
        2,
        "| phasic spiking | typical | yes | phasic spiking | yes, yes | -, - | -, - | {0.1}% |",
    ),
    _preset(
        3,
        "| tonic bursting | ff | yes | tonic bursting | yes, yes |"
        " {-0.7}%, {+0.0}% | {-2.4}%, {-0.2}% | {1.2}% |",
    ),
    _preset(
        4,
        "| tonic bursting | ss | yes | tonic bursting | yes, yes |"
        " {+4.2}%, {-0.1}% | {+0.9}%, {+0.1}% | {1.3}% |",
    ),
    _preset(
        5,
        "| tonic bursting | typical | yes | tonic bursting | yes, yes |"
        " {+2.9}%, {-0.0}% | {-4.5}%, {-0.0}% | {0.1}% |",
    ),
    _preset(
        6,
        "| phasic bursting | typical | yes | phasic bursting | yes, yes |"
        " {+1.4}%, {+0.0}% | -, - | {0.1}% |",
    ),
    _preset(
        7,
        "| depolarization block | typical | yes | depolarization block | yes, yes |"
        " -, - | -, - | {0.1}% |",
    ),
    _preset(
        8,
        "| ribar sepulchre excitable | typical | yes | tonic spiking | no, yes |"
        " {+55.9}%, {+0.0}% | -, - | {0.2}% |",
    ),
    _preset(
        9,
        "| ribar sepulchre burster raised | typical | yes | tonic bursting | no, yes |"
        " {+62.8}%, {-0.4}% | {+24.8}%, {-0.4}% | {0.2}% |",
    ),
    _preset(
        10,
        "| ribar sepulchre burster | typical | yes | tonic bursting | no, yes |"
        " {+62.6}%, {-0.4}% | {+29.1}%, {+1.5}% | {0.2}% |",
    ),
    _preset(
        11,
        "| burster | ff | yes | tonic bursting | yes, yes |"
        " {+1.9}%, {+0.1}% | {+1.0}%, {-2.3}% | {1.6}% |",
    ),
    _preset(
        12,
        "| burster | ss | no | tonic bursting | no, yes |"
        " {+5.9}%, {+0.0}% | {+5.1}%, {-1.9}% | {1.2}% |",
    ),
    _preset(
        13,
        "| burster | typical | yes | tonic bursting | yes, yes |"
        " {+3.7}%, {-0.4}% | {+7.8}%, {+6.5}% | {0.2}% |",
    ),
    Claim(
        RESULTS,
        "the regimes of neuron_13 and neuron_15 have margins of {0.01} and {0.09}",
        v.CODES,
        lambda d: [
            float(changed.split("margin ")[1].split(")")[0])
            for neuron in ("neuron_13", "neuron_15")
            for changed in d["4 bits"]["changed"]
            if changed.startswith(f"{neuron}:")
        ],
    ),
    _codes(
        "3 bits",
        "| 3 bits | {0.048} / {0.063} | {0.093} | {1} | {1.9} / {41.1} % |",
    ),
    _codes(
        "4 bits",
        "| 4 bits | {0.03} / {0.044} | {0.05} | {2} | {1.3} / {42.2} % |",
    ),
    _codes(
        "5 bits",
        "| 5 bits | {0.012} / {0.026} | {0.03} | {0} | {0.7} / {6.2} % |",
    ),
    _codes(
        "6 bits",
        "| 6 bits | {0.0076} / {0.014} | {0.015} | {1} | {0.4} / {4.9} % |",
    ),
    _codes(
        "8 bits",
        "| 8 bits | {0.0027} / {0.0047} | {0.0071} | {1} | {0.1} / {30.7} % |",
    ),
    _codes(
        "6 bits, 8 groups a line",
        "| 6 bits, 8 groups a line: {280} of {496} lines | {0.041} / {0.17} "
        "|  | {1} | {3.1} / {56.9} % |",
    ),
    _codes(
        "6 bits, 4 groups a line",
        "| 6 bits, 4 groups a line: {184} of {496} lines | {0.13} / {0.36} "
        "|  | {3} | {4.8} / {17.3} % |",
    ),
    _codes(
        "6 bits, 2 groups a line",
        "| 6 bits, 2 groups a line: {132} of {496} lines | {0.2} / {0.79} "
        "|  | {6} | {3.7} / {65.3} % |",
    ),
    Claim(
        RESULTS,
        "| 1000, macromodel | {654} | {1000} | {7} | {44} | {1.04}, at most {3} |",
        v.CALIBRATED,
        v.calibrated,
    ),
    Claim(
        RESULTS,
        "| 4, macromodel | {3} | {4} | {0} | {0} | {1.00}, at most {1} |",
        v.CALIBRATED_NGSPICE,
        v.calibrated,
    ),
    Claim(
        RESULTS,
        "| the same 4, ngspice | {3} | {4} | {0} | {0} | {1.00}, at most {1} |",
        v.CALIBRATED_NGSPICE,
        lambda d: v.calibrated(d, "circuit"),
    ),
    Claim(
        RESULTS,
        "with ISIs within {1.4} %",
        v.CALIBRATED_NGSPICE,
        v.calibration_errors(v.ISI),
    ),
    Claim(
        RESULTS,
        "IBIs within {3.6} % of ngspice's",
        v.CALIBRATED_NGSPICE,
        v.calibration_errors(v.IBI),
    ),
    Claim(
        RESULTS,
        "references within {2} mV of those of ngspice",
        v.CALIBRATED_NGSPICE,
        v.reference_difference,
    ),
    Claim(
        RESULTS,
        "{13} of {20} keep the regime in both, {65.0} % ({43.3} to {81.9} %)",
        v.MISMATCH,
        _kept_in_ngspice,
    ),
    Claim(
        RESULTS,
        "none keeps the rhythm as well ({0.0} to {16.1} %)",
        v.MISMATCH,
        lambda d: v.percent(d["yield"]["circuit"]["rhythm"]["interval"]),
    ),
    _agreement("spikes_per_burst", "| spikes per burst | {13} | {1.9} % | {6.6} % | {0.995} |"),
    _agreement(v.ISI, "| ISI | {15} | {1.7} % | {2.1} % | {0.994} |"),
    _agreement(v.IBI, "| IBI | {13} | {1.3} % | {4.9} % | {0.996} |"),
    Claim(
        RESULTS,
        "next sample takes {3} ms of processor time, to load it anew {0.24} s",
        v.MISMATCH,
        lambda d: [1e3 * d["overhead"]["alter"], d["overhead"]["reload"]],
    ),
    Claim(
        RESULTS,
        "| as the demo trains it | {0.060} | 0.459 | 0.914 | {0.092} | 0.496 | 0.975 |",
        f"{v.VARIATION}/start.json",
        _without_mismatch,
    ),
    Claim(
        RESULTS,
        "| as the demo trains it | 0.060 | {0.459} | {0.914} | 0.092 | {0.496} | {0.975} |",
        f"{v.VARIATION}/samples.json",
        v.drawn_errors("stream_before", "before"),
    ),
    _network(
        v.DEMO_NETWORK,
        "| {50} | {0.148} | {0.134} | {0.180} | {0.999} | {1.64} | {1.67} |",
    ),
    _network(
        v.TUNED_NETWORK,
        "| {50} | {0.185} | {0.108} | {0.199} | {0.987} | {2.33} | {2.35} |",
        "before",
    ),
    _network(
        v.TUNED_NETWORK,
        "| {1450} | {0.0624} | {0.0758} | {0.0615} | {0.998} | {2.24} | {2.26} |",
        "validation",
    ),
    _network(
        v.TUNED_GF180,
        "| {300} | {0.0614} | {0.0744} | {0.0595} | {0.998} | {3.49} | {3.52} |",
        "validation",
    ),
    Claim(
        RESULTS,
        "| trained with variation | {0.149} | 0.250 | 0.397 | {0.150} | 0.268 | 0.470 |",
        f"{v.VARIATION}/training.json",
        _without_mismatch,
    ),
    Claim(
        RESULTS,
        "| trained with variation | 0.149 | {0.250} | {0.397} | 0.150 | {0.268} | {0.470} |",
        f"{v.VARIATION}/samples.json",
        v.drawn_errors("stream_after", "after"),
    ),
    _level("AVX512", "| AVX-512 | {29.1} | {44.6} | {2.3} | {0.61} | {2.9} | {1.66} |"),
    _level("AVX2", "| AVX2 alone | {23.8} | {32.1} | {2.4} | {0.50} | {3.4} | {1.71} |"),
    Claim(
        RESULTS,
        "Two processes at once do {2.06} and {1.93} times the steps of one",
        v.STEP_LEVELS,
        lambda d: [d[vectors]["two_processes"] for vectors in ("AVX512", "AVX2")],
    ),
    _detailed("| plain torch | {15.6} | {2.7} |", "eager"),
    _detailed("| compiled, tape `full` | {2.0} | {0.6} |", "compiled, tape full"),
    _detailed("| compiled, tape `segments` | {2.6} | {0.6} |", "compiled, tape segments"),
    Claim(
        RESULTS,
        "Compiling the step took {43} s, its gradient {90} s",
        v.DETAILED_STEP,
        lambda d: [d[f"seconds to compile the {what}"] for what in ("step", "gradient")],
    ),
    Claim(
        RESULTS,
        "| 300 recurrent MTC neurons | {10.1}, deviation {4.3}, median {9.9}, worst {21.3} |",
        v.NEUROBENCH,
        lambda d: [d[what] for what in ("smape", "deviation", "median", "worst")],
    ),
    Claim(
        RESULTS,
        "differ by {1.2e-5}",
        v.NEUROBENCH,
        lambda d: [d["solver_difference"]],
    ),
    Claim(
        RESULTS,
        "footprint ({746,424} bytes) and operations ({90,600} multiply-accumulates a point)",
        v.NEUROBENCH,
        lambda d: [
            d["repeats"][0]["Footprint"],
            d["repeats"][0]["SynapticOperations"]["Effective_MACs"],
        ],
    ),
    *_noise(
        "| jitter of the macromodel over ngspice's | <{1.03} ({0.93} to {1.14})> | "
        "<{1.05} ({0.95} to {1.16})> |",
        _over_ngspice,
    ),
    *_noise(
        "as ngspice has them, over its own | <{0.93} ({0.90} to {0.97})> | "
        "<{0.92} ({0.89} to {0.96})> |",
        _check("mean_densities", interval=True),
    ),
    *_noise("| with white noise alone | <{0.96}> | <{0.78}> |", _check("white_alone")),
    *_noise("| with flicker noise alone | <{0.26}> | <{0.68}> |", _check("flicker_alone")),
    *_noise(
        "| with half the time step | <{1.05} ({1.01} to {1.09})> | <{0.99} ({0.96} to {1.04})> |",
        _check("half_the_step", interval=True),
    ),
    *_noise(
        "a millionth of the densities (its own error) | <{0.004}> | <{0.004}> |",
        _check("ngspice_almost_without_noise"),
    ),
    *_noise(
        "with a leak of one unit alone | <{0.25} mV rms> | <{0.23} mV rms> |",
        lambda d: [1e3 * d["membrane_rms"]],
    ),
    _empty_point("serial", "| in this process | | {0.13} ms |", started=False),
    _empty_point("local, 2 workers", "| two workers of this machine | {0.013} s | {0.15} ms |"),
    _empty_point("dask local, 2 workers", "| a Dask cluster of two workers | {3.0} s | {3.0} ms |"),
    _throughput(
        "designs",
        "| five currents and four gains: twenty designs | {13.8} s | {6.8} s | "
        "{2.01} ({2.00} to {2.03}) | {2.06} | {1.94} |",
    ),
    _throughput(
        "temperatures",
        "| four gains at five temperatures: four designs | {10.7} s | {5.8} s | "
        "{1.85} ({1.79} to {1.90}) | {1.91} | {1.95} |",
    ),
    Claim(
        RESULTS,
        "imports {0.88}, mapping {0.12}, the models in continuous time {1.44}, starting ngspice "
        "and reading the circuit {0.52}, three I-V curves {0.81}, the response {4.83}; {9.5} in "
        "all, {0.325} of the {29.2} that commit 6e7bfa8 takes",
        v.VALIDATE_TIME,
        lambda d: [
            *d["parts"].values(),
            float(np.median(d["whole"])),
            d["ratio"],
            float(np.median(d["against"])),
        ],
    ),
    _offsets("sky130", "ordinary", "{4.46} mV | {4.04} mV | {4.02} mV"),
    _offsets("sky130", "subthreshold", "{9.82} mV | {7.89} mV | {7.51} mV"),
    _offsets("gf180mcu", "library", "{5.19} mV | {5.03} mV | {4.77} mV"),
    _offsets("generic", "typical", "{5.48} mV | {5.29} mV | {5.01} mV"),
)
