"""C threads call a table of Python methods, while Python makes, calls and drops other tables.

    python threads.py DIRECTORY PACKAGE LIBRARY CALLS

Runs on any Python. Prints JSON: wrong results, what was reported, and the memory that the process
had at the beginning and after each tenth of the calls (kB).
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import json
import sys
import threading
from typing import Any

THREADS = 8
WARM_UP = 2000
"""Tables made beforehand: callbacks that are dropped are kept for a while, up to a number."""


class Methods:
    """What the C side calls; it knows what to expect."""

    def __init__(self, bindings: Any) -> None:
        self.bindings = bindings

    def none(self) -> int:
        return 7

    def with_1(self, value: int) -> int:
        raise OSError(value % 100 + 1, "no")

    def with_3(self, a: int, b: int, c: int) -> int:
        return a + b + c

    def pointer(self, first: Any, second: Any) -> Any:
        if second:
            raise OSError(errno.ENOMEM, "no memory")
        return first

    def value_17(self, value: Any, number: int) -> Any:
        result = self.bindings.seventeen()
        result.a[0], result.a[16] = value.a[16], number
        return result

    def truth(self, a: bool, _: int, b: bool) -> bool:
        return a and not b

    def signed_quad(self, value: int) -> int:
        return -value


def resident() -> int:
    """This process's memory, in kB, without what is in cycles that nobody has looked for yet."""
    gc.collect()
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class Churn(threading.Thread):
    """Makes tables, calls through them and drops them, until told to stop."""

    def __init__(self, interface: Any, methods: Methods) -> None:
        super().__init__()
        self.interface, self.methods = interface, methods
        self.stopped = threading.Event()
        self.made = self.wrong = 0

    def run(self) -> None:
        while not self.stopped.wait(0.001):
            table = self.interface.wrap(self.interface.vtable(self.methods))
            self.made += 1
            self.wrong += table.with_3(1, 2, 3) != 6 or table.none() != 7


def stress(bindings: Any, library: Any, calls: int) -> dict[str, Any]:
    """The calls from C threads."""
    interface, methods = bindings.ops.class_operations, Methods(bindings)
    table = interface.vtable(methods)
    library.call_from_threads.restype = ctypes.c_long
    library.call_from_threads.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_ulong]
    wrong = done = 0
    for _ in range(WARM_UP):
        interface.vtable(methods)
    address = ctypes.addressof(table)
    memory = [resident()]
    churn = Churn(interface, methods)
    churn.start()
    while done < calls:
        part = calls // 10
        wrong += library.call_from_threads(address, THREADS, part)
        done += part
        memory.append(resident())
    churn.stopped.set()
    churn.join()
    return {
        "calls": done,
        "wrong": wrong + churn.wrong,
        "tables made": churn.made,
        "memory": memory,
    }


def drop(bindings: Any, library: Any) -> dict[str, Any]:
    """A table goes while C threads call it: refused, and reported, but no crash."""
    interface = bindings.ops.class_operations
    reported: list[str] = []
    sys.unraisablehook = lambda said: reported.append(type(said.exc_value).__name__)
    calls, wrong = ctypes.c_ulong(), 0
    for _ in range(20):
        # C keeps the address and tells nobody.
        table = interface.vtable(Methods(bindings))
        if library.start_calling(ctypes.c_void_p(ctypes.addressof(table))):
            raise OSError("no threads")
        del table
        wrong += library.stop_calling(ctypes.byref(calls))
    return {"calls": calls.value, "wrong": wrong, "reported": sorted(set(reported))}


def main(directory: str, package: str, path: str, calls: str) -> None:
    sys.path.insert(0, directory)
    bindings, library = importlib.import_module(package), ctypes.CDLL(path)
    report = {"stress": stress(bindings, library, int(calls)), "drop": drop(bindings, library)}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
