"""session.sql against DuckDB on the same tables: what is read means the same, and what is not is refused with its place."""

from __future__ import annotations

import datetime
import math
import subprocess
import sys
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import spuframe as sf
from spuframe.errors import ColumnNotFoundError, DuplicateKeyError, ForeignFrameError, PlanError, TypeMismatchError

VISITS = pd.DataFrame(
    {
        "id": pd.array([7, 3, None, 7, 1, 9, 3], dtype="Int64"),
        "town": pd.array(["rome", "bern", None, "", "bern", "rome", None], dtype="string"),
        "cost": pd.array([1.5, -2.25, 8.0, None, 4.5, 3.0, 0.5], dtype="Float64"),
        "n": [5, 0, 2, 1, 0, 4, 7],
        "paid": pd.array([True, None, False, True, False, None, True], dtype="boolean"),
        "day": [datetime.date(2024, 1, 1 + i) for i in range(7)],
    }
)
PEOPLE = pd.DataFrame(
    {
        "id": pd.array([3, 7, 40, None, None], dtype="Int64"),
        "age": [61, 33, 18, 20, 5],
        "town": ["bern", "rome", "oslo", "rome", "bern"],
    }
)
PRICES = pa.table(
    {"k": pa.array([1, 2, 2, None], pa.int64()), "m": pa.array([Decimal(t) if t else None for t in ("1.10", "2.25", "", "-3.05")], pa.decimal128(10, 2))}
)
TABLES = {"v": VISITS, "visits": VISITS, "p": PEOPLE, "d": PRICES}
ORDERED = "ORDER BY"

