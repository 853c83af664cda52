"""Many headers as a package: parts put together, a module for each file.

Modules mirror the paths by which C includes the files: ``linux/fuse.h`` is
``linux.fuse``, ``linux/in.h`` is ``linux.in_``; where a directory has a header's
name (``linux/can.h``, ``linux/can/``), that header is the package's ``__init__``.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import uapigen
from uapigen.emit.package import python_text, support_files, title_of
from uapigen.emit.parts import Part
from uapigen.emit.stubs import api_stub
from uapigen.emit.templates import render
from uapigen.emit.text import LINE_LENGTH, entries, item_tuple
from uapigen.layout.targets import DataModel

__all__ = ["Linked", "differing", "linked_files", "merged", "module_path"]

_RESERVED = frozenset({"__init__", "_support", "_facts", "_abi", "_index", "_typing", "py"})
"""Names that a package's own files have."""

_API = ("__abi__", "asdict", "ctype", "flexible", "ioctl", "functions", "variables")
_MAY_REDEFINE = '# mypy: disable-error-code="assignment, no-redef"\n'
"""A header may define what one that it includes has, too."""
_NOT_WORD = re.compile(r"\W+", re.ASCII)


def module_path(module: str) -> tuple[str, ...]:
    """``linux/netfilter/xt_TCPMSS.h`` as Python imports it, in parts."""
    parts = [part for part in module.split("/") if part not in ("", ".", "..")]
    parts[-1:] = [parts[-1].removesuffix(".h")] if parts else ["header"]
    return tuple(map(_word, parts))


def _word(name: str) -> str:
    word = _NOT_WORD.sub("_", name) or "_"
    if word[0].isdigit():
        word = f"_{word}"
    return f"{word}_" if keyword.iskeyword(word) or word in _RESERVED else word


def merged(parts: Iterable[Part]) -> tuple[dict[str, Part], list[str]]:
    """One part for each file, and a sentence for each difference between units.

    The given header's own unit is believed, else the first that has the file.
    """
    found: dict[str, Part] = {}
    notes = []
    for part in sorted(parts, key=lambda p: (not p.whole, p.unit)):
        first = found.get(part.file.path)
        if first is None:
            found[part.file.path] = part
            continue
        notes += _differences(first, part)
        if not first.whole:
            first.merge(part)
    for part in found.values():
        part.tidy()
    return found, notes


def _differences(believed: Part, other: Part) -> list[str]:
    return [
        f"{spelling} of {believed.file.module} differs where another header includes it"
        for spelling, fingerprint in other.defines.items()
        if believed.defines.get(spelling, fingerprint) != fingerprint
    ]


class Linked:
    """All parts, and where each file's module lies."""

    def __init__(
        self,
        parts: Mapping[str, Part],
        includes: Mapping[str, Sequence[str]],
        given: Collection[str] = (),
    ) -> None:
        self.parts = parts
        self.namesakes: list[str] = []
        """A sentence for each file that another one of its name keeps from its module."""
        self._includes = includes
        self._listed: dict[str, list[str]] = {}
        self.modules: dict[str, tuple[str, ...]] = {}
        taken: dict[tuple[str, ...], list[str]] = {}
        # Of two files of one name, the one that was asked for has the name's module.
        for path in sorted(parts, key=lambda path: path not in given):
            wanted = module_path(parts[path].file.module)
            paths = taken.setdefault(wanted, [])
            paths.append(path)
            last = wanted[-1] if len(paths) == 1 else f"{wanted[-1]}___{len(paths)}"
            self.modules[path] = (*wanted[:-1], last)
            if len(paths) > 1:
                first, other = self.dotted(paths[0]), self.dotted(path)
                self.namesakes.append(f"{first} is {paths[0]}; {path} is {other}")
        self.folders: dict[tuple[str, ...], set[str]] = {}
        for module in self.modules.values():
            for depth in range(len(module)):
                self.folders.setdefault(module[:depth], set()).add(module[depth])

    def includes(self, path: str) -> list[str]:
        """Dotted modules of what a file includes; of files without one, what those include."""
        if path not in self._listed:
            self._listed[path] = self._include_list(path)
        return self._listed[path]

    def _include_list(self, path: str) -> list[str]:
        part = self.parts[path]
        found: dict[str, None] = {}
        seen = {path}
        todo = [*reversed((*self._includes.get(path, ()), *part.before))]
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            if at in self.parts:
                found[self.dotted(at)] = None
            else:
                todo += reversed(self._includes.get(at, ()))
        return list(found)

    def reaches(self, module: str, path: str) -> bool:
        """Whether a module's header includes a file, directly or not."""
        wanted, paths = self.dotted(path), self._paths
        seen = {module}
        todo = [module]
        while todo:
            new = [m for m in self.includes(paths[todo.pop()]) if m not in seen]
            if wanted in new:
                return True
            seen.update(new)
            todo += new
        return False

    @cached_property
    def _paths(self) -> dict[str, str]:
        """By dotted module, the file's path."""
        return {self.dotted(path): path for path in self.parts}

    def dotted(self, path: str) -> str:
        """The module of a file, below the package."""
        return ".".join(self.modules[path])


