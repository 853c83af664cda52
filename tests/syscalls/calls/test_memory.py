"""Calls about memory: addresses are unsigned, and what is mapped is there."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Any

from .conftest import error_of, kernel_with

PAGE = mmap.PAGESIZE
PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE


def test_mapping_and_its_life(calls: Any) -> None:
    at = calls.mmap(None or 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    assert at > 0
    assert at % PAGE == 0
    ctypes.memset(at, 7, 2 * PAGE)
    assert calls.mprotect(at + PAGE, PAGE, mmap.PROT_READ) == 0
    assert error_of(calls.read, os.open("/dev/zero", 0), at + PAGE, 1) == "EFAULT"
    assert calls.madvise(at, PAGE, 4) == 0  # MADV_DONTNEED
    assert ctypes.string_at(at, 1) == b"\0"
    resident = bytearray(2)
    assert calls.mincore(at, 2 * PAGE, resident) == 0
    assert resident[1] == 1
    assert calls.munmap(at + PAGE, PAGE) == 0
    assert error_of(calls.msync, at, 2 * PAGE, 4) == "ENOMEM"
    moved = calls.mremap(at, PAGE, 4 * PAGE, 1)  # MREMAP_MAYMOVE
    assert calls.munmap(moved, 4 * PAGE) == 0
    assert error_of(calls.munmap, at + 1, PAGE) == "EINVAL"
    assert error_of(calls.mmap, 0, 0, 1, PRIVATE, -1, 0) == "EINVAL"
    assert error_of(calls.mremap, 1, PAGE, PAGE, 0) == "EINVAL"


def test_mapping_a_file_from_an_offset_beyond_the_int(calls: Any, tmp_path: Any) -> None:
    far = 5 << 30
    with open(tmp_path / "sparse", "wb+") as file:
        os.pwrite(file.fileno(), b"far", far)
        at = calls.mmap(0, PAGE, mmap.PROT_READ, mmap.MAP_SHARED, file, far)
    assert ctypes.string_at(at, 3) == b"far"
    assert calls.munmap(at, PAGE) == 0


def test_high_addresses_are_no_errors(calls: Any) -> None:
    heap = calls.brk(0)
    assert heap > 0
    assert calls.brk(0) == heap
    top = 0x7FFF_FFFF_0000 - 64 * PAGE
    at = calls.mmap(top, PAGE, READ_WRITE, PRIVATE | 0x100000, -1, 0)  # MAP_FIXED_NOREPLACE
    assert at == top
    assert calls.munmap(at, PAGE) == 0


def test_system_v_shared_memory(calls: Any) -> None:
    with kernel_with("System V shared memory"):
        shm = calls.shmget(0, PAGE, 0o600)
    at = calls.shmat(shm, None, 0)
    ctypes.memset(at, 5, PAGE)
    again = calls.shmat(shm, 0, 0o10000)  # SHM_RDONLY
    assert ctypes.string_at(again, 1) == b"\5"
    assert calls.shmctl(shm, 0, None) == 0  # IPC_RMID
    assert calls.shmdt(again) == calls.shmdt(at) == 0
    assert error_of(calls.shmdt, at) == "EINVAL"
    assert error_of(calls.shmat, shm, None, 0) in ("EINVAL", "EIDRM")


def test_memfd_secret(k: Any, calls: Any) -> None:
    with kernel_with("memfd_secret (secretmem.enable=1)"):
        fd = calls.memfd_secret(0)
    os.ftruncate(fd, PAGE)
    at = calls.mmap(0, PAGE, READ_WRITE, mmap.MAP_SHARED, fd, 0)
    ctypes.memmove(at, b"secret", 6)
    assert ctypes.string_at(at, 6) == b"secret"
    # Who does not go through this process's own page tables does not see it.
    buffer = ctypes.create_string_buffer(6)
    local = k.iovec(iov_base=ctypes.addressof(buffer), iov_len=6)
    remote = k.iovec(iov_base=at, iov_len=6)
    read = calls.process_vm_readv
    assert error_of(read, os.getpid(), local, 1, remote, 1, 0) == "EFAULT"
    assert calls.munmap(at, PAGE) == 0
    os.close(fd)
    assert error_of(calls.memfd_secret, 2) == "EINVAL"


def test_process_madvise(k: Any, calls: Any) -> None:
    pid = calls.pidfd_open(os.getpid(), 0)
    at = calls.mmap(0, PAGE, READ_WRITE, PRIVATE, -1, 0)
    ctypes.memset(at, 1, PAGE)
    vector = k.iovec(iov_base=at, iov_len=PAGE)
    with kernel_with("process_madvise"):
        assert calls.process_madvise(pid, vector, 1, 20, 0) == PAGE  # MADV_COLD
    assert error_of(calls.process_madvise, pid, vector, 1, 20, 1) == "EINVAL"
    assert error_of(calls.process_madvise, -1, vector, 1, 20, 0) == "EBADF"
    os.close(pid)
    calls.munmap(at, PAGE)


def test_locking_and_sealing(calls: Any) -> None:
    at = calls.mmap(0, PAGE, READ_WRITE, PRIVATE, -1, 0)
    assert calls.mlock2(at, PAGE, 1) == 0  # MLOCK_ONFAULT
    assert calls.munlock(at, PAGE) == 0
    assert error_of(calls.mlock2, at, PAGE, 2) == "EINVAL"
    with kernel_with("mseal"):
        assert calls.mseal(at, PAGE, 0) == 0
    assert error_of(calls.munmap, at, PAGE) == "EPERM"


def test_process_memory(k: Any, calls: Any) -> None:
    source, target = ctypes.create_string_buffer(b"across", 6), ctypes.create_string_buffer(6)
    local = k.iovec(iov_base=ctypes.addressof(target), iov_len=6)
    remote = k.iovec(iov_base=ctypes.addressof(source), iov_len=6)
    with kernel_with("process_vm_readv"):
        assert calls.process_vm_readv(os.getpid(), local, 1, remote, 1, 0) == 6
    assert target.raw == b"across"
    ctypes.memmove(target, b"ACROSS", 6)
    assert calls.process_vm_writev(os.getpid(), local, 1, remote, 1, 0) == 6
    assert source.raw == b"ACROSS"
    assert error_of(calls.process_vm_readv, os.getpid(), local, 1, remote, 1, 1) == "EINVAL"
