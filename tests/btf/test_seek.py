"""Looking many names up at once finds what looking them up one by one finds."""

from __future__ import annotations

from pathlib import Path

from uapigen.sources import open_sources

NAMES = ["task_struct", "list_head", "u8", "vfs_read", "int", "nowhere", ""]


def test_names_sought_together_are_found_as_one_by_one(kernel: Path) -> None:
    together, single = (open_sources([kernel]).graph for _ in range(2))
    together.seek(NAMES)
    for name in NAMES[:-1]:
        assert together.ids_named(name) == single.ids_named(name)
    assert together.ids_named("sk_buff") == single.ids_named("sk_buff")  # not sought


def test_names_sought_in_split_btf_are_found_in_its_base_too(corpus: Path) -> None:
    (module,) = sorted((corpus / "modules").glob("amd64-6.1+*.btf.xz"))[:1]
    base = corpus / "amd64-6.1.btf.xz"
    together, single = (open_sources([module], base=base).graph for _ in range(2))
    own = next(
        node.name for i in single.ids_of(type(single[single.first_id])) if (node := single[i])
    )
    together.seek([own, "task_struct"])
    assert together.ids_named(own) == single.ids_named(own)
    assert together.base is not None
    assert single.base is not None
    assert together.base.ids_named("task_struct") == single.base.ids_named("task_struct") != []
