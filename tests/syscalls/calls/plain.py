"""What every Python must do with generated syscalls: ``python plain.py FOLDER``, without pytest."""

import ctypes
import errno
import importlib
import inspect
import os
import pickle
import sys


def refused(error, function, *arguments):
    try:
        function(*arguments)
    except error as raised:
        return str(raised)
    raise AssertionError(f"{function.__name__}{arguments} was not refused")


def main():
    sys.path.insert(0, sys.argv[1])
    s = importlib.import_module("syscall_bindings.syscalls")
    k = importlib.import_module("syscall_bindings")
    assert s.NR.openat == s.TABLE["openat"].nr == 257
    assert s.TABLE["statx"].params[4].target is k.statx
    assert str(inspect.signature(s.close)) == "(fd: int) -> int"
    assert pickle.loads(pickle.dumps(s.read)) is s.read
    assert s.getppid() == os.getppid()
    found = k.statx()
    assert s.statx(-100, os.fsencode(__file__), 0, 0x7FF, found) == 0
    assert found.stx_size == os.stat(__file__).st_size
    fd = s.openat(-100, __file__, os.O_RDONLY)
    data = bytearray(100)
    assert s.read(fd, data, 100) == 100
    assert s.pread64(fd, memoryview(data)[50:], 50, 0) == 50
    assert data[50:] == data[:50]
    assert s.lseek(fd, 5 << 32, 0) == 5 << 32
    assert s.close(fd) == 0
    assert "Bad file descriptor" in refused(OSError, s.close, fd)
    assert "does not fit" in refused(OverflowError, s.close, 1 << 32)
    assert "not str" in refused(TypeError, s.statx, -100, "/", 0, 0, "text")
    assert "not struct" in refused(TypeError, s.statx, -100, "/", 0, 0, k.iovec())
    assert "positional" in refused(TypeError, s.close, 1, 2)
    address = s.mmap(0, 4096, 3, 0x22, -1, 0)
    ctypes.memset(address, 1, 4096)
    assert s.munmap(address, 4096) == 0
    handlers = s.Handlers()
    handlers.register("openat", lambda dfd, filename, flags, mode: filename.string[0])  # noqa: ARG005
    path = ctypes.create_string_buffer(b"/x")
    with s.ProcessMemory(os.getpid()) as memory:
        registers = (0, ctypes.addressof(path), 0, 0)
        assert handlers.dispatch(257, registers, memory) == ord("/")
        assert handlers.dispatch(257, (0, 8, 0, 0), memory) == -errno.EFAULT
    assert handlers.dispatch(0, ()) == -errno.ENOSYS
    refused(TypeError, handlers.register, "close", lambda a, b: 0)  # noqa: ARG005
    for name in s.TABLE:  # all of them can be made
        assert callable(getattr(s, name, None) or getattr(s, f"{name}_"))


if __name__ == "__main__":
    main()
