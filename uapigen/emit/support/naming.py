"""Names as ctypesgen and clang2py give them, beside C's own: ``--naming``.

Both call ``struct foo`` ``struct_foo``. clang2py also has names for types without
a tag, by the typedef that names them (``struct_c__SA_foo_t``, ``c__EA_foo_t``),
and a dict from value to name for each enum (``foo__enumvalues``).
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings

CLANG2PY_TAGLESS = {"struct_c__SA_": "struct ", "union_c__UA_": "union "}
CLANG2PY_ENUM = "c__EA_"
CLANG2PY_VALUES = "__enumvalues"


def tool_name(bindings: Bindings, name: str) -> Any:
    """What a name means to users of that tool; NotImplemented if nothing.

    ``struct_foo`` and its like are known without any option.
    """
    if bindings.abi["naming"] != "clang2py":
        return NotImplemented
    for prefix, keyword in CLANG2PY_TAGLESS.items():
        if name.startswith(prefix):
            return bindings._exact(keyword + name[len(prefix) :])
    values = name.endswith(CLANG2PY_VALUES)
    stem = name[: -len(CLANG2PY_VALUES)] if values else name
    if not values and not stem.startswith(CLANG2PY_ENUM):
        return NotImplemented
    made = bindings._exact(f"enum {stem}")
    if made is NotImplemented and stem.startswith(CLANG2PY_ENUM):
        made = bindings._exact(f"enum {stem[len(CLANG2PY_ENUM) :]}")
    if made is NotImplemented or not values:
        return made
    return {int(constant): constant.name for constant in made}


def tool_names(bindings: Bindings) -> set[str]:
    """The tool's names for all structs, unions and enums."""
    tables = bindings.tables
    found = {f"{word}_{key}" for word, key in tables.tags("record")}
    for word, key in tables.tags("enum"):
        found.add(f"{word}_{key}")
        if bindings.abi["naming"] == "clang2py":
            found.add(f"{key}{CLANG2PY_VALUES}")
    return found
