"""Generated syscall functions: what they look like, and what they refuse before the kernel does."""

from __future__ import annotations

import ctypes
import enum
import errno
import inspect
import os
import pickle
import platform
from pathlib import Path
from typing import Any

import pytest

from .by_hand import X86_64, call, module_of, table

AT_FDCWD = -100


@pytest.fixture(scope="module")
def s() -> Any:
    return module_of(X86_64)


@pytest.fixture(scope="module")
def here(s: Any) -> Any:
    if not s.TABLE.callable:
        pytest.skip("needs x86_64")
    return s


# The table


def test_table_is_asked_by_number_and_by_name(s: Any) -> None:
    record = s.TABLE[257]
    assert record is s.TABLE["openat"]
    assert (record.nr, record.name, record.entry) == (257, "openat", "sys_openat")
    assert record.returns == "int"
    assert record.lowering == (("rdi",), ("rsi",), ("rdx",), ("r10",))
    assert str(record.params[1]) == "const char *filename"
    assert [p.direction for p in record.params] == ["", "in", "", ""]
    assert (257 in s.TABLE, "openat" in s.TABLE, 258 in s.TABLE) == (True, True, False)
    assert list(s.TABLE)[:2] == ["read", "write"]
    assert len(s.TABLE) == len(X86_64.syscalls)
    with pytest.raises(KeyError):
        s.TABLE["open"]


def test_numbers_are_an_enum(s: Any) -> None:
    assert s.NR.openat == 257
    assert issubclass(s.NR, enum.IntEnum)
    assert s.NR(257) is s.NR.openat
    assert s.NR.break_ is s.NR["break"]
    assert s.TABLE[s.NR.openat].name == "openat"


def test_types_of_parameters(s: Any) -> None:
    types = [param.ctype for param in s.TABLE["openat"].params]
    assert types == [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint16]
    assert s.TABLE["statfs"].params[1].ctype is ctypes.c_void_p  # the file has no structs


def test_names_of_a_module(s: Any) -> None:
    assert {"NR", "TABLE", "Handlers", "openat", "break_"} <= set(dir(s))
    with pytest.raises(AttributeError, match="x86_64 has no syscall 'nonsense'"):
        _ = s.nonsense


def test_records_can_be_pickled(s: Any) -> None:
    assert pickle.loads(pickle.dumps(s.TABLE["read"])) is s.TABLE["read"]
    assert pickle.loads(pickle.dumps(s.read)) is s.read


# The functions


def test_signature_and_documentation(s: Any) -> None:
    signature = inspect.signature(s.openat)
    assert list(signature.parameters) == ["dfd", "filename", "flags", "mode"]
    assert signature.parameters["mode"].default == 0  # as C's open() has it
    assert signature.parameters["dfd"].annotation is int
    assert signature.return_annotation is int
    assert signature.parameters["filename"].annotation == str | bytes | os.PathLike | None
    first, _, rest = s.openat.__doc__.partition("\n")
    assert first == "long openat(int dfd, const char *filename, int flags, umode_t mode)"
    assert "Syscall 257 of x86_64" in rest
    assert s.openat.__module__ == s.__name__
    assert list(inspect.signature(s.rename).parameters) == ["oldname", "from_"]


def test_keywords(here: Any, tmp_path: Path) -> None:
    fd = here.openat(dfd=AT_FDCWD, filename=tmp_path, flags=os.O_RDONLY)
    os.close(fd)


class Colour(enum.IntEnum):
    RED = 1


