"""Many headers in few translation units: for a comparison, which needs their facts alone.

A header is read for what it says by itself. Hundreds that share their includes say the same in one
translation unit, for a hundredth of the work, unless they are at odds: the compiler tells of types
(``redefinition of``), ``interference.py`` of macros. Who is at odds with others is read by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property

from uapigen.errors import InputError
from uapigen.headers.clang import UnitReader, read_unbounded
from uapigen.headers.clang_library import Cursor
from uapigen.headers.clang_macros import Preprocessed, definition_at
from uapigen.headers.clang_parse import Position, TranslationUnit, as_path
from uapigen.headers.clang_values import add_functions, add_macros
from uapigen.headers.closed_texts import ClosedTexts
from uapigen.headers.files import FileNames, reachable, read_source
from uapigen.headers.interference import FileText, shown_body, undisturbed
from uapigen.headers.macros import MacroDefinition
from uapigen.headers.options import HeaderOptions
from uapigen.headers.read import Headers
from uapigen.headers.targets import clang_arguments, included_first
from uapigen.ir.declarations import Constant, MacroFunction, Omission, Unit

__all__ = ["Together"]

_NAME = re.compile(rb"[A-Za-z_$][\w$]*")


class Together:
    """Headers of one tree on their way; ``names`` are their paths.

    Raises :class:`InputError` where libclang gives up on them together.
    """

    def __init__(self, names: Sequence[str], options: HeaderOptions) -> None:
        self._options = options
        self._names = FileNames(names, options)
        self._arguments = clang_arguments(options, names[0])
        self._groups: list[_Group] = []
        self._alone: list[str] = []
        self._text_of = cache(lambda path: FileText.of(read_source(path)))
        self._is_system = cache(self._names.system)
        self._plan([self._names.canonical(name) for name in names])

    def texts(self) -> dict[str, str]:
        """By the name of a macro, all that its meaning hangs on, where that is known."""
        found: dict[str, str] = {}
        doubtful: set[str] = set()
        declared = self._declared_alone()
        for group in self._groups:
            for name, closed in group.texts(declared).items():
                if found.setdefault(name, closed) != closed:
                    doubtful.add(name)
        return {name: closed for name, closed in found.items() if name not in doubtful}

    def _declared_alone(self) -> set[str]:
        """Names that headers which are read alone may declare, and more."""
        files = map(self._text_of, self._alone)
        return {word.decode() for file in files for word in (*file.in_code, *file.defined)}

    def read(self, same: Mapping[str, str] | None = None) -> Headers:
        """All units; macros that are the ``same`` elsewhere have their text for a value."""
        same = same or {}
        headers = Headers()
        for group in self._groups:
            try:
                unit = group.unit(same)
                self._complete(unit)
                headers.units.append(unit)
            except InputError:
                self._alone += group.headers
            finally:
                group.close()
        for path in sorted(self._alone):
            try:
                unit = read_unbounded(path, self._options, self._names, known=same, comments=False)
            except InputError as error:
                module = self._names.module(path)
                headers.failed.append(Omission(module, "header", path, str(error)))
            else:
                headers.units.append(unit)
        return headers

    def _complete(self, unit: Unit) -> None:
        """Read macros that need what their header does not include as if it were alone.

        Behind hundreds of others, what they need may be at odds with one of those.
        """
        lacking: dict[str, set[str]] = {}
        functions: set[str] = set()
        for name, kind, header, reason in unit.omissions:
            if kind in _OF_MACROS and _LACKS.search(reason):
                lacking.setdefault(header, set()).add(name)
                if kind != "macro":
                    functions.add(name)
        for path, names in sorted(lacking.items()):
            try:
                alone = read_unbounded(
                    path,
                    self._options,
                    self._names,
                    known=_AllBut(names),
                    comments=False,
                    inline=False,
                    types=not names.isdisjoint(functions),
                )
            except InputError:
                continue  # what it says by itself is nothing
            unit.constants += [one for one in alone.constants if one.name in names]
            unit.macros += [one for one in alone.macros if one.name in names]
            unit.ioctl_arguments |= alone.ioctl_arguments
            unit.type_aliases |= alone.type_aliases
        if lacking:
            found = {one.name for one in unit.constants} | {one.name for one in unit.macros}
            unit.omissions = [one for one in unit.omissions if one.name not in found]

    # Which go together

    def _plan(self, paths: list[str]) -> None:
        whole = self._group(paths)
        blamed = whole.blamed()  # the preprocessor is not misled by their errors
        plain: list[str] = []
        with_libc: list[str] = []
        for path in paths:
            if path not in blamed:
                system = any(map(self._is_system, whole.closure(path)))
                (with_libc if system else plain).append(path)
        likely = self._undisturbed(whole, plain)
        self._alone = sorted(blamed.union(plain) - set(likely))
        whole.close()
        for waiting in (likely, with_libc):
            self._alone += self._add_group(waiting)

    def _add_group(self, paths: list[str]) -> list[str]:
        """Put headers that can be read together into a group; returns the others."""
        others: list[str] = []
        while len(paths) > 1:
            group, dropped = self._without_errors(paths)
            others += dropped
            if group is None:
                return others
            kept = self._undisturbed(group, group.headers)
            if len(kept) == len(group.headers):
                self._groups.append(group)
                return others
            others += sorted(set(group.headers) - set(kept))
            group.close()
            paths = kept
        return others + paths

    def _undisturbed(self, group: _Group, headers: Collection[str]) -> list[str]:
        """Headers of a group that read as if each were alone, as it seems; in its order."""
        closures = {path: group.closure(path) for path in headers}
        files = set().union(*closures.values())
        definers = {
            name: found for name, at in group.defined.items() if (found := at.keys() & files)
        }
        # What many include goes before what is at odds with it.
        including = Counter(path for closure in closures.values() for path in closure)
        kept = undisturbed(
            sorted(headers, key=lambda path: -including[path]),
            closures,
            definers,
            group.bodies,
            self._text_of,
            self._is_system,
        )
        return sorted(kept, key=group.headers.index)

    def _group(self, paths: Sequence[str]) -> _Group:
        return _Group(paths, self._options, self._arguments, self._names)

    def _without_errors(self, paths: Sequence[str]) -> tuple[_Group | None, list[str]]:
        """As many of the headers in one unit as can be, and those that must be left out for it."""
        dropped: list[str] = []
        left = list(paths)
        while left:
            group = self._group(left)
            blamed = group.blamed()
            if not blamed:
                return group, dropped
            group.close()
            dropped += sorted(blamed)
            left = [path for path in left if path not in blamed]
        return None, dropped


_OF_MACROS = frozenset({"macro", "function-like macro"})
_LACKS = re.compile("undeclared|incomplete type|unknown type|expect|not defined|^calls ")
"""Of reasons for which a macro is not in a unit; what other headers might change."""


class _AllBut(Collection[str]):
    """All names but these."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def __contains__(self, name: object) -> bool:
        return name not in self._names

    def __iter__(self) -> Iterator[str]:
        raise TypeError("without end")

    def __len__(self) -> int:
        raise TypeError("without end")


