"""Provide a page of memory at the moment somebody touches it: userfaultfd.

python userfaultfd.py
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading

from uapi import bindings, syscall

m = bindings("linux/userfaultfd.h", "asm/unistd.h")

PAGE = mmap.PAGESIZE


def watched(address: int, size: int) -> int:
    """A descriptor that tells of touches of missing pages in that range."""
    fd = syscall(m.__NR_userfaultfd, os.O_CLOEXEC | m.UFFD_USER_MODE_ONLY)
    m.ioctl(fd, m.UFFDIO_API, m.uffdio_api(api=m.UFFD_API))
    register = m.uffdio_register(mode=m.UFFDIO_REGISTER_MODE_MISSING)
    register.range.start, register.range.len = address, size
    m.ioctl(fd, m.UFFDIO_REGISTER, register)
    if not register.ioctls >> m._UFFDIO_COPY & 1:
        raise SystemExit("needs UFFDIO_COPY")
    return fd


def provide(fd: int, first: int) -> None:
    """Resolve one fault: the page is filled with words about itself."""
    message = m.uffd_msg()
    os.readv(fd, [message])
    if message.event != m.UFFD_EVENT_PAGEFAULT:
        raise RuntimeError(f"unexpected event {message.event:#x}")
    page = message.arg.pagefault.address & -PAGE
    content = ctypes.create_string_buffer(b"made for page %d" % ((page - first) // PAGE), PAGE)
    copy = m.uffdio_copy(dst=page, src=ctypes.addressof(content), len=PAGE)
    m.ioctl(fd, m.UFFDIO_COPY, copy)
    print("fault at page", (page - first) // PAGE, "resolved with", copy.copy, "bytes")


def main() -> None:
    memory = mmap.mmap(-1, 4 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fd = watched(address, len(memory))
    provider = threading.Thread(target=provide, args=(fd, address))
    provider.start()
    # memmove lets other threads run, unlike memory[...], which would wait for itself.
    seen = ctypes.create_string_buffer(16)
    ctypes.memmove(seen, address + 2 * PAGE, 15)
    provider.join()
    print("read:", seen.value.decode())
    os.close(fd)


if __name__ == "__main__":
    main()
