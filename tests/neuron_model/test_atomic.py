"""Files that are whole or not there, alone and together."""

import os
from pathlib import Path

import pytest

from neuron_model.atomic import write_atomically, write_together
from neuron_model.errors import InputError


def full_after(files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full once so many files are on it."""
    written = 0

    def fsync(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written > files:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


def test_files_that_belong_together_are_written(tmp_path: Path):
    contents: dict[Path, str | bytes] = {
        tmp_path / "a/b/text": "\N{GREEK SMALL LETTER TAU}",
        tmp_path / "bytes": b"\0\1",
    }
    assert write_together(contents) == tuple(contents)
    assert (tmp_path / "a/b/text").read_bytes() == b"\xcf\x84"
    assert (tmp_path / "bytes").read_bytes() == b"\0\1"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "b", "bytes", "text"]


def test_a_full_disk_leaves_none_of_them_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    old = write_atomically(tmp_path / "old", "before")
    full_after(2, monkeypatch)
    new = {tmp_path / "run/one": "1", old: "after", tmp_path / "run/deep/two": "2"}
    with pytest.raises(InputError, match=r"two: cannot be written \(No space left"):
        write_together(new)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "before"


def test_a_folder_that_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "run").mkdir()
    full_after(0, monkeypatch)
    with pytest.raises(InputError, match="nothing was changed"):
        write_atomically(tmp_path / "run/sub/one", "1")
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]
    assert list((tmp_path / "run").iterdir()) == []


def test_a_folder_or_a_file_in_the_way(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="Is a directory"):
        write_together({tmp_path / "file": "1", tmp_path / "folder": "2"})
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
    write_atomically(tmp_path / "file", "1")
    with pytest.raises(InputError, match="file/inside: cannot be written"):
        write_atomically(tmp_path / "file/inside", "2")
