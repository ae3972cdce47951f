import json
import pickle
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Leak,
    NeuronParameters,
    OutputShape,
)
from neuron_model.network.model_file import (
    ENTRY,
    FORMAT,
    configuration_from_json,
    configuration_to_json,
    read_model,
    write_model,
)
from neuron_model.network.network import MTCNetwork, NetworkConfiguration


def network(
    dtype: torch.dtype = torch.float32,
    learn: tuple[str, ...] = ("alpha", "tau"),
    readout_filter: str = "exact",
    output: str = "clip",
):
    layer = NeuronParameters(
        (Element("fast", [-2.0, -1.9, -1.7], 0.1), Element("slow", 2.0, [0.0, 0.1, 0.3])),
        name="hidden",
        tau_slow=[5.0, 6.0, 7.7],
        output=OutputShape(output),
        leak=Leak(range=6.0),
        filter_slow=OTA_FILTER,
    )
    torch.manual_seed(1)
    net = MTCNetwork(
        NetworkConfiguration(
            1, 2, (layer,), 0.2, steps_per_sample=2, learn=learn, readout_filter=readout_filter
        ),
        dtype=dtype,
    )
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    return net


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("learn", [(), ("alpha", "delta", "tau", "kappa")])
def test_round_trip_is_exact(tmp_path: Path, dtype: torch.dtype, learn: tuple[str, ...]):
    net = network(dtype, learn)
    back = read_model(write_model(tmp_path / "run" / "model.safetensors", net))
    assert configuration_to_json(back.configuration) == configuration_to_json(net.configuration)
    signal = torch.linspace(-1, 1, 20, dtype=dtype).reshape(1, 20, 1)
    assert torch.equal(back(signal)[0], net(signal)[0])
    again = tmp_path / "again.safetensors"
    write_model(again, back)
    assert again.read_bytes() == (tmp_path / "run" / "model.safetensors").read_bytes()


def test_files_from_before_layers_fed_themselves_are_read():
    entry = configuration_to_json(network().configuration)
    assert entry.pop("recurrent") is False
    assert configuration_from_json(entry).recurrent is False


def test_files_from_before_the_filter_was_exact_keep_their_numbers(tmp_path: Path):
    before = network(readout_filter="paper")
    path = write_model(tmp_path / "model.safetensors", before)
    with safetensors.safe_open(path, framework="pt") as file:
        entry = json.loads(file.metadata()[ENTRY])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    assert entry["configuration"].pop("readout_filter") == "paper"
    for neuron in entry["configuration"]["layers"][0]["neurons"]:
        assert neuron.pop("output") == "clip"
    safetensors.torch.save_file(tensors, path, {ENTRY: json.dumps(entry)})
    back = read_model(path)
    assert back.configuration.readout_filter == "paper"
    assert back.configuration.layers[0].output == "clip"
    signal = torch.linspace(-1, 1, 20).reshape(1, 20, 1)
    assert torch.equal(back(signal)[0], before(signal)[0])
    assert not torch.equal(network()(signal)[0], before(signal)[0])


@pytest.mark.parametrize("shape", ["clip", "ota"])
@pytest.mark.parametrize("kind", ["exact", "paper"])
def test_the_output_and_the_filter_come_back(tmp_path: Path, shape: str, kind: str):
    net = network(readout_filter=kind, output=shape)
    back = read_model(write_model(tmp_path / "model.safetensors", net))
    assert back.configuration.readout_filter == kind
    assert back.neuron_layers[0].parameters_now().output == shape
    signal = torch.linspace(-1, 1, 20).reshape(1, 20, 1)
    assert torch.equal(back(signal)[0], net(signal)[0])


def test_configuration_is_json_and_comes_back():
    configuration = network().configuration
    text = json.dumps(configuration_to_json(configuration), allow_nan=False)
    back = configuration_from_json(json.loads(text))
    for f in fields(configuration):
        if f.name != "layers":
            assert getattr(back, f.name) == getattr(configuration, f.name)
    assert back.layers[0].name == "hidden"
    assert list(back.layers[0]) == list(configuration.layers[0])
    np.testing.assert_array_equal(back.layers[0].tau_slow, [5.0, 6.0, 7.7])


def saved(path: Path, tensors: dict, metadata: dict | None) -> Path:
    safetensors.torch.save_file(tensors, path, metadata)
    return path


def test_what_is_no_model_file_is_refused(tmp_path: Path):
    good = write_model(tmp_path / "good.safetensors", network())
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "pickle").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "cut").write_bytes(good.read_bytes()[:-10])
    (tmp_path / "long").write_bytes(b"\xff" * 64)
    damaged = bytearray(good.read_bytes())
    damaged[20] ^= 0xFF
    (tmp_path / "damaged").write_bytes(damaged)
    saved(tmp_path / "other", {"a": torch.zeros(1)}, {"format": "pt"})
    saved(tmp_path / "bare", {"a": torch.zeros(1)}, None)
    saved(tmp_path / "no json", {"a": torch.zeros(1)}, {ENTRY: "{"})
    saved(tmp_path / "newer", {"a": torch.zeros(1)}, {ENTRY: '{"format": "network 2"}'})
    for name in (
        "empty",
        "no json",
        "newer",
        "pickle",
        "cut",
        "long",
        "damaged",
        "other",
        "bare",
        ".",
        "missing",
    ):
        with pytest.raises(
            InputError, match=r"not a model file|no such file|a model file of format 2, which"
        ) as caught:
            read_model(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path))


def changed(tmp_path: Path, edit) -> Path:
    net = network()
    tensors = {k: v.detach().clone() for k, v in net.state_dict().items()}
    entry = configuration_to_json(net.configuration)
    edit(tensors, entry)
    metadata = {ENTRY: json.dumps({"format": FORMAT, "configuration": entry})}
    return saved(tmp_path / "changed.safetensors", tensors, metadata)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t, c: t.pop("readout.bias"), "readout.bias is missing"),
        (lambda t, c: t.update(extra=torch.zeros(2)), "extra is not known"),
        (
            lambda t, c: t.update({"readout.bias": torch.zeros(5)}),
            r"it must be torch.float32 \(2,\)",
        ),
        (lambda t, c: t["readout.bias"].fill_(float("nan")), "NaN or infinity"),
        (lambda t, c: t.update({k: v.half() for k, v in t.items()}), "float32 or float64"),
        (lambda t, c: t["layers.0.alpha_growth"].fill_(900.0), "alpha"),
        (lambda t, c: c.pop("dt"), "must have the keys"),
        (lambda t, c: c.update(dt=-1.0), "dt = -1.0"),
        (lambda t, c: c.update(layers=3), "must be lists"),
        (lambda t, c: c["layers"].append(3), "each layer"),
        (lambda t, c: c["layers"][0]["neurons"][1].update(tau_slow=-2.0), "tau_slow = -2.0"),
        (lambda t, c: c["layers"][0].update(name="a\n.control"), "name"),
        (lambda t, c: c["layers"][0]["neurons"].pop(), "it must be torch.float32"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path: Path, edit, words: str):
    path = changed(tmp_path, edit)
    with pytest.raises(InputError, match=words) as caught:
        read_model(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_was_not_changed_is_read(tmp_path: Path):
    assert read_model(changed(tmp_path, lambda t, c: None)).configuration.outputs == 2


def test_writing_fails_whole(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_model(tmp_path / "file" / "model.safetensors", network())