QUERIES = [
    "SELECT * FROM v",
    "SELECT n, V.Cost AS c, n + 1 AS m, -n AS k, 2 * n - 1.5 AS q, 3 AS three, 'x' AS word FROM visits AS v",
    "SELECT n FROM v WHERE cost > 1 AND NOT town = 'rome'",
    "SELECT n FROM v WHERE NOT (cost > 1 OR paid)",
    "SELECT n FROM v WHERE town IS NULL OR cost IS NOT NULL AND paid",
    "SELECT n, n NOT IN (5, 7) AS a, id IN (7, 1) AS b, id NOT IN (7, 1) AS c FROM v",
    "SELECT n FROM v WHERE id NOT IN (7)",
    "SELECT n FROM v WHERE cost BETWEEN 0.5 AND 3 AND town NOT IN ('bern')",
    "SELECT n, CASE WHEN cost > 3 THEN 'much' WHEN cost > 1 THEN 'some' ELSE 'little' END AS how FROM v",
    "SELECT n, CASE WHEN paid THEN cost END AS a, CASE WHEN paid THEN NULL ELSE n END AS b, CASE n WHEN 0 THEN 1.5 WHEN 2 THEN n ELSE 0 END AS c FROM v",
    "SELECT COALESCE(cost, n, 0) AS a, COALESCE(town, 'none') AS b, NULLIF(n, 0) AS c, ABS(cost) AS d, n / 4 AS e, n // 2 AS f, n % 3 AS g FROM v",
    "SELECT CAST(n AS DOUBLE) / 2 AS a, CAST(paid AS BIGINT) AS b FROM v",
    "SELECT n FROM v WHERE day >= DATE '2024-01-03' AND day < CAST('2024-01-06' AS DATE)",
    "SELECT town, COUNT(*) AS a, COUNT(cost) AS b, SUM(cost) AS c, AVG(cost) AS d, MIN(n) AS e, MAX(n) + 1 AS f FROM v GROUP BY town",
    "SELECT id, town, SUM(cost) AS s FROM v GROUP BY id, town",
    "SELECT paid, COUNT(DISTINCT town) AS k, SUM(n) / COUNT(*) AS m FROM v GROUP BY 1 HAVING COUNT(*) > 2 AND SUM(n) > 4",
    "SELECT n % 2 AS odd, SUM(n) AS s FROM v GROUP BY odd HAVING s > 3",
    "SELECT n % 2 + 1 AS x, COUNT(1) AS k FROM v GROUP BY n % 2",
    "SELECT COUNT(*) AS a, SUM(cost) AS b, AVG(n) AS c, MIN(town) AS d, MAX(day) AS e FROM v",
    "SELECT COUNT(*) AS a, SUM(n) AS b, AVG(n) AS c, MIN(n) AS d FROM v WHERE n > 100",
    "SELECT SUM(CASE WHEN paid THEN n ELSE 0 END) AS s FROM v HAVING COUNT(*) > 3",
    "SELECT DISTINCT town, paid FROM v",
    "SELECT DISTINCT n % 2 AS odd FROM v ORDER BY odd DESC",
    "SELECT town, n FROM v ORDER BY town DESC, n LIMIT 4",
    "SELECT n AS cost FROM v ORDER BY cost DESC, 1 LIMIT 3",
    "SELECT n FROM v ORDER BY cost * 2, n",
    "SELECT n FROM v ORDER BY cost IS NULL DESC, cost DESC NULLS LAST LIMIT 3",
    "SELECT paid, SUM(n) AS s FROM v GROUP BY paid ORDER BY SUM(n) DESC LIMIT 2",
    "SELECT v.n, p.age FROM v JOIN p ON v.id = p.id",
    "SELECT v.n, p.age, p.town FROM v LEFT JOIN p ON p.id = v.id",
    "SELECT v.*, age FROM v INNER JOIN p ON v.id = p.id AND v.town = p.town",
    "SELECT v.n, p.age FROM v JOIN p ON v.id = p.id AND v.n < p.age AND age > 40",
    "SELECT p.town, COUNT(*) AS k, SUM(n) AS s FROM v LEFT JOIN p ON v.id = p.id WHERE n > 0 GROUP BY p.town ORDER BY k DESC, s",
    "SELECT s.id, s.k, age FROM (SELECT id, COUNT(*) AS k FROM v WHERE id IS NOT NULL GROUP BY id) AS s JOIN p ON p.id = s.id WHERE age > 18",
    "WITH a AS (SELECT id, SUM(cost) AS c FROM v GROUP BY id), b AS (SELECT * FROM a WHERE c > 0) SELECT age, c FROM p JOIN b ON p.id = b.id",
    "SELECT COUNT(DISTINCT town) AS k, COUNT(DISTINCT n) AS m FROM v WHERE n < 6",
    "SELECT p.*, n FROM p, v WHERE v.id = p.id AND n > 0",
    "SELECT * FROM (SELECT n AS a FROM v) x, (SELECT DISTINCT age AS b FROM p) y, (SELECT age - 56 AS c, age AS d FROM p) z WHERE b = d AND a = c",
    "SELECT n, age, k FROM v, (SELECT age AS k, age - 56 AS j FROM p WHERE age > 60) s, p WHERE v.id = p.id AND p.age = k",
    "SELECT a.n, age FROM v a LEFT JOIN p ON a.id = p.id, (SELECT DISTINCT n AS m FROM v WHERE n > 0) AS d WHERE a.n = m",
    "SELECT n FROM v WHERE id IN (SELECT id FROM p WHERE age > 20) AND (n > 0)",
    "SELECT n FROM v WHERE NOT n IN (SELECT age - 56 AS x FROM p WHERE age > 60)",
    "SELECT n FROM v WHERE n NOT IN (SELECT n FROM v WHERE cost > 1 GROUP BY n) ORDER BY n",
    "SELECT n, town FROM v WHERE paid UNION ALL SELECT age, town FROM p",
    "WITH u AS (SELECT town AS t FROM v UNION SELECT town FROM p) SELECT t FROM u WHERE t IS NULL OR t <> 'oslo'",
    "(SELECT cost AS c FROM v) UNION (SELECT n FROM v)",
    "SELECT k, m * 2 AS a, m + 1.5 AS b, m * (1 - 0.05) AS c, m > 1.1 AS e, m / 2 AS g, -m AS h, ABS(m) AS i, CAST(m AS DOUBLE) AS j FROM d",
    "SELECT k, SUM(m * (1 - m)) AS s, MIN(m) AS t, sum(m), count(k) FROM d WHERE m IN (1.1, 2.25) OR m BETWEEN -4 AND 0.5 OR m IS NULL GROUP BY k",
    "SELECT DISTINCT m FROM d WHERE COALESCE(m, 0.5) > 0",
    "SELECT n FROM v WHERE EXISTS (SELECT 1 FROM p WHERE p.id = v.id AND age > 40)",
    "SELECT n FROM v o WHERE NOT EXISTS (SELECT * FROM p WHERE o.id = id AND o.town = p.town) AND n > 0",
    "SELECT n FROM v WHERE EXISTS (SELECT * FROM v AS w, p WHERE w.id = p.id AND w.n = v.n AND age < 50) ORDER BY n",
    "SELECT q.m FROM (SELECT MAX(n) AS m FROM v) q WHERE q.m = 7",
]


