"""The first release with a syscall: from the list in ``man 2 syscalls``, and what that lacks.

The manual page's list has a row for each call: the name, the release, notes. It
speaks of the first architecture that had the call.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from uapigen.errors import InputError, SystemRefusalError

__all__ = ["ADDED", "of_manual"]

# The calls with 64-bit times of 32-bit ABIs, which came all at once
_TIME64 = (
    "clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 "
    "clock_settime64 futex_time64 io_pgetevents_time64 mq_timedreceive_time64 "
    "mq_timedsend_time64 ppoll_time64 pselect6_time64 recvmmsg_time64 "
    "rt_sigtimedwait_time64 sched_rr_get_interval_time64 semtimedop_time64 "
    "timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64"
)

ADDED = {
    # Releases of Linus' tree in which scripts/syscall.tbl, or before it
    # include/uapi/asm-generic/unistd.h or an architecture's table, has got them
    **dict.fromkeys(_TIME64.split(), "5.1"),
    "cachestat": "6.5",
    "fchmodat2": "6.6",
    "file_getattr": "6.17",
    "file_setattr": "6.17",
    "futex_requeue": "6.7",
    "futex_wait": "6.7",
    "futex_waitv": "5.16",
    "futex_wake": "6.7",
    "getxattrat": "6.13",
    "listmount": "6.8",
    "listns": "6.19",
    "listxattrat": "6.13",
    "lsm_get_self_attr": "6.8",
    "lsm_list_modules": "6.8",
    "lsm_set_self_attr": "6.8",
    "map_shadow_stack": "6.6",
    "mount_setattr": "5.12",
    "mseal": "6.10",
    "open_tree_attr": "6.15",
    "pread64": "2.2",  # as pread
    "process_mrelease": "5.15",
    "pwrite64": "2.2",
    "removexattrat": "6.13",
    "riscv_hwprobe": "6.4",
    "rseq_slice_yield": "7.0",
    "set_mempolicy_home_node": "5.17",
    "setxattrat": "6.13",
    "statmount": "6.8",
    "uprobe": "6.18",
    "uretprobe": "6.11",
}

_ROW = re.compile(r"\\fB(\w+)\\fP\(2\)\t(\d+\.\d+(?:\.\d+)?)(?=[\t;\n])")


def of_manual(path: Path) -> dict[str, str]:
    """The releases that ``syscalls.2`` (or ``.2.gz``) has, by name.

    Raises :class:`SystemRefusalError` where it cannot be read, :class:`InputError` where it has no
    list.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    lines = (line + "\n" for line in text.splitlines() if not line.startswith(('.\\"', "'\\\"")))
    found = {row[1]: row[2] for line in lines if (row := _ROW.match(line))}
    if not found:
        raise InputError(str(path), "", "has no list of syscalls")
    return found
