"""C files of a kernel tree as tokens that know their line and the ``#if`` they stand under.

The files are not preprocessed, since that would take a configured kernel: conditions stay with
the tokens and are asked later, when it is known for which ABI (:func:`holds`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from uapigen.headers.pycparser_tokens import tokenize

__all__ = ["Condition", "KernelText", "Macro", "holds", "read_text"]

Condition: TypeAlias = tuple[tuple[str, bool], ...]
"""Texts of ``#if`` expressions, and whether each must be true; all of them together."""

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')", re.DOTALL)
_DIRECTIVE = re.compile(r"\s*#\s*(\w+)\s*(.*)", re.DOTALL)
_FUNCTION_LIKE = re.compile(r"(\w+)\(([^)]*)\)(.*)", re.DOTALL)


class Macro(NamedTuple):
    """A function-like macro."""

    params: tuple[str, ...]
    body: tuple[str, ...]
    condition: Condition


@dataclass
class KernelText:
    """A file's tokens; columns rather than objects, for there are many."""

    tokens: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    macros: dict[str, list[Macro]] = field(default_factory=dict)


def read_text(text: str) -> KernelText:
    """A C file's tokens."""
    found = KernelText()
    stack: list[list[tuple[str, bool]]] = []
    condition: Condition = ()
    number = 1
    for line in _logical_lines(_COMMENT.sub(_blank, text)):
        directive = _DIRECTIVE.match(line)
        if directive:
            word, rest = directive[1], " ".join(directive[2].replace("\\\n", " ").split())
            if word == "define":
                _define(found, rest, condition)
            elif _branch(stack, word, rest):
                condition = tuple(part for branch in stack for part in branch)
        else:
            tokens = tokenize(line)
            found.tokens += tokens
            found.lines += [number] * len(tokens)
            found.conditions += [condition] * len(tokens)
        number += line.count("\n") + 1
    return found


def _blank(match: re.Match[str]) -> str:
    """A string or character as it is, a comment as white space of as many lines."""
    return match[1] or " " + "\n" * match[0].count("\n")


def _logical_lines(text: str) -> list[str]:
    """Lines; those that a backslash ends together with the next."""
    found: list[str] = []
    open_line = False
    for line in text.split("\n"):
        if open_line:
            found[-1] += "\n" + line
        else:
            found.append(line)
        open_line = line.endswith("\\")
    return found


def _define(found: KernelText, rest: str, condition: Condition) -> None:
    macro = _FUNCTION_LIKE.match(rest)
    if macro:
        params = tuple(name.strip() for name in macro[2].split(","))
        made = Macro(params, tuple(tokenize(macro[3])), condition)
        found.macros.setdefault(macro[1], []).append(made)


def _branch(stack: list[list[tuple[str, bool]]], word: str, rest: str) -> bool:
    """Follow a conditional directive; whether it was one."""
    match word:
        case "if":
            stack.append([(rest, True)])
        case "ifdef":
            stack.append([(f"defined({rest})", True)])
        case "ifndef":
            stack.append([(f"defined({rest})", False)])
        case "elif" | "else" if stack:
            branch = stack[-1]
            branch[-1] = branch[-1][0], False
            if word == "elif":
                branch.append((rest, True))
        case "endif" if stack:
            stack.pop()
        case _:
            return False
    return True


def holds(condition: Condition, known: Mapping[str, bool]) -> bool | None:
    """Whether a condition is true where ``known`` says which macros are defined.

    None where it depends on what is not known.
    """
    answer: bool | None = True
    for text, wanted in condition:
        value = _Expression(tokenize(text), known).value()
        if value is None:
            answer = None
        elif value is not wanted:
            return False
    return answer


class _Expression:
    """An ``#if`` expression of ``defined``, ``!``, ``&&``, ``||``; all else is not known."""

    def __init__(self, tokens: list[str], known: Mapping[str, bool]) -> None:
        self._tokens = tokens
        self._known = known
        self._at = 0

    def value(self) -> bool | None:
        found = self._either()
        return found if self._at == len(self._tokens) else None

    def _next(self, *texts: str) -> bool:
        if self._tokens[self._at : self._at + 1] and self._tokens[self._at] in texts:
            self._at += 1
            return True
        return False

    def _either(self) -> bool | None:
        found = self._both()
        while self._next("||"):
            other = self._both()
            found = True if True in (found, other) else None if None in (found, other) else False
        return found

    def _both(self) -> bool | None:
        found = self._one()
        while self._next("&&"):
            other = self._one()
            found = False if False in (found, other) else None if None in (found, other) else True
        return found

    def _one(self) -> bool | None:
        if self._next("!"):
            found = self._one()
            return None if found is None else not found
        if self._next("("):
            found = self._either()
            return found if self._next(")") else None
        if self._next("defined", "IS_ENABLED"):
            bracketed = self._next("(")
            name = self._tokens[self._at] if self._at < len(self._tokens) else ""
            self._at += 1
            return self._known.get(name) if not bracketed or self._next(")") else None
        return None
