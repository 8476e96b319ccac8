"""Protocols and transports, found by name when they are named: nothing is registered, nothing is imported before.

A name is a module of `spuframe.protocols` or `spuframe.link.transports`, or an entry point of the groups ``spuframe.protocols``
and ``spuframe.transports`` of an installed package. A module of a protocol holds ``PROTOCOL``, one of a transport ``TRANSPORT``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from spuframe.errors import PartyCountError, PluginNotFoundError
from spuframe.link.base import Transport
from spuframe.spu.kernel import Protocol


@dataclass(frozen=True)
class Kind:
    """What can be found by name.

    Parameters
    ----------
    what : str
        In words, for errors.
    group : str
        The entry points of other packages.
    package : str
        The package whose modules are ours.
    """

    what: str
    group: str
    package: str

    @property
    def holds(self) -> str:
        """How a module calls what it holds."""
        return self.what.upper()

    def installed(self) -> list[str]:
        """All names, without importing what they stand for.

        >>> TRANSPORTS.installed()
        ['tcp', 'unix']
        """
        ours = {module.name for module in iter_modules(import_module(self.package).__path__)}
        return sorted(ours | {entry.name for entry in entry_points(group=self.group)})

    def find(self, name: str) -> Any:
        """What the name stands for: a module of our own package first, then an entry point.

        Raises
        ------
        PluginNotFoundError
            Nothing of that name is installed.
        """
        if name.isidentifier() and find_spec(f"{self.package}.{name}") is not None:
            found = import_module(f"{self.package}.{name}")
        else:
            entries = list(entry_points(group=self.group, name=name))
            if not entries:
                known = ", ".join(map(repr, self.installed()))
                raise PluginNotFoundError(
                    f"there is no {self.what} {name!r}; installed are {known}: check the spelling, or install the package that has it "
                    f"(an entry point of the group {self.group!r})"
                )
            found = entries[0].load()
        return getattr(found, self.holds, found)

    def unfit(self, name: str, kind: type) -> PluginNotFoundError:
        """Build the error for something else under a name."""
        return PluginNotFoundError(f"{name!r} is not a {self.what}: its module must hold {self.holds}, a {kind.__module__}.{kind.__name__}")


PROTOCOLS = Kind("protocol", "spuframe.protocols", "spuframe.protocols")
TRANSPORTS = Kind("transport", "spuframe.transports", "spuframe.link.transports")


def protocol(name: str) -> Protocol:
    """The protocol called ``name``.

    >>> protocol("aby3").parties
    (3, 3)
    """
    found = PROTOCOLS.find(name)
    if not isinstance(found, Protocol):
        raise PROTOCOLS.unfit(name, Protocol)
    return found


def transport(name: str) -> Transport:
    """The transport called ``name``.

    >>> transport("unix").insecure
    False
    """
    found = TRANSPORTS.find(name)
    if not isinstance(found, Transport):
        raise TRANSPORTS.unfit(name, Transport)
    return found


def check_parties(table: Protocol, parties: int) -> None:
    """Refuse a number of parties that the protocol does not run with."""
    low, high = table.parties
    if not low <= parties <= high:
        need = f"{low}" if low == high else f"{low} to {high}"
        raise PartyCountError(f"protocol {table.name!r} needs {need} parties, got {parties}: choose parties={low} or another protocol")
