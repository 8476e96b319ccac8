"""The operators of a secret column or frame, and pandas' methods of the same names: ``a + b``, ``a.add(b, fill_value=0)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Self

from spuframe import expr as ex
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.missing import Secret

Build = Callable[[ex.Expr, ex.Expr], ex.Expr]


@arguments.like_pandas
class Operators(Secret):
    """Base of `spuframe.SecretSeries` and `spuframe.SecretFrame`, whose kind the results are; ``fill_value`` stands for a null whose partner
    is none, as in pandas.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> Self:
        """What ``build`` makes of the operands' expressions, over rows that they have in common."""
        raise NotImplementedError

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeMismatchError(f"{self._what} is secret and is no number by itself: .reveal() it, or take .sum(), .min(), .round() and the like of it")

    __float__ = __int__ = __index__ = __complex__ = __floor__ = __ceil__ = __trunc__ = _refuse

    def _filled(self, build: Build, left: object, right: object, fill_value: object) -> Self:
        def filled(e: ex.Expr) -> ex.Expr:
            return ex.fill_null(e, fill_value) if e.nullable else e

        if arguments.is_missing(fill_value):
            return self._apply(build, left, right)
        ends = [arguments.plain(v) for v in (left, right)]
        for i, end in enumerate(ends):
            if isinstance(end, int | float):  # never null; and to a comparison it may be what no constant can be
                of = ends[1 - i]
                return self._apply(lambda e, i=i, end=end: build(*((end, filled(e)) if i == 0 else (filled(e), end))), of)

        def made(a: ex.Expr, b: ex.Expr) -> ex.Expr:
            out = build(filled(a), filled(b))
            return ex.where(ex.and_(ex.is_null(a), ex.is_null(b)), None, out) if a.nullable and b.nullable else out

        return self._apply(made, left, right)

    # ---- arithmetic ----------------------------------------------------------------------------------
    def __add__(self, other: object) -> Self:
        return self._apply(ex.add, self, other)

    def __radd__(self, other: object) -> Self:
        return self._apply(ex.add, other, self)

    def __sub__(self, other: object) -> Self:
        return self._apply(ex.sub, self, other)

    def __rsub__(self, other: object) -> Self:
        return self._apply(ex.sub, other, self)

    def __mul__(self, other: object) -> Self:
        return self._apply(ex.mul, self, other)

    def __rmul__(self, other: object) -> Self:
        return self._apply(ex.mul, other, self)

    def __truediv__(self, other: object) -> Self:
        return self._apply(ex.div, self, other)

    def __rtruediv__(self, other: object) -> Self:
        return self._apply(ex.div, other, self)

    def __floordiv__(self, other: object) -> Self:
        return self._apply(ex.floordiv, self, other)

    def __rfloordiv__(self, other: object) -> Self:
        return self._apply(ex.floordiv, other, self)

    def __mod__(self, other: object) -> Self:
        return self._apply(ex.mod, self, other)

    def __rmod__(self, other: object) -> Self:
        return self._apply(ex.mod, other, self)

    def __divmod__(self, other: object) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> tuple[Self, Self]:
        return self.__rfloordiv__(other), self.__rmod__(other)

    def __pow__(self, other: object) -> Self:
        return self._apply(ex.pow_, self, other)

    def __rpow__(self, other: object) -> Self:
        return self._apply(ex.pow_, other, self)

    def __neg__(self) -> Self:
        return self._apply(ex.neg, self)

    def __pos__(self) -> Self:
        return self._apply(lambda e: e, self)

    def __abs__(self) -> Self:
        return self._apply(ex.abs_, self)

    # ---- comparisons ---------------------------------------------------------------------------------
    def __eq__(self, other: object) -> Self:  # type: ignore[override]  # as pandas: element by element
        return self._apply(ex.eq, self, other)

    def __ne__(self, other: object) -> Self:  # type: ignore[override]
        return self._apply(ex.ne, self, other)

    def __lt__(self, other: object) -> Self:
        return self._apply(ex.lt, self, other)

    def __le__(self, other: object) -> Self:
        return self._apply(ex.le, self, other)

    def __gt__(self, other: object) -> Self:
        return self._apply(ex.gt, self, other)

    def __ge__(self, other: object) -> Self:
        return self._apply(ex.ge, self, other)

    # ---- logic of booleans, bits of integers -----------------------------------------------------------
    def __and__(self, other: object) -> Self:
        return self._apply(ex.bit_and, self, other)

    def __rand__(self, other: object) -> Self:
        return self._apply(ex.bit_and, other, self)

    def __or__(self, other: object) -> Self:
        return self._apply(ex.bit_or, self, other)

    def __ror__(self, other: object) -> Self:
        return self._apply(ex.bit_or, other, self)

    def __xor__(self, other: object) -> Self:
        return self._apply(ex.bit_xor, self, other)

    def __rxor__(self, other: object) -> Self:
        return self._apply(ex.bit_xor, other, self)

    def __invert__(self) -> Self:
        return self._apply(ex.bit_not, self)

    def __lshift__(self, other: object) -> Self:
        return self._apply(ex.shift_left, self, other)

    def __rlshift__(self, other: object) -> Self:
        return self._apply(ex.shift_left, other, self)  # refused: the number of bits must be public

    def __rshift__(self, other: object) -> Self:
        return self._apply(ex.shift_right, self, other)

    def __rrshift__(self, other: object) -> Self:
        return self._apply(ex.shift_right, other, self)

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """``func(self, *args, **kwargs)``; with a pair (function, keyword), self goes to that keyword."""
        if isinstance(func, tuple) and len(func) == 2 and callable(func[0]) and isinstance(func[1], str):
            if func[1] in kwargs:
                raise PlanError(f"{func[1]!r} is given twice: it is where the piped one goes")
            return func[0](*args, **{**kwargs, func[1]: self})
        if not callable(func):
            raise TypeMismatchError(f"`func` must be a function, or a function and the name of its argument, got a {type(func).__name__}")
        return func(self, *args, **kwargs)

    # ---- pandas' names of them -------------------------------------------------------------------------
    def abs(self) -> Self:
        """Absolute values."""
        return self.__abs__()

    def add(self, other: object, *, fill_value: object = None) -> Self:
        """``self + other``."""
        return self._filled(ex.add, self, other, fill_value)

    def radd(self, other: object, *, fill_value: object = None) -> Self:
        """``other + self``."""
        return self._filled(ex.add, other, self, fill_value)

    def sub(self, other: object, *, fill_value: object = None) -> Self:
        """``self - other``."""
        return self._filled(ex.sub, self, other, fill_value)

    def rsub(self, other: object, *, fill_value: object = None) -> Self:
        """``other - self``."""
        return self._filled(ex.sub, other, self, fill_value)

    def mul(self, other: object, *, fill_value: object = None) -> Self:
        """``self * other``."""
        return self._filled(ex.mul, self, other, fill_value)

    def rmul(self, other: object, *, fill_value: object = None) -> Self:
        """``other * self``."""
        return self._filled(ex.mul, other, self, fill_value)

    def truediv(self, other: object, *, fill_value: object = None) -> Self:
        """``self / other``."""
        return self._filled(ex.div, self, other, fill_value)

    def rtruediv(self, other: object, *, fill_value: object = None) -> Self:
        """``other / self``."""
        return self._filled(ex.div, other, self, fill_value)

    def floordiv(self, other: object, *, fill_value: object = None) -> Self:
        """``self // other``."""
        return self._filled(ex.floordiv, self, other, fill_value)

    def rfloordiv(self, other: object, *, fill_value: object = None) -> Self:
        """``other // self``."""
        return self._filled(ex.floordiv, other, self, fill_value)

    def mod(self, other: object, *, fill_value: object = None) -> Self:
        """``self % other``."""
        return self._filled(ex.mod, self, other, fill_value)

    def rmod(self, other: object, *, fill_value: object = None) -> Self:
        """``other % self``."""
        return self._filled(ex.mod, other, self, fill_value)

    def divmod(self, other: object, *, fill_value: object = None) -> tuple[Self, Self]:
        """``self // other`` and ``self % other``."""
        return self.floordiv(other, fill_value=fill_value), self.mod(other, fill_value=fill_value)

    def rdivmod(self, other: object, *, fill_value: object = None) -> tuple[Self, Self]:
        """``other // self`` and ``other % self``."""
        return self.rfloordiv(other, fill_value=fill_value), self.rmod(other, fill_value=fill_value)

    def pow(self, other: object, *, fill_value: object = None) -> Self:
        """``self ** other``."""
        return self._filled(ex.pow_, self, other, fill_value)

    def rpow(self, other: object, *, fill_value: object = None) -> Self:
        """``other ** self``."""
        return self._filled(ex.pow_, other, self, fill_value)

    multiply, subtract, div, divide, rdiv = mul, sub, truediv, truediv, rtruediv

    def eq(self, other: object, *, fill_value: object = None) -> Self:
        """``self == other``."""
        return self._filled(ex.eq, self, other, fill_value)

    def ne(self, other: object, *, fill_value: object = None) -> Self:
        """``self != other``."""
        return self._filled(ex.ne, self, other, fill_value)

    def lt(self, other: object, *, fill_value: object = None) -> Self:
        """``self < other``."""
        return self._filled(ex.lt, self, other, fill_value)

    def le(self, other: object, *, fill_value: object = None) -> Self:
        """``self <= other``."""
        return self._filled(ex.le, self, other, fill_value)

    def gt(self, other: object, *, fill_value: object = None) -> Self:
        """``self > other``."""
        return self._filled(ex.gt, self, other, fill_value)

    def ge(self, other: object, *, fill_value: object = None) -> Self:
        """``self >= other``."""
        return self._filled(ex.ge, self, other, fill_value)
