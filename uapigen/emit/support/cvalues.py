"""C's numbers, as the functions made from macros compute with them.

A :class:`CValue` is a value with its C type. Its operators convert their
operands as C11 6.3.1.8 says, and wrap as the kernel's compilers do
(``-fwrapv``, two's complement). What C leaves undefined (division by zero, a
shift by more than the width) is an exception in place of the value, raised
when the value is used: ``x ? y / x : 0`` may compute what it does not choose.
"""

from __future__ import annotations

import ctypes
import struct

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The psABIs under which plain ``char`` is unsigned.
UNSIGNED_CHAR = frozenset("aarch64 arm ppc ppc64 ppc64le riscv32 riscv64 s390x".split())

# Attribute of CModel: C's name, rank, signed.
NUMBERS: dict[str, tuple[str, int, bool]] = {
    "bool": ("_Bool", 0, False),
    "char": ("char", 1, True),
    "schar": ("signed char", 1, True),
    "uchar": ("unsigned char", 1, False),
    "short": ("short", 2, True),
    "ushort": ("unsigned short", 2, False),
    "int": ("int", 3, True),
    "uint": ("unsigned int", 3, False),
    "long": ("long", 4, True),
    "ulong": ("unsigned long", 4, False),
    "longlong": ("long long", 5, True),
    "ulonglong": ("unsigned long long", 5, False),
    "int128": ("__int128", 6, True),
    "uint128": ("unsigned __int128", 6, False),
    "float": ("float", 7, True),
    "double": ("double", 8, True),
}
RANKS = (1, 1, 2, 4, 0, 8, 16, 4, 8)  # rank -> size in bytes; 0: the pointer's
FLOATING = 7  # from this rank on
UNDEFINED = {
    "/": "division by zero",
    "%": "remainder of a division by zero",
    "<<": "shift by a negative count, or by the width of the type or more",
    ">>": "shift by a negative count, or by the width of the type or more",
}


class NumberType:
    """An arithmetic type of a target; calling it converts to it. Sizes are bytes."""

    __slots__ = ("attribute", "model", "name", "rank", "signed", "size")

    def __init__(self, model: CModel, attribute: str) -> None:
        self.model, self.attribute = model, attribute
        self.name, self.rank, self.signed = NUMBERS[attribute]
        self.size = RANKS[self.rank] or model.pointer_size
        if attribute == "char":
            self.signed = model.arch not in UNSIGNED_CHAR

    def __call__(self, value: Any) -> CValue:
        """``value`` as this type: C's cast, of a :class:`CValue` or an argument."""
        number = self.model(value).value
        if isinstance(number, Exception):
            return CValue(self, number)
        return CValue(self, self.wrapped(number))

    def wrapped(self, number: Any) -> Any:
        """A number as it is stored; an exception for one that C cannot convert."""
        if self.rank == FLOATING:
            try:
                return struct.unpack("f", struct.pack("f", number))[0]
            except OverflowError:
                return float("inf") if number > 0 else float("-inf")
        if self.rank > FLOATING:
            return float(number)
        if not self.rank:
            return int(number != 0)
        if isinstance(number, float):
            return self._truncated(number)
        bits = 8 * self.size
        number &= (1 << bits) - 1
        return number - (number >> bits - 1 << bits) if self.signed else number

    def _truncated(self, number: float) -> Any:
        try:
            whole = int(number)
        except (OverflowError, ValueError):  # an infinity, or not a number
            return OverflowError(f"{number} converted to {self.name}")
        if self.wrapped(whole) != whole:
            return OverflowError(f"{number} does not fit into {self.name}")
        return whole

    def __repr__(self) -> str:
        return self.name


class CValue:
    """A number, or the exception that stands for an undefined one, and its type."""

    __slots__ = ("type", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, kind: NumberType, value: Any) -> None:
        self.type, self.value = kind, value

    def plain(self) -> Any:
        """The number for Python; raises what stands for an undefined one."""
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def __bool__(self) -> bool:
        return bool(self.plain() != 0)

    def __repr__(self) -> str:
        return f"({self.type!r}){self.value!r}"

    def __neg__(self) -> Any:
        return self.type.model.unary("-", self)

    def __pos__(self) -> Any:
        return self.type.model.unary("+", self)

    def __invert__(self) -> Any:
        return self.type.model.unary("~", self)

    if TYPE_CHECKING:

        def _operator(self, other: Any) -> Any: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _operator
        __truediv__ = __rtruediv__ = __mod__ = __rmod__ = _operator
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _operator
        __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _operator
        __lt__ = __le__ = __gt__ = __ge__ = _operator