def differing(linked: Linked) -> dict[int, dict[str, set[str]]]:
    """What a part uses that the package has otherwise: unit -> path -> C spellings.

    The type that the unit saw is not the one in its file's own module (what was
    included before made it another one), so the header needs a copy of its own.
    """
    found: dict[int, dict[str, set[str]]] = {}
    for path, part in linked.parts.items():
        for spelling, fingerprint in part.uses.items():
            if spelling in part.defines:
                continue
            there = linked.parts.get(part.links[spelling])
            if there is None or there.defines.get(spelling) != fingerprint:
                found.setdefault(part.unit, {}).setdefault(path, set()).add(spelling)
    return found


def linked_files(
    linked: Linked, model: DataModel, about: Mapping[str, object], title: str
) -> Iterator[tuple[str, str]]:
    """(path below the package, text) of all its files. ``about`` is its ``__abi__``."""
    scalars: dict[str, tuple[str, int, int]] = {}
    for part in linked.parts.values():
        scalars |= part.scalars
    yield (
        "_facts.py",
        (
            "# type: ignore\n"
            '"""Base types of C: name -> (kind letter, size, alignment), in bytes."""\n\n'
            f"SCALARS = {python_text(dict(sorted(scalars.items())))}\n"
        ),
    )
    yield "_index.py", _index(linked)
    yield "_typing.pyi", f"{render('typing.pyi', p='')}\nioctl: IoctlCall\n{api_stub('')}"
    yield "py.typed", ""
    yield from support_files(headers=True).items()
    for folder, modules in linked.folders.items():
        if folder not in linked.modules.values():
            yield from _folder(folder, sorted(modules), title, about)
    for path in linked.parts:
        yield from _module(linked, path, model, about)


def _index(linked: Linked) -> str:
    where: dict[str, dict[int, str]] = {}
    for path in linked.parts:
        for spelling, fingerprint in linked.parts[path].defines.items():
            where.setdefault(spelling, {}).setdefault(fingerprint, linked.dotted(path))
    pairs = []
    for spelling, modules in where.items():
        listed = [f'"{module}"' for module in modules.values()]
        pairs.append((spelling, listed[0] if len(listed) == 1 else item_tuple(spelling, listed)))
    head = '# type: ignore\n"""C spelling of a type -> the module that has it."""\n\n'
    return head + entries("INDEX", pairs)


def _folder(
    folder: tuple[str, ...],
    modules: Sequence[str],
    title: str,
    about: Mapping[str, object],
) -> Iterator[tuple[str, str]]:
    """A package that is no header's."""
    dots = "." * (len(folder) + 1)
    facts = f"_MODULES = {_tuple(modules)}\n"
    if not folder:  # of many headers, their digests are not read with each import
        what = '# type: ignore\n"""What the bindings are for and what they were made from."""\n\n'
        yield "_abi.py", f"{what}ABI = {python_text(about)}\n"
    else:
        title = f"Headers below {'/'.join(folder)}/."
    base = "/".join((*folder, "__init__"))
    opener = "open_folder" if folder else "open_root"
    yield (
        f"{base}.py",
        render(
            "folder.py",
            title=title,
            version=uapigen.__version__,
            facts=facts,
            dots=dots,
            opener=opener,
        ),
    )
    body = "".join(f"from . import {module} as {module}\n" for module in modules)
    if not folder:
        body += "".join(_api(dots)[:5])
    yield f"{base}.pyi", f'"""{title}"""\n\n{body}'


