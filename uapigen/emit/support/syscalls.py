"""A syscall table as data: records, numbers, and the module that shows them.

The table is text, a line for each syscall, of which only what is asked for is
compiled. Functions that make the calls are made from the records (``calls.py``).
"""

from __future__ import annotations

import ctypes
import os
import sys
from _thread import RLock
from collections.abc import Mapping
from keyword import iskeyword

from .counts import find_counts
from .declarators import unqualified
from .tables import Text, evaluated, literal

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Resolve = Callable[[str], Any]

ABIS = {
    ("x86_64", 8): "x86_64",
    ("x86_64", 4): "i386",
    ("i386", 4): "i386",
    ("aarch64", 8): "aarch64",
    ("aarch64", 4): "arm",
    ("arm", 4): "arm",
    ("riscv64", 8): "riscv64",
    ("riscv64", 4): "riscv32",
    ("riscv32", 4): "riscv32",
    ("s390x", 8): "s390x",
    ("s390x", 4): "s390",
    ("s390", 4): "s390",
    ("ppc64le", 8): "ppc64le",
    ("ppc64", 8): "ppc64",
    ("ppc64", 4): "ppc",
    ("ppc", 4): "ppc",
    ("mips64", 8): "mips64",
    ("mips64", 4): "mips",
    ("mips", 4): "mips",
    ("loongarch64", 8): "loongarch64",
    ("m68k", 4): "m68k",
    ("sh", 4): "sh",
    ("parisc", 4): "parisc",
    ("parisc64", 4): "parisc",
    ("sparc64", 8): "sparc64",
    ("sparc64", 4): "sparc",
    ("sparc", 4): "sparc",
    ("alpha", 8): "alpha",
}
"""(machine, pointer size in bytes): the ABI whose calls a process makes."""
INTEGER_TYPES: dict[str, Any] = {
    "i1": ctypes.c_int8,
    "i2": ctypes.c_int16,
    "i4": ctypes.c_int32,
    "i8": ctypes.c_int64,
    "u1": ctypes.c_uint8,
    "u2": ctypes.c_uint16,
    "u4": ctypes.c_uint32,
    "u8": ctypes.c_uint64,
}
SCALARS = {
    "gid_t": "u4",
    "int": "i4",
    "loff_t": "i8",
    "u32": "u4",
    "u64": "u8",
    "uid_t": "u4",
    "unsigned int": "u4",
}
"""Types of parameters that pointers point to, which every ABI has alike."""
API = ("Handlers", "NR", "ProcessMemory", "TABLE")
TABLE_LOCK = RLock()


def running_abi() -> str:
    """The ABI of this process; what uname says where it is none that is known."""
    machine = os.uname().machine
    size = ctypes.sizeof(ctypes.c_void_p)
    if machine == "x86_64" and "x32" in getattr(sys.implementation, "_multiarch", ""):
        return "x32"
    family = {"amd64": "x86_64", "arm64": "aarch64", "ppcle": "ppc"}.get(
        machine, machine
    )
    if family[:1] == "i" and family[2:] == "86":
        family = "i386"
    elif family[:3] == "arm":
        family = "arm"
    elif family[:2] == "sh" and family[2:3].isdigit():
        family = "sh"
    found = ABIS.get((family, size), machine)
    if found[:4] != "mips":
        return found
    n32 = "n32" in getattr(sys.implementation, "_multiarch", "")
    little = "el" if sys.byteorder == "little" else ""
    return f"mipsn32{little}" if n32 else f"{found}{little}"


