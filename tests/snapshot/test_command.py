"""``uapigen snapshot`` as a user runs it."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Needs, Uapigen

from tests.btf.bpf import load_btf
from tests.snapshot.snapshots import sample
from uapigen.sources import open_sources


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "sample.btf"
    path.write_bytes(sample())
    return path


def test_writes_and_checks(uapigen: Uapigen, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "abi.json"
    uapigen("snapshot", source, "--only", "struct class", "-o", out)
    assert json.loads(out.read_text())["sources"][0]["name"] == "sample.btf"
    uapigen("snapshot", source, "--only", "struct class", "-o", out, "--check")
    source.write_bytes(sample(unrelated=True))
    arguments = ("snapshot", source, "--only", "struct class", "-o", out, "--provenance")
    run = uapigen(*arguments, "--check", exit_code=1)
    changed = [line for line in run.stdout.splitlines() if line[:1] in "+-"]
    assert len([line for line in changed if "sha256" in line]) == 2
    assert len(changed) == 4


def test_what_comes_of_another_build_and_says_the_same_leaves_it_alone(
    uapigen: Uapigen, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "abi.json"
    arguments = ("snapshot", source, "--only", "struct class", "-o", out)
    uapigen(*arguments)
    before, status = out.read_bytes(), out.stat()
    source.write_bytes(sample(unrelated=True))
    uapigen(*arguments, "--check")
    uapigen(*arguments)
    uapigen("check", out, source, "--update")
    assert (out.read_bytes(), out.stat().st_ino) == (before, status.st_ino)
    uapigen(*arguments, "--provenance")
    assert out.read_bytes() != before
    out.write_bytes(before.replace(b'"size": ', b'"size": 1', 1))
    uapigen(*arguments, "--check", exit_code=1)


def test_nothing_in_it_tells_time_host_or_directory(
    uapigen: Uapigen, source: Path, tmp_path: Path
) -> None:
    texts = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        copy = tmp_path / folder / "sample.btf"
        copy.write_bytes(source.read_bytes())
        uapigen("snapshot", copy, "-o", tmp_path / folder / "abi.json")
        texts.append((tmp_path / folder / "abi.json").read_text())
    assert texts[0] == texts[1]
    assert os.uname().nodename not in texts[0] or len(os.uname().nodename) < 4
    assert str(tmp_path) not in texts[0]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, "zstd"], ids=["gz", "xz", "zst"])
def test_is_a_source_however_it_is_called_and_packed(
    uapigen: Uapigen, needs: Needs, source: Path, tmp_path: Path, pack: object
) -> None:
    uapigen("snapshot", source, "-o", tmp_path / "abi.json")
    text = (tmp_path / "abi.json").read_bytes()
    packed = tmp_path / "called.h"
    if pack == "zstd":
        needs("zstd")
        done = subprocess.run(["zstd", "-c"], input=text, capture_output=True, check=True)
        packed.write_bytes(done.stdout)
    else:
        packed.write_bytes(pack(text))  # type: ignore[operator]
    uapigen(packed, "-o", tmp_path / "a.py")
    uapigen(source, "-o", tmp_path / "b.py")
    a, b = ((tmp_path / name).read_text() for name in ("a.py", "b.py"))
    assert a == b


def test_is_read_by_every_command(uapigen: Uapigen, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "abi.h"  # its content tells what it is
    uapigen("snapshot", source, "-o", out)
    assert "union {" in uapigen("show", "struct class", out).stdout
    uapigen(out, "-o", tmp_path / "bindings")
    uapigen("verify", tmp_path / "bindings", out)
    uapigen("diff", out, source)
    uapigen("check", out, source)
    again = tmp_path / "again.json"
    uapigen("snapshot", out, "-o", again)
    assert again.read_bytes() == out.read_bytes()


def test_btf_is_loaded_by_the_kernel_and_read_by_bpftool(
    uapigen: Uapigen, kernel: Path, needs: Needs, tmp_path: Path
) -> None:
    out = tmp_path / "small.btf"
    run = uapigen("snapshot", kernel, "--only", "struct task_struct", "--format", "btf", "-o", out)
    assert run.stderr == ""
    assert out.stat().st_size < 60_000
    os.close(load_btf(out.read_bytes()))
    uapigen("snapshot", kernel, "--only=struct task_struct", "--format=btf", "-o", out, "--check")
    uapigen("snapshot", kernel, "--only=struct list_head", "--format=btf", "-o", out, "--check",
            exit_code=1)  # fmt: skip
    needs("bpftool")
    shown = subprocess.run(
        ["bpftool", "btf", "dump", "file", out, "format", "c"], check=True, capture_output=True
    ).stdout
    assert b"struct task_struct {" in shown
    records = [
        "".join(open_bindings.partition("RECORDS")[2].partition("_ENUMS")[0])
        for open_bindings in (
            _module(uapigen, out, tmp_path / "a.py"),
            _module(uapigen, kernel, tmp_path / "b.py", "--only=struct task_struct"),
        )
    ]
    # Only alignment is lost, of which BTF says nothing, where others showed it.
    records = [re.sub(r"align=\d+", "align", text) for text in records]
    assert records[0] == records[1] != ""


def _module(uapigen: Uapigen, source: Path, out: Path, *options: str) -> str:
    uapigen(source, "-o", out, *options)
    return out.read_text()


def test_what_btf_cannot_hold_is_left_out_by_name(
    uapigen: Uapigen, source: Path, tmp_path: Path
) -> None:
    run = uapigen("snapshot", source, "--format", "btf", "-o", tmp_path / "x.btf")
    assert run.stderr == (
        "uapigen: left out struct core::Option<u8>: the kernel takes identifiers only\n"
    )


def test_headers_become_btf_and_snapshots(uapigen: Uapigen, tmp_path: Path) -> None:
    uapigen("snapshot", "linux/fuse.h", "-o", tmp_path / "fuse.json")
    uapigen("snapshot", "linux/fuse.h", "--format", "btf", "-o", tmp_path / "fuse.btf")
    os.close(load_btf((tmp_path / "fuse.btf").read_bytes()))
    uapigen("check", tmp_path / "fuse.json", "linux/fuse.h")
    before = (tmp_path / "fuse.json").read_bytes()
    uapigen("check", tmp_path / "fuse.json", "linux/fuse.h", "--update")
    assert (tmp_path / "fuse.json").read_bytes() == before
    for source, name in (("linux/fuse.h", "a"), (tmp_path / "fuse.json", "b")):
        uapigen(source, "-o", tmp_path / name / "fuse.py")
    assert (tmp_path / "a/fuse.py").read_text() == (tmp_path / "b/fuse.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["--only", "struct nothing"], 2, "--only 'struct nothing' matches nothing"),
        (["--format", "yaml"], 2, "invalid choice: 'yaml'"),
        (["--arch", "pdp11"], 2, "pdp11"),
    ],
)
def test_usage(
    uapigen: Uapigen, source: Path, tmp_path: Path, arguments: list[str], exit_code: int,
    message: str,
) -> None:  # fmt: skip
    run = uapigen("snapshot", source, "-o", tmp_path / "x.json", *arguments, exit_code=exit_code)
    assert message in run.stderr
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"uapigen_snapshot": 99}', "is of format 99, which a later uapigen has written"),
        ('{"uapigen_snapshot": 1, "arch"', "line 1, column 31: is no JSON"),
    ],
)
def test_a_bad_snapshot_is_exit_3_and_one_line(
    uapigen: Uapigen, tmp_path: Path, text: str, message: str
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    run = uapigen(bad, "-o", tmp_path / "x.py", exit_code=3)
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert str(bad) in run.stderr


def test_a_snapshot_of_headers_goes_with_no_other_source(
    uapigen: Uapigen, source: Path, tmp_path: Path
) -> None:
    uapigen("snapshot", "linux/if_ether.h", "-o", tmp_path / "h.json")
    run = uapigen(tmp_path / "h.json", source, "-o", tmp_path / "x.py", exit_code=2)
    assert "is a snapshot of headers, which goes with no other source" in run.stderr


def test_200_types_are_read_in_milliseconds(kernel: Path, tmp_path: Path, uapigen: Uapigen) -> None:
    out = tmp_path / "abi.json"
    only = ["struct task_struct", "struct mm_struct", "struct super_block", "struct net_device"]
    uapigen("snapshot", kernel, *[f"--only={name}" for name in only], "-o", out)
    data = out.read_bytes()
    assert len(json.loads(data)["types"]) > 140
    times = []
    for _ in range(5):
        begin = time.process_time()
        open_sources([data])
        times.append(time.process_time() - begin)
    assert min(times) < 0.1  # measured: 0.015 s
