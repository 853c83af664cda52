"""ioctl numbers that know what they are made of, and ``ioctl()`` on this kernel."""

from __future__ import annotations

import copy
import ctypes
import importlib.util
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Uapigen

from uapigen.emit.support.ioctls import IoctlNumber

HEADERS = {
    "x86_64": Path("/usr/include/linux/fs.h"),
    "mipsel": Path("/usr/mipsel-linux-gnu/include/linux/fs.h"),
    "ppc64le": Path("/usr/powerpc64le-linux-gnu/include/linux/fs.h"),
    "s390x": Path("/usr/s390x-linux-gnu/include/linux/fs.h"),
}


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def made(arch: str, uapigen: Uapigen, folder: Path) -> Any:
    if not HEADERS[arch].exists():
        pytest.skip(f"needs the headers of {arch}")
    out = folder / f"fs_{arch}.py"
    uapigen(HEADERS[arch], "-o", out, "--arch", arch)
    return module_of(out)


@pytest.fixture(scope="module")
def fs(uapigen: Uapigen, tmp_path_factory: pytest.TempPathFactory) -> Any:
    machine = os.uname().machine
    if machine not in HEADERS:
        pytest.skip("needs a machine whose headers are known here")
    return made(machine, uapigen, tmp_path_factory.mktemp("ioctl"))


@pytest.fixture
def file() -> Iterator[Any]:
    with tempfile.TemporaryFile() as opened:
        yield opened


@pytest.mark.parametrize("arch", HEADERS)
def test_parts_are_those_that_the_headers_own_macros_find(
    arch: str, uapigen: Uapigen, tmp_path: Path
) -> None:
    m = made(arch, uapigen, tmp_path)
    numbers = [n for n in map(m.__getattr__, dir(m)) if isinstance(n, m.FS_IOC_FIEMAP.__class__)]
    assert len(numbers) > 40
    for number in numbers:
        assert (number.dir, number.type, number.nr) == (
            m._IOC_DIR(number),
            m._IOC_TYPE(number),
            m._IOC_NR(number),
        ), number
        assert number.reads == (number.dir & m._IOC_READ != 0)
        assert number.writes == (number.dir & m._IOC_WRITE != 0)
        argument = number.argument
        assert number.size == (0 if argument is None else ctypes.sizeof(argument)), number
        if number.size:
            assert number.size == m._IOC_SIZE(number)


def test_arguments_are_the_types_that_the_header_names(fs: Any) -> None:
    assert fs.FS_IOC_GETFLAGS.argument is fs.ctype("long")
    assert fs.FS_IOC_FSGETXATTR.argument is fs.fsxattr
    assert fs.FITRIM.argument is fs.ctype("struct fstrim_range")
    assert fs.BLKROSET.argument is None
    assert repr(fs.FS_IOC_GETFLAGS) == "<ioctl FS_IOC_GETFLAGS = 0x80086601>"
    assert f"{fs.FS_IOC_GETFLAGS:#x}" == "0x80086601"


def test_a_filled_scalar_comes_back_as_its_value(fs: Any, file: Any) -> None:
    try:
        flags = fs.ioctl(file, fs.FS_IOC_GETFLAGS)
    except OSError:
        pytest.skip("this file system has no FS_IOC_GETFLAGS")
    assert isinstance(flags, int)
    assert fs.ioctl(file, fs.FS_IOC_SETFLAGS, flags | fs.FS_NODUMP_FL) == 0
    assert fs.ioctl(file.fileno(), fs.FS_IOC_GETFLAGS) == flags | fs.FS_NODUMP_FL


def test_a_filled_structure_comes_back_as_it_was_given(fs: Any, file: Any) -> None:
    try:
        found = fs.ioctl(file, fs.FS_IOC_FSGETXATTR)
    except OSError:
        pytest.skip("this file system has no FS_IOC_FSGETXATTR")
    assert isinstance(found, fs.fsxattr)
    mine = fs.fsxattr(fsx_extsize=77)
    assert fs.ioctl(file, fs.FS_IOC_FSGETXATTR, mine) is mine
    assert bytes(mine) == bytes(found)
    assert fs.ioctl(file, fs.FS_IOC_FSGETXATTR, bytes(28)) == bytes(found)
    buffer = bytearray(28)
    assert fs.ioctl(file, fs.FS_IOC_FSGETXATTR, buffer) is buffer
    assert buffer == bytes(found)