class Param:
    """A parameter: ``name``, ``c_type`` (C's spelling), ``direction``.

    The direction is that of what a pointer points to: ``in``, ``out``,
    ``inout``, or "" where that is not known. ``counted_by`` is the parameter
    that counts the bytes behind a pointer, or the elements (``counts`` is "bytes" or
    "elements"), or None. ``extent`` is how many elements there are where nothing
    counts them: 1, and 2 for a pair.
    """

    __slots__ = (
        "_table",
        "c_type",
        "counted_by",
        "counts",
        "direction",
        "extent",
        "kind",
        "name",
    )

    def __init__(self, table: Table, facts: tuple[str, ...]) -> None:
        self._table = table
        self.name, self.c_type, self.kind, self.direction = (*facts, "")[:4]
        self.counted_by: Param | None = None
        self.counts = ""
        self.extent = 1

    @property
    def ctype(self) -> Any:
        """The ctypes type.

        For a pointer in this process, a ctypes pointer to the type behind it
        where the package has that, else ``c_char_p`` or ``c_void_p``; for one of
        another architecture, the integer that an address is there.
        """
        table = self._table
        if self.kind != "p":
            return table.integer(self.kind)
        if not table.callable:
            return table.integer(f"u{table.pointer_size}")
        target = self.target
        if target is None:
            plain = self.c_type.replace("const ", "").strip()
            return ctypes.c_char_p if plain == "char *" else ctypes.c_void_p
        return ctypes.POINTER(target)

    @property
    def target(self) -> Any:
        """The ctypes type that a pointer points to; None where not known."""
        return self._table.target(self.c_type)

    @property
    def python_name(self) -> str:
        """The name as Python has it: ``from_`` for ``from``."""
        return f"{self.name}_" if iskeyword(self.name) else self.name

    def __str__(self) -> str:
        space = "" if self.c_type.endswith("*") else " "
        return f"{self.c_type}{space}{self.name}"

    def __repr__(self) -> str:
        return f"<parameter {self}>"


class Syscall:
    """A syscall: its number, its prototype, how its arguments travel.

    ``params`` is None where the prototype is not known; ``reason`` says why.
    ``returns`` is ``int`` (negative errno on failure), ``address`` (unsigned),
    ``always`` (never fails) or ``never`` (does not return). ``lowering`` has, for
    each parameter, the names of its registers: one, or the low and the high half's.
    """

    __slots__ = (
        "_table",
        "entry",
        "lowering",
        "name",
        "nr",
        "params",
        "reason",
        "returns",
        "since",
    )

    def __init__(self, table: Table, name: str, facts: tuple[Any, ...]) -> None:
        self._table, self.name = table, name
        self.nr, self.entry, self.returns, self.since, params, lowering = facts[:6]
        self.reason: str = facts[6] if len(facts) > 6 else ""
        self.params: tuple[Param, ...] | None = None
        self.lowering: tuple[tuple[str, ...], ...] = ()
        if params is not None:
            self.params = tuple(Param(table, param) for param in params)
            find_counts(name, self.params)
            plain = tuple((name,) for name in table.registers[: len(params)])
            self.lowering = lowering or plain

    @property
    def prototype(self) -> str:
        """The kernel's declaration, as C: ``long openat(int dfd, …)``."""
        if self.params is None:
            return f"long {self.name}(?)"
        return f"long {self.name}({', '.join(map(str, self.params)) or 'void'})"

    @property
    def in_block(self) -> bool:
        """Whether the one argument points to a struct with all parameters."""
        return any("[" in name for names in self.lowering for name in names)

    @property
    def positions(self) -> tuple[tuple[int, ...], ...]:
        """By parameter, the numbers of its words among the argument registers.

        In a struct of all parameters, their numbers among its words.
        """
        size, index = self._table.pointer_size, self._table.registers.index

        def position(name: str) -> int:
            _, bracket, offset = name.partition("[")
            return int(offset[:-1]) // size if bracket else index(name)

        return tuple(tuple(map(position, names)) for names in self.lowering)

    def arguments(self, registers: Any, memory: Any = None) -> tuple[Any, ...]:
        """The typed values of raw argument registers, for each parameter.

        ``registers`` are words in the ABI's order, or by the registers' names.
        Integers get their type's width and sign; pointers are ints that read
        from and write to ``memory`` (``string``, ``contents``, ``read``, ``write``).
        """
        from .handlers import arguments_of

        return arguments_of(self, registers, memory)

    def __repr__(self) -> str:
        return f"<syscall {self.nr} of {self._table.abi}: {self.prototype}>"

    def __reduce__(self) -> Any:
        return self._table.__getitem__, (self.name,)


