"""Mount a file system that is written in Python.

    python mount.py memfs.py /mnt                    until Ctrl-C, SIGTERM or umount
    python mount.py --private memfs.py /mnt          in a mount namespace of its own
    python mount.py memfs.py /mnt -- ls -la /mnt     while a command runs

The file has a class with ``fill_super``. Needs root and /dev/fuse. "mounted" is printed when it is.
"""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tables
from generated_types import kernel, uapi

syscalls = kernel.syscalls
linux = uapi.linux
MNT_FORCE, MNT_DETACH, UMOUNT_NOFOLLOW = 1, 2, 8  # include/linux/fs.h


class Mountpoint:
    """A place where a file system is mounted, until it is unmounted, whatever happens."""

    def __init__(self, path: str, name: str) -> None:
        """Mount; ``device`` is then the descriptor by which requests are read."""
        self.path = os.path.realpath(path)
        self.guard, self.guard_pid = _guard(self.path)
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        mode = stat.S_IFMT(os.stat(self.path).st_mode)
        options = f"fd={self.device},rootmode={mode:o},user_id=0,group_id=0"
        options += ",default_permissions,allow_other"
        flags = linux.mount.MS_NOSUID | linux.mount.MS_NODEV
        syscalls.mount(name, self.path, f"fuse.{name}", flags, options.encode())
        self.unmounting = threading.Lock()
        self.ended: Callable[[], None] = bool
        """What else to call when the connection is ended by force."""

    def unmount(self, *_: Any) -> None:
        """Unmount, by a thread of its own: the client may have to write data back first.

        Somebody may be inside; then the connection is ended, and they get errors.
        """
        if self.unmounting.acquire(blocking=False):
            threading.Thread(target=self._unmount, daemon=True).start()

    def _unmount(self) -> None:
        for flags in (0, MNT_FORCE | MNT_DETACH):
            try:
                syscalls.umount2(self.path, flags | UMOUNT_NOFOLLOW)
            except OSError as error:
                if error.errno == errno.EINVAL:  # somebody else has unmounted it
                    return
                if error.errno != errno.EBUSY:
                    raise
            else:
                if flags:
                    self.ended()
                return

    def close(self) -> None:
        """It is unmounted: send the guard away."""
        os.close(self.device)
        os.write(self.guard, b"unmounted")
        os.close(self.guard)
        os.waitpid(self.guard_pid, 0)


def _guard(path: str) -> tuple[int, int]:
    """A process that unmounts when this one dies: (pipe to send it away by, process id)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(reading)
        return writing, child
    try:
        os.close(writing)
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if not os.read(reading, 1):
            syscalls.umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW)
    finally:
        os._exit(0)


def file_system(path: str) -> Any:
    """An instance of the class with ``fill_super`` in a file."""
    file = Path(path).resolve()
    sys.path.insert(0, str(file.parent))
    module = importlib.import_module(file.stem)
    for found in vars(module).values():
        if isinstance(found, type) and "fill_super" in vars(found):
            return found()
    raise SystemExit(f"{path} has no class with fill_super()")


def run(path: str, mountpoint: str, threads: int, *, write_through: bool) -> None:
    """Mount and serve until unmounted."""
    from bridge import Mounted, serve

    made = file_system(path)
    point = Mountpoint(mountpoint, os.fsdecode(made.name))
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, point.unmount)
        mounted = Mounted(made, point.device, write_through=write_through)
        point.ended = mounted.interrupt_all
        # What the interpreter has so far lives as long as it does; little of what comes is cyclic.
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        print("mounted", flush=True)
        serve(mounted, threads)
    finally:
        point._unmount()
        point.close()


def beside(command: list[str], arguments: list[str]) -> int:
    """Run a command while a process of its own serves; returns the command's exit code.

    Ctrl-C is for the command, which is why the server is no member of its process group; other
    signals go on to it.
    """
    server = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE,
        preexec_fn=os.setpgrp,
    )  # fmt: skip
    assert server.stdout is not None
    if server.stdout.readline() != b"mounted\n":
        return server.wait()
    running: subprocess.Popen[bytes] | None = None

    def hand_on(number: int, _: Any) -> None:
        if running is None:
            sys.exit(128 + number)
        running.send_signal(number)

    try:
        # A handler, which the command does not inherit as it would SIG_IGN.
        signal.signal(signal.SIGINT, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, hand_on)
        running = subprocess.Popen(command)
        code = running.wait()
        return code if code >= 0 else 128 - code
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file_system", metavar="FILE.py")
    parser.add_argument("mountpoint")
    parser.add_argument("--private", action="store_true", help="in a mount namespace of its own")
    parser.add_argument("--threads", type=int, default=1, help="that answer requests (default: 1)")
    parser.add_argument(
        "--through-c", action="store_true", help="call methods by their C function pointers"
    )
    parser.add_argument(
        "--write-through", action="store_true", help="write at once, not when the client likes"
    )
    arguments, command = sys.argv[1:], []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, command = arguments[:at], arguments[at + 1 :]
    options = parser.parse_args(arguments)
    if options.private:
        syscalls.unshare(linux.sched.CLONE_NEWNS)
        syscalls.mount("none", "/", None, linux.mount.MS_REC | linux.mount.MS_PRIVATE, None)
        arguments.remove("--private")
    if command:
        return beside(command, [__file__, *arguments])
    if options.through_c:
        tables.call_through_c()
    run(
        options.file_system,
        options.mountpoint,
        options.threads,
        write_through=options.write_through,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
