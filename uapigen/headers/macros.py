"""What object-like macros stand for, evaluated by clang for the target.

A macro is worth what it is worth in a file that includes its header and nothing
else. One that cannot be evaluated there, because it uses what its users are expected
to have included (``_IOR``, a struct of another header), is tried again with
that included (``context.py``). Whatever has no value leaves an
:class:`~uapigen.ir.declarations.Omission` that says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.headers.clang_parse import include
from uapigen.headers.context import Need, include_directories, providers, what_is_needed
from uapigen.headers.probe import Answer, Probed, probe
from uapigen.ir.declarations import Constant, Omission

__all__ = ["Evaluated", "MacroDefinition", "evaluate_macros"]


class MacroDefinition(NamedTuple):
    """A macro that is defined when the header has been read."""

    name: str
    params: tuple[str, ...] | None
    """None for an object-like macro; a variadic one's last is ``*name``."""
    body: str
    """What it is replaced by, as the header has it."""
    header: str
    """Path of the file that defines it."""
    line: int
    """In that file, from 1."""


@dataclass
class Evaluated:
    """What became of a header's object-like macros."""

    constants: list[Constant] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    type_aliases: dict[str, str] = field(default_factory=dict)
    """C spelling of the type that a macro stands for; these have no omission."""
    context: tuple[str, ...] = ()
    """What was included behind the header for some of them, as C includes it."""


def evaluate_macros(
    header: str,
    definitions: Sequence[MacroDefinition],
    arguments: Sequence[str],
    before: Sequence[str],
) -> Evaluated:
    """Evaluate a header's object-like macros.

    ``header`` is its path; ``definitions`` are all macros to be looked at, those with
    parameters only because others use them; ``arguments`` are clang's; ``before`` names the
    headers that must be included first, as C includes them or by path. Raises InputError
    where the header does not compile: nothing that it declares could be relied on.
    """
    return _Evaluation(header, definitions, arguments, before).run()


# Bodies that no declaration should see

_HARMLESS = re.compile(r"[\w\s+\-*/%<>=!&|^~?:.#]*")
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_CLOSING = {")": "(", "]": "[", "}": "{"}


def _shape(body: str) -> str:
    """Why a body cannot be an expression by the look of its tokens; empty where it can."""
    if _HARMLESS.fullmatch(body):
        return ""
    bare = _QUOTED.sub("0", body)
    if '"' in bare or "'" in bare:
        return "a quotation mark without its other half"
    open_brackets: list[str] = []
    list_of_values = False
    for character in re.findall(r"[][(){};,]", bare):
        if character in "([{":
            open_brackets.append(character)
        elif character in _CLOSING:
            if not open_brackets or open_brackets.pop() != _CLOSING[character]:
                return "brackets that do not match"
        elif character == ";":
            return "statements or declarations, not an expression"
        elif not open_brackets:
            list_of_values = True
    if open_brackets:
        return "brackets that do not match"
    if bare.lstrip().startswith("{"):
        return "an initialiser, not an expression"
    return "a list of values, not an expression" if list_of_values else ""


# What a macro's value must not depend on

_NOWHERE = "uapigen_depends_on_its_place"
_PLACES = tuple(
    f"#define {name} {_NOWHERE}"
    for name in (
        "__LINE__", "__FILE__", "__BASE_FILE__", "__FILE_NAME__", "__INCLUDE_LEVEL__",
        "__COUNTER__", "__DATE__", "__TIME__", "__TIMESTAMP__", "__func__", "__FUNCTION__",
        "__PRETTY_FUNCTION__",
    )
)  # fmt: skip

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_FIRST_DIRECTIVE = re.compile(
    r"^[ \t]*#[ \t]*(?:ifndef[ \t]+|if[ \t]+!\s*defined[ \t]*\(?[ \t]*)?(\w*)", re.MULTILINE
)

_ROUNDS = 6
"""How often a macro is tried again with more headers included."""
_PROBES = 24
"""How many translation units a header may cost in all."""