@pytest.fixture(scope="module")
def tables(session: sf.Session) -> dict[str, sf.SecretFrame]:
    visits = session.from_pandas(VISITS, owner="clinic")
    return {"v": visits, "visits": visits, "p": session.from_pandas(PEOPLE, owner="registry")}


def rows(frame: pd.DataFrame, ordered: bool) -> list[tuple[Any, ...]]:
    def plain(v: Any) -> Any:
        if pd.isna(v):
            return None
        return v.date() if isinstance(v, datetime.datetime) else float(v) if isinstance(v, int | float | Decimal) or hasattr(v, "dtype") else v

    found = [tuple(plain(v) for v in r) for r in frame.astype(object).itertuples(index=False)]
    return found if ordered else sorted(found, key=lambda r: [(v is None, str(v)) for v in r])


def alike(a: object, b: object) -> bool:
    return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-4) if isinstance(a, float) and isinstance(b, float) else a == b


def check(session: sf.Session, tables: dict[str, sf.SecretFrame], query: str) -> None:
    got = session.sql(query, tables).reveal()
    with duckdb.connect() as con:
        for name, frame in TABLES.items():
            con.register(name, frame)
        want = con.execute(query).df()
    assert list(got.columns) == list(want.columns)
    a, b = rows(got, ORDERED in query), rows(want, ORDERED in query)
    assert len(a) == len(b) and all(alike(x, y) for r, s in zip(a, b) for x, y in zip(r, s)), (a, b)


@pytest.fixture(scope="module")
def clear(sessions: Any) -> dict[str, sf.SecretFrame]:
    """The tables where parties compute in the clear: most tests are of what a query means."""
    visits = sessions("plaintext").from_pandas(VISITS, owner="clinic")
    others = {"p": sessions("plaintext").from_pandas(PEOPLE, owner="registry"), "d": sessions("plaintext").from_arrow(PRICES, owner="shop")}
    return {"v": visits, "visits": visits} | others


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_is_duckdbs(sessions: Any, clear: dict[str, sf.SecretFrame], query: str) -> None:
    check(sessions("plaintext"), clear, query)


def test_a_query_on_shares(session: sf.Session, tables: dict[str, sf.SecretFrame]) -> None:
    """A join that drops null keys, groups of a null key, a sum of nothing, HAVING, an order and a limit."""
    query = """
        WITH j AS (SELECT v.paid, v.n, p.age FROM v LEFT JOIN p ON v.id = p.id WHERE v.n <> 4)
        SELECT paid, COUNT(age) AS k, SUM(CASE WHEN age > 50 THEN n END) AS s FROM j GROUP BY paid HAVING COUNT(*) > 1 ORDER BY s DESC
    """
    check(session, tables, query)


