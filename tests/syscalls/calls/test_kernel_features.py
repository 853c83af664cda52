"""Calls without a wrapper in libc, really made: landlock, io_uring, mounts, keys, BPF."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from .conftest import error_of, in_child, kernel_with

AT_FDCWD = -100
ENOTSUP = errno.errorcode[errno.EOPNOTSUPP]  # one number, two names


@pytest.fixture
def root() -> None:
    if os.getuid():
        pytest.skip("needs root")


def test_landlock(k: Any, calls: Any, tmp_path: Path) -> None:
    with kernel_with("landlock"):
        assert calls.landlock_create_ruleset(None, 0, 1) >= 1  # LANDLOCK_CREATE_RULESET_VERSION
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "page").write_text("seen")
    (tmp_path / "outside").write_text("not seen")
    read_file, read_dir = 4, 8
    rules = k.landlock_ruleset_attr(handled_access_fs=read_file | read_dir)

    def confined() -> None:
        ruleset = calls.landlock_create_ruleset(rules, ctypes.sizeof(rules), 0)
        inside = os.open(tmp_path / "inside", os.O_PATH)
        beneath = k.landlock_path_beneath_attr(allowed_access=read_file, parent_fd=inside)
        assert calls.landlock_add_rule(ruleset, 1, beneath, 0) == 0
        assert error_of(calls.landlock_add_rule, ruleset, 99, beneath, 0) == "EINVAL"
        assert calls.prctl(38, 1) == 0  # PR_SET_NO_NEW_PRIVS
        assert calls.landlock_restrict_self(ruleset, 0) == 0
        assert (tmp_path / "inside" / "page").read_text() == "seen"
        where = tmp_path / "outside"
        assert error_of(calls.openat, AT_FDCWD, where, os.O_RDONLY) == "EACCES"

    assert in_child(confined) == 0
    assert error_of(calls.landlock_restrict_self, 0, 0) in ("EBADFD", "EBADF", "EPERM")
    assert error_of(calls.landlock_create_ruleset, rules, 1, 0) == "EINVAL"
    with pytest.raises(TypeError, match="is a struct landlock_ruleset_attr"):  # "*const attr"
        calls.landlock_create_ruleset(k.iovec(), 8, 0)


def test_io_uring_setup(k: Any, calls: Any) -> None:
    params = k.io_uring_params()
    with kernel_with("io_uring"):
        fd = calls.io_uring_setup(5, params)
    assert params.sq_entries == 8
    assert params.cq_entries == 16
    assert calls.io_uring_enter(fd, 0, 0, 0, None, 0) == 0
    assert error_of(calls.io_uring_enter, 0, 0, 0, 0, None, 0) == ENOTSUP
    assert error_of(calls.io_uring_register, fd, 9999, None, 0) == "EINVAL"
    os.close(fd)
    assert error_of(calls.io_uring_setup, 0, params) == "EINVAL"
    assert error_of(calls.io_uring_setup, 8, None) == "EFAULT"


def test_statmount_and_listmount(k: Any, calls: Any) -> None:
    statx = k.statx()
    calls.statx(AT_FDCWD, "/", 0, 0x4000, statx)  # STATX_MNT_ID_UNIQUE
    request = k.mnt_id_req(size=24, mnt_id=statx.stx_mnt_id, param=0x2 | 0x20)
    found = bytearray(4096)
    with kernel_with("statmount"):
        assert calls.statmount(request, found, len(found), 0) == 0
    mount = k.statmount.from_buffer(found)
    assert mount.mnt_id == statx.stx_mnt_id
    strings = bytes(found[ctypes.sizeof(k.statmount) :])
    kind = strings[mount.fs_type :].partition(b"\0")[0].decode()
    with open("/proc/self/mountinfo") as file:
        fields = [line.split() for line in file]
    assert kind in {parts[parts.index("-") + 1] for parts in fields if parts[4] == "/"}
    request.mnt_id = 2**64 - 1  # LSMT_ROOT
    request.param = 0
    ids = (ctypes.c_uint64 * 64)()
    assert calls.listmount(request, ids, 64, 0) > 0
    request.mnt_id = 1 << 60
    assert error_of(calls.statmount, request, found, len(found), 0) == "ENOENT"


@pytest.mark.usefixtures("root")
def test_mounts_by_descriptor(k: Any, calls: Any, tmp_path: Path) -> None:
    def mount() -> None:
        assert calls.unshare(0x20000) == 0  # CLONE_NEWNS
        assert calls.mount("none", "/", None, 0x44000, None) == 0  # MS_REC | MS_PRIVATE
        context = calls.fsopen("tmpfs", 1)
        assert calls.fsconfig(context, 1, "size", b"1M\0", 0) == 0  # FSCONFIG_SET_STRING
        assert error_of(calls.fsconfig, context, 1, "nonsense", b"1\0", 0) == "EINVAL"
        assert calls.fsconfig(context, 6, None, None, 0) == 0  # FSCONFIG_CMD_CREATE
        made = calls.fsmount(context, 1, 0)
        assert calls.move_mount(made, "", AT_FDCWD, tmp_path, 4) == 0  # F_EMPTY_PATH
        (tmp_path / "file").touch()
        wanted = k.mount_attr(attr_set=1)  # MOUNT_ATTR_RDONLY
        size = ctypes.sizeof(wanted)
        assert calls.mount_setattr(AT_FDCWD, tmp_path, 0, wanted, size) == 0
        assert error_of(calls.mkdirat, AT_FDCWD, tmp_path / "x", 0o700) == "EROFS"
        assert error_of(calls.mount_setattr, AT_FDCWD, tmp_path, 0, wanted, 4) == "EINVAL"
        tree = calls.open_tree(AT_FDCWD, tmp_path, 0)
        assert os.fstat(tree).st_dev == tmp_path.stat().st_dev
        assert calls.umount2(tmp_path, 2) == 0  # MNT_DETACH
        assert not list(tmp_path.iterdir())

    assert in_child(mount) == 0
    assert error_of(calls.fsopen, "no such file system", 0) == "ENODEV"


def test_keys(calls: Any) -> None:
    def in_a_session() -> None:
        with kernel_with("keys"):
            session = calls.keyctl(1)  # KEYCTL_JOIN_SESSION_KEYRING
        assert session > 0
        key = calls.add_key("user", "uapigen", b"payload", 7, -3)  # the session's keyring
        buffer = ctypes.create_string_buffer(16)
        assert calls.keyctl(11, key, buffer, 16) == 7  # KEYCTL_READ
        assert buffer.value == b"payload"
        assert calls.request_key("user", "uapigen", None, 0) == key
        assert calls.keyctl(9, key, -3) == 0  # KEYCTL_UNLINK
        assert error_of(calls.request_key, "user", "uapigen", None, 0) == "ENOKEY"

    try:
        calls.keyctl(0, -3, 0)  # KEYCTL_GET_KEYRING_ID
    except OSError as error:
        if error.errno == 38:
            pytest.skip("this kernel has no keys")
    assert in_child(in_a_session) == 0
    assert error_of(calls.keyctl, 9999) == ENOTSUP
    assert error_of(calls.add_key, "user", "x", b"", 0, 0) == "EINVAL"


@pytest.mark.usefixtures("root")
def test_bpf_map(k: Any, calls: Any) -> None:
    attr = k.ctype("union bpf_attr")()
    attr.map_type, attr.key_size, attr.value_size, attr.max_entries = 2, 4, 8, 4  # ARRAY
    with kernel_with("bpf"):
        fd = calls.bpf(0, attr, ctypes.sizeof(attr))
    key, value = ctypes.c_uint32(1), ctypes.c_uint64(99)
    found = ctypes.c_uint64()
    element = k.ctype("union bpf_attr")()
    element.map_fd, element.key = fd, ctypes.addressof(key)
    element.value = ctypes.addressof(value)
    assert calls.bpf(2, element, ctypes.sizeof(element)) == 0  # BPF_MAP_UPDATE_ELEM
    element.value = ctypes.addressof(found)
    assert calls.bpf(1, element, ctypes.sizeof(element)) == 0  # BPF_MAP_LOOKUP_ELEM
    assert found.value == 99
    key.value = 4
    assert error_of(calls.bpf, 1, element, ctypes.sizeof(element)) == "ENOENT"
    os.close(fd)


def test_sockets(calls: Any) -> None:
    ends = (ctypes.c_int * 2)()
    assert calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, ends) == 0
    assert calls.sendto(ends[0], b"hello", 5, 0, None, 0) == 5
    buffer = bytearray(8)
    assert calls.recvfrom(ends[1], buffer, 8, 0, None, None) == 5
    assert calls.shutdown(ends[0], socket.SHUT_WR) == 0
    assert calls.recvfrom(ends[1], buffer, 8, 0, None, None) == 0
    for fd in ends:
        os.close(fd)
    server = calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    one = ctypes.c_int(1)
    assert calls.setsockopt(server, socket.SOL_SOCKET, socket.SO_REUSEADDR, bytearray(one), 4) == 0
    address = struct.pack("=HH4s8x", socket.AF_INET, 0, bytes([127, 0, 0, 1]))
    assert calls.bind(server, bytearray(address), len(address)) == 0
    assert calls.listen(server, 1) == 0
    there, length = bytearray(16), ctypes.c_int(16)
    assert calls.getsockname(server, there, length) == 0
    client = calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    assert calls.connect(client, there, length.value) == 0
    accepted = calls.accept4(server, None, None, 0)
    assert calls.write(client, b"x", 1) == 1
    assert os.read(accepted, 4) == b"x"
    assert error_of(calls.bind, client, bytearray(2), 2) == "EINVAL"
    for fd in (server, client, accepted):
        os.close(fd)
    assert error_of(calls.socket, 9999, 1, 0) == "EAFNOSUPPORT"


def test_message_queues(k: Any, calls: Any) -> None:
    name = f"uapigen-{os.getpid()}"
    attr = k.mq_attr(mq_maxmsg=2, mq_msgsize=16)
    with kernel_with("POSIX message queues"):
        queue = calls.mq_open(name, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600, attr)
    try:
        assert calls.mq_timedsend(queue, b"first", 5, 1, None) == 0
        buffer, priority = bytearray(16), ctypes.c_uint()
        assert calls.mq_timedreceive(queue, buffer, 16, priority, None) == 5
        assert priority.value == 1
        assert error_of(calls.mq_timedreceive, queue, buffer, 16, None, None) == "EAGAIN"
    finally:
        assert calls.mq_unlink(name) == 0
        os.close(queue)
    assert error_of(calls.mq_unlink, name) == "ENOENT"
