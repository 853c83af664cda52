"""The kinds of change, and how much each matters under the built-in policies: one table.

The severities are those of the change alone. What follows from a change (other
members that move, the size that grows) has a kind of its own, and the worst of
all is the finding's: a member that was inserted breaks because of what it moves.
"""

from __future__ import annotations

from typing import NamedTuple

from uapigen.compare.findings import Severity

__all__ = ["BUILT_IN", "KINDS", "Kind"]

BUILT_IN = ("kernel", "uapi", "source")
"""Names of the policies, in the order of :class:`Kind`'s severities."""

_N, _C, _S, _B = Severity


class Kind(NamedTuple):
    """What a kind of change means, and its severity under each policy."""

    title: str
    kernel: Severity
    uapi: Severity
    source: Severity


_TYPES: dict[str, Kind] = {
    "type-added": Kind("a type that was not there", _C, _C, _C),
    "type-removed": Kind("a type that is not there any more", _B, _B, _S),
    "tag-removed": Kind("an enum's tag; its constants are still there", _S, _S, _S),
    "type-defined": Kind("was only declared, is defined now", _C, _C, _C),
    "type-undefined": Kind("was defined, is only declared now", _B, _B, _S),
    "keyword-changed": Kind("a struct became a union, or the other way round", _B, _B, _S),
    "size-grown": Kind("the type is larger", _C, _B, _C),
    "size-grown-versioned": Kind("the type is larger, and says or is told its size", _C, _C, _C),
    "size-shrunk": Kind("the type is smaller", _B, _B, _C),
    "size-shrunk-flexible": Kind("smaller by the element of an old-style trailing array",
                                 _C, _C, _C),
    "alignment-changed": Kind("the type's alignment", _C, _C, _C),
    "packing-changed": Kind("the type is packed now, or is not any more", _C, _C, _C),
    "base-type-changed": Kind("size of a base type or of pointers: another data model", _B, _B, _C),
}  # fmt: skip

_MEMBERS: dict[str, Kind] = {
    "member-inserted": Kind("a new member that takes the place of others", _B, _B, _C),
    "member-appended": Kind("a new member at the end", _C, _B, _C),
    "member-appended-versioned": Kind("a new member at the end of a type that says or is told"
                                      " its size", _C, _C, _C),
    "member-in-padding": Kind("a new member where only padding was, or of no size", _C, _C, _C),
    "member-in-reserved": Kind("a new member in place of a reserved one", _C, _C, _C),
    "member-in-union": Kind("a new member of a union", _C, _C, _C),
    "member-removed": Kind("a member that is not there any more", _B, _B, _S),
    "member-renamed": Kind("the same place and type under another name", _S, _S, _S),
    "member-moved": Kind("at another offset", _B, _B, _C),
    "members-reordered": Kind("the same members in another order", _B, _B, _C),
    "member-into-anonymous": Kind("the same place, now inside an anonymous struct or union",
                                  _C, _C, _C),
    "member-out-of-anonymous": Kind("the same place, no longer inside an anonymous struct or union",
                                    _C, _C, _C),
    "member-regrouped": Kind("the same place, reached by another path (x, then u.x)", _S, _S, _S),
    "member-reserved": Kind("a used member became a reserved one", _B, _B, _S),
    "reserved-added": Kind("a new reserved member that moves no other", _N, _N, _C),
    "reserved-consumed": Kind("a reserved member is gone, another one has its place", _C, _C, _S),
    "reserved-removed": Kind("a reserved member that is not there any more", _C, _C, _S),
    "reserved-renamed": Kind("a reserved member's name", _C, _C, _S),
    "reserved-changed": Kind("a reserved member's place, type or length", _C, _C, _C),
    "member-widened": Kind("an unsigned integer or bitfield grew over padding or reserved bits,"
                           " its low bits where they were", _B, _C, _C),
    "array-length-changed": Kind("an array's number of elements", _B, _B, _C),
    "array-extended": Kind("an array grew over padding or reserved members", _C, _C, _C),
    "array-became-flexible": Kind("a trailing [1] became a flexible array", _C, _C, _C),
    "flexible-became-array": Kind("a flexible array got a length", _B, _B, _C),
    "bitfield-resized": Kind("a bitfield's width", _B, _B, _C),
    "member-became-bitfield": Kind("the same bits, now as a bitfield", _S, _S, _S),
    "bitfield-became-member": Kind("the same bits, no longer a bitfield", _C, _C, _C),
    "operation-added": Kind("a new function pointer in an operation table", _C, _C, _C),
    "operation-removed": Kind("a function pointer left an operation table", _B, _B, _S),
    "operation-retyped": Kind("the prototype of an operation", _B, _B, _S),
}  # fmt: skip

