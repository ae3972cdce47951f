"""The report: one page that holds all it shows, says what was found, and runs nothing."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from circuits.datasheet import datasheet, datasheet_to_csv
from circuits.technology import load_technology
from codesign.building.estimates import Estimates, write_estimates
from codesign.command_line import main
from codesign.networks.files import read_network_validation, write_network_validation
from codesign.networks.sequence_validation import SequenceValidation
from codesign.networks.validation import NetworkValidation
from codesign.report import write_report
from codesign.report.markup import Markup, element, escape, join
from codesign.report.overview import summary
from codesign.report.run_folder import read_history, read_run_folder
from codesign.report.vector_image import StyleSheet, inline_svg, short_path
from codesign.report.zoom import script_source
from codesign.validation.validation import NeuronValidation, Validation, write_validation
from mapping.characteristics import Orientation
from mapping.conditions import Conditions
from mapping.design import (
    FollowerDesign,
    NeuronDesign,
    OtaDesign,
    OutputDesign,
    write_designs,
)
from neuron_model.analysis.verdicts import DEFINITIONS, PASSED
from neuron_model.errors import InputError
from neuron_model.file_format import RESULT
from neuron_model.model.parameters import Timescale
from neuron_model.runs.forecast_file import Forecast, write_forecast

VOID = {"meta", "link", "br", "hr", "col", "img", "input"}


class Page(HTMLParser):
    """Reads a page; elements that are not closed in order are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def design(name: str) -> NeuronDesign:
    return NeuronDesign(
        name=name,
        technology="sky130",
        conditions=Conditions("tt", 27.0),
        supply=1.8,
        reference_voltage=0.9,
        unit_current=6.5e-9,
        unit_voltage=0.0731,
        time_unit=4.5e-5,
        membrane_capacitance=4.15e-12,
        elements=(
            OtaDesign("fm0", Timescale.FAST, Orientation.NONINVERTING, 1.27e-8, 0.899, -2.0, 0.0),
            OtaDesign("sp1", Timescale.SLOW, Orientation.INVERTING, 1.42e-9, 0.8344, 1.5, -0.9),
        ),
        leak=(OtaDesign("leak0", Timescale.FAST, Orientation.INVERTING, 5e-9, 0.59, 0.8, -4.0),),
        followers=(FollowerDesign(Timescale.SLOW, 1.17e-10, 4e-12, 0.001, 50.0),),
        compensation_current=2.1e-9,
        compensation_bias=2.03e-9,
        output=OutputDesign(6.3e-9, 0.899, 6.5e-9),
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A whole run with one neuron that passed and one that did not, and its report."""
    from neuron_model.analysis.regimes import Regime
    from tests.codesign.conftest import neuron

    run = tmp_path_factory.mktemp("runs") / "first run"
    failed = neuron("silent", Regime.RESTING, (), 0.05, reasons=("the fast curve is off by 5.0%",))
    provenance = {"mtc-codesign": "0.1.0", "technology": "SKY130, open", "model of burster": "c95c"}
    validation = Validation("sky130", Conditions("ss", -40.0), (neuron(), failed), provenance, 16)
    write_validation(run / "validation.json", validation)
    write_designs(run / "design.json", [design("burster"), design("silent")])
    write_estimates(
        run, (Estimates("burster", 154, 2000.0, 400.0, 4100.0, 4.44e-7, 116.0, 3.83e-9),)
    )
    (run / "config.toml").write_text('[network]\nneurons = 2\nlearn = ["alpha", "delta"]\n')
    (run / "history.csv").write_text(
        "# format = 1\n"
        "step,loss,activity,validation_nrmse,validation_stream_nrmse\n"
        "0,1.5,0.3,,\n1,0.5,0.2,0.75,0.7\n2,0.25,0.125,0.875,0.5\n"
    )
    wave = np.sin(np.arange(900) / 5)[:, None]
    write_forecast(run, Forecast(wave, wave + 0.01, 40))
    others = {
        "trivial": {"last value": {"nrmse": 0.61, "stream_nrmse": 0.62}},
        "ridge": {"rows": 20, "nrmse": 0.31, "stream_nrmse": 0.32},
    }
    (run / "training.json").write_text(
        RESULT.json_text({"nrmse": 0.139, "stream_nrmse": 0.852, **others})
    )
    (run / "netlists").mkdir()
    (run / "netlists" / "neuron_burster.spice").write_text("* cells\n")
    (run / "netlists" / "models.spice").write_text("* models\n")
    sheet = datasheet(design("burster"), load_technology("sky130"))
    (run / "netlists" / "datasheet_burster.csv").write_text(datasheet_to_csv(sheet))
    path = write_report(run)
    return path, path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(written: tuple[Path, str]) -> Page:
    return Page(written[1])


def test_it_lies_in_the_run(written: tuple[Path, str]):
    path, _ = written
    assert path.name == "report.html"
    assert not [p for p in path.parent.iterdir() if p.name.startswith(".")]


def test_the_task_comes_first_then_the_verdict(page: Page):
    assert "first run sky130, corner ss, -40 °C The task" in page.text
    verdict = "✗ 2 of 16 neurons simulated: 2 keep the regime"
    assert page.text.index("Forecast on the stream") < page.text.index(verdict)
    assert page.text.count("✓ passed") == 2
    assert page.text.count("✗ not passed") == 2
    assert "the fast curve is off by 5.0%" in page.text


def test_what_was_judged_is_told_in_numbers(page: Page):
    for text in (
        "0.83 %",
        "5.00 %",
        "tonic bursting",
        "resting",
        "+0.00 %",
        "450 nW",
        "3.89 nJ",
        "9 / 9 / 9",
    ):
        assert text in page.text, text


def test_trained_and_physical_values_stand_side_by_side(page: Page):
    assert "ib_sp1 alpha 1.5, delta -0.9 1.42 nA" in page.text
    assert "ib_slow tau_slow = 50 117 pA" in page.text
    assert "network neurons 2 learn alpha, delta" in page.text
    assert "from 1.50 to 0.250" in page.text


def test_estimates_stand_beside_what_was_simulated(page: Page):
    assert "154 2000 µm² 400 µm² 4100 µm² 444 nW 3.83 nJ" in page.text
    assert page.text.count("Estimated from the design alone") == 1


def test_netlists_are_linked_relative_to_the_page(page: Page):
    links = [value for value in page.values("href") if not value.startswith("#")]
    assert links == ["netlists/models.spice", "netlists/neuron_burster.spice"]
    assert "SKY130, open" in page.text


def test_nothing_is_loaded_and_nothing_runs_but_the_zoom(written: tuple[Path, str], page: Page):
    names = [name for name, _ in page.elements]
    assert names.count("script") == 1
    assert f"script-src {script_source()}" in page.values("content")[0]
    assert not {*names} & {"link", "img", "iframe", "object", "image", "base"}
    assert not page.values("src")
    assert not [key for _, a in page.elements for key in a if key.startswith("on")]
    assert "default-src 'none'" in page.values("content")[0]
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", written[1])


def test_it_is_small(written: tuple[Path, str]):
    assert len(written[1]) < 300_000


def test_ids_are_unique_and_what_is_referred_to_is_there(page: Page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    referred = [v.removeprefix("#") for v in page.values("href") if v.startswith("#")]
    for _, attributes in page.elements:
        for value in attributes.values():
            referred += re.findall(r"url\(#([^)]+)\)", value)
    referred += " ".join(page.values("aria-labelledby")).split()
    assert len(referred) > 20
    assert set(referred) <= set(ids)


def test_every_figure_says_in_words_what_it_shows(page: Page):
    figures = [attributes for name, attributes in page.elements if name == "svg"]
    # forecast, loss, and curves and waveforms of two neurons; all but the loss for phones as well
    assert len(figures) == 6 + 5
    assert sum(figure.get("class") == "phone" for figure in figures) == 5
    assert all(figure["role"] == "img" and figure["aria-labelledby"] for figure in figures)
    assert "I-V curves of burster" in page.text
    assert "circuit: tonic bursting, 9 spikes" in page.text


def test_classes_of_figures_have_their_rules(written: tuple[Path, str], page: Page):
    used = {name for name in page.values("class") if re.fullmatch(r"p\d+", name)}
    assert used
    assert all(f".{name}{{" in written[1] for name in used)


def test_users_words_are_text(tmp_path: Path, make_neuron: Callable[..., NeuronValidation]):
    evil = "<script>alert('x')</script>\x1b\ud800&"
    neuron = make_neuron(evil, reasons=(evil,), notes=(evil,), current=evil, iv=(), waveforms={})
    validation = Validation(evil, Conditions(evil, 27.0), (neuron,), {evil: evil})
    write_validation(tmp_path / "validation.json", validation)
    (tmp_path / "config.toml").write_text(f"[a]\n{json.dumps('</td><b>')} = '<i>'\nno toml <u>")
    text = write_report(tmp_path).read_text(encoding="utf-8")
    names = [name for name, _ in Page(text).elements]
    assert names.count("script") == 1, "the page's own"
    assert not {*names} & {"b", "i", "u"}
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;??&amp;" in text


def test_a_validation_alone_is_enough(tmp_path: Path, validation: Validation):
    run = tmp_path / "run"
    write_validation(run / "validation.json", replace(validation, neurons=()))
    text = Page(write_report(run).read_text(encoding="utf-8")).text
    assert "✗ 0 of 5 neurons simulated" in text
    assert "neither a model nor a design" in text


def test_out_says_where_and_links_follow(tmp_path: Path, validation: Validation):
    run = tmp_path / "run"
    write_validation(run / "validation.json", replace(validation, neurons=()))
    (run / "netlists").mkdir()
    (run / "netlists" / "models.spice").write_text("* models\n")
    first = write_report(run).read_text(encoding="utf-8")
    out = tmp_path / "deep" / "page.html"
    second = write_report(run, out).read_text(encoding="utf-8")
    (link,) = [v for v in Page(second).values("href") if v.endswith("models.spice")]
    assert (out.parent / link).resolve() == run / "netlists" / "models.spice"
    assert second.replace(link, "netlists/models.spice") == first


SERIES = np.linspace(-1.0, 1.0, 20)[:, None]


def network_validation(**changes: Any) -> NetworkValidation:
    """Of a circuit that says three quarters of what torch says."""
    values: dict[str, Any] = {
        "technology": "sky130",
        "conditions": Conditions("tt", 27.0),
        "neurons": 4,
        "warmup": 5,
        "target": SERIES,
        "trained": 0.95 * SERIES,
        "circuit": 0.7125 * SERIES,
        "errors": {"circuit": 0.2875, "trained": 0.05, "mean": 1.0},
        "correlation": 1.0,
        "delay": 0.5,
        "correlation_delayed": 1.0,
        "error_delayed": 0.28,
        "gain": 0.75,
        "offset": 0.0,
        "sample": 1e-4,
        "energy": 2e-9,
        "estimated_energy": 2.1e-9,
        "seconds": 3.0,
        "notes": ("a <word>",),
    }
    return NetworkValidation(**values | changes)


@pytest.fixture
def led(tmp_path: Path, validation: Validation):
    """The page of a folder whose network was validated as well."""

    def page(found: NetworkValidation | SequenceValidation) -> Page:
        write_validation(tmp_path / "validation.json", validation)
        write_network_validation(tmp_path, found)
        return Page(write_report(tmp_path).read_text())

    return page


def test_the_task_of_the_circuit_leads(led: Callable[..., Page]):
    page = led(network_validation())
    for text in (
        "✗ the circuit of the network does not do the task as torch does",
        "4 neurons on sky130, corner tt, 27 °C",
        "15 scored samples",
        "circuit in ngspice 0.287 trained network in torch 0.0500 predicting the mean 1.00",
        "NRMSE over torch's 5.75 at most 1.15",
        "2.10 nJ (+5.00 %)",
        "a <word>",
    ):
        assert text in page.text, text
    assert page.text.index("The task") < page.text.index("neurons simulated")


def sequence_validation(**changes: Any) -> SequenceValidation:
    """Of a circuit that tells three of four sequences apart, where torch tells all."""
    y = np.tile(np.array([[1.0, -1.0], [-1.0, 1.0]]), (4, 1))
    labels = np.array([0, 1, 0, 1])
    values: dict[str, Any] = {
        "technology": "sky130",
        "conditions": Conditions("tt", 27.0),
        "neurons": 4,
        "classes": ("down", "up"),
        "sequences": np.arange(4),
        "lengths": np.full(4, 2),
        "trained": y,
        "circuit": 0.9 * y,
        "labels": labels,
        "decided": {
            "circuit": np.array([0, 1, 0, 0]),
            "trained": labels,
            "most frequent class": np.zeros(4, dtype=int),
        },
        "sample": 1e-4,
        "energy": 2e-9,
        "estimated_energy": 2.1e-9,
        "seconds": 3.0,
        "method": "layer by layer",
    }
    return SequenceValidation(**values | changes)


def test_classes_that_the_circuit_decides_for_lead(led: Callable[..., Page]):
    page = led(sequence_validation())
    for text in (
        "✗ the circuit of the network does not do the task as torch does",
        "4 test sequences, each from rest",
        "circuit in ngspice 75.0 % 75.0 % trained network in torch 100 % 100 %",
        "down 2 0 up 1 1",
        "decisions in common 75.0 % at least 95%",
    ):
        assert text in page.text, text


def test_the_task_of_a_circuit_is_read_as_it_was_written(tmp_path: Path):
    layered = network_validation(windows=2, method="layer by layer")
    for one in (network_validation(), layered, sequence_validation()):
        write_network_validation(tmp_path, one)
        read = read_network_validation(tmp_path)
        assert read is not None
        assert read.document() == one.document()
    assert read_network_validation(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"format": 0}, "network_validation.json"),
        ({"target": [[1.0]]}, "target, trained and circuit have the shapes"),
        ({"nrmse": {"circuit": 1.0}}, "nrmse lacks circuit or trained"),
        ({"correlation": "high"}, "could not convert"),
    ],
)
def test_a_task_that_is_none_is_refused(tmp_path: Path, broken: dict[str, Any], expected: str):
    path = write_network_validation(tmp_path, network_validation())
    path.write_text(json.dumps(json.loads(path.read_text()) | broken))
    with pytest.raises(InputError, match=expected):
        read_network_validation(tmp_path)


def test_each_comparison_says_what_it_reaches(make_neuron: Callable[..., NeuronValidation]):
    driven = make_neuron("d", driven=True, current="750 steps")
    stepped = make_neuron("s")
    slower = replace(stepped.circuit, interspike_interval=25.0)
    for neurons, there, missing in (
        ((driven,), ["recorded current", "✓ spike for spike", "two rows"], ["✓ regime"]),
        ((stepped,), ["tonic bursting", "✓ regime kept", "✓ rhythm kept", "+0.00 %"], ["two rows"]),
        ((replace(stepped, circuit=slower),), ["✗ rhythm kept", "+25.0 %"], ["✓ rhythm"]),
    ):
        children = summary(Validation("sky130", Conditions("tt", 27.0), neurons))
        text = Page(str(element("div", children))).text
        assert all(words in text for words in there), text
        assert not any(words in text for words in missing)
    assert '<span class="over">+25.0 %</span>' in str(element("div", children))


def test_the_page_has_the_definitions_word_for_word(page: Page):
    for name, text in {**DEFINITIONS, "passed": PASSED}.items():
        assert f"{name} {' '.join(text.split())}" in page.text


def test_a_model_that_is_not_circuit_shaped_is_shown_and_not_judged(
    make_neuron: Callable[..., NeuronValidation], tmp_path: Path
):
    neurons = (make_neuron("shaped"), make_neuron("linear", circuit_shaped=False))
    write_validation(
        tmp_path / "validation.json", Validation("sky130", Conditions("tt", 27.0), neurons)
    )
    text = Page(write_report(tmp_path).read_text(encoding="utf-8")).text
    assert text.count("The rhythm of the model is judged.") == 1
    assert text.count("The rhythm of the model is shown and not judged") == 1
    assert "ISI 20.0 / 20.0 (+0.00 %), tolerance ±5 %" in text
    assert "spikes per burst 3.00 / 3.00 (+0.00 %), tolerance ±1.0" in text


def test_the_command_prints_where_the_page_is(
    tmp_path: Path, validation: Validation, capsys: pytest.CaptureFixture[str]
):
    write_validation(tmp_path / "validation.json", replace(validation, neurons=()))
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'report.html'}\n"
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "b.html"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["report"] == str(tmp_path / "b.html")
    assert document["size"] == (tmp_path / "b.html").stat().st_size


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "run `codesign validate`"),
        ({"validation.json": "{"}, "Run `codesign validate` again"),
        ({"validation.json": ""}, "Run `codesign validate` again"),
        ({"validation.json": None, "design.json": "[]"}, "design.json"),
        ({"validation.json": None, "estimates.json": "{}"}, "estimates.json"),
        ({"validation.json": None, "history.csv": "# format = 1\na,b\n1,2\n"}, "no column loss"),
        (
            {"validation.json": None, "history.csv": "# format = 1\nstep,loss\n1,low\n"},
            "history.csv, line 3: 'low'",
        ),
        (
            {"validation.json": None, "history.csv": "# format = 1\nstep,loss\n1\n"},
            "history.csv, line 3",
        ),
        (
            {"validation.json": None, "history.csv": "step,loss\n1,2\n"},
            "has no field `format`; a training history needs `format` 1: `codesign upgrade",
        ),
        ({"validation.json": None, "model.safetensors": "x"}, "model.safetensors"),
        (
            {"validation.json": None, "training.json": '{"nrmse": 0.1}'},
            "training.json: has no field `format`; a training result needs `format` 1: `codesign",
        ),
        ({"validation.json": None, "training.json": '{"format": 2}'}, "format 2, which a later"),
    ],
)
def test_what_is_missing_or_damaged_is_2(
    tmp_path: Path,
    validation: Validation,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str | None],
    expected: str,
):
    for name, content in files.items():
        if content is None:
            write_validation(tmp_path / name, replace(validation, neurons=()))
        else:
            (tmp_path / name).write_text(content)
    assert main(["report", str(tmp_path)]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_no_folder_is_2(tmp_path: Path):
    with pytest.raises(InputError, match="is no run folder"):
        write_report(tmp_path / "none")


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, validation: Validation):
    write_validation(tmp_path / "validation.json", replace(validation, neurons=()))
    (tmp_path / "file").write_text("a file, not a folder")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(tmp_path, tmp_path / "file" / "report.html")
    assert (tmp_path / "file").read_text() == "a file, not a folder"


def test_history_counts_steps_that_have_no_number(tmp_path: Path):
    path = tmp_path / "history.csv"
    assert read_history(path) is None
    path.write_text("# format = 1\nloss\n")
    assert read_history(path) is None
    path.write_text("# format = 1\nloss\n3\n2\n")
    history = read_history(path)
    assert history is not None
    assert (history.column, history.steps, history.losses) == ("step", (0.0, 1.0), (3.0, 2.0))


def test_history_holds_activity_and_the_looks_at_the_validation_part(tmp_path: Path):
    path = tmp_path / "history.csv"
    path.write_text("# format = 1\nstep,loss,activity,validation_nrmse\n0,3,0.5,\n1,2,0.25,0.8\n")
    history = read_history(path)
    assert history is not None
    assert (history.activity, history.validation) == ((0.5, 0.25), ((1.0, 0.8),))
    path.write_text("# format = 1\nstep,loss,activity,validation_nrmse\n0,3,0.5,high\n")
    with pytest.raises(InputError, match="line 3: 'high'"):
        read_history(path)

    path.write_text(
        "# format = 1\n"
        "step,loss,validation_nrmse,validation_stream_nrmse\n0,3,,\n1,2,0.8,0.9\n2,1,0.7,0.6\n"
    )
    history = read_history(path)
    assert history is not None
    assert history.validation == ((1.0, 0.8), (2.0, 0.7))
    assert history.validation_stream == ((1.0, 0.9), (2.0, 0.6))


def test_the_forecast_on_the_stream_is_the_first_picture_of_the_training(page: Page):
    assert "samples 500 to 899 of the 900 of the test part" in page.text
    assert "0.852 in this run, 0.139 in windows, each from rest" in page.text
    assert "The first 40 samples are not scored." in page.text
    assert page.text.index("Forecast on the stream") < page.text.index("Loss while training")
    least = "is least, 0.750, at step 1 in windows from rest, and 0.500, at step 2, in one"
    assert least in page.text


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (
            {"accuracy": 0.75, "balanced_accuracy": 0.8, "confusion": [[2, 1], [0, 1]]},
            ("75.0 %", "80.0 %", "largest of 2 readouts", "true class (rows)", "idle", "run"),
        ),
        ({"nrmse": [0.25, 0.5]}, ("NRMSE on the test part, by output: 0.250, 0.500",)),
    ],
)
def test_what_was_classified_is_told(
    tmp_path: Path, validation: Validation, test: dict, words: tuple[str, ...]
):
    write_validation(tmp_path / "validation.json", validation)
    empty = {"loss": 0.5, "accuracy": None, "balanced_accuracy": None, "confusion": None}
    entries = {"classes": ["idle", "run"], "test": {**empty, "nrmse": [], **test}}
    (tmp_path / "training.json").write_text(RESULT.json_text(entries))
    text = Page(write_report(tmp_path).read_text(encoding="utf-8")).text
    for word in words:
        assert word in text


def test_designs_are_found_by_name(written: tuple[Path, str]):
    run = read_run_folder(written[0].parent)
    assert set(run.designs) == {"burster", "silent"}
    assert [f.path.name for f in run.netlists] == ["models.spice", "neuron_burster.spice"]
    assert run.netlists[0].size == len("* models\n")


def test_the_datasheet_says_what_each_line_is_given_and_what_it_may_be(page: Page):
    for words in (
        "ib_fm0 alpha -2, delta 0 12.7 nA 10.0 pA to 50.0 nA",
        "vr_sp1 alpha 1.5, delta -0.9 0.8344 V 0.5000 V to 1.3000 V",
        "C_slow tau_slow = 50 4.00 pF 200 fF to 20.0 pF",
        "corners of the process, that there are tt ff ss sf fs",
        "temperature of the mapping 27 °C -40 °C to 125 °C",
    ):
        assert words in page.text


def test_elements_are_written_and_text_escaped():
    assert element("p", "a < b", None, [1, element("br")], class_="x & y", id=None) == (
        '<p class="x &amp; y">a &lt; b1<br></p>'
    )
    assert element("svg", aria_label='"') == '<svg aria-label="&quot;"></svg>'
    assert isinstance(join(["<", Markup("<b>")]), Markup)
    assert escape("\x00\udcffé\n") == "??é\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("M 10.123456 20.5 \nL 11.123456 19.25 \nL 11.123456 30 \n", "M10.12 20.5l1-1.25 0 10.75"),
        ("M 0.004 0.5 \nL 0.004 0.5 \n", "M0 .5l0 0"),
        ("M 1.5 2.25 L 3.5 2.25 z ", "M1.5 2.25l2 0 z"),
        ("M 1.55555 2 \nQ 3.14159 4 5 6 \n", "M 1.56 2 Q 3.14 4 5 6"),
    ],
)
def test_paths_are_shortened(data: str, expected: str):
    assert short_path(data) == expected


def test_rounding_does_not_add_up():
    points = [(i * 0.33333, (i % 7) * 0.77777) for i in range(1000)]
    data = " ".join(f"{'ML'[i > 0]} {x:.6f} {y:.6f}" for i, (x, y) in enumerate(points))
    start, steps = short_path(data).split("l")
    numbers = [float(word) for word in re.findall(r"-?\d*\.?\d+", steps)]
    x = float(start[1:].split()[0]) + sum(numbers[0::2])
    assert x == pytest.approx(points[-1][0], abs=0.06)
    assert len(short_path(data)) < 0.5 * len(data)


def test_figures_share_styles_but_not_ids():
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([0, 1, 2], [0, 1, 0])
    sheet = StyleSheet()
    first = inline_svg(figure, sheet, "one", "a < b")
    styles = dict(sheet.classes)
    second = inline_svg(figure, sheet, "two", "")
    assert inline_svg(figure, StyleSheet(), "one", "a < b") == first
    assert sheet.classes == styles
    assert "a &lt; b" in first
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert "font-family" not in sheet.css()


def test_the_trained_network_stands_beside_simple_predictors(written: tuple[Path, str]):
    text = Page(written[1]).text
    assert "trained network in torch 0.852 0.139" in text
    assert "predicting the last value 0.620 0.610" in text
    assert "ridge regression on 20 rows 0.320 0.310" in text


@pytest.mark.parametrize("content", [{"nrmse": 0.1, "stream_nrmse": 0.8}, {}, {"trivial": 3}])
def test_a_run_that_says_nothing_of_simple_predictors_has_none(
    written: tuple[Path, str], tmp_path: Path, content: dict[str, object]
):
    (tmp_path / "validation.json").write_text((written[0].parent / "validation.json").read_text())
    (tmp_path / "training.json").write_text(RESULT.json_text(content))
    assert read_run_folder(tmp_path).predictors == {}
    assert "simple predictors" not in write_report(tmp_path).read_text()
