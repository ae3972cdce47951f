import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlists import safe_text
from netlists.safe_text import (
    check_cells,
    check_file_name,
    check_models,
    check_name,
    check_node,
    check_number,
    check_saved,
    clean_comment,
)
from neuron_model.errors import InputError

HOSTILE_NAMES = [
    "",
    "a b",
    "a\nb",
    "a;b",
    "a`b`",
    "a$b",
    "m\n.control\nshell touch x\n.endc",
    "1;quit",
    "é",
    "a" * 600,
    None,
    3,
    b"m",
]

COMMANDS = [
    ".control",
    " .CONTROL",
    "\t.control",
    ".endc",
    ".exec",
    ".lib 'x' tt",
    ".include x",
    ".inc x",
    ".INCLUDE=x",
    ".end",
    ".save all",
    ".tran 1n 1",
    ".meas tran x",
    ".csparam x=1",
    ".control$",
    "*#shell touch x",
    " *# quit",
    "*ng_script",
    "* fine\r.control",
    "r1 a b 1\x0b.control",
    "r1 a b 1\x85.control",
    "a1 in out reader",
    "r1 a b `touch x`",
    ".param x=`touch x`",
    ".model reader d_process (process_file=x)\nx d_process",
]

HARMLESS = """* A cell, with a remark
* # not a command
*.PININFO a:I b:O

.subckt cell a b
.param w = 2
.if (w > 1)
m1 a b b b n w={w} l=1u $ tail
.else
r1 a b 1k
.endif
+ tc1=0
c1 a b 1p
.ends cell
.model n nmos level=14
.func f(x) {x*2}
"""


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("check", [check_name, check_node, check_file_name])
def test_names_that_are_none_are_refused(check, name):
    with pytest.raises(InputError, match="The thing is"):
        check(name, "The thing")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "-r", ".spiceinit", "a b.raw"])
def test_file_names_lead_nowhere_else(name):
    with pytest.raises(InputError, match="no folder"):
        check_file_name(name, "The raw file")


@given(st.text())
def test_what_passes_as_a_node_is_one_word(text):
    try:
        check_node(text, "A node")
    except InputError:
        return
    assert text.isascii()
    assert text.split() == [text]
    assert not set(text) & set("*;`$'\"\\(){}[]=,!&|<>/")


@pytest.mark.parametrize("name", ["v(m)", "I(Vdd)", "@m.x1.m1[id]", "x1.m", "all", "m", "0"])
def test_vectors_can_be_saved(name):
    assert check_saved(name) == name


@pytest.mark.parametrize(
    "name", ["v(a b)", "v(a", "@m1", "@[id]", "@m1[]", "v()", "v(a)\nquit", ""]
)
def test_vectors_that_are_none_cannot(name):
    with pytest.raises(InputError, match="A vector to save"):
        check_saved(name)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "1", None, True, [1.0]])
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(InputError, match=r"The bias is .* must be a finite number"):
        check_number(value, "The bias")


def test_numbers_have_limits():
    assert check_number(np.float32(0.5), "It") == 0.5
    assert check_number(2, "It", above=1.0, least=2.0) == 2.0
    with pytest.raises(InputError, match="greater than 0"):
        check_number(0.0, "It", above=0.0)
    with pytest.raises(InputError, match="at least 0"):
        check_number(-1e-30, "It", least=0.0)


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("check", [check_cells, check_models])
def test_commands_are_refused_by_line(check, line):
    with pytest.raises(InputError, match=r"The text, line \d+, is .* does not belong there"):
        check(f"* first\n{line}\n", "The text")


def test_circuits_pass():
    assert check_cells(HARMLESS, "It") == HARMLESS
    assert check_models(HARMLESS + ".option scale=1u\n", "It").endswith("scale=1u\n")


def test_options_belong_to_models_only():
    with pytest.raises(InputError, match="line 1"):
        check_cells(".option scale=1u\n", "It")


def test_zero_bytes_are_no_text():
    with pytest.raises(InputError, match="zero byte"):
        check_cells("r1 a b 1\0", "It")


@given(st.text())
def test_comments_stay_comments(text):
    comment = clean_comment(text)
    assert len(comment.splitlines()) <= 1
    assert check_cells(f"* {comment}\n", "It")


def test_long_values_are_cut_in_messages():
    with pytest.raises(InputError) as caught:
        check_name("x" * 10_000, "The cell")
    assert len(str(caught.value)) < 250
    assert safe_text.check_name("x" * 255, "The cell")