_TYPE_CHANGES: dict[str, Kind] = {
    "resized": Kind("the same sort of type in another size", _B, _B, _C),
    "retyped": Kind("a type whose bytes mean something else", _B, _B, _S),
    "signedness": Kind("signed became unsigned, or the other way round", _S, _S, _S),
    "retargeted": Kind("a pointer to another type", _S, _S, _S),
    "qualified": Kind("const, volatile or restrict", _N, _N, _S),
    "respelled": Kind("another name for the same representation", _N, _N, _C),
}
"""How one type differs from another; the same wherever a type is used."""

_USES = {
    "member": "a member has ",
    "typedef": "a typedef names ",
    "variable": "a variable has ",
    "parameter": "a parameter has ",
    "return": "a function returns ",
}

_ENUMS: dict[str, Kind] = {
    "enumerator-added": Kind("a new enumerator that renumbers no other", _C, _C, _C),
    "enumerator-inserted": Kind("a new enumerator that renumbers others", _B, _B, _C),
    "enumerator-removed": Kind("an enumerator that is not there any more", _B, _B, _S),
    "constant-regrouped": Kind("the same value, now of another enum or a macro", _C, _C, _C),
    "enumerator-renumbered": Kind("an enumerator's value", _B, _B, _C),
    "sentinel-renumbered": Kind("an enumerator that only counts the others (_MAX, NR_...), or has"
                                " all flags (_MASK)", _C, _C, _C),
    "enumerator-renamed": Kind("the same value under another name", _S, _S, _S),
    "enum-resized": Kind("an enum's size", _B, _B, _C),
    "enum-signedness": Kind("an enum's signedness", _S, _S, _S),
}  # fmt: skip

_NAMES: dict[str, Kind] = {
    "function-added": Kind("a function that was not there", _C, _C, _C),
    "function-removed": Kind("a function that is not there any more", _B, _B, _S),
    "parameter-added": Kind("a function takes one more argument", _B, _B, _S),
    "parameter-removed": Kind("a function takes one argument less", _B, _B, _S),
    "parameter-renamed": Kind("a parameter's name", _N, _N, _N),
    "parameters-reordered": Kind("the same parameters in another order", _B, _B, _S),
    "variadic-changed": Kind("a function takes further arguments now, or does not any more",
                             _B, _B, _S),
    "linkage-changed": Kind("static, global or extern", _C, _C, _C),
    "variable-added": Kind("a variable that was not there", _C, _C, _C),
    "variable-removed": Kind("a variable that is not there any more", _B, _B, _S),
    "section-changed": Kind("a variable lies in another section", _C, _C, _C),
    "constant-added": Kind("a macro that was not there", _C, _C, _C),
    "constant-removed": Kind("a macro that is not there any more", _S, _S, _S),
    "constant-changed": Kind("a macro's value", _B, _B, _C),
    "sentinel-changed": Kind("a macro that only counts others (_MAX, NR_...) grew", _C, _C, _C),
    "version-changed": Kind("a macro that states a version", _C, _C, _C),
    "mask-changed": Kind(
        "a macro of all known flags has more of them, or one of reserved bits fewer", _C, _C, _C
    ),
    "macro-added": Kind("a macro function that was not there", _C, _C, _C),
    "macro-removed": Kind("a macro function that is not there any more", _S, _S, _S),
    "macro-changed": Kind(
        "what a macro function computes (not how its parameters are called)", _S, _S, _S
    ),
    "ioctl-added": Kind("an ioctl that was not there", _C, _C, _C),
    "ioctl-removed": Kind("an ioctl that is not there any more", _B, _B, _S),
    "ioctl-renumbered": Kind("an ioctl's number", _B, _B, _C),
    "ioctl-argument-changed": Kind("the type that an ioctl is made for", _S, _S, _S),
    "syscall-added": Kind("a syscall that was not there", _C, _C, _C),
    "syscall-removed": Kind("a syscall that is not there any more", _B, _B, _S),
    "syscall-renumbered": Kind("a syscall's number", _B, _B, _C),
}  # fmt: skip

KINDS: dict[str, Kind] = {
    **_TYPES,
    **_MEMBERS,
    **{
        f"{use}-{name}": kind._replace(title=title + kind.title)
        for use, title in _USES.items()
        for name, kind in _TYPE_CHANGES.items()
    },
    **_ENUMS,
    **_NAMES,
}
"""Every kind of change by its name, in the order of the documentation."""
