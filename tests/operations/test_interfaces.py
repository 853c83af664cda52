"""Interfaces at run time: methods, C tables of Python objects, and calls through C tables."""

# ruff: noqa: ARG001, ARG002, ARG005  (methods have the parameters that C gives them)

from __future__ import annotations

import copy
import ctypes
import errno
import gc
import inspect
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Uapigen

import uapigen
from uapigen.emit.support.names import method_name

from .sources import device_source


def test_methods_have_names_types_and_places(k: Any, ops: Any) -> None:
    signature = inspect.signature(ops.read)
    assert list(signature.parameters) == ["self", "dev", "buf", "len"]
    assert issubclass(signature.parameters["dev"].annotation, int)
    assert signature.parameters["len"].annotation is int
    assert signature.return_annotation is int
    assert inspect.signature(ops.release).return_annotation is None
    assert ops.read.__doc__.splitlines()[0] == (
        "ssize_t (*read)(struct device *dev, char *buf, long int len)"
    )
    assert "At byte 16 of struct device_ops, 8 bytes." in ops.read.__doc__
    assert "as disk_read has them" in ops.read.__doc__
    assert "by their types" in ops.ready.__doc__
    offsets = {op.name: op.offset for op in ops.__operations__}
    assert offsets == {name: getattr(k.device_ops, name).offset for name in offsets}


def test_tables_are_attributes_and_a_mapping_in_every_form(k: Any, ops: Any) -> None:
    tables = k.ops
    assert tables["device_ops"] is tables.device_ops is ops
    assert list(tables) == ["device_ops"] == list(tables.keys())
    assert len(tables) == 1
    assert "device_ops" in tables
    assert "plain" not in tables
    assert tables.get("plain") is None
    assert dict(tables.items()) == {"device_ops": ops}
    assert isinstance(tables, Mapping)
    assert "device_ops" in dir(tables)
    with pytest.raises(KeyError):
        tables["plain"]
    with pytest.raises(AttributeError, match="plain"):
        _ = tables.plain
    assert tables.device_ops_protocol is ops.Protocol
    assert isinstance(ops.wrap(ops.vtable()), tables.device_ops_calls)


@pytest.mark.parametrize("ask", ["ops['device_ops']", "list(ops)", "len(ops)", "dir(ops)",
                                 "'device_ops' in ops", "hash(ops)", "ops.__all__"])  # fmt: skip
def test_a_packages_module_is_a_mapping_from_the_first_touch_on(
    ask: str, tmp_path: Path, uapigen: Uapigen
) -> None:
    (tmp_path / "device.btf").write_bytes(device_source())
    uapigen(tmp_path / "device.btf", "--arch", "x86_64", "-o", tmp_path / "bound")
    code = f"from bound import ops; print({ask}); from bound.ops import *; device_ops.vtable"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_names_that_python_or_an_interface_has_get_an_underscore(ops: Any) -> None:
    table = ops.vtable(class_=lambda dev: 4, vtable_=lambda dev: None)
    assert ops.wrap(table).class_(None) == 4
    assert callable(ops.vtable)


class Device:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def open(self, dev: Any) -> int:
        self.seen.append(dev)
        return 3

    def read(self, dev: Any, buf: Any, length: int) -> int:
        if length < 0:
            raise OSError(errno.EINVAL, "negative")
        return length

    def find(self, dev: Any, name: Any) -> Any:
        raise OSError(errno.ENOENT, "nothing")

    def ready(self, dev: Any) -> bool:
        return True


def test_a_table_has_what_is_implemented_and_null_for_the_rest(k: Any, ops: Any) -> None:
    table = ops.vtable(Device(), owner=0x1000, level=7)
    assert isinstance(table, k.device_ops)
    assert table.open
    assert table.read
    assert not table.release
    assert not table.handlers[0]
    assert (table.owner, table.level) == (0x1000, 7)
    table.level = 8
    assert ops.wrap(table).level == 8


def test_calls_through_a_table_behave_as_the_object_behind_it(k: Any, ops: Any) -> None:
    wrapped = ops.wrap(ops.vtable(Device()))
    device = k.device(flags=5)
    assert wrapped.open(device) == 3
    assert wrapped.read(device, None, 9) == 9
    assert wrapped.ready(None) is True
    with pytest.raises(OSError, match=r"device_ops\.read") as raised:
        wrapped.read(device, None, -1)
    assert raised.value.errno == errno.EINVAL
    with pytest.raises(FileNotFoundError):
        wrapped.find(None, b"name")
    with pytest.raises(NotImplementedError) as missing:
        wrapped.release(None)
    assert missing.value.errno == errno.ENOSYS
    assert missing.value.args[0] == errno.ENOSYS
    assert str(missing.value) == f"[Errno {errno.ENOSYS}] device_ops.release is NULL"


