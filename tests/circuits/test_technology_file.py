"""Technology files that are based on another: what is written is what is read."""

from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

from circuits.sizing import scaled_technology
from circuits.technology import TECHNOLOGY_FOLDER, load_technology
from circuits.technology_file import write_sized_technology
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
    assert path.read_text().startswith("# two\n# lines\nbase = ")


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
