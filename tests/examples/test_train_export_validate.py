import argparse
from pathlib import Path

import pytest

from examples.train_export_validate import main


@pytest.mark.ngspice
def test_a_trained_neuron_ends_as_netlists_a_verdict_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "run"
    status = main(
        argparse.Namespace(technology="generic", out=out, steps=1, duration=150.0, neurons=2)
    )
    assert status in (0, 1)  # so short a training promises nothing of the neuron
    files = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert {"config.toml", "model.safetensors", "design.json", "validation.json"} <= files
    assert sum(name.startswith("netlists/neuron_") for name in files) == 2
    assert (out / "validate.png").read_bytes().startswith(b"\x89PNG")
    assert "NRMSE" in capsys.readouterr().out
