"""What a sweep's configuration may say, and what it is told where it may not."""

import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codesign.studies.sweep.axes import AREA_ROLES, Axis, axis_kind
from codesign.studies.sweep.configuration import (
    BACKENDS,
    MOST_POINTS,
    MismatchSettings,
    SweepConfiguration,
    read_sweep_configuration,
    sweep_configuration_from_toml,
    sweep_configuration_to_toml,
)
from neuron_model.errors import InputError

HEAD = 'neuron = "preset:tonic_spiking"\ntechnology = "generic"\n'


def read(text: str, head: str = HEAD) -> SweepConfiguration:
    return sweep_configuration_from_toml(head + text, "sweep.toml")


def test_axes_come_in_the_order_of_the_file():
    configuration = read(
        '[axes]\ntemperature = [85, 27]\narea.pair = [1, 2]\n"area.tail" = [4]\n'
        'corner = ["ss", "tt"]\nalpha.fm0 = [0.9, 1.0]\n'
    )
    assert configuration.axes == (
        Axis("temperature", (85.0, 27.0)),
        Axis("area.pair", (1.0, 2.0)),
        Axis("area.tail", (4.0,)),
        Axis("corner", ("ss", "tt")),
        Axis("alpha.fm0", (0.9, 1.0)),
    )
    assert configuration.points == 2 * 2 * 2 * 2
    assert configuration.values("corner") == ("ss", "tt")
    assert configuration.values("supply") == ()


def test_without_axes_there_is_one_point():
    configuration = read("")
    assert configuration.points == 1
    assert configuration.backend == "macromodel"


def test_numbers_can_be_spaced():
    text = "[axes]\ntemperature = { from = -40, to = 125, points = 4 }\n"
    text += 'unit_current = { from = 1e-9, to = 1e-7, points = 5, spacing = "log" }\n'
    text += "i_bias = { from = -0.3, to = 0.3, points = 7 }\n"
    temperature, current, bias = read(text).axes
    assert temperature.values == (-40.0, 15.0, 70.0, 125.0)
    assert current.values == (1e-9, 3.162e-9, 1e-8, 3.162e-8, 1e-7)
    assert bias.values == (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)


def test_paths_are_relative_to_the_file(tmp_path: Path):
    text = 'neuron = ["n.toml", "preset:resting", "runs/demo"]\n'
    text += 'technology = ["sky130", "mine.toml"]\n'
    configuration = sweep_configuration_from_toml(text, "sweep.toml", tmp_path)
    folder = tmp_path.resolve()
    assert configuration.neuron == (
        str(folder / "n.toml"),
        "preset:resting",
        str(folder / "runs/demo"),
    )
    assert configuration.technology == ("sky130", str(folder / "mine.toml"))


def number_axes(name: str) -> st.SearchStrategy[Axis]:
    kind = axis_kind(name)
    low, high = (int(kind.low), int(kind.high)) if kind.whole else (kind.low, kind.high)
    values = st.integers(2, high) if kind.whole else st.floats(low, high)
    found = st.lists(values, min_size=1, max_size=4, unique=True)
    return found.map(lambda many: Axis(name, tuple(many)))


NUMBERS = (
    "temperature",
    "supply_change",
    "bits",
    "unit_current",
    "membrane_capacitance",
    "supply",
    "i_bias",
    "alpha.sm2",
    "delta.all",
    "tau.slow",
    *(f"area.{role}" for role in AREA_ROLES),
)
WORDS = {"corner": ("tt", "ss", "a.b"), "currents": ("constant", "ptat"), "references": ("ptat",)}


@st.composite
def configurations(draw: st.DrawFn) -> SweepConfiguration:
    names = draw(st.lists(st.sampled_from([*NUMBERS, *WORDS]), max_size=5, unique=True))
    axes = tuple(
        Axis(name, WORDS[name]) if name in WORDS else draw(number_axes(name)) for name in names
    )
    # two neurons on two technologies, 50 samples each: fewer than MOST_POINTS in all
    assume(math.prod(len(axis.values) for axis in axes) * 200 <= MOST_POINTS)
    backend = draw(st.sampled_from(BACKENDS))
    samples = 0 if backend == "macromodel_detail" else draw(st.integers(0, 50))
    return SweepConfiguration(
        neuron=tuple(draw(st.sampled_from([["preset:a"], ["preset:b", "/x/n.toml"]]))),
        technology=tuple(draw(st.sampled_from([["generic"], ["sky130", "/y/t.toml"]]))),
        neurons=draw(st.sampled_from(["", "0-3"])),
        backend=backend,
        current=draw(st.sampled_from(["", "0:-1,5:2"])),
        duration=draw(st.floats(0, 1e9)),
        seed=draw(st.integers(0, 2**31 - 1)),
        axes=axes,
        mismatch=MismatchSettings(
            samples,
            draw(st.floats(0, 1)),
            samples > 0 and draw(st.booleans()),
            draw(st.sampled_from(["", "ordinary"])) if samples else "",
        ),
    )


@given(configurations())
def test_what_is_written_is_read_back(configuration: SweepConfiguration):
    text = sweep_configuration_to_toml(configuration)
    assert sweep_configuration_from_toml(text, "sweep.toml", Path("/")) == configuration


