"""The command: arguments, colour, exit codes, other architectures."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from .btf import BtfWriter

ROOT = Path(__file__).parents[2]


@pytest.fixture
def little(tmp_path):
    writer = BtfWriter()
    writer.struct("thing", 8, ("first", writer.int("long", 8), 0))
    return writer.write(tmp_path)


def test_struct_keyword_needs_no_quotes(show, little):
    assert show("struct", "thing", little) == show("struct thing", little)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["nothing"], 1, "no struct, union, enum, typedef, function or variable is called"),
        (["thing", "--cacheline", "-1"], 2, "--cacheline -1"),
        (["thing", "--arch", "pdp11"], 2, "unknown architecture 'pdp11'"),
        (["thing", "--arch", "s390x"], 2, "byte order"),
    ],
)
def test_refusal_is_one_line_and_an_exit_code(show, little, arguments, exit_code, sentence):
    name, *options = arguments
    refusal = show(name, little, *options, exit_code=exit_code)
    assert sentence in refusal
    assert refusal.startswith("uapigen: ")
    assert refusal.count("\n") == 1


def test_second_source_is_refused(show, little):
    assert "one SOURCE at a time" in show("thing", little, little, exit_code=2)


def test_help_names_the_options(uapigen):
    text = uapigen("show", "--help").stdout
    assert text.startswith("usage: uapigen show [options] NAME [SOURCE]")
    assert all(option in text for option in ("--expand", "--json", "--cacheline", "--color"))


def test_malformed_source_is_exit_3_and_missing_one_4(show, tmp_path):
    (tmp_path / "junk").write_bytes(b"junk")
    assert "is not BTF" in show("thing", tmp_path / "junk", exit_code=3)
    assert "No such file" in show("thing", tmp_path / "absent", exit_code=4)


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(little, environment, coloured):
    output = _on_a_terminal(["show", "thing", os.fspath(little)], environment)
    assert ("\x1b[" in output) == coloured


def test_colour_is_not_for_pipes(uapigen, little):
    assert "\x1b" not in uapigen("show", "thing", little).stdout
    assert "\x1b" in uapigen("show", "--color", "always", "thing", little).stdout


def _environment() -> dict[str, str]:
    """This process's, with this tree first on the path and nothing said of colour."""
    base = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**base, "PYTHONPATH": os.fspath(ROOT), "TERM": "xterm"}


def _on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "uapigen", *arguments],
        stdout=slave,
        env={**_environment(), **environment},
    ) as process:
        os.close(slave)
        output = b""
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:  # what Linux says when the other side is closed
                break
            if not data:
                break
            output += data
    os.close(master)
    assert process.returncode == 0
    return output.decode()


def test_names_beyond_the_terminals_encoding_are_escaped(uapigen, tmp_path):
    writer = BtfWriter()
    writer.struct("größe", 4, ("länge", writer.int(), 0))
    path = writer.write(tmp_path)
    shown = uapigen("show", "größe", path, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"})
    assert "int l\\xe4nge;" in shown.stdout


def test_reader_that_stops_early_is_no_error_of_ours(little):
    command = f"{sys.executable} -m uapigen show thing {little} | true"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, env=_environment()
    )
    assert "Traceback" not in done.stderr


def test_default_source_is_the_running_kernel(uapigen, running_kernel):
    text = uapigen("show", "struct list_head").stdout
    assert text == uapigen("show", "struct list_head", running_kernel).stdout
    assert "struct list_head *next;" in text


@pytest.mark.parametrize(
    ("blob", "base", "name", "facts"),
    [
        ("s390x-6.12.btf.xz", None, "struct pgid", ("s390x", 256, True)),
        ("i386-6.1-686pae-pahole132.btf.xz", None, "struct inode", ("i386", 64, False)),
        ("modules/amd64-6.1+fuse.btf.xz", "amd64-6.1.btf.xz", "struct fuse_conn", (
            *("x86_64", 64, False),
        )),
        ("modules/amd64-6.1+fuse.btf.xz", "amd64-6.1.btf.xz", "struct inode", (
            *("x86_64", 64, False),
        )),
        ("amd64-7.3rc7-cloud.btf.xz", None, "struct file", ("x86_64", 64, False)),
    ],
)  # fmt: skip
def test_other_kernels_and_modules_are_shown(show, corpus, blob, base, name, facts):
    options = ["--base", corpus / base] if base else []
    document = json.loads(show("--json", *options, name, corpus / blob))
    arch, cacheline, big_endian = facts
    assert (document["arch"], document["cacheline_bytes"]) == (arch, cacheline)
    assert document["byte_order"] == ("big" if big_endian else "little")
    record = document["types"][0]
    assert record["spelling"] == name
    assert record["problem"] is None
    assert record["members"]
    assert show(*options, name, corpus / blob).startswith(f"{name} {{")


def test_c_is_for_a_compiler(show, needs, tmp_path):
    needs("gcc")
    writer = BtfWriter()
    number = writer.int("long", 8)
    writer.struct("inner", 8, ("value", number, 0))
    writer.struct("thing", 24, ("first", 2, 0), ("second", number, 128))
    text = show("thing", writer.write(tmp_path), "--c")
    (tmp_path / "thing.c").write_text(text)
    subprocess.run(["gcc", "-std=gnu11", "-fsyntax-only", tmp_path / "thing.c"], check=True)
    assert "__builtin_offsetof(struct thing, second) == 16" in text


def test_c_refuses_what_it_cannot_declare(show, tmp_path):
    writer = BtfWriter()
    number = writer.int("long", 8)
    writer.struct("thing", 8, ("first", number, 0), ("second", number, 32))
    writer.add(14, "variable", number, 1)
    source = writer.write(tmp_path)
    assert "struct thing: " in show("thing", source, "--c", exit_code=3)
    assert "--c: variable is no type" in show("variable", source, "--c", exit_code=2)
