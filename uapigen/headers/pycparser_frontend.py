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
from collections.abc import Sequence

from uapigen.errors import InputError, SystemRefusalError
from uapigen.headers.context import Need, providers
from uapigen.headers.files import FileNames
from uapigen.headers.options import HeaderOptions
from uapigen.headers.pycparser_cpp import Preprocessor
from uapigen.headers.pycparser_macros import Evaluation
from uapigen.headers.pycparser_reading import Reading
from uapigen.headers.targets import include_directories
from uapigen.ir.declarations import Unit

__all__ = ["read_header"]

_TRIALS = 16
"""Readings that finding one header's prerequisites may cost."""
_PROVIDERS = 3
"""Headers tried for one name."""
_ROUNDS = 3
"""How often macros are tried again with more headers behind them."""


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
    return _Header(path, options, names or FileNames([path], options)).unit()


class _Header:
    """A header and the ways in which it is read."""

    def __init__(self, path: str, options: HeaderOptions, names: FileNames) -> None:
        self.path = path
        self.options = options
        self.names = names
        self.preprocessor = Preprocessor(options)
        self.directories = include_directories(options, path)

    def unit(self) -> Unit:
        reading, before = self._stand_alone()
        evaluation = Evaluation(reading.macros, reading.scope)
        evaluation.macros_of(reading.owned)
        self._in_context(evaluation, reading, before)
        for function in reading.inline_functions():
            evaluation.inline(function)
        return Unit(
            graph=reading.graph,
            header=reading.header,
            files=reading.files(),
            owners=reading.owners,
            constants=evaluation.constants,
            macros=evaluation.functions,
            omissions=reading.omissions + evaluation.omissions,
            prerequisites=tuple(before),
        )

    def _read(self, before: Sequence[str]) -> Reading:
        output = self.preprocessor.run(self.path, before)
        return Reading(self.path, output, self.options, self.names)

    # What must be included before the header

    def _stand_alone(self) -> tuple[Reading, list[str]]:
        """The header, read without lacks, and what it took; raises the first lack else."""
        before: list[str] = []
        reading = first = self._read(before)
        tried: set[str] = set()
        while reading.lacks:
            better = self._with_one_more(reading, before, tried)
            if better is None:
                raise first.lacks[0]
            reading = better
        return reading, before

    def _with_one_more(
        self, reading: Reading, before: list[str], tried: set[str]
    ) -> Reading | None:
        """The header read behind one more prerequisite, which is added to ``before``, or None."""
        for lack in reading.lacks:
            for provider in self._providers(Need(*lack.what)):
                if provider in tried:
                    continue
                if len(tried) == _TRIALS:
                    return None
                tried.add(provider)
                try:
                    new = self._read([*before, provider])
                except InputError:
                    continue  # at odds with the header, or with what is before it
                if all(other.what != lack.what for other in new.lacks):
                    before.append(provider)
                    return new
        return None

    def _providers(self, need: Need) -> Sequence[str]:
        found = providers(need, os.path.abspath(self.path), tuple(self.directories))
        return found.headers[:_PROVIDERS]

    # What must be included behind it for the macros' sake

    def _again(self, evaluation: Evaluation, reading: Reading) -> Evaluation:
        """Evaluate again what uses types that only macros use; what is to be looked at then."""
        declared = reading.declares(evaluation.needs())
        if not declared:
            return evaluation
        failed = [o.name for o in evaluation.omissions if o.kind == "macro"]
        again = reading.for_macros(failed)
        pending = Evaluation(again.macros, again.scope)
        pending.macros_of(again.owned, failed)
        evaluation.take(pending)
        return pending

    def _in_context(self, evaluation: Evaluation, reading: Reading, before: Sequence[str]) -> None:
        """Evaluate again what failed for names that other headers declare."""
        after: list[str] = []
        searched: set[tuple[str, str]] = set()
        pending = self._again(evaluation, reading)
        for _ in range(_ROUNDS):
            new: dict[str, None] = {}
            for need in pending.needs():
                if need not in searched:
                    searched.add(need)
                    new |= dict.fromkeys(self._providers(Need(*need))[:1])
            if not new:
                return
            failed = [o.name for o in evaluation.omissions if o.kind == "macro"]
            richer = self._richer(before, after, list(new), failed)
            if richer is None:
                return
            pending = Evaluation(richer.macros, richer.scope)
            pending.macros_of(richer.owned, failed)
            evaluation.take(pending)

    def _richer(
        self, before: Sequence[str], after: list[str], new: list[str], failed: Sequence[str]
    ) -> Reading | None:
        """Read with more behind the header: all at once or, where they conflict, each that goes."""
        for more in [new] if len(new) == 1 else [new, *([name] for name in new)]:
            try:
                output = self.preprocessor.run(self.path, before, [*after, *more])
                reading = Reading(self.path, output, self.options, self.names, failed)
            except InputError:
                continue
            after += more
            return reading
        return None