MISUSES = [
    ("openat", (AT_FDCWD, "x", 0, 0, 0), TypeError, "takes from 3 to 4 positional arguments but 5"),
    ("openat", (AT_FDCWD, "x"), TypeError, "missing 1 required positional argument: 'flags'"),
    ("getpid", (1,), TypeError, "takes 0 positional arguments but 1 was given"),
    ("openat", (2**31, "x", 0), OverflowError, "dfd: 2147483648 does not fit int, -2147483648 to"),
    ("openat", (-(2**31) - 1, "x", 0), OverflowError, "dfd: -2147483649 does not fit int"),
    ("openat", (2**32 - 100, "x", 0), OverflowError, "the same bits are -100"),
    ("openat", (AT_FDCWD, "x", 0, 1 << 16), OverflowError, "mode: 65536 does not fit umode_t"),
    ("openat", ("1", "x", 0), TypeError, "dfd (int) is an int or has fileno(), not str"),
    ("openat", (AT_FDCWD, "x", 1.0), TypeError, "flags (int) is an int, not float"),
    ("openat", (AT_FDCWD, "a\0b", 0), ValueError, "filename: embedded null byte"),
    ("openat", (AT_FDCWD, b"a\0", 0), ValueError, "filename: embedded null byte"),
    ("openat", (AT_FDCWD, ["x"], 0), TypeError, "not list"),
    ("read", (2**32, bytearray(1), 1), OverflowError, "fd: 4294967296 does not fit unsigned int"),
    ("read", (-(2**31) - 1, bytearray(1), 1), OverflowError, "unsigned int, 0 to 4294967295"),
    ("read", (0, bytearray(1), 2**64), OverflowError, "count: 18446744073709551616 does not fit"),
    ("read", (0, b"constant", 8), TypeError, "buf (char *) is a ctypes instance, a writable"),
    ("read", (0, memoryview(b"constant"), 8), TypeError, "not memoryview"),
    ("read", (0, "text", 4), TypeError, "not str"),
    ("read", (0, bytearray(7), 8), ValueError, "buf has 7 bytes, not the 8 that count says"),
    ("read", (0, (ctypes.c_char * 7)(), 8), ValueError, "buf has 7 bytes, not the 8"),
    ("read", (0, memoryview(bytearray(7)), 8), ValueError, "buf has 7 bytes, not the 8"),
    ("read", (0, ctypes.c_int(), 8), ValueError, "buf has 4 bytes, not the 8"),
    ("read", (0, bytearray(7), -1), ValueError, "buf has 7 bytes, not the -1"),
    ("read", (0, -1, 8), OverflowError, "buf: -1 is no address"),
    ("read", (0, 2**64, 8), OverflowError, "is no address"),
    ("write", (1, "text", 4), TypeError, "not str"),
    ("write", (1, b"text", 5), ValueError, "buf has 4 bytes, not the 5 that count says"),
    ("write", (1, memoryview(b"text"), 5), ValueError, "buf has 4 bytes, not the 5"),
    ("statfs", ("/", "text"), TypeError, "buf (struct statfs *) is a ctypes instance"),
    ("statfs", ("/", b"bytes"), TypeError, "not bytes"),
    ("execve", ("/", ["a\0b"], None), ValueError, "argv[0]: embedded null byte"),
]


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"), MISUSES, ids=[f"{m[0]}-{m[3]}" for m in MISUSES]
)
def test_misuse_is_refused_before_the_kernel_sees_it(
    here: Any, name: str, arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        getattr(here, name)(*arguments)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{name}()")


def test_what_integers_may_be(here: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    with open(path, "rb") as file:
        buffer = bytearray(3)
        assert here.read(file, buffer, 3) == 3  # by fileno()
        assert here.lseek(file.fileno(), True, Colour.RED) == 4  # SEEK_CUR
        assert here.lseek(file, -1, os.SEEK_END) == 2
    for fd in (-1, 2**32 - 1):  # C's conversion: the same bits
        with pytest.raises(OSError) as caught:
            here.read(fd, buffer, 3)
        assert caught.value.errno == errno.EBADF


def test_what_buffers_may_be(here: Any) -> None:
    reader, writer = os.pipe()
    data = b"0123456789"
    array = (ctypes.c_char * 10)(*data)
    for source in (
        data,
        bytearray(data),
        memoryview(data),
        memoryview(bytearray(data)),
        array,
        ctypes.byref(array),
        ctypes.pointer(array),
        ctypes.addressof(array),
        ctypes.cast(array, ctypes.c_void_p),
        ctypes.c_char_p(data),
        ctypes.c_uint64.from_buffer_copy(data),
    ):
        size = ctypes.sizeof(source) if isinstance(source, ctypes.c_uint64) else 10
        assert here.write(writer, source, size) == size
        assert os.read(reader, 20) == data[:size]
    word = ctypes.c_uint32()
    for target in (bytearray(10), (ctypes.c_uint8 * 10)(), ctypes.byref(word), word):
        size = 4 if target is word or isinstance(target, type(ctypes.byref(word))) else 10
        os.write(writer, data[:size])
        assert here.read(reader, target, size) == size
        assert bytes(word if size == 4 else target) == data[:size]
    assert here.read(reader, None, 0) == 0
    with pytest.raises(OSError) as caught:
        here.write(writer, None, 5)
    assert caught.value.errno == errno.EFAULT
    for fd in (reader, writer):
        os.close(fd)


def test_words_are_numbers_or_addresses(here: Any) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"12345")
    count = ctypes.c_int()
    assert here.ioctl(reader, 0x541B, count) == 0  # FIONREAD
    assert count.value == 5
    assert here.ioctl(reader, 0x541B, ctypes.byref(count)) == 0
    assert here.ioctl(reader, 0x541B, ctypes.addressof(count)) == 0
    assert here.ioctl(reader, 0x5451) == 0  # FIOCLEX
    with pytest.raises(TypeError, match=r"arg .* not str"):
        here.ioctl(reader, 0x541B, "text")
    with pytest.raises(OSError) as caught:
        here.ioctl(reader, 0x541B, None)
    assert caught.value.errno == errno.EFAULT
    os.close(reader)
    os.close(writer)


def test_buffers_stay_alive_and_locked_only_during_the_call(here: Any) -> None:
    buffer = bytearray(1)
    with open("/dev/zero", "rb") as zero:
        here.read(zero, buffer, 1)
    buffer.extend(b"grows")  # BufferError if it were still exported


def test_words_of_all_widths_arrive(here: Any, tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        for offset in (0, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40 + 1):
            assert here.lseek(file, offset, os.SEEK_SET) == offset
            assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == offset


def test_calls_that_never_fail_return_what_looks_like_an_error(here: Any) -> None:
    before = here.umask(0o22)
    assert here.umask(before) == 0o22
    assert here.sched_yield() == 0
    assert here.getpid() == os.getpid()


def test_error_carries_what_the_call_was_about(here: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        here.rename(tmp_path / "a", str(tmp_path / "b"))
    assert caught.value.filename == tmp_path / "a"
    assert caught.value.filename2 == str(tmp_path / "b")
    with pytest.raises(NotADirectoryError) as other:
        here.openat(AT_FDCWD, b"/dev/null/x", 0)
    assert other.value.filename == b"/dev/null/x"


def test_strings_of_a_list(here: Any) -> None:
    pid = os.fork()
    if not pid:
        here.execve("/bin/sh", ["sh", b"-c", Path("exit 7")], None)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_unknown_prototype_says_why(s: Any) -> None:
    assert s.TABLE["lookup_dcookie"].params is None
    with pytest.raises(NotImplementedError, match="not implemented: every kernel answers ENOSYS"):
        s.lookup_dcookie(1)


# Other machines


@pytest.fixture(scope="module")
def foreign() -> Any:
    abi = "s390x" if platform.machine() != "s390x" else "x86_64"
    return module_of(table(abi, call(abi, 4, "write(unsigned int fd, char * b, size_t count)")))


def test_calls_of_another_machine_are_data(foreign: Any) -> None:
    assert foreign.TABLE[4].lowering == (("r2",), ("r3",), ("r4",))
    assert list(inspect.signature(foreign.write).parameters) == ["fd", "b", "count"]
    with pytest.raises(NotImplementedError, match="write of s390x cannot be called here"):
        foreign.write(1, b"x", 1)
    kinds = [param.ctype for param in foreign.TABLE["write"].params]
    assert kinds == [
        ctypes.c_uint32.__ctype_be__,
        ctypes.c_uint64.__ctype_be__,
        ctypes.c_uint64.__ctype_be__,
    ]


def test_unknown_type_costs_one_prototype() -> None:
    module = module_of(table("x86_64", call("x86_64", 1, "odd(mystery_t x)")))
    assert module.TABLE["odd"].params is None
    assert module.TABLE["odd"].reason == "how mystery_t is passed is not known"


def test_numbers_whose_names_enum_keeps_for_itself_have_a_bar_behind() -> None:
    names = ["mro", "_ignore_", "__class__", "name", "_plain"]
    calls = [call("x86_64", nr, f"{name}(int a)") for nr, name in enumerate(names)]
    module = module_of(table("x86_64", *calls))
    assert {one.name: one.value for one in module.NR} == {
        "name": 3, "_plain": 4, "mro_": 0, "_ignore__": 1, "__class___": 2,
    }  # fmt: skip
    assert module.TABLE[module.NR["mro_"]].name == "mro"


def test_names_from_strangers_are_no_code() -> None:
    evil = 'x"): __import__("os").abort() #'
    made = call("x86_64", 1, "odd(int a, int b, int b)")
    assert made.params is not None
    first, second, third = made.params
    params = (first._replace(name=evil), second._replace(name="_u_call"), third, third)
    made = made._replace(lowering=(*made.lowering, made.lowering[0]))
    module = module_of(table("x86_64", made._replace(params=params, entry=evil, reason=evil)))
    assert list(inspect.signature(module.odd).parameters) == ["arg1", "arg2", "b", "arg4"]
    assert module.TABLE["odd"].entry == evil
