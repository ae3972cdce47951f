"""Sequences with labels: from arrays, files, torch's datasets and events, to padded sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from neuron_model.errors import InputError
from neuron_model.tasks.events import EventFrames
from neuron_model.tasks.sequence_arrays import recordings, sequences
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.tasks.sequences import UNLABELED, Recordings, split

COUNT, SAMPLES, INPUTS = 20, 12, 2
X = np.random.default_rng(0).normal(2.0, 3.0, (COUNT, SAMPLES, INPUTS))
Y = np.arange(COUNT) % 4 == 0  # a quarter of them
LENGTHS = np.arange(COUNT) % 5 + SAMPLES - 4
NAMES = np.where(Y, "run", "idle")


def test_each_class_keeps_its_share_and_parts_do_not_overlap():
    kept, away = split(recordings(X, NAMES), 0.4, seed=0)
    assert [sum(np.equal(part.targets, "run")) for part in (kept, away)] == [3, 2]
    firsts = [signal[0, 0] for part in (kept, away) for signal in part.signals]
    assert sorted(firsts) == sorted(X[:, 0, 0].tolist())
    alone = Recordings([X[0]], [np.str_("a")])
    assert [len(part) for part in split(alone, 0.9, seed=0)] == [1, 0]


def test_sequences_are_scaled_by_the_training_part_and_held_at_their_end():
    data = sequences(X, NAMES, LENGTHS, test=(X[:4], NAMES[:4], LENGTHS[:4])).sequences()
    assert data.classes == ("idle", "run")
    assert (data.inputs, data.outputs, data.every_sample) == (INPUTS, 2, False)
    training = data.training
    rows = np.concatenate([s[:n] for s, n in zip(training.signal, training.lengths, strict=True)])
    assert np.allclose(rows.mean(0), 0.0, atol=1e-6)
    assert np.allclose(rows.std(0), 1.0, atol=1e-6)
    scale = data.signal_scale
    for index in range(4):
        n = LENGTHS[index]
        found = data.test.signal[index] * scale.deviation + scale.mean
        assert np.allclose(found[:n], X[index, :n], atol=1e-5)
        assert np.allclose(found[n:], X[index, n - 1], atol=1e-5)
    assert data.test.target.tolist() == [1, 0, 0, 0]
    # 16 of 20 are trained on: 12 and 4
    assert data.weights == pytest.approx([16 / 24, 16 / 8])
    assert sequences(X, NAMES, balance=False).sequences().weights.tolist() == [1.0, 1.0]


def test_labels_at_every_sample_and_samples_without_one():
    labels = np.tile(np.arange(SAMPLES) % 3, (COUNT, 1))
    labels[:, 0] = UNLABELED
    data = sequences(X, labels, LENGTHS).sequences()
    assert data.every_sample
    assert data.classes == ("0", "1", "2")
    target, lengths = data.training.target, data.training.lengths
    for row, n in zip(target, lengths, strict=True):
        assert row[:n].tolist() == [UNLABELED, *[t % 3 for t in range(1, n)]]
        assert set(row[n:].tolist()) <= {UNLABELED}


@pytest.mark.parametrize("shape", [(COUNT,), (COUNT, 3), (COUNT, SAMPLES, 3)])
def test_numbers_are_targets_of_their_own(shape: tuple[int, ...]):
    y = np.random.default_rng(1).normal(5.0, 2.0, shape)
    data = sequences(X, y).sequences()
    assert data.classes == ()
    assert data.outputs == (3 if len(shape) > 1 else 1)
    assert data.every_sample is (len(shape) == 3)
    assert data.target_scale is not None
    assert data.training.target.reshape(-1, data.outputs).std(0) == pytest.approx(1.0)


def test_lists_of_any_length_and_whole_numbers_in_their_order():
    data = sequences([x[:n] for x, n in zip(X, LENGTHS, strict=True)], np.arange(COUNT) % 2 * 8 + 2)
    assert data.sequences().classes == ("2", "10")


def test_arrays_with_channels_first_are_turned_and_told_of():
    wanted = sequences(X, NAMES, test=(X[:4], NAMES[:4])).sequences()
    turned = X.transpose(0, 2, 1)
    found = sequences(turned, NAMES, test=(turned[:4], NAMES[:4]), channels_first=True).sequences()
    assert np.array_equal(found.training.signal, wanted.training.signal)
    assert np.array_equal(found.test.signal, wanted.test.signal)
    with pytest.warns(UserWarning, match="2 samples of 12 inputs each"):
        sequences(turned, NAMES)


class Pairs(Dataset):
    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, index: int):
        return torch.tensor(X[index, : LENGTHS[index]]), int(Y[index])


def test_datasets_and_loaders_of_torch_are_tasks():
    wanted = sequences([x[:n] for x, n in zip(X, LENGTHS, strict=True)], Y.astype(int)).sequences()
    padded = TensorDataset(torch.tensor(X), torch.tensor(Y).long(), torch.tensor(LENGTHS))
    loader = DataLoader(padded, batch_size=7)
    for given in (Pairs(), padded, loader):
        data = sequences(given).sequences()
        for one, other in ((data.training, wanted.training), (data.test, wanted.test)):
            assert np.array_equal(one.signal, other.signal)
            assert np.array_equal(one.lengths, other.lengths)
            assert np.array_equal(one.target, other.target)
    for wrong in (3, [1, 2], TensorDataset(torch.tensor(X))):
        with pytest.raises(InputError, match="sequences: (int|item 0)"):
            sequences(wrong)


def events(times: list[float], xs: list[int], ps: list[int]) -> np.ndarray:
    dtype = [("x", np.int16), ("t", np.int64), ("p", bool)]
    return np.array(list(zip(xs, times, ps, strict=True)), dtype=dtype)


def test_events_of_tonic_are_counted():
    frames = EventFrames((4, 1, 2), bin=10.0, pool=2)
    counts = frames(events([5, 6, 14, 25], [0, 1, 3, 2], [0, 0, 1, 0]))
    assert frames.inputs == 4
    assert counts.tolist() == [[2, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert (
        len(EventFrames((4, 1, 2), bin=10.0, most_samples=1)(events([5, 99], [0, 1], [0, 0]))) == 1
    )
    assert frames(events([], [], [])).shape == (1, 4)
    with pytest.raises(InputError, match="x from 4 to 4 does not lie in the sensor"):
        frames(events([5], [4], [0]))

    class Tonic:
        sensor_size = (4, 1, 2)

        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int):
            return events([0, 20_000 * (1 + index)], [index % 4, 1], [1, 0]), index % 2

    data = sequences(Tonic()).sequences()
    assert data.inputs == 8
    assert sorted(data.training.lengths.tolist())[-1] <= 17
    with pytest.raises(InputError, match="give frames"):
        sequences([Tonic()[0], Tonic()[1]])


def test_npz_ts_and_csv_hold_the_same_sequences(tmp_path: Path):
    x = X.round(3)
    np.savez(tmp_path / "a.npz", x=x, y=NAMES, lengths=LENGTHS)
    head = "@problemName a\n@timeStamps false\n@classLabel true idle run\n@data\n"
    lines = [
        ":".join([*(",".join(map(str, column[:n])) for column in one.T), name])
        for one, n, name in zip(x, LENGTHS, NAMES, strict=True)
    ]
    (tmp_path / "b.ts").write_text(head + "\n".join(lines) + "\n")
    rows = [
        f"{i},{a},{b},{name}"
        for i, (one, n, name) in enumerate(zip(x, LENGTHS, NAMES, strict=True))
        for a, b in one[:n]
    ]
    (tmp_path / "c.csv").write_text("\n".join(["who,a,b,state", *rows]) + "\n")
    wanted = sequences(x, NAMES, LENGTHS).sequences()
    for task in (
        SequenceFile(str(tmp_path / "a.npz")),
        SequenceFile(str(tmp_path / "b.ts")),
        SequenceFile(str(tmp_path / "c.csv"), sequence="who"),
    ):
        data = task.named().sequences()
        assert data.classes == wanted.classes
        assert np.array_equal(data.training.signal, wanted.training.signal)
        assert np.array_equal(data.test.target, wanted.test.target)


def test_the_test_part_of_the_archives_lies_beside(tmp_path: Path):
    head = "@classLabel true a b\n@data\n"
    (tmp_path / "S_TRAIN.ts").write_text(head + "1,2,3:a\n2,3,5:b\n" * 3)
    (tmp_path / "S_TEST.ts").write_text(head + "1,2,3:a\n")
    task = SequenceFile(str(tmp_path / "S_TRAIN.ts")).named()
    assert task.test_file.endswith("S_TEST.ts")
    assert len(task.sequences().test) == 1
    (tmp_path / "S_TRAIN.ts").write_text(head + "1,2,4:a\n2,3,5:b\n" * 3)
    with pytest.raises(InputError, match="has changed"):
        task.sequences()


def test_a_table_with_a_label_in_each_row_is_cut_into_windows(tmp_path: Path):
    path = tmp_path / "text_label.csv"
    wave = np.sin(0.3 * np.arange(100))
    text = "\n".join(f"{v:.3f},{'run' if v > 0 else 'idle'}" for v in wave)
    path.write_text(f"a,label\n{text}\n")
    data = SequenceFile(str(path), window=20).sequences()
    assert data.every_sample
    assert data.classes == ("idle", "run")
    assert [len(p) for p in (data.training, data.validation, data.test)] == [3, 1, 2]
    assert data.test.lengths.tolist() == [20, 5]  # the last quarter
    scaled = data.test.signal[0, :, 0] * data.signal_scale.deviation + data.signal_scale.mean
    assert np.allclose(scaled, wave[75:95].round(3), atol=1e-6)
    assert data.test.target[0].tolist() == (wave[75:95] > 0).astype(int).tolist()
    for values, words in (
        ({"label": "b"}, "label = 'b' is not one of its columns; they are a, label"),
        ({"input": ("b",)}, "input = 'b'"),
        ({"input": ("label",)}, "must be a number"),
        ({"window": 90}, "give a smaller window"),
        ({"window": 1}, "window = 1"),
        ({"decision": "most"}, "decision = 'most'"),
        ({"test_fraction": 1.0}, "test_fraction = 1.0"),
        ({"washout": -1}, "washout = -1"),
    ):
        with pytest.raises(InputError, match=words):
            SequenceFile(str(path), **values).sequences()


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X, NAMES[:3], "x holds 20 sequences and y 3 targets"),
        (X, np.zeros(COUNT, dtype=int), "there must be at least two"),
        (X, np.zeros((COUNT, SAMPLES + 1), dtype=int)[:, :5], "12 samples and 5 labels"),
        (np.where(X > 9, np.nan, X), NAMES, "nan is not allowed"),
        (np.zeros_like(X), NAMES, "no input changes"),
        ([X[0], *X[1:9, :, :1]], NAMES[:9], "inputs, the first"),
        (X[..., None], NAMES, "it must be \\(samples, inputs\\)"),
        ("ab", [0, 1], "no array of numbers"),
    ],
)
def test_what_does_not_go_together_is_named(x, y, words: str):
    with pytest.raises(InputError, match=words):
        sequences(x, y, validation_fraction=0.0, test_fraction=0.5).sequences()


def test_a_label_that_was_not_trained_on_is_named():
    with pytest.raises(InputError, match="the label '7' is in the validation or test part"):
        sequences(X, Y.astype(int), test=(X[:2], [1, 7])).sequences()
    with pytest.raises(InputError, match=r"lengths\[1\] = 13"):
        sequences(X[:2], [0, 1], [3, 13])
    with pytest.raises(InputError, match="balanced is not known"):
        sequences(X, NAMES, balanced=True)


def test_files_of_other_things_are_refused(tmp_path: Path):
    path = tmp_path / "a.npz"
    for arrays, words in (
        ({"x": X}, "has no array y"),
        ({"x": X, "y": NAMES, "z": X}, "the array z is not known"),
        ({"x": X, "y": NAMES, "x_test": X}, "both x_test and y_test"),
        ({"x": NAMES, "y": NAMES}, "must be of numbers"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(InputError, match=words):
            SequenceFile(str(path)).sequences()
    ts = tmp_path / "a.ts"
    for text, words in (
        ("1,2:a\n", "no line @data"),
        ("@data\n1,2:a\n", "has no labels"),
        ("@classLabel true a\n@data\n1,?:a\n", "line 3: '\\?'"),
        ("@classLabel true a\n@data\n1,2:1:a\n", "they must all have as many"),
        ("@timeStamps true\n@classLabel true a\n@data\n", "@timestamps"),
    ):
        ts.write_text(text)
        with pytest.raises(InputError, match=words):
            SequenceFile(str(ts)).sequences()


def test_an_npz_that_claims_more_than_there_is_memory_is_refused(tmp_path: Path):
    import zipfile

    path = tmp_path / "large.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 1)}
        )
    with pytest.raises(InputError, match="the array x, .* would need at least 8 TB"):
        SequenceFile(str(path)).sequences()