def test_a_pointer_of_a_call_is_an_int_with_contents_in_this_process(k: Any, ops: Any) -> None:
    impl, device = Device(), k.device(flags=5)
    ops.wrap(ops.vtable(impl)).open(device)
    (seen,) = impl.seen
    assert seen == ctypes.addressof(device)
    assert isinstance(seen, int)
    assert seen.target is k.device
    seen.contents.flags = 6
    assert device.flags == 6
    inner = k.device(flags=1)
    seen.contents.data = inner
    assert seen.contents.data == ctypes.addressof(inner)


def test_an_object_that_is_put_into_memory_of_a_call_is_kept(k: Any, ops: Any) -> None:
    device = k.device()

    def keep(dev: Any) -> int:
        inner = k.device(flags=77)
        dev.contents.data = inner
        kept.append(weakref.ref(inner))
        return 0

    kept: list[Any] = []
    ops.wrap(ops.vtable(open=keep)).open(device)
    gc.collect()
    assert kept[0]().flags == 77
    ops.wrap(ops.vtable(open=lambda dev: setattr(dev.contents, "data", None))).open(device)
    gc.collect()
    assert kept[0]() is None


@pytest.mark.parametrize(
    ("member", "result", "expected"),
    [
        ("open", None, 0),
        ("open", True, 1),
        ("mask", 0xFFFFFFFF, 0xFFFFFFFF),
        ("mask", -1, 0xFFFFFFFF),
        ("find", None, 0),
        ("find", 0x1234, 0x1234),
        ("ready", None, False),
        ("ready", 2, True),
        ("release", "ignored", None),
    ],
)
def test_results_follow_the_c_type(ops: Any, member: str, result: Any, expected: Any) -> None:
    wrapped = ops.wrap(ops.vtable({member: lambda *_: result}))
    arguments = [None] * len(inspect.signature(getattr(ops, member)).parameters)
    assert getattr(wrapped, member)(*arguments[1:]) == expected


@pytest.mark.parametrize(
    ("member", "error", "expected", "is_reported"),
    [
        ("open", OSError(errno.ENOSPC, ""), errno.ENOSPC, False),
        ("open", OSError("no errno"), errno.EIO, True),
        ("open", OSError(5000, "too large"), errno.EIO, True),
        ("open", ValueError(), errno.EIO, True),
        ("open", KeyboardInterrupt(), errno.EIO, True),
        ("find", OSError(errno.ENOENT, ""), errno.ENOENT, False),
        ("find", KeyError(), errno.EIO, True),
        ("ready", OSError(errno.ENOENT, ""), False, True),
        ("mask", OSError(errno.ENOENT, ""), 0, True),
        ("release", OSError(errno.ENOENT, ""), None, True),
        ("swap", KeyError(), "bytes", True),
    ],
)
def test_errors_become_the_kernels_convention_or_are_reported(
    k: Any, ops: Any, reported: list[Any], member: str, error: Any, expected: Any, is_reported: bool
) -> None:
    def fails(*_: Any) -> Any:
        raise error

    wrapped = ops.wrap(ops.vtable({member: fails}))
    arguments: list[Any] = [None] * (len(inspect.signature(getattr(ops, member)).parameters) - 1)
    if member == "swap":
        arguments = [k.pair(1, 2)]
        assert bytes(wrapped.swap(*arguments)) == bytes(8)
    elif isinstance(expected, bool) or expected in (0, None):
        assert getattr(wrapped, member)(*arguments) == expected
    else:
        with pytest.raises(OSError, match="device_ops") as raised:
            getattr(wrapped, member)(*arguments)
        assert raised.value.errno == expected
    assert reported == ([error] if is_reported else [])


@pytest.mark.parametrize("result", [1 << 40, "text", 1.5])
def test_a_result_that_is_none_of_the_type_is_reported(
    ops: Any, reported: list[Any], result: Any
) -> None:
    wrapped = ops.wrap(ops.vtable(open=lambda dev: result))
    with pytest.raises(OSError, match="device_ops"):
        wrapped.open(None)
    assert isinstance(reported[0], (OverflowError, TypeError))


def test_structs_go_by_value_both_ways(k: Any, ops: Any) -> None:
    table = ops.vtable(
        swap=lambda pair: k.pair(pair.b, pair.a),
        grow=lambda large, by: k.large(large.a + by, large.b + by, large.c + by),
    )
    wrapped = ops.wrap(table)
    assert repr(wrapped.swap(k.pair(1, 2))) == repr(k.pair(2, 1))
    grown = wrapped.grow(k.large(1, 2, 3), 10)
    assert (grown.a, grown.b, grown.c) == (11, 12, 13)


def test_a_function_among_the_arguments_is_called_as_one(ops: Any) -> None:
    wrapped = ops.wrap(ops.vtable(each=lambda dev, walk: walk(dev) + 1))
    assert wrapped.each(0x10, lambda dev: int(dev)) == 0x11


def test_what_cannot_be_called_is_left_out_by_name(ops: Any) -> None:
    assert ops.__left_out__.keys() == {"log", "span"}
    assert "variadic" in ops.__left_out__["log"]
    assert "16 bytes" in ops.__left_out__["span"]
    with pytest.raises(TypeError, match=r"device_ops\.log is left out"):
        ops.vtable(log=lambda *_: 0)
    with pytest.raises(TypeError, match="left out"):
        ops.wrap(ops.vtable()).log(b"")


