"""Make a POSIX message queue of a given shape, and ask how full it is: ``struct mq_attr``.

    python message_queue.py

Python's standard library has no functions for these queues, and libc's are not needed.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/mqueue.h", "asm/unistd.h")

NAME = f"uapigen-example-{os.getpid()}".encode()


def create(messages: int, message_size: int) -> int:
    attr = m.mq_attr(mq_maxmsg=messages, mq_msgsize=message_size)
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NONBLOCK
    return syscall(m.__NR_mq_open, NAME, flags, 0o600, attr)


def attributes(queue: int) -> Any:
    attr = m.mq_attr()
    syscall(m.__NR_mq_getsetattr, queue, None, attr)
    return attr


def main() -> None:
    queue = create(messages=3, message_size=64)
    try:
        for text, priority in ((b"later", 1), (b"sooner", 9)):
            syscall(m.__NR_mq_timedsend, queue, text, len(text), priority, None)
        print(attributes(queue))
        buffer, priority = ctypes.create_string_buffer(64), ctypes.c_uint()
        while attributes(queue).mq_curmsgs:
            length = syscall(m.__NR_mq_timedreceive, queue, buffer, 64, priority, None)
            print(priority.value, buffer.raw[:length].decode())
    finally:
        syscall(m.__NR_mq_unlink, NAME)
        os.close(queue)


if __name__ == "__main__":
    main()
