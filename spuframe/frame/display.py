"""How a frame shows itself: schema, owners and visibility, never a value."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from spuframe.dtypes import Field

HEADINGS = ("column", "type", "visibility", "owners", "nulls", "public range")


def describe(field: Field) -> tuple[str, ...]:
    """One line of the table."""
    shown = _number if field.dtype.is_numeric else field.dtype.bound
    span = "" if field.range is None else " .. ".join(map(shown, field.range))
    return (field.name, field.dtype.label, str(field.visibility), ", ".join(sorted(field.owners)), "yes" if field.nullable else "no", span)


def title(kind: str, rows: int, masked: bool, columns: int) -> str:
    """What it is and how large; the number of rows that a filter left is secret."""
    count = f"at most {rows:,} rows" if masked else f"{rows:,} rows"
    return f"<{kind}: {count}, {columns} column{'s' if columns != 1 else ''}; nothing is computed before .reveal()>"


def text(heading: str, fields: Sequence[Field]) -> str:
    """For terminals."""
    lines = [HEADINGS, *(describe(f) for f in fields)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join([heading, *("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)])


def html(heading: str, fields: Sequence[Field]) -> str:
    """For notebooks."""
    head = "".join(f"<th style='text-align:left'>{h}</th>" for h in HEADINGS)
    body = "".join("<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in describe(f)) + "</tr>" for f in fields)
    return f"<div><p><code>{escape(heading)}</code></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
