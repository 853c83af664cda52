"""Arguments that would let the kernel write past their ends, or that end before the call."""

from __future__ import annotations

import array
import ctypes
import os
from pathlib import Path
from typing import Any

import pytest


def test_file_lives_until_the_call_has_ended(calls: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    copy = calls.dup(open(path, "rb"))  # noqa: SIM115  # nobody else holds it
    assert os.read(copy, 3) == b"abc"
    os.close(copy)


def test_pointers_to_another_type_are_refused(k: Any, calls: Any) -> None:
    small = k.__kernel_timespec()
    for wrong in (ctypes.pointer(small), ctypes.byref(small)):
        with pytest.raises(TypeError, match=r"buffer \(struct statx \*\) is a struct statx.*, not"):
            calls.statx(-100, "/", 0, 0x7FF, wrong)
    about = k.statx()
    arrays = (ctypes.c_char * 256).from_buffer(about)
    for right in (ctypes.pointer(about), ctypes.cast(arrays, ctypes.POINTER(ctypes.c_char))):
        about.stx_mode = 0
        assert calls.statx(-100, "/", 0, 0x7FF, right) == 0
        assert about.stx_mode & 0o40000


def too_short(k: Any) -> list[tuple[str, tuple[Any, ...], str]]:
    one = (ctypes.c_int * 1)()
    iovec = (k.iovec * 1)()
    pollfd = (k.pollfd * 1)()
    return [
        ("pipe2", (one, 0), "fildes has 4 bytes, not the 8 of 2 c_int"),
        ("pipe2", (bytearray(4), 0), "fildes has 4 bytes, not the 8 of 2 c_int"),
        ("pipe", (array.array("i", [0]),), "fildes has 4 bytes, not the 8"),
        ("socketpair", (1, 1, 0, one), "usockvec has 4 bytes, not the 8"),
        (
            "utimensat",
            (-100, "/", k.__kernel_timespec(), 0),
            "utimes has 16 bytes, not the 32 of 2",
        ),
        ("statx", (-100, "/", 0, 0, ctypes.byref(bytes_of(8))), "buffer has 8 bytes, not the 256"),
        ("read", (0, ctypes.byref(bytes_of(8)), 9), "buf has 8 bytes, not the 9 that count says"),
        ("poll", (pollfd, 2, 0), "ufds has 8 bytes, not the 16 of the 2 struct pollfd that nfds"),
        ("ppoll", (bytearray(15), 2, None, None, 8), "ufds has 15 bytes, not the 16"),
        ("readv", (0, iovec, 2), "vec has 16 bytes, not the 32 of the 2 struct iovec that vlen"),
        ("readv", (0, iovec, -1), "vec has 16 bytes, not the -16 of the -1 struct iovec"),
        ("process_vm_readv", (1, iovec, 1, iovec, 2, 0), "rvec has 16 bytes, not the 32"),
        ("epoll_wait", (0, k.epoll_event(), 2, 0), "events has 12 bytes, not the 24"),
        ("getgroups", (2, (ctypes.c_uint * 1)()), "grouplist has 4 bytes, not the 8"),
        ("setgroups", (2, (ctypes.c_uint * 1)()), "grouplist has 4 bytes, not the 8"),
        ("sched_getaffinity", (0, 128, bytearray(8)), "user_mask_ptr has 8 bytes, not the 128"),
        ("msgsnd", (0, bytearray(16), 9, 0), "msgp has 16 bytes, not the 17"),
        ("futex_waitv", ((k.futex_waitv * 1)(), 2, 0, None, 1), "waiters has 24 bytes, not the 48"),
    ]


def bytes_of(size: int) -> Any:
    return (ctypes.c_char * size)()


def test_what_is_shorter_than_its_count_is_refused(k: Any, calls: Any) -> None:
    for name, arguments, message in too_short(k):
        with pytest.raises(ValueError, match=r"\(\): ") as caught:
            getattr(calls, name)(*arguments)
        assert str(caught.value).startswith(f"{name}(): {message}"), str(caught.value)


def test_counted_elements_may_be_more_than_are_used(k: Any, calls: Any) -> None:
    reader, writer = os.pipe()
    polled = (k.pollfd * 3)(k.pollfd(fd=writer, events=4))
    assert calls.poll(polled, 1, 0) == 1
    assert polled[0].revents == 4
    groups = (ctypes.c_uint * 64)()
    assert calls.getgroups(64, groups) == len(os.getgroups())
    assert calls.getgroups(0, None) == len(os.getgroups())
    assert calls.sched_getaffinity(0, 128, bytearray(128)) > 0
    for fd in (reader, writer):
        os.close(fd)


def test_strings_say_what_they_take(calls: Any) -> None:
    cases: list[tuple[str, tuple[Any, ...], str]] = [
        ("chdir", (1.5,), "filename (const char *) is a str, bytes or a path, a ctypes instance"),
        (
            "execve",
            ("/", [1], None),
            "argv[0] (const char *const *) is a str, bytes or a path, not",
        ),
        (
            "execve",
            ("/", ["a", None], None),
            "argv[1] (const char *const *) is a str, bytes or a p",
        ),
        (
            "execve",
            ("/", (x for x in "a"), None),
            "argv (const char *const *) is a list of strings",
        ),
        ("execve", ("/", "text", None), "argv (const char *const *) is a list of strings"),
        ("execve", ("/", ["a"], {"A": "b"}), "envp (const char *const *) is a list of strings"),
    ]
    for name, arguments, message in cases:
        with pytest.raises(TypeError) as caught:
            getattr(calls, name)(*arguments)
        assert str(caught.value).startswith(f"{name}(): {message}"), str(caught.value)


def test_what_is_no_buffer_any_more_is_said_with_the_parameter(calls: Any) -> None:
    released = memoryview(bytearray(4))
    released.release()
    with pytest.raises(ValueError, match=r"^read\(\): buf: operation forbidden on released"):
        calls.read(0, released, 4)
    with pytest.raises(TypeError, match=r"^read\(\): buf: .*not C.contiguous"):
        calls.read(0, memoryview(bytearray(8))[::2], 4)
    with open(os.devnull, "rb") as file:
        pass
    with pytest.raises(ValueError, match=r"^read\(\): fd: I/O operation on closed file"):
        calls.read(file, bytearray(4), 4)


@pytest.mark.parametrize("name", ["vfork", "rt_sigreturn"])
def test_what_would_crash_the_interpreter_is_refused(calls: Any, name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"^{name}: .* stack"):
        getattr(calls, name)()
