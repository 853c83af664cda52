"""Random operations against a model: bytes of a file, and a tree beside one that tmpfs has."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import random
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import MEMFS, Mount, eventually

libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
LONGEST = 1_300_000
"""Bytes that the file has at most: more than a block of memfs."""


class Exerciser:
    """One file, what should be in it, and the operations that fsx is known for."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.random = path, random.Random(seed)
        self.model = bytearray()
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.done = 0
        weighted = {
            self.write: 20, self.read: 20, self.truncate: 8, self.append: 4, self.write_mapped: 6,
            self.read_mapped: 6, self.punch: 6, self.zero: 4, self.allocate: 3, self.seek: 6,
            self.forget: 3, self.reopen: 2, self.size: 3, self.sync: 1,
        }  # fmt: skip
        self.operations, self.weights = list(weighted), list(weighted.values())

    def run(self, count: int) -> None:
        for operation in self.random.choices(self.operations, self.weights, k=count):
            operation()
            self.done += 1
        self.forget()
        with self.path.open("rb") as file:
            assert file.read() == self.model
        os.close(self.fd)

    def span(self, longest: int = 100_000) -> tuple[int, int]:
        """Where something begins, and how long it is; often a little, at a page's edge."""
        start = self.random.randrange(LONGEST - 1)
        if self.random.random() < 0.3:
            start &= ~4095
        size = int(longest ** self.random.random())
        return start, min(size, LONGEST - start)

    def inside(self) -> tuple[int, int] | None:
        """A span of what there is."""
        if not self.model:
            return None
        start = self.random.randrange(len(self.model))
        return start, min(self.span()[1], len(self.model) - start)

    def put(self, start: int, data: bytes) -> None:
        if len(self.model) < start:
            self.model.extend(bytes(start - len(self.model)))
        self.model[start : start + len(data)] = data

    def write(self) -> None:
        start, size = self.span()
        data = self.random.randbytes(size)
        assert os.pwrite(self.fd, data, start) == size
        self.put(start, data)

    def append(self) -> None:
        data = self.random.randbytes(min(self.span()[1], LONGEST - len(self.model)))
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        assert os.write(fd, data) == len(data)
        os.close(fd)
        self.put(len(self.model), data)

    def read(self) -> None:
        start, size = self.span()
        assert os.pread(self.fd, size, start) == self.model[start : start + size]

    def truncate(self) -> None:
        size = self.random.choice([0, self.span()[0], len(self.model) // 2])
        if self.random.random() < 0.5:
            os.ftruncate(self.fd, size)
        else:
            os.truncate(self.path, size)
        del self.model[size:]
        self.put(size, b"")

    def write_mapped(self) -> None:
        if (span := self.inside()) is None:
            return
        start, size = span
        data = self.random.randbytes(size)
        with mmap.mmap(self.fd, 0) as memory:
            memory[start : start + size] = data
            if self.random.random() < 0.3:
                memory.flush()
        self.put(start, data)

    def read_mapped(self) -> None:
        if (span := self.inside()) is None:
            return
        start, size = span
        with mmap.mmap(self.fd, 0, prot=mmap.PROT_READ) as memory:
            assert memory[start : start + size] == self.model[start : start + size]

    def fallocate(self, mode: int, start: int, size: int) -> None:
        assert libc.fallocate(self.fd, mode, start, size) == 0, os.strerror(ctypes.get_errno())

    def punch(self) -> None:
        start, size = self.span(400_000)
        self.fallocate(PUNCH_HOLE | KEEP_SIZE, start, size)
        end = min(start + size, len(self.model))
        if start < end:
            self.model[start:end] = bytes(end - start)

    def zero(self) -> None:
        start, size = self.span()
        keeps = self.random.random() < 0.5
        self.fallocate(ZERO_RANGE | (KEEP_SIZE if keeps else 0), start, size)
        end = min(start + size, len(self.model)) if keeps else start + size
        if start < end:
            self.put(start, bytes(end - start))

    def allocate(self) -> None:
        start, size = self.span()
        keeps = self.random.random() < 0.5
        self.fallocate(KEEP_SIZE if keeps else 0, start, size)
        if not keeps and start + size > len(self.model):
            self.put(start + size, b"")

    def seek(self) -> None:
        """What is said to be a hole has no other bytes than zeros."""
        if not self.model:
            return
        start = self.random.randrange(len(self.model))
        try:
            data = os.lseek(self.fd, start, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            data = len(self.model)
        assert start <= data <= len(self.model)
        assert not any(self.model[start:data])
        hole = os.lseek(self.fd, start, os.SEEK_HOLE)
        assert start <= hole <= len(self.model)

    def forget(self) -> None:
        """Let the client read it anew."""
        os.fsync(self.fd)
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def reopen(self) -> None:
        os.close(self.fd)
        self.fd = os.open(self.path, os.O_RDWR)

    def size(self) -> None:
        assert os.fstat(self.fd).st_size == os.stat(self.path).st_size == len(self.model)

    def sync(self) -> None:
        os.fdatasync(self.fd)


def exercise(path: Path, count: int, seed: int) -> None:
    exerciser = Exerciser(path, seed)
    try:
        exerciser.run(count)
    except BaseException as error:
        error.add_note(f"seed {seed}, operation {exerciser.done}")
        raise
    path.unlink()


def test_file_is_as_its_model(memfs: Path) -> None:
    exercise(memfs / "file", 1500, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "3"])
def test_file_is_as_its_model_after_a_hundred_thousand_operations(
    mount: Mount, threads: str
) -> None:
    server = mount(MEMFS, "--threads", threads)
    for seed in range(4):
        exercise(server.path / "file", 25_000, seed)

    def empty() -> bool:
        found = os.statvfs(server.path)
        return found.f_bfree == found.f_blocks

    eventually(empty, "room is kept for what is gone")


# Names


class Failed(int):
    """The errno of an operation that failed."""


class Tree:
    """Random changes of names, in two directories at once; both must answer alike."""

    NAMES = ("a", "b", "c", "d")

    def __init__(self, ours: Path, theirs: Path, seed: int) -> None:
        self.roots, self.random = (ours, theirs), random.Random(seed)
        self.failed = 0
        weighted: dict[Callable[[], Callable[[Path], Any]], int] = {
            self.create: 10, self.mkdir: 10, self.unlink: 5, self.rmdir: 5, self.link: 6,
            self.symlink: 4, self.rename: 14, self.rename_flags: 8, self.chmod: 4, self.chown: 3,
            self.mknod: 2, self.xattr: 4, self.listing: 6, self.read: 6, self.utime: 3,
            self.truncate: 4,
        }  # fmt: skip
        self.operations, self.weights = list(weighted), list(weighted.values())

    def path(self) -> str:
        return "/".join(self.random.choices(self.NAMES, k=self.random.choice([1, 1, 2, 2, 3])))

    def run(self, count: int) -> None:
        for number, make in enumerate(self.random.choices(self.operations, self.weights, k=count)):
            operation = make()
            answers = [self.answer(operation, root) for root in self.roots]
            assert answers[0] == answers[1], (number, make.__name__)
            self.failed += isinstance(answers[0], Failed)
            if number % 500 == 0:
                self.compare()
        self.compare()

    @staticmethod
    def answer(operation: Callable[[Path], Any], root: Path) -> Any:
        try:
            return operation(root)
        except OSError as error:
            return Failed(error.errno)

    def compare(self) -> None:
        ours, theirs = (dict(self.described(root)) for root in self.roots)
        assert ours == theirs

    @staticmethod
    def described(root: Path) -> Iterator[tuple[str, Any]]:
        inodes: dict[int, str] = {}
        for path in sorted(root.rglob("*")):
            name, found = str(path.relative_to(root)), path.lstat()
            content: Any = None
            if stat.S_ISREG(found.st_mode):
                content = path.read_bytes()
            elif stat.S_ISLNK(found.st_mode):
                content = os.readlink(path)
            same = inodes.setdefault(found.st_ino, name)
            yield (
                name,
                (
                    oct(found.st_mode), found.st_nlink, found.st_uid, found.st_gid, found.st_rdev,
                    same, content, sorted(os.listxattr(path, follow_symlinks=False)),
                ),
            )  # fmt: skip

    def create(self) -> Callable[[Path], Any]:
        path, data = self.path(), self.random.randbytes(self.random.randrange(3000))
        # A FIFO that nobody reads would have us wait.
        flags = (
            os.O_WRONLY
            | os.O_NONBLOCK
            | os.O_CREAT
            | self.random.choice([0, os.O_EXCL, os.O_TRUNC])
        )

        def operation(root: Path) -> int:
            fd = os.open(root / path, flags, 0o640)
            try:
                return os.write(fd, data)
            finally:
                os.close(fd)

        return operation

    def mkdir(self) -> Callable[[Path], Any]:
        path = self.path()
        return lambda root: os.mkdir(root / path, 0o750)

    def unlink(self) -> Callable[[Path], Any]:
        path = self.path()
        return lambda root: os.unlink(root / path)

    def rmdir(self) -> Callable[[Path], Any]:
        path = self.path()
        return lambda root: os.rmdir(root / path)

    def link(self) -> Callable[[Path], Any]:
        one, other = self.path(), self.path()
        return lambda root: os.link(root / one, root / other, follow_symlinks=False)

    def symlink(self) -> Callable[[Path], Any]:
        target, path = self.path(), self.path()
        return lambda root: os.symlink(target, root / path)

    def rename(self) -> Callable[[Path], Any]:
        old, new = self.path(), self.path()
        return lambda root: os.rename(root / old, root / new)

    def rename_flags(self) -> Callable[[Path], Any]:
        old, new, flags = self.path(), self.path(), self.random.choice([1, 2])

        def operation(root: Path) -> int:
            paths = os.fsencode(root / old), os.fsencode(root / new)
            failed = libc.renameat2(-100, paths[0], -100, paths[1], flags)
            return Failed(ctypes.get_errno()) if failed else 0

        return operation

    def chmod(self) -> Callable[[Path], Any]:
        path, mode = self.path(), self.random.randrange(0o10000)
        return lambda root: os.chmod(root / path, mode)

    def chown(self) -> Callable[[Path], Any]:
        path, owner = self.path(), self.random.randrange(1000)
        return lambda root: os.chown(root / path, owner, -1, follow_symlinks=False)

    def mknod(self) -> Callable[[Path], Any]:
        path, kind = self.path(), self.random.choice([stat.S_IFIFO, stat.S_IFSOCK])
        return lambda root: os.mknod(root / path, kind | 0o644)

    def xattr(self) -> Callable[[Path], Any]:
        path, name = self.path(), f"trusted.{self.random.choice('xyz')}"
        flags = self.random.choice([0, os.XATTR_CREATE, os.XATTR_REPLACE, None])

        def operation(root: Path) -> bytes | None:
            if flags is None:
                os.removexattr(root / path, name, follow_symlinks=False)
                return None
            os.setxattr(root / path, name, path.encode(), flags, follow_symlinks=False)
            return os.getxattr(root / path, name, follow_symlinks=False)

        return operation

    def listing(self) -> Callable[[Path], Any]:
        path = self.path()
        return lambda root: sorted(os.listdir(root / path))

    def read(self) -> Callable[[Path], Any]:
        path = self.path()

        def operation(root: Path) -> bytes:
            if not stat.S_ISREG((root / path).stat().st_mode):
                return b""
            return (root / path).read_bytes()

        return operation

    def utime(self) -> Callable[[Path], Any]:
        path, times = self.path(), (self.random.randrange(1 << 60), self.random.randrange(1 << 60))

        def operation(root: Path) -> tuple[int, int]:
            os.utime(root / path, ns=times, follow_symlinks=False)
            found = (root / path).lstat()
            return found.st_atime_ns, found.st_mtime_ns

        return operation

    def truncate(self) -> Callable[[Path], Any]:
        path, size = self.path(), self.random.randrange(5000)

        def operation(root: Path) -> int:
            if stat.S_ISFIFO((root / path).stat().st_mode):
                return 0
            os.truncate(root / path, size)
            return (root / path).stat().st_size

        return operation


@pytest.fixture
def tmpfs() -> Iterator[Path]:
    """A directory in another file system of this kernel's, which has extended attributes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        try:
            os.setxattr(name, "trusted.test", b"")
        except OSError as error:
            pytest.skip(f"this kernel's tmpfs has no extended attributes: {error}")
        os.removexattr(name, "trusted.test")
        yield Path(name)


def alike(ours: Path, theirs: Path, count: int, seed: int) -> None:
    for path in (ours, theirs):
        (path / str(seed)).mkdir()
    tree = Tree(ours / str(seed), theirs / str(seed), seed)
    tree.run(count)
    assert 0.2 < tree.failed / count < 0.8  # else nothing much has happened


def test_tree_is_as_tmpfs_has_it(folder: Path, tmpfs: Path) -> None:
    alike(folder, tmpfs, 1500, seed=5)


@pytest.mark.slow
def test_tree_is_as_tmpfs_has_it_after_many_operations(mount: Mount, tmpfs: Path) -> None:
    server = mount()
    for seed in range(5):
        alike(server.path, tmpfs, 10_000, seed)
