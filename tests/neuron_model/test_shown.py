"""What objects show of themselves: one short line, a table, no arrays of numbers."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from neuron_model import (
    Drive,
    Element,
    MackeyGlass,
    Network,
    NeuronParameters,
    Rates,
    RunConfiguration,
    Stimulus,
    TrainingConfiguration,
    classify,
    equilibria,
    iv_curves,
    preset,
    simulate,
)
from neuron_model.shown import Shown, in_short
from neuron_model.training.training import TrainingResult, TrainingStep

BURSTER = preset("tonic_bursting")
NEURON = BURSTER.parameters
RUN = simulate(NEURON, Stimulus.constant(-0.4), 200.0)
RECORDED = Stimulus.sampled(np.sin(np.arange(500.0)), 1.0)
STEPS = tuple(TrainingStep(i, 1.0 / (i + 1), 0.5, 1.0, 0.1, 0.3) for i in range(30))

SHOWN = {
    "preset": (BURSTER, "Preset(tonic_bursting: 4 elements, "),
    "neuron": (NEURON, "NeuronParameters(tonic_bursting: f- -1.5, s+ 1.5, "),
    "neurons": (
        NeuronParameters.stack([NEURON, NEURON.with_values({"elements[0].alpha": 0.5})], "two"),
        "NeuronParameters(two (2 neurons): f -1.5 to 0.5, s+ 1.5, ",
    ),
    "large": (NeuronParameters((NEURON.elements[0],) * 30), "NeuronParameters(neuron: 30 elements"),
    "element": (Element("slow", np.array([1.0, 2.0]), 0.0), "Element(timescale slow, alpha 1 to 2"),
    "stimulus": (BURSTER.stimulus, "Stimulus(0:-0.8, 1000:-0.4)"),
    "recording": (RECORDED, "Stimulus(500 steps until 499, -1 to 1)"),
    "drive": (Drive(RECORDED, 500.0, True), "Drive(500 steps until 499, -1 to 1; 500 units of"),
    "run": (RUN, "Trajectory(2001 samples, time 0 to 200, U_m "),
    "report": (classify(RUN.time, RUN.voltage), "RegimeReport("),
    "curves": (iv_curves(NEURON, np.linspace(-3, 3, 99)), "IVCurves(99 points, U -3 to 3; I: fast"),
    "rest": (equilibria(NEURON, 0.0)[0], "Equilibrium(saddle at U_m -1.2)"),
    "network": (Network([8, 4], seed=3), "Network(8 + 4 neurons, seed 3)"),
    "training": (TrainingResult(STEPS, 1.0, 0.25, 1.0, 0.3), "TrainingResult(30 steps, NRMSE 1 be"),
}


class Tags(HTMLParser):
    """Checks that what is opened is closed, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass


@pytest.mark.parametrize("what", SHOWN)
def test_an_object_is_a_short_line_without_arrays(what: str):
    value, begins = SHOWN[what]
    line = repr(value)
    assert line.startswith(begins)
    assert "\n" not in line
    assert len(line) <= 200
    assert not re.search(r"array|tensor|=|object at", line)


@pytest.mark.parametrize("what", SHOWN)
def test_a_notebook_shows_an_object_as_a_table(what: str):
    value, _ = SHOWN[what]
    shown = value._repr_html_()
    tags = Tags()
    tags.feed(shown)
    assert tags.open == []
    assert "<table>" in shown
    assert "array" not in shown
    assert len(shown) < 40_000


def test_tensors_are_shown_as_their_range():
    layer = NEURON.map(lambda value: torch.full((3,), value, requires_grad=True))
    assert repr(layer) == repr(NEURON).replace("tonic_bursting:", "tonic_bursting (3 neurons):")


def test_the_picture_of_a_run_reaches_its_highest_spike():
    voltage = np.zeros(200_001)
    voltage[70_001] = 5.0  # one sample of many that fall into one column of the picture
    run = type(RUN)(np.arange(200_001.0), RUN.state._replace(membrane=voltage), voltage, voltage)
    points = re.search(r'points="([^"]*)"', run._repr_html_())
    assert points is not None
    heights = [float(point.split(",")[1]) for point in points.group(1).split()]
    assert min(heights) == 3.0  # the edge
    assert len(heights) == 800


def test_a_long_table_says_what_it_leaves_out():
    steps = Stimulus(tuple(map(float, range(100))), tuple(map(float, range(100))))
    assert "and 60 more" in steps._repr_html_()


def test_texts_are_no_markup():
    @dataclass(frozen=True, repr=False)
    class Named(Shown):
        name: str

    assert "<b>" not in Named("<b>")._repr_html_()
    assert "&lt;b&gt;" in Named("<b>")._repr_html_()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.23456, "1.235"),
        (7, "7"),
        (True, "yes"),
        ("x" * 100, "x" * 57 + "..."),
        (np.array([]), "no numbers"),
        (np.array([1.0, 1.0]), "1"),
        (np.array([1j, 2.0]), "2 values"),
        ((), "none"),
        ((1.0, 2.0), "1, 2"),
        ([NEURON] * 5, "5 of NeuronParameters"),
        ({"a": 1}, "1 entry"),
    ],
)
def test_values_in_short(value: object, text: str):
    assert in_short(value) == text


def test_settings_show_what_is_not_as_it_is_by_default():
    assert repr(TrainingConfiguration()) == "TrainingConfiguration()"
    changed = TrainingConfiguration(steps=3, optimizer="sgd", rates=Rates(alpha=2.0))
    assert repr(changed) == (
        "TrainingConfiguration(steps=3, optimizer='sgd', rates=Rates(alpha=2))"
    )
    assert "<th>batch</th>" in changed._repr_html_(), "the table has all"
    assert repr(MackeyGlass(samples=600)) == "MackeyGlass(samples=600)"
    run = RunConfiguration(seed=2, task=MackeyGlass(samples=600), training=changed)
    assert repr(run) == "RunConfiguration(MackeyGlass: 16 neurons, 3 steps, seed 2)"
