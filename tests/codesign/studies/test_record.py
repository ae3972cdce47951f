"""The record of a study: on disk at once, refused where it is of something else, one writer."""

import json
from pathlib import Path

import pytest

from codesign.studies.failure import Failure, Kind
from codesign.studies.identity import content
from codesign.studies.record import Record, RecordHead
from neuron_model.errors import InputError

HEAD = RecordHead("scaling", 1, content({"factor": 2.0, "seed": 3}))
FAILED = Failure(Kind.SIMULATOR, "ngspice failed.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record of two points."""
    file = tmp_path / "runs" / "points.jsonl"
    with Record.opened(file, HEAD) as record:
        record.add("b", {"value": 0.1})
        record.add("a", FAILED)
    return file


def test_a_line_for_what_it_is_of_and_one_for_each_point(path: Path):
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"study": "scaling", "version": 1, "identity": HEAD.identity},
        {"key": "b", "outcome": {"value": 0.1}},
        {"key": "a", "error": {"kind": "simulator", "reason": "ngspice failed."}},
    ]
    assert Record.read(path, HEAD) == {"b": {"value": 0.1}, "a": FAILED}


def test_an_entry_is_on_disk_when_it_was_added(tmp_path: Path):
    with Record.opened(tmp_path / "r", HEAD) as record:
        record.add("a", 1)
        assert Record.read(tmp_path / "r", HEAD) == {"a": 1}


def test_what_was_added_is_what_will_be_read(path: Path):
    with Record.opened(path, HEAD) as record:
        assert record.add("c", {"pair": (1, 2.5)}) == {"pair": [1, 2.5]}
        with pytest.raises(TypeError):
            record.add("d", object())  # type: ignore[arg-type]
    assert Record.read(path, HEAD)["c"] == {"pair": [1, 2.5]}
    assert "d" not in Record.read(path, HEAD)


def test_the_later_line_holds(path: Path):
    with Record.opened(path, HEAD) as record:
        record.add("a", {"value": 2.0})
    assert Record.read(path, HEAD)["a"] == {"value": 2.0}


def test_without_a_file_there_is_memory(tmp_path: Path):
    with Record.opened(None, HEAD) as record:
        record.add("a", 1)
        assert record.entries == {"a": 1}
    assert Record.read(None, HEAD) == Record.read(tmp_path / "none", HEAD) == {}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_last_line_that_was_cut_off_makes_way(path: Path, cut: int):
    path.write_bytes(path.read_bytes()[:-cut])
    assert set(Record.read(path, HEAD)) == {"b"}
    with Record.opened(path, HEAD) as record:
        record.add("c", 3)
    assert Record.read(path, HEAD) == {"b": {"value": 0.1}, "c": 3}
    assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("left", [0, 1, 20])
def test_a_first_line_that_was_cut_off_is_written_again(path: Path, left: int):
    path.write_bytes(path.read_bytes()[:left])
    with Record.opened(path, HEAD) as record:
        assert record.entries == {}
    assert path.read_text() == HEAD.line


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (
            RecordHead("scaling", 1, content({"factor": 3.0, "seed": 3, "more": 1})),
            r"another scaling \(factor = 3.0, where the record has 2.0; more is new\); choose "
            "another file, change that back, or begin again",
        ),
        (RecordHead("scaling", 2, HEAD.identity), "of version 1 of this study, .* version 2; "),
        (RecordHead("sweep", 1, HEAD.identity), r"another study \(scaling, not sweep\)"),
    ],
)
def test_the_record_of_something_else_is_refused_and_stays(
    path: Path, head: RecordHead, words: str
):
    before = path.read_bytes()
    with pytest.raises(InputError, match=words), Record.opened(path, head):
        pass
    with pytest.raises(InputError, match=words):
        Record.read(path, head)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"fingerprint": "abc"}\n{"key": "0", "value": 1}\n', "from before records said what"),
        ('{"entries": []}\n', "is no record of a study .*does not say of which study"),
        ("[1]\n", "is no record of a study .*its first line is no table"),
        ("dear diary\n", "is no record of a study"),
        ("dear diary", "is no record of a study; choose another file"),
        (HEAD.line + '{"key": "0"}\n', "is no record of a study .*outcome"),
        (HEAD.line + '{"key": "0", "error": {"kind": "odd", "reason": ""}}\n', "'odd' is not"),
    ],
)
def test_what_is_no_record_is_refused_and_stays(tmp_path: Path, text: str, words: str):
    path = tmp_path / "points.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=f"points.jsonl: .*{words}"), Record.opened(path, HEAD):
        pass
    assert path.read_text() == text


def test_a_second_writer_is_refused_and_a_reader_is_not(path: Path):
    with Record.opened(path, HEAD) as record:
        message = "another process writes to this record; wait until it has ended, or"
        with pytest.raises(InputError, match=message), Record.opened(path, HEAD):
            pass
        assert set(Record.read(path, HEAD)) == {"a", "b"}
        record.add("c", 1)
    with Record.opened(path, HEAD) as record:
        assert set(record.entries) == {"a", "b", "c"}


def test_a_folder_is_no_file(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be written"), Record.opened(tmp_path, HEAD):
        pass
