"""A syscall table as Python: the ``syscalls`` module of a package, or one file of its own.

A line for each syscall, which ``support/syscalls.py`` reads:

    "close": (3, "__x64_sys_close", "int", "", (("fd", "unsigned int", "u4"),), ()),

number, entry symbol, kind of result, first release, parameters, lowering (empty where
each parameter has the next register), and the reason where there is no prototype. A parameter
is its name, its C type, how it is passed (signed or unsigned and its size in bytes, or ``p`` for
a pointer), and the direction of what it points to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import uapigen
from uapigen.emit.package import joined_support, python_text
from uapigen.emit.templates import render
from uapigen.emit.text import literal
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.ir.syscalls import Syscall, SyscallParam, SyscallTable

__all__ = [
    "kind_of",
    "syscalls_abi",
    "syscalls_file",
    "syscalls_module",
    "syscalls_stub",
    "table_text",
]

_ALONE = ("declarators", "tables", "pointers", "counts", "syscalls", "calls", "handlers")
"""Support code of a file of its own."""

_TYPEDEFS: dict[str, str] = {
    # What entry points are declared with: include/linux/types.h, include/uapi/linux/types.h,
    # include/asm-generic/compat.h. "l" is as long as a pointer.
    **dict.fromkeys(("u8", "__u8", "uint8_t"), "u1"),
    **dict.fromkeys(("u16", "__u16", "uint16_t", "umode_t", "old_uid_t", "old_gid_t"), "u2"),
    **dict.fromkeys(("u32", "__u32", "uint32_t", "uint", "uid_t", "gid_t", "qid_t"), "u4"),
    **dict.fromkeys(("u64", "__u64", "uint64_t", "compat_u64"), "u8"),
    **dict.fromkeys(("s8", "__s8", "int8_t"), "i1"),
    **dict.fromkeys(("s16", "__s16", "int16_t"), "i2"),
    **dict.fromkeys(("s32", "__s32", "int32_t", "pid_t", "key_t", "clockid_t", "timer_t"), "i4"),
    **dict.fromkeys(("mqd_t", "key_serial_t", "rwf_t", "bool", "_Bool"), "i4"),
    **dict.fromkeys(("s64", "__s64", "int64_t", "loff_t", "compat_s64", "compat_loff_t"), "i8"),
    **dict.fromkeys(("size_t", "aio_context_t", "old_sigset_t", "uintptr_t"), "ul"),
    **dict.fromkeys(("__kernel_size_t", "__kernel_ulong_t"), "ul"),
    **dict.fromkeys(("ssize_t", "off_t", "ptrdiff_t", "__kernel_long_t"), "il"),
    **dict.fromkeys(("compat_ulong_t", "compat_size_t", "compat_aio_context_t"), "u4"),
    **dict.fromkeys(("compat_uptr_t", "compat_sigset_word", "compat_uint_t"), "u4"),
    **dict.fromkeys(("__compat_uid_t", "__compat_gid_t", "compat_mode_t"), "u4"),
    **dict.fromkeys(("compat_long_t", "compat_ssize_t", "compat_off_t", "compat_pid_t"), "i4"),
    **dict.fromkeys(("compat_int_t", "compat_timer_t", "compat_key_t", "old_time32_t"), "i4"),
    **dict.fromkeys(("cap_user_header_t", "cap_user_data_t", "__sighandler_t"), "p"),
    "utrap_entry_t": "i4",  # arch/sparc/include/uapi/asm/utrap.h
    "utrap_handler_t": "p",
}
_QUALIFIERS = frozenset({"const", "volatile", "restrict", "__user", "int", "signed"})


def kind_of(c_type: str, model: DataModel) -> str | None:
    """How a parameter is passed: ``i4``, ``u8``, ``p``; None for a type that is not known."""
    if "*" in c_type or "[" in c_type or "(" in c_type:
        return "p"
    words = c_type.split()
    if "enum" in words:
        return "u4"
    rest = [word for word in words if word not in _QUALIFIERS]
    sign = "i"
    if "unsigned" in rest:
        sign = "u"
        rest.remove("unsigned")
    if rest == ["long"]:
        return f"{sign}{model.pointer_size}"
    if rest == ["long", "long"]:
        return f"{sign}8"
    plain = {(): 4, ("short",): 2, ("char",): 1}.get(tuple(rest))
    if plain and words:
        return f"{sign}{plain}"
    found = _TYPEDEFS.get(rest[0]) if len(rest) == 1 else None
    return found.replace("l", str(model.pointer_size)) if found else None


def _quoted(text: str) -> str:
    return f'"{literal(text)}"'


def _tuple(items: Sequence[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def _names(params: Sequence[SyscallParam]) -> list[str]:
    """Names that a Python function can have: what is none is called by its number."""
    found: list[str] = []
    for index, (name, *_) in enumerate(params, 1):
        usable = name.isascii() and name.isidentifier() and not name.startswith("_u_")
        found.append(name if usable and name not in found else f"arg{index}")
    return found


def _param(name: str, param: SyscallParam, kind: str) -> str:
    items = [_quoted(name), _quoted(param.c_type), f'"{kind}"']
    return _tuple([*items, _quoted(param.direction)] if param.direction else items)


def _line(call: Syscall, model: DataModel, registers: Sequence[str]) -> str:
    params, lowering, reason = "None", "()", call.reason
    if call.params is not None:
        kinds = [kind_of(param.c_type, model) for param in call.params]
        unknown = [p.c_type for p, kind in zip(call.params, kinds, strict=True) if kind is None]
        if unknown:
            reason = f"how {unknown[0]} is passed is not known"
        else:
            listed = zip(_names(call.params), call.params, kinds, strict=True)
            params = _tuple([_param(name, p, kind or "") for name, p, kind in listed])
            plain = [(name,) for name in registers[: len(kinds)]]
            if [lowered.registers for lowered in call.lowering] != plain:
                each = [_tuple([_quoted(r) for r in one.registers]) for one in call.lowering]
                lowering = _tuple(each)
    items = [str(call.nr), _quoted(call.entry), f'"{call.returns}"', _quoted(call.since)]
    items += [params, lowering]
    if reason:
        items.append(_quoted(reason))
    return f'    "{literal(call.name)}": ({", ".join(items)}),\n'


def table_text(table: SyscallTable, model: DataModel, registers: Sequence[str]) -> str:
    """All syscalls as a dict of tuples, sorted by name, a line each."""
    lines = [_line(call, model, registers) for call in table.syscalls]
    lines.sort(key=lambda line: line.partition('": ')[0])
    return "".join(["SYSCALLS = {\n", *lines, "}\n"])


def syscalls_abi(model: DataModel, sources: Sequence[str]) -> dict[str, object]:
    """``__abi__``: what the table is for, and the sources it comes from."""
    return {
        "arch": model.arch,
        "byteorder": "big" if model.big_endian else "little",
        "pointer_size": model.pointer_size,
        "sources": list(sources),
        "uapigen": uapigen.__version__,
    }


def _title(about: Mapping[str, object]) -> str:
    return literal(f"Syscalls of Linux on {about['arch']}: numbers, prototypes, calls.")


def syscalls_module(about: Mapping[str, object], registers: Sequence[str], text: str) -> str:
    """The module of a package, given the table's text."""
    return render(
        "syscalls.py",
        title=_title(about),
        version=about["uapigen"],
        abi=python_text(about),
        registers=_tuple([_quoted(name) for name in registers]),
        table=text,
    )


def syscalls_stub(
    about: Mapping[str, object],
    numbers: Sequence[tuple[int, str]],
    signatures: Mapping[str, str],
) -> str:
    """The stub of a package's module."""
    from uapigen.emit.syscall_stubs import function_stub, number_stub

    functions = [function_stub(name, signatures[name]) for _, name in numbers]
    return render(
        "syscalls.pyi",
        title=_title(about),
        numbers=number_stub(numbers).rstrip("\n"),
        functions="".join(functions).rstrip("\n"),
    )


def syscalls_file(about: Mapping[str, object], registers: Sequence[str], text: str) -> str:
    """One self-contained file."""
    return render(
        "syscalls_alone.py",
        title=_title(about),
        version=about["uapigen"],
        abi=python_text(about),
        registers=_tuple([_quoted(name) for name in registers]),
        table=text,
        support=joined_support(_ALONE),
    )
