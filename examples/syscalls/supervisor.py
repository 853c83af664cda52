"""Answer another process's system calls: a supervisor by seccomp user notification.

    python supervisor.py

A child runs under a filter that asks its parent about two calls. The parent answers by Python
functions: getppid() is a lie, /etc/motd is a file that exists nowhere, and everything else is
opened as usual.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from typing import Any

from uapi import bindings

uapi = bindings("linux/seccomp.h", "linux/filter.h", "linux/prctl.h", "linux/audit.h")
syscalls, seccomp, bpf = uapi.syscalls, uapi.linux.seccomp, uapi.linux.filter
handlers = syscalls.Handlers()


@handlers
def getppid() -> int:
    return 42


@handlers
def openat(dfd: int, filename: Any, flags: int, mode: int, *, call: Any) -> int:
    if filename.string != b"/etc/motd":
        call.context.response.flags = seccomp.SECCOMP_USER_NOTIF_FLAG_CONTINUE
        return 0
    if flags & os.O_ACCMODE != os.O_RDONLY:
        raise OSError(errno.EROFS, f"mode {mode:o} below {dfd}")
    return call.context.give(b"Welcome to nowhere.\n")


class Notification:
    """One call of the child's, and the answer to it."""

    def __init__(self, listener: int) -> None:
        self.listener = listener
        self.request = seccomp.seccomp_notif()
        uapi.ioctl(listener, seccomp.SECCOMP_IOCTL_NOTIF_RECV, self.request)
        self.response = seccomp.seccomp_notif_resp(id=self.request.id)

    def give(self, content: bytes) -> int:
        """A descriptor in the child of a file with this content."""
        memory = os.memfd_create("given")
        os.write(memory, content)
        os.lseek(memory, 0, os.SEEK_SET)
        given = seccomp.seccomp_notif_addfd(id=self.request.id, srcfd=memory)
        try:
            return uapi.ioctl(self.listener, seccomp.SECCOMP_IOCTL_NOTIF_ADDFD, given)
        finally:
            os.close(memory)

    def answer(self) -> None:
        data = self.request.data
        with syscalls.ProcessMemory(self.request.pid) as memory:
            result = handlers.dispatch(data.nr, list(data.args), memory, context=self)
        failed = -4096 < result < 0
        self.response.error, self.response.val = (result, 0) if failed else (0, result)
        uapi.ioctl(self.listener, seccomp.SECCOMP_IOCTL_NOTIF_SEND, self.response)


def instruction(code: int, k: int, jt: int = 0, jf: int = 0) -> Any:
    return bpf.sock_filter(code=code, jt=jt, jf=jf, k=k)


def ask_about(numbers: tuple[int, ...]) -> int:
    """From now on, these calls wait for whoever has the descriptor that is returned."""
    load = bpf.BPF_LD | bpf.BPF_W | bpf.BPF_ABS
    jump, end = bpf.BPF_JMP | bpf.BPF_JEQ | bpf.BPF_K, bpf.BPF_RET | bpf.BPF_K
    program = [instruction(load, seccomp.seccomp_data.nr.offset)]
    program += [instruction(jump, nr, len(numbers) - at) for at, nr in enumerate(numbers)]
    program += [instruction(end, seccomp.SECCOMP_RET_ALLOW)]
    program += [instruction(end, seccomp.SECCOMP_RET_USER_NOTIF)]
    array = (bpf.sock_filter * len(program))(*program)
    syscalls.prctl(uapi.linux.prctl.PR_SET_NO_NEW_PRIVS, 1)
    return syscalls.seccomp(
        seccomp.SECCOMP_SET_MODE_FILTER,
        seccomp.SECCOMP_FILTER_FLAG_NEW_LISTENER,
        bpf.sock_fprog(len=len(program), filter=array),
    )


def start(command: list[str], numbers: tuple[int, ...]) -> tuple[int, int]:
    """(process id of a command under the filter, descriptor by which its calls are answered)."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        listener = ask_about(numbers)
        socket.send_fds(theirs, [b"x"], [listener])
        os.close(listener)
        os.execvp(command[0], command)
    _, (listener,), *_ = socket.recv_fds(ours, 1, 1)
    return child, listener


CHILD = """
import os
print("my parent is", os.getppid())
print(open("/etc/motd").read(), end="")
try:
    open("/etc/motd", "w")
except OSError as error:
    print("writing:", error.strerror)
print("and the rest is there:", bool(open("/etc/passwd").read()))
"""


def main() -> None:
    command = sys.argv[1:] or [sys.executable, "-c", CHILD]
    child, listener = start(command, handlers.numbers)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    asked = 0
    while not waiting.poll()[0][1] & select.POLLHUP:  # until nobody is under the filter any more
        Notification(listener).answer()
        asked += 1
    _, status = os.waitpid(child, 0)
    print("the parent was asked:", asked > 3)
    raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
