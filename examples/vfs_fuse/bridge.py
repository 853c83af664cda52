"""The FUSE protocol on one side, the kernel's operation tables on the other.

A :class:`Worker` reads requests from /dev/fuse, one after another, calls the methods behind
``i_op``, ``i_fop`` and ``s_op``, and answers.
"""

from __future__ import annotations

import ctypes
import errno
import threading
from collections.abc import Callable

from attributes import AttributeRequests
from context import Mounted, failure
from files import FileRequests
from objects import current
from protocol import MAX_PAGES, MAX_WRITE, OUT_HEADER, WANTED
from uapi.linux import fuse
from unraisable import report

__all__ = ["Mounted", "Worker", "serve"]

READAHEAD = MAX_WRITE
"""Bytes that the client may read ahead."""


class Worker(FileRequests, AttributeRequests):
    """Reads requests and answers them, alone or beside others."""

    def __init__(self, mounted: Mounted, *, alone: bool) -> None:
        super().__init__(mounted)
        self.alone = alone
        self.handlers: dict[int, Callable[[int], int | None]] = {
            opcode: getattr(self, f"do_{opcode.name.removeprefix('FUSE_').lower()}")
            for opcode in fuse.fuse_opcode
            if hasattr(self, f"do_{opcode.name.removeprefix('FUSE_').lower()}")
        }

    def serve(self) -> None:
        """Answer requests until the file system is unmounted."""
        current.interrupted, current.header = self.interrupted, self.channel.header
        channel, handlers, told = self.channel, self.handlers, self.told
        header = channel.header
        while channel.receive():
            handler = handlers.get(header.opcode)
            if not self.alone:
                self.enter()
            size: int | None = 0
            code = 0
            try:
                size = handler(header.nodeid) if handler else self.unknown()
            except OSError as error:
                code = error.errno or errno.EIO
            except BaseException as error:  # noqa: BLE001 whatever it is, the mount lives on
                report(error, f"answering {fuse.fuse_opcode(header.opcode).name}")
                code = errno.EIO
            if not self.alone:
                self.leave()
            if size is None:
                continue
            sent = channel.send(0 if code else size, code)
            if told:
                if not sent:  # the client never learnt of them
                    for inode in told:
                        self.forget(inode, 1)
                told.clear()

    def unknown(self) -> int:
        """A request that nothing here answers; the client does without from then on."""
        raise failure(errno.ENOSYS)

    def enter(self) -> None:
        """From now on the request may be interrupted."""
        with self.mounted.lock:
            self.interrupted.clear()
            self.mounted.active[self.channel.header.unique] = self.interrupted

    def leave(self) -> None:
        with self.mounted.lock:
            del self.mounted.active[self.channel.header.unique]

    def do_init(self, _node: int) -> int:
        """Agree on what both sides can do."""
        args, out = (
            self.args[fuse.FUSE_INIT],
            fuse.fuse_init_out.from_buffer(self.reply, OUT_HEADER),
        )
        offered = args.flags | args.flags2 << 32
        if args.major != fuse.FUSE_KERNEL_VERSION or WANTED & ~offered:
            raise failure(errno.EPROTO)
        out.major = fuse.FUSE_KERNEL_VERSION
        out.minor = min(args.minor, fuse.FUSE_KERNEL_MINOR_VERSION)
        out.max_readahead, out.max_write, out.max_pages = READAHEAD, MAX_WRITE, MAX_PAGES
        wanted = WANTED | (0 if self.mounted.write_through else fuse.FUSE_WRITEBACK_CACHE)
        out.flags, out.flags2 = wanted & 0xFFFFFFFF, wanted >> 32
        out.max_background, out.congestion_threshold, out.time_gran = 64, 48, 1
        return ctypes.sizeof(out)

    def do_interrupt(self, _node: int) -> int | None:
        """The caller of a request got a signal; it may not have been begun yet: ask again then."""
        if self.mounted.interrupt(self.args[fuse.FUSE_INTERRUPT].unique):
            return None
        raise failure(errno.EAGAIN)

    def do_destroy(self, _node: int) -> int:
        return 0


def serve(mounted: Mounted, threads: int) -> None:
    """Answer by so many threads, of which this is one, until the file system is unmounted."""
    others = [
        threading.Thread(target=Worker(mounted, alone=False).serve, name=f"worker {number}")
        for number in range(1, threads)
    ]
    for thread in others:
        thread.start()
    Worker(mounted, alone=threads == 1).serve()
    for thread in others:
        thread.join()
    mounted.close()
