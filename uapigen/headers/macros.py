"""What object-like macros stand for, evaluated by clang for the target.

A macro is worth what it is worth in a file that includes its header and nothing
else. One that cannot be evaluated there, because it uses what its users are expected
to have included (``_IOR``, a struct of another header), is tried again with
that included (``context.py``). Whatever has no value leaves an
:class:`~uapigen.ir.declarations.Omission` that says why.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.headers.clang_parse import include
from uapigen.headers.context import Need, Providers, providers, searched_directories, what_is_needed
from uapigen.headers.expansion import Expansion
from uapigen.headers.macro_text import (
    CALLED,
    IDENTIFIER,
    KEYWORDS,
    IncludeGuards,
    another_name,
    why_no_expression,
    why_not_parsed,
)
from uapigen.headers.probe import MARK, NOWHERE, Answer, Probed, probe
from uapigen.ir.declarations import Constant, Omission

__all__ = ["Evaluated", "MacroDefinition", "evaluate_macros"]


class MacroDefinition(NamedTuple):
    """A macro that is defined when the header has been read."""

    name: str
    params: tuple[str, ...] | None
    """None for an object-like macro; a variadic one's last is ``*name``."""
    body: str
    """What it is replaced by, without comments, in one line."""
    header: str
    """Path of the file that defines it."""
    line: int
    """In that file, from 1."""


@dataclass
class Evaluated:
    """What became of a header's object-like macros."""

    constants: list[Constant] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    """What has no value; what ``type_aliases`` has is among it."""
    type_aliases: dict[str, str] = field(default_factory=dict)
    """C spelling of the type that a macro stands for, or of the one with the tag that it renames
    (``#define nvme_admin_cmd nvme_passthru_cmd``)."""
    ioctl_arguments: dict[str, str] = field(default_factory=dict)
    """C spelling of the type that an ioctl number's definition names, by the number's name.

    "" where it names none: ``_IO``.
    """
    context: tuple[str, ...] = ()
    """What was included behind the header for some of them, as C includes it."""


def evaluate_macros(
    header: str,
    definitions: Sequence[MacroDefinition],
    arguments: Sequence[str],
    before: Sequence[str],
    known: Collection[str] = (),
    *,
    in_context: bool = True,
) -> Evaluated:
    """Evaluate a header's object-like macros.

    ``header`` is its path; ``definitions`` are all macros to be looked at, those with
    parameters only because others use them; ``arguments`` are clang's; ``before`` names the
    headers that must be included first, as C includes them or by path; nothing is said of
    ``known`` ones. Without ``in_context``, no header is looked for that has what one lacks: clang's
    error is the reason, then. Raises InputError where the header does not compile: nothing that it
    declares could be relied on.
    """
    evaluation = _Evaluation(header, definitions, arguments, before, known)
    evaluation.in_context = in_context
    return evaluation.run()


_TAGS = ("struct", "union", "enum")

_TOKENS = 2000
"""What a macro may expand to: more, nested deeply, exhausts clang's stack. The longest constant of
the kernel's headers has 293."""
_ROUNDS = 6
"""How often a macro is tried again with more headers included."""
_PROBES = 24
"""How many translation units a header may cost in all."""

_CALL_OR_NAME = re.compile(r"\s*[A-Za-z_]\w*\s*(?:\(|$)")

# _IOR and its like (asm-generic/ioctl.h, sparc's asm/ioctl.h) give the argument's type to these.
# Redefined so, what was a number becomes the only parameter of a function, and one of a kind that
# nothing but _IOC makes of it.
_IOCTL_AS_PARAMETER = (
    "#undef _IOC",
    "#undef _IOC_TYPECHECK",
    f"#define _IOC(direction, type, number, argument) (__typeof__ argument (*)[{MARK}])",
    "#define _IOC_TYPECHECK(argument) __typeof__(argument) *",
    "#define sizeof(argument) (__typeof__(argument) *)",
    "struct uapigen_no_argument { char none; };",
    "#undef _IO",
    f"#define _IO(type, number) (struct uapigen_no_argument *(*)[{MARK}])",
)
_NO_ARGUMENT = "struct uapigen_no_argument"
_IOC = re.compile(r"\b_IOC\s*\(")
# What is put together by hand, with a size that is no type's.
_IOCTL_OF_ANY_SIZE = (
    "struct uapigen_no_argument { char none; };",
    "#undef _IOC",
    f"#define _IOC(direction, type, number, size) (struct uapigen_no_argument *(*)[{MARK}])",
)


