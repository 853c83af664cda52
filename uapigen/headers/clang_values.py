"""What a unit's macros and inline functions are in Python: constants and expressions."""

from __future__ import annotations

import os
import re
from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from uapigen.headers.clang_functions import InlineFunctions
from uapigen.headers.clang_macros import Macros, macros_of, still_defined
from uapigen.headers.clang_parse import TranslationUnit, as_path, include
from uapigen.headers.context import Need, providers, searched_directories
from uapigen.headers.macros import MacroDefinition, evaluate_macros
from uapigen.headers.probe import probe
from uapigen.ir.declarations import MacroFunction, Omission, Unit
from uapigen.ir.types import Func
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.headers.expressions import Expressions

__all__ = ["add_functions", "add_macros"]


def add_macros(
    unit: Unit,
    parsed: TranslationUnit,
    macros: Macros,
    owned: Collection[str],
    arguments: Sequence[str],
) -> tuple[list[MacroDefinition], tuple[str, ...]]:
    """Add the constants that these files' macros are.

    Returns the macros with parameters, and what was included behind the header for others.
    """
    before, header = list(parsed.before), as_path(parsed.path)
    if not parsed.direct:
        header = before.pop()
    own = macros.of_files(owned)
    doubtful = macros.perhaps_undefined(owned)
    if doubtful:
        gone = set(doubtful) - still_defined(doubtful, header, arguments, before)
        own = [name for name in own if name not in gone]
    definitions = [macros[name] for name in own]
    evaluated = evaluate_macros(header, definitions, arguments, before)
    unit.constants += evaluated.constants
    unit.omissions += evaluated.omissions
    unit.ioctl_arguments |= evaluated.ioctl_arguments
    unit.type_aliases |= evaluated.type_aliases
    functions = [definition for definition in definitions if definition.params is not None]
    return functions, evaluated.context


def add_functions(
    unit: Unit,
    parsed: TranslationUnit,
    definitions: Sequence[MacroDefinition],
    macros: Mapping[str, MacroDefinition],
    functions: InlineFunctions,
    arguments: Sequence[str],
    model: DataModel,
) -> None:
    """Add the macros with parameters, and the unit's inline functions, that are expressions."""
    inline = {
        node.name: unit.owners[type_id]
        for type_id in unit.graph.ids_of(Func)
        if isinstance(node := unit.graph[type_id], Func) and node.name in functions
    }
    if not definitions and not inline:
        return
    # Not for the many headers that have neither.
    from uapigen.headers.expressions import Expressions, NotAnExpression, Types

    types = Types(unit.graph, model)
    expressions = Expressions(macros, types, functions)
    again: dict[MacroDefinition, str] = {}
    for definition in definitions:
        try:
            unit.macros.append(_translated(definition, expressions))
        except NotAnExpression as error:
            again[definition] = str(error)
    richer = _in_context(again.values(), parsed, arguments)
    enumerators = _enumerators(again.values(), parsed, arguments)
    if richer or enumerators:
        known: ChainMap[str, MacroDefinition] = ChainMap({}, macros, richer or {}, enumerators)  # type: ignore[arg-type]
        expressions = Expressions(known, types, functions)
    for definition, reason in again.items():
        try:
            if not (richer or enumerators):
                raise NotAnExpression(reason)
            unit.macros.append(_translated(definition, expressions))
        except NotAnExpression as error:
            unit.omissions.append(
                Omission(definition.name, "function-like macro", definition.header, str(error))
            )
    for name, header in inline.items():
        try:
            unit.macros.append(expressions.translate_function(functions[name], header))
        except NotAnExpression as error:
            unit.omissions.append(Omission(name, "function", header, str(error)))


def _translated(definition: MacroDefinition, expressions: Expressions) -> MacroFunction:
    name, params, body, header, *_ = definition
    return expressions.translate(name, params or (), body, header)


_SUFFIXES = {
    "unsigned int": "U",
    "long": "L",
    "unsigned long": "UL",
    "long long": "LL",
    "unsigned long long": "ULL",
}
_UNDEFINED = re.compile(r"uses (\w+), which is not defined|calls (\w+)$")


def _missing(reasons: Iterable[str]) -> list[str]:
    return sorted({found[1] or found[2] for found in map(_UNDEFINED.search, reasons) if found})


def _headers_with(
    names: Iterable[str], parsed: TranslationUnit, arguments: Sequence[str]
) -> list[str]:
    """Headers that define these names, as C includes them."""
    directories, path = searched_directories(arguments), os.path.abspath(parsed.path)
    found = {
        header: None
        for name in names
        for header in providers(Need("", name), path, directories).headers[:1]
    }
    return list(found)


def _enumerators(
    reasons: Iterable[str], parsed: TranslationUnit, arguments: Sequence[str]
) -> dict[str, MacroDefinition]:
    """Enumerators of other headers that these reasons say are missing, as if they were macros."""
    missing = _missing(reasons)
    before, header = list(parsed.before), as_path(parsed.path)
    if not parsed.direct:
        header = before.pop()
    found: dict[str, MacroDefinition] = {}
    behind: list[str] = []
    while missing:
        asked = [(name, name) for name in missing]
        for name, answer in probe(header, before, behind, asked, [], arguments).answers.items():
            if isinstance(answer.value, int):
                literal = f"({answer.value}{_SUFFIXES.get(answer.c_type, '')})"
                found[name] = MacroDefinition(name, None, literal, header, 0)
        missing = [name for name in missing if name not in found]
        if behind:
            break
        behind = [include(other) for other in _headers_with(missing, parsed, arguments)]
        if not behind:
            break
    return found


def _in_context(
    reasons: Iterable[str], parsed: TranslationUnit, arguments: Sequence[str]
) -> Macros | None:
    """The macros that there are with the headers that have what these reasons say is missing."""
    headers = _headers_with(_missing(reasons), parsed, arguments)
    if not headers:
        return None
    after = "".join(f"{include(header)}\n" for header in headers)
    with TranslationUnit(
        parsed.path, arguments, parsed.before, direct=parsed.direct, after=after
    ) as unit:
        return None if unit.diagnostics else macros_of(unit)