class Table(Mapping[str, Syscall]):
    """All syscalls of one ABI, by name, and by number as well.

    ``resolve`` gives the ctypes type of a C spelling, and raises LookupError.
    """

    def __init__(
        self,
        about: dict[str, Any],
        text: Callable[[], str],
        module: str,
        resolve: Resolve | None,
    ) -> None:
        self.abi: str = about["arch"]
        self.pointer_size: int = about["pointer_size"]
        self.big_endian: bool = about["byteorder"] == "big"
        self.registers: tuple[str, ...] = about["registers"]
        self.module = module
        self.callable = self.abi == running_abi()
        self._resolve = resolve
        self._text = Text(text, '\n    "', '": ')
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._made: dict[str, Syscall] = {}

    @property
    def numbers(self) -> dict[str, int]:
        """Name: number, of all syscalls, by number."""
        if not self._numbers:
            found = {}
            for line in self._text.text.split('\n    "')[1:]:
                name, _, facts = line.partition('": (')
                found[name] = int(facts[: facts.index(",")])
            self._numbers = dict(sorted(found.items(), key=lambda item: item[1]))
        return self._numbers

    @property
    def names(self) -> dict[int, str]:
        """Number: name."""
        if not self._names:
            self._names = {nr: name for name, nr in reversed(self.numbers.items())}
        return self._names

    def __getitem__(self, key: str | int) -> Syscall:
        name = key if isinstance(key, str) else self.names[key]
        found = self._made.get(name)
        if found is None:
            source = self._text.find(literal(name))
            if source is None:
                raise KeyError(key)
            made = Syscall(self, name, evaluated(source))
            found = self._made.setdefault(name, made)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, key: object) -> bool:
        return key in (self.numbers if isinstance(key, str) else self.names)

    def __repr__(self) -> str:
        return f"<{len(self)} syscalls of {self.abi}>"

    def __reduce__(self) -> Any:
        from pkgutil import resolve_name

        return resolve_name, (f"{self.module}:TABLE",)

    def integer(self, kind: str) -> Any:
        """The ctypes type of an integer, in the ABI's byte order."""
        found = INTEGER_TYPES[kind]
        if kind[1] == "1" or self.big_endian == (sys.byteorder == "big"):
            return found
        return found.__ctype_be__ if self.big_endian else found.__ctype_le__

    def target(self, c_type: str) -> Any:
        """The ctypes type that a pointer of that spelling points to, or None."""
        plain = unqualified(c_type)
        if not plain.endswith("*"):
            return None
        spelling = unqualified(plain[:-1].rstrip())
        if spelling in ("void", "char") or spelling.endswith("*"):
            return None
        kind = SCALARS.get(spelling)
        if kind:
            return self.integer(kind)
        if self._resolve is None:
            return None
        try:
            found = self._resolve(spelling)
        except LookupError:
            return None
        return found if isinstance(found, type) and hasattr(found, "_b_base_") else None


def numbers_enum(table: Table) -> Any:
    """``NR``: all numbers as an IntEnum."""
    from enum import IntEnum

    names = {}
    for name, nr in table.numbers.items():
        if name != "mro" and not name[:1] == name[-1:] == "_":  # enum's own names
            names[name] = nr
    names.update({f"{n}_": nr for n, nr in table.numbers.items() if n not in names})
    names.update({f"{n}_": nr for n, nr in table.numbers.items() if iskeyword(n)})
    made: Any = IntEnum("NR", names, module=table.module)  # type: ignore[misc]
    made.__doc__ = f"Syscall numbers of {table.abi}."
    return made


def open_syscalls(namespace: dict[str, Any], resolve: Resolve | None = None) -> None:
    """Put the table behind a module's ``__getattr__``, once."""
    with TABLE_LOCK:
        if "TABLE" in namespace:
            return
        name = namespace["__name__"]
        about = namespace["__abi__"] | {"registers": namespace["_REGISTERS"]}
        table = Table(about, lambda: str(namespace["_SYSCALLS"]), name, resolve)

        def lookup(wanted: str) -> Any:
            if wanted in namespace:
                return namespace[wanted]
            if wanted == "NR":
                found: Any = numbers_enum(table)
            elif wanted == "Handlers":
                from .handlers import handlers_of

                found = handlers_of(table)
            elif wanted == "ProcessMemory":
                from .handlers import ProcessMemory

                found = ProcessMemory
            elif wanted == "__all__":
                return [*API, *map(python_name, table)]
            else:
                for key in (wanted, wanted[:-1] if iskeyword(wanted[:-1]) else wanted):
                    if wanted[:2] != "__" and key in table:
                        from .calls import make_function

                        found = make_function(table[key])
                        break
                else:
                    raise AttributeError(f"{table.abi} has no syscall {wanted!r}")
            return namespace.setdefault(wanted, found)

        def listing() -> list[str]:
            return sorted({*namespace, *lookup("__all__")})

        namespace.update(TABLE=table, __getattr__=lookup, __dir__=listing)


def python_name(name: str) -> str:
    """A syscall's name as Python has it: ``break_`` for ``break``."""
    return f"{name}_" if iskeyword(name) else name
