"""Sequences that go on from window to window, and the state that goes with them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.baselines.adaptive_lif import AdaptiveLIF
from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, NeuronParameters
from neuron_model.network.network import MTCNetwork, NetworkConfiguration, SpikingNetwork
from neuron_model.network.network_state import tensors_of
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.series import make_series
from neuron_model.training import processes
from neuron_model.training.objective import Objective
from neuron_model.training.streams import Streams
from neuron_model.training.training import TrainingConfiguration

TASK = MackeyGlass(
    samples=400, training_fraction=0.75, window=30, washout=12, horizon=4, transient=100.0
)
CONFIGURATION = TrainingConfiguration(batch=4, restart=0.0)


def mtc(recurrent: bool = False) -> SpikingNetwork:
    torch.manual_seed(0)
    spread = np.linspace(-0.3, 0.3, 5)
    layer = NeuronParameters(
        (Element("fast", -1.5 + spread, 0.0), Element("slow", 2.0, spread)),
        tau_slow=np.linspace(5.5, 15.0, 5),
    )
    made = NetworkConfiguration(
        1, 1, (layer, layer), dt=0.5, steps_per_sample=3, recurrent=recurrent
    )
    return MTCNetwork(made, dtype=torch.float64)


def adaptive() -> SpikingNetwork:
    torch.manual_seed(0)
    layer = AdaptiveLIF(5, q=5.0, dtype=torch.float64)
    return SpikingNetwork([layer], inputs=1, outputs=1, dtype=torch.float64)


def leaky() -> SpikingNetwork:
    pytest.importorskip("snntorch")
    from neuron_model.baselines.lif import LeakyLIF

    torch.manual_seed(0)
    layer = LeakyLIF(5, threshold=0.3, dtype=torch.float64)
    return SpikingNetwork([layer], inputs=1, outputs=1, dtype=torch.float64)


def streams(network: SpikingNetwork, seed: int = 0, **values) -> Streams:
    generator = torch.Generator().manual_seed(seed)
    configuration = replace(CONFIGURATION, **values)
    return Streams(network, TASK, make_series(TASK), configuration, generator)


@pytest.mark.parametrize(
    "make", [mtc, lambda: mtc(recurrent=True), adaptive, leaky],
    ids=["mtc", "recurrent", "adaptive", "leaky"],
)  # fmt: skip
def test_windows_one_after_the_other_are_one_long_run(make):
    network = make()
    objective = Objective(network, TASK, CONFIGURATION)
    carried, heard, said, errors = streams(network), [], [], []
    for _ in range(3):
        signal, target, weight = carried.go_on(torch.float64)
        state = carried.state()
        loss = objective(signal, target, (), None, state, weight)
        said.append(network(signal, state)[0])
        heard.append((signal, target))
        errors.append(loss.error)
        assert objective.end is not None
        carried.keep(objective.end)
    begins_at = carried._position.at - 2 * TASK.window
    here = begins_at >= 0  # the others came to the end of the part and began again
    assert here.any()
    signal, target = (torch.cat(some, 1) for some in zip(*heard, strict=True))
    rows = torch.tensor(make_series(TASK).training.signal[:, 0])
    for sequence in torch.nonzero(here).flatten():
        start = int(begins_at[sequence])
        assert torch.equal(signal[sequence, :, 0], rows[start : start + 90])
    whole, _ = network(signal[here])
    found = torch.cat(said, 1)[here]
    torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-13)
    # After the first window, of which the washout is not scored, all of it is.
    if here.all():
        off = (whole - target).pow(2)
        assert errors[0].item() == pytest.approx(off[:, 12:30].mean().item())
        assert errors[2].item() == pytest.approx(off[:, 60:].mean().item())


def test_what_is_carried_has_no_gradient():
    network = mtc()
    objective = Objective(network, TASK, CONFIGURATION)
    carried = streams(network)
    signal, target, weight = carried.go_on(torch.float64)
    objective(signal, target, (), None, carried.state(), weight).total.backward()
    assert objective.end is not None
    assert not any(tensor.requires_grad for tensor in tensors_of(objective.end))


def advance(network: SpikingNetwork, some: Streams) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights and the state with which a window begins, and on to its end."""
    signal, _, weight = some.go_on(torch.float64)
    with torch.no_grad():
        _, end = network(signal, some.state())
    some.keep(end)
    return signal, weight


