"""Every received byte has a mask of its own; a mask that is used twice passes `check_protocol` and is found here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spuframe.plugins import protocol as protocol_by_name
from spuframe.protocols.aby3 import arithmetic, shuffle
from spuframe.spu.kernel import Kernel, Protocol
from spuframe.testing import check_protocol, check_views
from tests.protocols.test_check import supply_of

TABLE = protocol_by_name("aby3")


def only(*names: str, **changed: Kernel) -> Protocol:
    return replace(TABLE, kernels={**{name: TABLE.kernels[name] for name in names}, **changed})


@pytest.mark.every_protocol(light=True)
def test_views(protocol: str) -> None:
    check_views(protocol, supply=supply_of(protocol))


def test_a_mask_for_two_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    real = arithmetic._zero_words

    def twice(ctx: Any, shape: tuple[int, ...], word: Any) -> Any:
        half = (-(-shape[0] // 2), *shape[1:])
        return tuple(np.resize(words, shape) for words in real(ctx, half, word))

    monkeypatch.setattr(arithmetic, "_zero_words", twice)
    check_protocol(only("dot"))
    with pytest.raises(AssertionError, match="used twice"):
        check_views(only("dot"))


def test_a_mask_for_two_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns of one shuffle, all masked as the first of them is; XORed and added."""
    real = shuffle._run

    def run(ctx: Any, perm: Any, xs: Any, back: bool) -> Any:
        class Same:
            def __init__(self, stream: Any) -> None:
                self.first, self.at, self.stream = list[Any](), 0, stream

            def words(self, shape: Any, word: Any) -> Any:
                if self.at == len(self.first):
                    self.first.append(self.stream.words(64, np.uint64))
                self.at += 1
                return self.first[self.at - 1].view(word)[: int(np.prod(shape))].reshape(shape).copy()

        kept, same, out = ctx.streams, {p: Same(s) for p, s in ctx.streams.items()}, []
        ctx.streams = same
        for x in xs:
            for s in same.values():
                s.at = 0
            out += real(ctx, perm, [x], back)
        ctx.streams = kept
        return out

    monkeypatch.setattr(shuffle, "_run", run)
    with pytest.raises(AssertionError, match="draw shuffle: .*used twice"):
        check_views(only("draw", "shuffle"))


def test_a_bit_without_a_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    real = arithmetic._zero_words
    monkeypatch.setattr(arithmetic, "_zero_words", lambda ctx, shape, word: tuple(words & word.type(127) for words in real(ctx, shape, word)))
    with pytest.raises(AssertionError, match="no mask changes"):
        check_views(only("dot"))


def test_a_kernel_that_no_case_covers() -> None:
    with pytest.raises(AssertionError, match=r"no case covers \['another'\]"):
        check_views(only("dot", another=TABLE.kernels["dot"]))
