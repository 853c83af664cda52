"""Operation tables: Python's methods behind the kernel's function pointers.

A file system's classes derive from the generated interfaces (``ops.inode_operations``).
:func:`table` holds them against their interface and puts them behind a C table, whose address goes
into ``i_op``, ``i_fop``, ``s_op``; :func:`methods` is what is behind such an address.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from typing import Any

from generated_types import kernel
from members import Members
from objects import Inode, Super, instance

__all__ = ["Methods", "call_through_c", "i_fop", "i_op", "methods", "s_op", "table"]

_through_c: list[bool] = []


def call_through_c() -> None:
    """From now on, call the methods of new tables through their function pointers, as C does.

    Otherwise what is behind a pointer is called directly where it is Python, which costs less.
    """
    _through_c.append(True)


class Methods:
    """A method for each pointer of a table; None where it is NULL."""

    def __init__(self, found: dict[str, Callable[..., Any]]) -> None:
        self.__dict__.update(found)

    def __getattr__(self, name: str) -> Any:
        return None


_methods: dict[int, Methods] = {0: Methods({})}


_tables: list[Any] = []
"""The tables themselves: who has an address may use it as long as this process lives."""


def table(implementation: Any, **members: Any) -> int:
    """The address of an object's table: its methods, NULL for the others, and members of data.

    Raises TypeError for a method that takes other parameters than its interface's. What the
    interface does not have is the object's own business.
    """
    interface = next(
        base for base in type(implementation).__mro__ if base.__module__ == kernel.ops.__name__
    )
    found = _held_against(interface, implementation)
    entries = {name: _entry(operation, method) for name, (operation, method) in found.items()}
    structure = interface.vtable(entries, **members)
    address = ctypes.addressof(structure)
    _tables.append(structure)
    called = {name: method for name, (_, method) in found.items()}
    if _through_c:
        wrapped = interface.wrap(structure)
        called = {name: _left(getattr(wrapped, name)) for name in found}
    _methods[address] = Methods({op.name: called.get(op.name) for op in interface._operations_})
    return address


def methods(address: int) -> Methods:
    """What is behind the address of a table that was made here, or NULL."""
    return _methods[address]


def i_op(inode: Inode) -> Any:
    """The methods behind ``inode->i_op``."""
    return _methods[_I_OP(inode, 0)[0]]


def i_fop(inode: Inode) -> Any:
    """The methods behind ``inode->i_fop``."""
    return _methods[_I_FOP(inode, 0)[0]]


def s_op(sb: Super) -> Any:
    """The methods behind ``sb->s_op``."""
    return _methods[_S_OP(sb, 0)[0]]


_I_OP = Members(kernel.inode, "i_op").read
_I_FOP = Members(kernel.inode, "i_fop").read
_S_OP = Members(kernel.super_block, "s_op").read


def _held_against(interface: Any, implementation: Any) -> dict[str, tuple[Any, Any]]:
    """Method name -> (the operation, the method) of what an object implements."""
    known = {operation.name: operation for operation in interface._operations_}
    found = {}
    for name in known.keys() & set(dir(type(implementation))):
        of_class = getattr(type(implementation), name)
        if of_class is getattr(interface, name):
            continue
        operation, method = known[name], getattr(implementation, name)
        try:
            inspect.signature(method).bind(*operation.parameters)
        except TypeError as error:
            where = f"{type(implementation).__name__}.{name}"
            raise TypeError(f"{where}: {error}; it is {operation.declaration}") from None
        found[name] = operation, method
    return found


def _entry(operation: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method as C calls it: pointers become the objects that they are the addresses of."""
    kinds = [value.spelling for value in operation.signature.params]
    convert = [_conversion(kinds, at) for at in range(len(kinds))]

    def entered(*args: Any) -> Any:
        result = method(*(make(args) for make in convert))
        return result.address if hasattr(result, "address") else result

    return entered


def _left(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of C's as Python calls it: memory goes as its address, an address comes back as
    the object that is there."""

    def left(*args: Any) -> Any:
        result = function(*map(_address, args))
        return result if type(result) is int else instance(result)

    return left


def _address(argument: Any) -> Any:
    if isinstance(argument, memoryview):
        # What is only read may be bytes, whose memory ctypes gives no address of by itself.
        kind = ctypes.c_char * len(argument)
        return kind.from_buffer_copy(argument) if argument.readonly else kind.from_buffer(argument)
    return argument


def _conversion(kinds: list[str], at: int) -> Callable[[tuple[Any, ...]], Any]:
    """What makes an argument of those of a call."""
    kind = kinds[at]
    if kind.startswith(("struct ", "const struct ")) and kind.count("*") == 1:
        return lambda args: _object(args[at])
    counted = kinds[at + 1 : at + 2] == ["size_t"]
    if kind.removeprefix("const ") in ("char *", "void *") and counted:
        return lambda args: memory(args[at], args[at + 1])
    if kind == "const char *":
        return lambda args: ctypes.string_at(args[at])
    return lambda args: args[at]


def _object(pointer: Any) -> Any:
    """What a pointer leads to: an object with an identity, or just the struct that lies there."""
    try:
        return instance(pointer)
    except KeyError:
        return pointer.contents


def memory(address: int, size: int) -> memoryview | None:
    """Bytes of this process; None for NULL."""
    if not address:
        return None
    return memoryview((ctypes.c_char * size).from_address(address)).cast("B")
