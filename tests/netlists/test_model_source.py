"""Sections and includes of a model library."""

import gzip
from pathlib import Path

import pytest

from netlists.model_source import expand, section_names
from neuron_model.errors import InputError


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.lib").write_text(text)


def text_of(path: Path, section: str | None = None) -> list[str]:
    pieces = "".join(piece.text for piece in expand(path, section))
    return [line.strip() for line in pieces.splitlines() if line.strip()]


def test_a_section_brings_what_it_includes_in_order(tmp_path: Path):
    write(
        tmp_path,
        top=".param outside=1\n.LIB tt\n.param a=1\n.lib 'dev.lib' typ $ a comment\n.param b=2\n"
        ".endl tt\n.lib ss\n.param a=9\n.endl\n",
        dev='.lib typ\n.include "more.lib"\n.endl\n.lib slow\n.param d=8\n.endl\n',
        more=".param c=3\n",
    )
    assert text_of(tmp_path / "top.lib", "TT") == [".param a=1", ".param c=3", ".param b=2"]
    assert text_of(tmp_path / "top.lib", "ss") == [".param a=9"]
    assert text_of(tmp_path / "top.lib") == [".param outside=1"]
    assert section_names(tmp_path / "top.lib") == ("tt", "ss")


def test_pieces_know_their_file_and_line(tmp_path: Path):
    write(tmp_path, top="* one\n.include more.lib\n.param b=2\n", more=".param c=3\n")
    places = [
        (piece.path.name, piece.line + piece.text[: piece.text.index(".param")].count("\n"))
        for piece in expand(tmp_path / "top.lib")
        if ".param" in piece.text
    ]
    assert places == [("more.lib", 1), ("top.lib", 3)]


def test_a_folder_with_blanks_and_a_nested_folder(tmp_path: Path):
    folder = tmp_path / "a b" / "c"
    folder.mkdir(parents=True)
    (folder / "x.lib").write_text(".include '../y z.lib'\n")
    (folder.parent / "y z.lib").write_text(".param y=1\r\n")
    assert text_of(folder / "x.lib") == [".param y=1"]


@pytest.mark.parametrize(
    ("files", "section", "expected"),
    [
        ({"top": ".param a=1\n.include nowhere.lib\n"}, None, r"top\.lib:2: .*nowhere\.lib cannot"),
        ({"top": ".include top.lib\n"}, None, r"top\.lib:1: .*includes itself"),
        (
            {"top": ".lib tt\n.lib b.lib x\n.endl\n", "b": ".lib x\n.lib top.lib tt\n.endl\n"},
            "tt",
            r"b\.lib:2: .*top\.lib \(section tt\) includes itself",
        ),
        ({"top": ".lib tt\n.endl\n"}, "ff", r"no section 'ff'; its sections: tt"),
        ({"top": ".param a=1\n"}, "ff", r"no section 'ff'; its sections: it defines none"),
        ({"top": ".lib tt\n.lib b.lib y\n.endl\n", "b": "\n"}, "tt", r"top\.lib:2: .*section 'y'"),
        ({"top": "\n.lib tt\n.param a=1\n"}, "tt", r"top\.lib:2: section 'tt' has no \.endl"),
        ({"top": ".lib tt\n.lib ss\n.endl\n"}, "tt", r"top\.lib:2: section 'ss' begins inside"),
        ({"top": "\n\n.endl\n"}, None, r"top\.lib:3: \.endl without"),
        ({"top": ".include\n"}, None, r"top\.lib:1: .*not understood"),
        ({"top": ".param a=1\n\x00\x01\n"}, None, r"top\.lib:2: this is not a text file"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    tmp_path: Path, files: dict[str, str], section: str | None, expected: str
):
    write(tmp_path, **files)
    with pytest.raises(InputError, match=expected):
        expand(tmp_path / "top.lib", section)


def test_latin_1_comments_are_read(tmp_path: Path):
    (tmp_path / "top.lib").write_bytes("* 4 µm\n.param a=1\n".encode("latin-1"))
    assert text_of(tmp_path / "top.lib") == ["* 4 µm", ".param a=1"]


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbf.param a=1\r\n.param b=2\r\n",
        b".param a=1\r.param b=2\r\x1a",
        ".param a=1\r\n.param b=2\r\n".encode("utf-16"),
        b"\xfe\xff" + ".param a=1\n.param b=2\n".encode("utf-16-be"),
        ".param a=1\n.param b=2\n".encode("utf-16-le"),
        ".param a=1\n.param b=2\n".encode("utf-16-be"),
        b"\x0c\n.param\x0ca=1\n\x0b.param b=2\n",
    ],
)
def test_text_is_read_however_it_was_saved(tmp_path: Path, encoded: bytes):
    (tmp_path / "top.lib").write_bytes(encoded)
    assert text_of(tmp_path / "top.lib") == [".param a=1", ".param b=2"]


def test_what_is_packed_or_encrypted_is_refused(tmp_path: Path):
    (tmp_path / "top.lib").write_bytes(gzip.compress(b".param a=1\n"))
    with pytest.raises(InputError, match=r"top\.lib is packed \(gzip\)"):
        expand(tmp_path / "top.lib")
    (tmp_path / "top.lib").write_bytes(b"* header\n" + bytes(range(256)))
    with pytest.raises(InputError, match=r"top\.lib:2: this is not a text file.*encrypted"):
        expand(tmp_path / "top.lib")


def test_sections_call_sections_of_their_own_file_and_of_others(tmp_path: Path):
    write(
        tmp_path,
        top=".LIB 'all'\n.lib 'top.lib' nmos // a comment\n.lib \"sub\\dev.lib\" 'pmos'\n"
        ".endl all\n"
        ".lib nmos\n.param n=1\n.endl other\n",
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "dev.lib").write_text(
        ".lib PMOS\n.lib ../top.lib nmos\n.param p=1\n.endl\n"
    )
    assert text_of(tmp_path / "top.lib", "all") == [".param n=1", ".param n=1", ".param p=1"]
