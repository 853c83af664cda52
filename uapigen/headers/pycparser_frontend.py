"""The pycparser front end: one header, read for one target without libclang, as a :class:`Unit`.

A preprocessor expands it (``pycparser_cpp.py``), its declarations are cut apart and
those chosen that it needs (``pycparser_declarations.py``), rewritten as plain C
(``pycparser_rewrite.py``), parsed by pycparser, and converted (``pycparser_types.py``).

A header that does not stand alone is read again with what declares the missing names included
before it; a macro over names that are not declared is evaluated again with that
included behind it (``context.py`` finds both).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from uapigen.errors import InputError, SystemRefusalError
from uapigen.headers.bounds import INSTALLED, in_bounds
from uapigen.headers.comments import add_comments
from uapigen.headers.context import Need, providers
from uapigen.headers.files import FileNames
from uapigen.headers.options import HeaderOptions
from uapigen.headers.prerequisites import headers_for, includers
from uapigen.headers.pycparser_cpp import Preprocessor
from uapigen.headers.pycparser_macros import Evaluation
from uapigen.headers.pycparser_reading import Reading
from uapigen.ir.declarations import Unit

__all__ = ["read_header"]

_TRIALS = 16
"""Readings that finding one header's prerequisites may cost."""
_ROUNDS = 3
"""How often macros are tried again with more headers behind them."""

_IOCTL_TYPES = frozenset({"unsigned int", "unsigned long"})


def read_header(path: str, options: HeaderOptions, names: FileNames | None = None) -> Unit:
    """Read a header for a target.

    ``names`` knows all headers of the run, where this is one of several: what
    another one of them defines is listed in that one's unit, and here only as
    far as this header needs it. Raises :class:`InputError` where the header
    cannot be preprocessed or parsed, as ``file: line: text``, and
    :class:`~uapigen.errors.UsageError` where ``options.cpp`` is for another target.
    """
    if not os.access(path, os.R_OK):
        problem = "cannot be read" if os.path.exists(path) else "no such file"
        raise SystemRefusalError(f"{path}: {problem}")
    header = _Header(path, options, names or FileNames([path], options))
    if os.path.realpath(path).startswith(INSTALLED):
        return header.unit()
    return in_bounds(path, header.unit)


