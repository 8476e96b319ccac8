from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spuframe.dtypes import Field, Fixed, Int
from spuframe.errors import PlanError
from spuframe.expr import add, and_, div, eq, fill_null, ge, lit, lt, mul, sub
from spuframe.ir.windows import Window
from spuframe.plan.build import (
    aggregate,
    concat,
    filter_,
    join,
    limit,
    output,
    project,
    rename,
    reveal,
    roots,
    scan,
    select,
    sort,
    tensor,
    with_columns,
)  # fmt: skip
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.aggregate import Aggregate
from spuframe.plan.nodes.concat import Concat
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.limit import Limit
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.results import Roots
from spuframe.plan.nodes.scan import Scan
from spuframe.plan.nodes.sort import Sort
from spuframe.plan.nodes.tensor import TensorOutput
from spuframe.plan.nodes.window import WindowNode
from spuframe.plan.optimizer import RULES, Rule, apply, optimize, run
from tests.plan.interpret import interpret
from tests.plan.makers import MAKERS, c, canonical, h, i, kept, kinds, plans, rows


def one(name: str, node: LogicalNode) -> LogicalNode:
    """A single rule, until it has nothing more to say."""
    return run(node, [r for r in RULES if r.name == name])


def ops(node: LogicalNode) -> list[str]:
    return [n.op for n in node.nodes()]


def scans(node: LogicalNode) -> dict[str, Scan]:
    return {n.owner: n for n in node.nodes() if isinstance(n, Scan)}


def test_constant_folding() -> None:
    t = h()
    plan = filter_(t, and_(ge(c(t, "age"), add(lit(10), 8)), lt(c(t, "age"), mul(lit(5), 10))))
    folded = one("constant_folding", plan)
    assert isinstance(folded, Filter) and str(folded.predicate) == "age < 50"  # age >= 18 always holds
    assert one("constant_folding", filter_(t, ge(c(t, "age"), 0))) == t
    assert one("constant_folding", project(t, {"x": fill_null(c(t, "age"), 3)})).columns[0][1] == c(t, "age")  # type: ignore[attr-defined]
    public = project(t, {"x": and_(c(t, "ok"), False)})  # folding it would make a secret column public
    assert one("constant_folding", public) == public
    largest = aggregate(filter_(t, ge(c(t, "age"), 0)), [], [("m", "max", "id")])  # null without rows: were the filter gone, it never would be
    assert ops(one("constant_folding", largest)) == ["scan", "filter", "aggregate"] and optimize(reveal(largest)).schema == reveal(largest).schema
    by_group = aggregate(filter_(t, ge(c(t, "age"), 0)), ["g"], [("m", "max", "id")])
    assert ops(one("constant_folding", by_group)) == ["scan", "aggregate"]


def test_merge_projects() -> None:
    t = h()
    inner = with_columns(t, {"x": add(c(t, "age"), 1)})
    outer = project(inner, {"y": mul(c(inner, "x"), 2)})
    merged = one("merge_projects", outer)
    assert isinstance(merged, Project) and merged.input == t and str(merged.columns[0][1]) == "(age + 1) * 2"
    assert one("merge_projects", select(t, t.schema.names)) == t
    both = roots([outer, project(inner, {"z": sub(c(inner, "x"), 2)})])
    assert one("merge_projects", both) == both  # x is computed once for both


def test_predicate_pushdown() -> None:
    j = join(h(), i(), on="id")
    plan = filter_(j, and_(and_(ge(c(j, "age"), 50), lt(c(j, "days"), 5)), and_(ge(c(j, "id"), 3), eq(add(c(j, "age"), c(j, "days")), 60))))
    moved = one("predicate_pushdown", plan)
    assert isinstance(moved, Filter) and str(moved.predicate) == "(age + days) == 60"
    below = {n.input.owner: str(n.predicate) for n in moved.nodes() if isinstance(n, Filter) and isinstance(n.input, Scan)}
    assert below == {"h": "(age >= 50) & (id >= 3)", "i": "(days < 5) & (id >= 3)"}
    for over in (limit(h(), 3), aggregate(h(), "g", [("n", "size", None)])):
        stays = filter_(over, ge(c(over, over.schema.names[0]), 1))
        assert one("predicate_pushdown", stays) == stays
    s = sort(h(), "age")
    assert isinstance(one("predicate_pushdown", filter_(s, ge(c(s, "age"), 50))), Sort)
    two = concat([select(h(), ["id"]), select(i(), ["id"])])
    assert ops(one("predicate_pushdown", filter_(two, ge(c(two, "id"), 5)))) == ["scan", "filter", "project", "scan", "filter", "project", "concat"]


