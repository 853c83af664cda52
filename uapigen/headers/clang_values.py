"""What a unit's macros and inline functions are in Python: constants and expressions."""

from __future__ import annotations

import os
import re
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from uapigen.headers.clang_functions import InlineFunctions
from uapigen.headers.clang_macros import Macros, macros_of, still_defined
from uapigen.headers.clang_parse import TranslationUnit, as_path, include
from uapigen.headers.context import Need, providers, searched_directories
from uapigen.headers.macros import MacroDefinition, evaluate_macros
from uapigen.headers.probe import probe
from uapigen.ir.declarations import Omission, Unit
from uapigen.ir.graph import TypeGraph
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
    known: Collection[str] = (),
    *,
    in_context: bool = True,
) -> tuple[list[MacroDefinition], tuple[str, ...]]:
    """Add the constants that these files' macros are; those of ``known`` names are left out.

    ``in_context`` as in :func:`evaluate_macros`.
    Returns the macros with parameters, and what was included behind the header for others.
    """
    before, header = list(parsed.before), as_path(parsed.path)
    if not parsed.direct:
        header = before.pop()
    own = macros.of_files(owned)
    doubtful = [name for name in macros.perhaps_undefined(owned) if name not in known]
    if doubtful:
        gone = set(doubtful) - still_defined(doubtful, header, arguments, before)
        own = [name for name in own if name not in gone]
    definitions = [macros[name] for name in own]
    evaluated = evaluate_macros(
        header, definitions, arguments, before, known, in_context=in_context
    )
    unit.constants += evaluated.constants
    unit.omissions += evaluated.omissions
    unit.ioctl_arguments |= evaluated.ioctl_arguments
    unit.type_aliases |= evaluated.type_aliases
    functions = [
        definition
        for definition in definitions
        if definition.params is not None and definition.name not in known
    ]
    return functions, evaluated.context


def add_functions(
    unit: Unit,
    parsed: TranslationUnit,
    definitions: Sequence[MacroDefinition],
    macros: Mapping[str, MacroDefinition],
    functions: InlineFunctions,
    arguments: Sequence[str],
    model: DataModel,
    behind: Callable[[Sequence[str]], Unit | None] | None,
    *,
    inline: bool = True,
) -> None:
    """Add the macros with parameters, and the unit's ``inline`` functions, that are expressions.

    ``behind`` reads the unit's types again, with these headers behind it; without it, none is
    looked for.
    """
    own = {
        node.name: unit.owners[type_id]
        for type_id in unit.graph.ids_of(Func)
        if inline and isinstance(node := unit.graph[type_id], Func) and node.name in functions
    }
    if not definitions and not own:
        return
    # Not for the many headers that have neither.
    from uapigen.headers.expressions import Expressions, NotAnExpression, Types

    expressions = Expressions(macros, Types(unit.graph, model), functions)
    pending = _translate(unit, dict.fromkeys(definitions, ""), expressions)
    surroundings = _Surroundings(parsed, arguments, behind) if behind else None
    for _ in range(_ROUNDS):
        if not surroundings or not pending or not surroundings.extend(pending.values()):
            break
        known = ChainMap({}, macros, surroundings.macros or {}, surroundings.enumerators)  # type: ignore[arg-type]
        types = Types(surroundings.graph or unit.graph, model)
        pending = _translate(unit, pending, Expressions(known, types, functions))
    for definition, reason in pending.items():
        unit.omissions.append(
            Omission(definition.name, "function-like macro", definition.header, reason)
        )
    for name, header in own.items():
        try:
            unit.macros.append(expressions.translate_function(functions[name], header))
        except NotAnExpression as error:
            unit.omissions.append(Omission(name, "function", header, str(error)))


_ROUNDS = 3
"""How often macros are tried again with what further headers have."""


