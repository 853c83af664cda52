"""Make a file a block device and look at it: LOOP_CONFIGURE, in one call.

python loop_device.py        (as root)
"""

from __future__ import annotations

import ctypes
import os
import tempfile

from uapi import bindings

m = bindings("linux/loop.h", "linux/fs.h")

SIZE = 1 << 20
NAME = b"image of an example"


def attach(image: int) -> tuple[int, str]:
    """A free loop device, opened, over the file, read-only; and its path."""
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    path = f"/dev/loop{m.ioctl(control, m.LOOP_CTL_GET_FREE)}"
    os.close(control)
    config = m.loop_config(fd=image, block_size=4096)
    config.info.lo_file_name[: len(NAME)] = NAME  # unsigned bytes to C, so no string to ctypes
    config.info.lo_sizelimit = SIZE // 2
    config.info.lo_flags = m.LO_FLAGS_READ_ONLY | m.LO_FLAGS_AUTOCLEAR
    device = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        m.ioctl(device, m.LOOP_CONFIGURE, config)
    except OSError:
        os.close(device)
        raise
    return device, path


def main() -> None:
    with tempfile.TemporaryFile() as image:
        image.truncate(SIZE)
        image.write(b"the first sector")
        image.flush()
        device, path = attach(image.fileno())
    status, block = m.loop_info64(), ctypes.c_int()
    m.ioctl(device, m.LOOP_GET_STATUS64, status)
    m.ioctl(device, m.BLKSSZGET, block)
    name = bytes(status.lo_file_name).rstrip(b"\0").decode()
    print(path, "is", name, "of inode", status.lo_inode)
    print(m.ioctl(device, m.BLKGETSIZE64), "bytes in sectors of", block.value)
    print("read-only:", bool(status.lo_flags & m.LO_FLAGS_READ_ONLY))
    print("it begins with:", os.pread(device, 16, 0).decode())
    os.close(device)  # the last to close it detaches it


if __name__ == "__main__":
    main()
