"""``uapigen verify``: exit codes, sentences and options."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from uapigen.cli import main

from .conftest import Sample


@pytest.fixture
def copy(sample: Sample, tmp_path: Path) -> Path:
    """A copy of the sample's package, to spoil."""
    return Path(shutil.copytree(sample.package, tmp_path / "bindings"))


def verify(capsys: pytest.CaptureFixture[str], *arguments: object, exit_code: int = 0) -> str:
    """What ``verify`` prints, on either stream."""
    code = main(["verify", *map(str, arguments)])
    captured = capsys.readouterr()
    assert code == exit_code, captured.out + captured.err
    assert "Traceback" not in captured.err
    return captured.out + captured.err


def test_agreement_is_one_line(capsys, sample):
    said = verify(capsys, sample.package, sample.source)
    assert said.count("\n") == 1
    assert said.startswith(f"uapigen: {sample.package}: ")
    assert " structs and unions, " in said
    assert said.endswith(f" agree with {sample.source} on Python {sys.version.split()[0]}\n")


def test_quiet_says_nothing_of_an_agreement(capsys, sample):
    assert verify(capsys, sample.package, sample.source, "--quiet") == ""


def test_differences_are_listed_and_counted(capsys, sample, copy):
    (copy / "enums.py").write_text((copy / "enums.py").read_text().replace('"RED": 1', '"RED": 7'))
    said = verify(capsys, copy, sample.source, exit_code=1)
    assert said.splitlines()[0] == "enum colour: RED: is 7, in the source 1"
    assert " 1 difference from " in said.splitlines()[1]
    quiet = verify(capsys, copy, sample.source, "--quiet", exit_code=1)
    assert quiet == "enum colour: RED: is 7, in the source 1\n"


def test_single_file_is_verified_as_a_package_is(capsys, sample, tmp_path):
    module = tmp_path / "some-name.py"
    assert main([str(sample.source), "-o", str(tmp_path / "bindings.py"), "--quiet"]) == 0
    (tmp_path / "bindings.py").rename(module)
    assert "agree with" in verify(capsys, module, sample.source)
    module.write_text(module.read_text().replace('("number", 0, "s32")', '("number", 0, "u32")'))
    assert "struct sample: number: reads" in verify(capsys, module, sample.source, exit_code=1)


def test_partial_bindings_want_the_same_patterns(capsys, sample, tmp_path):
    module = tmp_path / "bindings.py"
    only = ["--only", "struct sample"]
    assert main([str(sample.source), "-o", str(module), *only, "--quiet"]) == 0
    assert "agree with" in verify(capsys, module, sample.source, *only)
    said = verify(capsys, module, sample.source, exit_code=1)
    assert "struct bits: is missing" in said
    said = verify(capsys, sample.package, sample.source, *only, exit_code=1)
    assert "bits: is not in the source" in said
    assert "matches nothing" in verify(
        capsys, module, sample.source, "--only", "struct nowhere", exit_code=2
    )


def test_another_source_is_said_so(capsys, sample, copy):
    about = (copy / "__init__.py").read_text()
    digest = about.partition('"sha256": "')[2][:64]
    (copy / "__init__.py").write_text(about.replace(digest, "0123456789abcdef" * 4))
    said = verify(capsys, copy, sample.source)
    assert "they were made from another source: sha256 0123456789ab…, here" in said


def test_target_follows_arch(capsys, sample):
    said = verify(capsys, sample.package, sample.source, "--arch", "aarch64", exit_code=1)
    assert '__abi__["arch"]' in said
    assert "byte order" in verify(
        capsys, sample.package, sample.source, "--arch", "s390x", exit_code=2
    )


def test_default_source_is_the_running_kernel(capsys, sample, running_kernel):
    said = verify(capsys, sample.package, exit_code=1)
    assert "struct task_struct: is missing" in said
    assert f"differences from {running_kernel}" in said
    assert "made from another source" in said
    assert "--only" in said


# Bindings that are none, or that fight back

HOSTILE = {
    "syntax error": ("def f(:", "cannot be imported: SyntaxError: invalid syntax"),
    "raises": ("raise OSError('no\\nway')", "cannot be imported: OSError: no way"),
    "leaves": ("raise SystemExit(0)", "cannot be imported: SystemExit: 0"),
    "exits": ("import os; os._exit(0)", "the interpreter ended with exit code 0"),
    "crashes": ("import ctypes; ctypes.string_at(8)", "the interpreter died of SIGSEGV"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "the interpreter died of SIGKILL"),
    "is empty": ("", "cannot be imported: AttributeError: module 'bindings' has no"),
    "is no package of ours": ("__abi__ = {}", "is no generated package: it has no ctype"),
    "has no facts": ("__abi__ = 7", "cannot be imported: TypeError"),
    "recurses": ("def f(): f()\nf()", "cannot be imported: RecursionError"),
    "answers itself": (
        "import os\nfor fd in range(3, 20):\n"
        "    try: os.write(fd, b'[]\\n')\n    except OSError: pass",
        "something else than the probe answered",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), HOSTILE.values(), ids=HOSTILE)