def test_at_the_end_of_the_part_a_sequence_begins_again_within_the_first_window():
    network = mtc()
    some = streams(network, batch=16)
    rows = len(make_series(TASK).training)
    again = 0
    for step in range(12):
        before = some._position
        _, weight = advance(network, some)
        now = some._position
        assert (now.at + TASK.window <= rows).all()
        if before is None:
            assert now.begins.all()
            continue
        assert torch.equal(now.begins, before.at + 2 * TASK.window > rows), step
        assert (now.at[now.begins] < TASK.window).all()
        assert torch.equal(now.at[~now.begins], before.at[~now.begins] + TASK.window)
        # What is not scored is the washout of those that begin.
        assert torch.equal(weight[:, 0] == 0, now.begins)
        assert (weight[:, TASK.washout :] > 0).all()
        assert weight.mean().item() == pytest.approx(1.0)
        again += int(now.begins.sum())
    assert again >= 12


def test_restarts_are_as_many_as_asked_for_and_from_rest():
    network = mtc()
    some = streams(network, batch=200, restart=0.3)
    advance(network, some)
    end = some._state
    begun, places = 0, []
    for _ in range(10):
        some.go_on(torch.float64)
        position, state = some._position, some.state()
        rest = network.initial_state(1)
        for value, quiet in zip(tensors_of(state), tensors_of(rest), strict=True):
            at_rest = (value == quiet).flatten(1).all(1)
            assert at_rest[position.begins].all()
        assert (state.layers[0].membrane[~position.begins] != 0.0).any(1).all()
        begun += int(position.begins.sum())
        places += position.at[position.begins].tolist()
        some.keep(end)
    # 2000 draws at 0.3, and one in ten of the others comes to the end of the part.
    assert 0.3 < begun / 2000 < 0.45
    assert max(places) > 200
    always = streams(network, restart=1.0)
    for _ in range(3):
        advance(network, always)
        assert always._position.begins.all()


def test_a_new_sample_goes_on_with_the_voltages_of_the_old_and_is_not_scored_at_first():
    network = mtc()
    some = streams(network)
    some.change_samples(3)
    assert some.samples.shape == (4,)
    assert set(some.samples.tolist()) <= {0, 1, 2}
    for _ in range(2):
        advance(network, some)
    end = some._state
    some.change_samples(3)
    _, _, weight = some.go_on(torch.float64)
    assert not weight[:, : TASK.washout].any()
    assert (weight[:, TASK.washout :] > 0).all()
    going_on = ~some._position.begins
    assert going_on.any()
    for value, before in zip(tensors_of(some.state()), tensors_of(end), strict=True):
        assert torch.equal(value[going_on], before[going_on])


def test_streams_go_on_from_their_tensors():
    network = mtc()
    some = streams(network, restart=0.3)
    some.change_samples(2)
    for _ in range(3):
        advance(network, some)
    kept = {name: tensor.clone() for name, tensor in some.tensors().items()}
    generator = some._generator.get_state()
    expected = [advance(network, some) for _ in range(3)]
    again = streams(network, seed=9, restart=0.3)
    again.restore(kept, network.initial_state(1))
    again._generator.set_state(generator)
    assert torch.equal(again.samples, some.samples)
    for (signal, weight), (s, w) in zip(
        expected, (advance(network, again) for _ in range(3)), strict=True
    ):
        assert torch.equal(signal, s)
        assert torch.equal(weight, w)
    for one, same in zip(tensors_of(some._state), tensors_of(again._state), strict=True):
        assert torch.equal(one, same)
    assert streams(network).tensors() == {}


def test_processes_share_the_sequences_of_one(monkeypatch: pytest.MonkeyPatch):
    network = mtc()
    whole = streams(network, restart=0.3)
    expected = [whole.go_on(torch.float64) for _ in range(1)]
    for rank in (0, 1):
        monkeypatch.setattr(processes, "count", lambda: 2)
        monkeypatch.setattr(processes, "rank", lambda rank=rank: rank)
        half = streams(network, restart=0.3)
        for ours, all_of_it in zip(half.go_on(torch.float64), expected[0], strict=True):
            assert torch.equal(ours, all_of_it[rank::2])


def test_layers_that_do_not_say_what_rest_is_are_refused():
    class Silent(torch.nn.Module):
        neurons = 2

    network = SpikingNetwork([Silent()], inputs=1, outputs=1)
    with pytest.raises(InputError, match=r"layer 0 \(Silent\) has no initial_state"):
        network.initial_state(3)
