"""Figures as SVG inside of a page: a few times smaller than as a file, with text in place.

Matplotlib writes every coordinate with six decimals and every style out in full. Here polylines
become relative with a tenth or a hundredth of a point, styles become classes that all figures of
a page share, and groups that say nothing fall away. Text stays text, in the page's font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from codesign.pictures.plots import NARROW, STYLE, WIDE
from codesign.report.markup import Markup, element, escape, join

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+")
_POLYLINE = re.compile(r"M -?[\d.]+ -?[\d.]+(?: L -?[\d.]+ -?[\d.]+)+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LONG = 150
"""From so many points on, a tenth of a point is as near as a screen can show."""


@dataclass
class StyleSheet:
    """The styles of all figures of one page, each with a class of its own."""

    classes: dict[str, str] = field(default_factory=dict)
    figures: int = 0

    def name(self, style: str) -> str:
        """The class that stands for ``style``."""
        return self.classes.setdefault(style, f"p{len(self.classes)}")

    def css(self) -> str:
        """The rules, to be put into the page's style element after all figures were made."""
        return "\n".join(f".{name}{{{style}}}" for style, name in self.classes.items())


def both_widths(
    make: Callable[[float], Figure], sheet: StyleSheet, title: str, description: str
) -> Markup:
    """A picture for screens and paper and one for phones, of which the page shows one.

    Args:
        make: of a width in inches.
        sheet, title, description: see :func:`inline_svg`.
    """
    kinds = {WIDE: None, NARROW: "phone"}
    return join([inline_svg(make(w), sheet, title, description, k) for w, k in kinds.items()])


def inline_svg(
    figure: Figure, sheet: StyleSheet, title: str, description: str, kind: str | None = None
) -> Markup:
    """``figure`` as an svg element that says in words what it shows.

    Args:
        figure: made by codesign.pictures.plots.
        sheet: of the page; it takes up the figure's styles.
        title: what the figure is.
        description: what is to be seen in it, for those who cannot see it.
        kind: its class on the page.
    """
    content = io.StringIO()
    with mpl.rc_context(STYLE):
        # savefig would draw it all twice, the first time to know its size
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
    root = ElementTree.fromstring(content.getvalue())
    number = sheet.figures
    sheet.figures += 1
    writer = _Writer(sheet, f"f{number}-", _referenced(root))
    body = "".join(writer.written(child) for child in root)
    size = figure.get_size_inches() * 72
    label = f"f{number}"
    return element(
        "svg",
        element("title", title, id=f"{label}-title"),
        element("desc", description, id=f"{label}-text"),
        Markup(body),
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
        class_=kind,
        role="img",
        aria_labelledby=f"{label}-title {label}-text",
    )


def _referenced(root: ElementTree.Element) -> set[str]:
    names = set()
    for node in root.iter():
        for value in node.attrib.values():
            names.update(_REFERENCE.findall(value))
        if _HREF in node.attrib:
            names.add(node.attrib[_HREF].removeprefix("#"))
    return names


@dataclass(frozen=True)
class _Writer:
    """Writes nodes; ``kept``: the ids that others refer to, ``prefix``: makes them unique."""

    sheet: StyleSheet
    prefix: str
    kept: set[str]

    def written(self, node: ElementTree.Element) -> str:
        name = node.tag.removeprefix(_SVG)
        if name in ("metadata", "style"):
            return ""
        children = "".join(self.written(child) for child in node)
        attributes = self._attributes(node)
        if name == "g" and not attributes:
            return children
        if name == "g" and not children:
            return ""
        written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
        inside = (escape(node.text) if node.text and node.text.strip() else "") + children
        return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"

    def _attributes(self, node: ElementTree.Element) -> dict[str, str]:
        result: dict[str, str] = {}
        for key, value in node.attrib.items():
            if key == "id":
                if value in self.kept:
                    result[key] = self.prefix + value
            elif key == _HREF:
                result["href"] = f"#{self.prefix}{value.removeprefix('#')}"
            elif key == "style":
                result["class"] = self.sheet.name(_short_style(value))
            elif key == "d":
                result[key] = short_path(value)
            elif key == "transform" and value.startswith("rotate(-0 "):
                continue
            elif "}" not in key:
                value = _REFERENCE.sub(rf"url(#{self.prefix}\1)", value)
                result[key] = value if key == "id" else _NUMBER.sub(_rounded, value)
        return result


def _short_style(style: str) -> str:
    parts = [part.strip() for part in style.split(";") if part.strip()]
    kept = [part for part in parts if not part.startswith("font-family")]
    return ";".join(part.replace(": ", ":") for part in kept)


def _rounded(match: re.Match[str]) -> str:
    return _shortest(float(match.group()), 2)


def short_path(data: str) -> str:
    """A path's data with rounded numbers; polylines relative, from one rounded point to the next.

    Rounding does not add up: each step is the difference of two rounded points.
    """
    data = " ".join(data.split())
    return _NUMBER.sub(_rounded, _POLYLINE.sub(_relative, data))


def _relative(match: re.Match[str]) -> str:
    numbers = [float(word) for word in match.group().split() if word not in "ML"]
    decimals = 1 if len(numbers) > 2 * _LONG else 2
    scale = 10**decimals
    points = [
        (round(x * scale), round(y * scale)) for x, y in zip(*[iter(numbers)] * 2, strict=True)
    ]
    (x, y), *others = points
    words = [_shortest(x / scale, decimals), _shortest(y / scale, decimals)]
    text = f"M{words[0]} {words[1]}l"
    steps = []
    for new_x, new_y in others:
        if (new_x, new_y) != (x, y):
            steps += [(new_x - x) / scale, (new_y - y) / scale]
        x, y = new_x, new_y
    for step in steps or [0.0, 0.0]:
        word = _shortest(step, decimals)
        # A sign separates as well as a space does.
        text += word if text.endswith("l") or word.startswith("-") else f" {word}"
    return text


def _shortest(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".") or "0"
    text = re.sub(r"^(-?)0\.", r"\1.", text)
    return "0" if text in ("-0", "-", "") else text
