import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from neuron_model.errors import InputError
from neuron_model.tasks import columns as columns_module
from neuron_model.tasks.columns import read_columns
from neuron_model.tasks.series_file import SeriesFile, series, task_for

ROWS = 120
TIME = np.arange(ROWS)
PUMP = np.sin(0.3 * TIME)
LEVEL = 5.0 + 2.0 * np.cos(0.2 * TIME)


def write_csv(path: Path, header: str | None = "time,pump,level", delimiter: str = ",") -> Path:
    rows = [header.replace(",", delimiter)] if header else []
    for row in zip(TIME.tolist(), PUMP.tolist(), LEVEL.tolist(), strict=True):
        rows.append(delimiter.join(repr(x) for x in row))
    path.write_text("\n".join(rows) + "\n")
    return path


def task(path: Path, **values) -> SeriesFile:
    return SeriesFile(str(path), window=8, washout=3, **values)


@pytest.mark.parametrize(
    ("header", "delimiter"), [("time,pump,level", ","), ("time,pump,level", ";"), (None, "\t")]
)
def test_columns_of_csv(tmp_path: Path, header: str | None, delimiter: str):
    columns = read_columns(write_csv(tmp_path / "my.csv", header, delimiter))
    assert columns.names == (("time", "pump", "level") if header else ("1", "2", "3"))
    np.testing.assert_array_equal(columns.values[columns.names[2]], LEVEL)


def test_a_clean_table_is_read_fast_and_any_other_cell_by_cell_to_the_same_numbers(tmp_path: Path):
    clean = write_csv(tmp_path / "clean.csv")
    quoted = tmp_path / "quoted.csv"
    quoted.write_text('"time",pump,level\n\n' + clean.read_text().split("\n", 1)[1])
    assert columns_module._read_numbers(clean) is not None
    assert columns_module._read_numbers(quoted) is None
    slow, fast = read_columns(quoted), read_columns(clean)
    assert slow.names == fast.names
    for name in fast.names:
        np.testing.assert_array_equal(slow.values[name], fast.values[name])


def test_inputs_and_targets_are_those_named(tmp_path: Path):
    path = write_csv(tmp_path / "my.csv")
    series = task(path, input=("pump", "level"), target=("level", "pump"), horizon=3).series()
    scale = series.target_scale
    said = scale.mean + scale.deviation * series.test.target
    np.testing.assert_allclose(said, np.stack([LEVEL, PUMP], axis=1)[99:])
    assert series.persistence == (1, 0)
    assert len(series.training) == 84 - 3
    assert series.signal_scale.mean[0] == pytest.approx(PUMP[:84].mean())
    one = task(path, input=("pump",), target=("level",), horizon=0).series()
    assert one.persistence == (None,)
    np.testing.assert_allclose(
        one.target_scale.mean + one.target_scale.deviation * one.validation.target[:, 0],
        LEVEL[84:96],
    )


def test_without_names_all_but_the_time_is_heard_and_the_last_said(tmp_path: Path):
    named = task(write_csv(tmp_path / "my.csv")).named()
    assert named.input == ("pump", "level")
    assert named.target == ("level",)
    assert len(named.sha256) == 64
    np.testing.assert_array_equal(
        named.series().test.signal, task(Path(named.file)).series().test.signal
    )
    bare = task(write_csv(tmp_path / "bare.csv", None)).named()
    assert bare.input == ("2", "3")


def test_npz_holds_columns(tmp_path: Path):
    path = tmp_path / "my.npz"
    np.savez(path, both=np.stack([PUMP, LEVEL], axis=1), time=TIME)
    named = task(path).named()
    assert named.input == ("both_1", "both_2")
    from_csv = task(write_csv(tmp_path / "my.csv"), input=("pump", "level")).series()
    np.testing.assert_array_equal(named.series().test.signal, from_csv.test.signal)


def test_a_short_file_gets_short_windows(tmp_path: Path):
    suggested = task_for(write_csv(tmp_path / "my.csv"))
    assert suggested.window == 11
    assert suggested.washout == 4
    assert suggested.series().outputs == 1


