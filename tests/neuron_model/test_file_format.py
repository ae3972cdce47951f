"""Versions of files: what is said of another one."""

import inspect
import re

import pytest

from neuron_model import file_format
from neuron_model.errors import InputError
from neuron_model.file_format import FileFormat, FormatError

KIND = FileFormat(
    "shopping list",
    3,
    renamed={"fruit.apple": "fruit.apples", "box": "crate"},
    values={"size": {"huge": "large"}},
)


def test_todays_version_is_read():
    KIND.check(3)
    document = {"format": 3, "fruit": {"apples": 2}, "size": "large"}
    assert KIND.check_document(document) == {"fruit": {"apples": 2}, "size": "large"}
    assert document["format"] == 3, "what was given is left as it is"


@pytest.mark.parametrize("found", [2, 0, "3", True, 3.0])
def test_another_version_is_refused_with_what_to_do(found: object):
    said = rf"is a shopping list of format {found!r}; this version reads format 3: `codesign upgr"
    with pytest.raises(FormatError, match=said):
        KIND.check(found)


def test_a_missing_version_is_told_as_missing():
    with pytest.raises(FormatError, match="has no field `format`; a shopping list needs"):
        KIND.check(None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "list.json: is no shopping list of format 3 (it is no JSON object)."),
        ("{", "list.json: is no shopping list of format 3 (Expecting property name"),
        ("{}", "list.json: has no field `format`; a shopping list needs `format` 3: `codesign"),
        ('{"format": 2}', "list.json: is a shopping list of format 2; this version reads format 3"),
        ('{"format": 3}', "list.json: is no shopping list of format 3 (it has no field 'milk')."),
    ],
)
def test_a_file_of_json_is_refused_in_one_line(text: str, said: str):
    def read() -> None:
        content = KIND.json_content(text, "list.json")
        with KIND.reading("list.json"):
            content["milk"]

    with pytest.raises(InputError, match=re.escape(said)):
        read()
    assert KIND.json_content(KIND.json_text({"milk": 2}), "list.json") == {"milk": 2}


def test_a_later_version_asks_for_a_later_toolkit():
    with pytest.raises(FormatError, match="of format 4, which a later version wrote; this one"):
        KIND.check(4)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"fruit": {"apple": 0}}, "fruit.apple is fruit.apples now; `codesign upgrade list.toml`"),
        ({"format": 3, "box": {}}, "box is crate now"),
        ({"size": "huge"}, 'size = "huge" is "large" now'),
    ],
)
def test_a_key_of_before_is_told_by_its_name(document: dict[str, object], said: str):
    with pytest.raises(FormatError, match=re.escape(said)):
        KIND.check_document(document, "list.toml")


def test_what_merely_looks_like_it_is_no_key_of_before():
    for document in ({"apple": 1}, {"fruit": 3}, {"size": ["huge"]}, {"fruit": {"apples": 1}}):
        assert KIND.check_document(document) == document


def test_every_format_says_what_to_do():
    every = [each for _, each in inspect.getmembers(file_format) if isinstance(each, FileFormat)]
    assert len(every) >= 14
    assert len({each.name for each in every}) == len(every)
    for each in every:
        assert each.version >= each.oldest >= 1
        with pytest.raises(FormatError, match=r": .{20,}\.$"):
            each.check(0)
