"""Technology files, whole or based on another: what is written is what is read."""

from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

from circuits.diffusion import Diffusion, Parallel
from circuits.sizing import scaled_technology
from circuits.technology import (
    TECHNOLOGY_FOLDER,
    SizeStyle,
    Technology,
    builtin_technologies,
    load_technology,
)
from circuits.technology_file import technology_text, write_sized_technology, write_technology
from neuron_model.errors import InputError

GENERIC = load_technology("generic")
SIZED = replace(
    scaled_technology(GENERIC, {"pair": 2.0, "pmos_mirror": 5.0}),
    name="sized",
    membrane_capacitance=3.25e-12,
    unit_current=2.5e-9,
)


def test_a_written_technology_is_read_back(tmp_path):
    path = write_sized_technology(tmp_path / "deep" / "t.toml", SIZED, "generic", "two\nlines")
    read = load_technology(path)
    assert replace(read, models=SIZED.models) == SIZED
    # relative paths of models are still those of the base
    assert read.models.folder == GENERIC.models.folder
    assert path.read_text().startswith("# two\n# lines\nformat = 1\nbase = ")


def test_a_base_of_ones_own_is_found_from_anywhere(tmp_path, monkeypatch):
    own = tmp_path / "own.toml"
    own.write_text((TECHNOLOGY_FOLDER / "generic.toml").read_text())
    monkeypatch.chdir(tmp_path)
    path = write_sized_technology("out/t.toml", SIZED, "own.toml")
    assert 'base = "../own.toml"' in path.read_text()
    monkeypatch.chdir("/")
    assert load_technology(tmp_path / path).models.folder == tmp_path.resolve()


def write(folder: Path, **content: object) -> Path:
    path = folder / "t.toml"
    path.write_text(tomli_w.dumps(content))
    return path


def test_a_file_says_only_what_is_different(tmp_path):
    tail = {"width": 3.0, "length": 9.0}
    read = load_technology(write(tmp_path, base="generic", cells={"ota": {"tail": tail}}))
    assert (read.size("ota", "tail").width, read.size("ota", "tail").length) == (3.0, 9.0)
    assert read.size("ota", "pair") == GENERIC.size("ota", "pair")
    assert read.name == "generic"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"base": 3}, "t.toml: base = 3 must be the name or path"),
        ({"base": "t.toml"}, "more than 8 files"),
        ({"base": "nothing"}, "nothing' is neither built in"),
        ({"base": "generic", "unit_current": -1.0}, "unit_current = -1.0 must be above 0"),
        ({"base": "generic", "cell": {}}, "t.toml: cell is unknown"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        load_technology(write(tmp_path, **content))


def read_back(folder: Path, technology: Technology, **comments: str) -> Technology:
    """What is read of what was written, with the models' folder as it was."""
    path = write_technology(folder / "deep" / "whole.toml", technology, comments)
    read = load_technology(path)
    assert read.models.folder == path.parent.resolve()
    return replace(read, models=replace(read.models, folder=technology.models.folder))


@pytest.mark.parametrize("name", builtin_technologies())
def test_a_whole_technology_is_read_back(tmp_path, name):
    technology = load_technology(name)
    assert read_back(tmp_path, technology) == technology


def test_everything_that_can_be_said_is_written(tmp_path):
    drawn = Diffusion(0.3, 0.4, Parallel.SHARED, drain_area="a_d", source_perimeter="p_s")
    pmos = replace(
        GENERIC.pmos,
        prefix="X",
        terminals=("gate", "drain", "bulk", "source"),
        size_style=SizeStyle.METRE,
        width_parameter="wr",
        length_parameter="lr",
        multiplier=("m", "mult"),
        parameters={"nf": 1.0},
        diffusion=drawn,
    )
    models = replace(
        GENERIC.models,
        name=SIZED.name,
        paths=("$PDK/a b.lib", 'quo"te.lib'),
        includes=("design.inc",),
        sections={"tt": ("t", "other.lib t")},
        parameters={"switch": 0.0, "shift": -1.5e-3},
    )
    strange = replace(
        SIZED,
        pmos=pmos,
        models=models,
        corners=("tt", "slow"),
        description="50 % \u00b5m",
        sizes={
            **SIZED.sizes,
            "mirror": {role: replace(s, multiplier=3) for role, s in SIZED.sizes["mirror"].items()},
        },
    )
    assert read_back(tmp_path, strange) == strange


def test_comments_stand_before_their_tables_in_lines_that_fit():
    text = technology_text(GENERIC, {"": "head\nmore", "limits": "word " * 40})
    assert text.startswith("# head\n# more\nname = ")
    before = text[: text.index("[limits]")].splitlines()
    assert [line for line in before[-3:] if not line.startswith("# word")] == []
    assert max(len(line) for line in text.splitlines() if line.startswith("#")) <= 100
