"""Tables as people have them: the values that are read, which lie under each of them."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest

from neuron_model.errors import InputError
from neuron_model.tasks.columns import read_columns
from neuron_model.tasks.sequence_file import sequence_task_for
from neuron_model.tasks.series import scored_windows, window_starts
from neuron_model.tasks.series_file import SeriesFile, series, task_for
from neuron_model.tasks.text_table import read_text_table

ROWS = 600
TIME = np.arange(ROWS)
A = np.array([round(math.sin(t / 7) + 0.3 * math.sin(t / 3), 3) for t in range(ROWS)])
B = np.array([round(20 + math.cos(t / 9), 3) for t in range(ROWS)])


def write(path: Path, head: str, line: Callable[[int, float, float], str], encoding="utf-8"):
    rows = [line(t, a, b) for t, (a, b) in enumerate(zip(A.tolist(), B.tolist(), strict=True))]
    path.write_bytes("\n".join(([head] if head else []) + rows + [""]).encode(encoding))
    return path


def learned(task: SeriesFile) -> np.ndarray:
    """What is heard of the training part, in the table's units."""
    series = task.series()
    return series.signal_scale.mean + series.signal_scale.deviation * series.training.signal


CASES = {
    "semicolon_decimal_comma.csv": (
        "Zeit;Pumpe;Pegel",
        lambda t, a, b: f"{t};{a:.3f};{b:.3f}".replace(".", ","),
        {"Pumpe": A, "Pegel": B},
        ("semicolons", "decimal commas", "'Zeit' is the time"),
    ),
    "comma.csv": ("", lambda t, a, b: f"{b:.3f}".replace(".", ","), {"1": B}, ("decimal commas",)),
    "comma_head.csv": (
        "level",
        lambda t, a, b: f"{b:.3f}".replace(".", ","),
        {"level": B},
        ("decimal commas",),
    ),
    "dates.csv": (
        "Date/Time (UTC),load,temperature",
        lambda t, a, b: f"2024-01-{1 + t // 24:02d} {t % 24:02d}:00:00,{a:.3f},{b:.3f}",
        {"load": A, "temperature": B},
        ("'Date/Time (UTC)' is the time, a row every 3600 s",),
    ),
    "german_dates.csv": (
        "Datum;x",
        lambda t, a, b: f"{1 + t // 24:02d}.01.2024 {t % 24:02d}:00;{a:.3f}",
        {"x": A},
        ("'Datum' is the time, a row every 3600 s",),
    ),
    "index_of_pandas.csv": (
        ",a,b",
        lambda t, a, b: f"{t},{a:.3f},{b:.3f}",
        {"a": A, "b": B},
        ("'index' is the time",),
    ),
    "units.csv": (
        "a,b\nm3/h,m",
        lambda t, a, b: f"{a:.3f},{b:.3f}",
        {"a": A, "b": B},
        ("row 2 are units: m3/h, m",),
    ),
    "spaces.txt": ("a b", lambda t, a, b: f"{a:.3f}  {b:.3f}", {"a": A, "b": B}, ("spaces",)),
    "comment.csv": (
        "# logger 7, site B\na,b",
        lambda t, a, b: f"{a:.3f},{b:.3f}",
        {"a": A, "b": B},
        ("1 line of comments left out",),
    ),
    "unix_time.csv": (
        "unix_time,x",
        lambda t, a, b: f"{1700000000 + 60 * t},{a:.3f}",
        {"x": A},
        ("'unix_time' is the time, a row every 60",),
    ),
    "years.csv": (
        "of,x",
        lambda t, a, b: f"{1400 + t},{a:.3f}",
        {"x": A},
        ("'of' is the time, a row every 1",),
    ),
    "constant.csv": ("c,b", lambda t, a, b: f"1,{b:.3f}", {"b": B}, ("as constant: c",)),
    "titles.csv": (
        "Heating plant North;export of 2024-04-12\nby the logger\nflow;return",
        lambda t, a, b: f"{a:.3f};{b:.3f}",
        {"flow": A, "return": B},
        ("2 lines above the names left out",),
    ),
    "trailing.csv": (
        "a,b,",
        lambda t, a, b: f"{a:.3f},{b:.3f},",
        {"a": A, "b": B},
        ("the empty last column left out",),
    ),
    "numbers_as_head.csv": (
        "2023,2024",
        lambda t, a, b: f"{a:.3f},{b:.3f}",
        {"2023": A, "2024": B},
        ("row 1, whole numbers in steps, are names",),
    ),
    "quoted.csv": (
        '"a, raw","b"',
        lambda t, a, b: f'"{a:.3f}","{b:.3f}"',
        {"a, raw": A, "b": B},
        ("learns b",),
    ),
    "bom.csv": ("\ufeffa,b", lambda t, a, b: f"{a:.3f},{b:.3f}", {"a": A, "b": B}, ("learns b",)),
}


