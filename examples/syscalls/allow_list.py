"""Confine a process to a few system calls, by name.

    python allow_list.py

uapigen makes the seccomp filter: the same as

    uapigen syscalls --allow names.txt --format bpf -o filter.bpf
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys

from uapi import bindings

ALLOWED = """
write exit_group            # say something, and end
getpid pidfd_open           # and ask who one is
brk mmap munmap mremap      # what the interpreter needs to go on
futex rt_sigreturn
"""

uapi = bindings("linux/seccomp.h", "linux/filter.h", "linux/prctl.h")
syscalls, seccomp, prctl = uapi.syscalls, uapi.linux.seccomp, uapi.linux.prctl
filter_h = uapi.linux.filter


# Functions are made when they are touched, which may read a file: not under the filter.
ATTEMPTS = [
    (syscalls.pidfd_open, os.getpid(), 0),
    (syscalls.pidfd_open, -1, 0),
    (syscalls.openat, -100, "/etc/passwd", os.O_RDONLY),
    (syscalls.socket, 2, 1, 0),
    (syscalls.kill, os.getpid(), 0),
]


def program(names: str) -> bytes:
    """The filter for these system calls, as instructions of BPF."""
    listed = ",".join(line.partition("#")[0] for line in names.splitlines())
    command = [sys.executable, "-m", "uapigen", "syscalls", "--allow", listed, "--format", "bpf"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def confine(instructions: bytes) -> None:
    """From now on, this process has no other system calls."""
    count = len(instructions) // ctypes.sizeof(filter_h.sock_filter)
    array = (filter_h.sock_filter * count).from_buffer_copy(instructions)
    syscalls.prctl(prctl.PR_SET_NO_NEW_PRIVS, 1)
    arguments = filter_h.sock_fprog(len=count, filter=array)
    syscalls.seccomp(seccomp.SECCOMP_SET_MODE_FILTER, 0, arguments)


def say(text: str) -> None:
    line = f"{text}\n".encode()
    syscalls.write(1, line, len(line))


def confined() -> None:
    say(f"the child is still itself: {syscalls.getpid() == os.getpid()}")
    for call, *arguments in ATTEMPTS:
        try:
            call(*arguments)
            say(f"{call.__name__}: allowed")
        except OSError as error:
            say(f"{call.__name__}: {errno.errorcode[error.errno]}")


def main() -> None:
    instructions = program(ALLOWED)
    child = os.fork()
    if not child:
        end = syscalls.exit_group
        try:
            confine(instructions)
            confined()
        finally:
            end(0)
    os.waitpid(child, 0)
    with open("/etc/passwd") as file:
        print("the parent still opens", file.name)


if __name__ == "__main__":
    main()
