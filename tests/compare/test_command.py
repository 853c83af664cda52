"""``uapigen diff`` and ``uapigen check`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run, Uapigen

BASE = "struct s { int a; int b; };\n"


@pytest.fixture
def header(tmp_path: Path) -> Path:
    (tmp_path / "old.h").write_text(BASE)
    return tmp_path


def run(uapigen: Uapigen, header: Path, command: str, new: str, code: int, *more: str) -> Run:
    (header / "new.h").write_text(new)
    return uapigen(command, "old.h", "new.h", "--arch", "x86_64", *more, cwd=header, exit_code=code)


CHECKED = [
    (BASE, 0),
    (BASE + "struct other { int z; };\n", 0),  # not what the golden file is about
    ("struct s { int a; int b; int c; };\n", 0),
    ("struct s { int a; int renamed; };\n", 5),
    ("struct s { int b; int a; };\n", 1),
    ("struct s { int renamed; long b; };\n", 1),
    ("struct t { int a; };\n", 1),
]


@pytest.mark.parametrize(("new", "code"), CHECKED)
def test_check_answers_by_its_exit_code(
    uapigen: Uapigen, header: Path, new: str, code: int
) -> None:
    run(uapigen, header, "check", new, code)


@pytest.mark.parametrize(("new", "code"), [(BASE, 0), (CHECKED[1][0], 1), (CHECKED[3][0], 1)])
def test_diff_answers_whether_there_is_a_difference(
    uapigen: Uapigen, header: Path, new: str, code: int
) -> None:
    run(uapigen, header, "diff", new, code)


def test_suppressed_findings_stay_visible_and_do_not_count(uapigen: Uapigen, header: Path) -> None:
    (header / "policy.toml").write_text(
        'extends = "kernel"\n'
        '[[suppress]]\nsubject = "struct s"\nreason = "nobody uses it"\nexpires = 9999-01-01\n'
        '[[suppress]]\nsubject = "struct gone"\nreason = "x"\n'
    )
    new = "struct s { int b; int a; };\n"
    for command in ("diff", "check"):
        done = run(uapigen, header, command, new, 0, "--policy", "policy.toml")
        assert "1 suppressed" in done.stdout
        assert "suppressed binary break: struct s" in done.stdout
        assert "suppressed (until 9999-01-01): nobody uses it" in done.stdout
        assert "note: suppression of struct gone matches nothing" in done.stdout


def test_expired_suppression_ends_with_a_sentence(uapigen: Uapigen, header: Path) -> None:
    (header / "policy.toml").write_text(
        'extends = "kernel"\n'
        '[[suppress]]\nsubject = "struct s"\nreason = "x"\nexpires = 2020-01-01\n'
    )
    done = run(uapigen, header, "check", BASE, 2, "--policy", "policy.toml")
    assert done.stderr == ("uapigen: policy.toml: suppress 1: struct s: expired on 2020-01-01\n")


def test_policy_says_what_is_reserved_and_versioned(uapigen: Uapigen, header: Path) -> None:
    (header / "policy.toml").write_text(
        'extends = "uapi"\n[conventions]\nreserved = ["b"]\nversioned = ["struct s"]\n'
    )
    appended = "struct s { int a; int b; int c; };\n"
    run(uapigen, header, "check", appended, 1, "--policy", "uapi")
    run(uapigen, header, "check", appended, 0, "--policy", "policy.toml")
    consumed = "struct s { int a; int c; };\n"
    done = run(uapigen, header, "check", consumed, 0, "--policy", "policy.toml")
    assert "in place of the reserved b" in done.stdout


def test_json_has_the_summary_first(uapigen: Uapigen, header: Path) -> None:
    new = "struct s { int b; int a; };\n"
    done = run(uapigen, header, "diff", new, 1, "--format", "json")
    report = json.loads(done.stdout)
    assert list(report)[-1] == "findings"
    assert report["format"] == 1
    assert report["verdict"] == "binary break"
    assert report["counts"]["binary break"] == len(report["findings"]) == 1
    (finding,) = report["findings"]
    assert (finding["kind"], finding["subject"]) == ("members-reordered", "struct s")
    places = {finding["place"], *(effect["place"] for effect in finding["effects"])}
    assert places == {"a", "b"}


def test_colour_is_for_terminals(uapigen: Uapigen, header: Path) -> None:
    new = "struct s { int b; int a; };\n"
    assert "\x1b" not in run(uapigen, header, "diff", new, 1).stdout
    assert "\x1b[" in run(uapigen, header, "diff", new, 1, "--color", "always").stdout


def test_each_side_has_options_of_its_own(uapigen: Uapigen, tmp_path: Path) -> None:
    for side, members in (("one", "int a;"), ("two", "int a; int b;")):
        folder = tmp_path / side / "x"
        folder.mkdir(parents=True)
        (folder / "s.h").write_text(f"struct s {{ {members} }};\n")
    done = uapigen(
        "diff", "x/s.h", "x/s.h", "--old-include-dir", "one", "--new-include-dir", "two",
        cwd=tmp_path, exit_code=1,
    )  # fmt: skip
    assert "member-appended" in done.stdout


def test_architectures_are_compared_with_a_note(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "s.h").write_text("struct s { int a; long b; void *c; };\n")
    done = uapigen(
        "diff", "s.h", "s.h", "--old-arch", "x86_64", "--new-arch", "i386",
        cwd=tmp_path, exit_code=1,
    )  # fmt: skip
    assert "note: the sources are for different architectures: x86_64 and i386" in done.stdout
    assert done.stdout.count("base-type-changed") == 2  # long, pointers


def test_only_chooses_on_both_sides(uapigen: Uapigen, header: Path) -> None:
    new = "struct s { int b; int a; };\nstruct t { int z; };\n"
    done = run(uapigen, header, "diff", new, 1, "--only", "struct t")
    assert "struct s" not in done.stdout
    run(uapigen, header, "diff", new, 2, "--only", "struct nowhere")


@pytest.mark.parametrize("command", ["diff", "check"])
def test_broken_sources_end_with_a_sentence(uapigen: Uapigen, header: Path, command: str) -> None:
    (header / "broken").write_bytes(b"\x9f\xeb\x01\x00" + b"\xff" * 40)
    done = uapigen(command, "old.h", "broken", exit_code=3, cwd=header)
    assert done.stderr.startswith("uapigen: broken: ")
    assert done.stderr.count("\n") == 1
    uapigen(command, "old.h", "absent", exit_code=4, cwd=header)


def test_check_of_this_machines_kernel_looks_up_only_what_is_asked_for(
    uapigen: Uapigen, running_kernel: Path
) -> None:
    names = ["task_struct", "inode", "sk_buff", "bpf_prog"]
    only = [option for name in names for option in ("--only", f"struct {name}")]
    done = uapigen("check", running_kernel, *only, "--format", "json")
    report = json.loads(done.stdout)
    assert report["verdict"] == "none"
    assert report["findings"] == []
    assert report["compared"]["structs and unions"] > 50


def test_update_rewrites_the_golden_file_with_the_same_selection(
    uapigen: Uapigen, header: Path
) -> None:
    (header / "new.h").write_text(
        "struct t { int x; };\nstruct s { int a; struct t t; };\nstruct other { int z; };\n"
    )
    uapigen("snapshot", "old.h", "-o", "abi.json", "--arch", "x86_64", cwd=header)
    arguments = ("check", "abi.json", "new.h")
    uapigen(*arguments, cwd=header, exit_code=1)
    done = uapigen(*arguments, "--update", cwd=header)
    assert "struct s" in done.stdout  # what was taken over can be read
    uapigen(*arguments, cwd=header)
    text = (header / "abi.json").read_text("utf-8")
    assert '"struct": "t"' in text
    assert "other" not in text
    uapigen("check", "old.h", "new.h", "--update", cwd=header, exit_code=2)
    uapigen(*arguments, "--update", "--only", "struct s", cwd=header, exit_code=2)


def test_updating_with_the_same_source_changes_nothing(
    uapigen: Uapigen, kernel: Path, tmp_path: Path
) -> None:
    golden = tmp_path / "abi.json"
    only = ("--only", "struct task_struct", "--only", "enum bpf_map_type", "--only", "vfs_read")
    uapigen("snapshot", kernel, *only, "-o", golden)
    before = golden.read_bytes()
    done = uapigen("check", golden, kernel, "--update")
    assert "no difference" in done.stdout
    assert golden.read_bytes() == before


def test_a_directory_stands_for_the_headers_below_it(uapigen: Uapigen, tmp_path: Path) -> None:
    for side, last in (("one", "int a;"), ("two", "int a; int b;")):
        folder = tmp_path / side / "x"
        folder.mkdir(parents=True)
        (folder / "base.h").write_text(f"struct base {{ {last} }};\n")
        (folder / "s.h").write_text("#include <x/base.h>\nstruct s { struct base b; };\n")
        (folder / "broken.h").write_text("struct {")
    for folders in (("one", "two"), ("one/x", "two/x")):
        done = uapigen("diff", *folders, cwd=tmp_path, exit_code=1)
        assert "struct s (by struct base)" in done.stdout
        assert done.stderr.count("left out x/broken.h") == 2
    (tmp_path / "empty").mkdir()
    uapigen("diff", "empty", "one", cwd=tmp_path, exit_code=2)
