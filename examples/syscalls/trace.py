"""An strace in sixty lines: what a command asks the kernel, with arguments of the right types.

    python trace.py COMMAND [ARGUMENT...]

The kernel says which call it is and what lies in the registers (PTRACE_GET_SYSCALL_INFO); the
generated table says what that means.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import signal
import sys
from typing import Any

from uapi import bindings

uapi = bindings("linux/ptrace.h")
syscalls, ptrace = uapi.syscalls, uapi.linux.ptrace
SYSCALL_STOP = signal.SIGTRAP | 0x80  # with PTRACE_O_TRACESYSGOOD


def shown(param: Any, value: Any) -> str:
    """An argument as C would write it: strings are read from the other process."""
    if param.kind != "p":
        return str(value) if abs(value) < 1 << 20 else hex(value)
    if param.c_type == "const char *" and not param.counted_by and value:
        try:
            return '"' + value.string.decode("utf-8", "backslashreplace") + '"'
        except OSError:
            pass  # no string there: its address, then
    return hex(value) if value else "NULL"


def described(number: int, words: list[int], memory: Any) -> str:
    """A call with its arguments."""
    if number not in syscalls.TABLE:
        return f"syscall_{number:#x}({', '.join(map(hex, words))})"
    call = syscalls.TABLE[number]
    if call.params is None:
        return f"{call.name}({', '.join(map(hex, words))})"
    values = call.arguments(words, memory)
    return f"{call.name}({', '.join(map(shown, call.params, values))})"


def result(value: int, is_error: int) -> str:
    """A result as strace has it: ``-1 ENOENT (No such file or directory)``."""
    if not is_error:
        return hex(value) if value > 1 << 32 else str(value)
    return f"-1 {errno.errorcode.get(-value, -value)} ({os.strerror(-value)})"


def trace(pid: int, out: Any) -> int:
    """Follow a process, which has stopped, from its execve() to its end; its wait status."""
    info = ptrace.ptrace_syscall_info()
    options = ptrace.PTRACE_O_TRACESYSGOOD | ptrace.PTRACE_O_EXITKILL
    syscalls.ptrace(ptrace.PTRACE_SETOPTIONS, pid, 0, options)
    line = ""
    passed_on = 0  # a signal of the process's own
    while True:
        syscalls.ptrace(ptrace.PTRACE_SYSCALL, pid, 0, passed_on)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            print(f"{line} = ?", file=out)
            return status
        passed_on = os.WSTOPSIG(status)
        if passed_on != SYSCALL_STOP:
            passed_on *= passed_on != signal.SIGTRAP  # which execve() leaves
            continue
        passed_on = 0
        syscalls.ptrace(ptrace.PTRACE_GET_SYSCALL_INFO, pid, ctypes.sizeof(info), info)
        if info.op == ptrace.PTRACE_SYSCALL_INFO_ENTRY:
            if line or info.entry.nr == syscalls.NR.execve:
                with syscalls.ProcessMemory(pid) as memory:
                    line = described(info.entry.nr, list(info.entry.args), memory)
        elif line:
            print(f"{line} = {result(info.exit.rval, info.exit.is_error)}", file=out)


def main() -> None:
    path = shutil.which(sys.argv[1]) or sys.argv[1]
    child = os.fork()
    if not child:
        syscalls.ptrace(ptrace.PTRACE_TRACEME)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execv(path, sys.argv[1:])
    os.waitpid(child, 0)
    raise SystemExit(os.waitstatus_to_exitcode(trace(child, sys.stderr)) & 0xFF)


if __name__ == "__main__":
    main()