class _Header:
    """A header and the ways in which it is read."""

    def __init__(self, path: str, options: HeaderOptions, names: FileNames) -> None:
        self.path = path
        self.options = options
        self.names = names
        self.preprocessor = Preprocessor(options)
        self.directories = self.preprocessor.directories(path)
        self.before: list[str] = []
        self.after: list[str] = []
        self.direct = True
        """Whether it may be included by itself; else the last of ``before`` includes it."""

    def unit(self) -> Unit:
        """The unit; raises :class:`InputError`."""
        try:
            return self._unit()
        except RecursionError:
            raise InputError(self.path, "", "nests too deeply") from None

    def _unit(self) -> Unit:
        reading = self._stand_alone()
        evaluation = Evaluation(reading.macros, reading.scope, reading.functions())
        evaluation.macros_of(reading.owned)
        self._in_context(evaluation, reading)
        for name, header in reading.inline:
            evaluation.inline(name, header)
        ioctls, aliases = self._types_of_macros(evaluation, reading)
        reading = self._with_types(reading, [t for tokens in ioctls.values() for t in tokens])
        unit = Unit(
            graph=reading.graph,
            header=reading.header,
            files=reading.files(),
            owners=reading.owners,
            constants=evaluation.constants,
            macros=evaluation.functions,
            omissions=reading.omissions + evaluation.omissions,
            prerequisites=tuple(self.before),
            ioctl_arguments={
                name: spelling
                for name, tokens in ioctls.items()
                if (spelling := reading.type_spelling(tokens)) or not tokens
            },
            type_aliases=aliases,
        )
        add_comments(unit, reading.owned)
        return unit

    def _read(
        self,
        before: Sequence[str],
        after: Sequence[str] = (),
        only: Collection[str] | None = None,
        also: Collection[str] = (),
    ) -> Reading:
        output = self.preprocessor.run(self.path, before, after, direct=self.direct)
        return Reading(self.path, output, self.options, self.names, only, also)

    # What must be included before the header

    def _stand_alone(self) -> Reading:
        """The header, read without lacks; raises the first one where nothing helps."""
        try:
            reading = first = self._read([])
        except InputError as error:
            if "directly" not in error.problem:
                raise
            return self._indirectly(error)
        tried: set[str] = set()
        while reading.lacks:
            better = self._with_one_more(reading, tried)
            if better is None:
                lack = first.lacks[0]
                raise InputError(lack.source, lack.place, lack.problem)
            reading = better
        if reading.conflicts:
            raise reading.conflicts[0]
        return reading

    def _indirectly(self, refusal: InputError) -> Reading:
        """The header, read through one that includes it."""
        self.direct = False
        for includer in includers(self.path)[:_TRIALS]:
            try:
                reading = self._read([includer])
            except InputError:
                continue
            if not reading.lacks and not reading.conflicts:
                self.before = [includer]
                return reading
        raise refusal

    def _with_one_more(self, reading: Reading, tried: set[str]) -> Reading | None:
        """The header read behind one more prerequisite, or None."""
        for lack in reading.lacks:
            for header in headers_for(lack.need, self.path, self.directories):
                if header in tried:
                    continue
                if len(tried) == _TRIALS:
                    return None
                tried.add(header)
                try:
                    new = self._read([*self.before, header])
                except InputError:
                    continue  # at odds with the header, or with what is before it
                helps = all(other.need != lack.need for other in new.lacks)
                if helps and not new.conflicts:
                    self.before.append(header)
                    return new
        return None

    # What must be included behind it for the macros' sake

    def _in_context(self, evaluation: Evaluation, reading: Reading) -> None:
        """Evaluate again what failed for names that are declared elsewhere."""
        pending = evaluation
        if reading.declares(evaluation.needs()):
            # Only macros use them: they were left out.
            pending = self._again(evaluation, reading.for_macros(evaluation.failed()))
        searched: set[Need] = set()
        for _ in range(_ROUNDS):
            new: dict[str, None] = {}
            for need in pending.needs():
                if need not in searched:
                    searched.add(need)
                    found = providers(need, os.path.abspath(self.path), self.directories)
                    new |= dict.fromkeys(found.headers[:1])
            if not new:
                return
            richer = self._richer(list(new), evaluation.failed())
            if richer is None:
                return
            pending = self._again(evaluation, richer)

    def _again(self, evaluation: Evaluation, richer: Reading) -> Evaluation:
        """Evaluate what failed with the declarations and further macros of another reading."""
        macros = {**richer.macros, **evaluation.macros}
        pending = Evaluation(macros, richer.scope, richer.functions())
        pending.macros_of(richer.owned, evaluation.failed())
        evaluation.take(pending)
        return pending

    def _richer(self, new: list[str], failed: Sequence[str]) -> Reading | None:
        """Read with more behind the header: all at once or, where they conflict, each that goes."""
        for more in [new] if len(new) == 1 else [new, *([name] for name in new)]:
            try:
                reading = self._read(self.before, [*self.after, *more], failed)
            except InputError:
                continue
            self.after += more
            return reading
        return None

    # What types macros speak of

    def _types_of_macros(
        self, evaluation: Evaluation, reading: Reading
    ) -> tuple[dict[str, list[str]], dict[str, str]]:
        """What ioctl numbers are made for, as tokens, and the types that macros are."""
        if not (evaluation.constants or evaluation.omissions):
            return {}, {}
        from uapigen.headers.pycparser_ioctls import MacroTypes

        types = MacroTypes(evaluation.macros)
        ioctls = {}
        for constant in evaluation.constants:
            if constant.c_type in _IOCTL_TYPES:
                argument = types.ioctl_argument(constant.name)
                if argument is not None:
                    ioctls[constant.name] = argument
        aliases = {}
        for name in evaluation.failed_constants():
            tokens = types.expansion(name)
            spelling = reading.type_spelling(tokens) or reading.tag_spelling(tokens)
            if spelling:
                aliases[name] = spelling
        evaluation.are_types(aliases)
        return ioctls, aliases

    def _with_types(self, reading: Reading, tokens: Sequence[str]) -> Reading:
        """The same with the types that the tokens name, as far as they are to be had."""
        lacking = reading.lacking(tokens)
        if not lacking:
            return reading
        richer = self._read(self.before, self.after, also=lacking)
        return reading if richer.lacks or richer.conflicts else richer
