"""A study of one's own: at most 80 lines with table, picture, record and executors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codesign.studies.script import study_script
from codesign.studies.study import FinitePlan, Study
from codesign.workbench import Workbench
from examples import bias_line_sensitivity as example
from mapping.macromodel import Macromodel
from tests.mapping.cells import real_cells

LINES = ("ib_fm0", "ib_sp1", "ib_slow")
EXAMPLE = Path(example.__file__ or "")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells of ``generic`` that nobody measures."""
    monkeypatch.setattr(Workbench, "cells", lambda *_: real_cells())


def some(tools: Workbench) -> Study:
    """Three of the lines."""
    whole = example.study(tools)
    return replace(whole, plan=FinitePlan([p for p in whole.plan.next({}) if p.key in LINES]))


def test_it_has_eighty_lines_and_every_bias_line(made_up: None):
    assert len(EXAMPLE.read_text().splitlines()) <= 80
    plan = example.study(Workbench(None)).plan  # type: ignore[arg-type]
    assert {point.key for point in plan.next({})} > set(LINES)


def test_table_picture_and_record_come_for_free(
    made_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    record, picture = tmp_path / "lines.jsonl", tmp_path / "lines.svg"
    words = ["--out", str(record), "--plot", str(picture), "--json", "--workers", "2"]
    assert study_script(None, some, example.table, example.figure, words) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    found = {row["bias line"]: row["d ln ISI / d ln I_bias"] for row in rows}
    assert set(found) == set(LINES)
    # a slow voltage that follows more quickly lets the next spike come sooner
    assert found["ib_slow"] < 0
    assert b"<svg" in picture.read_bytes()
    assert len(record.read_text().splitlines()) == 4
    # again: from the record, here
    before = record.read_text()
    words = ["--out", str(record), "--workers", "1"]
    assert study_script(None, some, example.table, example.figure, words) == 0
    assert "ib_slow" in capsys.readouterr().out
    assert record.read_text() == before


def test_all_lines_together_only_scale_time(made_up: None):
    """Twice every current is the same neuron, twice as fast: the time unit is the design's."""
    study = example.study(Workbench(None))  # type: ignore[arg-type]
    task = study.task
    assert isinstance(task, example.LineSensitivity)
    assert isinstance(task.circuit, Macromodel)
    lines = [point.key for point in study.plan.next({})]
    one, both = task.isi({}), task.isi(dict.fromkeys(lines, 1.001))
    assert both == pytest.approx(one / 1.001, rel=2e-3)


def test_what_is_wrong_is_told_with_its_status(
    made_up: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    record = tmp_path / "lines.jsonl"
    record.write_text("dear diary\n")
    assert study_script(None, some, example.table, words=["--out", str(record)]) == 2
    assert "is no record of a study" in capsys.readouterr().err
