"""docs/diff.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from conftest import ROOT, Uapigen

from uapigen.compare.kinds import KINDS

DOCS = (ROOT / "docs" / "diff.md").read_text("utf-8")

OLD = """\
struct point { int x, y; };
struct query {
	unsigned int flags;
	unsigned int reserved;
	struct point at;
	char name[16];
};
enum shape { SHAPE_DOT, SHAPE_LINE, SHAPE_MAX };
"""
NEW = """\
struct point { int x, y, z; };
struct query {
	unsigned int flags;
	unsigned int timeout;
	struct point at;
	char name[16];
};
enum shape { SHAPE_DOT, SHAPE_LINE, SHAPE_DISC, SHAPE_MAX };
"""


def test_the_documented_table_of_kinds_is_the_one_that_judges() -> None:
    rows = [
        f"| `{name}` | {kind.title} | {kind.kernel.label} | {kind.uapi.label} |"
        f" {kind.source.label} |"
        for name, kind in KINDS.items()
    ]
    begin = DOCS.index("<!-- kinds -->\n") + len("<!-- kinds -->\n")
    table = DOCS[begin : DOCS.index("\n<!-- /kinds -->")]
    assert table.splitlines()[2:] == rows


def test_the_documented_example_is_what_is_printed(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "old.h").write_text(OLD)
    (tmp_path / "new.h").write_text(NEW)
    command = "uapigen diff old.h new.h --policy uapi"
    done = uapigen(*command.split()[1:], "--arch", "x86_64", cwd=tmp_path, exit_code=1)
    begin = DOCS.index(f"$ {command}\n") + len(f"$ {command}\n")
    told = DOCS[begin : DOCS.index("```", begin)]
    assert [line.rstrip() for line in done.stdout.splitlines()] == told.splitlines()
