"""Lines become statements as ngspice joins them."""

from pathlib import Path

import pytest

from netlists.model_source import SourceText
from netlists.model_statements import Scope, called_subcircuit, model_words, parse_library


def parse(*texts: str) -> Scope:
    return parse_library([SourceText(Path("x.lib"), 1, text) for text in texts])


def only(text: str) -> str:
    (statement,) = parse(text).statements
    return " ".join(statement.text.split())


@pytest.mark.parametrize(
    "text",
    [
        ".model n nmos\n+ vto=1\n+ kp=2",
        "  .model n nmos\n\t+vto=1\n\n* a comment\n+   kp=2  ",
        ".model n nmos \\\\\n vto=1 \\\\\n\nkp=2",
        ".model n nmos \\\\  \n+ vto=1 $ threshold\n$ a comment\n# another\n+\n+ kp=2 ; gain",
        ".model n nmos // type\n// a comment\n+ vto=1\f\n+\tkp=2",
    ],
)
def test_continuations_and_comments(text: str):
    assert only(text) == ".model n nmos vto=1 kp=2"


def test_a_dollar_within_a_word_is_no_comment():
    assert only(".param a$b=1") == ".param a$b=1"
    assert only(".param a=1, $ b") == ".param a=1,"


def test_a_statement_may_go_on_behind_an_include():
    (first, second) = parse(".param a=1\n", "* more\n+ b=2\n.param c=3\n").statements
    assert first.text.split() == [".param", "a=1", "b=2"]
    assert (second.line, second.place) == (3, "x.lib:3")


@pytest.mark.parametrize(
    ("written", "read"),
    [(".PARAMETERS a=1", ".param"), (".Options x=1", ".option"), (".MACRO n d g", ".subckt")],
)
def test_keywords_have_one_spelling(written: str, read: str):
    scope = parse(written + ("\n.eom\n" if read == ".subckt" else ""))
    first = scope.items[0]
    assert (first.opening if isinstance(first, Scope) else first).keyword == read


def test_subcircuits_nest_and_know_their_ports():
    scope = parse(".subckt A (d g) w=1\n.subckt b x y params: l=1\n.ends\nx0 d g b\n.ends A\n")
    (outer,) = scope.subcircuits["a"]
    (inner,) = outer.subcircuits["b"]
    assert (outer.ports, inner.ports) == (("d", "g"), ("x", "y"))
    assert inner.find_subcircuits("a") == [outer]
    assert scope.find_subcircuits("b") == ()


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("X1 d g s b NFET w=1 l='2 * a'", "nfet"),
        ("x1 (d g s b) nfet W = 1 m={a + b}", "nfet"),
        ("x1 d g nfet params: w=1", "nfet"),
        ("x1 d g nfet", "nfet"),
    ],
)
def test_the_subcircuit_that_is_called(element: str, name: str):
    (statement,) = parse(element).statements
    assert called_subcircuit(statement) == name


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("M1 d g s b nch w=(1+2)*a l = 4u off", ["b", "nch", "off"]),
        ("m1 (d, g, s, b) nch w=w", ["b", "nch"]),
        ("D1 a b dio 2", ["dio", "2"]),
        ("r1 a b 1k mod l=1", ["1k", "mod"]),
    ],
)
def test_the_words_that_may_name_a_model(element: str, words: list[str]):
    (statement,) = parse(element).statements
    assert model_words(statement) == words
