"""Interfaces of operation tables as type stubs.

A table becomes a ``Protocol`` with all of its methods, which a whole implementation
satisfies without inheriting anything; the interface, which inherits from it and adds
``vtable`` with a keyword for each member; and what ``wrap`` returns, whose methods take all
that a pointer is set from, and return no more than C does. The types of functions are
said once each, as ``_f1`` and so on. Parameters are positional, since C's have no names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from uapigen.emit.operations import PlannedTable
from uapigen.emit.stub_names import StubNames, is_free, uncommon
from uapigen.emit.support.names import INTERFACE_NAMES, RESERVED, attribute_name, method_name
from uapigen.emit.text import LINE_LENGTH, class_line, literal
from uapigen.ir.graph import resolve
from uapigen.ir.operations import DECLARATION, EACH_TYPE, OperationTable
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
        self._pointer = f"{prefix}Pointer[{prefix}Any]"
        self._functions: dict[str, str] = {}
        self._protos = _Made(self._prototype)
        self._methods = _Made[str, str](lambda name: _sayable(method_name(name)))
        self._attributes = _Made[str, str](lambda name: _sayable(attribute_name(name)))
        self._spelled = _Made[TypeId, str](lambda type_id: literal(plan.c_types[type_id]))
        self._named = _Made(_named)
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

    def _target(self, type_id: TypeId) -> tuple[TypeId, type]:
        """What a pointer leads to behind typedefs and qualifiers; what has a key is not decoded."""
        nodes, class_of = self.graph.nodes, self.plan.keys.class_of
        for _ in range(64):
            found = class_of.get(type_id)
            if found is not None:
                return type_id, found
            node = nodes[type_id]
            if not isinstance(node, (Typedef, Qualifier, TypeTag)):
                break
            type_id = node.target
        return type_id, type(node)

    def _parameter(self, type_id: TypeId) -> str:
        """What a method is given."""
        target = resolve(self.graph, type_id)
        node = self.graph.nodes[target]
        prefix = self.prefix
        if isinstance(node, Pointer):
            pointee, behind = self._target(node.target)
            if behind is Struct or behind is Union:
                return f"{prefix}Pointer[{self._record(pointee)}]"
            return f"{prefix}FunctionPointer" if behind is FuncProto else self._pointer
        if isinstance(node, (Int, Float)):
            return f"{prefix}{_SCALARS.get(scalar_code(node), 'int')}"
        if isinstance(node, Enum) or (isinstance(node, Forward) and node.keyword == "enum"):
            return f"{prefix}int"
        if isinstance(node, (Struct, Union)):
            return self._record(target)
        if isinstance(node, FuncProto):
            return f"{prefix}FunctionPointer"
        if isinstance(node, Array):
            return self._pointer
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
        if given == self._pointer:
            return f"{self.prefix}PassedAny"
        pointer = f"{self.prefix}Pointer["
        if given.startswith(pointer):
            return f"{self.prefix}Passed[{given[len(pointer) :]}"
        return f"{self.prefix}PassedFunction" if given.endswith("FunctionPointer") else given

    def _prototype(self, proto: TypeId) -> _Prototype | None:
        """A prototype's types; None for a variadic one."""
        node = self.graph.nodes[proto]
        assert isinstance(node, FuncProto)
        if node.variadic:
            return None
        types = [target for _, target in node.params]
        params = list(map(self._given.__getitem__, types))
        result = self._returned[node.returns]
        passed = list(map(self._passed.__getitem__, types))
        given = result if result == "None" else self._given[node.returns]
        calls = self._function_type(passed, given)
        listed = "".join([f"%s: {kind}, " for kind in params])
        method = self._function_type(params, result)
        return _new(_Prototype, (f"self, {listed}/", f"{result}:", method, calls))

    def _function_type(self, params: Sequence[str], result: str) -> str:
        """The alias of such functions."""
        text = f"[{', '.join(params)}], {result}"
        alias = self._functions.get(text)
        if alias is None:
            alias = self._functions[text] = f"{self.function}{len(self._functions) + 1}"
            line = f"{alias}: _TypeAlias = _Callable[{text}]\n"
            long = len(line) > LINE_LENGTH + 1
            self.aliases.append(_long_alias(alias, params, result, text) if long else line)
        return alias

    # Tables

    def classes(self, tables: Sequence[PlannedTable], indent: int) -> str:
        """All tables' protocols and interfaces."""
        pad = " " * indent
        self.taken = {table.key for table in tables}
        self._say_plain([table.table for table in tables])
        blocks: list[str] = []
        for table in tables:
            if is_free(table.key, ()) and not table.key.startswith("_"):
                blocks += self._table(table, self._untaken(f"{table.key}_protocol"), pad)
        return "\n".join(blocks)

    def _table(self, planned: PlannedTable, protocol: str, pad: str) -> tuple[str, str, str]:
        methods, keywords, arrays, left_out, called = [], [], [], [], []
        prefix, inner = self.prefix, f"{pad}    "
        # A class around classes is no scope of theirs.
        reached = f"ops.{protocol}" if pad else protocol
        for operation, names in zip(planned.table.operations, planned.names, strict=True):
            name, type_id, byte_offset, proto, nelems = operation
            attribute = self._methods[name]
            if not attribute:
                continue
            prototype = self._protos[proto]
            if prototype is None:
                left_out.append(f"{inner}# {attribute} is left out: it is variadic\n")
                continue
            params, result, alias, calls = prototype
            if nelems is None:
                keywords.append(f"{inner}    {attribute}: {alias} | None = ...,\n")
                called.append(f"{inner}{attribute}: {calls}\n")
                words, named_by, closely = names
                named = self._named[named_by, closely] if words else ""
                spelled = self._spelled[type_id]
                signature = _signature(attribute, params % words, result, inner)
                methods.append(
                    f'{signature}\n{inner}    """Byte {byte_offset}: {spelled}.{named}"""\n'
                )
            else:
                sequence = f"_Sequence[{alias} | None]"
                arrays.append(f"{inner}{attribute}: {sequence}\n")
                called.append(f"{inner}{attribute}: _Sequence[{calls} | None]\n")
                keywords.append(f"{inner}    {attribute}: {sequence} = ...,\n")
        for attribute in filter(None, [self._attributes[data[0]] for data in planned.table.data]):
            keywords.append(f"{inner}    {attribute}: {prefix}Any = ...,\n")
            called.append(f"{inner}{attribute}: {prefix}Any\n")
        body = "\n".join(methods) if methods else f"{inner}pass\n"
        head = _indented(class_line(protocol, ["_Protocol"]), pad)
        struct = self._record(planned.table.type)
        bases = [protocol, f"{prefix}Interface[{struct}]"]
        keyword_only = "".join([f"{inner}    *,\n", *keywords]) if keywords else ""
        wrapped = self._untaken(f"{planned.key}_calls")
        result = f"ops.{wrapped}" if pad else wrapped
        wrap = _signature(
            "wrap", f"cls, table: {prefix}Table[{struct}], /", f"{result}: ...", inner
        )
        interface = (
            f"{_indented(class_line(planned.key, bases), pad)}"
            f'{inner}"""{self._described(planned.table.type)}"""\n'
            "\n"
            f"{''.join(left_out)}"
            f"{inner}Protocol: _TypeAlias = {reached}\n"
            f"{''.join(arrays)}"
            f"{inner}@{prefix}classmethod\n"
            f"{inner}def vtable(\n"
            f"{inner}    cls,\n"
            f"{inner}    impl: {reached} | {prefix}Methods | None = ...,\n"
            f"{inner}    /,\n"
            f"{keyword_only}"
            f"{inner}) -> {struct}: ...\n"
            f"{inner}@{prefix}classmethod\n"
            f"{wrap}\n"
        )
        calls_head = _indented(class_line(wrapped, [planned.key]), pad)
        said = f'{inner}"""What ``{planned.key}.wrap`` returns."""\n'
        gap = "\n" if called else ""
        return head + body, interface, "".join([calls_head, said, gap, *called])

    def _say_plain(self, tables: Sequence[OperationTable]) -> None:
        """Find at once which members' names can be said as they are, as most can."""
        every = {operation.name for table in tables for operation in table.operations}
        every.update(member.name for table in tables for member in table.data)
        odd = {*uncommon(every), *INTERFACE_NAMES, *RESERVED}
        plain = [name for name in every if name not in odd]
        self._methods.update(zip(plain, plain, strict=True))
        self._attributes.update(zip(plain, plain, strict=True))

    def _untaken(self, name: str) -> str:
        """The name, with as much behind it as it takes to be no table's."""
        while name in self.taken:
            name += "_"
        return name

    def _described(self, type_id: TypeId) -> str:
        spelling = self.plan.keys.spelling.get(type_id) or self.plan.describe(type_id)
        return f"{literal(spelling)}, {self.graph.byte_size(type_id)} bytes."


