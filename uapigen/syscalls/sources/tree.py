"""Prototypes from a kernel source tree.

``SYSCALL_DEFINEn`` and ``COMPAT_SYSCALL_DEFINEn`` say an entry's parameters where it is defined
(``include/linux/syscalls.h``). Some entries are plain functions, of the architecture or declared
in ``linux/syscalls.h`` and ``linux/compat.h``; those are looked for by name. Invocations
are found by their tokens, types parsed by ``headers/parse.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from uapigen.errors import InputError, SystemRefusalError
from uapigen.ir.spelling import Speller
from uapigen.ir.types import FuncProto
from uapigen.syscalls.prototypes import Params, Prototypes, make_param, params
from uapigen.syscalls.sources.kernel_text import Condition, KernelText, Macro, holds, read_text
from uapigen.syscalls.sources.kernels import Kernel

__all__ = ["Definition", "Tree", "invocations"]

_MACRO = re.compile(rb"SYSCALL(?:32)?_DEFINE\d\s*\(")
_DEFINE = re.compile(r"(COMPAT_SYSCALL|SYSCALL32|SYSCALL)_DEFINE(\d)")
_SKIPPED = frozenset({"Documentation", "tools", "samples", "scripts", "sound", "um", ".git"})
"""Directories without entry points: ``um`` is a kernel of its own, which no ABI here is for."""
_STAND_INS = frozenset({"nommu.c", "posix-stubs.c", "pci-noop.c", "sys_ni.c"})
"""Files with entries for machines without the thing: their types are not kept up."""
_DECLARING = ("include/linux/syscalls.h", "include/linux/compat.h", "include/asm-generic/compat.h",
              "include/asm-generic/syscalls.h")  # fmt: skip
_WORD_SIZE = re.compile(r"(32|64)\.c$")
_REGISTERS = "struct pt_regs *"
_NO_TYPES = frozenset(
    {"asmlinkage", "static", "inline", "notrace", "__visible", "extern", "noinline"}
)


class Definition(NamedTuple):
    """An entry's parameter list, still as tokens."""

    entry: str
    arguments: tuple[tuple[str, ...], ...]
    """By macro: type, name, type, name. Of a function: its parameters."""
    by_macro: bool
    path: str
    """In the tree."""
    line: int
    condition: Condition
    has_body: bool = True

    @property
    def arch(self) -> str:
        """The directory in ``arch/``; "" for what all architectures share."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "arch" else ""


class Tree:
    """A kernel source tree; read once, asked for each ABI."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        """Raises :class:`SystemRefusalError` where it is no tree or cannot be read."""
        self.directory = Path(directory)
        self.release = self._release()
        self.definitions: dict[str, list[Definition]] = {}
        self._macros: dict[str, dict[str, list[Macro]]] = {}
        for path in self._files(self.directory):
            data = _content(path)
            if _MACRO.search(data):
                name = str(path.relative_to(self.directory))
                text = self._read(name, data)
                for definition in invocations(text, name):
                    self.definitions.setdefault(definition.entry, []).append(definition)
        self._shared = [
            self._read(name) for name in _DECLARING if (self.directory / name).is_file()
        ]
        self._functions: dict[str, list[tuple[str, KernelText, frozenset[str]]]] = {}

    @property
    def shared(self) -> frozenset[str]:
        """Entries that are defined outside of ``arch/`` only."""
        return frozenset(
            entry for entry, found in self.definitions.items() if not any(d.arch for d in found)
        )

    def prototypes(self, kernel: Kernel, entries: Iterable[str]) -> Prototypes:
        """The prototypes of these entries for a kernel.

        What the tree does not have is left out; raises :class:`InputError` for a parameter list
        that is none.
        """
        found: dict[str, Params] = {}
        for entry in entries:
            definition = self._choice(entry, kernel)
            if definition is not None:
                found[entry] = self._params(definition, kernel)
        return Prototypes(f"tree {self.release}", found)

    def place(self, entry: str, kernel: Kernel) -> str:
        """Where the entry's definition is; "" if there is none."""
        found = self._choice(entry, kernel)
        return f"{found.path}:{found.line}" if found else ""

    def _release(self) -> str:
        makefile = self.directory / "Makefile"
        try:
            text = makefile.read_text("utf-8")
        except OSError as error:
            raise SystemRefusalError(f"{makefile}: {error.strerror or error}") from None
        parts = [re.search(rf"^{word} *= *(\d+)$", text, re.MULTILINE)
                 for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]  # fmt: skip
        numbers = [part[1] for part in parts if part]
        if len(numbers) != len(parts):
            raise InputError(str(makefile), "", "is not that of a kernel source tree")
        return ".".join(numbers)

    def _files(self, top: Path, suffixes: tuple[str, ...] = (".c",)) -> Iterator[Path]:
        for directory, names, files in os.walk(top):
            names[:] = sorted(set(names) - _SKIPPED)
            for file in sorted(files):
                if file.endswith(suffixes) and file not in _STAND_INS:
                    yield Path(directory, file)

    def _read(self, name: str, data: bytes | None = None) -> KernelText:
        raw = _content(self.directory / name) if data is None else data
        text = read_text(raw.decode("utf-8", "replace"))
        self._macros[name] = text.macros
        return text

    # Choosing among definitions of one name

    def _choice(self, entry: str, kernel: Kernel) -> Definition | None:
        known = kernel.defined(compat=entry.startswith("compat_"))
        word = kernel.kernel_bits if entry.startswith("compat_") else kernel.bits
        found = self._ranked(self.definitions.get(entry, ()), kernel, known, word)
        if found is None:
            found = self._ranked(self._plain(entry, kernel), kernel, known, word)
        return found

    @staticmethod
    def _ranked(
        definitions: Iterable[Definition], kernel: Kernel, known: Mapping[str, bool], word: int
    ) -> Definition | None:
        best, best_rank = None, (0, 0, 0, 0)
        for definition in definitions:
            if definition.arch not in ("", kernel.directory):
                continue
            suffix = _WORD_SIZE.search(definition.path)
            if suffix and definition.arch and int(suffix[1]) != word:
                fits = 0  # a file for the other word size, unless there is no other
            else:
                fits = 1
            truth = holds(definition.condition, known)
            if truth is False:
                continue
            rank = (1 + fits, int(bool(definition.arch)), int(definition.has_body),
                    int(truth is True))  # fmt: skip
            if rank > best_rank:
                best, best_rank = definition, rank
        return best

    def _plain(self, entry: str, kernel: Kernel) -> list[Definition]:
        """Definitions and declarations of a plain function of that name."""
        found: list[Definition] = []
        for name, text, words in self._of_arch(kernel.directory):
            if entry in words:
                found += _functions(text, entry, name)
        for name, text in zip(_DECLARING, self._shared, strict=False):
            found += _functions(text, entry, name)
        return found

    def _of_arch(self, arch: str) -> list[tuple[str, KernelText, frozenset[str]]]:
        """The architecture's files that speak of entries, tokenized."""
        if arch not in self._functions:
            read = []
            for path in self._files(self.directory / "arch" / arch, (".c", ".h")):
                data = _content(path)
                if b"asmlinkage" in data or b"SYSCALL" in data or b"syscall" in data:
                    name = str(path.relative_to(self.directory))
                    text = self._read(name, data)
                    read.append((name, text, frozenset(text.tokens)))
            self._functions[arch] = read
        return self._functions[arch]

    # From tokens to parameters

    def _params(self, definition: Definition, kernel: Kernel) -> Params:
        try:
            if not definition.by_macro:
                return _of_function(definition)
            arguments = self._expanded(definition, kernel)
            if len(arguments) % 2:
                raise InputError("", "", "has a type without a name")
            texts = [" ".join(argument) for argument in arguments]
            return params(zip(texts[::2], texts[1::2], strict=True))
        except InputError as error:
            place = f"line {definition.line}"
            path = str(self.directory / definition.path)
            raise InputError(path, place, f"{definition.entry}: {error.problem}") from None

    def _expanded(self, definition: Definition, kernel: Kernel) -> list[tuple[str, ...]]:
        """A macro's arguments, with the macros among them that make two of one."""
        known = kernel.defined(compat=definition.entry.startswith("compat_"))
        macros = [self._macros[definition.path], *(self._macros[n] for n in _DECLARING
                                                   if n in self._macros)]  # fmt: skip
        found: list[tuple[str, ...]] = []
        for argument in definition.arguments:
            candidates = [m for own in macros for m in own.get(argument[0], ())]
            if len(argument) > 2 and argument[1] == "(" and candidates:
                macro = max(candidates, key=lambda m: _truth(holds(m.condition, known)))
                found += _split([*_substituted(macro, _split(list(argument[2:-1])))])
            else:
                found.append(argument)
        return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None


