"""Pictures: what is drawn is the data, every case has one, and files are whole or not there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from codesign.pictures.plots import (
    COLORS,
    LABELS,
    MEMBRANE,
    forecast_figure,
    iv_figure,
    loss_figure,
    save_figure,
    waveform_figure,
)
from codesign.validation.validation import NeuronValidation, Validation, Waveform
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError
from neuron_model.model.stimulus import Stimulus

MakeNeuron = Callable[..., NeuronValidation]


def drawn(axes: Axes, who: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The curves in the color of ``who``."""
    return [
        (np.asarray(line.get_xdata()), np.asarray(line.get_ydata()))
        for line in axes.get_lines()
        if to_hex(line.get_color()) == COLORS[who] and len(np.asarray(line.get_xdata())) > 2
    ]


def panel(figure: Figure, label: str) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_ylabel().startswith(label)]


def test_iv_figure_draws_the_curves_and_their_errors(make_neuron: MakeNeuron):
    neuron = make_neuron()
    figure = iv_figure(neuron)
    curves, errors = figure.axes[:3], figure.axes[3:6]
    for axes, below, curve in zip(curves, errors, neuron.iv, strict=True):
        assert axes.get_title(loc="left") == f"{curve.timescale.value}: nrmse 0.83 %"
        for who in LABELS:
            ((x, y),) = drawn(axes, who)
            assert np.array_equal(x, curve.voltage)
            assert np.array_equal(y, getattr(curve, who))
        ((_, error),) = drawn(below, "circuit")
        assert error == pytest.approx(np.full(25, 0.83))


def test_iv_figure_shades_negative_conductance_of_the_model(make_neuron: MakeNeuron):
    neuron = make_neuron()
    (band,) = iv_figure(neuron).axes[0].patches
    box = band.get_extents().transformed(iv_figure(neuron).axes[0].transData.inverted())
    assert box.width > 0
    rising = replace(neuron.iv[0], model=neuron.iv[0].voltage)
    assert not iv_figure(replace(neuron, iv=(rising,))).axes[0].patches


def test_waveform_figure_draws_what_was_simulated(make_neuron: MakeNeuron):
    neuron = make_neuron()
    figure = waveform_figure(neuron)
    run, close_up = panel(figure, MEMBRANE)
    for who in LABELS:
        ((time, voltage),) = drawn(run, who)
        assert np.array_equal(time, neuron.waveforms[who].time)
        assert np.array_equal(voltage, neuron.waveforms[who].voltage)
    # the three fire one unit after another, and lie over each other in the close-up
    peaks = {
        who: time[np.argmax(voltage)] for who in LABELS for time, voltage in drawn(close_up, who)
    }
    assert peaks["circuit"] == pytest.approx(peaks["model"], abs=3.0)
    assert close_up.get_xlim() == pytest.approx((-4.8, 44.8))
    ((current, _),) = [(c, 0) for c in panel(figure, "$I_{in}$")[0].patches]
    values, edges, _ = current.get_data()
    assert values.tolist() == [-2.4, -1.0]
    assert edges.tolist() == [0.0, 50.0, 1000.0]


def test_volts_and_seconds_stand_beside_model_units(make_neuron: MakeNeuron):
    figure = waveform_figure(make_neuron())
    figure.draw_without_rendering()
    texts = [
        t.get_text()
        for axes in figure.axes
        for c in axes.child_axes
        for t in (*c.get_xticklabels(), *c.get_yticklabels())
    ]
    assert any(text.endswith(" V") for text in texts)
    assert any(text.endswith(" ms") for text in texts)
    bare = waveform_figure(make_neuron(units={}))
    assert not any(axes.child_axes for axes in bare.axes)


def test_many_spikes_are_shown_in_part(make_neuron: MakeNeuron):
    spikes = tuple(float(t) for t in range(5, 995, 10))
    figure = waveform_figure(make_neuron(regime=Regime.TONIC_SPIKING, spikes=spikes))
    run, _ = panel(figure, MEMBRANE)
    assert run.get_xlim()[1] == pytest.approx(spikes[30], abs=5.0)
    assert figure.axes[0].get_xlim() == (0.0, 1000.0)


@pytest.mark.parametrize(
    ("regime", "spikes", "panels"),
    [
        (Regime.RESTING, (), 1),
        (Regime.PHASIC_SPIKING, (120.0,), 2),
        (Regime.TONIC_SPIKING, (100.0, 300.0, 500.0, 700.0, 900.0), 2),
        (Regime.PHASIC_BURSTING, (100.0, 120.0), 2),
        (Regime.DEPOLARIZATION_BLOCK, (60.0, 75.0), 2),
    ],
)
def test_every_regime_has_a_picture(
    make_neuron: MakeNeuron, regime: Regime, spikes: tuple[float, ...], panels: int
):
    figure = waveform_figure(make_neuron(regime=regime, spikes=spikes))
    assert len(panel(figure, MEMBRANE)) == panels


