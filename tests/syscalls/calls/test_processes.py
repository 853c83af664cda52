"""Calls about processes, time and limits, really made: what they do, and how they fail."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import threading
import time
from typing import Any

import pytest

from .conftest import error_of, in_child, kernel_with


def test_who_asks(calls: Any) -> None:
    assert calls.getpid() == os.getpid()
    assert calls.getppid() == os.getppid()
    assert calls.gettid() == threading.get_native_id()
    assert (calls.getuid(), calls.geteuid()) == (os.getuid(), os.geteuid())
    assert (calls.getgid(), calls.getegid()) == (os.getgid(), os.getegid())
    assert calls.getpgid(0) == os.getpgid(0)
    assert calls.getsid(0) == os.getsid(0)
    assert error_of(calls.getpgid, 2**31 - 1) == "ESRCH"
    three = (ctypes.c_uint * 3)()
    assert calls.getresuid(three, ctypes.byref(three, 4), ctypes.byref(three, 8)) == 0
    assert list(three) == list(os.getresuid())


def test_ids_that_never_fail_may_be_large(calls: Any) -> None:
    def become() -> None:
        assert calls.setresuid(2**32 - 2, 2**32 - 2, -1) == 0
        assert calls.getuid() == calls.geteuid() == 2**32 - 2

    if os.getuid():
        pytest.skip("needs root")
    assert in_child(become) == 0


def test_pidfd(calls: Any) -> None:
    pid = os.fork()
    if not pid:
        signal.pause()
        os._exit(0)
    fd = calls.pidfd_open(pid, 0)
    assert calls.pidfd_send_signal(fd, signal.SIGKILL, None, 0) == 0
    info = bytearray(128)
    assert calls.waitid(3, fd, info, 4, None) == 0  # P_PIDFD, WEXITED
    number, _, code, _, who = struct.unpack_from("5i", info)
    assert (number, code, who) == (signal.SIGCHLD, 2, pid)  # CLD_KILLED
    assert error_of(calls.pidfd_send_signal, fd, 0, None, 0) == "ESRCH"
    os.close(fd)
    assert error_of(calls.pidfd_open, pid, 0) == "ESRCH"
    assert error_of(calls.pidfd_open, os.getpid(), 1) == "EINVAL"
    own = calls.pidfd_open(os.getpid(), 0)
    twin = calls.pidfd_getfd(own, 0, 0)
    assert os.fstat(twin).st_ino == os.fstat(0).st_ino
    assert error_of(calls.pidfd_getfd, own, 100000, 0) == "EBADF"
    os.close(own)
    os.close(twin)


def test_clone3(k: Any, calls: Any) -> None:
    pidfd = ctypes.c_int(-1)
    arguments = k.clone_args(
        flags=0x1000, pidfd=ctypes.addressof(pidfd), exit_signal=signal.SIGCHLD
    )
    pid = calls.clone3(arguments, ctypes.sizeof(arguments))
    if not pid:
        os._exit(17)
    assert pidfd.value > 2
    status = ctypes.c_int()
    assert calls.wait4(pid, status, 0, k.rusage()) == pid
    assert os.waitstatus_to_exitcode(status.value) == 17
    os.close(pidfd.value)
    assert error_of(calls.clone3, arguments, 8) == "EINVAL"
    # A kernel that knows less than the struct has refuses what it does not know.
    longer = bytes(arguments) + b"\1" * 8
    assert error_of(calls.clone3, bytearray(longer), len(longer)) == "E2BIG"


def test_exit_group_does_not_return(calls: Any) -> None:
    assert in_child(lambda: calls.exit_group(3)) == 3


def test_signals(calls: Any) -> None:
    mask, before, pending = (ctypes.c_uint64() for _ in range(3))
    mask.value = 1 << signal.SIGUSR1 - 1
    assert calls.rt_sigprocmask(0, mask, before, 8) == 0  # SIG_BLOCK
    assert calls.tgkill(os.getpid(), threading.get_native_id(), signal.SIGUSR1) == 0
    assert calls.rt_sigpending(pending, 8) == 0
    assert pending.value & mask.value
    fd = calls.signalfd4(-1, mask, 8, os.O_CLOEXEC)
    assert struct.unpack_from("I", os.read(fd, 128)) == (signal.SIGUSR1,)
    os.close(fd)
    assert calls.rt_sigprocmask(2, before, None, 8) == 0
    assert calls.kill(os.getpid(), 0) == 0
    assert error_of(calls.kill, 2**31 - 1, 0) == "ESRCH"
    assert error_of(calls.rt_sigprocmask, 0, mask, None, 4) == "EINVAL"


def test_scheduling(k: Any, calls: Any) -> None:
    cpus = bytearray(128)
    length = calls.sched_getaffinity(0, len(cpus), cpus)
    assert int.from_bytes(cpus[:length], "little").bit_count() == len(os.sched_getaffinity(0))
    assert calls.sched_setaffinity(0, length, cpus) == 0
    found = k.sched_attr()
    assert calls.sched_getattr(0, found, ctypes.sizeof(found), 0) == 0
    assert found.sched_policy == os.sched_getscheduler(0)
    assert calls.sched_yield() == 0
    assert calls.getpriority(0, 0) == 20 - os.getpriority(os.PRIO_PROCESS, 0)
    cpu = ctypes.c_uint(1 << 31)
    assert calls.getcpu(cpu, None, None) == 0
    assert cpu.value < 1 << 16
    assert error_of(calls.sched_getattr, 0, found, 4, 0) == "EINVAL"


def test_limits_and_usage(k: Any, calls: Any) -> None:
    limit = k.rlimit64()
    assert calls.prlimit64(0, 7, None, limit) == 0  # RLIMIT_NOFILE
    import resource

    assert (limit.rlim_cur, limit.rlim_max) == resource.getrlimit(resource.RLIMIT_NOFILE)
    assert calls.prlimit64(0, 7, limit, None) == 0
    usage = k.rusage()
    assert calls.getrusage(0, usage) == 0
    assert usage.ru_maxrss > 1000
    assert calls.times(k.tms()) != 0
    system = k.sysinfo()
    assert calls.sysinfo(system) == 0
    assert system.totalram * system.mem_unit > 1 << 20
    names = k.new_utsname()
    assert calls.uname(names) == 0
    assert names.release == os.uname().release.encode()
    assert error_of(calls.getrusage, 5, usage) == "EINVAL"
    assert error_of(calls.uname, 1) == "EFAULT"


def test_prctl_and_personality(calls: Any) -> None:
    name = ctypes.create_string_buffer(16)
    assert calls.prctl(16, name) == 0  # PR_GET_NAME
    with open("/proc/thread-self/comm", "rb") as file:
        assert file.read().rstrip() == name.value
    assert error_of(calls.prctl, 9999) == "EINVAL"
    assert calls.personality(0xFFFFFFFF) & 0xFF == 0  # PER_LINUX


def test_time(k: Any, calls: Any) -> None:
    now = k.__kernel_timespec()
    assert calls.clock_gettime(1, now) == 0
    assert abs(now.tv_sec - time.monotonic()) < 2
    assert calls.clock_getres(1, now) == 0
    short = k.__kernel_timespec(tv_nsec=1_000_000)
    assert calls.nanosleep(short, None) == 0
    assert calls.clock_nanosleep(1, 0, short, None) == 0
    short.tv_nsec = -1
    assert error_of(calls.nanosleep, short, None) == "EINVAL"
    fd = calls.timerfd_create(1, 0)
    period = k.__kernel_itimerspec()
    period.it_value.tv_sec = 100
    assert calls.timerfd_settime(fd, 0, period, None) == 0
    left = k.__kernel_itimerspec()
    assert calls.timerfd_gettime(fd, left) == 0
    assert 99 <= left.it_value.tv_sec <= 100
    os.close(fd)
    assert error_of(calls.timerfd_create, 99, 0) == "EINVAL"


def test_futexes(k: Any, calls: Any) -> None:
    word = ctypes.c_uint32(5)
    assert error_of(calls.futex, word, 0, 6) == "EAGAIN"  # FUTEX_WAIT
    timeout = k.__kernel_timespec(tv_nsec=1000)
    assert error_of(calls.futex, word, 0, 5, timeout) == "ETIMEDOUT"
    assert calls.futex(word, 1, 1) == 0  # FUTEX_WAKE
    waiter = k.futex_waitv(val=6, uaddr=ctypes.addressof(word), flags=2)
    with kernel_with("futex_waitv"):
        assert error_of(calls.futex_waitv, waiter, 1, 0, None, 0) == "EAGAIN"
    waiter.val = 5
    until = k.__kernel_timespec()
    calls.clock_gettime(1, until)
    assert error_of(calls.futex_waitv, waiter, 1, 0, until, 1) == "ETIMEDOUT"
    assert error_of(calls.futex_waitv, waiter, 0, 0, None, 0) == "EINVAL"


def test_waiting_for_several_futexes_ends_by_a_wake(k: Any, calls: Any) -> None:
    words = (ctypes.c_uint32 * 2)()
    waiters = (k.futex_waitv * 2)()
    for at, waiter in enumerate(waiters):
        waiter.uaddr, waiter.flags = ctypes.addressof(words) + 4 * at, 2
    woken: list[int] = []

    def wait() -> None:
        woken.append(calls.futex_waitv(waiters, 2, 0, None, 0))

    thread = threading.Thread(target=wait)
    thread.start()
    while not calls.futex(ctypes.byref(words, 4), 1, 1):
        time.sleep(0.001)
    thread.join()
    assert woken == [1]


def test_capabilities(k: Any, calls: Any) -> None:
    header = k.ctype("struct __user_cap_header_struct")(version=0x20080522, pid=0)
    data = (k.ctype("struct __user_cap_data_struct") * 2)()
    assert calls.capget(header, data) == 0
    with open("/proc/self/status") as file:
        effective = next(line for line in file if line.startswith("CapEff"))
    assert data[0].effective | data[1].effective << 32 == int(effective.split()[1], 16)
    header.version = 1
    assert error_of(calls.capget, header, data) == "EINVAL"
    assert header.version == 0x20080522


def test_random(calls: Any) -> None:
    first, second = bytearray(32), bytearray(32)
    assert calls.getrandom(first, 32, 0) == calls.getrandom(second, 32, 0) == 32
    assert first != second
    assert error_of(calls.getrandom, first, 32, 99) == "EINVAL"


def test_kcmp_and_membarrier(calls: Any) -> None:
    with kernel_with("kcmp"):
        assert calls.kcmp(os.getpid(), os.getpid(), 0, 0, 0) == 0  # KCMP_FILE
    assert error_of(calls.kcmp, os.getpid(), os.getpid(), 99, 0, 0) == "EINVAL"
    assert calls.membarrier(0, 0, 0) & 1
    assert error_of(calls.membarrier, 0, 1, 0) == "EINVAL"