def _translate(
    unit: Unit, pending: Iterable[MacroDefinition], expressions: Expressions
) -> dict[MacroDefinition, str]:
    """Add the macros that are expressions to the unit; why the others are none."""
    from uapigen.headers.expressions import NotAnExpression

    failed = {}
    for definition in pending:
        name, params, body, header, *_ = definition
        try:
            unit.macros.append(expressions.translate(name, params or (), body, header))
        except NotAnExpression as error:
            failed[definition] = str(error)
    return failed


_SUFFIXES = {
    "unsigned int": "U",
    "long": "L",
    "unsigned long": "UL",
    "long long": "LL",
    "unsigned long long": "ULL",
}
_UNDEFINED = re.compile(r"uses (\w+), which is not defined|calls (\w+)$")


_UNSIZED = re.compile(r"takes the size of (struct|union) (\w+), which is not defined")


class _Surroundings:
    """What macros with parameters need and their header lacks, out of other headers."""

    def __init__(
        self,
        parsed: TranslationUnit,
        arguments: Sequence[str],
        behind: Callable[[Sequence[str]], Unit | None],
    ) -> None:
        self.macros: Macros | None = None
        self.enumerators: dict[str, MacroDefinition] = {}
        """As if they were macros."""
        self.graph: TypeGraph | None = None
        self._parsed = parsed
        self._arguments = arguments
        self._behind = behind
        self._needed: dict[Need, None] = {}
        self._headers: dict[str, None] = {}

    def extend(self, reasons: Iterable[str]) -> bool:
        """Look for what these reasons say is missing; whether there is more than before."""
        reasons = list(reasons)
        names = {
            Need("", found[1] or found[2]) for found in map(_UNDEFINED.search, reasons) if found
        }
        tags = {Need(found[1], found[2]) for found in map(_UNSIZED.search, reasons) if found}
        new = [need for need in sorted(names | tags) if need not in self._needed]
        self._needed |= dict.fromkeys(new)
        enumerators = self._enumerators([need.name for need in new if not need.tag])
        self.enumerators |= enumerators
        headers = self._headers | dict.fromkeys(self._headers_with(new))
        if len(headers) == len(self._headers):
            return bool(enumerators)
        self._headers = headers
        macros = self._macros_behind()
        if macros is not None:
            self.macros = macros
        if any(need.tag for need in self._needed):
            unit = self._behind(list(headers))
            self.graph = unit.graph if unit else self.graph
        return True

    def _headers_with(self, needs: Iterable[Need]) -> list[str]:
        """Headers that define these, as C includes them."""
        directories = searched_directories(self._arguments)
        path = os.path.abspath(self._parsed.path)
        found = (providers(need, path, directories).headers[:1] for need in needs)
        return list(dict.fromkeys(header for headers in found for header in headers))

    def _enumerators(self, missing: list[str]) -> dict[str, MacroDefinition]:
        """Those of other headers."""
        before, header = list(self._parsed.before), as_path(self._parsed.path)
        if not self._parsed.direct:
            header = before.pop()
        found: dict[str, MacroDefinition] = {}
        behind: list[str] = []
        while missing:
            asked = [(name, name) for name in missing]
            probed = probe(header, before, behind, asked, [], self._arguments)
            for name, answer in probed.answers.items():
                if isinstance(answer.value, int):
                    literal = f"({answer.value}{_SUFFIXES.get(answer.c_type, '')})"
                    found[name] = MacroDefinition(name, None, literal, header, 0)
            missing = [name for name in missing if name not in found]
            if behind:
                break
            others = self._headers_with(Need("", name) for name in missing)
            behind = [include(other) for other in others]
            if not behind:
                break
        return found

    def _macros_behind(self) -> Macros | None:
        """The macros that there are with the other headers behind; None if that cannot be."""
        parsed = self._parsed
        after = "".join(f"{include(header)}\n" for header in self._headers)
        with TranslationUnit(
            parsed.path, self._arguments, parsed.before, direct=parsed.direct, after=after
        ) as unit:
            return None if unit.diagnostics else macros_of(unit)
