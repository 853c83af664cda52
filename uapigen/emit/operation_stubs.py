"""Interfaces of operation tables as type stubs.

A table becomes a ``Protocol`` with all of its methods, which a whole implementation
satisfies without inheriting anything; the interface, which inherits from it and adds
``vtable`` with a keyword for each member; and what ``wrap`` returns, whose methods take all
that a pointer is set from, and return no more than C does. The types of functions are
said once each, as ``_f1`` and so on. Parameters are positional, since C's have no names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from uapigen.emit.operations import PlannedTable
from uapigen.emit.stub_names import StubNames, is_free
from uapigen.emit.support.names import attribute_name, method_name
from uapigen.emit.text import LINE_LENGTH, class_line, literal
from uapigen.ir.graph import resolve
from uapigen.ir.operations import DECLARATION, EACH_TYPE, Operation, ParameterNames
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Void,
)
from uapigen.layout.plan import Plan, scalar_code

__all__ = ["module_part", "package_stub"]

_IMPORTS = """\
from collections.abc import Callable as _Callable
from collections.abc import Sequence as _Sequence
from typing import Protocol as _Protocol
from typing import TypeAlias as _TypeAlias

from . import _typing as _s
"""
_SCALARS = {"f": "float", "b": "bool"}


def package_stub(plan: Plan, tables: Sequence[PlannedTable], names: StubNames, title: str) -> str:
    """The stub of a package's module ``ops``."""
    stubs = _Stubs(plan, names, "_s.", "_t_", "_f")
    body = stubs.classes(tables, 0)
    imports = "".join([_import(name) for name in sorted(stubs.used)])
    aliases = "".join(stubs.aliases)
    parts = [f'"""{title}"""\n', _IMPORTS + imports, aliases, body]
    return "\n".join([part for part in parts if part])


def module_part(plan: Plan, tables: Sequence[PlannedTable], names: StubNames) -> str:
    """What the stub of a single module says of its interfaces: a class around them."""
    if not tables:
        return ""
    stubs = _Stubs(plan, names, "_s_", "_s_t_", "_s_f")
    body = stubs.classes(tables, 4)
    used = "".join([f"_s_t_{name}: _TypeAlias = {name}\n" for name in sorted(stubs.used)])
    return "\n".join([used + "".join(stubs.aliases), f"class ops(_s_Operations):\n{body}"])


def _import(name: str) -> str:
    line = f"from . import {name} as _t_{name}\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    return f"from . import (\n    {name} as _t_{name},\n)\n"


