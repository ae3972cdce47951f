from pathlib import Path

import numpy as np
import pytest

from neuron_model.errors import InputError
from neuron_model.file_format import FORECAST
from neuron_model.runs.array_file import upgraded_arrays
from neuron_model.runs.file_names import FORECAST_FILE
from neuron_model.runs.forecast_file import Forecast, read_forecast, write_forecast


def forecast(warmup: int = 3) -> Forecast:
    rng = np.random.default_rng(0)
    return Forecast(rng.normal(size=(20, 2)), rng.normal(size=(20, 2)), warmup)


def test_what_is_written_is_read(tmp_path: Path):
    path = write_forecast(tmp_path, forecast())
    assert path == tmp_path / FORECAST_FILE
    back = read_forecast(path)
    assert back is not None
    np.testing.assert_array_equal(back.target, forecast().target)
    np.testing.assert_array_equal(back.forecast, forecast().forecast)
    assert back.warmup == 3
    assert read_forecast(tmp_path / "none.npz") is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"step,loss\n"])
def test_other_files_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / FORECAST_FILE
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"forecast\.npz: is no file of a forecast"):
        read_forecast(path)


def test_numbers_that_do_not_go_together_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="warmup = 20"):
        forecast(20)
    with pytest.raises(InputError, match="do not go together"):
        Forecast(np.zeros((4, 1)), np.zeros((5, 1)), 0)
    with pytest.raises(InputError, match="not finite"):
        Forecast(np.full((4, 1), np.nan), np.zeros((4, 1)), 0)
    flat = {"target": np.zeros(4), "forecast": np.zeros(4), "warmup": 0}
    np.savez(tmp_path / FORECAST_FILE, format=1, **flat)
    with pytest.raises(InputError, match=r"forecast\.npz: .* do not go together"):
        read_forecast(tmp_path / FORECAST_FILE)


def test_a_file_without_a_version_is_refused_with_what_brings_it_up_to_date(tmp_path: Path):
    path = tmp_path / FORECAST_FILE
    arrays = {"target": np.zeros((4, 1)), "forecast": np.zeros((4, 1)), "warmup": 0}
    np.savez(path, **arrays)
    said = f"has no field `format`; a file of .* `codesign upgrade {tmp_path}` brings it up"
    with pytest.raises(InputError, match=said):
        read_forecast(path)
    upgraded = upgraded_arrays(path, FORECAST)
    assert upgraded is not None
    path.write_bytes(upgraded)
    assert read_forecast(path) is not None
    assert upgraded_arrays(path, FORECAST) is None
    np.savez(path, format=2, **arrays)
    with pytest.raises(InputError, match="of format 2, which a later version wrote"):
        read_forecast(path)