@pytest.mark.parametrize("name", CASES)
def test_tables_are_read_as_people_mean_them(tmp_path: Path, name: str):
    head, line, columns, said = CASES[name]
    task = task_for(write(tmp_path / name, head, line))
    assert task.input == tuple(columns)
    assert task.target == (list(columns)[-1],)
    found = learned(task)
    np.testing.assert_allclose(found, np.stack(list(columns.values()), axis=1)[: len(found)])
    for words in said:
        assert words in SeriesFile(task.file).said()


def test_names_with_one_too_few_are_no_title(tmp_path: Path):
    """As R writes a table: the first column, row numbers, has no name."""
    path = write(tmp_path / "r.csv", "flow;return", lambda t, a, b: f"{t};{a:.3f};{b:.3f}")
    with pytest.raises(InputError, match="row 2: has 3 cells; it must have 2, as row 1 does"):
        read_text_table(path)


@pytest.mark.parametrize("asked", [{"target": "flo"}, {"input": "flo"}, {"time": "flo"}])
def test_a_column_that_is_not_there_may_mean_one_that_is(tmp_path: Path, asked: dict):
    path = write(tmp_path / "t.csv", "flow;return", lambda t, a, b: f"{a:.3f};{b:.3f}")
    with pytest.raises(InputError, match="Did you mean 'flow'"):
        series(path, **asked)


def test_latin_1_is_told(tmp_path: Path):
    path = write(
        tmp_path / "l.csv", "T (\xb0C),level", lambda t, a, b: f"{a:.3f},{b:.3f}", "latin-1"
    )
    task = task_for(path)
    assert task.input == ("T (\xb0C)", "level")
    np.testing.assert_allclose(learned(task)[:, 0], A[: len(learned(task))])
    assert "encoding latin-1" in task.said()


@pytest.mark.parametrize("name", ["T", "t", "step", "index", "sample"])
def test_the_last_column_is_the_target_whatever_it_is_called(tmp_path: Path, name: str):
    task = task_for(write(tmp_path / "t.csv", f"p,{name}", lambda t, a, b: f"{a:.3f},{b:.3f}"))
    assert task.input == ("p", name)
    assert task.target == (name,)
    np.testing.assert_allclose(learned(task)[:, 1], B[: len(learned(task))])


def missing(path: Path) -> Path:
    def line(t: int, a: float, b: float) -> str:
        return f"{t},{'' if t % 50 == 7 else a},{'NaN' if 300 <= t < 310 else b}"

    return write(path, "time,a,b", line)


def test_missing_values_are_interpolated_up_to_a_length_and_longer_holes_are_gaps(tmp_path: Path):
    task = task_for(missing(tmp_path / "m.csv"))
    found = learned(task)
    assert found[7, 0] == pytest.approx((A[6] + A[8]) / 2)
    series = task.series()
    assert series.training.breaks == (299,)
    np.testing.assert_allclose(found[298:300, 1], B[[298, 310]])
    assert "12 missing values interpolated" in task.said()
    assert "10 rows with missing values dropped" in task.said()


def test_missing_values_can_be_dropped_or_refused(tmp_path: Path):
    path = missing(tmp_path / "m.csv")
    dropped = SeriesFile(str(path), missing="drop", window=20, washout=5)
    assert "21 rows with missing values dropped" in dropped.said()
    assert dropped.series().training.breaks[:2] == (6, 54)
    with pytest.raises(InputError, match=r"row 9, column 'a': is missing"):
        SeriesFile(str(path), missing="refuse").series()
    with pytest.raises(InputError, match="missing = 'guess' is not allowed"):
        SeriesFile(str(path), missing="guess")