class _Stubs:
    """Texts for one plan's tables; notes the records that they name."""

    def __init__(self, plan: Plan, names: StubNames, prefix: str, mark: str, function: str) -> None:
        self.plan, self.graph, self.names = plan, plan.graph, names
        self.prefix, self.mark, self.function = prefix, mark, function
        self.used: set[str] = set()
        self.aliases: list[str] = []
        self._given = _Made(self._parameter)
        self._returned = _Made(self._result)
        self._passed = _Made(self._argument)
        self._functions: dict[tuple[str, ...], str] = {}
        self._protos: dict[TypeId, tuple[list[str], str, str, str]] = {}
        self.taken: set[str] = set()

    # Types

    def _record(self, type_id: TypeId) -> str:
        keys = self.plan.keys
        key = keys.of.get(keys.same.get(type_id, type_id))
        name = self.names.records.get(key, "") if key else ""
        if not is_free(name, ()):
            return f"{self.prefix}Any"
        self.used.add(name)
        return f"{self.mark}{name}"

    def _target(self, type_id: TypeId) -> tuple[TypeId, Type]:
        for _ in range(64):
            node = self.graph.nodes[type_id]
            if not isinstance(node, (Typedef, Qualifier, TypeTag)):
                break
            type_id = node.target
        return type_id, node

    def _parameter(self, type_id: TypeId) -> str:
        """What a method is given."""
        target = resolve(self.graph, type_id)
        node = self.graph.nodes[target]
        prefix = self.prefix
        if isinstance(node, (Int, Float)):
            return f"{prefix}{_SCALARS.get(scalar_code(node), 'int')}"
        if isinstance(node, Enum) or (isinstance(node, Forward) and node.keyword == "enum"):
            return f"{prefix}int"
        if isinstance(node, (Struct, Union)):
            return self._record(target)
        if isinstance(node, FuncProto):
            return f"{prefix}FunctionPointer"
        if isinstance(node, Pointer):
            pointee, behind = self._target(node.target)
            if isinstance(behind, FuncProto):
                return f"{prefix}FunctionPointer"
            if isinstance(behind, (Struct, Union)):
                return f"{prefix}Pointer[{self._record(pointee)}]"
            return f"{prefix}Pointer[{prefix}Any]"
        if isinstance(node, Array):
            return f"{prefix}Pointer[{prefix}Any]"
        return f"{prefix}Any"

    def _result(self, type_id: TypeId) -> str:
        """What a method may return: None is 0, or NULL."""
        node = self.graph.nodes[resolve(self.graph, type_id)]
        if isinstance(node, Void):
            return "None"
        given = self._given[type_id]
        if isinstance(node, Pointer):
            _, bracket, inside = given.partition("[")
            return f"{self.prefix}Address[{inside}" if bracket else f"{self.prefix}Address[{given}]"
        return f"{given} | None"

    def _argument(self, type_id: TypeId) -> str:
        """What a function of C's may be passed."""
        given = self._given[type_id]
        pointer = f"{self.prefix}Pointer["
        if given == f"{pointer}{self.prefix}Any]":
            return f"{self.prefix}PassedAny"
        if given.startswith(pointer):
            return f"{self.prefix}Passed[{given[len(pointer) :]}"
        return f"{self.prefix}PassedFunction" if given.endswith("FunctionPointer") else given

    def _function(self, proto: FuncProto) -> tuple[list[str], str, str, str]:
        """A prototype's parameters, its result; the types of methods, and of calls of C's."""
        given, passed = self._given, self._passed
        params = [given[param.type] for param in proto.params]
        result = self._returned[proto.returns]
        returned = result if result == "None" else given[proto.returns]
        calls = self._function_type([passed[param.type] for param in proto.params], returned)
        return params, result, self._function_type(params, result), calls

    def _function_type(self, params: list[str], result: str) -> str:
        """The alias of such functions."""
        key = (*params, result)
        alias = self._functions.get(key)
        if alias is None:
            alias = self._functions[key] = f"{self.function}{len(self._functions) + 1}"
            self.aliases.append(_alias(alias, params, result))
        return alias

    # Tables

    def classes(self, tables: Sequence[PlannedTable], indent: int) -> str:
        """All tables' protocols and interfaces."""
        pad = " " * indent
        self.taken = {table.key for table in tables}
        blocks = []
        for table in tables:
            if is_free(table.key, ()) and not table.key.startswith("_"):
                protocol = f"{table.key}_protocol"
                while protocol in self.taken:
                    protocol += "_"
                blocks += [text for text in self._table(table, protocol, pad) if text]
        return "\n".join(blocks)

    def _table(self, planned: PlannedTable, protocol: str, pad: str) -> tuple[str, str, str]:
        node = self.graph.nodes[planned.table.type]
        assert isinstance(node, Struct)
        methods, keywords, arrays, left_out, called = [], [], [], [], []
        prefix, inner = self.prefix, f"{pad}    "
        # A class around classes is no scope of theirs.
        reached = f"ops.{protocol}" if pad else protocol
        for operation, names in planned.operations:
            attribute = method_name(operation.name)
            if not _is_sayable(attribute):
                continue
            proto = self.graph.nodes[operation.proto]
            assert isinstance(proto, FuncProto)
            if proto.variadic:
                left_out.append(f"{inner}# {attribute} is left out: it is variadic\n")
                continue
            function = self._protos.get(operation.proto)
            if function is None:
                function = self._protos[operation.proto] = self._function(proto)
            params, result, alias, calls = function
            if operation.nelems is None:
                keywords.append(f"{inner}    {attribute}: {alias} | None = ...,\n")
                called.append(f"{inner}{attribute}: {calls}\n")
                signed = _method(attribute, names.names, params, result, inner)
                methods.append(f'{signed}\n{inner}    """{self._doc(operation, names)}"""\n')
            else:
                sequence = f"_Sequence[{alias} | None]"
                arrays.append(f"{inner}{attribute}: {sequence}\n")
                called.append(f"{inner}{attribute}: _Sequence[{calls} | None]\n")
                keywords.append(f"{inner}    {attribute}: {sequence} = ...,\n")
        for member in planned.table.data:
            attribute = attribute_name(member.name)
            if _is_sayable(attribute):
                keywords.append(f"{inner}    {attribute}: {prefix}Any = ...,\n")
                called.append(f"{inner}{attribute}: {prefix}Any\n")
        body = "\n".join(methods) if methods else f"{inner}pass\n"
        head = _indented(class_line(protocol, ["_Protocol"]), pad)
        struct = self._record(planned.table.type)
        bases = [protocol, f"{prefix}Interface[{struct}]"]
        lines = [
            *[_indented(class_line(planned.key, bases), pad)],
            f'{inner}"""{literal(self.plan.describe(planned.table.type))},'
            f' {node.byte_size} bytes."""\n',
            "\n",
            *left_out,
            f"{inner}Protocol: _TypeAlias = {reached}\n",
            *arrays,
            f"{inner}@{prefix}classmethod\n",
            f"{inner}def vtable(\n",
            f"{inner}    cls,\n",
            f"{inner}    impl: {reached} | {prefix}Methods | None = ...,\n",
            f"{inner}    /,\n",
            *([f"{inner}    *,\n", *keywords] if keywords else []),
            f"{inner}) -> {struct}: ...\n",
        ]
        wrapped = f"{planned.key}_calls"
        while wrapped in self.taken:
            wrapped += "_"
        result = f"ops.{wrapped}" if pad else wrapped
        table = f"{prefix}Table[{struct}]"
        lines += [
            f"{inner}@{prefix}classmethod\n",
            _signature("wrap", ["cls", f"table: {table}", "/"], f"{result}: ...", inner) + "\n",
        ]
        calls_head = _indented(class_line(wrapped, [planned.key]), pad)
        said = f'{inner}"""What ``{planned.key}.wrap`` returns."""\n'
        gap = "\n" if called else ""
        return head + body, "".join(lines), "".join([calls_head, said, gap, *called])

    def _doc(self, operation: Operation, names: ParameterNames) -> str:
        spelled = literal(self.plan.c_types[operation.type])
        if not names.names:
            named = ""
        elif names.named_by == DECLARATION:
            named = " Names as declared."
        elif names.named_by == EACH_TYPE:
            named = " Names as most functions have them for these types."
        elif not names.named_by:
            named = " Names by types."
        elif names.closely:
            named = f" Names as in {literal(names.named_by)}."
        else:
            named = f" Names as in {literal(names.named_by)}, of the same prototype."
        return f"Byte {operation.byte_offset}: {spelled}.{named}"


