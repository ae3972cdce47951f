import json
import math
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.design import (
    NeuronDesign,
    designs_from_json,
    designs_to_json,
    read_designs,
    write_designs,
)
from mapping.mapper import map_neuron
from neuron_model.errors import InputError
from neuron_model.model.parameters import Timescale
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

DESIGN = map_neuron(burster(), real_cells(), LIMITS)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(
    FINITE,
    FINITE,
    FINITE,
    st.text(max_size=20),
    st.lists(st.text(max_size=20), max_size=3).map(tuple),
)
def test_what_is_written_is_read_back(unit, voltage, bias, technology, notes):
    elements = (replace(DESIGN.elements[0], bias_current=bias), *DESIGN.elements[1:])
    design = replace(
        DESIGN,
        unit_current=unit,
        unit_voltage=voltage,
        technology=technology,
        notes=notes,
        elements=elements,
    )
    assert designs_from_json(designs_to_json((design, DESIGN))) == (design, DESIGN)


def test_files_are_read_back(tmp_path):
    path = write_designs(tmp_path / "run" / "design.json", [DESIGN])
    assert read_designs(path) == (DESIGN,)


def test_volts_and_units_undo_each_other():
    assert DESIGN.units(DESIGN.volts(1.25)) == pytest.approx(1.25)
    assert DESIGN.volts(0.0) == DESIGN.reference_voltage


def test_followers_are_found_by_timescale():
    assert DESIGN.follower(Timescale.FAST) is None
    slow = DESIGN.follower(Timescale.SLOW)
    assert slow is not None
    assert slow.tau == 50.0


def broken(change) -> str:
    content = json.loads(designs_to_json([DESIGN]))
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '"text"',
        "{",
        "{}",
        broken(lambda c: c.update(format=2)),
        broken(lambda c: c.pop("neurons")),
        broken(lambda c: c["neurons"][0].pop("supply")),
        broken(lambda c: c["neurons"][0].update(color="red")),
        broken(lambda c: c["neurons"][0]["elements"][0].update(timescale="slowest")),
        broken(lambda c: c["neurons"][0]["elements"][0].update(orientation="sideways")),
        broken(lambda c: c["neurons"][0]["output"].pop("threshold_voltage")),
        broken(lambda c: c["neurons"][0].update(elements=3)),
        broken(lambda c: c["neurons"][0].update(followers=[3])),
        broken(lambda c: c["neurons"][0].update(unit_current="much")),
        broken(lambda c: c["neurons"][0].update(unit_voltage=None)),
        broken(lambda c: c["neurons"][0].update(name=7)),
        broken(lambda c: c["neurons"][0]["leak"][0].update(bias_current=[1.0])),
        broken(lambda c: c["neurons"][0].update(time_unit=math.nan)),
    ],
)
def test_a_text_that_is_no_design_is_refused(text):
    said = (
        r"mine\.json: (is no design file of format 1|.*design file of format 2, which|has no field)"
    )
    with pytest.raises(InputError, match=said):
        designs_from_json(text, "mine.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json: cannot be read"):
        read_designs(tmp_path / "nowhere.json")
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"binary\.json: is not a text file"):
        read_designs(binary)


def test_a_full_disk_leaves_the_file_of_before(tmp_path, monkeypatch):
    path = write_designs(tmp_path / "design.json", [DESIGN])
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    other: NeuronDesign = replace(DESIGN, name="other")
    with pytest.raises(InputError, match="No space left"):
        write_designs(path, [other])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