REFUSED = [
    ("SELECT n FROM v OFFSET 2", "OFFSET", 24),
    ("SELECT n FROM v ORDER BY cost NULLS FIRST", "nulls come last", 26),
    ("SELECT n, SUM(n) OVER (PARTITION BY town) FROM v", "OVER", 11),
    ("SELECT COUNT(*) FILTER (WHERE n > 1) FROM v", "FILTER", 8),
    ("SELECT n FROM v QUALIFY n > 1", "QUALIFY", None),
    ("SELECT n FROM v USING SAMPLE 3", "SAMPLE", None),
    ("SELECT n FROM v TABLESAMPLE (10 PERCENT)", "SAMPLE", None),
    ("SELECT DISTINCT ON (town) n FROM v", "ON", None),
    ("SELECT * EXCLUDE (n) FROM v", "EXCEPT", None),
    ("SELECT town, COUNT(*) FROM v GROUP BY ROLLUP (town)", "ROLLUP", None),
    ("SELECT COUNT(*) FROM v GROUP BY ALL", "ALL", None),
    ("SELECT n FROM v EXCEPT SELECT n FROM v", "EXCEPT", 8),
    ("SELECT n FROM v UNION ALL BY NAME SELECT n FROM v", "NAME", None),
    ("SELECT n FROM v UNION ALL SELECT n FROM v ORDER BY n", "ORDER", None),
    ("SELECT n FROM v UNION ALL SELECT n, id FROM v", "equally many", None),
    ("SELECT n FROM v WHERE n IN (SELECT age FROM p) OR paid", "QUERY", None),
    ("SELECT n FROM v WHERE n IN (SELECT age, id FROM p)", "one column", None),
    ("SELECT n FROM v WHERE n NOT IN (SELECT id FROM p)", "null", None),
    ("SELECT n FROM v WHERE id NOT IN (SELECT age FROM p)", "null", None),
    ("SELECT n FROM v WHERE EXISTS (SELECT COUNT(*) FROM p WHERE p.id = v.id)", "EXISTS", None),
    ("SELECT n FROM v WHERE EXISTS (SELECT 1 FROM p WHERE p.id = v.id LIMIT 0)", "LIMIT", None),
    ("SELECT n FROM v WHERE EXISTS (SELECT 1 FROM p WHERE age < n)", "equalities", None),
    ("SELECT n FROM v WHERE EXISTS (SELECT 1 FROM p)", "equality", None),
    ("SELECT n FROM v WHERE EXISTS (SELECT 1 FROM p WHERE p.id = v.id) OR paid", "EXISTS", None),
    ("SELECT v.n FROM v, p", "no other table", 20),
    ("SELECT a.n FROM v a, p, (SELECT age FROM p) c WHERE a.id = p.id AND n = age AND c.age = p.age", "2 places", None),
    ("SELECT v.n FROM v, p WHERE id = n", "no other table", None),
    ("SELECT n FROM v WHERE n > (SELECT MAX(age) FROM p)", "sub-query", 39),
    ("SELECT v.n FROM v CROSS JOIN p", "is not read here", None),
    ("SELECT v.n FROM v FULL JOIN p ON v.id = p.id", "is not read here", None),
    ("SELECT v.n FROM v NATURAL JOIN p", "NATURAL|METHOD", None),
    ("SELECT v.n FROM v JOIN p USING (id)", "USING", None),
    ("SELECT v.n FROM v LEFT JOIN p ON v.id = p.id AND p.age > 3", "equalities", None),
    ("SELECT v.n FROM v JOIN p ON v.n > p.age", "equalities", None),
    ("WITH RECURSIVE r AS (SELECT n FROM v) SELECT * FROM r", "RECURSIVE", None),
    ("SELECT n FROM v WHERE town LIKE 'r%'", "LIKE", 23),
    ("SELECT ROUND(cost, 1) AS r FROM v", "ROUND", 8),
    ("SELECT CAST(cost AS INT) AS r FROM v", "CAST", 13),
    ("SELECT cost % 2 AS r FROM v", "negative", 8),
    ("SELECT n FROM v WHERE town = NULL", "IS NULL", 23),
    ("SELECT n FROM v WHERE n", "condition", 23),
    ("SELECT n FROM v WHERE n AND paid", "condition", 23),
    ("SELECT n FROM v WHERE id IN (1, NULL)", "NULL", 23),
    ("SELECT n FROM v WHERE SUM(n) > 3", "in this place", 23),
    ("SELECT SUM(MAX(n)) AS s FROM v", "in this place", 16),
    ("SELECT MEDIAN(n) AS s FROM v", "MEDIAN", 8),
    ("SELECT SUM(DISTINCT n) AS s FROM v", "DISTINCT", None),
    ("SELECT town, n FROM v GROUP BY town", "GROUP BY", 14),
    ("SELECT n AS a, id AS A FROM v", "two columns", None),
    ("SELECT DISTINCT n FROM v ORDER BY cost", "DISTINCT", 35),
    ("SELECT n FROM v ORDER BY 2", "1 to 1", 26),
    ("SELECT id FROM v JOIN p ON v.id = p.id", "2 places", 8),
    ("SELECT n FROM nowhere", "nowhere", 15),
    ("SELECT n FROM a.v", "DB", None),
    ("SELECT 1", "no table", 8),
    ("SELECT n FROM v; SELECT n FROM v", "2 statements", None),
    ("DROP TABLE v", "SELECT", None),
    ("SELECT n FROM v LIMIT 10 PERCENT", "LIMIT|PERCENT", None),
    ("SELECT n FROM WHERE", "cannot be read", None),
    ("SELECT v.n FROM v JOIN v ON v.id = v.id", "two tables", 24),
]


