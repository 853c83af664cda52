"""Syscall tables written by hand, and the modules that are made of them."""

from __future__ import annotations

import itertools
import sys
import types
from typing import Any

from uapigen.emit.syscalls import syscalls_abi, syscalls_file, table_text
from uapigen.ir.syscalls import Syscall, SyscallParam, SyscallTable
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.lowering import lower

__all__ = ["X86_64", "call", "module_of", "table"]

_NUMBERS = itertools.count()


def call(abi: str, number: int, declaration: str, returns: str = "int") -> Syscall:
    """A syscall declared as ``read(unsigned int fd, char * buf, size_t count)``."""
    name, _, inside = declaration.removesuffix(")").partition("(")
    params = []
    for part in filter(None, inside.split(", ")):
        c_type, _, param = part.rpartition(" ")
        params.append(SyscallParam(param, c_type))
    lowering = lower(ABIS[abi], name, params, TARGETS[abi])
    return Syscall(number, name, f"sys_{name}", tuple(params), returns, lowering=lowering)


def table(abi: str, *calls: Syscall) -> SyscallTable:
    return SyscallTable(abi, calls, ("by hand",))


def module_of(made: SyscallTable) -> Any:
    """A table as the single-file module that uapigen writes, imported."""
    model, registers = TARGETS[made.abi], ABIS[made.abi].argument_registers
    text = table_text(made, model, registers)
    source = syscalls_file(syscalls_abi(model, made.sources), registers, text)
    module = types.ModuleType(f"by_hand_{made.abi}_{next(_NUMBERS)}")
    module.__file__ = "by_hand.py"
    sys.modules[module.__name__] = module
    exec(compile(source, "by_hand.py", "exec"), module.__dict__)
    return module


X86_64 = table(
    "x86_64",
    call("x86_64", 0, "read(unsigned int fd, char * buf, size_t count)"),
    call("x86_64", 1, "write(unsigned int fd, const char * buf, size_t count)"),
    call("x86_64", 8, "lseek(unsigned int fd, off_t offset, unsigned int whence)"),
    call(
        "x86_64",
        9,
        "mmap(long unsigned int addr, long unsigned int len, long unsigned int prot,"
        " long unsigned int flags, long unsigned int fd, long unsigned int off)",
        "address",
    ),
    call("x86_64", 16, "ioctl(unsigned int fd, unsigned int cmd, long unsigned int arg)"),
    call("x86_64", 24, "sched_yield()", "always"),
    call("x86_64", 39, "getpid()", "always"),
    call("x86_64", 59, "execve(const char * filename, const char *const * argv, void * envp)"),
    call("x86_64", 82, "rename(const char * oldname, const char * from)"),
    call("x86_64", 95, "umask(int mask)", "always"),
    call("x86_64", 110, "getppid()", "always"),
    call("x86_64", 137, "statfs(const char * pathname, struct statfs * buf)"),
    call("x86_64", 231, "exit_group(int error_code)", "never"),
    call("x86_64", 257, "openat(int dfd, const char * filename, int flags, umode_t mode)"),
    Syscall(212, "lookup_dcookie", "", None, reason="not implemented: every kernel answers ENOSYS"),
    Syscall(17, "break", "", None, reason="not implemented"),
)