def c_operators() -> None:
    """Give :class:`CValue` its binary operators, each as Python spells it."""

    def define(name: str, symbol: str, comparison: bool) -> None:
        def left(self: CValue, other: Any) -> Any:
            return self.type.model.binary(symbol, self, other)

        def right(self: CValue, other: Any) -> Any:
            return self.type.model.binary(symbol, other, self)

        setattr(CValue, f"__{name}__", left)
        if not comparison:
            setattr(CValue, f"__r{name}__", right)

    names = "add + sub - mul * truediv / mod % and & or | xor ^ lshift << rshift >>"
    comparisons = "lt < le <= gt > ge >= eq == ne !="
    for words, comparison in ((names.split(), False), (comparisons.split(), True)):
        for name, symbol in zip(words[::2], words[1::2]):  # noqa: B905 - 3.10 runs it
            define(name, symbol, comparison)


c_operators()


def c_quotient(a: Any, b: Any) -> Any:
    """C's ``/``: towards zero."""
    if isinstance(a, float):
        return a / b
    return a // b if (a < 0) == (b < 0) else -(-a // b)


C_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": c_quotient,
    "%": lambda a, b: a - b * c_quotient(a, b),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}
C_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
}


class CModel:
    """A target's arithmetic, and what macros need of it beside operators.

    Calling it gives an argument its C type. ``abi`` holds ``arch`` and
    ``pointer_size`` (bytes).
    """

    def __init__(self, abi: Any) -> None:
        self.arch: str = abi["arch"]
        self.pointer_size: int = abi["pointer_size"]
        self.numbers = {name: NumberType(self, name) for name in NUMBERS}
        self.by_name = {kind.name: kind for kind in self.numbers.values()}
        self.size_t = self.numbers["ulong" if self.pointer_size == 8 else "uint"]
        self.ptrdiff_t = self.numbers["long" if self.pointer_size == 8 else "int"]
        self._int, self._uint = self.numbers["int"], self.numbers["uint"]
        # A hexadecimal literal's type is the first of these that holds it.
        self._literals = [
            (kind, (1 << 8 * kind.size - kind.signed) - 1)
            for kind in map(self.numbers.get, ("int", "uint", "long", "ulong"))
            if kind
        ] + [
            (self.numbers["longlong"], (1 << 63) - 1),
            (self.numbers["ulonglong"], (1 << 64) - 1),
        ]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.numbers[name]
        except KeyError:
            raise AttributeError(name) from None

    # Arguments and results

    def __call__(self, value: Any) -> CValue:
        """An argument with the type that C would give it.

        An ``int`` is typed as a hexadecimal literal of its value, a ``float``
        is a double, one character (``str`` or ``bytes``) is a character
        constant, an instance of a ctypes number keeps its type.

        Raises TypeError for what is no number of C, OverflowError for an
        ``int`` of more than 64 bits.
        """
        if type(value) is CValue:
            return value
        if isinstance(value, int):
            return CValue(self.literal_type(int(value)), int(value))
        if isinstance(value, float):
            return CValue(self.numbers["double"], value)
        if isinstance(value, (str, bytes)):
            return self.character(value)
        if isinstance(value, ctypes._SimpleCData):
            number = value.value
            if isinstance(number, bytes):
                return CValue(self.char, self.char.wrapped(number[0]))
            if isinstance(number, (int, float)):
                kind = self.of_class(type(value))
                return CValue(kind, kind.wrapped(number))
        index = getattr(type(value), "__index__", None)  # numpy's integers
        if index is not None:
            return self(index(value))
        raise TypeError(f"{value!r} is no number of C")

    def literal_type(self, number: int) -> NumberType:
        """The type of an integer that a Python caller gives."""
        for kind, limit in self._literals:
            if number <= limit and (number >= 0 or (kind.signed and ~number <= limit)):
                return kind
        raise OverflowError(f"{number:#x} fits into no integer type of C")

    def character(self, text: str | bytes) -> CValue:
        """A character constant: an ``int``, sign-extended from ``char``."""
        data = text.encode("latin-1", "replace") if isinstance(text, str) else text
        if len(data) != 1 or (isinstance(text, str) and not text.isascii()):
            raise TypeError(f"{text!r} is not one character of C")
        return CValue(self._int, self.char.wrapped(data[0]))

    def plain(self, value: Any) -> Any:
        """A result as a Python number."""
        return self(value).plain()

    # Operators

    def binary(self, symbol: str, a: Any, b: Any) -> CValue:
        """``a symbol b``; the symbols are C's, without ``&&``, ``||`` and ``,``."""
        a, b = self(a), self(b)
        if symbol in ("<<", ">>"):
            return self._shifted(symbol, a, b)
        kind = self.common(a.type, b.type)
        compare = C_COMPARISONS.get(symbol)
        if compare is None and kind.rank >= FLOATING and symbol not in "+-*/":
            raise TypeError(f"{symbol} of {kind.name} operands")
        result = kind if compare is None else self._int
        for value in (a.value, b.value):
            if isinstance(value, Exception):
                return CValue(result, value)
        x, y = kind.wrapped(a.value), kind.wrapped(b.value)
        if compare is not None:
            return CValue(result, int(compare(x, y)))
        if symbol in "/%" and y == 0:
            return CValue(kind, ZeroDivisionError(UNDEFINED[symbol]))
        return CValue(kind, kind.wrapped(C_ARITHMETIC[symbol](x, y)))

    def _shifted(self, symbol: str, a: CValue, b: CValue) -> CValue:
        kind, count = self.promoted(a.type), self.promoted(b.type)
        if max(kind.rank, count.rank) >= FLOATING:
            raise TypeError(f"{symbol} of {kind.name} and {count.name}")
        for value in (a.value, b.value):
            if isinstance(value, Exception):
                return CValue(kind, value)
        if not 0 <= b.value < 8 * kind.size:
            return CValue(kind, ValueError(UNDEFINED[symbol]))
        number = a.value << b.value if symbol == "<<" else a.value >> b.value
        return CValue(kind, kind.wrapped(number))

    def unary(self, symbol: str, a: Any) -> CValue:
        """``symbol a`` for ``+``, ``-``, ``~`` and ``!``."""
        a = self(a)
        kind = self.promoted(a.type)
        if symbol == "~" and kind.rank >= FLOATING:
            raise TypeError(f"~ of {kind.name}")
        if isinstance(a.value, Exception):
            return CValue(self._int if symbol == "!" else kind, a.value)
        if symbol == "!":
            return CValue(self._int, int(not a.value))
        if symbol == "~":
            return CValue(kind, kind.wrapped(~a.value))
        return CValue(kind, kind.wrapped(-a.value if symbol == "-" else a.value))

    def truth(self, value: Any) -> CValue:
        """The ``int`` that ``&&``, ``||`` and ``!`` give."""
        return CValue(self._int, int(bool(value)))

    def choose(self, condition: Any, a: Any, b: Any) -> CValue:
        """``condition ? a : b``, with the type that both have in common."""
        a, b = self(a), self(b)
        return self.common(a.type, b.type)(a if self(condition) else b)

    # Types

    def promoted(self, kind: NumberType) -> NumberType:
        """C's integer promotion: all that is narrower than ``int`` fits into it."""
        return kind if kind.rank >= self._int.rank else self._int

    def common(self, a: NumberType, b: NumberType) -> NumberType:
        """What the usual arithmetic conversions make of two types."""
        a, b = self.promoted(a), self.promoted(b)
        low, high = (a, b) if a.rank <= b.rank else (b, a)
        if high.rank >= FLOATING or low.signed == high.signed:
            return high
        signed, unsigned = (a, b) if a.signed else (b, a)
        if unsigned.rank >= signed.rank:
            return unsigned
        if signed.size > unsigned.size:
            return signed
        return self.by_name[f"unsigned {signed.name}"]

    def of_size(self, size: int, signed: bool) -> NumberType:
        """The integer type of a size in bytes; ``long`` goes before ``long long``."""
        name = {1: "char", 2: "short", 4: "int", 8: "long", 16: "int128"}[size]
        if size == 8 and self.pointer_size != 8:
            name = "longlong"
        return self.numbers[("schar" if size == 1 else name) if signed else f"u{name}"]

    def of_class(self, kind: Any) -> NumberType:
        """The type of a ctypes number; of another byte order, it is the same one."""
        code = kind._type_
        if code == "?":
            return self.numbers["bool"]
        if code == "c":
            return self.numbers["char"]
        if code in "fd":
            return self.numbers["float" if code == "f" else "double"]
        if code in "bBhHiIlLqQ":
            return self.of_size(ctypes.sizeof(kind), code.islower())
        raise TypeError(f"{kind.__name__} is no number of C")