@pytest.mark.parametrize("example", ["modulation.toml", "corners.toml"])
def test_the_examples_are_configurations(example: str):
    folder = Path(__file__).parents[4] / "examples"
    configuration = read_sweep_configuration(folder / example)
    assert configuration.neuron == (str(folder / "burster.toml"),)
    assert configuration.points > 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tempo = 3\n", "tempo is not a known key; allowed are neuron, technology"),
        ('backend = "spice"\n', "backend = 'spice' is not allowed; it must be macromodel"),
        ("duration = -1\n", "duration = -1 is not allowed; it must be from 0"),
        ("duration = true\n", "duration = True is not allowed; it must be a number"),
        ("seed = -1\n", "seed = -1 is not allowed; it must be a whole number from 0"),
        ("axes = 3\n", "axes = 3 is not allowed; it must be a table"),
        ("[axes]\nheat = [1]\n", "axes.heat is not a known key; allowed are corner, temperature"),
        ("[axes]\nneuron = ['a']\n", "axes.neuron is not a known key; neuron stands before"),
        ("[axes]\nalpha = [1]\n", "axes.alpha is not a known key; allowed are"),
        ("[axes]\narea.leak = [1]\n", "axes.area.leak is not a known key; allowed are area.all"),
        ("[axes]\ntau.quick = [1]\n", "axes.tau.quick is not a known key; allowed are tau.fast"),
        ("[axes]\ntemperature = 27\n", "axes.temperature = 27 is not allowed; it must be a list"),
        ("[axes]\ntemperature = []\n", "axes.temperature has 0 values; it must have 1 to 1000"),
        (
            "[axes]\ntemperature = [27, 300]\n",
            r"axes.temperature = 300 is not allowed; it must be a number from -60 to 200",
        ),
        ("[axes]\ntemperature = [nan]\n", "axes.temperature = nan is not allowed"),
        ("[axes]\ntemperature = [true]\n", "axes.temperature = True is not allowed"),
        ("[axes]\ntemperature = [27, 27.0]\n", "axes.temperature has 27.0 twice"),
        ('[axes]\ncorner = ["tt", 3]\n', "axes.corner = 3 is not allowed; it must be text"),
        ('[axes]\ncorner = ["t\\n"]\n', "axes.corner = .* is not allowed"),
        ("[axes]\nbits = [1]\n", "axes.bits = 1 is not allowed; .* from 0 to 16, but not 1"),
        ("[axes]\nbits = [4.5]\n", "axes.bits = 4.5 is not allowed; it must be a whole number"),
        ('[axes]\ncurrents = ["ctat"]\n', "it must be constant, ptat, constant_gm"),
        ("[axes]\ncorner = { from = 1, to = 2, points = 3 }\n", "must be a list of texts"),
        ("[axes]\nsupply = { from = 1, to = 2 }\n", "axes.supply.points = None is not allowed"),
        ("[axes]\nsupply = { to = 2, points = 3 }\n", "axes.supply.from = None is not allowed"),
        ("[axes]\nsupply = { from = 1, upto = 2 }\n", "axes.supply.upto is not a known key"),
        (
            '[axes]\ni_bias = { from = 0, to = 2, points = 3, spacing = "log" }\n',
            "axes.i_bias.from = 0 is not allowed with log spacing",
        ),
        (
            '[axes]\nsupply = { from = 1, to = 2, points = 3, spacing = "even" }\n',
            "axes.supply.spacing = 'even' is not allowed; it must be linear, log",
        ),
        ("[mismatch]\nsamples = -1\n", "mismatch.samples = -1 is not allowed"),
        ("[mismatch]\nchips = 1\n", "mismatch.chips is not a known key; allowed are samples"),
        ("[mismatch]\nleast_yield = 90\n", "mismatch.least_yield = 90 is not allowed"),
        ("[mismatch]\nprocess = true\n", "mismatch.process = true needs samples"),
        ('[mismatch]\nset = "ordinary"\n', "mismatch.set = 'ordinary' needs samples"),
        (
            'backend = "macromodel_detail"\n[mismatch]\nsamples = 3\n',
            "samples have compact macromodels only",
        ),
        (
            "[axes]\ni_bias = { from = 0, to = 1, points = 1000 }\n"
            "supply = { from = 1, to = 2, points = 1000 }\n",
            "1000000 points, samples counted, are more than 100000",
        ),
    ],
)
def test_what_is_not_allowed_is_told_with_file_and_key(text: str, message: str):
    with pytest.raises(InputError, match=message) as refusal:
        read(text)
    assert str(refusal.value).startswith("sweep.toml: ")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "neuron is missing"),
        ('neuron = "preset:a"\n', "technology is missing"),
        ('neuron = 3\ntechnology = "generic"\n', "neuron = 3 is not allowed; it must be text"),
        ('neuron = ["preset:a", "preset:a"]\ntechnology = "t"\n', "neuron has 'preset:a' twice"),
        ('neuron = "preset:a"\ntechnology = ""\n', "technology = '' is not allowed"),
        ("neuron = ", "is not valid TOML"),
    ],
)
def test_a_neuron_and_a_technology_are_needed(head: str, message: str):
    with pytest.raises(InputError, match=message):
        read("", head)


def test_values_read_as_people_write_them():
    shown = {
        "temperature": (-40.0, "-40 °C"),
        "supply_change": (-0.1, "-10 %"),
        "unit_current": (1.5e-9, "1.5 nA"),
        "membrane_capacitance": (4e-12, "4 pF"),
        "supply": (1.8, "1.8 V"),
        "area.pair": (2.0, "×2"),
        "delta.sm2": (-0.25, "-0.25"),
        "bits": (6, "6"),
        "currents": ("constant_gm", "constant gm"),
        "corner": ("ss_hot", "ss_hot"),
    }
    for name, (value, text) in shown.items():
        assert axis_kind(name).shown(value) == text
    assert axis_kind("bits").shown(0) == "free"
    assert axis_kind("i_bias").shown(0.0) == "0"
