"""All that a target's gcc says of one header, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from .calls import Argument, argument_lists, spelled, type_places
from .contexts import AFTER, contexts
from .gcc import Macro, Preprocessed, includes, preprocess, tags_of
from .inline import ask_inline, inline_functions
from .probes import Answer, Asked, ContextError, Key, Question, ask
from .providers import missing_of, provisions
from .records import types_of
from .targets import Header, Target

__all__ = ["Answers", "RecordFacts", "ask_about"]


class RecordFacts(TypedDict):
    """A struct or union: bytes and bits as in records.py."""

    size: int
    align: int
    members: dict[str, tuple[int, int]]
    bitfields: dict[str, tuple[int, int]]


class Answers(TypedDict):
    """Facts by the names that C has for them; `failure` instead where gcc takes no context."""

    header: str
    path: str
    context: Sequence[str]
    failure: str | None
    records: dict[str, RecordFacts]
    enums: list[tuple[str, dict[str, int]]]
    typedefs: dict[str, int]
    integers: dict[str, int]
    ioctls: dict[str, tuple[int, int, int, int]]
    reals: dict[str, float]
    addresses: dict[str, int]
    """Numbers as pointers, such as MAP_FAILED."""
    strings: dict[str, str]
    """One character a byte (Latin-1)."""
    calls: dict[str, list[tuple[Sequence[Argument], int]]]
    inline_calls: dict[str, list[tuple[Sequence[Argument], int]]]
    """Of static inline functions that compute with numbers only."""
    others: dict[str, str]
    """Macros without parameters that have a body and are no constants, with gcc's reason."""
    borrowed: dict[str, Sequence[str]]
    """Macros that are constants only after these further headers."""


def ask_about(target: Target, header: Header, directory: Path) -> Answers:
    """Ask gcc about one header, in the first context in which it compiles."""
    answers = Answers(
        header=header.name,
        path=header.path,
        context=(),
        failure=None,
        records={},
        enums=[],
        typedefs={},
        integers={},
        ioctls={},
        reals={},
        addresses={},
        strings={},
        calls={},
        inline_calls={},
        others={},
        borrowed={},
    )
    failure = None
    for context in contexts(header.name):
        preprocessed = preprocess(target, (*context, *AFTER))
        if preprocessed is None:
            failure = failure or "does not preprocess"
            continue
        if header.path not in preprocessed.text:
            failure = failure or "is another file than gcc finds by that name"
            continue
        try:
            _Inquiry(target, header, context, preprocessed, directory).fill(answers)
        except ContextError as error:
            failure = failure or str(error)
            continue
        answers["context"] = context
        return answers
    answers["failure"] = failure
    return answers


