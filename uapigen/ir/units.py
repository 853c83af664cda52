"""What several headers say, and BTF with them, as one: the headers' counterpart of `merge.py`.

A :class:`Joined` is what an output is planned from: one graph, what of it is
emitted, and the constants and macro functions beside the types. With one
header and no BTF it is that header's :class:`Unit` itself, unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from uapigen.ir.declarations import Constant, Doc, HeaderFile, MacroFunction, Omission, Unit
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.merge import MergedGraph
from uapigen.ir.references import references
from uapigen.ir.selection import Patterns, Selection, select
from uapigen.ir.types import (
    Array,
    Enum,
    Enumerator,
    FuncProto,
    Int,
    Pointer,
    Struct,
    Typedef,
    TypeId,
    Union,
)

__all__ = ["Joined", "choose", "join", "owned", "pointed_to", "types_in"]

_MAX_LEVELS = 100
"""Types in each other; a kernel's deepest has 32."""


@dataclass
class Joined:
    """Headers, and perhaps BTF, as one source. Ids are those of ``graph``."""

    graph: TypeGraph
    units: list[Unit]
    files: dict[str, HeaderFile]
    owners: dict[TypeId, str]
    constants: dict[str, Constant]
    macros: dict[str, MacroFunction]
    docs: dict[TypeId, Doc]
    constant_docs: dict[str, str]
    omissions: list[Omission]
    ioctl_arguments: dict[str, str] = field(default_factory=dict)
    """By the name of a constant, C's spelling of the type that the ioctl number is made for."""
    type_aliases: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the name of a macro that stands for a type: C's spelling of that, and the header."""
    warnings: list[str] = field(default_factory=list)
    """Where two headers say different things of one name; the first is believed."""
    btf_end: TypeId = 0
    """Ids below are BTF's, where there is BTF."""
    pointed: set[TypeId] = field(default_factory=set)
    """Ids of types that are described without having been chosen, as chosen ones point to them."""
    patterns: tuple[Sequence[str], Sequence[str]] = (), ()
    """What it was narrowed to: ``only`` and ``exclude`` of :func:`choose`, or of a snapshot."""
    single: Callable[[int], tuple[Unit, Sequence[TypeId]]] | None = None
    """A header by itself: its unit, and by the unit's ids those of ``graph``.

    None with BTF, and where a source does not tell its headers apart.
    """


def join(units: Sequence[Unit], btf: TypeGraph | None = None) -> Joined:
    """Headers as one source, over BTF if there is some.

    Raises :class:`~uapigen.errors.UsageError` where BTF and headers are for
    different ABIs.
    """
    if len(units) == 1 and btf is None:
        graph: TypeGraph = units[0].graph
        shifts = [0]
        end = 0
    else:
        if btf is not None:
            btf.preload()
            btf.decode(btf.ids_of(Struct, Union))
            for unit in units:
                _spell_as(unit, btf)
        graph = MergedGraph([*([btf] if btf is not None else []), *(u.graph for u in units)])
        end = 0 if btf is None else graph.first_id + len(btf) - btf.first_id
        at, shifts = end or graph.first_id, []
        for unit in units:
            shifts.append(at - unit.graph.first_id)
            at += len(unit.graph) - unit.graph.first_id
    joined = Joined(graph, list(units), {}, {}, {}, {}, {}, {}, [], btf_end=end)
    for unit, shift in zip(units, shifts, strict=True):
        _add(joined, unit, shift)
    if btf is None:
        joined.single = lambda at: (units[at], range(shifts[at], shifts[at] + len(units[at].graph)))
    return joined


def _add(joined: Joined, unit: Unit, shift: TypeId) -> None:
    for path, file in unit.files.items():
        joined.files.setdefault(path, file)
    joined.owners.update((i + shift, path) for i, path in unit.owners.items())
    joined.docs.update((i + shift, doc) for i, doc in unit.docs.items())
    for name, text in unit.constant_docs.items():
        joined.constant_docs.setdefault(name, text)
    for constant in unit.constants:
        first = joined.constants.setdefault(constant.name, constant)
        if first.value != constant.value:
            joined.warnings.append(
                f"{constant.name} is {first.value!r} in {_name(joined, first.header)},"
                f" {constant.value!r} in {_name(joined, constant.header)}: the first is taken"
            )
    for macro in unit.macros:
        earlier = joined.macros.setdefault(macro.name, macro)
        if earlier.expression != macro.expression:
            joined.warnings.append(
                f"{macro.name}() differs between {_name(joined, earlier.header)} and"
                f" {_name(joined, macro.header)}: the first is taken"
            )
    for name, spelling in unit.ioctl_arguments.items():
        joined.ioctl_arguments.setdefault(name, spelling)
    known = {(o.name, o.kind, o.header) for o in joined.omissions}
    headers = {o.name: o.header for o in unit.omissions if o.kind == "macro"}
    for name, spelling in unit.type_aliases.items():
        if name != spelling:
            header = headers.get(name, unit.header)
            joined.type_aliases.setdefault(name, (spelling, header))
    joined.omissions += [
        o
        for o in unit.omissions
        if (o.name, o.kind, o.header) not in known
        and not (o.kind == "macro" and o.name in unit.type_aliases)
    ]


