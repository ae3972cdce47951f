"""Pieces of HTML that several sections use: tables, marks, figures, keys to colors."""

from __future__ import annotations

from collections.abc import Sequence

from codesign.pictures.plots import LABELS
from codesign.report.markup import Child, Markup, element
from neuron_model.analysis.verdicts import Verdict


def table(
    caption: Child,
    columns: Sequence[str],
    rows: Sequence[Sequence[Child]],
    text_columns: Sequence[int] = (0,),
) -> Markup:
    """A table whose first column names the row; numbers stand right, ``text_columns`` left.

    A row that has None there belongs to the one above it.
    """
    spans, named = [0] * len(rows), 0
    for index, row in enumerate(rows):
        named = index if row[0] is not None else named
        spans[named] += 1

    def cell(name: str, index: int, content: Child, span: int = 1) -> Markup:
        kind = None if index in text_columns else "number"
        scope = None if name != "th" else "rowgroup" if span > 1 else "row"
        rowspan = span if span > 1 else None
        return element(name, content, class_=kind, scope=scope, rowspan=rowspan)

    head = [
        element("th", c, scope="col", class_=None if i in text_columns else "number")
        for i, c in enumerate(columns)
    ]
    body = [
        element(
            "tr",
            cell("th", 0, row[0], span) if span else None,
            [cell("td", i, c) for i, c in enumerate(row[1:], 1)],
        )
        for row, span in zip(rows, spans, strict=True)
    ]
    content = element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", head)),
        element("tbody", body),
        class_="wide" if len(columns) > 4 else None,
    )
    # Wide tables scroll by themselves, also from the keyboard.
    return element("div", content, class_="table", tabindex=0)


def mark(passed: bool) -> Markup:
    """The verdict in a color, a sign and a word."""
    kind, text = ("good", "✓ passed") if passed else ("bad", "✗ not passed")
    return element("span", text, class_=f"mark {kind}")


def kept(found: Verdict) -> Markup:
    """Every verdict of a comparison with its sign, one below the other; those not judged are not
    there."""
    lines = [
        element("li", f"{'✓' if reached else '✗'} {name}", class_="good" if reached else "bad")
        for name, reached in found.reached.items()
        if reached is not None
    ]
    return element("ul", lines, class_="kept")


def key(who: str) -> Markup:
    """Line sample and name of model, macromodel or circuit."""
    sample = element("span", class_=f"key {who}", aria_hidden="true")
    return element("span", sample, LABELS[who])


def keyed(who: str, text: Child) -> Markup:
    """``text`` behind the line sample of ``who``."""
    return element("span", element("span", class_=f"key {who}", aria_hidden="true"), text)


def over(text: str, is_over: bool) -> Child:
    """``text``, marked where it is beyond what passes."""
    return element("span", text, class_="over") if is_over else text