class _Evaluation:
    """One header's evaluation as it goes."""

    def __init__(
        self,
        header: str,
        definitions: Sequence[MacroDefinition],
        arguments: Sequence[str],
        before: Sequence[str],
        known: Collection[str],
    ) -> None:
        self.header = header
        self.known = known
        self.arguments = arguments
        self.before = before
        self.definitions = {definition.name: definition for definition in definitions}
        self.answers: dict[str, Answer] = {}
        self.reasons: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.ioctls: dict[str, str] = {}
        self.context: list[str] = []
        self.directories = searched_directories(arguments)
        self.calls: dict[str, Need] = {}
        self.probes = 0
        self.in_context = True

    def run(self) -> Evaluated:
        candidates = self._candidates()
        if candidates:
            probed = self._probe([], _themselves(candidates))
            if probed.errors:
                raise InputError(self.header, "", str(probed.errors[0]))
            self.answers.update(probed.answers)
            self._try_as_number_or_type()
            if self.in_context:
                self._try_in_context()
            self._ask_ioctls()
        return self._result()

    def _candidates(self) -> list[str]:
        """Macros that may be expressions; the others get their reasons."""
        candidates = []
        guards = IncludeGuards()
        expansion = Expansion(self.definitions, _TOKENS)
        for name, definition in self.definitions.items():
            if definition.params is not None or name in self.known:
                continue
            body = definition.body
            if not body or body.isspace():
                self.reasons[name] = "" if (definition.header, name) in guards else "empty"
            elif reason := why_no_expression(body):
                self.reasons[name] = reason
            elif expansion.exceeds(name):
                self.reasons[name] = f"expands without end, or to more than {_TOKENS:,} tokens"
            else:
                candidates.append(name)
        return candidates

    def _probe(
        self,
        context: Sequence[str],
        values: Sequence[tuple[str, str]],
        types: Sequence[tuple[str, str]] = (),
        lines: Sequence[str] = (),
    ) -> Probed:
        """Ask with ``context`` included behind the header, whose own macros stay as they are."""
        self.probes += 1
        kept = self._closure(name for name, _ in [*values, *types]) if context else []
        behind = [
            *(f'#pragma push_macro("{name}")' for name in kept),
            *map(include, context),
            *(f'#pragma pop_macro("{name}")' for name in kept),
            *lines,
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
                waiting += IDENTIFIER.findall(definition.body)
        return list(found)

    # Again

    def _try_as_number_or_type(self) -> None:
        """Addresses that are numbers, types, and names that are tags."""
        failed = {name: answer for name, answer in self.answers.items() if answer.problem}
        numbers, types = [], []
        tags: dict[str, str] = {}
        for name, answer in failed.items():
            if answer.problem == "an address":
                numbers.append((name, f"(__UINTPTR_TYPE__)({name})"))
            elif _is_syntax(answer):
                types.append((name, f"__typeof__({name}) %s"))
            elif what_is_needed(answer.problem):
                kind, target = another_name(self.definitions[name].body)
                if kind == "name":
                    tags |= {f"{name}: {tag} {target}": name for tag in _TAGS}
        if not (numbers or types or tags):
            return
        sizes = [(key, f"sizeof({key.partition(': ')[2]})") for key in tags]
        probed = self._probe([], numbers + sizes, types)
        for name, spelling in probed.types.items():
            body = self.definitions[name].body
            if "__attribute__" in body:  # which a type's name does not carry
                self.reasons[name] = f"a type with attributes: {' '.join(body.split())}"
            else:
                self.types[name] = spelling
        for name, _ in numbers:
            if not probed.answers[name].problem:
                self.answers[name] = probed.answers[name]._replace(c_type=failed[name].c_type)
        for key, name in tags.items():
            if not probed.answers[key].problem:
                self.types[name] = key.partition(": ")[2]

    def _try_in_context(self) -> None:
        """What fails for want of a declaration, with the headers that have it."""
        tried: set[str] = set()
        for _ in range(_ROUNDS):
            pending = [
                name
                for name, answer in self.answers.items()
                if answer.problem and name not in self.types and name not in self.reasons
            ]
            needs = {need: None for name in pending for need in self._needs(name)}
            new = []
            for need in needs:
                for provider in self._providers(need).headers:
                    if provider not in tried:
                        tried.add(provider)
                        new.append(provider)
                        break
            if not new or not self._extend(new, pending):
                break

    def _needs(self, name: str) -> list[Need]:
        """What may help a macro that failed."""
        need = what_is_needed(self.answers[name].problem)
        if need is not None:
            kind, _ = another_name(self.definitions[name].body)
            return [] if need.name == NOWHERE or kind == "member" else [need]
        if _is_syntax(self.answers[name]):
            # A function-like macro that is not defined got a type for an argument.
            called = {
                callee
                for used in self._closure([name])
                for callee in CALLED.findall(self.definitions[used].body)
            }
            called -= self.definitions.keys() | KEYWORDS
            return [Need("", callee) for callee in sorted(called)]
        return []

    def _providers(self, need: Need) -> Providers:
        return providers(need, self.header, self.directories)

    def _extend(self, new: list[str], pending: list[str]) -> bool:
        """Include more headers: all at once or, where they conflict, each by itself."""
        values = _themselves(pending)
        probed = self._probe([*self.context, *new], values)
        if not probed.errors:
            self.context += new
            self._accept(probed)
            return True
        extended = False
        for header in new:
            if self.probes >= _PROBES:
                break
            probed = self._probe([*self.context, header], values)
            if not probed.errors:
                self.context.append(header)
                self._accept(probed)
                extended = True
        return extended

    def _accept(self, probed: Probed) -> None:
        """Take the answers of a probe for macros that have none."""
        for name, answer in probed.answers.items():
            if self.answers[name].problem:
                self.answers[name] = answer

    def _ask_ioctls(self) -> None:
        """The type of argument that each ioctl number is made for."""
        candidates = [
            name
            for name, answer in self.answers.items()
            if answer.c_type in ("unsigned int", "unsigned long")
            and _CALL_OR_NAME.match(self.definitions[name].body)
        ]
        if candidates:
            functions = [(name, f"void %s {name}") for name in candidates]
            found = self._probe(self.context, [], functions, _IOCTL_AS_PARAMETER).types
            by_hand = [
                (name, declared)
                for name, declared in functions
                if name not in found and _IOC.search(self.definitions[name].body)
            ]
            if by_hand:
                found |= self._probe(self.context, [], by_hand, _IOCTL_OF_ANY_SIZE).types
            self.ioctls = {n: "" if t == _NO_ARGUMENT else t for n, t in found.items()}

    # The result

    def _result(self) -> Evaluated:
        for problem in [answer.problem for answer in self.answers.values()]:
            # Reported when it is first called; clang takes it as declared after that.
            if "undeclared function" in problem and (need := what_is_needed(problem)):
                self.calls[f"calls {need.name}()"] = need
        result = Evaluated(
            type_aliases=self.types, ioctl_arguments=self.ioctls, context=tuple(self.context)
        )
        for name, definition in self.definitions.items():
            if definition.params is not None or name in self.known:
                continue
            answer = self.answers.get(name)
            if answer is not None and answer.value is not None:
                result.constants.append(
                    Constant(name, answer.value, answer.c_type, definition.header)
                )
                continue
            reason = self.reasons.get(name)
            if reason is None and not self.in_context and name not in self.types:
                reason = self.answers[name].problem
            if reason is None:
                reason = self._reason(definition, self.answers[name])
            if reason:
                result.omissions.append(Omission(name, "macro", definition.header, reason))
        return result

    def _reason(self, definition: MacroDefinition, answer: Answer) -> str:
        """Why a macro has no value, as a C programmer would say it."""
        if definition.name in self.types:
            return f"a type: {self.types[definition.name]}"
        seen = {definition.name}
        kind, target = another_name(definition.body)
        while kind == "name" and target in self.definitions and target not in seen:
            if self.definitions[target].params is not None:
                return f"another name of the function-like macro {target}"
            if target in self.reasons:
                return self.reasons[target] or "empty"
            seen.add(target)
            kind, target = another_name(self.definitions[target].body)
        need = what_is_needed(answer.problem)
        if need is None and _is_syntax(answer):
            reason = why_not_parsed(definition.body)
            if reason:
                return reason
        need = need or self._undeclared(definition.name)
        if need is None:
            return "not an expression" if _is_syntax(answer) else answer.problem
        if need.name == NOWHERE:
            return "depends on where it is used"
        if kind == "member":
            return f"another name of the member {target}"
        if kind == "name":
            return f"another name of {target}, which no header declares as a constant"
        if self._providers(need).disagree:
            return f"needs {need}, which headers define differently"
        return f"needs {need}, which no header for this target declares"

    def _undeclared(self, name: str) -> Need | None:
        """What a macro needs that the diagnostic is silent about: a function that nobody has."""
        problem = self.answers[name].problem
        if problem in self.calls:
            return self.calls[problem]
        return next((n for n in self._needs(name) if not self._providers(n).headers), None)


def _is_syntax(answer: Answer) -> bool:
    return "expect" in answer.problem or "__auto_type" in answer.problem


def _themselves(names: Iterable[str]) -> list[tuple[str, str]]:
    """Each macro with the text that uses it."""
    return [(name, name) for name in names]