class _Prototype(NamedTuple):
    """What is said of one prototype."""

    params: str
    """A method's parameters, with ``%s`` for their names."""
    result: str
    """A method's, and the colon behind it."""
    method: str
    """The alias of the type of methods."""
    calls: str
    """The alias of the type of C's functions when they are called."""


_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Made(dict[_Key, _Value]):
    """What is made when it is first asked for."""

    def __init__(self, make: Callable[[_Key], _Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _Key) -> _Value:
        made = self[key] = self._make(key)
        return made


def _sayable(attribute: str) -> str:
    """The attribute, or "" where a stub cannot say it or Python changes it in a class."""
    said = is_free(attribute, ()) and attribute.isascii() and not attribute.startswith("__")
    return attribute if said else ""


def _named(origin: tuple[str, bool]) -> str:
    """Where parameters' names come from: what names them, and whether it is called alike."""
    named_by, closely = origin
    if named_by == DECLARATION:
        return " Names as declared."
    if named_by == EACH_TYPE:
        return " Names as most functions have them for these types."
    if not named_by:
        return " Names by types."
    if closely:
        return f" Names as in {literal(named_by)}."
    return f" Names as in {literal(named_by)}, of the same prototype."


def _indented(text: str, pad: str) -> str:
    return "".join([f"{pad}{line}\n" for line in text.splitlines()]) if pad else text


def _signature(name: str, inside: str, result: str, pad: str) -> str:
    """``def name(…) -> result`` as black sets it; a body of dots belongs to ``result``."""
    line = f"{pad}def {name}({inside}) -> {result}"
    if len(line) <= LINE_LENGTH:
        return line
    if len(pad) + 4 + len(inside) <= LINE_LENGTH:
        return f"{pad}def {name}(\n{pad}    {inside}\n{pad}) -> {result}"
    return f"{pad}def {name}(\n{_items(inside.split(', '), f'{pad}    ')}{pad}) -> {result}"


def _items(texts: Sequence[str], pad: str) -> str:
    """The items of a list, a line each; what is in brackets on the next if it must."""
    if len(pad) + max(map(len, texts)) < LINE_LENGTH:
        return f"{pad}" + f",\n{pad}".join(texts) + ",\n"
    return "".join([_item(text, pad) for text in texts])


def _item(text: str, pad: str) -> str:
    line = f"{pad}{text},\n"
    before, bracket, inside = text.partition("[")
    if len(line) <= LINE_LENGTH + 1 or not bracket:
        return line
    return f"{pad}{before}[\n{pad}    {inside.removesuffix(']')}\n{pad}],\n"


def _long_alias(name: str, params: Sequence[str], result: str, text: str) -> str:
    """The type of functions with these parameters, as black sets what no line holds."""
    if len(text) + 4 <= LINE_LENGTH:
        return f"{name}: _TypeAlias = _Callable[\n    {text}\n]\n"
    listed = f"    {text.removesuffix(f', {result}')},\n"
    if len(listed) > LINE_LENGTH + 1:
        listed = f"    [\n{_items(params, 8 * ' ')}    ],\n"
    return f"{name}: _TypeAlias = _Callable[\n{listed}    {result},\n]\n"
