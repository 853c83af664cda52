"""Other tools' names beside C's own (``--naming``), for stubs; see ``support/naming.py``."""

from __future__ import annotations

from uapigen.emit.package import Additions, plain_additions
from uapigen.emit.stub_names import StubNames, is_free
from uapigen.emit.text import assigned
from uapigen.ir.naming import keyword_of
from uapigen.ir.types import Enum, Struct, Union
from uapigen.layout.plan import Plan

__all__ = ["NAMINGS", "named_additions", "naming_stub"]

NAMINGS = ("ctypesgen", "clang2py")
"""Tools whose names for structs, unions and enums are known."""


def naming_stub(plan: Plan, naming: str) -> str:
    """``struct_foo = foo`` for each struct, union and enum."""
    if not naming:
        return ""
    names = StubNames(plan)
    lines = []
    for type_id, key in plan.keys.of.items():
        node = plan.graph[type_id]
        assert isinstance(node, (Struct, Union, Enum))
        name = (names.enums if isinstance(node, Enum) else names.records).get(key, "")
        alias = f"{keyword_of(node)}_{key}"
        if name != alias and is_free(name, ()) and is_free(alias, names.taken):
            lines.append(assigned(f"{alias} = ", name))
    return "".join(sorted(lines))


def named_additions(plan: Plan, naming: str) -> Additions | None:
    """What ``--naming`` adds to what a plan says; None for nothing."""
    if not naming:
        return None
    plain = plain_additions(plan)

    def finish(name: str, text: str) -> str:
        return f"{text}\n{naming_stub(plan, naming)}" if name == "stub" else text

    return plain._replace(about=lambda: plain.about() | {"naming": naming}, finish=finish)
