"""Measurements outlive the process, and are of one thing."""

from pathlib import Path

import pytest

from codesign.measured_record import MeasuredRecord
from neuron_model.errors import InputError


def test_values_are_there_again(tmp_path: Path):
    path = tmp_path / "runs" / "record.jsonl"
    record = MeasuredRecord(path, "a")
    record.add("x", [1.0, 2.0])
    record.add("y", {"z": None})
    again = MeasuredRecord(path, "a")
    assert "x" in again
    assert again["x"] == [1.0, 2.0]
    assert again["y"] == {"z": None}
    # killed while it wrote its last line
    path.write_text(path.read_text()[:-4])
    cut = MeasuredRecord(path, "a")
    assert "x" in cut
    assert "y" not in cut
    cut.add("y", 3)
    assert MeasuredRecord(path, "a")["y"] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no record"),
        ("nonsense\n", "is no record"),
        ("[]\n", "is no record"),
        ('{"fingerprint": "b"}\n', "the record of another neuron"),
    ],
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: str, message: str):
    path = tmp_path / "record.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        MeasuredRecord(path, "a")
    assert path.read_text() == content


def test_nothing_is_written_without_a_path():
    record = MeasuredRecord(None, "a")
    record.add("x", 1)
    assert record["x"] == 1
