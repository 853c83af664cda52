"""Calls about files, really made: what they do, and how they fail."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from pathlib import Path
from typing import Any

import pytest

from .conftest import error_of, kernel_with

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page"
    path.write_bytes(b"hello, world")
    return path


def test_openat_read_close(calls: Any, page: Path) -> None:
    fd = calls.openat(AT_FDCWD, page, os.O_RDONLY | os.O_CLOEXEC)
    buffer = bytearray(100)
    assert calls.read(fd, buffer, len(buffer)) == 12
    assert buffer[:12] == b"hello, world"
    assert calls.read(fd, buffer, len(buffer)) == 0
    assert calls.close(fd) == 0
    assert error_of(calls.close, fd) == "EBADF"


def test_openat_creates_with_the_mode(calls: Any, tmp_path: Path) -> None:
    before = calls.umask(0o022)
    try:
        calls.close(calls.openat(AT_FDCWD, tmp_path / "new", os.O_WRONLY | os.O_CREAT, 0o666))
        assert calls.umask(0o077) == 0o022
    finally:
        calls.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o644


def test_failure_names_the_path(calls: Any, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(FileNotFoundError) as caught:
        calls.openat(AT_FDCWD, missing, os.O_RDONLY)
    assert caught.value.filename == missing
    with pytest.raises(FileNotFoundError) as caught:
        calls.renameat2(AT_FDCWD, str(missing), AT_FDCWD, b"/elsewhere", 0)
    assert (caught.value.filename, caught.value.filename2) == (str(missing), b"/elsewhere")


def test_openat2_stays_beneath(k: Any, calls: Any, page: Path) -> None:
    directory = os.open(page.parent, os.O_PATH)
    how = k.open_how(flags=os.O_RDONLY, resolve=0x08)  # RESOLVE_BENEATH
    try:
        fd = calls.openat2(directory, "page", how, ctypes.sizeof(how))
        assert os.read(fd, 5) == b"hello"
        os.close(fd)
        assert error_of(calls.openat2, directory, "../x", how, ctypes.sizeof(how)) == "EXDEV"
        assert error_of(calls.openat2, directory, "page", how, 8) == "EINVAL"
    finally:
        os.close(directory)


def test_write_pwrite_pread_lseek(calls: Any, tmp_path: Path) -> None:
    with open(tmp_path / "data", "wb+", buffering=0) as file:
        assert calls.write(file, b"abc\0def", 7) == 7
        assert calls.pwrite64(file, memoryview(b"XYZ"), 3, 1) == 3
        buffer = ctypes.create_string_buffer(8)
        assert calls.pread64(file, buffer, 8, 0) == 7
        assert buffer.raw == b"aXYZdef\0"
        assert calls.lseek(file, -2, os.SEEK_END) == 5
        far = (1 << 40) + 7
        assert calls.lseek(file, far, os.SEEK_SET) == far
        assert error_of(calls.lseek, file, -1, os.SEEK_SET) == "EINVAL"
    assert error_of(calls.write, -1, b"", 0) == "EBADF"


def test_vectors(k: Any, calls: Any, tmp_path: Path) -> None:
    parts = [ctypes.create_string_buffer(b"one ", 4), ctypes.create_string_buffer(b"two", 3)]
    vector = (k.iovec * 2)()
    for slot, part in zip(vector, parts, strict=True):
        slot.iov_base, slot.iov_len = ctypes.addressof(part), len(part)
    with open(tmp_path / "data", "wb+", buffering=0) as file:
        assert calls.writev(file, vector, 2) == 7
        assert calls.pwritev2(file, vector, 1, 3, 0, 0) == 4
        for part in parts:
            ctypes.memset(part, 0, len(part))
        assert calls.preadv2(file, vector, 2, 0, 0, 0) == 7
        assert b"".join(part.raw for part in parts) == b"oneone "
        assert calls.lseek(file, 0, 0) == 0
        assert calls.readv(file, vector, 1) == 4
    assert error_of(calls.readv, 0, (k.iovec * 5000)(), 5000) == "EINVAL"


def test_truncating_and_allocating(calls: Any, page: Path) -> None:
    with open(page, "rb+") as file:
        assert calls.ftruncate(file, 5) == 0
        assert page.read_bytes() == b"hello"
        assert calls.truncate(page, 3) == 0
        assert page.stat().st_size == 3
        with kernel_with("fallocate on the temporary directory"):
            assert calls.fallocate(file, 0, 4096, 4096) == 0
        assert page.stat().st_size == 8192
        assert calls.fsync(file) == calls.fdatasync(file) == 0
    assert error_of(calls.truncate, page.parent, 3) == "EISDIR"


def test_stat_family(k: Any, calls: Any, page: Path) -> None:
    expected = page.stat()
    statx = k.statx()
    assert calls.statx(AT_FDCWD, page, 0, 0x7FF, statx) == 0
    assert (statx.stx_ino, statx.stx_size) == (expected.st_ino, 12)
    assert statx.stx_mtime.tv_sec == int(expected.st_mtime)
    found = k.stat()
    assert calls.newfstatat(AT_FDCWD, os.fsencode(page), found, 0) == 0
    assert (found.st_ino, found.st_mode) == (expected.st_ino, expected.st_mode)
    with open(page, "rb") as file:
        other = k.stat()
        assert calls.fstat(file, other) == 0
        assert bytes(other) == bytes(found)
    system = k.statfs()
    assert calls.statfs(page, system) == 0
    assert system.f_bsize == os.statvfs(page).f_bsize
    assert error_of(calls.statx, AT_FDCWD, "", 0, 0, statx) == "ENOENT"


def test_directories(calls: Any, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    assert calls.mkdirat(AT_FDCWD, folder, 0o700) == 0
    (folder / "inside").touch()
    assert error_of(calls.mkdirat, AT_FDCWD, folder, 0o700) == "EEXIST"
    assert error_of(calls.unlinkat, AT_FDCWD, folder, 0x200) == "ENOTEMPTY"  # AT_REMOVEDIR
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    entries = bytearray(4096)
    used = calls.getdents64(fd, entries, len(entries))
    names = set()
    at = 0
    while at < used:
        length = struct.unpack_from("H", entries, at + 16)[0]
        names.add(bytes(entries[at + 19 : at + length]).partition(b"\0")[0])
        at += length
    assert names == {b".", b"..", b"inside"}
    assert calls.unlinkat(fd, "inside", 0) == 0
    os.close(fd)
    assert calls.unlinkat(AT_FDCWD, folder, 0x200) == 0
    assert not folder.exists()


def test_working_directory(calls: Any, tmp_path: Path) -> None:
    before = os.getcwd()
    try:
        assert calls.chdir(tmp_path) == 0
        buffer = bytearray(4096)
        length = calls.getcwd(buffer, len(buffer))
        assert bytes(buffer[: length - 1]) == os.fsencode(os.path.realpath(tmp_path))
        assert error_of(calls.getcwd, buffer, 1) == "ERANGE"
    finally:
        os.chdir(before)


def test_links(calls: Any, page: Path) -> None:
    symbolic, hard = page.parent / "symbolic", page.parent / "hard"
    assert calls.symlinkat("page", AT_FDCWD, symbolic) == 0
    buffer = bytearray(64)
    assert calls.readlinkat(AT_FDCWD, symbolic, buffer, 64) == 4
    assert buffer[:4] == b"page"
    assert error_of(calls.readlinkat, AT_FDCWD, page, buffer, 64) == "EINVAL"
    assert calls.linkat(AT_FDCWD, page, AT_FDCWD, hard, 0) == 0
    assert page.stat().st_nlink == 2
    assert calls.renameat2(AT_FDCWD, hard, AT_FDCWD, symbolic, 2) == 0  # RENAME_EXCHANGE
    assert hard.is_symlink()
    assert error_of(calls.renameat2, AT_FDCWD, page, AT_FDCWD, hard, 1) == "EEXIST"


def test_modes_owners_times(k: Any, calls: Any, page: Path) -> None:
    assert calls.fchmodat2(AT_FDCWD, page, 0o640, 0) == 0
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    assert calls.fchmodat(AT_FDCWD, page, 0o600) == 0
    assert calls.faccessat2(AT_FDCWD, page, os.R_OK, 0) == 0
    assert error_of(calls.faccessat2, AT_FDCWD, page, 8, 0) == "EINVAL"
    assert calls.fchownat(AT_FDCWD, page, -1, -1, 0) == 0  # leave both as they are
    times = (k.__kernel_timespec * 2)()
    times[0].tv_sec, times[1].tv_sec, times[1].tv_nsec = 1, 2, 3
    assert calls.utimensat(AT_FDCWD, page, times, 0) == 0
    assert (page.stat().st_atime_ns, page.stat().st_mtime_ns) == (10**9, 2 * 10**9 + 3)


def test_extended_attributes(calls: Any, page: Path) -> None:
    with kernel_with("user xattrs on the temporary directory"):
        assert calls.setxattr(page, "user.x", b"v\0w", 3, 0) == 0
    buffer = bytearray(16)
    assert calls.getxattr(page, "user.x", buffer, 16) == 3
    assert buffer[:3] == b"v\0w"
    assert calls.listxattr(page, buffer, 16) == 7
    assert error_of(calls.getxattr, page, "user.x", buffer, 1) == "ERANGE"
    assert calls.removexattr(page, "user.x") == 0
    assert error_of(calls.removexattr, page, "user.x") == "ENODATA"


def test_copying_between_files(calls: Any, page: Path) -> None:
    with open(page, "rb") as source, open(page.parent / "copy", "wb") as target:
        offset = ctypes.c_longlong(7)
        assert calls.copy_file_range(source, offset, target, None, 100, 0) == 5
        assert offset.value == 12
        offset.value = 0
        assert calls.sendfile(target, source, offset, 5) == 5
        offset.value = 7  # eight bytes, which the count is not about
        assert calls.sendfile(target, source, offset, 100) == 5
    assert (page.parent / "copy").read_bytes() == b"worldhelloworld"
    with open(page, "rb") as source:
        assert error_of(calls.copy_file_range, source, None, 1, None, 1, 9) == "EINVAL"


def test_pipes(calls: Any) -> None:
    ends = (ctypes.c_int * 2)()
    assert calls.pipe2(ends, os.O_NONBLOCK) == 0
    others = (ctypes.c_int * 2)()
    assert calls.pipe2(others, 0) == 0
    assert calls.write(ends[1], b"through", 7) == 7
    assert calls.tee(ends[0], others[1], 7, 0) == 7
    assert calls.splice(ends[0], None, others[1], None, 3, 0) == 3
    buffer = bytearray(20)
    assert calls.read(others[0], buffer, 20) == 10
    assert buffer[:10] == b"throughthr"
    assert calls.read(ends[0], buffer, 20) == 4
    assert error_of(calls.read, ends[0], buffer, 20) == "EAGAIN"
    assert error_of(calls.pipe2, ends, 1) == "EINVAL"
    for fd in (*ends, *others):
        os.close(fd)


def test_descriptors(calls: Any, page: Path) -> None:
    with open(page, "rb") as file:
        twin = calls.dup(file)
        third = calls.fcntl(twin, 1030, 200)  # F_DUPFD_CLOEXEC
        assert third >= 200
        assert calls.fcntl(third, 1) == 1  # F_GETFD: FD_CLOEXEC
        assert calls.dup3(twin, third, 0) == third
        assert error_of(calls.dup3, twin, twin, 0) == "EINVAL"
        assert calls.close_range(third, third, 0) == 0
        assert error_of(calls.close, third) == "EBADF"
        assert error_of(calls.close_range, 5, 4, 0) == "EINVAL"
        assert calls.flock(file, 2 | 4) == 0  # LOCK_EX | LOCK_NB
        other = os.open(page, os.O_RDONLY)
        assert error_of(calls.flock, other, 2 | 4) == "EAGAIN"
        os.close(other)
        os.close(twin)


def test_cachestat(k: Any, calls: Any, tmp_path: Path) -> None:
    path = tmp_path / "cached"
    path.write_bytes(bytes(3 * 4096))
    with open(path, "rb") as file:
        file.read()
        found = k.cachestat()
        with kernel_with("cachestat"):
            assert calls.cachestat(file, k.cachestat_range(), found, 0) == 0
        assert found.nr_cache == 3
        wide = k.cachestat_range(off=4096, len=4096)
        assert calls.cachestat(file, wide, found, 0) == 0
        assert found.nr_cache == 1
        assert error_of(calls.cachestat, file, wide, found, 1) == "EINVAL"


def test_memfd_and_seals(calls: Any) -> None:
    fd = calls.memfd_create("name", 2)  # MFD_ALLOW_SEALING
    assert os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:name")
    assert calls.write(fd, b"abc", 3) == 3
    assert calls.fcntl(fd, 1033, 8) == 0  # F_ADD_SEALS, F_SEAL_WRITE
    assert error_of(calls.write, fd, b"abc", 3) == "EPERM"
    os.close(fd)
    assert error_of(calls.memfd_create, "x" * 300, 0) == "EINVAL"


def test_events(k: Any, calls: Any, tmp_path: Path) -> None:
    event = calls.eventfd2(3, 0)
    epoll = calls.epoll_create1(0)
    wanted = k.epoll_event(events=1, data=0x1234567890)
    assert calls.epoll_ctl(epoll, 1, event, wanted) == 0
    assert error_of(calls.epoll_ctl, epoll, 1, event, wanted) == "EEXIST"
    found = (k.epoll_event * 4)()
    assert calls.epoll_pwait(epoll, found, 4, 0, None, 8) == 1
    assert found[0].data == 0x1234567890
    buffer = bytearray(8)
    assert calls.read(event, buffer, 8) == 8
    assert struct.unpack("Q", buffer) == (3,)
    assert calls.epoll_pwait2(epoll, found, 4, k.__kernel_timespec(), None, 8) == 0
    asked = k.pollfd(fd=event, events=4)
    assert calls.poll(asked, 1, 0) == 1
    assert asked.revents == 4
    assert calls.ppoll(asked, 1, k.__kernel_timespec(), None, 8) == 1
    watcher = calls.inotify_init1(os.O_NONBLOCK)
    watch = calls.inotify_add_watch(watcher, tmp_path, 0x100)  # IN_CREATE
    (tmp_path / "new").touch()
    assert b"new" in os.read(watcher, 4096)
    assert calls.inotify_rm_watch(watcher, watch) == 0
    assert error_of(calls.inotify_rm_watch, watcher, watch) == "EINVAL"
    for fd in (event, epoll, watcher):
        os.close(fd)


def test_file_attributes(k: Any, calls: Any, page: Path) -> None:
    found = k.file_attr()
    with kernel_with("file_getattr"):
        try:
            calls.file_getattr(AT_FDCWD, page, found, ctypes.sizeof(found), 0)
        except OSError as error:
            if error.errno == 25:  # ENOTTY: a file system without them
                pytest.skip("this file system has no attributes")
            raise
    assert error_of(calls.file_getattr, AT_FDCWD, page, found, 1, 0) == "EINVAL"
