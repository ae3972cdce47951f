"""Every claim that is checked, document by document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.claims.claim import Claim, Values

README, RESULTS = "README.md", "docs/results/README.md"
_YIELDS = "docs/results/regime_yield/table_as_built.json"
_NETWORKS = "docs/results/mackey_glass/table.json"
_HEAT = "docs/results/temperature/sky130.json"
_STEP = "docs/results/training_step.json"
_NOISE = "docs/results/noise/{}_tonic_spiking.json"
_BURSTER = "burster.toml --technology sky130"
_DRIVE = "--current 0:-2.4,500:-1.4 --duration 11000"


def _percent(values: Sequence[float]) -> list[float]:
    return [100.0 * value for value in values]


def _yield(step: str, mismatch_set: str, what: str) -> Values:
    """Share and interval, per cent."""

    def of(table: Any) -> list[float]:
        (row,) = [r for r in table if (r["step"], r["mismatch_set"]) == (step, mismatch_set)]
        found = row["as_built"][what]
        return _percent([found["share"], *found["interval"]])

    return of


def _yield_rows() -> tuple[Claim, ...]:
    rows = (
        ("untrained", "ordinary", "{92.9} % ({91.1} to {94.3} %)", "{2.5} % ({1.7} to {3.7} %)"),
        (
            "untrained",
            "subthreshold",
            "{65.0} % ({62.0} to {67.9} %)",
            "{0.7} % ({0.3} to {1.4} %)",
        ),
        ("sized", "ordinary", "{98.2} % ({97.2} to {98.9} %)", "{14.1} % ({12.1} to {16.4} %)"),
        ("sized", "subthreshold", "{90.1} % ({88.1} to {91.8} %)", "{2.8} % ({1.9} to {4.0} %)"),
        ("trained", "ordinary", "{100.0} % ({99.6} to {100.0} %)", "{10.2} % ({8.5} to {12.2} %)"),
        ("trained", "subthreshold", "{96.0} % ({94.6} to {97.0} %)", "{1.6} % ({1.0} to {2.6} %)"),
    )

    def values(step: str, name: str) -> Values:
        regime, rhythm = _yield(step, name, "regime"), _yield(step, name, "rhythm")
        return lambda table: [*regime(table), *rhythm(table)]

    return tuple(
        Claim(RESULTS, f"| {step} | {name} | {kept} | {rhythm} |", _YIELDS, values(step, name))
        for step, name, kept, rhythm in rows
    )


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

    return Claim(README, says, _NETWORKS, values)


def _heat(neuron: str, quantity: str, says: str) -> Claim:
    """Drift from 27 degC of a published neuron with PTAT biases, as built / ngspice."""

    def values(table: Any) -> list[float]:
        (row,) = [r for r in table if (r["neuron"], r["currents"]) == (neuron, "ptat")]
        who = ("as_built", "circuit")
        return _percent([row[at][one][quantity] for at in ("-40", "85", "125") for one in who])

    return Claim(RESULTS, says, _HEAT, values)


def _jitter(technology: str, says: str) -> Claim:
    """ISI in ms, jitter in us and per cent, of macromodel and ngspice, and their ratio."""

    def values(study: Any) -> list[float]:
        ours, other = (
            study[who]["jitter"]["interspike_interval"] for who in ("macromodel", "ngspice")
        )
        ratio = study["macromodel_over_ngspice"]["interspike_interval"]
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

    return Claim(README, says, _NOISE.format(technology), values)


def _drift(which: Callable[[list[float]], Sequence[float]]) -> Values:
    """Of the intervals between spikes as built, per cent."""

    def values(study: Any) -> Sequence[float]:
        drifts = [c["as_built"]["drift"]["interspike_interval"] for c in study["conditions"]]
        return which(_percent(drifts))

    return values


CLAIMS: tuple[Claim, ...] = (
    *_yield_rows(),
    Claim(
        README,
        "{65.0} % ({62.0} to {67.9} %) keep the regime with `subthreshold`",
        _YIELDS,
        _yield("untrained", "subthreshold", "regime"),
    ),
    Claim(
        README,
        "{92.9} % ({91.1} to {94.3} %) with `ordinary`",
        _YIELDS,
        _yield("untrained", "ordinary", "regime"),
    ),
    _networks(
        "mtc", "| MTC, circuit-shaped | {0.104} ± {0.009} | {0.118} ± {0.007} | {0.012} | {0.067} |"
    ),
    _networks(
        "adlif", "| adaptive LIF | {0.222} ± {0.014} | {0.234} ± {0.009} | {0.241} | {0.241} |"
    ),
    _networks("lif", "| LIF | {0.309} ± {0.026} | {0.315} ± {0.029} | {0.329} | {0.329} |"),
    _heat(
        "ribar_sepulchre_excitable",
        "interspike_interval",
        "| excitable | interval | {+2.5} / {+2.4} | {-1.4} / {-1.4} | {-8.0} / {-8.0} |",
    ),
    _heat(
        "ribar_sepulchre_burster_raised",
        "interspike_interval",
        "| burster, raised | interval | {+3.4} / {+3.4} | {-0.9} / {-0.9} | {-2.4} / {-2.4} |",
    ),
    _heat(
        "ribar_sepulchre_burster_raised",
        "interburst_interval",
        "| burster, raised | pause | {+3.1} / {+2.5} | {-2.0} / {-1.1} | {-9.5} / {-9.8} |",
    ),
    _heat(
        "ribar_sepulchre_burster",
        "interspike_interval",
        "| burster | interval | {+2.5} / {+2.5} | {-1.3} / {-1.2} | {-2.6} / {-2.7} |",
    ),
    _heat(
        "ribar_sepulchre_burster",
        "interburst_interval",
        "| burster | pause | {+5.4} / {+3.9} | {+0.3} / {-1.5} | {-8.3} / {-6.9} |",
    ),
    _jitter(
        "generic",
        "{8.46} ms | {27.2} us ({0.32} %) | {26.3} us over {204} ISIs | "
        "{1.03} ({0.93} to {1.14}) |",
    ),
    _jitter(
        "sky130",
        "{6.38} ms | {19.8} us ({0.31} %) | {18.8} us over {210} ISIs | "
        "{1.05} ({0.95} to {1.16}) |",
    ),
    Claim(
        RESULTS,
        "is {35} times as quick as the same steps in plain torch",
        _STEP,
        lambda d: [d["times_the_fused"]["MTC eager, unbind (reference)"]],
    ),
    Claim(
        README,
        "the interval between spikes drifts by at most {2.6} % in the first",
        f"codesign temperature {_BURSTER} {_DRIVE} --plot heat.png",
        _drift(lambda drifts: [max(map(abs, drifts))]),
    ),
    Claim(
        README,
        "from {-9} to {+29} % in the second",
        f"codesign temperature {_BURSTER} --currents constant --references constant {_DRIVE}",
        _drift(lambda drifts: [min(drifts), max(drifts)]),
    ),
)