def test_rows_are_sorted_by_their_time(tmp_path: Path):
    path = write(
        tmp_path / "u.csv", "time,x", lambda t, a, b: f"{t * 7 % 600},{A[t * 7 % 600]:.3f}"
    )
    task = task_for(path)
    np.testing.assert_allclose(learned(task)[:, 0], A[: len(learned(task))])
    assert "rows sorted by 'time'" in task.said()
    unsorted = SeriesFile(str(path), input=("x",), time="none", window=0)
    np.testing.assert_allclose(learned(unsorted)[1, 0], A[7])


def test_no_window_crosses_a_gap(tmp_path: Path):
    path = write(
        tmp_path / "g.csv", "time,x", lambda t, a, b: f"{t + (200 if t > 300 else 0)},{a:.3f}"
    )
    task = task_for(path)
    series = task.series()
    # Row 300 has no next one: what is behind the gap is not its target.
    assert series.training.breaks == (300,)
    starts = window_starts(series.training, task.window).numpy()
    assert not ((starts < 300) & (starts + task.window > 300)).any()
    assert starts.max() == len(series.training) - task.window
    signal, target = scored_windows(task, series.training)
    np.testing.assert_allclose(signal[:, 1:], target[:, :-1])
    assert "1 gap in time" in task.said()


def test_uneven_times_are_refused_and_can_be_resampled(tmp_path: Path):
    path = write(tmp_path / "r.csv", "time,x", lambda t, a, b: f"{t + (t // 2) * 2},{a:.3f}")
    with pytest.raises(InputError, match="too uneven"):
        task_for(path)
    task = task_for(path, resample=4.0)
    found = learned(task)[:, 0]
    np.testing.assert_allclose(found, A.reshape(-1, 2).mean(1)[: len(found)])


def test_times_that_repeat_are_refused(tmp_path: Path):
    path = write(tmp_path / "d.csv", "date,x", lambda t, a, b: f"2024-01-{1 + t % 28:02d},{a:.3f}")
    with pytest.raises(InputError, match="row 30: has the same time as row 2"):
        task_for(path)


def test_a_stuck_sensor_is_refused(tmp_path: Path):
    path = write(tmp_path / "s.csv", "a,b", lambda t, a, b: f"{a:.3f},{b if t < 420 else 20:.3f}")
    with pytest.raises(InputError, match=r"'b' does not change in the test part"):
        task_for(path).series()


def test_labels_are_a_classification(tmp_path: Path):
    path = write(
        tmp_path / "l.csv", "a;label", lambda t, a, b: f"{a:.3f};{'run' if a > 0 else 'idle'}"
    )
    task = sequence_task_for(path)
    assert task is not None
    data = task.sequences()
    assert data.classes == ("idle", "run")


def test_short_tables_get_windows_that_fit(tmp_path: Path):
    path = write(tmp_path / "s.csv", "x", lambda t, a, b: f"{a:.3f}")
    named = SeriesFile(str(path), window=0).named()
    assert (named.window, named.washout) == (59, 26)
    assert len(named.series().validation) == 59


def test_two_columns_of_whole_numbers_are_no_decimal_commas(tmp_path: Path):
    path = write(tmp_path / "two.csv", "", lambda t, a, b: f"{t % 7},{t % 11 + 3}")
    assert read_text_table(path).names == ("1", "2")


@pytest.mark.parametrize(("name", "needs"), [("t.parquet", "pyarrow"), ("t.xlsx", "openpyxl")])
def test_parquet_and_excel(tmp_path: Path, name: str, needs: str):
    pytest.importorskip(needs)
    frame = pandas.DataFrame({"when": pandas.date_range("2024", periods=ROWS, freq="h"), "b": B})
    path = tmp_path / name
    (frame.to_parquet if needs == "pyarrow" else frame.to_excel)(path, index=False)
    task = task_for(path)
    assert task.input == ("b",)
    np.testing.assert_allclose(learned(task)[:, 0], B[: len(learned(task))])


def test_a_table_whose_reader_is_not_installed_says_which(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"pyarrow"):
        read_columns(path)
