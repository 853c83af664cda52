"""What generated bindings must offer, worked out from the source alone.

The result is plain data: it goes as JSON to ``probe.py``, which runs in an
interpreter of its own and knows nothing of uapigen. Names are those of the
plan, as the bindings have no others; sizes, offsets, bits, shapes and values
come from the nodes of the IR, alignments from the layout.

A type's shape is one row of the table ``shapes``, and is referred to by its
index there:

    ["int" | "char", byte size, signed?]    enums are integers, too
    ["bool" | "float", byte size]
    ["pointer", byte size, target's spelling, is the target among the bindings?]
    ["array", byte size, length, element's index]
    ["record", byte size, spelling]
    ["function", spelling]  ["enum", spelling]  ["void"]  ["missing", spelling]

The last four only stand behind typedefs. ``prototypes`` is such a table, too:
[return type, [[parameter's name, its type] ...], variadic?], spelled in C.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import suppress
from typing import Any

from uapigen.errors import InputError
from uapigen.ir.graph import resolve
from uapigen.ir.identity import Variants
from uapigen.ir.selection import owner_of_vars
from uapigen.ir.types import (
    Array,
    Enum,
    Forward,
    Func,
    FuncProto,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Unknown,
    Var,
)
from uapigen.layout.plan import Plan
from uapigen.operations import find_tables
from uapigen.verify.shapes import Shape, leaves, shape_of

__all__ = ["expectations"]


def expectations(
    plan: Plan,
    macros: Iterable[str] = (),
    module: str | None = None,
    *,
    linked: Container[str] | None = (),
) -> dict[str, Any]:
    """What bindings made by this plan must offer, as data for JSON.

    ``macros`` are the names of macro functions; ``module`` is what to look at below
    the bindings, if not they themselves; ``linked`` are the spellings by which types are
    found that the plan has not, or has others of; None stands for all.
    """
    expected = _Expectations(plan, linked).everything()
    functions = sorted(macros)
    expected["listed"] = sorted({*expected["listed"], *functions, *plan.macro_values})
    # By what Python writes: JSON has no bytes, and no infinity.
    expected["macros"] = {name: repr(value) for name, value in plan.macro_values.items()}
    return expected | {"macro_functions": functions, "module": module}


class _Expectations:
    def __init__(self, plan: Plan, linked: Container[str] | None) -> None:
        self.plan = plan
        self.linked = linked
        self.graph = plan.graph
        self.shapes: list[list[Any]] = []
        self.prototypes: list[list[Any]] = []
        self._rows: dict[tuple[Any, ...], int] = {}
        self._row_of: dict[TypeId, int] = {}
        self._row_of_proto: dict[TypeId, int] = {}
        self._typedef_ids = set(plan.selection.typedefs)
        self._refused: dict[TypeId, str] = {}

    def everything(self) -> dict[str, Any]:
        model = self.plan.model
        ids = sorted(self.plan.keys.of, key=self.plan.keys.of.__getitem__)
        composites = [i for i in ids if not isinstance(self.graph[i], Enum)]
        enums = [i for i in ids if isinstance(self.graph[i], Enum)]
        self._find_refused(composites)
        typedefs = self._typedef_rows()
        return {
            "abi": {
                "arch": model.arch,
                "byteorder": "big" if model.big_endian else "little",
                "pointer_size": model.pointer_size,
            },
            "records": [self._record(i) for i in composites if i not in self._refused],
            "refused": {self.plan.keys.spelling[i]: why for i, why in self._refused.items()},
            "enums": [self._enum(i) for i in enums],
            "constants": {
                name: values
                for name, values in self._constants(enums).items()
                if name not in self.plan.macro_values
            },
            "typedefs": typedefs,
            "functions": self._functions(),
            "variables": self._variables(),
            "operations": self._operations(composites),
            "listed": sorted(self._listed(ids, typedefs)),
            "shapes": self.shapes,
            "prototypes": self.prototypes,
        }

    def _listed(self, ids: list[TypeId], typedefs: Iterable[str]) -> set[str]:
        """The names that ``dir()`` must show."""
        keys = {self.plan.keys.of[type_id] for type_id in ids if type_id not in self._refused}
        aliases = self.plan.aliases()
        return {*keys, *self._constants(ids), *(aliases.get(name, name) for name in typedefs)}

    # Structs, unions and enums

    def _find_refused(self, type_ids: Iterable[TypeId]) -> None:
        """Note which structs and unions cannot be laid out, and why."""
        for type_id in type_ids:
            node = self.graph[type_id]
            assert isinstance(node, Struct | Union)
            names = [member.name for member in node.members if member.name]
            try:
                self.plan.layout.record(type_id)
                for member in node.members:
                    self.plan.c_types[member.type]  # raises for what is no type
                if len(set(names)) != len(names):
                    self._refused[type_id] = "two members of one name"
            except InputError as error:
                self._refused[type_id] = error.problem

    def _record(self, type_id: TypeId) -> list[Any]:
        """[spelling, key, byte size, byte alignment, members].

        A member is [name, bit offset, bit width (0: no bitfield), shape].
        Names that two anonymous parts share are out of reach and left out.
        """
        node = self.graph[type_id]
        assert isinstance(node, Struct | Union)
        members: dict[str, list[Any] | None] = {}
        for name, target, bit_offset, bit_width in leaves(self.graph, type_id):
            known = name in members
            row = [name, bit_offset, bit_width, self.shape(target)]
            members[name] = None if known else row
        keys = self.plan.keys
        align = self.plan.layout.record(type_id).byte_align
        within_reach = [member for member in members.values() if member is not None]
        return [keys.spelling[type_id], keys.of[type_id], node.byte_size, align, within_reach]

    def _enum(self, type_id: TypeId) -> list[Any]:
        node = self.graph[type_id]
        assert isinstance(node, Enum)
        keys = self.plan.keys
        return [keys.spelling[type_id], keys.of[type_id], dict(node.enumerators)]

    def _constants(self, enum_ids: Iterable[TypeId]) -> dict[str, list[int]]:
        """Enumerator -> the values that the source's enums give it."""
        found: dict[str, list[int]] = {}
        for type_id in enum_ids:
            node = self.graph[type_id]
            for name, value in node.enumerators if isinstance(node, Enum) else ():
                known = found.setdefault(name, [])
                if value not in known:
                    known.append(value)
        return found

    # Typedefs, functions, variables

    def _typedef_rows(self) -> dict[str, int]:
        """Name -> shape; a second, different typedef of a name is ``name___2``."""
        found: dict[str, int] = {}
        earlier: dict[str, Variants] = {}
        for type_id in self.plan.selection.typedefs:
            node = self.graph[type_id]
            assert isinstance(node, Typedef)
            known = earlier.get(node.name)
            if known is None:
                known = earlier[node.name] = Variants(self.graph, type_id)
            elif known.twin(type_id) is not None:
                continue
            with suppress(InputError):  # what cannot be spelled cannot be there
                found[_numbered(node.name, known.count)] = self._typedef(type_id)
        return found

    def _typedef(self, type_id: TypeId) -> int:
        node = self.graph[type_id]
        assert isinstance(node, Typedef)
        target = resolve(self.graph, node.target)
        found = self.graph[target]
        if not self._is_here(node.target):
            return self._row("missing", self.plan.c_types[node.target])
        if isinstance(found, Enum):
            return self._row("enum", self.plan.keys.spelling[self._kept(target)])
        if isinstance(found, FuncProto):
            return self._row("function", self.plan.c_types[target])
        return self.shape(node.target)

    def _functions(self) -> dict[str, int]:
        """Name -> prototype; a second, different function of a name is ``name___2``."""
        found: dict[str, int] = {}
        earlier: dict[str, list[int]] = {}
        rows: dict[TypeId, int] = {}
        for func_id in self.plan.selection.funcs:
            func = self.graph[func_id]
            assert isinstance(func, Func)
            row = rows.get(func.proto)
            if row is None:
                try:
                    prototype = self._prototype(func.proto)
                except InputError:
                    continue
                row = rows[func.proto] = len(self.prototypes)
                self.prototypes.append(prototype)
            known = earlier.setdefault(func.name, [])
            if all(self.prototypes[row] != self.prototypes[other] for other in known):
                known.append(row)
                found[_numbered(func.name, len(known))] = row
        return found

    def _prototype(self, proto_id: TypeId) -> list[Any]:
        node = self.graph[proto_id]
        if not isinstance(node, FuncProto):
            return []
        spelled = self.plan.c_types
        params = [[name, spelled[target]] for name, target in node.params]
        return [spelled[node.returns], params, node.variadic]

    def _variables(self) -> dict[str, list[Any]]:
        """Name -> [type, section, byte offset, byte size, linkage]."""
        sections = owner_of_vars(self.graph) if self.plan.selection.vars else {}
        found: dict[str, list[Any]] = {}
        for var_id in self.plan.selection.vars:
            node = self.graph[var_id]
            assert isinstance(node, Var)
            try:
                spelled = self.plan.c_types[node.type]
            except InputError:
                continue
            name, number = node.name, 1
            while name in found:
                number += 1
                name = _numbered(node.name, number)
            place = sections.get(var_id, ("", 0, 0))
            found[name] = [spelled, *place, node.linkage]
        return found

    # Operation tables

    def _operations(self, composites: Iterable[TypeId]) -> dict[str, list[list[Any]]]:
        """Key -> [member, byte offset, byte size, elements or None, prototype], in source order.

        A pointer to a function whose type cannot be named from here has no prototype.
        """
        here = [i for i in composites if i not in self._refused]
        tables = find_tables(self.graph, here, self.plan.operation_patterns)
        keys = self.plan.keys
        return {keys.of[table.type]: self._function_pointers(table.type) for table in tables}

    def _function_pointers(self, type_id: TypeId) -> list[list[Any]]:
        rows: list[list[Any]] = []
        for name, target, bit_offset, bit_width in leaves(self.graph, type_id):
            size, nelems = self.plan.model.pointer_size, None
            node = self.graph[resolve(self.graph, target)]
            if isinstance(node, Array):
                nelems = node.nelems
                node = self.graph[resolve(self.graph, node.element)]
            if bit_width or nelems == 0 or not isinstance(node, Pointer):
                continue
            proto = resolve(self.graph, node.target)
            if isinstance(self.graph[proto], FuncProto):
                row = self._proto_row(node.target, proto) if self._is_here(node.target) else None
                rows.append([name, bit_offset // 8, size * (nelems or 1), nelems, row])
        return rows

    def _proto_row(self, target: TypeId, proto: TypeId) -> int:
        row = self._row_of_proto.get(target)
        if row is None:
            row = self._row_of_proto[target] = len(self.prototypes)
            returns, *rest = self._prototype(proto)
            for keyword in self._qualifiers(target):  # volatile: it does not return
                star = returns.endswith("*")
                returns = f"{returns}{keyword}" if star else f"{keyword} {returns}"
            self.prototypes.append([returns, *rest])
        return row

    def _qualifiers(self, type_id: TypeId) -> list[str]:
        """Those on a type, the innermost first; C has none for functions, DWARF and BTF do."""
        node = self.graph[type_id]
        if isinstance(node, Qualifier):
            return [*self._qualifiers(node.target), node.keyword]
        return self._qualifiers(node.target) if isinstance(node, TypeTag) else []

    # Shapes

    def shape(self, type_id: TypeId) -> int:
        """The index of a type's row."""
        row = self._row_of.get(type_id)
        if row is None:
            shape = shape_of(self.graph, self.plan.model.pointer_size, type_id)
            row = self._row_of[type_id] = self._row_of_shape(shape)
        return row

    def _spelled(self, type_id: TypeId) -> str:
        """A struct or union by its exact spelling; of another module's, by what C calls it."""
        known = self.plan.keys.spelling.get(self._kept(type_id))
        return self.plan.c_types[type_id] if known is None else known

    def _row_of_shape(self, shape: Shape) -> int:
        kind, byte_size, signed, type_id, nelems, element = shape
        if kind in ("int", "char", "enum"):
            return self._row("char" if kind == "char" else "int", byte_size, signed)
        if kind == "pointer":
            return self._row(kind, byte_size, self.plan.c_types[type_id], self._is_here(type_id))
        if kind == "array":
            assert element is not None
            return self._row(kind, byte_size, nelems, self._row_of_shape(element))
        if kind in ("struct", "union"):
            return self._row("record", byte_size, self._spelled(type_id))
        return self._row(kind, byte_size)

    def _row(self, *row: Any) -> int:
        index = self._rows.get(row)
        if index is None:
            index = self._rows[row] = len(self.shapes)
            self.shapes.append(list(row))
        return index

    def _kept(self, type_id: TypeId) -> TypeId:
        """The type itself, or the identical one that stands for both."""
        return self.plan.keys.same.get(type_id, type_id)

    def _is_here(self, type_id: TypeId) -> bool:
        """Whether the bindings must know a type when asked for it by its spelling."""
        for _ in range(64):
            node = self.graph[type_id]
            if isinstance(node, Struct | Union | Enum):
                kept = self._kept(type_id)
                here = kept in self.plan.keys.of or (bool(node.name) and self._is_linked(type_id))
                return here and kept not in self._refused
            if isinstance(node, Forward | Unknown):
                return False
            if isinstance(node, Typedef):
                if type_id not in self._typedef_ids and not self._is_linked(type_id):
                    return False
                type_id = node.target
            elif isinstance(node, Qualifier | TypeTag):
                type_id = node.target
            elif isinstance(node, Array):
                type_id = node.element
            else:
                return True
        raise InputError(self.graph.info.name, f"type {type_id}", "endless chain of types")

    def _is_linked(self, type_id: TypeId) -> bool:
        return self.linked is None or self.plan.c_types[type_id] in self.linked


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}___{number}"
