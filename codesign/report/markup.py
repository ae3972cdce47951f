"""HTML as nested calls: whatever is not Markup is text, and is escaped."""

import html
from collections.abc import Iterable

_VOID = frozenset({"meta", "link", "br", "hr", "col"})
Attribute = str | int | float | None


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]
"""Text, Markup, or any nesting of them; None is nothing."""


def escape(text: str) -> Markup:
    """``text`` as it is to be read; what has no form in a page (controls, lone surrogates) is ?."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
    return Markup(html.escape(shown, quote=True))


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """``<name attribute="...">children</name>``.

    Attributes that are None are left out; an underscore at the end of a name falls away (class_),
    others are hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Child) -> Markup:
    """All of ``children`` one after another."""
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    if isinstance(children, str | int):
        return escape(str(children))
    return Markup("".join(join(child) for child in children))
