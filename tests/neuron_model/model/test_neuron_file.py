import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuron_model.errors import InputError
from neuron_model.model.neuron_file import (
    LARGEST_FILE,
    neuron_from_toml,
    neuron_to_toml,
    read_neuron,
    write_neuron,
)
from neuron_model.model.parameters import (
    OTA_FILTER,
    TIMESCALES,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    OutputShape,
)
from neuron_model.toml_file import parse_toml

BURSTER = """
[neuron]
name = "burster"
tau_m = 1.0
tau_fast = 0.0
tau_slow = 50.0
tau_ultraslow = 2500.0
u_rest = 0.0
u_threshold = 0.0
u_saturation = 1.0
leak = "linear"
filter = "linear"
i_bias = 0.0

[[neuron.elements]]
timescale = "fast"
alpha = -2.0
delta = 0.0
kappa = 1.0

[[neuron.elements]]
timescale = "slow"
alpha = 2
delta = 0
"""
ELEMENT = '[[neuron.elements]]\ntimescale = "fast"\nalpha = 1.0\ndelta = 0.0\n'

voltages = st.floats(-1e6, 1e6)
slopes = st.floats(1e-6, 1e6)
times = st.just(0.0) | st.floats(1e-15, 1e15)
filters = st.builds(Filter, st.just(0.0) | slopes, voltages)
neurons = st.builds(
    NeuronParameters,
    st.lists(
        st.builds(Element, st.sampled_from(TIMESCALES), voltages, voltages, slopes),
        min_size=1,
        max_size=4,
    ),
    name=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", fullmatch=True),
    tau_m=st.floats(1e-15, 1e15),
    tau_fast=times,
    tau_slow=times,
    tau_ultraslow=times,
    u_rest=voltages,
    u_threshold=st.floats(-1e6, 0.0),
    u_saturation=st.floats(1e-6, 1e6),
    output=st.sampled_from(OutputShape),
    i_bias=voltages,
    leak=st.builds(Leak, st.just(1.0) | slopes, st.just(math.inf) | slopes),
    filter_fast=filters,
    filter_slow=filters,
    filter_ultraslow=filters,
)


@given(neurons)
def test_round_trip_is_exact(parameters: NeuronParameters):
    assert neuron_from_toml(neuron_to_toml(parameters)) == parameters


def test_the_documented_file_is_read(tmp_path: Path):
    path = tmp_path / "burster.toml"
    path.write_text(BURSTER)
    p = read_neuron(path)
    assert p == NeuronParameters(
        (Element("fast", -2.0, 0.0), Element("slow", 2.0, 0.0)),
        name="burster",
        tau_slow=50.0,
        tau_ultraslow=2500.0,
    )


def test_only_elements_and_their_time_constants_are_required():
    assert neuron_from_toml(ELEMENT) == NeuronParameters((Element("fast", 1.0, 0.0),))
    slow = ELEMENT.replace("fast", "slow")
    with pytest.raises(InputError, match=r"neuron.tau_slow is missing"):
        neuron_from_toml(slow)
    assert neuron_from_toml(f"[neuron]\ntau_slow = 7\n{slow}").tau_slow == 7.0


@pytest.mark.parametrize(
    ("entry", "leak"),
    [
        ('"linear"', Leak()),
        ("{ range = 6 }", Leak(range=6.0)),
        ("{ conductance = 0.9, range = 6.0 }", Leak(0.9, 6.0)),
        ("{ conductance = 0.9 }", Leak(0.9)),
    ],
)
def test_leak_forms(entry: str, leak: Leak):
    assert neuron_from_toml(f"[neuron]\nleak = {entry}\n{ELEMENT}").leak == leak


def test_filter_forms():
    ota = neuron_from_toml(f'[neuron]\nfilter = "ota"\n{ELEMENT}')
    assert {ota.filter(x) for x in TIMESCALES} == {OTA_FILTER}
    table = "{ slow = { kappa = 1.02, offset = 0.01 }, ultraslow = 'ota' }"
    mixed = neuron_from_toml(f"[neuron]\nfilter = {table}\n{ELEMENT}")
    assert mixed.filter_fast == Filter()
    assert mixed.filter_slow == Filter(1.02, 0.01)
    assert mixed.filter_ultraslow == OTA_FILTER


