"""Tables for notebooks."""

from __future__ import annotations

import html
from collections.abc import Sequence


def html_table(rows: Sequence[Sequence[object]], columns: Sequence[str] = ()) -> str:
    """A table whose first column names the row."""

    def line(first: object, *rest: object, kind: str = "td") -> str:
        cells = [f"<th>{_text(first)}</th>", *(f"<{kind}>{_text(c)}</{kind}>" for c in rest)]
        return f"<tr>{''.join(cells)}</tr>"

    head = f"<thead>{line(*columns, kind='th')}</thead>" if columns else ""
    return f"<table>{head}<tbody>{''.join(line(*row) for row in rows)}</tbody></table>"


def _text(cell: object) -> str:
    return html.escape(str(cell))
