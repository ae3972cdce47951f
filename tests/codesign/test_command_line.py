"""The command line: statuses, messages, and what is imported when."""

import argparse
import importlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from codesign import command_line
from codesign.commands import COMMANDS
from neuron_model.errors import CodesignError, InputError, MissingDependencyError, SimulatorError
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.presets import preset

Run = Callable[[argparse.Namespace], int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Run], None]]:
    """Makes ``codesign probe`` do what it is given."""

    def install(run: Run) -> None:
        module = ModuleType("codesign.commands.probe")
        module.run = run  # type: ignore[attr-defined]
        module.add_parser = lambda sub: importlib.import_module(  # type: ignore[attr-defined]
            "codesign.terminal.arguments"
        ).add_command(sub, "probe", example="codesign probe")
        monkeypatch.setitem(COMMANDS, "probe", "try something")
        monkeypatch.setitem(sys.modules, "codesign.commands.probe", module)

    return install


def raising(error: BaseException) -> Run:
    def run(arguments: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize("status", [0, 1])
def test_the_status_is_the_commands(command: Callable[[Run], None], status: int):
    command(lambda arguments: status)
    assert command_line.main(["probe"]) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("It is wrong."), 2),
        (MissingDependencyError("It is wrong."), 3),
        (SimulatorError("It is wrong."), 4),
        (CodesignError("It is wrong."), 2),
    ],
)
def test_an_error_is_one_line_and_a_status(
    command: Callable[[Run], None],
    capsys: pytest.CaptureFixture[str],
    error: CodesignError,
    status: int,
):
    command(raising(error))
    assert command_line.main(["probe"]) == status
    assert capsys.readouterr() == ("", "error: It is wrong.\n")


def test_what_a_message_quotes_stays_on_its_line(
    command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
):
    command(raising(InputError("x.toml: name 'a\n.control\r\n\x1b[31mshell\x00' is no name.")))
    assert command_line.main(["probe"]) == 2
    assert capsys.readouterr().err == ("error: x.toml: name 'a .control  [31mshell ' is no name.\n")


def test_an_error_of_the_toolkit_is_told_apart(
    command: Callable[[Run], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("CODESIGN_DEBUG", raising=False)
    command(raising(ZeroDivisionError("division by zero")))
    assert command_line.main(["probe"]) == command_line.INTERNAL_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert "ZeroDivisionError: division by zero" in line
    assert "--debug" in line


def test_what_needs_more_memory_than_there_is_is_bad_input(
    command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
):
    text = "Unable to allocate 7.00 TiB for an array with shape (962072674304,)"
    command(raising(MemoryError(text)))
    assert command_line.main(["probe"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: this needs 7.7 TB of memory at once; there are ")
    assert "steps_per_sample" in said


@pytest.mark.parametrize("words", [["probe", "--debug"], ["--debug", "probe"]])
def test_debug_shows_the_traceback(
    command: Callable[[Run], None], capsys: pytest.CaptureFixture[str], words: list[str]
):
    command(raising(InputError("It is wrong.")))
    assert command_line.main(words) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.endswith("error: It is wrong.\n")


def test_an_interrupt_is_130(command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]):
    command(raising(KeyboardInterrupt()))
    assert command_line.main(["probe"]) == 130
    assert capsys.readouterr().err == "error: stopped by SIGINT; the same command begins again.\n"


def test_sigterm_before_there_is_anything_to_save_is_143(
    command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
):
    def killed(arguments: argparse.Namespace) -> int:
        signal.raise_signal(signal.SIGTERM)
        return 0

    before = signal.getsignal(signal.SIGTERM)
    command(killed)
    assert command_line.main(["probe"]) == 143
    assert capsys.readouterr().err == "error: stopped by SIGTERM; the same command begins again.\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_an_import_made_an_error_of_is_a_signal(
    command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
):
    def wrapped(arguments: argparse.Namespace) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("Error calling __set_name__") from error
        return 0

    command(wrapped)
    assert command_line.main(["probe"]) == 130
    assert "stopped by SIGINT" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str],
):
    assert command_line.main(["iv", "preset:tonic_spiking", "--plot", "picture.xyz"]) == 2
    assert "picture.xyz: the suffix says how to write a picture" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["nothing"], ["doctor", "--nothing"], ["pdk", "bring"]])
