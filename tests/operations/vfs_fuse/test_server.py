"""The process that serves: errors, signals, interrupted callers, and its end."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Needs

from .conftest import EXAMPLE, PATIENCE, Mount, Server, eventually, mountpoints

HERE = Path(__file__).parent
HARD = HERE / "hard.py"
DOUBLE = 0xC004_7561  # its ioctl: _IOWR('u', 'a', __u32)


def child(code: str, cwd: Path) -> subprocess.Popen[str]:
    """A Python process that has printed a line, and takes SIGINT even if these tests do not."""
    code = f"import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n{code}"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


@pytest.mark.parametrize("options", [(), ("--through-c",), ("--threads", "2")])
def test_exception_in_a_method_is_eio_and_reported(mount: Mount, options: tuple[str, ...]) -> None:
    server = mount(HARD, *options)
    for name, hooked in (
        ("bug", "HOOK ZeroDivisionError: a bug in lookup"),
        ("exit", "HOOK SystemExit: no way out"),
    ):
        with pytest.raises(OSError, match=rf"\[Errno {errno.EIO}\]"):
            (server.path / name).stat()
        eventually(lambda hooked=hooked: hooked in server.errors, hooked)
    (server.path / "file").write_text("written")
    with (server.path / "file").open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with pytest.raises(OSError, match=rf"\[Errno {errno.EIO}\]"):
            file.read()
    assert "HOOK RuntimeError: a bug in read_iter" in server.errors
    with pytest.raises(OSError, match=rf"\[Errno {errno.EIO}\]"):
        (server.path / "numberless").stat()
    assert os.listdir(server.path) == ["file"]  # the mount lives on
    assert server.stop() == 0


@pytest.mark.parametrize("options", [(), ("--through-c",)])
def test_methods_of_other_shapes_are_called(mount: Mount, options: tuple[str, ...]) -> None:
    server = mount(HARD, *options, "--write-through")
    path = server.path / "plain"
    with path.open("w+b", buffering=0) as file:
        assert file.write(b"by read and write") == 17
        file.seek(3)
        file.write(b"READ")
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert os.pread(file.fileno(), 100, 1) == b"y READ and write"
        number = bytearray(struct.pack("=I", 21))
        assert fcntl.ioctl(file, DOUBLE, number) == 7
        assert struct.unpack("=I", number) == (42,)
        with pytest.raises(OSError, match=rf"\[Errno {errno.ENOTTY}\]"):
            fcntl.ioctl(file, DOUBLE + 1, number)
    assert path.stat().st_blksize == 65536  # says getattr
    assert path.stat().st_size == 17
    assert server.stop() == 0
    assert server.errors == ""


def test_signal_that_a_shell_had_it_ignore_unmounts(mount: Mount) -> None:
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for a script's ``&``
    try:
        server = mount()
    finally:
        signal.signal(signal.SIGINT, previous)
    assert server.stop(signal.SIGINT) == 0
    assert not server.is_mounted()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [(), ("--threads", "3")])
def test_signal_unmounts(mount: Mount, number: int, options: tuple[str, ...]) -> None:
    server = mount(EXAMPLE / "memfs.py", *options)
    (server.path / "file").write_bytes(b"dirty pages" * 100_000)
    assert server.is_mounted()
    assert server.stop(number) == 0
    assert not server.is_mounted()
    assert server.errors == ""


def test_signal_unmounts_although_somebody_is_inside(mount: Mount) -> None:
    server = mount()
    inside = child("import os; open('file', 'w'); print(1, flush=True); input()", server.path)
    assert server.stop() == 0
    assert not server.is_mounted()
    inside.communicate("\n", PATIENCE)


def test_umount_ends_the_server(mount: Mount, needs: Needs) -> None:
    needs("umount")
    server = mount()
    (server.path / "file").write_text("content")
    subprocess.run(["umount", server.path], check=True)
    assert server.process.wait(PATIENCE) == 0
    assert server.errors == ""


def test_nothing_stays_mounted_when_the_server_is_killed(mount: Mount) -> None:
    server = mount()
    with (server.path / "file").open("w") as file:
        file.write("content")
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not server.is_mounted(), "it is still mounted")


def test_file_system_that_fails_to_mount_leaves_nothing(mount: Mount, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="RuntimeError: it has no root"):
        mount(HERE / "unmountable.py")
    assert str(tmp_path / "mnt") not in mountpoints()


def waiting(server: Server) -> subprocess.Popen[str]:
    """A process that waits for an answer that does not come."""
    code = "import os; print('now', flush=True); os.stat('wait')"
    process = child(code, server.path)
    eventually(lambda: "WAITING" in server.errors, "it does not wait")
    return process


def test_signal_interrupts_a_method_that_waits(mount: Mount) -> None:
    server = mount(HARD, "--threads", "2")
    process = waiting(server)
    assert (server.path / "other").exists() is False  # others are answered meanwhile
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert "KeyboardInterrupt" in errors
    assert server.stop() == 0


def test_killed_caller_does_not_stop_the_server(mount: Mount) -> None:
    server = mount(HARD, "--threads", "2")
    process = waiting(server)
    process.kill()
    process.communicate(timeout=PATIENCE)
    (server.path / "file").write_text("still answered")
    assert server.stop() == 0
    assert server.errors == "WAITING\n"


@pytest.mark.parametrize("threads", ["1", "2"])
def test_method_that_waits_does_not_keep_the_server(mount: Mount, threads: str) -> None:
    server = mount(HARD, "--threads", threads)
    process = waiting(server)
    assert server.stop() == 0
    process.communicate(timeout=PATIENCE)
    assert not server.is_mounted()


WRITER = """
import os, sys
me = sys.argv[1]
with open("log", "ab", buffering=0) as log:
    for number in range(400):
        name = f"{me}-{number}"
        with open(name, "w") as file:
            file.write(name * 100)
        os.rename(name, f"done-{name}")
        assert open(f"done-{name}").read() == name * 100
        if number % 2:
            os.unlink(f"done-{name}")
        log.write(f"{me} {number}\\n".encode())
