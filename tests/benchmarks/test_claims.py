"""What README and docs/results quote is what its source gives."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.claims import __main__ as claims_command
from benchmarks.claims.claim import Claim, compare, is_quoted, number
from benchmarks.claims.commands import CommandFailedError, commands, files, run_json
from benchmarks.claims.documents import CLAIMS, document_text

ROOT = Path(__file__).parents[2]

TEXT = """
```sh
cat > small.toml <<'EOF'
[neuron]
EOF
codesign regime small.toml \\
    --current 0:-1        # how it fires
pip install something
```

Of the 1000 samples
41.6 % burst.

```toml
codesign = "no command"
```
"""


def claim(says: str = "{41.6} % burst", tolerance: float = 0.0) -> Claim:
    return Claim("README.md", says, "codesign regime small.toml", lambda d: d, tolerance)


def test_commands_are_those_of_sh_blocks_each_in_one_line():
    assert commands(TEXT) == ("codesign regime small.toml --current 0:-1",)


def test_commands_in_the_text_are_found_however_they_are_wrapped():
    text = "Leakage (`codesign characterize\n--technology sky130`) and `burster.toml`, `codesign`."
    assert commands(text) == ("codesign characterize --technology sky130",)
    assert commands(text + "\n" + TEXT) == (*commands(TEXT), *commands(text))


def test_a_figure_may_stand_in_a_file_that_the_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The command of this claim writes 3 into a file and prints 4."""
    script = "import json; open('left.json', 'w').write('[3]'); print([4])"
    source = f'python -c "{script}"'
    both = [
        Claim("text.md", "{3} written", source, lambda d: d, reads="left.json"),
        Claim("text.md", "{4} printed", source, lambda d: d),
    ]
    (tmp_path / "text.md").write_text("3 written, 4 printed")
    monkeypatch.setattr(claims_command, "ROOT", tmp_path)
    monkeypatch.setattr(claims_command, "CLAIMS", both)
    assert claims_command.main([]) == 0
    (tmp_path / "text.md").write_text("3 written, 5 printed")
    assert claims_command.main([]) == 1
    assert "text.md does not say: 4 printed" in capsys.readouterr().out
    monkeypatch.setattr(claims_command, "CLAIMS", [replace(both[0], reads="none.json")])
    assert claims_command.main([]) == 1
    assert "none.json" in capsys.readouterr().out


def test_files_that_a_document_writes_are_found():
    assert files(TEXT) == {"small.toml": "[neuron]\n"}


def test_words_are_found_however_they_are_wrapped():
    assert is_quoted(claim("Of the {1000} samples {41.6} % burst"), TEXT)
    assert not is_quoted(claim("Of the {1001} samples {41.6} % burst"), TEXT)


@pytest.mark.parametrize(
    ("quoted", "value", "unit"),
    [
        ("41.6", 41.6, 0.1),
        ("1,590", 1590.0, 1.0),
        ("\N{MINUS SIGN}0.8", -0.8, 0.1),
        ("2e-4", 2e-4, 1e-4),
    ],
)
def test_a_figure_is_read_with_the_unit_of_its_last_digit(quoted: str, value: float, unit: float):
    assert number(quoted) == (value, pytest.approx(unit))


def test_words_are_no_figure():
    with pytest.raises(ValueError, match="no number"):
        number("many")


@pytest.mark.parametrize(("value", "agrees"), [(41.64, True), (41.52, True), (41.8, False)])
def test_a_figure_agrees_to_a_unit_of_its_last_digit(value: float, agrees: bool):
    assert [one.agrees for one in compare(claim(), [value])] == [agrees]


def test_a_tolerance_is_relative():
    assert compare(claim(tolerance=0.1), [45.0])[0].agrees
    assert not compare(claim(tolerance=0.1), [46.0])[0].agrees


def test_values_have_to_be_as_many_as_figures():
    with pytest.raises(ValueError, match="2 values for 1 figures"):
        compare(claim(), [1.0, 2.0])


def test_a_command_that_fails_or_prints_no_json_is_a_miss(tmp_path: Path):
    with pytest.raises(CommandFailedError, match="exit status 2"):
        run_json("codesign regime nothing.toml --current 0:0", tmp_path)


@pytest.mark.parametrize("one", CLAIMS, ids=lambda one: one.words[:60])
def test_documents_say_what_is_checked_and_show_its_command(one: Claim):
    text = document_text(ROOT, one.file)
    assert is_quoted(one, text)
    if not one.is_recorded:
        assert one.source in commands(text)


@pytest.mark.parametrize(
    "one", [c for c in CLAIMS if c.is_recorded], ids=lambda one: one.words[:60]
)
def test_recorded_figures_are_those_of_their_file(one: Claim):
    document = json.loads((ROOT / one.source).read_text())
    assert [c for c in compare(one, document) if not c.agrees] == []
