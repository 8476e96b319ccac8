"""Strings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.dtypes.base import DType
from spuframe.dtypes.rows import refuse

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

    CONSTANTS: ClassVar[tuple[type, ...]] = (str,)
    HOW: ClassVar[str] = "string[n]"
    MOST: ClassVar[int] = 256
    """Bytes of a string that is read, at most."""

    width: int = 8

    @classmethod
    def named(cls, head: str, inside: str | None) -> String | None:
        return cls(int(inside)) if head == "string" and inside is not None and re.fullmatch(r"\d{1,9}", inside) else None

    @classmethod
    def literal(cls, value: Any) -> tuple[DType, Any]:
        return cls(max(1, len(value.encode()))), value

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        """As wide as the longest, in steps of four bytes."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            return None
        lengths = pc.binary_length(column)
        refuse(name, pc.match_substring(column, "\0"), "strings with a zero byte", "Remove it first")
        refuse(name, pc.greater(lengths, cls.MOST), f"longer than {cls.MOST} bytes", "Shorten them, or leave the column out")
        return column, cls(max(4, -(-(pc.max(lengths).as_py() or 0) // 4) * 4))

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("object", "str", "string", "O")

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
