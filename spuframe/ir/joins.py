"""The kinds of joins: which rows and columns each has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SIDES = ("left", "right")
BOTH = "both"
"""Where a key comes from that has the value of whichever side has the row."""


@dataclass(frozen=True)
class Kind:
    """Which rows a join has.

    Parameters
    ----------
    keeps : frozenset of str
        The sides whose rows stay without a match.
    matches : bool
        Whether rows with a match stay.
    gives : tuple of str
        The sides whose columns it has.
    """

    keeps: frozenset[str]
    matches: bool
    gives: tuple[str, ...]

    def has(self, side: str) -> bool:
        """Whether each row of the result is a row of this side, beside what it matches."""
        return side in self.gives and other(side) not in self.keeps

    @property
    def selects(self) -> bool:
        """Whether it has rows of the left side alone, each once at most: nothing needs to be unique."""
        return self.gives == ("left",)

    def stays(self, unique: str) -> bool:
        """Whether the rows are those of the side that is not ``unique``, where they stand: nothing that is alone is put below them.

        An inner join's could stay too. They come by their keys, so that what groups by these needs no sort.
        """
        return unique not in self.keeps and (self.selects or other(unique) in self.keeps)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "inner": Kind(frozenset(), matches=True, gives=SIDES),
        "left": Kind(frozenset({"left"}), matches=True, gives=SIDES),
        "right": Kind(frozenset({"right"}), matches=True, gives=SIDES),
        "outer": Kind(frozenset(SIDES), matches=True, gives=SIDES),
        "semi": Kind(frozenset(), matches=True, gives=("left",)),
        "anti": Kind(frozenset({"left"}), matches=False, gives=("left",)),
    }
)


def other(side: str) -> str:
    """The other side."""
    return "right" if side == "left" else "left"