def test_usage_errors_are_2(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as leaving:
        command_line.main(words)
    assert leaving.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["regim"], "there is no command 'regim'. Did you mean 'regime'?"),
        (["zzz"], "there is no command 'zzz'."),
        (["regime", "preset:tonic_burstin"], "Did you mean 'tonic_bursting'?"),
        (["regime", "x", "--curent", "1"], "--curent is not known here. Did you mean '--current'?"),
        (["mismatch", "x", "--backend", "model"], "none of macromodel, ngspice."),
        (["regime", "x", "--backend", "ngspce"], "none of model, ngspice. Did you mean 'ngspice'?"),
        (["export", "preset:resting", "--technology", "sky13"], "Did you mean 'sky130'?"),
        (
            ["export", "x", "--tecnology", "t"],
            "known here. Did you mean '--technology'?\n`codesign ex",
        ),
        (["export", "x", "--zzz", "--technology=t"], "--zzz is not known here.\n"),
        (["iv"], "NEURON is missing.\n`codesign iv --help` shows"),
        (["export", "x", "y", "--technology=t"], "'y' is one word too many.\n`codesign export --"),
        (["pdk", "instal"], "Did you mean 'install'?\n`codesign pdk --help` shows"),
        (["trim"], "there is no command 'trim'. Did you mean 'calibrate'?"),
        (["chips"], "there is no command 'chips'. Did you mean 'mismatch'?"),
        (["centre"], "there is no command 'centre'. Did you mean 'center'?"),
        (
            ["size", "x", "--technology=t", "--chips", "9"],
            "Did you mean '--samples'?\n`code",
        ),
    ],
)
def test_what_may_have_been_meant(words: list[str], why: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as leaving:
        sys.exit(command_line.main(words))
    assert leaving.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert why in output.err


@pytest.mark.parametrize("current", ["-2.4", "-.5", "-2.4,0", "-1e-3"])
def test_a_value_may_begin_with_a_minus_sign(current: str):
    words = ["regime", "preset:resting", "--current", current]
    assert command_line.build_parser(words).parse_args(words).current == current
    words = ["temperature", "x", "--technology", "t", "--temperatures", "-40,27"]
    assert command_line.build_parser(words).parse_args(words).temperatures == "-40,27"


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_fits_the_terminal(
    words: list[str],
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        command_line.main(words)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    # a command that is broken at its end is one that a shell takes
    examples = shown.partition("example:\n")[2].partition("\n\n")[0].splitlines()
    for line, following in zip(examples, examples[1:], strict=False):
        assert following.startswith("      ") == line.endswith(" \\")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as leaving:
        command_line.main([name, "--help"])
    assert leaving.value.code == 0
    shown = capsys.readouterr().out
    assert f"codesign {name}" in shown.partition("example:")[2]
    assert "--json" in shown
    assert callable(importlib.import_module(f"codesign.commands.{name}").run)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        command_line.main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_imports_nothing_heavy(words: list[str]):
    program = (
        "import sys\nfrom codesign.command_line import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'scipy', 'sympy', 'matplotlib', 'PySpice'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


LIBRARIES = {"torch", "scipy", "sympy", "matplotlib", "pandas", "PySpice", "cffi", "optuna"}

NEEDED = {
    "regime": {"scipy"},
    "simulate": {"scipy"},
    "iv": {"scipy", "sympy"},
    "doctor": set(),
    "export": {"scipy", "PySpice"},
    "validate": {"scipy", "PySpice"},
}
"""What a quick command may load of the libraries that take long to load."""


@pytest.mark.ngspice
@pytest.mark.parametrize("source", ["file", "preset"])
@pytest.mark.parametrize("command", NEEDED)
def test_a_quick_command_loads_only_the_libraries_that_it_needs(
    command: str, source: str, tmp_path: Path
):
    neuron = "preset:tonic_spiking"
    if source == "file":
        neuron = str(tmp_path / "neuron.toml")
        write_neuron(neuron, preset("tonic_spiking").parameters)
    words = [command, "--json"] if command == "doctor" else [command, neuron, "--json"]
    if command == "export":
        words += ["--technology", "generic", "-o", str(tmp_path)]
    elif command in ("regime", "simulate", "validate"):
        words += ["--current", "0:-1", "--duration", "100"]
    if command == "validate":
        words += ["--technology", "generic"]
    program = (
        "import sys\nfrom codesign.command_line import main\n"
        f"status = main({words!r})\n"
        f"print(status, *sorted({LIBRARIES!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    status, *loaded = done.stderr.splitlines()[-1].split()
    # the doctor says 3 where models are missing, validate 1 of a neuron that does not pass
    assert status == "0" or command in ("doctor", "validate"), done.stderr
    assert set(loaded) <= NEEDED[command]


def test_a_reader_that_goes_away_is_no_error():
    program = (
        "import sys\nfrom codesign import command_line\nfrom codesign.commands import pdk\n"
        "def run(arguments):\n    for _ in range(100000):\n        print('x' * 100)\n    return 0\n"
        "pdk.run = run\n"
        "sys.exit(command_line.main(['pdk', 'list']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
