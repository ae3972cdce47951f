"""Tutorials: they run, end as they say, and become pages."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from documentation import tutorials

# What each tells of: a reader would be misled if it were otherwise.
SAID = {
    "neuron": (
        "slow_excitable=True, bistable=False",
        "RegimeReport(tonic_bursting, 27 spikes in 3 bursts",
        "1 keeps the regime of the model, 1 the rhythm; 1 passed",
    ),
    "own_series": ("NRMSE of the last value", "model.safetensors", "1 of 8 neurons simulated"),
    "own_process": ("mine.toml", "ASSUMED", "1 keeps the regime of the model"),
    "sweep": ("15 points; about", "depolarization block", "\nTrue\n"),
    "yield_and_calibration": ("samples", "calibrated"),
}


def text(page: tutorials.Page) -> str:
    return re.sub(r"<[^>]*>", " ", page.text)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", SAID)
def test_a_tutorial_runs_and_shows_what_it_tells_of(name: str):
    page = tutorials.page(name, tutorials.kept(name))
    for words in SAID[name]:
        assert words in text(page)
    assert page.pictures
    for picture, content in page.pictures.items():
        assert f"]({picture})" in page.text
        assert content.startswith(b"\x89PNG")
    assert "\x1b" not in page.text


def test_every_tutorial_is_tried_and_in_the_navigation():
    assert tutorials.names() == tuple(sorted(SAID))
    listed = Path(tutorials.SOURCES.parents[1] / "mkdocs.yml").read_text(encoding="utf-8")
    for name in tutorials.names():
        assert f"tutorials/{name}.md" in listed


@pytest.mark.parametrize("name", SAID)
def test_a_script_is_a_notebook_that_begins_with_its_title(name: str):
    book = tutorials.notebook(name)
    nbformat.validate(book)
    assert book.cells[0].cell_type == "markdown"
    title = book.cells[0].source.splitlines()[0]
    # the same title as in the site's navigation
    navigation = (tutorials.SOURCES.parents[1] / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"{title.removeprefix('# ')}: tutorials/{name}.md" in navigation
    assert all(not cell.get("outputs") for cell in book.cells)


def cell(source: str, *outputs: dict[str, object]) -> nbformat.NotebookNode:
    made = [nbformat.v4.new_output(**output) for output in outputs]
    return nbformat.v4.new_code_cell(source, outputs=made)


def test_a_page_shows_what_cells_gave_and_no_progress():
    picture = {"image/png": "iVBORw0K", "text/plain": "<Figure>"}
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title\nWords."),
            cell(
                "%%sh\ncodesign doctor", {"output_type": "stream", "text": "\x1b[1mfine\x1b[0m\n"}
            ),
            cell("run()", {"output_type": "stream", "name": "stderr", "text": "3 of 9"}),
            cell("figure", {"output_type": "execute_result", "data": picture}),
            cell("table", {"output_type": "execute_result", "data": {"text/html": "<b>1</b>"}}),
            cell("1", {"output_type": "execute_result", "data": {"text/plain": "1"}}),
        ]
    )
    page = tutorials.page("name", book)
    assert page.text.startswith("# Title\n\n*This page is a notebook")
    assert "```sh\ncodesign doctor\n```\n\n```text\nfine\n```" in page.text
    assert "3 of 9" not in page.text
    assert "![](name_1.png)" in page.text
    assert "Figure" not in page.text
    assert '<div class="output"><b>1</b></div>' in page.text
    assert "```text\n1\n```" in page.text
    assert page.pictures == {"name_1.png": b"\x89PNG\r\n"}


def test_what_was_run_is_run_again_once_it_says_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    runs = []

    def executed(name: str) -> nbformat.NotebookNode:
        runs.append(name)
        return tutorials.notebook(name)

    source = tmp_path / "small.py"
    source.write_text("# %% [markdown]\n# # Small\n\n# %%\n1\n")
    monkeypatch.setattr(tutorials, "SOURCES", tmp_path)
    monkeypatch.setattr(tutorials, "_KEPT", tmp_path / "kept")
    monkeypatch.setattr(tutorials, "executed", executed)
    for _ in range(2):
        assert tutorials.kept("small").cells[1].source == "1"
    assert runs == ["small"]
    source.write_text("# %% [markdown]\n# # Small\n\n# %%\n2\n")
    assert tutorials.kept("small").cells[1].source == "2"
    assert runs == ["small", "small"]
