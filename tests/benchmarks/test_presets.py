"""Rows of validations of presets, from documents made by hand."""

from typing import Any

from benchmarks.presets import row, table

CURVES = {"fast": {"nrmse": 0.004}, "slow": {"nrmse": 0.012}}


def document(**changes: Any) -> dict[str, Any]:
    verdict = {"regime_kept": True, "rhythm_kept": False}
    neuron = {
        "passed": False,
        "reasons": ["the rhythm of the model is not kept"],
        "regime": {"model": "tonic_bursting", "macromodel": "tonic_bursting", "circuit": "resting"},
        "circuit_shaped": True,
        "verdicts": {"model": verdict, "macromodel": {**verdict, "rhythm_kept": True}},
        "timing": {
            "model": {"isi_error": 0.059, "ibi_error": None},
            "macromodel": {"isi_error": -0.001, "ibi_error": 0.02},
        },
        "reports": {who: {"spike_count": 9} for who in ("model", "macromodel", "circuit")},
        "iv": CURVES,
        "accuracy": "tight",
    }
    place = {"technology": "gf180mcu", "corner": "ss", "neuron": "tonic_bursting"}
    return {**place, "neurons": [neuron | changes]}


def test_a_row_has_the_worst_curve_and_both_references():
    found = row(document())
    assert found["iv"] == 0.012
    assert found["rhythm_kept"] == {"model": False, "macromodel": True}
    assert found["isi_error"] == {"model": 0.059, "macromodel": -0.001}
    assert found["spikes"] == {"model": 9, "macromodel": 9, "circuit": 9}


def test_the_table_names_both_regimes_where_they_differ():
    resting = dict.fromkeys(("model", "macromodel", "circuit"), "resting")
    documents = document(), document(passed=True, regime=resting)
    changed, same = (table([row(one)]).splitlines()[-1] for one in documents)
    assert changed == (
        "| tonic bursting | ss | no | tonic bursting, resting | no, yes | +5.9%, -0.1% "
        "| -, +2.0% | 1.2% |"
    )
    assert "| yes | resting |" in same


def test_what_could_not_be_simulated_says_why():
    place = {"technology": "gf180mcu", "corner": "ss", "neuron": "tonic_bursting"}
    found = row({**place, "failed": "stopped after 1800 s at 300 of 9,000 tau_m"})
    assert found == {**place, "passed": False, "reasons": [found["reasons"][0]]}
    assert "stopped after 1800 s" in table([found])