def test_a_shared_join_is_not_computed_twice() -> None:
    j = join(h(), i(), on="id")
    x, y = select(filter_(j, ge(c(j, "age"), 50)), ["cost"]), select(j, ["ok", "days"])
    assert ops(optimize(roots([reveal(x), reveal(y)]))).count("join") == 1
    t = tensor([select(j, ["cost", "days"]), select(j, ["ok"])], {"op": "fit"}, [TensorOutput("coef", select(j, ["cost"]).schema, 1)])
    plan = optimize(reveal(output(t, "coef")))
    assert ops(plan).count("join") == 1 and scans(plan)["h"].schema.names == ["id", "ok"]


def test_compute_and_owner_pushdown() -> None:
    j = join(h(), i(), on="id")
    plan = with_columns(j, {"per_day": div(c(j, "cost"), c(j, "days")), "mixed": add(c(j, "age"), c(j, "days"))})
    done = optimize(reveal(plan))
    assert [(n, str(e)) for n, e in scans(done)["i"].outputs if str(e) != n] == [("per_day", "cost / days")]
    assert isinstance(done.inputs[0], Project) and dict(done.inputs[0].columns)["mixed"] == add(c(j, "age"), c(j, "days"))
    above = optimize(reveal(plan), disable=("compute_pushdown",))
    assert all(str(e) == n for n, e in scans(above)["i"].outputs)


def test_owner_pushdown_keeps_rows_and_combines_filters() -> None:
    t = h()
    plan = filter_(filter_(t, ge(c(t, "age"), 50)), c(t, "ok"))
    done = one("owner_pushdown", plan)
    assert isinstance(done, Scan) and done.rows == 8 and done.masked and str(done.predicate) == "(age >= 50) & ok"


def test_what_the_parties_clip_the_owner_does_not_compute() -> None:
    t = scan("s", "h", "t", [Field("a", Fixed(), range=(0.0, 2.0**30)), Field("b", Fixed(40), range=(0.0, 1.0))], 4)
    plan = project(t, {"q": div(c(t, "a"), c(t, "b"))})
    assert one("owner_pushdown", plan) == plan


def test_projection_pushdown() -> None:
    j = join(h(), i(), on="id")
    plan = reveal(aggregate(j, "g", [("s", "sum", "cost")]))
    done = one("projection_pushdown", plan)
    assert scans(done)["h"].schema.names == ["id", "g"] and scans(done)["i"].schema.names == ["id", "cost"]
    size = one("projection_pushdown", reveal(aggregate(h(), [], [("n", "size", None)])))
    assert scans(size)["h"].schema.names == ["ok"]  # a table needs a column: the narrowest
    clash = join(h(), rename(i(), {"cost": "age"}), on="id")
    renamed = one("projection_pushdown", reveal(select(clash, ["age_x"])))
    assert renamed.schema.names == ["age_x"] and scans(renamed)["i"].schema.names == ["id"]


def test_a_table_of_constants_keeps_its_rows() -> None:
    j = join(h(), i(), on="id")
    plan = reveal(project(select(j, ["age"]), {"one": 1}))
    done = optimize(plan)
    assert done.schema == plan.schema and ops(done).count("join") == 1


def test_a_column_that_only_the_owners_filter_reads_is_not_shared() -> None:
    t = h()
    assert scans(optimize(reveal(select(filter_(t, ge(c(t, "age"), 50)), ["id"]))))["h"].schema.names == ["id"]


def test_sort_elimination() -> None:
    done = one("sort_elimination", aggregate(sort(h(), "age"), "g", [("n", "size", None)]))
    assert isinstance(done, Aggregate) and done.input == h()
    merged = join(sort(h(), "age"), sort(i(), "days"), on="id", validate="m:1")
    assert ops(one("sort_elimination", merged)) == ["scan", "scan", "join"]
    for first in (aggregate(sort(h(), "age"), "g", [("n", "first", "id")]), sort(sort(h(), "age"), "g"), select(sort(h(), "age"), ["id"])):
        assert one("sort_elimination", first) == first


def test_tables_of_other_ranges_are_computed_in_one_type() -> None:
    """A quotient keeps as many fraction bits as its range leaves room for: those of two tables must not differ in one column."""

    def table(top: float) -> LogicalNode:
        return scan("s", "i", "t", [Field("cost", Fixed(), range=(0.0, top)), Field("days", Int(8), range=(1, 9))], 4)

    both = concat([table(64.0), table(2.0**30)])
    plan = reveal(project(both, {"per_day": div(c(both, "cost"), c(both, "days")), "more": add(c(both, "days"), 1)}))
    done = optimize(plan)
    assert done.schema == plan.schema
    below = next(n for n in done.nodes() if isinstance(n, Concat))
    assert below.schema["per_day"].dtype == plan.schema["per_day"].dtype


def test_a_concatenation_is_computed_by_the_owners() -> None:
    both = concat([h(4), h(5)])
    done = optimize(reveal(project(both, {"x": add(c(both, "age"), 1)})))
    assert "project" not in ops(done) and all(str(e) == "age + 1" for n in done.nodes() if isinstance(n, Scan) for _, e in n.outputs)


def windows(table: LogicalNode, column: str, function: str) -> LogicalNode:
    return WindowNode(table, ("g",), (True,), (Window(f"{function} of {column}", function, 1, None, column),))


