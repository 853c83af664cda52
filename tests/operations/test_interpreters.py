"""Interfaces on every Python that runs generated code: what ctypes does differs between them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import Uapigen
from kitchen import interpreters

from .sources import device_source

CHECKS = """
import ctypes, errno, gc, sys, threading
import bound as k
from bound import ops

said = []
sys.unraisablehook = lambda args: said.append((args.exc_value, f"{args.object} {args.err_msg}"))
interface = ops["device_ops"]
assert list(ops) == ["device_ops"] and ops.device_ops is interface


def fails(*arguments):
    raise {True: OSError(errno.ENOENT, "gone"), False: ValueError("odd")}[arguments[0] == 1]


class Device(interface):
    open = fails
    def read(self, dev, buf, size): return size if size < 9 else self.calls.read(dev, buf, size + 1)
    def swap(self, pair): return k.pair(pair.b, pair.a)
    def grow(self, large, by): return k.large(large.a + by, large.b, large.c)
    def each(self, dev, walk): return walk(dev)
    def ready(self, dev): return True


device = Device()
table = interface.vtable(device, find=fails, handlers=[lambda dev: 7], level=3)
device.calls = calls = interface.wrap(table)
assert calls.read(None, b"text", 5) == 5
assert (calls.swap(k.pair(1, 2)).a, calls.grow(k.large(1), 4).a) == (2, 5)
assert calls.each(4, lambda dev: dev * 2) == 8
assert (calls.ready(None), calls.handlers[0](None), calls.level) == (True, 7, 3)
for argument, code in ((1, errno.ENOENT), (2, errno.EIO)):
    try:
        calls.find(argument, None)
    except OSError as error:
        assert error.errno == code
    else:
        raise AssertionError
(error, where), = said
assert isinstance(error, ValueError) and "device_ops.find" in where
said.clear()
try:
    calls.read(None, None, 9)
except (OSError, RecursionError) as error:
    assert isinstance(error, RecursionError) or error.errno == errno.EIO
else:
    raise AssertionError("endless")
said.clear()
results = []
threads = [threading.Thread(target=lambda: results.extend(
    calls.read(None, None, n % 9) for n in range(900))) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert sum(results) == 4 * 100 * sum(range(9))
address = ctypes.addressof(table)
del table, calls, device.calls
gc.collect()
try:
    interface.wrap(address).ready(None)
except OSError:
    raise AssertionError from None
assert "after its table was dropped" in str(said[0][0])
print("fine")
"""


@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_tables_are_made_and_called_alike(version: str, tmp_path: Path, uapigen: Uapigen) -> None:
    (tmp_path / "device.btf").write_bytes(device_source())
    uapigen(tmp_path / "device.btf", "--arch", "x86_64", "-o", tmp_path / "bound")
    command = [interpreters.python(version), "-c", CHECKS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr
