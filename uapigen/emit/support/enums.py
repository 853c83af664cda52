"""Enums as IntEnum classes, whatever their constants are called."""

from __future__ import annotations

import enum

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


def make_enum(key: str, constants: dict[str, int], module: str) -> Any:
    """The IntEnum of that name, with constants that Python would not take, too."""
    refused = [name for name in constants if enum_refuses(key, name)]
    stand_ins = {name: f"{name}_uapigen" for name in refused}
    members = [(stand_ins.get(name, name), value) for name, value in constants.items()]
    made: Any = enum.EnumMeta.__call__(enum.IntEnum, key, members, module=module)
    for name in refused:
        rename_enumerator(made, stand_ins[name], name)
    return made


def enum_refuses(key: str, name: str) -> bool:
    """Whether Python's enum has a meaning of its own for a member of that name."""
    return (
        name == "mro"
        or (name[:1] == "_" and name[-1:] == "_")
        or name.startswith(f"_{key}__")
        or not name
    )


def rename_enumerator(made: Any, old: str, new: str) -> None:
    """Give a constant the C name that Python's enum would not take."""
    names = {old: new}
    made._member_map_ = {names.get(n, n): m for n, m in made._member_map_.items()}
    made._member_names_ = [names.get(n, n) for n in made._member_names_]
    member = made._member_map_[new]
    if member._name_ == old:
        member._name_ = new
    if new and not hasattr(enum.EnumMeta, new):  # else only made[new] reaches it
        type.__setattr__(made, new, member)
