"""``.option scale``: what a library makes of the sizes that are written."""

from pathlib import Path

import pytest

from netlists.length_scale import length_shrink
from netlists.model_source import SourceText
from netlists.model_statements import Scope, parse_library
from neuron_model.errors import InputError


def library(text: str) -> Scope:
    return parse_library([SourceText(Path("x.lib"), 1, text)])


@pytest.mark.parametrize(
    ("text", "shrink"),
    [
        (".param scale=0.5\n.subckt x d g s b scale=0.5\n.ends\n", 1.0),
        (".option post\n.options scale=1u list\n", 1.0),
        (".OPT SCALE = 0.9\n", 0.9),
        (".option post\n+ scale=9e-7\n", 0.9),
        # the first counts to ngspice
        (".option scale=0.9\n.option scale=1u\n", 0.9),
    ],
)
def test_a_drawn_micrometre_is_shrunk_by_what_the_library_says(text, shrink):
    assert length_shrink(library(text)) == pytest.approx(shrink)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0.09u", "x.lib:2: .* units of 0.09 um, where only metres"),
        ("0", "units of 0 um"),
        ("{s}", "a number alone as .option scale, not {s}"),
        ("'1u'", "a number alone"),
    ],
)
def test_other_units_are_refused_by_name(value, why):
    with pytest.raises(InputError, match=why):
        length_shrink(library(f"* a library\n.option scale={value}\n"))
