"""Which tables a query reads, and which column of the frame each name means."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from spuframe.errors import ColumnNotFoundError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.sql.reading import Text


class Scope:
    """Tables by alias, each with its columns' names in the frame that holds them all; names are found whatever their case, as DuckDB's."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.tables: dict[str, dict[str, str]] = {}

    def add(self, alias: str, frame: SecretFrame, node: Any) -> SecretFrame:
        """A table under its alias; the frame with names that no other table's columns have."""
        if any(alias.casefold() == a.casefold() for a in self.tables):
            raise self.text.refused(node, f"two tables are called {alias!r}: give one another alias")
        names = {n: f"{len(self.tables)}.{n}" for n in frame.columns}
        self.tables[alias] = names
        return frame.rename(columns=names)

    def last(self, name: str) -> bool:
        """Whether a name in the frame is of the table that was added last."""
        return name in next(reversed(self.tables.values())).values()

    def found(self, column: Any) -> list[str]:
        """The frame's names that a column of the query may mean."""
        self.text.only(column, "this", "table")
        table, name = column.table.casefold(), column.name.casefold()
        inside = [c for a, c in self.tables.items() if not table or a.casefold() == table]
        return [internal for columns in inside for n, internal in columns.items() if n.casefold() == name]

    def resolve(self, column: Any) -> str:
        """The one name that a column of the query means."""
        names = self.found(column)
        if len(names) == 1:
            return names[0]
        if names:
            raise self.text.refused(column, f"column {column.name!r} is in {len(names)} places: write which table's, with its alias before it")
        with self.text.at(column):
            raise ColumnNotFoundError.of(column.sql(), [f"{a}.{n}" for a, names in self.tables.items() for n in names])

    def canon(self, node: Any) -> str:
        """A text that is equal for expressions that mean the same columns."""

        def over(n: Any) -> Any:
            return exp.column(exp.to_identifier(self.resolve(n), quoted=True)) if isinstance(n, exp.Column) else n

        return str(node.unnest().copy().transform(over).sql(dialect="duckdb", comments=False))
