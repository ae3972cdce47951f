"""The benchmark that takes libraries of other people through `technology new` and a spiker."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import foreign_libraries

LIST = """
[[library]]
name = "one"
origin = "a foundry"
node = "0.35 um"
level = 49
models = "a/lib.sp"
sections = ["TT", "b.sp TT"]
includes = ["a/switches.sp"]
nmos = "n"
pmos = "p"
supply = 3.3
[[library]]
name = "two"
origin = "another"
node = "90 nm"
level = 54
models = "c.sp"
nmos = "n"
pmos = "p"
supply = 1.2
"""

NEURON = {
    "name": "tonic_spiking",
    "reasons": [],
    "timing": {"model": {"circuit_spike_count": 57, "isi_error": 0.0125, "ibi_error": None}},
    "iv": {"fast": {"nrmse": 0.0031}, "slow": {"nrmse": 0.0042}},
}
SUITS = {
    "suits": True,
    "limits": {"bias_current": [1e-11, 5e-8]},
    "reference": 1.65,
    "corners": ["tt"],
    "notes": [],
}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that were given; the first library suits, the second leaks."""
    words_given: list[tuple[str, ...]] = []

    def codesign(*words: str) -> tuple[int, dict[str, Any], str]:
        words_given.append(words)
        if words[0] == "validate":
            return 0, {"neurons": [NEURON]}, ""
        if "two" in words:
            return 1, {"suits": False, "reasons": ["gate leakage of 2 nA"], "notes": []}, ""
        return 0, SUITS, ""

    monkeypatch.setattr(foreign_libraries, "codesign", codesign)
    return words_given


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "list.toml").write_text(LIST)
    words = ["foreign_libraries", str(folder / "list.toml"), "--out", str(folder / "out")]
    monkeypatch.setattr("sys.argv", words)
    foreign_libraries.main()
    return (folder / "out/table.md").read_text()


def test_a_library_that_suits_is_validated_and_another_refused_with_the_reason(
    tmp_path, monkeypatch, said
):
    table = run(tmp_path, monkeypatch)
    passed = "| a foundry | 0.35 um | 49 | 3.3 | passed | 1e-11 | 5e-08 | 57 | +1.25 |  | 0.42 |  |"
    assert passed in table
    refused = "| another | 90 nm | 54 | 1.2 | refused |  |  |  |  |  |  | gate leakage of 2 nA |"
    assert refused in table
    lines = (tmp_path / "out/table.csv").read_text().splitlines()
    assert lines[0].startswith("library,node,BSIM level,supply (V),tonic spiker,")
    assert lines[2] == "another,90 nm,54,1.2,refused,,,,,,,gate leakage of 2 nA"
    assert [words[0] for words in said] == ["technology", "validate", "technology"]
    first = said[0]
    assert first[first.index("--models") + 1] == str(tmp_path / "a/lib.sp")
    assert [w for w, before in zip(first[1:], first, strict=False) if before == "--section"] == [
        "TT",
        "b.sp TT",
    ]
    assert first[first.index("--include") + 1] == str(tmp_path / "a/switches.sp")


def test_it_resumes_with_the_library_that_is_not_done(tmp_path, monkeypatch, said):
    run(tmp_path, monkeypatch)
    record = tmp_path / "out/results.json"
    done = json.loads(record.read_text())
    del done["two"]
    record.write_text(json.dumps(done))
    said.clear()
    run(tmp_path, monkeypatch)
    assert [words[3] for words in said] == ["two"]


@pytest.mark.ngspice
def test_one_transistor_is_looked_at_in_plain_ngspice(tmp_path):
    leaky = "igcmod=1 igbmod=1 toxe=2e-9 toxref=2e-9"
    (tmp_path / "c.sp").write_text(f".model n nmos level=54 version=4.5 vth0=0.4 {leaky}\n")
    library = {"name": "two", "models": "c.sp", "nmos": "n", "supply": 1.2}
    found = foreign_libraries.plain_check(library, tmp_path)
    assert 1e-16 < found["off_current"] < 1e-9
    assert 1e-13 < found["gate_current"] < 1e-7