def test_one_that_is_silent_is_shown_beside_those_that_fire(make_neuron: MakeNeuron):
    neuron = make_neuron()
    silent = make_neuron(regime=Regime.RESTING, spikes=())
    mixed = replace(
        neuron,
        circuit=silent.circuit,
        waveforms={**neuron.waveforms, "circuit": silent.waveforms["circuit"]},
    )
    _, close_up = panel(waveform_figure(mixed), MEMBRANE)
    ((_, voltage),) = drawn(close_up, "circuit")
    assert np.all(voltage == -2.0)


def test_a_recorded_current_is_drawn_where_it_is_given(make_neuron: MakeNeuron):
    neuron = make_neuron(current="750 steps", driven=True)
    assert not panel(waveform_figure(neuron), "$I_{in}$")
    recorded = Stimulus.sampled(np.sin(np.arange(20.0)), 50.0)
    (axes,) = panel(waveform_figure(neuron, recorded), "$I_{in}$")
    assert axes.patches[0].get_data().values.tolist() == list(recorded.values)


def test_driven_neurons_are_compared_at_the_same_time(make_neuron: MakeNeuron):
    _, close_up = panel(waveform_figure(make_neuron(driven=True)), MEMBRANE)
    assert close_up.get_xlim() == pytest.approx((395.2, 444.8))
    ((time, voltage),) = drawn(close_up, "circuit")
    first = time < 412.0
    assert time[first][np.argmax(voltage[first])] == pytest.approx(402.0, abs=0.1)


def test_flat_and_short_data_have_pictures(make_neuron: MakeNeuron, tmp_path: Path):
    neuron = make_neuron()
    one = np.array([0.0])
    flat = replace(neuron.iv[0], voltage=one, model=one, macromodel=one, circuit=one)
    save_figure(iv_figure(replace(neuron, iv=(flat,))), tmp_path / "flat.svg")
    waves = {who: Waveform(one, one) for who in LABELS}
    save_figure(waveform_figure(replace(neuron, waveforms=waves)), tmp_path / "short.svg")


def test_loss_is_logarithmic_where_it_falls_far():
    assert loss_figure([0, 1, 2], [1.0, 0.1, 0.01]).axes[0].get_yscale() == "log"
    assert loss_figure([0, 1, 2], [1.0, 0.9, 0.8]).axes[0].get_yscale() == "linear"
    assert loss_figure([0, 1], [1.0, 0.0]).axes[0].get_yscale() == "linear"


def test_looks_at_the_validation_part_are_drawn_beside_the_loss():
    axes = loss_figure([0, 1, 2], [1.0, 0.9, 0.8], "step", [(1, 0.1)]).axes[0]
    windows = "validation NRMSE, windows from rest"
    assert [line.get_label() for line in axes.lines] == ["loss", windows]
    assert axes.lines[1].get_xydata().tolist() == [[1, 0.1]]
    assert axes.get_yscale() == "log"
    both = loss_figure([0, 1], [1.0, 0.9], "step", [(1, 0.5)], [(1, 0.6)]).axes[0]
    drawn = {line.get_label(): line.get_xydata().tolist() for line in both.lines}
    assert drawn[windows] == [[1, 0.5]]
    assert drawn["validation NRMSE, continuous run"] == [[1, 0.6]]


def test_a_forecast_is_drawn_over_its_target_with_the_error_below():
    target = np.stack([np.sin(np.arange(30) / 3), np.arange(30.0)], axis=1)
    figure = forecast_figure(target, target + [[0.5, -1.0]], 70)
    assert len(figure.axes) == 4
    for output, off in enumerate((0.5, -1.0)):
        shown, error = figure.axes[2 * output : 2 * output + 2]
        drawn = {line.get_label(): line.get_xydata() for line in shown.lines}
        assert drawn["target"][0].tolist() == [70, target[0, output]]
        np.testing.assert_allclose(drawn["forecast"][:, 1] - drawn["target"][:, 1], off)
        np.testing.assert_allclose(error.lines[-1].get_ydata(), off)


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")]
)
def test_files_are_of_the_suffix_and_the_same_each_time(suffix: str, start: bytes, tmp_path: Path):
    figure = loss_figure([0, 1], [1.0, 0.5])
    first = save_figure(figure, tmp_path / f"a.{suffix}").read_bytes()
    again = save_figure(loss_figure([0, 1], [1.0, 0.5]), tmp_path / f"b.{suffix}").read_bytes()
    assert first.startswith(start)
    assert first == again


@pytest.mark.parametrize("name", ["picture", "picture.jpg", "picture.svg.gz", ".png"])
def test_other_suffixes_are_refused(name: str, tmp_path: Path):
    with pytest.raises(InputError, match=r"must be one of \.png, \.svg, \.pdf"):
        save_figure(Figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_colors_differ_in_print_as_well(validation: Validation):
    greys = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b
        for r, g, b in ([int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in COLORS.values())
    )
    assert min(np.diff(greys)) > 30


def test_a_picture_is_an_image_for_a_notebook():
    figure = forecast_figure(np.zeros((5, 1)), np.ones((5, 1)), 0)
    assert figure._repr_png_().startswith(b"\x89PNG\r\n")
