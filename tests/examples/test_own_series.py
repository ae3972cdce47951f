import argparse
from pathlib import Path

from codesign.building.source import load_source
from examples.own_series import CONFIGURATION, TABLE, main, make_table
from neuron_model.runs.run_configuration import read_run_configuration


def test_the_table_is_what_the_script_says():
    assert TABLE.read_text() == make_table()


def test_a_table_is_learned_and_the_run_can_be_exported(tmp_path: Path, capsys):
    trained = main(argparse.Namespace(out=tmp_path / "run", steps=12))
    assert trained.nrmse < 0.8 * trained.trivial["mean"]
    assert trained.nrmse < trained.result.nrmse_before
    assert (tmp_path / "run" / "predicted.png").read_bytes().startswith(b"\x89PNG")
    assert len(load_source(str(tmp_path / "run")).neurons) == 16
    assert "NRMSE" in capsys.readouterr().out
    written = read_run_configuration(tmp_path / "run" / "config.toml")
    assert written.task.file == str(CONFIGURATION.with_suffix(".csv").resolve())