@dataclass
class _Inquiry:
    """About one header in one context: what was found out so far."""

    target: Target
    header: Header
    context: Sequence[str]
    preprocessed: Preprocessed
    directory: Path
    found: dict[Key, Answer] = field(default_factory=dict)
    refused: dict[Key, str] = field(default_factory=dict)
    borrowed: dict[str, Sequence[str]] = field(default_factory=dict)

    def fill(self, answers: Answers) -> None:
        """Ask all there is to ask. Raises ContextError if the context is not one."""
        path = self.header.path
        macros = [macro for macro in self.preprocessed.macros.values() if macro.file == path]
        questions: list[Question] = []
        doubtful: list[Question] = []
        spoiling: list[Question] = []
        for macro in macros:
            reach = list(self.preprocessed.reach(macro))
            wanted = (questions, doubtful, spoiling)[_trouble(reach)]
            wanted += _about_macro(macro, self.preprocessed)
        guessed = tags_of(self.preprocessed.text.get(path, ""))
        questions += [self._about_alignment(spelling) for spelling in guessed]
        asked = self._ask(questions)
        types = types_of(asked.types, path, big_endian=asked.big_endian)
        unknown = [name for name in types.records if Key("align", name) not in self.found]
        for more in ([self._about_alignment(name) for name in unknown], doubtful, spoiling):
            if more:
                self._ask(more)
        self._borrow(macros)

        for spelling, record in types.records.items():
            align = self.found[Key("align", spelling)].integer
            assert align is not None, spelling
            answers["records"][spelling] = RecordFacts(
                size=record.size, align=align, members=record.members, bitfields=record.bitfields
            )
        answers["enums"] = types.enums
        answers["typedefs"] = types.typedefs
        answers["borrowed"] = self.borrowed
        functions = inline_functions(self.preprocessed.text.get(path, ""))
        if functions:
            answers["inline_calls"] = ask_inline(
                self.target, includes((*self.context, *AFTER)), functions, self.directory
            )
        for macro in macros:
            self._add(answers, macro)

    def _ask(self, questions: Sequence[Question]) -> Asked:
        before = includes((*self.context, *AFTER))
        asked = ask(self.target, before, questions, self.directory)
        self.found |= asked.answers
        self.refused |= asked.refused
        return asked

    def _about_alignment(self, spelling: str) -> Question:
        name = spelling.rpartition(" ")[2]
        shadowed = name if name in self.preprocessed.macros else None
        return Question(Key("align", spelling), f"_Alignof({spelling})", shadowed=shadowed)

    def _borrow(self, macros: Iterable[Macro]) -> None:
        """Ask once more for what was refused for want of something that another header has.

        Where several headers could be meant, the nearest that gcc takes must agree.
        """
        groups: dict[frozenset[str], list[Macro]] = {}
        for macro in macros:
            if any(key.name == macro.name for key in self.found if key.kind != "align"):
                continue
            missing = missing_of(self.preprocessed.reach(macro), self.preprocessed)
            groups.setdefault(missing, []).append(macro)
        for missing, group in groups.items():
            told: dict[Key, tuple[int, set[Answer]]] = {}
            for distance, providers in provisions(self.target, self.header.name, missing):
                for key, answer in self._ask_with(providers, group).items():
                    nearest, answers = told.setdefault(key, (distance, set()))
                    if distance == nearest:
                        answers.add(answer)
                        self.borrowed.setdefault(key.name, providers)
            for key, (_, answers) in told.items():
                if len(answers) == 1:
                    self.found[key] = answers.pop()

    def _ask_with(self, providers: Sequence[str], macros: Sequence[Macro]) -> dict[Key, Answer]:
        """What macros are with these further headers, and with what those lack.

        They come behind the header, or before it where they define the same names.
        """
        for _ in range(2):
            names = (*self.context, *AFTER, *providers)
            preprocessed = preprocess(self.target, names)
            if preprocessed is None or any(
                preprocessed.macros.get(macro.name) != macro for macro in macros
            ):
                names = (*providers, *self.context, *AFTER)
                preprocessed = preprocess(self.target, names)
            if preprocessed is None:
                return {}
            reached = [one for macro in macros for one in preprocessed.reach(macro)]
            missing = missing_of(reached, preprocessed)
            more = next(provisions(self.target, self.header.name, missing), None)
            if more is None:
                break
            providers = (*providers, *more.headers)
        questions = [question for macro in macros for question in _about_macro(macro, preprocessed)]
        try:
            return ask(self.target, includes(names), questions, self.directory).answers
        except ContextError:
            return {}

    def _add(self, answers: Answers, macro: Macro) -> None:
        if macro.params is not None:
            calls = [
                (key.arguments, answer.integer)
                for key, answer in self.found.items()
                if key.kind == "call" and key.name == macro.name and answer.integer is not None
            ]
            # A macro of numbers may take a type, too, as a cast; nobody means that.
            numbers = [call for call in calls if all(isinstance(one, int) for one in call[0])]
            if calls:
                answers["calls"][macro.name] = numbers or calls
            return
        if not macro.body:
            return
        key = Key("macro", macro.name)
        answer = self.found.get(key)
        if answer is None:
            answers["others"][macro.name] = self.refused[key]
        elif answer.integer is not None:
            answers["integers"][macro.name] = answer.integer
            if answer.ioctl is not None:
                answers["ioctls"][macro.name] = answer.ioctl
        elif answer.real is not None:
            answers["reals"][macro.name] = answer.real
        elif answer.address is not None and answer.string is None:
            answers["addresses"][macro.name] = answer.address
        elif answer.string is not None:
            answers["strings"][macro.name] = answer.string.decode("latin-1")
        else:
            answers["others"][macro.name] = "neither a number nor a string"


# Questions

_IOCTLS = frozenset({"_IO", "_IOR", "_IOW", "_IOWR", "_IOC"})
_STATEMENTS = frozenset("{};")


def _about_macro(macro: Macro, preprocessed: Preprocessed) -> Iterator[Question]:
    if macro.params is not None:
        types = type_places(macro, preprocessed.macros)
        for arguments in argument_lists(len(macro.params), types):
            call = f"{macro.name}({', '.join(map(spelled, arguments))})"
            yield Question(Key("call", macro.name, arguments), call, is_call=True)
    elif macro.body:
        reach = list(preprocessed.reach(macro))
        yield Question(
            Key("macro", macro.name),
            macro.name,
            is_ioctl=_is_ioctl(reach),
            maybe_string=any('"' in reached.body for reached in reach),
        )


def _is_ioctl(reach: Sequence[Macro]) -> bool:
    """Whether a macro is made by those of linux/ioctl.h, and no choice between several."""
    others = [macro for macro in reach if not macro.name.startswith("_IO")]
    return any(not _IOCTLS.isdisjoint(macro.tokens) for macro in others) and not any(
        "?" in macro.body for macro in others
    )


def _trouble(reach: Iterable[Macro]) -> int:
    """How far gcc's parser may lose its way in a macro, and blame the lines behind it.

    0: not at all; 1: there are statements or braces in it; 2: brackets that do not match.
    """
    trouble = 0
    for macro in reach:
        if any(macro.body.count(a) != macro.body.count(b) for a, b in ("()", "[]", "{}")):
            return 2
        if not _STATEMENTS.isdisjoint(macro.body):
            trouble = 1
    return trouble