def _name(joined: Joined, path: str) -> str:
    file = joined.files.get(path)
    return file.module if file else path


def _spell_as(unit: Unit, btf: TypeGraph) -> None:
    """Call base types as BTF does (``long unsigned int``), so that equal types are equal."""
    known = {
        (_words(node.name), node.byte_size): node
        for type_id in btf.ids_of(Int)
        if isinstance(node := btf[type_id], Int)
    }
    for type_id in list(unit.graph.ids_of(Int)):
        node = unit.graph[type_id]
        assert isinstance(node, Int)
        other = known.get((_words(node.name), node.byte_size))
        if other is not None:
            unit.graph.define(type_id, other)  # type: ignore[attr-defined]


def _words(name: str) -> tuple[str, ...]:
    """What tells base types apart, whatever the order of their words."""
    words = sorted(name.split())
    if "char" in words:
        return tuple(words)
    return tuple(word for word in words if word not in ("int", "signed")) or tuple(words[:1])


# What is emitted


def owned(joined: Joined) -> set[TypeId]:
    """Ids that headers of the kernel define (no system's, no compiler's)."""
    system = {path for path, file in joined.files.items() if file.system}
    return {type_id for type_id, path in joined.owners.items() if path not in system}


def choose(joined: Joined, only: Sequence[str] = (), exclude: Sequence[str] = ()) -> Selection:
    """Which types, constants and macros an output has; drops the others from ``joined``.

    All that the headers own, what of other files it needs, and everything of
    BTF; with patterns, what they match and what it embeds. A type that BTF
    has comes from there; enumerators that only the header has are constants.
    """
    graph, own, btf_end = joined.graph, owned(joined) - joined.pointed, joined.btf_end
    if only or exclude:
        joined.patterns = only, exclude
    if btf_end:
        values = _enumerators_of_btf(joined)
        known = _known_to_btf(joined, own, values)
        _add_enumerators(joined, known, values)
        own -= known
        selection = select(graph, only, exclude, own=range(graph.first_id, btf_end))
        _extend(selection, select(graph, only, exclude, own=own, close=False))
    else:
        selection = select(graph, only, exclude, own=own, close=False)
    unmatched = _choose_macros(joined, only, exclude)
    _add_needed(joined, selection, by_pointer=not only)
    selection.unmatched = [p for p in selection.unmatched if p in unmatched]
    return selection


def _extend(selection: Selection, other: Selection) -> None:
    selection.tags += other.tags
    selection.typedefs += other.typedefs
    selection.funcs += other.funcs
    selection.vars += other.vars
    selection.excluded += other.excluded
    selection.unmatched = [p for p in selection.unmatched if p in other.unmatched]


def _known_to_btf(joined: Joined, own: Iterable[TypeId], values: set[Enumerator]) -> set[TypeId]:
    """Ids of the headers' types that BTF has under the same name.

    Of those without a tag, structs and unions come along with what they are parts
    of; enums whose constants BTF has, too, are known.
    """
    graph = joined.graph
    known = set()
    for type_id in own:
        node = graph[type_id]
        name = getattr(node, "name", "")
        if isinstance(node, Enum) and not name:
            if values.issuperset(node.enumerators):
                known.add(type_id)
        elif isinstance(node, (Struct, Union)) and not name:
            known.add(type_id)
        elif name:
            same = [i for i in graph.ids_named(name) if i < joined.btf_end]
            if any(type(graph[i]) is type(node) for i in same):
                known.add(type_id)
    return known


def _enumerators_of_btf(joined: Joined) -> set[Enumerator]:
    graph = joined.graph
    return {
        constant
        for type_id in graph.ids_of(Enum)
        if type_id < joined.btf_end and isinstance(node := graph[type_id], Enum)
        for constant in node.enumerators
    }


def _add_enumerators(joined: Joined, known: Iterable[TypeId], values: set[Enumerator]) -> None:
    """Make constants of what the headers' enums have beyond those of BTF that stand for them."""
    graph = joined.graph
    there = {constant.name for constant in values}
    for type_id in sorted(known):
        node = graph[type_id]
        if isinstance(node, Enum):
            c_type = _TYPE_OF_ENUMERATORS[node.byte_size > 4, node.signed]
            for name, value in node.enumerators:
                if name not in there:
                    constant = Constant(name, value, c_type, joined.owners[type_id])
                    joined.constants.setdefault(name, constant)


_TYPE_OF_ENUMERATORS = {
    (False, False): "unsigned int",
    (False, True): "int",
    (True, False): "unsigned long long",
    (True, True): "long long",
}
"""By whether an enum has more than 4 bytes, and whether it is signed."""