def test_what_are_no_bindings_is_exit_3_and_one_line(capsys, sample, copy, text, sentence):
    (copy / "__init__.py").write_text(text)
    said = verify(capsys, copy, sample.source, exit_code=3)
    assert said.count("\n") == 1
    assert said.startswith(f"uapigen: {copy}: ")
    assert sentence in said


def test_crash_inside_a_type_names_it(capsys, sample, copy):
    records = copy / "_support" / "records.py"
    records.write_text(
        records.read_text() + "\n\ndef make_record(_bindings, name, *_):\n"
        "    ctypes.string_at(8) if name == 'bits' else 1 / 0\n"
    )
    said = verify(capsys, copy, sample.source, exit_code=3)
    assert "bindings: struct bits: the interpreter died of SIGSEGV" in said


def test_support_code_that_raises_is_a_difference_of_every_type(capsys, sample, copy):
    records = copy / "_support" / "records.py"
    records.write_text(records.read_text() + "\n\nmake_record = None\n")
    said = verify(capsys, copy, sample.source, exit_code=1)
    assert "struct bits: cannot be made: TypeError" in said


def test_printing_bindings_do_not_disturb_the_answer(capsys, sample, copy):
    path = copy / "__init__.py"
    path.write_text(f'print("[]")\nimport sys\nsys.stderr.write("[]")\n{path.read_text()}')
    assert "agree with" in verify(capsys, copy, sample.source)


def test_names_in_answers_are_made_printable(capsys, sample, copy):
    path = copy / "records.py"
    path.write_text(path.read_text().replace('("number", 0,', '("nu\\x1b[2Jmber\\n", 0,'))
    said = verify(capsys, copy, sample.source, exit_code=1)
    assert "struct sample: nu\\x1b[2Jmber\\n: is no member in the source" in said


def test_verifying_leaves_nothing_behind(capsys, sample, copy):
    before = sorted(copy.rglob("*"))
    verify(capsys, copy, sample.source)
    assert sorted(copy.rglob("*")) == before


@pytest.mark.parametrize(
    ("make", "exit_code", "sentence"),
    [
        (lambda _path: None, 4, "No such file or directory"),
        (lambda path: path.mkdir(), 3, "is no generated package: no __init__.py"),
        (lambda path: path.write_text("x = 1"), 3, "cannot be imported: ImportError"),
    ],
    ids=["absent", "empty directory", "no Python file"],
)
def test_path_without_bindings_is_refused(capsys, sample, tmp_path, make, exit_code, sentence):
    path = tmp_path / "nothing"
    make(path)
    assert sentence in verify(capsys, path, sample.source, exit_code=exit_code)


@pytest.mark.parametrize(
    ("script", "exit_code", "sentence"),
    [
        (None, 4, "No such file or directory"),
        ("#!/bin/sh\nexit 0\n", 3, "the interpreter ended with exit code 0"),
        ("#!/bin/sh\necho nonsense\n", 3, "something else than the probe answered"),
        ("#!/bin/sh\nexit 86\n", 2, "is older than Python 3.10"),
    ],
    ids=["absent", "silent", "babbling", "old"],
)
def test_interpreter_that_is_none_is_refused(capsys, sample, tmp_path, script, exit_code, sentence):
    python = tmp_path / "python"
    if script:
        python.write_text(script)
        python.chmod(0o755)
    arguments = (sample.package, sample.source, "--python", python)
    assert sentence in verify(capsys, *arguments, exit_code=exit_code)


def test_endless_bindings_are_given_up(capsys, monkeypatch, sample, copy):
    monkeypatch.setattr("uapigen.verify.run._PATIENCE", 1)
    (copy / "__init__.py").write_text("while True: pass")
    said = verify(capsys, copy, sample.source, exit_code=3)
    assert "did not come to an end in 1 s" in said


def test_malformed_source_is_exit_3(capsys, sample, tmp_path):
    (tmp_path / "bad").write_bytes(b"\x9f\xeb\1\0")
    assert str(tmp_path / "bad") in verify(capsys, sample.package, tmp_path / "bad", exit_code=3)


def test_help_names_the_options(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["verify", "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    for option in ("--base", "--arch", "--python", "--quiet", "--only", "exit codes"):
        assert option in said


def test_types_that_cannot_be_laid_out_are_rightly_absent(capsys, tmp_path):
    from show.btf import BtfWriter

    writer = BtfWriter()
    number = writer.int("int")
    writer.struct("overlapping", 4, ("a", number, 0), ("b", number, 16))
    writer.struct("sound", 4, ("a", number, 0))
    source = writer.write(tmp_path)
    assert main([str(source), "-o", str(tmp_path / "bindings"), "--quiet"]) == 0
    said = verify(capsys, tmp_path / "bindings", source, "--verbose")
    assert "struct overlapping cannot be laid out: member b overlaps" in said
    assert "1 structs and unions, 1 members agree with" in said
