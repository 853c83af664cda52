"""What goes wrong in implementations and calls, and what becomes of it."""

# ruff: noqa: ARG001, ARG002, ARG003, ARG004, ARG005  (methods have the parameters that C gives them)

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:coroutine")


def calls(ops: Any, method: Any) -> Callable[[], Any]:
    """Read through a table that has this method."""
    wrapped = ops.wrap(ops.vtable(read=method))
    return lambda: wrapped.read(None, None, 5)


async def asynchronous(dev: Any, buf: Any, size: int) -> int:
    return size


@pytest.mark.parametrize(
    "method",
    [
        lambda dev: 1,
        lambda dev, buf, size, more: 1,
        lambda *, dev: 1,
        asynchronous,
        lambda *_: "text",
        lambda *_: 1 << 63,
        lambda *_: -(1 << 63) - 1,
        lambda *_: 1.0,
        lambda *_: ctypes.c_int(1),
    ],
)
def test_a_method_that_does_not_fit_is_an_input_error_and_reported(
    ops: Any, reported: list[Any], method: Any
) -> None:
    with pytest.raises(OSError, match=r"device_ops\.read") as raised:
        calls(ops, method)()
    assert raised.value.errno == errno.EIO
    assert isinstance(reported[0], (TypeError, OverflowError))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_no_exception_leaves_a_method_of_c(ops: Any, reported: list[Any], error: Any) -> None:
    def fails(*_: Any) -> Any:
        raise error

    with pytest.raises(OSError, match=r"device_ops\.read"):
        calls(ops, fails)()
    assert reported == [error]


class Called:
    def __call__(self, dev: Any, buf: Any, size: int) -> int:
        return size + 1


class Odd:
    read = Called()

    @staticmethod
    def open(dev: Any) -> int:
        return 2

    @classmethod
    def find(cls, dev: Any, name: Any) -> Any:
        return 0x30

    @property
    def mask(self) -> Any:
        return functools.partial(lambda more, dev: more, 4)


def test_whatever_can_be_called_is_a_method(ops: Any) -> None:
    wrapped = ops.wrap(ops.vtable(Odd()))
    assert wrapped.read(None, None, 5) == 6
    assert wrapped.open(None) == 2
    assert wrapped.find(None, None) == 0x30
    assert wrapped.mask(None) == 4
    mock = MagicMock(spec=["read"])
    mock.read.return_value = 7
    assert ops.wrap(ops.vtable(mock)).read(None, b"text", 5) == 7
    assert mock.read.call_args.args[2] == 5


@pytest.fixture
def usual_recursion_limit() -> Iterator[None]:
    """Python's own, which mypy raises for its whole process: C's stack is not that deep."""
    raised = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(raised)


@pytest.mark.usefixtures("usual_recursion_limit")
@pytest.mark.parametrize("depth", range(12))
def test_endless_recursion_through_c_ends_in_an_error(
    ops: Any, reported: list[Any], depth: int
) -> None:
    """At whatever frame the limit is reached."""

    def recur(dev: Any, buf: Any, size: int) -> Any:
        return wrapped.read(dev, buf, size + 1)

    def at(left: int) -> Any:
        return at(left - 1) if left else wrapped.read(None, None, 0)

    wrapped = ops.wrap(ops.vtable(read=recur))
    with pytest.raises((OSError, RecursionError)) as raised:
        at(depth)
    assert isinstance(raised.value, RecursionError) or raised.value.errno == errno.EIO


@pytest.mark.parametrize(("number", "raises"), [(-1, True), (-4095, True), (-4096, False)])
def test_the_last_4095_addresses_are_errors(ops: Any, number: int, raises: bool) -> None:
    wrapped = ops.wrap(ops.vtable(find=lambda *_: number))
    if raises:
        with pytest.raises(OSError, match=r"device_ops\.find") as raised:
            wrapped.find(None, None)
        assert raised.value.errno == -number
    else:
        assert wrapped.find(None, None) == number & (1 << 8 * ctypes.sizeof(ctypes.c_void_p)) - 1


def test_only_the_address_of_such_a_table_is_called_through(k: Any, ops: Any) -> None:
    table = ops.vtable(open=lambda dev: 9)
    for given in (ctypes.pointer(table), ctypes.addressof(table)):
        assert ops.wrap(given).open(None) == 9
    other = k.device()
    for given in (None, True, b"x" * 200, bytearray(200), 1.5, other, ctypes.pointer(other)):
        with pytest.raises(TypeError, match="or its address"):
            ops.wrap(given)
    for given in (0, -1, 1 << 64, -errno.ENOENT & (1 << 64) - 1, ctypes.c_void_p()):
        with pytest.raises(ValueError, match=r"NULL|no address of a table"):
            ops.wrap(given)


def test_a_table_made_of_calls_has_null_where_they_have(ops: Any) -> None:
    again = ops.vtable(ops.wrap(ops.vtable(open=lambda dev: 9, handlers=[None, lambda dev: 3])))
    assert ops.wrap(again).open(None) == 9
    assert not again.read
    assert not again.handlers[0]
    assert ops.wrap(again).handlers[1](None) == 3


def test_data_is_read_and_set_through_what_calls_through_a_table(ops: Any) -> None:
    table = ops.vtable(level=3)
    wrapped = ops.wrap(table)
    wrapped.level += 1
    assert table.level == 4
    assert {"level", "owner", "open"} <= {*dir(wrapped)}
    with pytest.raises(AttributeError, match="set the struct's member"):
        wrapped.open = None
    with pytest.raises(AttributeError, match="nonesuch"):
        wrapped.nonesuch = 1


def test_a_table_works_in_a_forked_process(ops: Any) -> None:
    wrapped = ops.wrap(ops.vtable(open=lambda dev: 9))
    wrapped.open(None)
    child = os.fork()
    if not child:
        try:
            os._exit(wrapped.open(None))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
