"""Bindings of the running kernel's types, with its syscalls: ``k`` and ``calls``."""

from __future__ import annotations

import errno
import importlib
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import run_uapigen

NAME = "syscall_bindings"
STRUCTS = (
    "__kernel_itimerspec",
    "__kernel_timespec",
    "__user_cap_data_struct",
    "__user_cap_header_struct",
    "cachestat",
    "cachestat_range",
    "clone_args",
    "epoll_event",
    "file_attr",
    "futex_waitv",
    "io_uring_params",
    "iovec",
    "landlock_path_beneath_attr",
    "landlock_ruleset_attr",
    "mnt_id_req",
    "mount_attr",
    "mq_attr",
    "new_utsname",
    "open_how",
    "pollfd",
    "rlimit64",
    "rusage",
    "sched_attr",
    "siginfo",
    "stat",
    "statfs",
    "statmount",
    "statx",
    "sysinfo",
    "tms",
    "xattr_args",
)


@pytest.fixture(scope="session")
def k(running_kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The package: types of this kernel, and ``syscalls``."""
    if platform.machine() != "x86_64":
        pytest.skip("needs x86_64")
    folder = tmp_path_factory.mktemp("bindings")
    only = [f"--only=struct {name}" for name in STRUCTS]
    out = folder / NAME
    run_uapigen(running_kernel, *only, "--only=union bpf_attr", "-o", out, "--quiet")
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module(f"{NAME}.syscalls")
        return importlib.import_module(NAME)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def calls(k: Any) -> Any:
    """The module with the functions."""
    return k.syscalls


@contextmanager
def kernel_with(what: str) -> Iterator[None]:
    """Skip where the kernel was built without something, or keeps it to itself."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP):
            pytest.skip(f"needs {what}")
        raise


def error_of(function: Callable[..., Any], *arguments: Any) -> str:
    """The name of the errno that a call fails with."""
    with pytest.raises(OSError) as caught:
        function(*arguments)
    assert caught.value.strerror == os.strerror(caught.value.errno)
    return errno.errorcode[caught.value.errno]


def in_child(body: Callable[[], None]) -> int:
    """Run something in a child process, whose exit status is returned: 0 if nothing was raised."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            body()
            status = 0
        except BaseException:  # noqa: BLE001  # whatever it is, the parent is told
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