"""


@pytest.mark.parametrize("threads", ["1", "4"])
def test_processes_work_side_by_side(mount: Mount, threads: str) -> None:
    server = mount(EXAMPLE / "memfs.py", "--threads", threads)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, me], cwd=server.path) for me in "abc"
    ]
    assert [writer.wait(PATIENCE) for writer in writers] == [0, 0, 0]
    names = {f"done-{me}-{number}" for me in "abc" for number in range(0, 400, 2)}
    assert set(os.listdir(server.path)) == {*names, "log"}
    lines = (server.path / "log").read_text().splitlines()
    for me in "abc":
        ours = [line.split()[1] for line in lines if line.startswith(me)]
        assert ours == [str(number) for number in range(400)]
    assert server.stop() == 0


def test_removed_and_forgotten_inodes_end(mount: Mount) -> None:
    server = mount()
    before = os.statvfs(server.path).f_files
    for number in range(500):
        path = server.path / f"{number}"
        path.write_bytes(b"x" * 5000)
        os.link(path, server.path / "second")
        path.unlink()
        (server.path / "second").unlink()
    eventually(lambda: os.statvfs(server.path).f_files == before, "inodes are kept")
    assert os.statvfs(server.path).f_bfree == os.statvfs(server.path).f_blocks


def test_forgotten_names_are_found_again(mount: Mount) -> None:
    server = mount()
    for number in range(200):
        folder = server.path / f"{number}"
        folder.mkdir()
        (folder / "file").write_text(f"content {number}")
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("2\n")
    except OSError as error:
        pytest.skip(f"the kernel refuses to drop its caches: {error}")
    for number in range(200):
        assert (server.path / f"{number}" / "file").read_text() == f"content {number}"
    assert server.stop() == 0
    assert server.errors == ""


def test_command_runs_while_it_is_mounted(bindings: dict[str, str], tmp_path: Path) -> None:
    code = "open('file', 'w').write('x'); print(open('file').read() * 3); raise SystemExit(7)"
    done = subprocess.run(
        [sys.executable, EXAMPLE / "mount.py", "--private", EXAMPLE / "memfs.py", tmp_path, "--",
         sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {code}"],
        env=bindings, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (7, "xxx\n", "")
    assert str(tmp_path) not in mountpoints()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_ctrl_c_is_the_commands_while_one_runs(
    bindings: dict[str, str], tmp_path: Path, number: int, code: int
) -> None:
    command = """
import os, signal, sys
os.chdir(sys.argv[1])
try:
    print("running", flush=True)
    signal.pause()
except KeyboardInterrupt:
    open("interrupted", "w").close()
    print(os.listdir(), flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, EXAMPLE / "mount.py", "--private", EXAMPLE / "memfs.py", tmp_path, "--",
         sys.executable, "-c", command, tmp_path],
        env=bindings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    out, errors = process.communicate(timeout=PATIENCE)  # the server has stderr, too
    assert (process.returncode, errors) == (code, "")
    assert out == ("['interrupted']\n" if number == signal.SIGINT else "")


def test_class_that_does_not_fit_its_interface_is_refused(bindings: dict[str, str]) -> None:
    code = """
import vfs
from generated_types import kernel
class Wrong(kernel.ops.inode_operations):
    def unlink(self, dir):
        return 0
vfs.table(Wrong())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**bindings, "PYTHONPATH": f"{EXAMPLE}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "TypeError: Wrong.unlink: too many positional arguments; it is int (*unlink)" in (
        done.stderr
    )