def test_windows_of_one_sort() -> None:
    first = windows(h(), "age", "sum")
    plan = reveal(windows(windows(cumulate(select(first, ["g", "id", "sum of age"]), "y", c(first, "id")), "y", "sum"), "id", "max"))
    done = optimize(plan)
    assert ops(done).count("window") == 2 and done.schema == plan.schema  # the sum of y waits for y
    other = windows(WindowNode(h(), ("g", "id"), (True, True), (Window("n", "count", 1, None, None),)), "id", "max")
    assert ops(optimize(reveal(other))).count("window") == 2


EXAMPLES: dict[str, Callable[[], LogicalNode]] = {
    "constant_folding": lambda: filter_(h(), ge(c(h(), "age"), 0)),
    "sort_elimination": lambda: aggregate(sort(h(), "age"), "g", [("n", "size", None)]),
    "sums_of_columns": lambda: cumulate(h(), "y", add(c(h(), "age"), 1)),
    "merge_windows": lambda: windows(cumulate(windows(h(), "age", "sum"), "y", c(h(), "id")), "id", "max"),
    "merge_projects": lambda: select(select(limit(h(), 3), ["id", "age"]), ["id"]),
    "predicate_pushdown": lambda: filter_(sort(h(), "age"), ge(c(sort(h(), "age"), "age"), 50)),
    "compute_pushdown": lambda: project(join(h(), i(), on="id"), {"x": add(c(join(h(), i(), on="id"), "age"), 1)}),
    "owner_pushdown": lambda: filter_(h(), ge(c(h(), "age"), 50)),
    "projection_pushdown": lambda: aggregate(h(), "g", [("n", "size", None)]),
}


@pytest.mark.parametrize("name", [r.name for r in RULES])
def test_each_rule_can_be_switched_off(name: str) -> None:
    plan = reveal(EXAMPLES[name]())
    assert one(name, plan) != plan
    assert optimize(plan, disable=(name,)) != optimize(plan)
    assert optimize(plan, disable=[r.name for r in RULES]) == plan


def test_misuse() -> None:
    with pytest.raises(PlanError, match="no rule 'x'.*owner_pushdown"):
        optimize(h(), disable=("x",))

    def flip(node: LogicalNode, uses: object) -> LogicalNode | None:
        return Sort(node.input, node.by, tuple(not a for a in node.ascending)) if isinstance(node, Sort) else None

    with pytest.raises(PlanError, match=r"does not come to rest \(flip\)"):
        run(sort(h(), "age"), [Rule(flip, "")])

    def drop_column(node: LogicalNode, uses: object) -> LogicalNode | None:
        return select(node.input, ["id"]) if isinstance(node, Sort) else None

    with pytest.raises(PlanError, match="drop_column changed the columns of a sort"):
        apply(sort(h(), "age"), Rule(drop_column, ""))


# ---- random plans: the same schema and the same rows ---------------------------------------------------
def test_every_kind_of_node_has_a_maker() -> None:
    assert set(MAKERS) == set(kinds())


def _agrees(kind: type[LogicalNode], data: st.DataObject) -> None:
    """All rules, any of them, and one alone; each comes to rest, where it has nothing more to say."""
    plan, tables = data.draw(plans(kind)), data.draw(rows())
    assert any(type(n) is kind for n in plan.nodes())
    some = [r for r in RULES if data.draw(st.booleans(), label=r.name)]
    want = canonical(interpret(plan, tables))
    for rules in (RULES, some, [data.draw(st.sampled_from(RULES))]):
        done = run(plan, rules)
        assert done.schema == plan.schema and done.rows == plan.rows
        assert canonical(interpret(done, tables)) == want
        assert run(done, rules) == done


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
@settings(max_examples=4)
@given(data=st.data())
def test_rules_change_no_schema_and_no_row(kind: type[LogicalNode], data: st.DataObject) -> None:
    _agrees(kind, data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
@settings(max_examples=50)
@given(data=st.data())
def test_rules_change_no_schema_and_no_row_at_length(kind: type[LogicalNode], data: st.DataObject) -> None:
    _agrees(kind, data)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_cannot_be_narrowed_is_projected_once(rule: Rule) -> None:
    """Stored tables are projected where columns are dropped: once, also where nobody merges the projections that read them."""
    plan = reveal(select(limit(concat([kept(False), kept(False)]), 3), ["w"]))
    for rules in ([r for r in RULES if r != rule], [rule]):
        done = run(plan, rules)
        assert ops(done).count("project") <= 3 and run(done, rules) == done


def test_optimising_an_optimised_plan_changes_nothing_without_the_last_rule() -> None:
    j = join(h(), i(), on="id")
    once = optimize(reveal(filter_(j, ge(c(j, "age"), 50))))
    assert optimize(once) == once
    assert isinstance(roots([once, once]), Roots) and not isinstance(once, Limit)
