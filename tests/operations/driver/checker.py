"""Calls every member of tables from C and from Python, and says what does not come across.

    python checker.py DIRECTORY PACKAGE LIBRARY FACTS

Runs on any Python that generated code runs on, with nothing but the package (in ``DIRECTORY``),
the shared object and the facts that ``program.py`` made. Prints JSON: how many calls were made
each way, what was left out and why, and what was wrong.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import sys
from collections.abc import Iterator
from keyword import iskeyword
from typing import Any

FIRST = (0x11, 0x91)
"""First bytes of arguments: of positive numbers, and of negative ones."""
ERROR = errno.EXDEV
OWN_NAMES = ("Protocol", "vtable", "wrap")
"""What an interface calls something of its own."""


class Wrong(Exception):  # noqa: N818
    """Something did not come across."""


def of_bytes(value: dict[str, Any], byte: int) -> Any:
    """The Python value of a C value all of whose bytes are one."""
    kind, size = value["kind"], value["size"]
    data = bytes([byte] * size)
    if kind == "bool":
        return bool(byte & 1)
    if kind == "record":
        return data
    if kind == "float":
        return (ctypes.c_float if size == 4 else ctypes.c_double).from_buffer_copy(data).value
    return int.from_bytes(data, sys.byteorder, signed=value.get("signed", False))


def raw(value: dict[str, Any], byte: int) -> bytes:
    """The bytes of a C value."""
    return bytes([byte & 1 if value["kind"] == "bool" else byte] * value["size"])


def carries_errors(value: dict[str, Any]) -> bool:
    """Whether the kernel's functions return errors in such a value."""
    return value["kind"] == "pointer" or (
        value["kind"] == "int" and value["signed"] and value["size"] >= 4
    )


def plain(value: Any) -> Any:
    """What a method was given, for comparison."""
    if isinstance(value, (ctypes.Structure, ctypes.Union)):
        return bytes(value)
    return value if isinstance(value, (bool, float)) else int(value)


class Checker:
    """All members of all tables, both ways."""

    def __init__(self, bindings: Any, library: Any) -> None:
        self.bindings, self.library = bindings, library
        self.seen = (ctypes.c_ubyte * (1 << 16)).in_dll(library, "seen")
        self.answer = ctypes.c_ubyte.in_dll(library, "answer")
        self.error = ctypes.c_int.in_dll(library, "given_error")
        self.calls = {"from C": 0, "from Python": 0}
        self.left_out: dict[str, str] = {}
        self.wrong: list[str] = []

    def table(self, facts: dict[str, Any]) -> None:
        interface = getattr(self.bindings.ops, facts["name"])
        operations = {operation.name: operation for operation in interface._operations_}
        names = [member["name"] for member in facts["members"]]
        if sorted(operations) != sorted(names):
            self.wrong.append(f"{facts['name']}: {sorted(operations)} are not {sorted(names)}")
            return
        for member in facts["members"]:
            operation = operations[member["name"]]
            where = f"{facts['name']}.{member['name']}"
            if operation.reason:
                self.left_out[where] = operation.reason
                continue
            for at in range(member["count"] or 1):
                try:
                    for first in FIRST:
                        self.from_c(interface, operation, member, first, at)
                        self.from_python(interface, operation, member, first, at)
                except (Wrong, Exception) as error:  # noqa: BLE001
                    self.wrong.append(f"{where}[{at}]: {type(error).__name__}: {error}")

    def compare(self, what: str, found: Any, expected: Any) -> None:
        if found != expected or isinstance(found, bool) != isinstance(expected, bool):
            raise Wrong(f"{what} {found!r}, not {expected!r}")

    # C calls a method of Python's

    def from_c(self, interface: Any, operation: Any, member: Any, first: int, at: int) -> None:
        returns, given = member["returns"], []
        outcome: list[Any] = [None]

        def method(*args: Any) -> Any:
            given[:] = map(plain, args)
            if isinstance(outcome[0], BaseException):
                raise outcome[0]
            return outcome[0]

        many = member["count"]
        methods = method if many is None else [None] * at + [method]
        table = interface.vtable({operation.name: methods})
        pointer_size = ctypes.sizeof(ctypes.c_void_p)
        offset = member["offset"] + pointer_size * at
        rest = bytes(table)
        rest = rest[:offset] + rest[offset + pointer_size :]
        self.compare("other bytes of the table", rest.strip(b"\0"), b"")
        drive = getattr(self.library, f"drive_{member['number']}")
        result = ctypes.create_string_buffer(returns["size"] + 1)

        def driven() -> bytes:
            drive(ctypes.byref(table), at, ctypes.c_ubyte(first), result)
            self.calls["from C"] += 1
            return result.raw[: returns["size"]]

        outcome[0] = self.result(operation, returns, first)
        data = driven()
        expected = [of_bytes(value, first + i) for i, value in enumerate(member["arguments"])]
        self.compare("arguments", given, expected)
        if returns["kind"] != "void":
            self.compare("result", data, raw(returns, first))
        if carries_errors(returns):
            outcome[0] = OSError(ERROR, "no")
            negative = (-ERROR).to_bytes(returns["size"], sys.byteorder, signed=True)
            self.compare("error", driven(), negative)

    def result(self, operation: Any, returns: dict[str, Any], byte: int) -> Any:
        """What a method returns for C to get these bytes."""
        if returns["kind"] == "void":
            return None
        value = of_bytes(returns, byte)
        if returns["kind"] == "record":
            return operation.signature.returns.python.from_buffer_copy(value)
        return value

    # Python calls a function of C's

    def from_python(self, interface: Any, operation: Any, member: Any, first: int, at: int) -> None:
        implement = getattr(self.library, f"implement_{member['number']}")
        implement.restype = ctypes.c_void_p
        table = interface.wrap(implement(at))
        name = member["name"]
        method = getattr(table, f"{name}_" if iskeyword(name) or name in OWN_NAMES else name)
        if member["count"] is not None:
            method = method[at]
        arguments = []
        for i, value in enumerate(member["arguments"]):
            argument = of_bytes(value, first + i)
            if value["kind"] == "record":
                argument = operation.signature.params[i].python.from_buffer_copy(argument)
            arguments.append(argument)
        returns = member["returns"]
        self.answer.value = first
        found = method(*arguments)
        self.calls["from Python"] += 1
        expected = b"".join(raw(v, first + i) for i, v in enumerate(member["arguments"]))
        self.compare("what C has seen", bytes(self.seen[: len(expected)]), expected)
        if returns["kind"] == "void":
            self.compare("result", found, None)
        else:
            self.compare("result", plain(found), of_bytes(returns, first))
        if carries_errors(returns):
            self.error.value = -ERROR
            try:
                answer = method(*arguments)
            except OSError as error:
                self.compare("errno", error.errno, ERROR)
            else:
                raise Wrong(f"an error is {answer!r}")
            finally:
                self.error.value = 0


def check(directory: str, package: str, library: str, facts: str) -> dict[str, Any]:
    """Make all calls; the report."""
    sys.path.insert(0, directory)
    checker = Checker(importlib.import_module(package), ctypes.CDLL(library))
    with open(facts, encoding="utf-8") as file:
        tables: Iterator[dict[str, Any]] = json.load(file)
    for table in tables:
        checker.table(table)
    return {"calls": checker.calls, "left_out": checker.left_out, "wrong": checker.wrong}


if __name__ == "__main__":
    json.dump(check(*sys.argv[1:]), sys.stdout)