def test_a_file_that_has_changed_is_not_taken_for_the_same(tmp_path: Path):
    path = write_csv(tmp_path / "my.csv")
    named = task(path).named()
    shutil.copy(path, tmp_path / "kept.csv")
    path.write_text(path.read_text().replace("5.0", "5.5"))
    with pytest.raises(InputError, match="has changed: its SHA-256"):
        named.series()
    shutil.copy(tmp_path / "kept.csv", path)
    assert named.series().inputs == 2


@pytest.mark.parametrize(
    ("line", "cells", "words"),
    [
        (121, "119,0.5,high", "row 121, column 'level': 'high'"),
        (9, "7,1e999,2", "row 9, column 'pump': '1e999'"),
        (3, "1,2", "row 3: has 2 cells; it must have 3"),
        (1, "time,pump,pump", "row 1: has two columns named 'pump'"),
        (1, "time,,pump", "row 1: has an empty name"),
    ],
)
def test_wrong_cells_are_named(tmp_path: Path, line: int, cells: str, words: str):
    path = write_csv(tmp_path / "my.csv")
    rows = path.read_text().splitlines()
    rows[line - 1] = cells
    path.write_text("\n".join(rows))
    with pytest.raises(InputError) as caught:
        task(path).series()
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


def test_words_in_a_column_that_is_not_used_do_no_harm(tmp_path: Path):
    path = tmp_path / "my.csv"
    rows = [f"2026-{i // 28 + 1}-{i % 28 + 1},{x!r}" for i, x in enumerate(LEVEL.tolist())]
    path.write_text("\n".join(["date,level", *rows]))
    assert task(path).named().input == ("level",)
    with pytest.raises(InputError, match="row 2, column 'date': '2026-1-1'"):
        task(path, input=("date", "level")).series()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"input": ("pomp",)}, "input = 'pomp' is not one of its columns; they are time, pump"),
        ({"target": ("pomp",)}, "target = 'pomp'"),
        ({"horizon": -1}, "horizon = -1"),
        ({"horizon": 0}, "the target 'level' is heard in the same row"),
        ({"horizon": 50}, "window + horizon = 58 is not allowed; it must be at most 12"),
        ({"input": ("pump", "pump")}, "each once"),
        ({"training_fraction": 1.5}, "training_fraction = 1.5"),
        ({"training_fraction": "half"}, "training_fraction = 'half'"),
        ({"validation_fraction": 0.3}, "less than 1 - training_fraction = 0.3"),
    ],
)
def test_wrong_tasks_are_refused(tmp_path: Path, values: dict, words: str):
    with pytest.raises(InputError) as caught:
        task(write_csv(tmp_path / "my.csv"), **values).series()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("my.doc", b"x", "its name must end in"),
        ("my.xlsx", b"x", "cannot be read"),
        ("my.csv", b"", "is empty"),
        ("my.csv", b"a,b\n", "no rows of numbers"),
        ("my.csv", b"a\n\0\1\n", "cannot be read as text"),
        ("my.npz", b"PK nothing", "is no NPZ file"),
    ],
)
def test_files_that_are_no_tables_are_refused(
    tmp_path: Path, name: str, content: bytes, words: str
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_columns(path)
    assert str(caught.value).startswith(str(path))
    with pytest.raises(InputError, match="no such file"):
        read_columns(tmp_path / "none.csv")


def test_npz_of_other_things_is_refused(tmp_path: Path):
    path = tmp_path / "my.npz"
    for arrays, words in (
        ({"a": np.array(["x"])}, "it must be of numbers"),
        ({"a": np.zeros((2, 2, 2))}, r"\(2, 2, 2\)"),
        ({"a": np.zeros(3), "b": np.zeros(4)}, "a 3, b 4 samples"),
        ({"a": np.array([0.0, np.inf])}, "row 2, column 'a': inf"),
        ({"a": np.array([{}], dtype=object)}, "no NPZ file of numbers"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(InputError, match=words):
            read_columns(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    for read in (lambda: SeriesFile(str(path)).series(), lambda: series(path)):
        with pytest.raises(InputError, match=r"pipe\.csv: cannot be read"):
            read()
