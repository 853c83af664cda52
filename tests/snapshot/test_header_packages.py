"""A package with a module for each header is the same from a snapshot as from the headers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT, Uapigen

THREE = ["linux/fuse.h", "linux/bpf.h", "linux/netlink.h"]
TEN = [
    *("linux/fuse.h", "linux/in.h", "linux/if.h", "linux/videodev2.h", "linux/netlink.h"),
    *("linux/atm_eni.h", "linux/auto_dev-ioctl.h", "linux/tty.h", "linux/termios.h"),
    *(
        "linux/ax25.h",
        "linux/uuid.h",
        "linux/sctp.h",
        "linux/errqueue.h",
        "linux/mroute.h",
        "linux/mroute6.h",
    ),
]
"""Headers with prerequisites, and with constants and types that others of them have otherwise."""
TREES = ["/usr/include", "/usr/s390x-linux-gnu/include"]


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_same(ours: Path, theirs: Path) -> None:
    made, wanted = files_below(ours), files_below(theirs)
    assert made.keys() == wanted.keys()
    for name, text in wanted.items():
        assert made[name] == text, name


def snapshot(uapigen: Uapigen, sources: Sequence[str], out: Path, *options: str) -> dict[str, Any]:
    uapigen("snapshot", *sources, "-o", str(out), "--quiet", *options)
    found = json.loads(out.read_bytes())
    assert isinstance(found, dict)
    return found


def assert_round_trip(
    uapigen: Uapigen,
    sources: Sequence[str],
    folder: Path,
    options: Sequence[str] = (),
    first_options: Sequence[str] = (),
    *,
    again: bool = True,
) -> None:
    """``again``: the options are also given where bindings are made from the snapshot."""
    text = folder / "s.json"
    uapigen(*sources, "-o", str(folder / "theirs"), "--quiet", *options)
    snapshot(uapigen, sources, text, *first_options)
    uapigen(str(text), "-o", str(folder / "ours"), "--quiet", *(options if again else ()))
    assert_same(folder / "ours", folder / "theirs")
    snapshot(uapigen, [str(text)], folder / "again.json")
    assert (folder / "again.json").read_bytes() == text.read_bytes()


@pytest.fixture(scope="module")
def three(uapigen: Uapigen, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return snapshot(uapigen, THREE, tmp_path_factory.mktemp("three") / "s.json")


@pytest.mark.parametrize("sources", [THREE, TEN, ["linux/coda.h"]], ids=len)
def test_headers(uapigen: Uapigen, tmp_path: Path, sources: list[str]) -> None:
    assert_round_trip(uapigen, sources, tmp_path)


def test_a_selection_of_the_snapshot(uapigen: Uapigen, tmp_path: Path) -> None:
    options = ["--only", "struct v4l2_ext_controls", "--only", "struct if*", "--only", "AX25_*"]
    assert_round_trip(uapigen, TEN, tmp_path, options)


POINTERS = ["--only", "struct*sockaddr*", "--only", "IFF_*", "--only", "struct ifconf"]
"""``struct ifconf`` points to ``struct ifreq``, which the package has."""


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("options", [POINTERS, ["--exclude", "struct fuse_*"]], ids=" ".join)
def test_a_selection_in_the_snapshot(
    uapigen: Uapigen, tmp_path: Path, options: list[str], again: bool
) -> None:
    assert_round_trip(uapigen, TEN, tmp_path, options, options, again=again)


def test_what_is_only_pointed_to_is_in_no_module(uapigen: Uapigen, tmp_path: Path) -> None:
    sources = ["linux/if.h", "linux/fuse.h"]
    content = snapshot(uapigen, sources, tmp_path / "s.json", *POINTERS)
    pointed = [row["struct"] for row in content["types"] if "pointed" in row and "struct" in row]
    assert "ifreq" in pointed
    assert "ifconf" not in pointed
    uapigen(*sources, "-o", str(tmp_path / "theirs/m.py"), "--quiet", *POINTERS)
    uapigen(str(tmp_path / "s.json"), "-o", str(tmp_path / "ours/m.py"), "--quiet")
    assert_same(tmp_path / "ours", tmp_path / "theirs")
    assert "ifreq" not in (tmp_path / "ours/m.pyi").read_text().replace("struct ifreq", "")


def test_what_is_only_pointed_to_may_change(uapigen: Uapigen, tmp_path: Path) -> None:
    header, other = tmp_path / "one.h", tmp_path / "two.h"
    header.write_text("struct far { int x; }; struct near { struct far *p; };\n")
    other.write_text("struct other { int x; };\n")
    sources = [str(header), str(other)]
    snapshot(uapigen, sources, tmp_path / "s.json", "--only", "struct near")
    header.write_text("struct far { long x; }; struct near { struct far *p; };\n")
    uapigen("check", str(tmp_path / "s.json"), *sources)


@pytest.mark.slow
@pytest.mark.parametrize("tree", TREES)
def test_all_headers_of_linux(uapigen: Uapigen, tmp_path: Path, tree: str) -> None:
    headers = sorted(Path(tree, "linux").glob("*.h"))
    if not headers:
        pytest.skip(f"needs the kernel's headers below {tree}")
    # It needs drm/drm.h, which comes with libdrm.
    sources = [str(path) for path in headers if path.name != "kfd_ioctl.h"]
    assert_round_trip(uapigen, sources, tmp_path)


@pytest.mark.parametrize("order", [1, -1])
def test_two_headers_that_contradict_each_other(
    uapigen: Uapigen, tmp_path: Path, order: int
) -> None:
    for name, number in (("one", 1), ("two", 2)):
        (tmp_path / f"{name}.h").write_text(
            f"#define LEVEL {number}\n"
            f"#define NEXT(x) ((x) + {number})\n"
            f"/** Of {name}. */\nstruct same {{ int a[{number}]; }};\n"
            f"typedef struct {{ char c[{number}]; }} word;\n"
            f"struct user_of_{name} {{ struct same s; word w; struct same *next; }};\n"
            f"enum {{ OF_{name.upper()}, {'SHARED = 5' if number == 1 else 'SHARED = 6'} }};\n"
        )
    sources = [str(tmp_path / "one.h"), str(tmp_path / "two.h")][::order]
    assert_round_trip(uapigen, sources, tmp_path)
    assert "LEVEL" in (tmp_path / "ours/two.py").read_text()


def test_a_file_that_two_headers_include_otherwise(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "part.h").write_text(
        "#ifdef WIDE\nstruct part { long x; };\n#define SIZE 8\n"
        "#else\nstruct part { int x; };\n#define SIZE 4\n#endif\n"
    )
    (tmp_path / "wide.h").write_text(
        '#define WIDE\n#include "part.h"\nstruct w { struct part p; };'
    )
    (tmp_path / "slim.h").write_text('#include "part.h"\nstruct s { struct part p; };\n')
    for given in (["wide", "slim"], ["slim", "wide"], ["part", "wide"]):
        folder = tmp_path / "-".join(given)
        folder.mkdir()
        assert_round_trip(uapigen, [str(tmp_path / f"{name}.h") for name in given], folder)


# What it costs, and what came before it


def test_what_headers_agree_about_is_not_said_again(three: dict[str, Any]) -> None:
    assert "units" not in three
    includes = [row[2]["includes"] for row in three["files"] if row[0] == "linux/bpf.h"]
    assert includes == [["linux/types.h", "linux/bpf_common.h"]]


def test_is_as_the_schema_says(uapigen: Uapigen, tmp_path: Path) -> None:
    content = snapshot(uapigen, TEN, tmp_path / "s.json")
    assert {"prerequisites", "beside", "constants", "without"} <= set().union(*content["units"])
    selected = snapshot(uapigen, TEN, tmp_path / "t.json", *POINTERS)
    schema = json.loads((ROOT / "docs" / "snapshot.schema.json").read_text("utf-8"))
    for one in (content, selected):
        jsonschema.Draft202012Validator(schema).validate(one)


def test_a_snapshot_from_before_gives_one_flat_package(uapigen: Uapigen, tmp_path: Path) -> None:
    content = snapshot(uapigen, TEN, tmp_path / "s.json")
    del content["units"]
    for row in content["files"]:
        if isinstance(row[-1], dict):
            row[-1].pop("includes", None)
    (tmp_path / "old.json").write_text(json.dumps(content))
    uapigen(str(tmp_path / "old.json"), "-o", str(tmp_path / "flat"), "--quiet")
    assert (tmp_path / "flat" / "records.py").exists()
    for name in ("s", "old"):
        uapigen(str(tmp_path / f"{name}.json"), "-o", str(tmp_path / name / "m.py"), "--quiet")
    assert files_below(tmp_path / "s") == files_below(tmp_path / "old")


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (1, "units[0]: is no object"),
        ({"unit": "linux/none.h"}, "units[0].unit: 'linux/none.h' is not among"),
        ({"unit": "linux/fuse.h", "x": 1}, "unknown key 'x'"),
        ({"unit": "linux/fuse.h", "types": [["struct gone", "linux/fuse.h"]]}, "is not described"),
        ({"unit": "linux/fuse.h", "types": [["struct fuse_attr"]]}, "has 1 items instead of 2"),
        ({"unit": "linux/fuse.h", "without": ["comment gone"]}, "is not described"),
        ({"unit": "linux/fuse.h", "beside": ["/etc/passwd"]}, "is not among"),
        ({"unit": "linux/fuse.h", "macros": [["f", [], "", "x()", "linux/fuse.h"]]}, "arithmetic"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    uapigen: Uapigen, tmp_path: Path, three: dict[str, Any], unit: object, message: str
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({**three, "units": [unit]}))
    done = uapigen(str(tmp_path / "bad.json"), "-o", str(tmp_path / "out"), exit_code=3)
    assert message in done.stderr


def test_two_files_of_one_name_make_one_flat_package(uapigen: Uapigen, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.h").write_text(f"struct {folder} {{ int x; }};\n")
    sources = [str(tmp_path / folder / "x.h") for folder in ("a", "b")]
    snapshot(uapigen, sources, tmp_path / "s.json")
    uapigen(str(tmp_path / "s.json"), "-o", str(tmp_path / "flat"), "--quiet")
    assert (tmp_path / "flat" / "records.py").exists()


@pytest.mark.parametrize("options", [(), ("--only", "struct fuse_*")], ids=str)
def test_a_package_is_verified_against_its_snapshot(
    uapigen: Uapigen, tmp_path: Path, options: tuple[str, ...]
) -> None:
    snapshot(uapigen, THREE, tmp_path / "abi.json", *options)
    uapigen(*THREE, *options, "-o", tmp_path / "made")
    told = uapigen("verify", tmp_path / "made", tmp_path / "abi.json").stdout
    assert "structs and unions" in told
    assert "agree with" in told
    wrong = tmp_path / "made" / "linux" / "fuse.py"
    text = wrong.read_text()
    assert '("nodeid", 16, ' in text
    wrong.write_text(text.replace('("nodeid", 16, ', '("nodeid", 24, ', 1))
    uapigen("verify", tmp_path / "made", tmp_path / "abi.json", exit_code=1)
