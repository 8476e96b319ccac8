"""A supply of material: correlated randomness that kernels take, counted against what the dry run of a plan told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from spuframe.errors import ProtocolError
from spuframe.ir.cost import Cost, What
from spuframe.spu.kinds import Array

Maker = Callable[..., tuple[Array, ...]]


class Supply:
    """What a party takes its material from.

    All of one kind is alike, so kernels that run in common rounds may take it in any order; all parties take it in the same. Material of one
    permutation is like no other: it goes by the permutation's name.

    Parameters
    ----------
    makers : mapping of str to callable
        The source, by the name of the material: ``make(*parameters, count, *given)`` gives this party's parts.

    Examples
    --------
    >>> import numpy as np
    >>> supply = Supply({"zeros": lambda bits, count: (np.zeros(count, f"u{bits // 8}"),)})
    >>> supply.expect({("zeros", 8): 3})
    >>> supply.take(("zeros", 8), 2)[0].tolist()
    [0, 0]
    >>> supply.settle()
    Traceback (most recent call last):
    spuframe.errors.ProtocolError: 1 zeros 8 were prepared and not used: the plan's dry run told another amount, so nothing is handed over
    """

    def __init__(self, makers: Mapping[str, Maker]) -> None:
        self._makers = makers
        self._left: Counter[What] | None = None  # None: as much as is asked for

    @property
    def spent(self) -> Cost:
        """What making it has cost: nothing, where nobody is asked."""
        return Cost()

    def expect(self, material: Mapping[What, int]) -> None:
        """Prepare for a plan: it gets this much, and no more."""
        self._left = Counter(material)

    def take(self, what: What, count: int, *given: Any) -> tuple[Array, ...]:
        """Take the parts of this party in ``count`` pieces; ``given`` is what their maker needs to know besides.

        Raises
        ------
        ProtocolError
            More than was expected.
        """
        if self._left is not None:
            if count > self._left[what]:
                raise ProtocolError(f"{count} {_name(what)} are needed where {self._left[what]} are left: the plan's dry run told another amount")
            self._left[what] -= count
        return self._makers[str(what[0])](*what[1:], count, *given)

    def settle(self) -> None:
        """End a plan.

        Raises
        ------
        ProtocolError
            Something is left.
        """
        left = +self._left if self._left is not None else Counter[What]()
        self._left = None
        if left:
            told = ", ".join(f"{count} {_name(what)}" for what, count in left.items())
            raise ProtocolError(f"{told} were prepared and not used: the plan's dry run told another amount, so nothing is handed over")


def _name(what: What) -> str:
    return " ".join(map(str, what))
