"""bpf(2) by hand: the kernel as the judge of BTF (``include/uapi/linux/bpf.h``)."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import NoReturn

import pytest

__all__ = ["load_btf", "lookup", "make_map", "map_info", "update"]

_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}
_MAP_CREATE, _LOOKUP, _UPDATE, _INFO, _BTF_LOAD = 0, 1, 2, 15, 18
_LOG_SIZE = 1 << 22

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command: int, attr: bytes) -> int:
    number = _SYSCALL.get(os.uname().machine)
    if number is None:
        pytest.skip("needs a machine whose number of bpf(2) is known here")
    buffer = ctypes.create_string_buffer(attr, len(attr))
    result: int = _libc.syscall(number, command, buffer, len(attr))
    return -ctypes.get_errno() if result < 0 else result


def _refuse(result: int) -> NoReturn:
    if -result in (errno.EPERM, errno.ENOSYS):
        pytest.skip(f"the running kernel refuses bpf(2): {os.strerror(-result)}")
    raise OSError(-result, os.strerror(-result))


def _address(buffer: ctypes.Array[ctypes.c_char]) -> int:
    return ctypes.addressof(buffer)


def load_btf(data: bytes) -> int:
    """The file descriptor of loaded BTF; AssertionError with the verifier's last words."""
    buffer = ctypes.create_string_buffer(data, len(data))
    result = _bpf(_BTF_LOAD, struct.pack("=QQIII", _address(buffer), 0, len(data), 0, 0))
    if result >= 0:
        return result
    if -result in (errno.EPERM, errno.ENOSYS):
        _refuse(result)
    log = ctypes.create_string_buffer(_LOG_SIZE)
    attr = struct.pack("=QQIII", _address(buffer), _address(log), len(data), _LOG_SIZE, 1)
    _bpf(_BTF_LOAD, attr)
    raise AssertionError(f"{os.strerror(-result)}: {log.value[-500:].decode(errors='replace')}")


def make_map(kind: int, sizes: tuple[int, int], btf: tuple[int, int, int], entries: int = 4) -> int:
    """A map; ``btf`` is (file descriptor, type id of keys, of values)."""
    key, value = sizes
    attr = struct.pack("=IIIIIII16sIIII", kind, key, value, entries, 0, 0, 0, b"typed", 0, *btf)
    result = _bpf(_MAP_CREATE, attr)
    return result if result >= 0 else _refuse(result)


def update(fd: int, key: bytes, value: bytes) -> None:
    k, v = (ctypes.create_string_buffer(data, len(data)) for data in (key, value))
    result = _bpf(_UPDATE, struct.pack("=IxxxxQQQ", fd, _address(k), _address(v), 0))
    if result < 0:
        _refuse(result)


def lookup(fd: int, key: bytes, size: int) -> bytes:
    k, v = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(size)
    result = _bpf(_LOOKUP, struct.pack("=IxxxxQQQ", fd, _address(k), _address(v), 0))
    if result < 0:
        _refuse(result)
    return v.raw


def map_info(fd: int) -> tuple[int, int, int, int]:
    """Of ``struct bpf_map_info``: id, and of the BTF: id, type ids of keys and values."""
    info = ctypes.create_string_buffer(88)
    result = _bpf(_INFO, struct.pack("=IIQ", fd, len(info), _address(info)))
    if result < 0:
        _refuse(result)
    map_id = struct.unpack_from("=I", info, 4)[0]
    return (map_id, *struct.unpack_from("=III", info, 64))
