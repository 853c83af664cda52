"""Handlers: what may be registered, which values they get, what becomes of their results."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .by_hand import X86_64, call, module_of, table


@pytest.fixture(scope="module")
def s() -> Any:
    return module_of(X86_64)


class Memory:
    """Some bytes from an address on."""

    def __init__(self, start: int, data: bytes) -> None:
        self.start, self.data = start, bytearray(data)

    def _place(self, address: int) -> int:
        if not self.start <= address < self.start + len(self.data):
            raise OSError(errno.EIO, "nothing there")
        return address - self.start

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.data[self._place(address) :][:size])

    def write(self, address: int, data: bytes) -> int:
        at = self._place(address)
        written = min(len(data), len(self.data) - at)
        self.data[at : at + written] = data[:written]
        return written


# Registration


def test_decorators(s: Any) -> None:
    handlers = s.Handlers()

    @handlers
    def getppid() -> int:
        return 7

    @handlers.on("openat")
    def anything(dfd: int, filename: Any, flags: int, mode: int) -> None: ...

    assert getppid() == 7  # the function is what it was
    assert list(handlers) == ["getppid", "openat"]
    assert handlers.numbers == (110, 257)
    assert (110 in handlers, "openat" in handlers, 0 in handlers) == (True, True, False)


def _too_few(dfd: Any) -> None: ...
def _too_many(dfd: Any, filename: Any, flags: Any, mode: Any, more: Any) -> None: ...
def _swapped(dfd: Any, flags: Any, filename: Any, mode: Any) -> None: ...
def _keyword(dfd: Any, filename: Any, flags: Any, mode: Any, *, extra: Any) -> None: ...
def _string(dfd: Any, filename: str, flags: Any, mode: Any) -> None: ...
def _float(dfd: Any, filename: Any, flags: float, mode: Any) -> None: ...
async def _awaited(dfd: Any, filename: Any, flags: Any, mode: Any) -> None: ...
def _other_names(a: Any, b: Any, c: Any, d: Any) -> None: ...
def _all(*arguments: Any) -> None: ...
def _default(dfd: Any, filename: Any, flags: Any, mode: Any, more: int = 1) -> None: ...
def _with_call(dfd: Any, filename: Any, flags: Any, mode: Any, *, call: Any) -> None: ...
def _with_keywords(*arguments: Any, **more: Any) -> None: ...


WRONG = [
    (_too_few, "the handler takes 1 parameters, which are not the parameters of openat: dfd,"),
    (_too_many, "the handler takes 5 parameters, which are not the parameters of openat"),
    (
        _swapped,
        "flags is parameter 2 of the handler, not as in the parameters of openat: dfd, file",
    ),
    (_keyword, "extra is none of the parameters of openat"),
    (_string, "filename of openat (const char *) is an address, not str"),
    (_float, "flags of openat (int) is an int, not float"),
    (_awaited, "the handler of openat must return the result, not what is awaited"),
]


@pytest.mark.parametrize(("function", "message"), WRONG, ids=[f.__name__ for f, _ in WRONG])
def test_wrong_signature_is_refused(s: Any, function: Any, message: str) -> None:
    handlers = s.Handlers()
    with pytest.raises(TypeError) as caught:
        handlers.register("openat", function)
    assert message in str(caught.value)
    assert len(handlers) == 0


@pytest.mark.parametrize("function", [_other_names, _all, _default, _with_call, _with_keywords])
def test_right_signature_is_taken(s: Any, function: Any) -> None:
    handlers = s.Handlers()
    handlers.register("openat", function)
    assert handlers.dispatch(257, (0, 0, 0, 0, 0, 0)) == 0


def test_unknown_names_and_second_handlers_are_refused(s: Any) -> None:
    handlers = s.Handlers()
    with pytest.raises(LookupError, match="x86_64 has no syscall 'openbt'"):
        handlers.register("openbt", _all)
    handlers.register("openat", _all)
    with pytest.raises(ValueError, match="openat has a handler already"):
        handlers.register("openat", _all)
    with pytest.raises(TypeError, match="lookup_dcookie has no known prototype: not implemented"):
        handlers.register("lookup_dcookie", _all)


# Arguments


def test_arguments_have_the_width_and_sign_of_their_types(s: Any) -> None:
    handlers = s.Handlers()
    got: list[Any] = []
    handlers.register("openat", lambda *arguments: got.extend(arguments))
    garbage = 0xDEADBEEF << 32
    handlers.dispatch(257, (garbage | 2**32 - 100, 5 << 40, 1 << 31, garbage | 0x1FFFF))
    assert got == [-100, 5 << 40, -(1 << 31), 0xFFFF]
    assert repr(got[1]) == "0x50000000000"
    got.clear()
    handlers.dispatch(257, {"rdi": -1 & 2**64 - 1, "rdx": 4})
    assert got == [-1, 0, 4, 0]


def test_strings_and_structs_come_from_memory(s: Any) -> None:
    class Pair(ctypes.Structure):
        _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_int)]

    memory = Memory(4096 * 3 - 4, b"/etc/passwd\0" + bytes(100))
    handlers = s.Handlers()

    @handlers
    def openat(dfd: int, filename: Any, flags: int, mode: int, *, call: Any) -> int:
        assert (dfd, flags, mode) == (1, 0, 0)
        assert filename.string == b"/etc/passwd"
        assert filename.read(4) == b"/etc"
        filename.write(Pair(1, 2))
        assert (call.syscall.name, call.context, call.registers[0]) == ("openat", "context", 1)
        return 33

    assert handlers.dispatch(257, (1, memory.start, 0, 0), memory, "context") == 33
    assert bytes(memory.data[:8]) == bytes(Pair(1, 2))


@pytest.mark.parametrize("address", [0, 1, 4096 * 3 + 200])
def test_bad_addresses_are_efault(s: Any, address: int) -> None:
    memory = Memory(4096 * 3 - 4, b"no end")
    handlers = s.Handlers()
    handlers.register("openat", lambda *args: len(args[1].string))
    handlers.register("read", lambda *args: args[1].write(bytes(args[2])))
    assert handlers.dispatch(257, (0, address, 0, 0), memory) == -errno.EFAULT
    assert handlers.dispatch(0, (0, address, 3), memory) == -errno.EFAULT
    assert handlers.dispatch(257, (0, memory.start, 0, 0), memory) == -errno.EFAULT
    with pytest.raises(ValueError, match="filename: dispatch\\(\\) was given no memory"):
        handlers.dispatch(257, (0, 5, 0, 0))


def test_missing_registers_are_an_error(s: Any) -> None:
    handlers = s.Handlers()
    handlers.register("openat", _all)
    with pytest.raises(ValueError, match="openat: the register of mode is missing"):
        handlers.dispatch(257, (1, 2, 3))


# Results


def raising(error: BaseException) -> Any:
    def handler(*_: Any) -> None:
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "result"),
    [
        (lambda *_: 5, 5),
        (lambda *_: None, 0),
        (lambda *_: True, 1),
        (lambda *_: -errno.EAGAIN, -errno.EAGAIN),
        (raising(OSError(errno.EACCES, "no")), -errno.EACCES),
        (raising(FileNotFoundError(errno.ENOENT, "no")), -errno.ENOENT),
        (raising(OSError("without a number")), -errno.EIO),
        (raising(InterruptedError(errno.EINTR, "")), -errno.EINTR),
    ],
)
def test_results_are_the_kernels(s: Any, handler: Any, result: int) -> None:
    handlers = s.Handlers()
    handlers.register("openat", handler)
    assert handlers.dispatch(257, (0, 0, 0, 0)) == result


def test_without_a_handler_there_is_no_such_call(s: Any) -> None:
    handlers = s.Handlers()
    assert handlers.dispatch(0, (0, 0, 0)) == -errno.ENOSYS
    assert handlers.dispatch(99999, ()) == -errno.ENOSYS


def test_faults_of_a_handler_are_not_hidden(s: Any) -> None:
    handlers = s.Handlers()
    handlers.register("openat", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        handlers.dispatch(257, (0, 0, 0, 0))
    handlers = s.Handlers()
    handlers.register("openat", lambda *_: "text")
    with pytest.raises(TypeError, match="the handler of openat returned str, not an int or None"):
        handlers.dispatch(257, (0, 0, 0, 0))
    handlers = s.Handlers()
    handlers.register("openat", lambda *_: 1 << 64)
    with pytest.raises(OverflowError, match="no 64 bits"):
        handlers.dispatch(257, (0, 0, 0, 0))


# Other ABIs: data, but handlers work

SPLIT = "pread64(unsigned int fd, char * buf, size_t count, loff_t pos)"
REGISTERS = {
    # Where a 64-bit argument goes behind three words
    "i386": {"ebx": 3, "ecx": 0x1000, "edx": 10, "esi": 0x89ABCDEF, "edi": 0x01234567},
    "arm": {"r0": 3, "r1": 0x1000, "r2": 10, "r4": 0x89ABCDEF, "r5": 0x01234567},
    "ppc": {"r3": 3, "r4": 0x1000, "r5": 10, "r7": 0x01234567, "r8": 0x89ABCDEF},
    "mips": {"a0": 3, "a1": 4096, "a2": 10, "stack+16": 0x01234567, "stack+20": 0x89ABCDEF},
    "s390": {"r2": 3, "r3": 0x1000, "r4": 10, "r5": 0x01234567, "r6": 0x89ABCDEF},
    "x86_64": {"rdi": 3, "rsi": 0x1000, "rdx": 10, "r10": 0x0123456789ABCDEF},
    "s390x": {"r2": 3, "r3": 0x1000, "r4": 10, "r5": 0x0123456789ABCDEF},
}


@pytest.mark.parametrize("abi", REGISTERS)
def test_halves_of_a_64_bit_argument_are_put_together(abi: str) -> None:
    handlers = module_of(table(abi, call(abi, 180, SPLIT))).Handlers()
    got: list[Any] = []
    handlers.register("pread64", lambda *arguments: got.extend(arguments))
    handlers.dispatch(180, REGISTERS[abi])
    assert got == [3, 0x1000, 10, 0x0123456789ABCDEF]


MMAP = (
    "mmap(long unsigned int addr, long unsigned int len, long unsigned int prot,"
    " long unsigned int flags, long unsigned int fd, long unsigned int off)"
)


@pytest.mark.parametrize(("abi", "size", "order"), [("i386", 4, "little"), ("s390x", 8, "big")])
def test_arguments_in_a_block_come_from_memory(abi: str, size: int, order: Any) -> None:
    module = module_of(table(abi, call(abi, 90, MMAP, "address")))
    assert module.TABLE["mmap"].in_block
    handlers = module.Handlers()
    got: list[Any] = []
    handlers.register("mmap", lambda *arguments: got.extend(arguments))
    block = b"".join(number.to_bytes(size, order) for number in (0, 4096, 3, 0x22, 7, 8192))
    handlers.dispatch(90, (0x5000,), Memory(0x5000, block))
    assert got == [0, 4096, 3, 0x22, 7, 8192]
    assert handlers.dispatch(90, (0x5000,), Memory(0x5000, block[:-1])) == -errno.EFAULT


@given(st.integers(-(2**63), 2**64 - 1), st.sampled_from(["i386", "arm", "ppc", "mips", "s390"]))
def test_any_number_survives_lowering(value: int, abi: str) -> None:
    """What a caller passes by the lowering is what a handler gets, whatever the ABI."""
    module = _MODULES.setdefault(abi, module_of(table(abi, call(abi, 1, SPLIT))))
    record = module.TABLE["pread64"]
    words = {name: 0 for names in record.lowering for name in names}
    low, high = record.lowering[3]
    words[low], words[high] = value & 2**32 - 1, value >> 32 & 2**32 - 1
    handlers = module.Handlers()
    got: list[Any] = []
    handlers.register("pread64", lambda *arguments: got.extend(arguments))
    handlers.dispatch(1, words)
    assert got[3] == (value + 2**63) % 2**64 - 2**63


_MODULES: dict[str, Any] = {}


# Another process


def test_memory_of_another_process(s: Any) -> None:
    from uapigen.emit.support.handlers import ProcessMemory

    buffer = ctypes.create_string_buffer(b"before\0", 32)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.read(reader, 1)
        os._exit(buffer.value == b"after")
    try:
        with ProcessMemory(pid) as memory:
            address = ctypes.addressof(buffer)
            assert memory.read(address, 6) == b"before"
            memory.write(address, b"after\0")
            handlers = s.Handlers()
            handlers.register("openat", lambda *args: len(args[1].string))
            assert handlers.dispatch(257, (0, address, 0, 0), memory) == 5
            assert handlers.dispatch(257, (0, 8, 0, 0), memory) == -errno.EFAULT
    finally:
        os.write(writer, b"x")
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 1
    assert buffer.value == b"before"