def test_a_number_without_a_size_takes_an_int_as_it_is(fs: Any) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"four")
        waiting = ctypes.c_int()
        assert fs.ioctl(reading, 0x541B, waiting) == 4  # FIONREAD
        with pytest.raises(OSError, match="Inappropriate ioctl"):
            fs.ioctl(reading, fs.BLKROGET, 0)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(
    ("name", "argument", "problem"),
    [
        ("BLKGETSIZE64", ctypes.c_int(1), "wants size_t of 8 bytes, not 4"),
        ("BLKGETSIZE64", b"123", "wants size_t of 8 bytes, not 3"),
        ("BLKGETSIZE64", 1 << 64, "18446744073709551616 does not fit size_t"),
        ("FS_IOC_GETFLAGS", 1 << 32, "4294967296 does not fit long"),
        ("FS_IOC_GETFLAGS", b"123", "wants long of 8 bytes, not 3"),
        ("FS_IOC_GETFLAGS", "text", "bytes-like object is required"),
    ],
)
def test_an_argument_of_another_size_is_refused(
    fs: Any, file: Any, name: str, argument: Any, problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        fs.ioctl(file, getattr(fs, name), argument)


def test_numbers_made_for_a_long_of_which_the_kernel_takes_an_int(fs: Any, file: Any) -> None:
    flags = ctypes.c_uint()
    try:
        assert fs.ioctl(file, fs.FS_IOC_GETFLAGS, flags) == flags.value
    except OSError:
        pytest.skip("this file system has no FS_IOC_GETFLAGS")
    whole = ctypes.c_ulong(0xAAAA_0000_0000)
    fs.ioctl(file, fs.FS_IOC_GETFLAGS, whole)
    assert bytes(whole)[:4] == bytes(flags)
    assert whole.value == 0xAAAA_0000_0000 + flags.value  # the rest is left alone
    plain = ctypes.c_uint()
    assert fs.ioctl(file, int(fs.FS_IOC_GETFLAGS), plain) == flags.value == plain.value


def test_what_the_kernel_only_reads_must_be_given(fs: Any, file: Any) -> None:
    with pytest.raises(TypeError, match=r"FS_IOC_SETFLAGS = .* wants an argument of 8 bytes"):
        fs.ioctl(file, fs.FS_IOC_SETFLAGS)
    with pytest.raises(TypeError, match="wants struct fsxattr, not an int"):
        fs.ioctl(file, fs.FS_IOC_FSSETXATTR, 1)


def test_numbers_can_be_copied_and_pickled(fs: Any) -> None:
    for again in (
        copy.copy(fs.FS_IOC_FSGETXATTR),
        copy.deepcopy([fs.FS_IOC_FSGETXATTR])[0],
        pickle.loads(pickle.dumps(fs.FS_IOC_FSGETXATTR)),
    ):
        assert again == fs.FS_IOC_FSGETXATTR
        assert again.argument is fs.fsxattr


def test_another_machines_bindings_call_nothing(uapigen: Uapigen, tmp_path: Path) -> None:
    arch = next(arch for arch in ("s390x", "mipsel") if arch != os.uname().machine)
    m = made(arch, uapigen, tmp_path)
    with pytest.raises(TypeError, match=f"is a number of {arch}, not of"):
        m.ioctl(0, m.FS_IOC_GETFLAGS)


class Abi:
    """What a number asks of bindings."""

    def __init__(self, arch: str) -> None:
        self.abi = {"arch": arch}


@pytest.mark.parametrize(
    ("arch", "value", "dir_", "size"),
    [
        # FS_IOC_GETFLAGS, _IOR('f', 1, long), as each architecture's headers make it
        ("x86_64", 0x80086601, 2, 8),
        ("riscv32", 0x80046601, 2, 4),
        ("ppc", 0x40046601, 2, 4),
        ("mips64el", 0x40086601, 2, 8),
        ("alpha", 0x40086601, 2, 8),
        ("sparc64", 0x40086601, 2, 8),
        ("parisc", 0x40046601, 1, 4),
        # _IO('f', 1)
        ("x86_64", 0x6601, 0, 0),
        ("ppc", 0x20006601, 1, 0),
        ("sparc", 0x20006601, 1, 0),
        # _IOR('f', 1, char[8192 + 5]): sparc's size reaches into the direction bits
        ("sparc64", 0x60056601, 2, 8197),
    ],
)
def test_each_architecture_encodes_in_its_way(arch: str, value: int, dir_: int, size: int) -> None:
    number = IoctlNumber(value, Abi(arch), "X", "")  # type: ignore[arg-type]
    assert (number.dir, number.size, chr(number.type), number.nr) == (dir_, size, "f", 1)
