"""The examples for headers run on this kernel, and print what others say, too."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from conftest import ROOT

EXAMPLES = ROOT / "examples" / "headers"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

# What kernels, or those who guard them, answer to what they don't have or allow.
_REFUSED = re.compile(
    r"PermissionError: "
    r"|OSError: .*(Function not implemented|Operation not supported|Inappropriate ioctl)"
    r"|FileNotFoundError: .*/dev/"
)


def lines(script: str, *arguments: str | Path) -> list[str]:
    """What an example prints; skips the test where this machine refuses."""
    env = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        timeout=30,
    )
    if done.returncode:
        *_, said = done.stderr.splitlines() or [""]
        if said.startswith("needs "):
            pytest.skip(said)
        if _REFUSED.match(said):
            pytest.skip(f"this kernel refuses {script}: {said}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


SAID = {
    "bpf_ringbuf.py": ["the program answers XDP_PASS", "it sent 8 bytes: 77"],
    "inotify_events.py": [
        "IN_CREATE draft",
        "IN_CLOSE_WRITE draft",
        "IN_MOVED_FROM draft of rename 1",
        "IN_MOVED_TO final of rename 1",
        "IN_DELETE final",
    ],
    "memfd_seals.py": [
        "sealed: F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE",
        "write refused: Operation not permitted",
        "grow refused: Operation not permitted",
        "shrink refused: Operation not permitted",
        "it still reads as it is",
    ],
    "message_queue.py": [
        f"(struct mq_attr){{.mq_flags = {os.O_NONBLOCK}, .mq_maxmsg = 3, .mq_msgsize = 64,"
        " .mq_curmsgs = 2, .__reserved = {0, 0, 0, 0}}",
        "9 sooner",
        "1 later",
    ],
    "openat2.py": [
        "page says hello",
        "./page says hello",
        "../page refused: Invalid cross-device link",
        "escape/passwd refused: Invalid cross-device link",
        "/etc/passwd refused: Invalid cross-device link",
    ],
    "seccomp_filter.py": [
        "before, memfd_create works",
        "in the child, EUCLEAN and getpid works: True",
        "in the parent, it works",
    ],
    "userfaultfd.py": [
        f"fault at page 2 resolved with {os.sysconf('SC_PAGESIZE')} bytes",
        "read: made for page 2",
    ],
}


@pytest.mark.parametrize("script", SAID)
def test_examples_say_what_they_did(script: str) -> None:
    assert lines(script) == SAID[script]


def test_bpf_map() -> None:
    # A hash map has an order of its own.
    assert sorted(lines("bpf_map.py")) == [
        f"192.0.2.{last} port 80: {100 * last} bytes" for last in (1, 2, 3)
    ]


def test_netlink_links() -> None:
    told = [line.split() for line in lines("netlink_links.py")]
    assert sorted((int(words[0]), words[1]) for words in told) == sorted(socket.if_nameindex())
    for _, name, state, _, mtu, _, received, _ in told:
        facts = Path("/sys/class/net", name)
        assert mtu == (facts / "mtu").read_text().strip()
        assert (state == "up") == bool(int((facts / "flags").read_text(), 16) & 1)
        assert int(received) <= int((facts / "statistics" / "rx_bytes").read_text())


def test_statx(tmp_path: Path) -> None:
    begin = time.time() - 1
    (tmp_path / "file").write_text("12345")
    (tmp_path / "file").chmod(0o640)
    found = (tmp_path / "file").stat()
    told = lines("statx.py", tmp_path / "file")
    device = f"{os.major(found.st_dev)}:{os.minor(found.st_dev)}"
    assert told[0] == f"inode {found.st_ino} on device {device}"
    assert told[1] == "size 5 mode 0o100640"
    for line in told[2:]:
        what, _, value = line.partition(" ")
        if what == "born":
            assert begin < datetime.fromisoformat(value).timestamp() < time.time()
        elif what == "mount":
            mounts = Path("/proc/self/mountinfo").read_text().splitlines()
            assert device in {m.split()[2] for m in mounts if m.split()[0] == value}


def test_file_flags(tmp_path: Path) -> None:
    assert lines("file_flags.py", tmp_path) == [
        "set: FS_NOATIME_FL FS_NODUMP_FL",
        "as before: True",
    ]


def test_loop_device() -> None:
    told = lines("loop_device.py")
    assert re.fullmatch(r"/dev/loop\d+ is image of an example of inode \d+", told[0])
    assert told[1:] == [
        "524288 bytes in sectors of 4096",
        "read-only: True",
        "it begins with: the first sector",
    ]


def test_perf_event() -> None:
    faults, switches = (int(line.split()[0]) for line in lines("perf_event.py"))
    assert 100 <= faults < 200
    assert switches >= 10


def test_io_uring_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a line of text\n")
    assert lines("io_uring_read.py", tmp_path / "file") == [
        "the NOP is done",
        "15 bytes read: a line of text",
    ]


def test_every_example_is_tested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    scripts = {path.name for path in EXAMPLES.glob("*.py")} - {"uapi.py"}
    assert scripts == {script for script in scripts if f'"{script}"' in text}
