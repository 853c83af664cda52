"""Ask for what os.stat() has no field for: when a file was born, its mount, its attributes.

python statx.py [FILE]
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/stat.h", "linux/fcntl.h", "asm/unistd.h")


def statx(path: str) -> Any:
    """The file's ``struct statx``; ``stx_mask`` says which of its members the kernel filled in."""
    wanted = m.STATX_BASIC_STATS | m.STATX_BTIME | m.STATX_MNT_ID
    found = m.statx()
    syscall(m.__NR_statx, m.AT_FDCWD, os.fsencode(path), 0, wanted, found)
    return found


def main(path: str = sys.executable) -> None:
    found = statx(path)
    print("inode", found.stx_ino, "on device", f"{found.stx_dev_major}:{found.stx_dev_minor}")
    print("size", found.stx_size, "mode", oct(found.stx_mode))
    if found.stx_mask & m.STATX_BTIME:
        born = datetime.fromtimestamp(found.stx_btime.tv_sec, timezone.utc)
        print("born", born.replace(microsecond=found.stx_btime.tv_nsec // 1000).isoformat())
    if found.stx_mask & m.STATX_MNT_ID:
        print("mount", found.stx_mnt_id)
    known = [name for name in dir(m) if name.startswith("STATX_ATTR_")]
    print("attributes", *(n for n in known if found.stx_attributes & getattr(m, n)))


if __name__ == "__main__":
    main(*sys.argv[1:])