class _Made(dict[TypeId, str]):
    """Annotations by type id, made when first asked for."""

    def __init__(self, make: Callable[[TypeId], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, type_id: TypeId) -> str:
        text = self[type_id] = self._make(type_id)
        return text


def _is_sayable(attribute: str) -> bool:
    """Whether a stub can say it, and Python leaves it as it is in a class."""
    return is_free(attribute, ()) and attribute.isascii() and not attribute.startswith("__")


def _indented(text: str, pad: str) -> str:
    return "".join([f"{pad}{line}\n" for line in text.splitlines()]) if pad else text


def _method(name: str, names: Iterable[str], params: Sequence[str], result: str, pad: str) -> str:
    """``def name(self, file: …, /) -> …:`` as black sets it."""
    listed = [f"{word}: {kind}" for word, kind in zip(names, params, strict=True)]
    return _signature(name, ["self", *listed, "/"], f"{result}:", pad)


def _signature(name: str, listed: Sequence[str], result: str, pad: str) -> str:
    """``def name(…) -> result``; a body of dots belongs to ``result``."""
    line = f"{pad}def {name}({', '.join(listed)}) -> {result}"
    if len(line) <= LINE_LENGTH:
        return line
    inside = f"{pad}    {', '.join(listed)}"
    if len(inside) <= LINE_LENGTH:
        return f"{pad}def {name}(\n{inside}\n{pad}) -> {result}"
    inside = "".join([_item(item, f"{pad}    ") for item in listed])
    return f"{pad}def {name}(\n{inside}{pad}) -> {result}"


def _item(text: str, pad: str) -> str:
    """An item of a list, on a line of its own; what is in brackets on the next if it must."""
    line = f"{pad}{text},\n"
    before, bracket, inside = text.partition("[")
    if len(line) <= LINE_LENGTH + 1 or not bracket:
        return line
    return f"{pad}{before}[\n{pad}    {inside.removesuffix(']')}\n{pad}],\n"


def _alias(name: str, params: Collection[str], result: str) -> str:
    """The type of functions with these parameters, as black sets it."""
    listed = f"[{', '.join(params)}]"
    line = f"{name}: _TypeAlias = _Callable[{listed}, {result}]\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    inside = f"    {listed}, {result}\n"
    if len(inside) > LINE_LENGTH + 1:
        lines = f"    {listed},\n"
        if len(lines) > LINE_LENGTH + 1:
            lines = "    [\n" + "".join([_item(item, 8 * " ") for item in params]) + "    ],\n"
        inside = f"{lines}    {result},\n"
    return f"{name}: _TypeAlias = _Callable[\n{inside}]\n"
