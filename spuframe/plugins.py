"""Protocols and transports, found by name when they are named: nothing is registered, nothing is imported before.

A name is a module of `spuframe.protocols` or `spuframe.link`, or an entry point of the groups ``spuframe.protocols`` and
``spuframe.transports`` of an installed package. A protocol module holds ``PROTOCOL``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from spuframe.errors import PartyCountError, PluginNotFoundError
from spuframe.spu.kernel import Protocol


def find(group: str, package: str, name: str) -> Any:
    """The module or object called ``name``: of our own package first, then of the entry points of ``group``."""
    if name.isidentifier() and find_spec(f"{package}.{name}") is not None:
        return import_module(f"{package}.{name}")
    for entry in entry_points(group=group, name=name):
        return entry.load()
    raise PluginNotFoundError(
        f"nothing called {name!r} in {package} or among the entry points {group!r}: install the package that provides it, or check the spelling"
    )


def protocol(name: str) -> Protocol:
    """The protocol called ``name``.

    >>> protocol("aby3").parties
    (3, 3)
    """
    found = find("spuframe.protocols", "spuframe.protocols", name)
    table = getattr(found, "PROTOCOL", found)
    if not isinstance(table, Protocol):
        raise PluginNotFoundError(f"{name!r} is not a protocol: its module must hold PROTOCOL, a spuframe.spu.kernel.Protocol")
    return table


def check_parties(table: Protocol, parties: int) -> None:
    """Refuse a number of parties that the protocol does not run with."""
    low, high = table.parties
    if not low <= parties <= high:
        need = f"{low}" if low == high else f"{low} to {high}"
        raise PartyCountError(f"protocol {table.name!r} needs {need} parties, got {parties}: choose parties={low} or another protocol")