class _Group:
    """Headers in one translation unit, which stays until it is closed."""

    def __init__(
        self,
        headers: Sequence[str],
        options: HeaderOptions,
        arguments: Sequence[str],
        names: FileNames,
    ) -> None:
        self.headers = list(headers)
        self._options = options
        self._arguments = arguments
        self._names = names
        before = [*included_first(options), *map(as_path, headers)]
        self._parsed = TranslationUnit(
            headers[-1], arguments, before, direct=False, keep_going=True
        )
        self._paths: dict[int, str] = {}
        self._closures: dict[str, set[str]] = {}

    def close(self) -> None:
        self._parsed.close()

    @cached_property
    def defined(self) -> dict[bytes, dict[str, Position]]:
        """By the macro and the file: where it is defined last there."""
        found: dict[bytes, dict[str, Position]] = {}
        sources: dict[int, tuple[str, bytes]] = {}
        for position in self._preprocessed.definitions:
            file = position.file
            if file not in sources:
                path = self._path_of(file)
                sources[file] = path, read_source(path)
            path, source = sources[file]
            name = _NAME.match(source, position.offset)
            if name:
                found.setdefault(name[0], {})[path] = position
        return found

    @cached_property
    def _preprocessed(self) -> Preprocessed:
        found = Preprocessed()

        def visit(cursor: Cursor) -> bool:
            return not found.add(cursor, self._parsed, self._path_of)  # declarations come last

        self._parsed.visit(visit)
        return found

    def _path_of(self, file: int) -> str:
        path = self._paths.get(file)
        if path is None:
            name = self._parsed.file_name(file)
            path = self._paths[file] = self._names.canonical(name) if name else ""
        return path

    def closure(self, header: str) -> set[str]:
        """The files that a header reads, itself included."""
        found = self._closures.get(header)
        if found is None:
            found = self._closures[header] = reachable(header, self._preprocessed.includes)
        return found

    def bodies(self, name: bytes) -> set[str]:
        """What a macro is replaced by, by whichever file."""
        found = set()
        for path, (_, offset, line) in self.defined[name].items():
            definition = definition_at(read_source(path), offset, path, line)
            found.add(shown_body(definition.params, definition.body))
        return found

    def blamed(self) -> set[str]:
        """Headers without which there would be fewer errors; none if there are no errors."""
        diagnostics = self._parsed.diagnostics
        if not diagnostics:
            return set()
        files = {self._names.canonical(d.file) for d in diagnostics if d.file}
        # What includes one that is blamed has the same errors.
        at_fault = files & set(self.headers) or files
        reached = {path for path in self.headers if not at_fault.isdisjoint(self.closure(path))}
        return reached or set(self.headers)

    @cached_property
    def _reader(self) -> UnitReader:
        reader = UnitReader(self._parsed, self._options, self._names, self.headers)
        reader.preprocessed, reader.declared = self._preprocessed, set()
        return reader

    @cached_property
    def _types(self) -> Unit:
        return self._reader.unit()

    def texts(self, declared: Collection[str]) -> dict[str, str]:
        """As :meth:`Together.texts`; ``declared`` are names that others declare."""
        graph, reader = self._types.graph, self._reader
        assert reader.declared is not None
        texts = ClosedTexts(reader.macros, reader.declared, graph, declared)
        found = {}
        for name in reader.macros.of_files(reader.owned):
            closed = texts.of(name)
            if closed is not None:
                found[name] = closed
        return found

    def unit(self, same: Mapping[str, str]) -> Unit:
        unit, reader = self._types, self._reader
        own = reader.macros.of_files(reader.owned)
        known = {name for name in own if name in same}
        functions, _ = add_macros(
            unit,
            self._parsed,
            reader.macros,
            reader.owned,
            self._arguments,
            known,
            in_context=False,
        )
        _add_same(unit, (reader.macros[name] for name in own if name in known), same)
        add_functions(
            unit,
            self._parsed,
            functions,
            reader.macros,
            reader.functions,
            self._arguments,
            self._options.model,
            None,
        )
        return unit


def _add_same(unit: Unit, definitions: Iterable[MacroDefinition], same: Mapping[str, str]) -> None:
    """Macros that both sides have alike: what they are worth is of no interest."""
    for name, params, body, header, _ in definitions:
        if params is None:
            if body:
                unit.constants.append(Constant(name, same[name], "", header))
        else:
            unit.macros.append(MacroFunction(name, params, body, same[name], header))
