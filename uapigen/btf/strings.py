"""BTF's string section: names by offset, sliced when first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, compress, count, filterfalse

from uapigen.btf.blob import Content
from uapigen.errors import InputError

__all__ = ["StringTable"]

_MAX_NAME = 1024
"""Bytes. The kernel itself refuses names of more than 511 (``KSYM_NAME_LEN``).

A record of twelve bytes can repeat a name, so what names cost is bounded by this.
"""


_MANY = 1000
"""Names from which on it pays to have the whole section as text."""


class StringTable(dict[int, str]):
    """Names by string offset; ``table[offset]`` costs a dict lookup after the first time.

    ``start`` is the offset of the section's first byte: where the base's
    strings end, for split BTF. Names are untrusted bytes: what is no UTF-8
    comes out with ``\\xNN`` escapes in its place, and stays text from there on.

    ``data`` has the section from byte ``begin`` to byte ``stop``, and is not copied.
    """

    def __init__(
        self,
        data: Content,
        source: str,
        base: StringTable | None = None,
        *,
        begin: int = 0,
        stop: int | None = None,
    ) -> None:
        super().__init__()
        self._data = data
        self._begin = begin
        self._stop = len(data) if stop is None else stop
        self.source = source
        self.base: StringTable | None = base
        self.start: int = base.end if base is not None else 0
        self.end: int = self.start + self._stop - begin

    @cached_property
    def data(self) -> bytes:
        """A copy of the section."""
        return self._data[self._begin : self._stop]

    def __missing__(self, offset: int) -> str:
        local = offset - self.start
        if local < 0:
            assert self.base is not None
            name = self.base[offset]
        elif offset >= self.end:
            if offset:
                raise InputError(
                    self.source, "string section", f"offset {offset} is past its end ({self.end})"
                )
            name = ""  # an empty section has one name all the same
        else:
            at = self._begin + local
            stop = self._data.find(b"\0", at, min(at + _MAX_NAME + 1, self._stop))
            if stop < 0:
                raise self._endless(offset, at)
            name = self._data[at:stop].decode("utf-8", "backslashreplace")
        self[offset] = name
        return name

    def _endless(self, offset: int, at: int) -> InputError:
        if self._data.find(b"\0", at, self._stop) < 0:
            problem = f"no NUL after the name at offset {offset}"
        else:
            problem = f"the name at offset {offset} is longer than {_MAX_NAME} bytes"
        return InputError(self.source, "string section", problem)

    def cut(self, offsets: Sequence[int]) -> list[str]:
        """The names at these offsets: far quicker than one by one, and many not remembered."""
        start = self.start
        few = len(offsets) < _MANY
        text = None if few or min(offsets) < start or max(offsets) >= self.end else self._text
        if text is None:
            return list(map(self.__getitem__, offsets))  # which says what is wrong
        find = text.find
        places = [offset - start for offset in offsets] if start else offsets
        return [text[place : find("\0", place)] for place in places]

    def each(self, offsets: Sequence[int]) -> list[str]:
        """The same where many are there again and again, or will be asked for."""
        missing = list(filterfalse(self.__contains__, set(offsets)))
        self.update(zip(missing, self.cut(missing), strict=True))
        return list(map(self.__getitem__, offsets))

    @cached_property
    def _text(self) -> str | None:
        """The section as text of which each character is a byte, if no name in it is too long."""
        data, begin, stop, step = self._data, self._begin, self._stop, _MAX_NAME // 2
        if stop == begin or data[stop - 1 : stop] != b"\0":
            return None
        if any(data.find(b"\0", at, min(at + step, stop)) < 0 for at in range(begin, stop, step)):
            return None  # a name that is too long, it may be; each is looked at by itself
        try:
            with memoryview(data) as whole:
                return str(whole[begin:stop], "ascii")
        except UnicodeDecodeError:
            return None

    def is_empty(self, offset: int) -> bool:
        """Whether the name there is empty; of an offset that is no string's, it is not."""
        local = offset - self.start
        if local < 0:
            return self.base is not None and self.base.is_empty(offset)
        return not offset or self.byte(offset) == b"\0"

    def is_start(self, offset: int) -> bool:
        """Whether a whole string starts at ``offset``, in this section or its bases."""
        local = offset - self.start
        if local < 0:
            return self.base is not None and self.base.is_start(offset)
        return offset < self.end and (local == 0 or self.byte(offset - 1) == b"\0")

    def byte(self, offset: int) -> bytes:
        """The byte there, of the section's own; empty where there is none."""
        at = self._begin + offset - self.start
        return self._data[at : at + 1] if at < self._stop else b""

    def offsets_of(self, name: str) -> list[int]:
        """Where whole strings equal to ``name`` lie, in this section and its bases, ascending.

        A name may be stored more than once. It may also be stored as the tail of
        a longer string, so nothing found is no proof of absence; no known encoder
        merges tails.
        """
        found = self.base.offsets_of(name) if self.base is not None else []
        raw = name.encode("utf-8", "surrogateescape") + b"\0"
        data, begin, stop = self._data, self._begin, self._stop
        if data[begin : min(begin + len(raw), stop)] == raw:
            found.append(self.start)
        at = data.find(b"\0" + raw, begin, stop)
        while at >= 0:
            found.append(self.start + at + 1 - begin)
            at = data.find(b"\0" + raw, at + 1, stop)
        return found

    def offsets_of_all(self, names: Iterable[str]) -> dict[int, str]:
        """What :meth:`offsets_of` finds of many names, by offset: one pass over all strings."""
        found = self.base.offsets_of_all(names) if self.base is not None else {}
        wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
        strings = self.data.split(b"\0")
        hits = list(map(wanted.__contains__, strings))
        # A string's offset is the length of all before it and their NULs.
        starts = accumulate(map(len, strings), initial=self.start)
        for number, (start, raw) in zip(
            compress(count(), hits),
            zip(compress(starts, hits), compress(strings, hits), strict=True),
            strict=False,
        ):
            found[start + number] = wanted[raw]
        return found
