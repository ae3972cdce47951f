"""The table of what tolerances cost and give."""

from benchmarks.tolerances import SETTINGS, table


def row(tolerances: str, points: int, seconds: float, spikes: int, isi: float) -> dict:
    found = {"points": points, "seconds": seconds, "spikes": spikes, "isi": isi}
    return {"neuron": "n", "tolerances": tolerances, **found, "last_spike": 10 * isi}


def test_every_setting_stands_beside_the_tight_one():
    assert next(iter(SETTINGS)) == "tight"
    lines = table(
        [row("tight", 900, 8.0, 5, 20.0), row("fast", 300, 2.0, 5, 20.1), row("x", 1, 1.0, 4, 20.0)]
    ).splitlines()
    assert lines[2] == "| n | tight | 900 | 1.00 | +0.000 % | +0.000 % |"
    assert lines[3] == "| n | fast | 300 | 0.25 | +0.500 % | +0.500 % |"
    assert lines[4] == "| n | x | 1 | 0.12 | another number | +0.000 % |"


def test_a_neuron_that_does_not_fire_has_no_errors():
    still = {**row("tight", 9, 1.0, 0, 1.0), "isi": None, "last_spike": None}
    assert table([still]).splitlines()[2].endswith("| - | - |")