def _choose_macros(joined: Joined, only: Sequence[str], exclude: Sequence[str]) -> Collection[str]:
    """Drop constants and macros that the patterns do not choose; patterns without a match."""
    if not only and not exclude:
        return ()
    wanted, unwanted = Patterns(only), Patterns(exclude)

    def chosen(name: str) -> bool:
        return (not only or wanted.match(name)) and not (exclude and unwanted.match(name))

    for table in (joined.constants, joined.macros, joined.type_aliases):
        for name in [name for name in table if not chosen(name)]:
            del table[name]
    return wanted.unmatched


def _add_needed(joined: Joined, selection: Selection, *, by_pointer: bool) -> None:
    """Add all that the headers' chosen types embed, and what they point to.

    Without ``by_pointer``, of what is pointed to only types that have no name.
    Nothing that BTF has under the same name, unless it is embedded and differs.
    """
    graph, btf_end = joined.graph, joined.btf_end
    excluded = set(selection.excluded)
    tags, typedefs = set(selection.tags), set(selection.typedefs)
    chosen = [*tags, *typedefs, *selection.funcs, *selection.vars]
    spellings = [s for name, s in joined.ioctl_arguments.items() if name in joined.constants]
    spellings += [spelling for spelling, _ in joined.type_aliases.values()]
    chosen += [i for spelling in dict.fromkeys(spellings) for i in types_in(graph, spelling)]
    todo = [(type_id, False) for type_id in dict.fromkeys(chosen) if type_id >= btf_end]
    seen = set(todo)
    while todo:
        type_id, loose = todo.pop()
        if type_id < graph.first_id:  # nobody's own: what a snapshot mentions
            continue
        node = graph[type_id]
        if isinstance(node, (Struct, Union, Enum, Typedef)):
            if type_id not in tags and type_id not in typedefs:
                if loose and node.name and (not by_pointer or type_id in joined.pointed):
                    continue
                if btf_end and node.name and _has(joined, type_id, node.name, loose):
                    continue
                (typedefs if isinstance(node, Typedef) else tags).add(type_id)
            loose = False
        loose = loose or isinstance(node, (Pointer, FuncProto))
        for inner in references(node):
            if inner not in excluded and (inner, loose) not in seen:
                seen.add((inner, loose))
                todo.append((inner, loose))
    selection.tags, selection.typedefs = sorted(tags), sorted(typedefs)


def pointed_to(joined: Joined, selection: Selection) -> list[TypeId]:
    """What chosen types point to, and what that needs, in which nothing was chosen of headers."""
    graph = joined.graph
    chosen = {*selection.tags, *selection.typedefs}
    seen = chosen | {*selection.excluded}
    todo = [*chosen, *selection.funcs, *selection.vars]
    found = []
    while todo:
        for inner in references(graph[todo.pop()]):
            if inner not in seen and inner >= graph.first_id:
                seen.add(inner)
                todo.append(inner)
                if isinstance(graph[inner], (Struct, Union, Enum, Typedef)):
                    found.append(inner)
    return sorted(found)


def _has(joined: Joined, type_id: TypeId, name: str, loose: bool) -> bool:
    """Whether BTF has a type of that name that can stand for this one.

    Any will do for what is only pointed to (``loose``).
    """
    graph = joined.graph
    kind = type(graph[type_id])
    same = [i for i in graph.ids_named(name) if i < joined.btf_end and isinstance(graph[i], kind)]
    return bool(same) and (loose or any(_stands_for(graph, i, type_id) for i in same))


def _stands_for(graph: TypeGraph, btf: TypeId, header: TypeId, level: int = 0) -> bool:
    """Whether BTF's type has the bytes of a header's: the same members at the same places.

    BTF says less than a header (no alignment), and other typedefs on the way.
    """
    left, right = graph[resolve(graph, btf)], graph[resolve(graph, header)]
    if type(left) is not type(right) or level > _MAX_LEVELS:
        return False
    if isinstance(left, (Struct, Union)) and isinstance(right, (Struct, Union)):
        return (
            (left.name, left.byte_size) == (right.name, right.byte_size)
            and len(left.members) == len(right.members)
            and all(
                (a.name, a.bit_offset, a.bit_width) == (b.name, b.bit_offset, b.bit_width)
                and _stands_for(graph, a.type, b.type, level + 1)
                for a, b in zip(left.members, right.members, strict=True)
            )
        )
    if isinstance(left, Array) and isinstance(right, Array):
        return left.nelems == right.nelems and _stands_for(
            graph, left.element, right.element, level + 1
        )
    if isinstance(left, (Int, Enum)) and isinstance(right, (Int, Enum)):
        return (left.byte_size, left.signed) == (right.byte_size, right.signed)
    return left == right or isinstance(left, Pointer)


_WORD = re.compile(r"(?:(struct|union|enum) )?([A-Za-z_]\w*)", re.ASCII)
_TAGS: dict[str, type] = {"struct": Struct, "union": Union, "enum": Enum}


def types_in(graph: TypeGraph, spelling: str) -> list[TypeId]:
    """The struct, union, enum or typedef that a spelling in C names."""
    found = []
    for keyword, name in _WORD.findall(spelling):
        kind = _TAGS.get(keyword, Typedef)
        found += [i for i in graph.ids_named(name) if isinstance(graph[i], kind)]
    return found