def test_an_array_of_function_pointers_is_a_sequence(ops: Any) -> None:
    table = ops.vtable(handlers=[lambda dev: 1, None, lambda dev: 3])
    handlers = ops.wrap(table).handlers
    assert [None if one is None else one(None) for one in handlers] == [1, None, 3]
    with pytest.raises(TypeError, match="3 elements, 4 given"):
        ops.vtable(handlers=[None] * 4)


def test_a_subclass_puts_in_what_it_overrides(ops: Any) -> None:
    class Mine(ops):  # type: ignore[misc]
        def open(self, dev: Any) -> int:
            return 1

        def ready(self, dev: Any) -> bool:
            return bool(super().ready(dev))

    table = ops.vtable(Mine())
    assert table.open
    assert not table.read
    assert ops.wrap(table).open(None) == 1
    with pytest.raises(NotImplementedError):
        Mine().read(None, None, 1)
    assert isinstance(ops.wrap(table), ops.Protocol)
    assert not isinstance(Device(), ops.Protocol)


@pytest.mark.parametrize(
    ("arguments", "members", "error"),
    [
        ((object(),), {}, "object has none of the struct's methods"),
        ((Device,), {}, "takes an object, not the class Device"),
        (({"opne": None},), {}, "'opne' is no function pointer"),
        ((), {"opne": None}, "has no member 'opne'"),
    ],
)
def test_mistakes_are_named(ops: Any, arguments: Any, members: Any, error: str) -> None:
    with pytest.raises(TypeError, match=error):
        ops.vtable(*arguments, **members)
    with pytest.raises(TypeError, match="or its address"):
        ops.wrap("text")


def test_callbacks_live_as_long_as_any_memory_they_were_copied_to(k: Any, ops: Any) -> None:
    class Holder(ctypes.Structure):
        _fields_ = (("table", k.device_ops),)

    impl = Device()
    alive = weakref.ref(impl)
    table = ops.vtable(impl)
    del impl
    holder = Holder(table=table)
    twin = copy.copy(table)
    del table
    gc.collect()
    assert alive() is not None
    assert ops.wrap(holder.table).open(None) == 3
    del holder
    gc.collect()
    assert ops.wrap(twin).open(None) == 3
    wrapped = ops.wrap(twin)
    del twin
    gc.collect()
    assert wrapped.open(None) == 3
    del wrapped
    gc.collect()
    assert alive() is None


def test_a_call_of_a_table_that_is_gone_is_refused_and_reported(
    ops: Any, reported: list[Any]
) -> None:
    table = ops.vtable(Device())
    address = ctypes.addressof(table)
    del table
    gc.collect()
    with pytest.raises(OSError, match=r"device_ops\.open") as raised:
        ops.wrap(address).open(None)
    assert raised.value.errno == errno.EIO
    assert "dropped" in str(reported[0])


def test_tables_can_be_made_and_dropped_without_end(ops: Any) -> None:
    import resource

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    impl = Device()
    for _ in range(2000):
        ops.vtable(impl)
    before = peak()
    for _ in range(5000):
        ops.vtable(impl)
    assert peak() - before < 4096  # KiB


def test_a_method_may_drop_the_table_that_it_is_called_through(ops: Any) -> None:
    tables: list[Any] = []

    def drop(dev: Any) -> int:
        tables.clear()
        gc.collect()
        return 5

    tables.append(ops.vtable(open=drop))
    address = ctypes.addressof(tables[0])
    wrapped = ops.wrap(address)
    assert wrapped.open(None) == 5


def test_other_machines_tables_are_data() -> None:
    k = uapigen.load(device_source(), arch="s390x" if sys.byteorder == "big" else "aarch64")
    import os

    if os.uname().machine == k.__abi__["arch"]:
        k = uapigen.load(device_source(), arch="x86_64")
    interface = k.ops.device_ops
    assert list(inspect.signature(interface.read).parameters) == ["self", "dev", "buf", "len"]
    with pytest.raises(NotImplementedError, match="these bindings are for"):
        interface.vtable(Device())
    with pytest.raises(NotImplementedError, match="these bindings are for"):
        interface.wrap(0x1000)


def test_every_table_of_a_kernel_takes_every_function(running_kernel: Path) -> None:
    k = uapigen.load(running_kernel)
    called = 0
    for name in k.ops:
        interface = k.ops[name]
        single = [o for o in interface._operations_ if o.count is None and not o.reason]
        table = interface.vtable({o.name: lambda *_: None for o in single})
        wrapped = interface.wrap(table)
        for o in single:
            assert ctypes.c_size_t.from_buffer(table, o.offset).value
            given = [
                value.python() if value.kind == "record" else 0 for value in o.signature.params
            ]
            result = getattr(wrapped, method_name(o.name))(*given)
            assert not result or o.signature.returns.kind == "record"
            called += 1
    assert called > 2000
