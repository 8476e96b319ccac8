"""The text of a query: parsed by sqlglot, and refused with its place where it has what is not read here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from spuframe.errors import PlanError

LONGEST = 100_000
"""Characters of a query."""

DIALECTS = ("duckdb", "postgres")
"""Whose meaning is kept. Others divide, compare strings and order nulls in ways of their own, so that the same text would mean something else."""


class Text:
    """A query's text, parsed.

    >>> Text("SELECT a FROM t OFFSET 2", "duckdb").only(Text("SELECT a FROM t OFFSET 2", "duckdb").root, "expressions", "from")
    Traceback (most recent call last):
    spuframe.errors.PlanError: SQL's OFFSET is not read here: leave it out, or use the frame's methods (line 1, column 24 of the query)
    """

    def __init__(self, text: str, dialect: str) -> None:
        if not text.strip() or len(text) > LONGEST:
            raise PlanError(f"a query has 1 to {LONGEST} characters, got {len(text)}: build longer ones of several frames")
        self.text, self.dialect = text, dialect
        try:
            parsed = [s for s in sqlglot.parse(text, read=dialect) if s is not None]
        except SqlglotError as error:
            raise PlanError(f"the query cannot be read: {_told(error)}") from None
        except RecursionError:
            raise PlanError("the query is nested too deeply: build it of several frames") from None
        if len(parsed) != 1:
            raise PlanError(f"a query is one SELECT, got {len(parsed)} statements: call session.sql once for each")
        self.root: Any = parsed[0]

    def place(self, node: Any) -> str:
        """Where a node begins, or what is around it, since not every node of sqlglot knows."""
        while node is not None:
            starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
            if starts:
                before = self.text[: min(starts)]
                return f"(line {before.count(chr(10)) + 1}, column {min(starts) - before.rfind(chr(10))} of the query)"
            node = node.parent
        return "(line 1, column 1 of the query)"

    def refused(self, node: Any, why: str) -> PlanError:
        """The error for what stands at a node."""
        return PlanError(f"{why} {self.place(node)}")

    def only(self, node: Any, *read: str) -> None:
        """Refuse a node with an argument that is not read: nothing of a query is passed over."""
        for key, value in node.args.items():
            if key.rstrip("_") not in read and value not in (None, False, "", []):
                at = value[0] if isinstance(value, list) else value
                what = key.rstrip("_").replace("_", " ").upper()
                where = at if isinstance(at, exp.Expression) else node
                raise self.refused(where, f"SQL's {what} is not read here: leave it out, or use the frame's methods")

    def shown(self, node: Any) -> str:
        """A node as text, for a message."""
        text = str(node.sql(dialect=self.dialect, comments=False))
        return repr(text if len(text) <= 60 else f"{text[:56]} ...")

    @contextmanager
    def at(self, node: Any) -> Iterator[None]:
        """The errors of what a node is turned into tell its place."""
        try:
            yield
        except PlanError as error:
            if str(error).endswith("of the query)"):
                raise
            raise type(error)(f"{error} {self.place(node)}") from None
        except RecursionError:
            raise PlanError("the query is nested too deeply: build it of several frames") from None


def arg(node: Any, name: str) -> Any:
    """An argument of a node, by SQL's word; sqlglot puts an underscore behind those that are Python's, too."""
    return node.args.get(f"{name}_") or node.args.get(name)


def _told(error: SqlglotError) -> str:
    found: list[dict[str, Any]] = getattr(error, "errors", [])
    if not found:
        return str(error).partition("\n")[0]
    first = found[0]
    what = str(first.get("description", "")).partition("<Token")[0].strip()
    return f"{what or 'it is no SQL'} near {first.get('highlight')!r} (line {first.get('line')}, column {first.get('col')} of the query)"
