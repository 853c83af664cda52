"""What a run writes and where: determinism, ``--check``, ``--depfile``, selection, failures.

The source is a whole kernel.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import run_uapigen

ONLY = ("--only", "struct list_head")


def digests(path: Path) -> dict[str, str]:
    """SHA-256 of a file, or of each file below a directory."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def evaluate(expression: str, where: Path) -> str:
    """What a fresh Python prints for an expression over ``import bindings as k``."""
    script = f"import bindings as k\nprint({expression})"
    command = [sys.executable, "-B", "-I", "-c", f"import sys; sys.path[0:0] = ['.']\n{script}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=where)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_same_input_gives_the_same_bytes_wherever_it_runs(kernel: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    runs = (
        (here, "1", {"LC_ALL": "C", "TZ": "UTC", "COLUMNS": "40"}),
        (there, "2", {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "USER": "other", "HOME": "/"}),
    )
    for place, seed, env in runs:
        place.mkdir()
        relative = os.path.relpath(kernel, place) if place is there else kernel
        run_uapigen(relative, "-o", "bindings", cwd=place, env={"PYTHONHASHSEED": seed, **env})
    assert digests(here / "bindings") == digests(there / "bindings")
    for path in (here / "bindings").rglob("*.py*"):
        for mine in (tmp_path, kernel.parent, Path(__file__).parents[2]):
            assert os.fsencode(mine) not in path.read_bytes(), path.name


@pytest.mark.parametrize("out", ["bindings", "bindings.py"])
def test_check_writes_nothing_and_says_whether_out_would_change(
    kernel: Path, tmp_path: Path, out: str
) -> None:
    arguments = (kernel, "-o", tmp_path / out, *ONLY)
    missing = run_uapigen(*arguments, "--check", exit_code=1)
    assert "+++" in missing.stdout
    assert not list(tmp_path.iterdir())
    run_uapigen(*arguments)
    before = digests(tmp_path)
    assert run_uapigen(*arguments, "--check").stdout == ""
    wider = run_uapigen(*arguments, "--only", "struct hlist_head", "--check", exit_code=1)
    assert "+class hlist_head(Struct, " in wider.stdout
    assert digests(tmp_path) == before


def test_depfile_names_out_and_all_inputs_for_make(kernel: Path, tmp_path: Path) -> None:
    source = tmp_path / "a kernel"
    source.write_bytes(kernel.read_bytes())
    arguments = ("a kernel", "-o", "bindings.py", *ONLY, "--depfile", "bindings.d")
    run_uapigen(*arguments, cwd=tmp_path)
    assert (tmp_path / "bindings.d").read_text() == "bindings.py: a\\ kernel\n"
    (tmp_path / "Makefile").write_text("include bindings.d\nbindings.py: ; @echo made $@\n")
    for newer, expected in ((source, "made bindings.py"), (tmp_path / "bindings.py", "up to date")):
        for path in (source, tmp_path / "bindings.py"):
            os.utime(path, (2e9, 2e9) if path == newer else (1e9, 1e9))
        done = subprocess.run(
            ["make", "bindings.py"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert expected in done.stdout, done.stdout + done.stderr


def test_only_brings_what_is_embedded_and_nothing_else(kernel: Path, tmp_path: Path) -> None:
    run_uapigen(kernel, "-o", tmp_path / "bindings", "--only", "struct hlist_*")
    names = json.loads(evaluate("__import__('json').dumps(k.__all__)", tmp_path))
    assert {"hlist_head", "hlist_node", "hlist_nulls_head"} <= set(names)
    assert "task_struct" not in names
    target = "k.hlist_head(first=1).first.target is k.hlist_node"
    assert evaluate(target, tmp_path) == "True"


def test_only_that_matches_nothing_is_a_usage_error(kernel: Path, tmp_path: Path) -> None:
    done = run_uapigen(kernel, "-o", tmp_path / "bindings", "--only", "struct no_such", exit_code=2)
    assert "no_such" in done.stderr
    assert not list(tmp_path.iterdir())


def test_exclude_leaves_out_and_the_report_says_so(kernel: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ("--only", "struct hlist_*", "--exclude", "struct hlist_nulls_*")
    run_uapigen(kernel, "-o", tmp_path / "bindings", *arguments, "--report", report)
    missing = json.loads(report.read_text())["missing"]
    assert {"name": "struct hlist_nulls_head", "reason": "excluded"} in missing
    assert evaluate("hasattr(k, 'hlist_head'), hasattr(k, 'hlist_nulls_head')", tmp_path) == (
        "True False"
    )


def test_single_file_is_self_contained(kernel: Path, tmp_path: Path) -> None:
    run_uapigen(kernel, "-o", tmp_path / "bindings.py", "--only", "struct hlist_head")
    assert {p.name for p in tmp_path.iterdir()} == {"bindings.py", "bindings.pyi"}
    assert evaluate("k.ctype('struct hlist_head').first.offset", tmp_path) == "0"


def test_asking_for_a_name_before_all_others_ends(kernel: Path, tmp_path: Path) -> None:
    run_uapigen(kernel, "-o", tmp_path / "bindings.py", "--only", "struct hlist_head")
    assert evaluate("hasattr(k, 'A'), hasattr(k, 'zzz')", tmp_path) == "False False"


@pytest.mark.parametrize("out", ["bindings", "bindings.py"])
def test_a_failed_run_leaves_out_as_it_was(kernel: Path, tmp_path: Path, out: str) -> None:
    run_uapigen(kernel, "-o", tmp_path / "place" / out, *ONLY)
    before = digests(tmp_path / "place")
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x9f\xeb\x01\x00 and then nothing that holds")
    for source, exit_code in ((broken, 3), (tmp_path / "missing", 4)):
        done = run_uapigen(source, "-o", tmp_path / "place" / out, exit_code=exit_code)
        assert done.stderr.count("\n") == 1, done.stderr
        assert digests(tmp_path / "place") == before


def test_a_disk_that_is_full_leaves_out_as_it_was(kernel: Path, tmp_path: Path) -> None:
    run_uapigen(kernel, "-o", tmp_path / "bindings", *ONLY)
    before = digests(tmp_path)
    command = [sys.executable, "-B", "-m", "uapigen", kernel, "-o", tmp_path / "bindings"]
    done = subprocess.run(  # no file may grow beyond 100 KiB
        ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert digests(tmp_path) == before


def test_an_interrupted_run_leaves_out_as_it_was(kernel: Path, tmp_path: Path) -> None:
    run_uapigen(kernel, "-o", tmp_path / "bindings", *ONLY)
    before = digests(tmp_path)
    command = [sys.executable, "-B", "-m", "uapigen", kernel, "-o", tmp_path / "bindings"]
    for _ in range(10):  # writing takes a few milliseconds, which a busy machine may miss
        run = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            # Whoever runs in the background inherits that interrupts are ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        while run.poll() is None and not list(tmp_path.glob(".*")):
            time.sleep(0.001)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate()
        if run.returncode == 130:
            break
        run_uapigen(kernel, "-o", tmp_path / "bindings", *ONLY)
    assert (run.returncode, errors) == (130, b"")
    assert digests(tmp_path) == before


def test_a_directory_of_someone_else_is_not_replaced(kernel: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    run_uapigen(kernel, "-o", out, *ONLY, exit_code=2)
    assert [p.name for p in out.iterdir()] == ["thesis.txt"]


def test_nothing_is_printed_into_a_pipe(kernel: Path, tmp_path: Path) -> None:
    done = run_uapigen(kernel, "-o", tmp_path / "bindings", *ONLY)
    assert (done.stdout, done.stderr) == ("", "")
