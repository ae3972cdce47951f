"""Files of older versions: refused with the command that brings them up to date, which does so.

``older`` holds what commits of before wrote: a run folder of before the American spelling (its
validation thinned), and an example of it; the sweep is README's of before the field's words.
"""

import json
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from codesign.command_line import main
from codesign.studies.sweep.configuration import (
    read_sweep_configuration,
    sweep_configuration_from_toml,
)
from codesign.upgrade import upgrade
from codesign.validation.validation import read_validation
from neuron_model import TrainedNetwork, preset, read_neuron, read_run_configuration, write_neuron
from neuron_model.errors import InputError
from neuron_model.file_format import NEURON, RUN_CONFIGURATION, SWEEP, VALIDATION, VARIATION
from neuron_model.runs.currents_file import read_currents
from neuron_model.runs.history_file import read_history_table
from neuron_model.runs.result_file import read_entries
from neuron_model.runs.run_configuration import identity, read_written_configuration

OLDER = Path(__file__).parent / "older"
SWEEP_OF_BEFORE = """
neuron = "preset:tonic_spiking"  # a neuron file, preset:NAME or a run folder; or a list
technology = "generic"          # or a list
backend = "as_built"            # or "as_built_detail", or "ngspice"

[axes]
i_bias = { from = -0.6, to = 0.6, points = 7 }      # added to the input current
alpha.sm2 = { from = 0.6, to = 1.4, points = 5 }    # times the alpha of element 2, s-
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLDER / "run", tmp_path / "run"))


def test_a_run_of_before_is_refused_with_the_command_that_upgrades_it(run: Path):
    config = run / "config.toml"
    said = (
        f"{config}: is a run configuration of before format 2: training.optimiser is "
        f"training.optimizer now; `codesign upgrade {config}` brings it up to date."
    )
    with pytest.raises(InputError) as refused:
        read_written_configuration(config)
    assert str(refused.value) == said
    with pytest.raises(InputError, match="is a validation of format 2; this version reads format"):
        read_validation(run / "validation.json")
    with pytest.raises(InputError, match="has no field `format`; a training history .*`codesign"):
        read_history_table(run / "history.csv")
    with pytest.raises(InputError, match="has no field `format`; a file of input cur.*`codesign"):
        read_currents(run / "currents.npz", 1)
    with pytest.raises(InputError, match="has no field `format`; a training result needs"):
        read_entries(run / "training.json")


def test_a_run_of_before_is_as_good_as_new(run: Path):
    upgrade(run)
    trained = TrainedNetwork.load(run)
    assert trained.result.nrmse == json.loads((OLDER / "run/training.json").read_text())["nrmse"]
    configuration = read_written_configuration(run / "config.toml")
    assert (configuration.training.optimizer, configuration.variation.samples) == ("adam", 2)
    # `codesign train` knows the run again
    assert json.loads((run / "training.json").read_text())["identity"] == identity(configuration)
    found = read_validation(run / "validation.json")
    assert found.neurons[0].against_macromodel.isi_error is not None
    assert not (run / "chips.json").exists()
    rows = list(read_history_table(run / "history.csv"))
    assert [float(row["loss"]) for row in rows] == [h.loss for h in trained.result.history]
    before = np.load(OLDER / "run/currents.npz")
    np.testing.assert_array_equal(trained.currents[0].currents, before["currents"])
    assert json.loads((run / "variation.json").read_text()) == {
        "format": VARIATION.version,
        **json.loads((OLDER / "run/chips.json").read_text()),
    }
    assert all(not each.changes for each in upgrade(run)), "a second time nothing is left to do"


def test_the_configuration_of_a_run_is_upgraded_with_the_run(run: Path):
    paths = {each.path for each in upgrade(run / "config.toml")}
    assert paths >= {run / "config.toml", run / "training.json", run / "validation.json"}


def test_a_validation_that_lacks_something_is_left_and_the_rest_is_not(run: Path):
    validation = run / "validation.json"
    document = json.loads(validation.read_text())
    del document["neurons"][0]["units"]
    validation.write_text(json.dumps(document))
    *_, last = upgrade(run)
    assert last.left.endswith("`codesign validate` makes it again.")
    assert TrainedNetwork.load(run)
    assert json.loads(validation.read_text()) == document
    with pytest.raises(InputError, match="has not all that a validation has today"):
        upgrade(validation)


def test_what_people_wrote_keeps_its_comments_and_order(tmp_path: Path):
    path = tmp_path / "on_chips.toml"
    shutil.copy(OLDER / "on_chips.toml", path)
    with pytest.raises(InputError, match=r"chips is variation now; `codesign upgrade .* brings"):
        read_run_configuration(path)
    [found] = upgrade(path)
    assert found.changes == ("chips is variation now", "format = 2")
    before = (OLDER / "on_chips.toml").read_text().splitlines()
    after = path.read_text().splitlines()
    assert [line for line in after if line not in before] == ["format = 2", "[variation]"]
    assert [line for line in before if line not in after] == ["[chips]"]
    assert read_run_configuration(path).variation.samples == 16


def test_a_sweep_says_macromodel(tmp_path: Path):
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP_OF_BEFORE)
    with pytest.raises(InputError, match='backend = "as_built" is "macromodel" now; `codesign upg'):
        read_sweep_configuration(path)
    upgrade(path)
    assert path.read_text() == "format = 2\n" + SWEEP_OF_BEFORE.replace(
        'backend = "as_built" ', 'backend = "macromodel" '
    )
    assert read_sweep_configuration(path).backend == "macromodel"


@pytest.mark.parametrize(
    "text",
    [
        '[training]\noptimiser = "sgd"\nsteps = 3\n',
        '  [ training ] # how\n  optimiser="sgd"\n  steps=3\n',
        'training.optimiser = "sgd"\ntraining.steps = 3\n',
        'training = { optimiser = "sgd", steps = 3 }\n',
        'format = 1\n\n[training]\n"optimiser" = "sgd"\nsteps = 3\n',
        '# optimiser is explained here\nseed = 0\n\n[training]\noptimiser = "sgd"\nsteps = 3',
    ],
)
def test_however_it_is_written_it_says_the_same_afterwards(text: str, tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text(text)
    upgrade(path)
    document = tomllib.loads(path.read_text())
    assert document.pop("format") == 2
    document.pop("seed", None)
    assert document == {"training": {"optimizer": "sgd", "steps": 3}}
    assert ("#" in path.read_text()) == ("#" in text)


def test_what_is_up_to_date_is_not_touched(tmp_path: Path):
    path = write_neuron(tmp_path / "neuron.toml", preset("tonic_spiking").parameters)
    before = path.stat().st_mtime_ns
    assert [each.changes for each in upgrade(path)] == [()]
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.toml", "format = 9\n[neuron]\n", "is a neuron file of format 9, which a later version"),
        ("x.toml", "format = true\n[neuron]\n", "is a neuron file of format True; this version"),
        ("x.toml", "color = 1\n", "is no neuron file, run configuration, sweep configuration"),
        ("x.toml", "[[[", "is not valid TOML"),
        ("x.json", "[]", "is no validation; `codesign validate` makes it again"),
        (
            "x.json",
            '{"format": 1, "neurons": []}',
            "of format 1; this version reads format 3: `codesign validate` makes it again",
        ),
    ],
)
def test_what_cannot_be_upgraded_is_told_and_left(name: str, text: str, said: str, tmp_path: Path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        upgrade(path)
    assert path.read_text() == text


def test_a_folder_without_a_run_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="is no run folder: it holds no model.safetensors"):
        upgrade(tmp_path)


def test_files_say_their_format_and_are_read_without(tmp_path: Path):
    neuron = write_neuron(tmp_path / "neuron.toml", preset("tonic_spiking").parameters)
    assert tomllib.loads(neuron.read_text())["format"] == NEURON.version
    neuron.write_text(neuron.read_text().replace("format = 1\n", ""))
    assert read_neuron(neuron).name == "tonic_spiking"
    neuron.write_text("format = 2\n" + neuron.read_text())
    with pytest.raises(InputError, match="format 2, which a later version wrote"):
        read_neuron(neuron)
    sweep = 'format = 2\nneuron = "preset:resting"\ntechnology = "generic"\n'
    assert sweep_configuration_from_toml(sweep, "a sweep").backend == "macromodel"
    assert (RUN_CONFIGURATION.version, SWEEP.version, VALIDATION.version) == (2, 2, 3)


def test_the_command_tells_what_it_did(run: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["upgrade", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{run / 'variation.json'}: it was chips.json" in lines
    assert main(["upgrade", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["files"]
    assert [(each["path"], each["changes"]) for each in found] == [
        (str(run / "config.toml"), []),
        (str(run / "validation.json"), []),
    ]
