"""What a unit's macros and inline functions are in Python: constants and expressions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from uapigen.headers.clang_functions import InlineFunctions
from uapigen.headers.clang_macros import Macros, still_defined
from uapigen.headers.clang_parse import TranslationUnit, as_path
from uapigen.headers.macros import MacroDefinition, evaluate_macros
from uapigen.ir.declarations import Omission, Unit
from uapigen.ir.types import Func
from uapigen.layout.targets import DataModel

__all__ = ["add_functions", "add_macros"]


def add_macros(
    unit: Unit,
    parsed: TranslationUnit,
    macros: Macros,
    owned: Collection[str],
    arguments: Sequence[str],
) -> list[MacroDefinition]:
    """Add the constants that these files' macros are; returns those that have parameters."""
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
    return [definition for definition in definitions if definition.params is not None]


def add_functions(
    unit: Unit,
    definitions: Sequence[MacroDefinition],
    macros: Mapping[str, MacroDefinition],
    functions: InlineFunctions,
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

    expressions = Expressions(macros, Types(unit.graph, model), functions)
    for name, params, body, header, *_ in definitions:
        try:
            unit.macros.append(expressions.translate(name, params or (), body, header))
        except NotAnExpression as error:
            unit.omissions.append(Omission(name, "function-like macro", header, str(error)))
    for name, header in inline.items():
        try:
            unit.macros.append(expressions.translate_function(functions[name], header))
        except NotAnExpression as error:
            unit.omissions.append(Omission(name, "function", header, str(error)))
