"""What a node looks at before it lets its instance run a plan that came from the analyst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spuframe.config import Policy, RuntimeConfig
from spuframe.dtypes import Field
from spuframe.errors import PlanError, PolicyError, QuotaError
from spuframe.ir.expressions import from_plain
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.programs import demands
from spuframe.ir.step import Step


@dataclass(frozen=True)
class Holding:
    """What an owner's node remembers of an open table."""

    rows: int
    fields: tuple[Field, ...]


def check_seat(terms: Mapping[str, Any], name: str, owner: str | None, address: str | None) -> None:
    """Refuse a place among peers that is not this node's: it goes by its own name, as the owner that it is, at the address where it listens.

    Raises
    ------
    PolicyError
    """
    rank, parties, owners, names, addresses = (terms[k] for k in ("rank", "parties", "owners", "names", "addresses"))
    ranks = parties + len(owners)
    if not (rank < ranks == len(names) == len(addresses)) or len(set(names)) < ranks:
        text = f"{name} was offered rank {rank} of {ranks} with {len(names)} names and {len(addresses)} addresses. Name each rank once."
        raise PolicyError(text, party=name)
    seat = owners[rank - parties] if rank >= parties else None
    if names[rank] != name or seat != owner:
        raise PolicyError(f"{name} takes part under its own name alone, and only as what it is. Call it by the name of its node.", party=name)
    if address is None or addresses[rank] != address:
        raise PolicyError(f"{name} does not listen where the session sends its peers. Name the address that its node gave.", party=name)


def check_plan(plan: PhysicalPlan, terms: Mapping[str, Any], config: RuntimeConfig, tables: Mapping[str, Holding]) -> None:
    """Refuse a plan that is not for this instance, that is more than this node's quotas, or that this owner's policy forbids.

    Parameters
    ----------
    plan : PhysicalPlan
    terms : mapping
        ``protocol``, ``parties`` and ``owners`` of the instance.
    config : RuntimeConfig
        Of this node.
    tables : mapping
        The owner's open tables by handle.

    Raises
    ------
    PlanError, QuotaError, PolicyError, ColumnNotFoundError
    """
    if plan.protocol != terms["protocol"] or plan.parties != terms["parties"]:
        raise PlanError(
            f"the plan is for {plan.protocol!r} with {plan.parties} parties, "
            f"the instance runs {terms['protocol']!r} with {terms['parties']}. Build the plan in the session that runs it."
        )
    if list(plan.owners) != list(terms["owners"]):
        raise PlanError(f"the plan numbers the owners {list(plan.owners)}, the instance {list(terms['owners'])}. Ship it through its session.")
    check_quotas(plan, config)
    for position, step in enumerate(plan):
        if step.op == "scan":
            named = step.params.get("owner")
            if named not in plan.owners:
                raise PlanError(f"step {position} scans a table of {named!r}, who is not an owner of the plan. Open the table in this session.")
            if named == config.owner:
                _check_scan(position, step, config.policy, tables)


def check_quotas(plan: PhysicalPlan, config: RuntimeConfig) -> None:
    """Refuse a plan that takes more than a node gives, by what it says of itself: rows, and how often loops repeat."""
    quotas, count = config.quotas, 0
    for position, step in enumerate(plan):
        what = f"step {position} ({step.op}) of the plan has"
        if step.rows > quotas.rows:
            raise QuotaError.of(f"{what} {step.rows} rows", "rows", quotas.rows, config.name)
        if step.op == "tensor":
            numbers, own = demands(step.params["program"])
            count += own
            if numbers > quotas.rows:
                raise QuotaError.of(f"{what} a matrix of {numbers} numbers", "rows", quotas.rows, config.name)
            if count > quotas.instructions:
                raise QuotaError.of(f"{what} loops of {count} instructions in all", "instructions", quotas.instructions, config.name)



def _check_scan(position: int, step: Step, policy: Policy, tables: Mapping[str, Holding]) -> None:
    owner, handle = step.params["owner"], step.params.get("table")
    holding = tables.get(str(handle))
    if holding is None:
        raise PlanError(f"owner {owner!r} has no open table {handle!r} (step {position}). It was closed, or is another session's: open it again.")
    if step.params.get("drop") and not policy.allow_row_counts:
        raise PolicyError(
            f"owner {owner!r} does not let filters drop rows, which would tell how many remain (step {position}). "
            "Filter without dropping, or ask the owner for allow_row_counts."
        )
    if not step.params.get("drop") and step.rows < holding.rows:
        raise PlanError(f"step {position} expects {step.rows} rows of a table of {holding.rows}. Open the table again and rebuild the plan.")
    nodes = step.params["expressions"]
    asked = {name: nodes[place] for name, place in step.params["columns"]}
    # Inferred here, from what was published: a claim that is narrower would tell by its failure who lies outside.
    for node, made in zip(nodes, from_plain(nodes, {f.name: f for f in holding.fields}), strict=True):
        what = repr(str(node["col"])) if "col" in node else "a constant" if "lit" in node else f"the result of {node['fn']}"
        _same(position, what, _known(node), (str(made.dtype), made.nullable, made.range))
    for field in step.schema:  # what the owner encodes with
        if field.name in asked:
            _same(position, repr(field.name), _known(field.to_plain()), _known(asked[field.name]))


def _known(about: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a plan claims of a column: type, nullability, range."""
    bounds = about.get("range")
    return str(about.get("dtype")), bool(about.get("nullable")), None if bounds is None else tuple(bounds)


def _same(position: int, name: str, claimed: tuple[Any, ...], known: tuple[Any, ...]) -> None:
    if claimed != known:
        text = f"step {position} claims that {name} is {claimed}, by what its owner published it is {known}"
        raise PlanError(f"{text}. Open the table again and rebuild the plan.")

