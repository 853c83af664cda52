"""tracefs' event formats: the grammar, and what the running kernel says beside the table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uapigen.errors import InputError, SystemRefusalError
from uapigen.layout.targets import host_arch
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import Params
from uapigen.syscalls.sources import tracefs as source

_HEAD = """name: sys_enter_demo
ID: 782
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
"""
_TAIL = '\nprint fmt: "dfd: 0x%08lx", ((unsigned long)(REC->dfd))\n'


def field(declaration: str, offset: int = 16) -> str:
    return f"\tfield:{declaration};\toffset:{offset};\tsize:8;\tsigned:0;\n"


def written(tmp_path: Path, body: str) -> Path:
    directory = tmp_path / "events" / "syscalls" / "sys_enter_demo"
    directory.mkdir(parents=True)
    (directory / "format").write_text(_HEAD + body + _TAIL)
    return tmp_path


def named(params: Params) -> list[tuple[str, str]]:
    return [(param.c_type, param.name) for param in params]


def test_whole_format_is_parsed() -> None:
    event = source.parse_format(_HEAD + field("const char * path", 24) + _TAIL, "format")
    assert (event.name, event.id) == ("sys_enter_demo", 782)
    assert event.fields[0] == source.Field("unsigned short common_type", 0, 2, False)
    assert event.fields[1].signed
    assert event.fields[-1] == source.Field("const char * path", 24, 8, False)
    assert event.print_format == '"dfd: 0x%08lx", ((unsigned long)(REC->dfd))'


def test_parameters_are_the_fields_behind_the_number(tmp_path: Path) -> None:
    body = field("int dfd") + field("const char *const * argv") + field("unsigned long flags")
    found = source.prototypes(written(tmp_path, body), "7.0").params["sys_demo"]
    assert named(found) == [
        ("int", "dfd"),
        ("const char *const *", "argv"),
        ("long unsigned int", "flags"),
    ]


def test_no_fields_are_no_parameters(tmp_path: Path) -> None:
    assert source.prototypes(written(tmp_path, ""), "7.0").params == {"sys_demo": ()}


def test_what_newer_kernels_copy_is_no_parameter(tmp_path: Path) -> None:
    body = field("const char * path") + field("__data_loc char[] __path_val", 24)
    found = source.prototypes(written(tmp_path, body), "7.0").params["sys_demo"]
    assert named(found) == [("const char *", "path")]


def test_source_is_named_by_release(tmp_path: Path) -> None:
    tree = written(tmp_path, "")
    assert source.prototypes(tree, "7.0-rc1").source == "tracefs 7.0-rc1"
    assert source.prototypes(tree).source == f"tracefs {os.uname().release}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: x\nID: y\n", "line 2"),
        (_HEAD + "\tfield:int a;\toffset:0;\tsize:8;\n" + _TAIL, "line 8"),
        ("", "line 0"),
    ],
)
def test_malformed_format_is_refused_with_its_line(text: str, place: str) -> None:
    with pytest.raises(InputError) as raised:
        source.parse_format(text, "events/x/format")
    assert str(raised.value).startswith(f"events/x/format: {place}")


@given(st.text(alphabet=st.sampled_from("name: ID format field;offset\t\n0123[]_*,")))
def test_any_text_is_a_format_or_refused(text: str) -> None:
    try:
        name = source.parse_format(_HEAD + text + _TAIL, "format").name
    except InputError as error:
        name = error.source
    assert name in ("sys_enter_demo", "format")


def test_format_without_number_is_refused(tmp_path: Path) -> None:
    tree = written(tmp_path, "")
    path = tree / "events/syscalls/sys_enter_demo/format"
    path.write_text(path.read_text().replace("__syscall_nr", "nr"))
    with pytest.raises(InputError, match="has no field __syscall_nr"):
        source.prototypes(tree)


def test_missing_tracefs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemRefusalError, match="No such file"):
        source.prototypes(tmp_path / "none")


# The running kernel


def test_table_agrees_with_running_kernel(tracefs: Path) -> None:
    live = source.prototypes(tracefs)
    table = syscall_table(host_arch() or "x86_64")
    by_entry = {"sys_" + call.entry.partition("sys_")[2]: call for call in table.syscalls}
    assert len(live.params) > 300
    different = {}
    for entry, params in live.params.items():
        ours = by_entry[entry].params
        if ours is None or named(ours) != named(params):
            different[entry] = (ours, params)
    assert different == {}


def test_live_source_is_believed_and_named(tracefs: Path) -> None:
    live = source.prototypes(tracefs)
    table = syscall_table(host_arch() or "x86_64", sources=[live])
    call = next(call for call in table.syscalls if call.name == "openat")
    assert call.provenance == ("system-calls", live.source)
    assert table.sources == ("system-calls", live.source, "shipped")