def _truth(value: bool | None) -> int:
    return {True: 2, None: 1, False: 0}[value]


def _substituted(macro: Macro, arguments: list[tuple[str, ...]]) -> Iterator[str]:
    """A macro's body with its arguments in place; ``##`` joins words."""
    if len(macro.params) != len(arguments):
        raise InputError("", "", f"gives a macro {len(arguments)} arguments")
    values = dict(zip(macro.params, arguments, strict=True))
    made: list[str] = []
    joins = False
    for token in macro.body:
        if token == "##":
            joins = True
            continue
        for part in values.get(token, (token,)):
            if joins and made:
                made[-1] += part
                joins = False
            else:
                made.append(part)
    return iter(made)


def invocations(text: KernelText, path: str) -> Iterator[Definition]:
    """All invocations of the macros in a file; raises :class:`InputError` for one of no name."""
    tokens = text.tokens
    for at, token in enumerate(tokens):
        macro = _DEFINE.fullmatch(token)
        if macro and tokens[at + 1 : at + 2] == ["("]:
            named, *arguments = _split(tokens[at + 2 : _closing(tokens, at + 1)]) or [()]
            if len(named) != 1:
                raise InputError(path, f"line {text.lines[at]}", f"{token} without a name")
            name, condition = named[0], text.conditions[at]
            if macro[1] == "SYSCALL32":  # linux/compat.h: native where 32-bit kernels split
                split = ("defined(CONFIG_ARCH_SPLIT_ARG64)", True)
                yield Definition(
                    f"sys_{name}", tuple(arguments), True, path, text.lines[at],
                    (*condition, split),
                )  # fmt: skip
            prefix = "sys_" if macro[1] == "SYSCALL" else "compat_sys_"
            yield Definition(prefix + name, tuple(arguments), True, path, text.lines[at], condition)