def _api(dots: str) -> list[str]:
    return [f"from {dots}_typing import {name} as {name}\n" for name in _API]


def _tuple(items: Sequence[str], indent: int = 0) -> str:
    """A tuple of words as black sets it, with a trailing comma."""
    quoted = [f'"{item}"' for item in items]
    if len(quoted) < 2:
        return f"({quoted[0]},)" if quoted else "()"
    line = f"({', '.join(quoted)})"
    if indent + len(line) <= LINE_LENGTH - 20:
        return line
    pad = " " * (indent + 4)
    return "(\n" + "".join(f"{pad}{item},\n" for item in quoted) + f"{' ' * indent})"


def _module(
    linked: Linked, path: str, model: DataModel, about: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """A header's module and its stub."""
    part = linked.parts[path]
    module = linked.modules[path]
    inner = sorted(linked.folders.get(module, ()))
    title = title_of(part.file.module, model)
    own = {**about, "sources": [part.source]}
    if part.prerequisites:
        own["prerequisites"] = sorted(part.prerequisites)
    includes = linked.includes(path)
    links = {
        spelling: linked.dotted(there)
        for spelling, there in sorted(part.links.items())
        if there in linked.parts and there != path and spelling not in part.defines
    }
    dots = "." * (len(module) + bool(inner))
    base = "/".join((*module, "__init__") if inner else module)
    yield (
        f"{base}.py",
        render(
            "header.py",
            title=title,
            version=uapigen.__version__,
            abi=python_text(own),
            tables="".join(_tables(part, includes, links, inner)),
            dots=dots,
            depth=len(module),
        ),
    )
    typing = [f"from {dots} import _typing as _s\n", *_api(dots)]
    typing += [f"from . import {name} as {name}\n" for name in inner]
    # Type checkers lose names where modules import all of each other's.
    typing += [
        f"from {dots}{included} import *\n"
        for included in includes
        if included > linked.dotted(path) or not linked.reaches(included, path)
    ]
    for name, there in sorted(part.stub_imports.items()):
        if there in linked.parts and there != path:
            typing.append(f"from {dots}{linked.dotted(there)} import {name} as _i_{name}\n")
    text = render("stub.pyi", title=title, typing="".join(typing).rstrip("\n"), body=part.stub)
    yield f"{base}.pyi", (_MAY_REDEFINE + text).rstrip("\n") + "\n"


def _tables(
    part: Part, includes: Sequence[str], links: Mapping[str, str], inner: Sequence[str]
) -> Iterator[str]:
    """The facts of a module, without those that would be empty."""
    if inner:
        yield f"# What lies below it\n_MODULES = {_tuple(inner)}\n\n"
    if includes:
        yield f"# Modules of the headers that it includes\n_INCLUDES = {_tuple(includes)}\n\n"
    if links:
        yield f"# C spelling -> the module that defines it\n_LINKS = {python_text(dict(links))}\n\n"
    if part.aliases:
        yield (
            "# Exact C spelling -> the spelling by which the tables know the type\n"
            f"_ALIASES = {python_text(dict(sorted(part.aliases.items())))}\n\n"
        )
    if part.incomplete:
        yield f"# Declared but not defined\n_INCOMPLETE = {python_text(part.incomplete)}\n\n"
    for name in ("records", "enums"):
        statements = getattr(part, name)
        if statements:
            text = "".join(f"\n\n{statements[key]}" for key in sorted(statements))
            yield f'_{name.upper()} = r"""\n{text}"""\n\n'
    for name in ("typedefs", "constants", "functions", "ioctls"):
        pairs = getattr(part, name)
        if pairs:
            yield f'_{name.upper()} = r"""\n{entries(name.upper(), pairs.items())}"""\n\n'
    if part.macros:
        text = "".join(f"\n\n{part.macros[name]}" for name in sorted(part.macros))
        yield f'_MACROS = r"""\n{text}"""\n\n'