@pytest.mark.parametrize(("query", "what", "column"), REFUSED)
def test_what_is_not_read_is_refused_with_its_place(sessions: Any, clear: dict[str, sf.SecretFrame], query: str, what: str, column: int | None) -> None:
    with pytest.raises(PlanError, match=f"(?s){what}") as told:
        sessions("plaintext").sql(query, clear)
    if ";" not in query:
        assert "(line 1, column" in str(told.value)
    assert column is None or f"column {column} of" in str(told.value), str(told.value)


def test_the_place_of_an_unknown_name(session: sf.Session, tables: dict[str, sf.SecretFrame]) -> None:
    with pytest.raises(ColumnNotFoundError, match=r"costs.*line 2, column 7 of the query"):
        session.sql("SELECT n,\n      costs FROM v", tables)


def test_arguments(session: sf.Session, tables: dict[str, sf.SecretFrame]) -> None:
    with pytest.raises(PlanError, match=r"session\.sql\(query, \{'v': frame\}\)"):
        session.sql("SELECT n FROM v")
    with pytest.raises(PlanError, match="dialect"):
        session.sql("SELECT n FROM v", tables, dialect="mysql")
    with pytest.raises(TypeMismatchError, match="SecretFrame"):
        session.sql("SELECT n FROM v", {"v": VISITS})  # type: ignore[dict-item]
    with pytest.raises(PlanError, match="cuts the quotient"):
        session.sql("SELECT n / 2 AS h FROM v", tables, dialect="postgres")
    with pytest.raises(PlanError, match="nulls come last"):
        session.sql("SELECT n FROM v ORDER BY cost DESC", tables, dialect="postgres")


def test_a_frame_of_another_session(sessions: Any) -> None:
    with pytest.raises(ForeignFrameError):
        sessions("plaintext").sql("SELECT n FROM v", {"v": sessions("aby3").from_pandas(VISITS, owner="clinic")})


def test_keys_that_repeat_on_both_sides_are_found_when_it_runs(session: sf.Session, tables: dict[str, sf.SecretFrame]) -> None:
    with pytest.raises(DuplicateKeyError):
        session.sql("SELECT a.n FROM v a JOIN v b ON a.id = b.id", tables).reveal()


def test_without_sqlglot_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["sqlglot"] = None
import spuframe as sf
from spuframe.frame.session import Session
try:
    Session.sql(object(), "SELECT 1")
except sf.errors.NotAvailableError as error:
    assert "pip install 'spuframe[sql]'" in str(error)
    print("told")
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "told\n"