def _functions(text: KernelText, name: str, path: str) -> Iterator[Definition]:
    """Definitions and declarations of a function, at a file's outermost level."""
    tokens = text.tokens
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        if token != name or depth > 0 or tokens[at + 1 : at + 2] != ["("]:
            continue
        closing = _closing(tokens, at + 1)
        after = tokens[closing + 1 : closing + 2]
        before = tokens[at - 1] if at else ";"
        if after not in (["{"], [";"]) or not (before == "*" or re.match(r"\w", before)):
            continue
        parameters = tuple(_split(tokens[at + 2 : closing]))
        yield Definition(
            name, parameters, False, path, text.lines[at], text.conditions[at], after == ["{"]
        )


def _of_function(definition: Definition) -> Params:
    from uapigen.headers.parse import parse_type

    listed = ", ".join(
        " ".join(token for token in parameter if token not in _NO_TYPES)
        for parameter in definition.arguments
    )
    parsed = parse_type(f"long entry({listed or 'void'})")
    node = parsed.graph[parsed.type_id]
    if not isinstance(node, FuncProto):
        raise InputError("", "", "is no function")
    speller = Speller(parsed.graph)
    made = [
        make_param(param.name or f"arg{number}", speller.spell(param.type))
        for number, param in enumerate(node.params)
    ]
    # What takes the registers takes no arguments: it restores them.
    return () if any(param.c_type == _REGISTERS for param in made) else tuple(made)


def _closing(tokens: list[str], opening: int) -> int:
    """The index of the bracket that closes the one at ``opening``; the end if none does."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at] == "(") - (tokens[at] == ")")
        if not depth:
            return at
    return len(tokens)


def _split(tokens: list[str]) -> list[tuple[str, ...]]:
    """Tokens between commas that no bracket encloses."""
    found: list[tuple[str, ...]] = []
    part: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "," and not depth:
            found.append(tuple(part))
            part = []
        else:
            part.append(token)
    if part:
        found.append(tuple(part))
    return found
