"""Tables that fit: no number is folded, no line is longer than the terminal."""

import re

import pytest

from codesign.terminal.tables import table_text, wrapped

COLUMNS = (
    "neuron",
    "passed",
    "kept of model",
    "spikes",
    "ISI error to model (%)",
    "to macromodel (%)",
    "I-V (%)",
    "nothing",
    "nJ/spike",
)
ROWS = [
    ("tonic_bursting", True, "regime rhythm", "160/160/161", "+0.33 -1.21", "+0.01 +0.02")
    + ("0.33 0.44 0.55", "", 1.23456),
    ("a", False, "nothing", "0/0/0", "", "-100.00 -12.34", "10.33 10.44 10.55", None, 0.5),
]
SENTENCE = "Cells of this process keep their currents down to 10 pA and so it suits what is wanted."


def cells(text: str) -> set[str]:
    """What stands between the bars, line by line."""
    lines = [line for line in text.splitlines() if line[:1] in "│┃"]
    return {cell.strip() for line in lines for cell in re.split("[│┃]", line)}


@pytest.mark.parametrize("width", [40, 50, 80, 120, 240])
def test_no_cell_is_folded_and_no_line_is_too_long(width: int):
    text = table_text(
        "A title that is longer than a narrow terminal is", COLUMNS, ROWS, width=width
    )
    assert max(map(len, text.splitlines())) <= width
    shown = cells(text)
    for row in ROWS:
        for value in row:
            cell = {True: "yes", False: "no", 1.23456: "1.235", None: ""}.get(value, str(value))
            assert cell in shown, cell


def test_each_block_says_of_which_row_it_is():
    text = table_text("", COLUMNS, ROWS, width=50)
    blocks = text.split("└")[:-1]
    assert len(blocks) > 2
    assert all("tonic_bursting" in block for block in blocks)


def test_several_columns_may_name_a_row():
    text = table_text("", ("of", "by", *COLUMNS), [("ISI", "ngspice", *ROWS[0])], 2, width=60)
    blocks = text.split("└")[:-1]
    assert len(blocks) > 2
    assert all("ISI" in block and "ngspice" in block for block in blocks)


def test_what_fits_is_one_block():
    assert table_text("", COLUMNS, ROWS, width=240).count("┏") == 1
    assert table_text("", COLUMNS, ROWS).count("┏") == 1


def test_columns_without_any_entry_go():
    text = table_text("", ("a", "b", "c"), [("1", "", "x"), ("2", None, "")])
    assert "b" not in text
    assert "c" in text
    assert "b" in table_text("", ("a", "b"), [])


def test_sentences_are_wrapped_between_words():
    text = table_text("", ("process", "note"), [("sky130", SENTENCE)], width=60)
    assert text.count("┏") == 1
    assert max(map(len, text.splitlines())) <= 60
    words = [word for line in cells(text) for word in line.split()]
    assert set(SENTENCE.split()) <= set(words)


def test_a_path_that_is_longer_than_a_line_is_broken_between_folders():
    path = "/home/somebody/.cache/models/combined/continuous/library.spice"
    text = table_text("", ("what", "where"), [("models", path)], width=50)
    lines = [line.split("│")[2].strip() for line in text.splitlines() if line.startswith("│")]
    assert len(lines) == 2
    assert lines[0].endswith("/")
    assert "".join(lines) == path


def test_numbers_stand_below_each_other():
    text = table_text("", ("name", "value"), [("a", 1.5), ("b", 120.25)])
    assert "│   1.5 │" in text
    assert "│ 120.2 │" in text


def test_prose_keeps_its_words():
    path = "/a/very/long/path/that/somebody/wants/to/copy/whole"
    assert wrapped(f"written to {path}", 30).splitlines() == ["written to", f"  {path}"]
    assert wrapped("one\ntwo", 30) == "one\ntwo"
    assert wrapped("a b c", None) == "a b c"


def test_areas_are_no_powers_of_ten():
    (line,) = (x for x in table_text("", ("a", "b"), [("x", 19634.2)]).splitlines() if "x" in x)
    assert "│ 19634 │" in line


@pytest.mark.parametrize("width", range(8, 30))
def test_a_number_stays_with_its_unit(width: int):
    lines = wrapped("kept by 30.0 % of all, at -40 °C, after 12.5 µs", width).splitlines()
    assert [part for part in ("30.0 %", "-40 °C", "12.5 µs") if any(part in x for x in lines)] == [
        "30.0 %",
        "-40 °C",
        "12.5 µs",
    ]