class _Evaluation:
    """One header's evaluation as it goes."""

    def __init__(
        self,
        header: str,
        definitions: Sequence[MacroDefinition],
        arguments: Sequence[str],
        before: Sequence[str],
    ) -> None:
        self.header = header
        self.arguments = arguments
        self.before = before
        self.definitions = {definition.name: definition for definition in definitions}
        self.answers: dict[str, Answer] = {}
        self.reasons: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.context: list[str] = []
        self.probes = 0

    def run(self) -> Evaluated:
        candidates = self._candidates()
        if candidates:
            probed = self._probe([], candidates, [])
            if probed.errors:
                error = probed.errors[0]
                raise InputError(self.header, "", str(error))
            self.answers.update(probed.answers)
            self._try_again()
        return self._result()

    def _candidates(self) -> list[tuple[str, str]]:
        candidates = []
        guards = _Guards()
        for name, definition in self.definitions.items():
            if definition.params is not None:
                continue
            body = definition.body
            if not body or body.isspace():
                self.reasons[name] = "" if guards.guards(definition) else "empty"
            elif reason := _shape(body):
                self.reasons[name] = reason
            else:
                candidates.append((name, name))
        return candidates

    def _probe(
        self, context: Sequence[str], values: Sequence[tuple[str, str]], types: Sequence[str]
    ) -> Probed:
        """Ask with ``context`` included behind the header, whose own macros stay as they are."""
        self.probes += 1
        kept = self._closure(name for name, _ in values) if context else []
        behind = [
            *(f'#pragma push_macro("{name}")' for name in kept),
            *map(include, context),
            *(f'#pragma pop_macro("{name}")' for name in kept),
            *_PLACES,
        ]
        probed = probe(self.header, self.before, behind, values, types, self.arguments)
        redefined = {f"'{name}' macro redefined" for name in kept}
        probed.errors = [error for error in probed.errors if error.text not in redefined]
        return probed

    def _closure(self, names: Iterable[str]) -> list[str]:
        """The header's macros that these are made of, themselves included."""
        found: dict[str, None] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            definition = self.definitions.get(name)
            if definition is not None and name not in found:
                found[name] = None
                waiting += _IDENTIFIER.findall(definition.body)
        return list(found)

    # Again, in a richer context

    def _try_again(self) -> None:
        """Evaluate what failed as a pointer's number, as a type, and with more headers."""
        failed = [name for name, answer in self.answers.items() if answer.problem]
        if not failed:
            return
        numbers = [
            (name, f"(__UINTPTR_TYPE__)({name})")
            for name in failed
            if self.answers[name].problem.startswith("an address")
        ]
        types = [name for name in failed if "expect" in self.answers[name].problem]
        if numbers or types:
            probed = self._probe([], numbers, types)
            self.types.update(probed.types)
            for name, answer in probed.answers.items():
                if not answer.problem:
                    self.answers[name] = answer._replace(c_type=self.answers[name].c_type)
        tried: set[str] = set()
        directories = include_directories(self.arguments)
        for _ in range(_ROUNDS):
            pending = [n for n, a in self.answers.items() if a.problem and n not in self.types]
            needs = {need: None for name in pending for need in self._needs(name)}
            new = []
            for need in needs:
                for provider in providers(need, self.header, directories):
                    if provider not in tried:
                        tried.add(provider)
                        new.append(provider)
                        break
            if not new or not self._extend(new, pending):
                break

    def _needs(self, name: str) -> list[Need]:
        problem = self.answers[name].problem
        need = what_is_needed(problem)
        if need is not None:
            return [need] if need.name != _NOWHERE else []
        if "expect" in problem:
            # A function-like macro that is not defined got a type for an argument.
            called = {
                callee
                for used in self._closure([name])
                for callee in _CALLED.findall(self.definitions[used].body)
            }
            return [Need("", callee) for callee in sorted(called - self.definitions.keys())]
        return []

    def _extend(self, new: list[str], pending: list[str]) -> bool:
        """Include more headers: all at once or, where they conflict, each by itself."""
        values = [(name, name) for name in pending]
        probed = self._probe([*self.context, *new], values, [])
        if not probed.errors:
            self.context += new
            self._accept(probed)
            return True
        extended = False
        for header in new:
            if self.probes >= _PROBES:
                break
            probed = self._probe([*self.context, header], values, [])
            if not probed.errors:
                self.context.append(header)
                self._accept(probed)
                extended = True
        return extended

    def _accept(self, probed: Probed) -> None:
        for name, answer in probed.answers.items():
            if self.answers[name].problem:
                self.answers[name] = answer

    # The result

    def _result(self) -> Evaluated:
        result = Evaluated(type_aliases=self.types, context=tuple(self.context))
        for name, definition in self.definitions.items():
            if definition.params is not None or name in self.types:
                continue
            answer = self.answers.get(name)
            if answer is None:
                reason = self.reasons[name]
            elif answer.value is not None:
                result.constants.append(
                    Constant(name, answer.value, answer.c_type, definition.header)
                )
                continue
            else:
                reason = self._reason(definition, answer)
            if reason:
                result.omissions.append(Omission(name, "macro", definition.header, reason))
        return result

    def _reason(self, definition: MacroDefinition, answer: Answer) -> str:
        """Why a macro has no value, as a C programmer would say it."""
        alias = self.definitions.get(definition.body.strip())
        if alias is not None and alias.params is not None:
            return f"another name of the function-like macro {alias.name}"
        if alias is not None and self.reasons.get(alias.name) == "empty":
            return "empty"
        need = what_is_needed(answer.problem)
        if need is not None and need.name == _NOWHERE:
            return "depends on where it is used"
        if need is not None:
            return f"needs {need}, which no header declares"
        return answer.problem


class _Guards:
    """Tells include guards from other empty macros; reads a file for the first one that it has."""

    def __init__(self) -> None:
        self._guards: dict[str, str] = {}

    def guards(self, definition: MacroDefinition) -> bool:
        """Whether it is what the file's first directive asks for."""
        path = definition.header
        if path not in self._guards:
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    first = _FIRST_DIRECTIVE.search(file.read())
            except OSError:
                first = None  # gone since it was parsed
            self._guards[path] = first[1] if first else ""
        return self._guards[path] == definition.name
