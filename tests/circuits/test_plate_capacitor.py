"""Capacitors as devices of the process: plates that hold what was asked for."""

from pathlib import Path

import pytest
import tomli_w

from circuits.plate_capacitor import PlateCapacitor
from circuits.structure import Size
from circuits.technology import load_technology
from neuron_model.errors import InputError

PROCESSES = ("sky130", "gf180mcu")


def device(name: str) -> PlateCapacitor:
    found = load_technology(name).capacitor
    assert found is not None
    return found


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("farad", [2e-13, 1e-12, 4.1234e-12, 8.37e-12, 2e-11])
def test_plates_hold_what_was_asked_for(name: str, farad: float):
    capacitor = device(name)
    size = capacitor.drawn(farad)
    assert capacitor.capacitance(size) == pytest.approx(farad, rel=1e-3)
    for side in (size.width, size.length):
        assert capacitor.side[0] <= side <= capacitor.side[1]
        assert side / 0.005 == pytest.approx(round(side / 0.005), abs=1e-6)
    assert size.width == pytest.approx(size.length, abs=0.02)
    if size.multiplier > 1:  # no fewer would do
        side = capacitor.side[1]
        assert capacitor.capacitance(Size(side, side, size.multiplier - 1)) < farad


def test_edges_count():
    plain = PlateCapacitor("c", 2e-15, (1.0, 50.0))
    assert plain.capacitance(Size(10, 20, 3)) == pytest.approx(3 * 400e-15)
    fringed = PlateCapacitor("c", 2e-15, (1.0, 50.0), fringe=1e-15, widened=1.0)
    assert fringed.capacitance(Size(10, 20)) == pytest.approx(2e-15 * 11 * 21 + 1e-15 * 60)
    assert fringed.capacitance(fringed.drawn(1e-12)) == pytest.approx(1e-12, rel=1e-3)


def test_what_is_smaller_than_the_smallest_plates_is_refused():
    with pytest.raises(InputError, match="smaller than the smallest of the device 'sky130"):
        device("sky130").drawn(1e-15)


GOOD = {"model": "mim", "density": 1e-15, "side": [1.0, 40.0]}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "t.toml"
    kept = {key: value for key, value in (GOOD | changes).items() if value is not None}
    path.write_text(tomli_w.dumps({"base": "generic", "devices": {"capacitor": kept}}))
    return path


def test_a_technology_file_may_give_one(tmp_path: Path):
    changes = {"terminals": ["bottom", "top"], "width": "wr", "length": "lr", "fringe": 2e-16}
    found = load_technology(write(tmp_path, **changes)).capacitor
    assert found == PlateCapacitor(
        "mim", 1e-15, (1.0, 40.0), ("bottom", "top"), "wr", "lr", fringe=2e-16
    )
    assert load_technology("generic").capacitor is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"density": None}, "devices.capacitor.density is missing"),
        ({"density": -1.0}, "density = -1.0 must be above 0"),
        ({"side": [0.0, 40.0]}, r"side = \[0.0, 40.0\] must start above 0"),
        ({"terminals": ["top", "top"]}, "must hold each of"),
        ({"length": "w"}, "writes one parameter twice: w, w, m"),
        ({"model": "a b"}, "must be a name"),
        ({"bottom": 1}, "bottom is unknown"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, changes: dict[str, object], why: str):
    with pytest.raises(InputError, match=why):
        load_technology(write(tmp_path, **changes))
