"""Strings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spuframe.dtypes.base import DType

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class String(DType):
    """Short strings of at most ``width`` bytes of UTF-8, packed and ordered bytewise.

    Parameters
    ----------
    width : int
        Bytes; shorter strings are padded with zero bytes.
    """

    width: int = 8

    @property
    def name(self) -> str:
        return f"string[{self.width}]"

    @property
    def family(self) -> tuple[str, ...]:
        return ("string", "str")

    @property
    def bits(self) -> int:
        return 8 * self.width

    @property
    def zero(self) -> str:
        return ""

    @property
    def words(self) -> int:
        """How many words of 64 bits hold one string."""
        return -(-self.width // 8)

    def takes(self, source: DType) -> bool:
        return isinstance(source, String) and source.width <= self.width

    def wider(self, other: DType) -> DType | None:
        return String(max(self.width, other.width)) if isinstance(other, String) else None

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        return (self, value) if isinstance(dtype, String) and dtype.width <= self.width else None

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.string()