def test_output_forms():
    assert neuron_from_toml(BURSTER).output is OutputShape.CLIP, "as files of before have it"
    for shape in OutputShape:
        text = f'[neuron]\noutput = "{shape}"\n{ELEMENT}'
        assert neuron_from_toml(text).output is shape
        assert f'output = "{shape}"' in neuron_to_toml(neuron_from_toml(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[neuron] is missing"),
        ("neuron = 3", "neuron = 3 is not allowed"),
        ("[neuron]", "neuron.elements is missing"),
        ("[neuron]\nelements = []", "neuron.elements is missing"),
        ("[neuron]\nelements = 1", "neuron.elements = 1"),
        ("[neuron]\nelements = [1]", "neuron.elements[0] = 1"),
        ("[neuron]\nname = 3\n" + ELEMENT, "neuron.name = 3"),
        ('[neuron]\nname = "a\\n.control\\nshell ls"\n' + ELEMENT, r"name = 'a\n.control"),
        ("[neuron]\ntau_slow = nan\n" + ELEMENT, "neuron.tau_slow = nan"),
        ("[neuron]\ntau_slow = inf\n" + ELEMENT, "neuron.tau_slow = inf"),
        ("[neuron]\ntau_slow = -1.0\n" + ELEMENT, "tau_slow = -1.0"),
        ("[neuron]\ntau_slow = true\n" + ELEMENT, "neuron.tau_slow = True"),
        ('[neuron]\ntau_slow = "5"\n' + ELEMENT, "neuron.tau_slow = '5'"),
        ("[neuron]\ni_bias = 1e7\n" + ELEMENT, "from -1e+06 to 1e+06"),
        ("[neuron]\ni_bias = 1" + "0" * 400 + "\n" + ELEMENT, "neuron.i_bias"),
        ("[neuron]\ni_bias = 1" + "0" * 5000 + "\n" + ELEMENT, "not valid TOML"),
        ("[neuron]\ntau_slwo = 1\n" + ELEMENT, "neuron.tau_slwo is not a known key"),
        ('[neuron]\n"tau\\n.control" = 1\n' + ELEMENT, r"neuron.'tau\n.control' is not"),
        ("[neuron]\ntau_m = 1\ntau_m = 2\n" + ELEMENT, "not valid TOML"),
        ("[other]\n[neuron]\n" + ELEMENT, "other is not a known key"),
        ('[neuron]\nleak = "ota"\n' + ELEMENT, "neuron.leak = 'ota'"),
        ("[neuron]\nleak = { reach = 1 }\n" + ELEMENT, "neuron.leak.reach"),
        ("[neuron]\nleak = { range = 0 }\n" + ELEMENT, "leak.range = 0.0"),
        ("[neuron]\nfilter = 3\n" + ELEMENT, "neuron.filter = 3"),
        ("[neuron]\nfilter = { slow = 1 }\n" + ELEMENT, "neuron.filter.slow = 1"),
        ("[neuron]\nfilter = { slwo = 'ota' }\n" + ELEMENT, "neuron.filter.slwo"),
        ('[neuron]\noutput = "tanh"\n' + ELEMENT, "neuron.output = 'tanh' is not allowed; it must"),
        ("[neuron]\noutput = 1\n" + ELEMENT, 'neuron.output = 1 is not allowed; it must be "clip"'),
        ("[neuron]\noutput = [1]\n" + ELEMENT, "neuron.output = [1]"),
        (ELEMENT + "gamma = 1", "neuron.elements[0].gamma"),
        (ELEMENT.replace("delta = 0.0\n", ""), "neuron.elements[0].delta is missing"),
        (ELEMENT.replace('"fast"', '"medium"'), "neuron.elements[0].timescale = 'medium'"),
        (ELEMENT.replace('"fast"', "[1]"), "neuron.elements[0].timescale = [1]"),
        (ELEMENT + "kappa = 0", "elements[0].kappa = 0.0"),
        (ELEMENT.replace('"fast"', '"fsat"'), "fast, slow or ultraslow. Did you mean 'fast'?"),
        (ELEMENT.replace("elements", "element"), "neuron.element is not a known key"),
        ("[neuron]\nfilter = 'otta'\n" + ELEMENT, "Did you mean 'ota'?"),
        ("[neuron", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_bad_files_are_refused_with_source_key_and_reason(text: str, words: str):
    with pytest.raises(InputError) as caught:
        neuron_from_toml(text, "bad.toml")
    message = str(caught.value)
    assert message.startswith("bad.toml: ")
    assert words in message
    assert len(message) < 500


def test_what_is_no_text_file_is_refused(tmp_path: Path):
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\x7fELF\xff\x00")
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * (LARGEST_FILE + 1))
    for path, words in (
        (tmp_path, "not a file"),
        (tmp_path / "none.toml", "no such file"),
        (binary, "not a text file"),
        (big, "larger than"),
        ("a\0b", "no such file"),
    ):
        with pytest.raises(InputError, match=words):
            read_neuron(path)


def test_writing_is_whole_and_for_one_neuron(tmp_path: Path):
    p = NeuronParameters((Element("fast", -2.0, 0.1),), name="one", leak=Leak(range=6.0))
    assert read_neuron(write_neuron(tmp_path / "new" / "one.toml", p)) == p
    with pytest.raises(InputError, match="2 neurons"):
        write_neuron(tmp_path / "two.toml", NeuronParameters.stack([p, p]))
    assert [f.name for f in tmp_path.rglob("*.toml")] == ["one.toml"]


@pytest.mark.parametrize(
    "text",
    [
        "[{}]\nx = 1\n",
        "{} = 1\n",
        "y = 1\n  {} = 1\n",
        "x = {{ {} = 1 }}\n",
        "x = [{{ {} = 1 }}]\n",
    ],
)
def test_keys_of_very_many_parts_are_refused_at_once(text: str):
    for part in ("a", '"a b"', "'c'", "a "):
        deep = text.format(".".join([part] * 10_000))
        with pytest.raises(InputError, match="more than 50 parts"):
            parse_toml(deep, "deep.toml")
    assert parse_toml(text.format("a.b.c"), "fine.toml")
    assert parse_toml(f'x = "{"a." * 100}"\n', "text.toml")
