"""BTF's string section: names by offset, sliced when first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, compress, count, filterfalse

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
    """

    def __init__(self, data: bytes, source: str, base: StringTable | None = None) -> None:
        super().__init__()
        self.data = data
        self.source = source
        self.base: StringTable | None = base
        self.start: int = base.end if base is not None else 0
        self.end: int = self.start + len(data)

    def __missing__(self, offset: int) -> str:
        local = offset - self.start
        if local < 0:
            assert self.base is not None
            name = self.base[offset]
        elif local >= len(self.data):
            if offset:
                raise InputError(
                    self.source, "string section", f"offset {offset} is past its end ({self.end})"
                )
            name = ""  # an empty section has one name all the same
        else:
            stop = self.data.find(b"\0", local, local + _MAX_NAME + 1)
            if stop < 0:
                raise self._endless(offset, local)
            name = self.data[local:stop].decode("utf-8", "backslashreplace")
        self[offset] = name
        return name

    def _endless(self, offset: int, local: int) -> InputError:
        if self.data.find(b"\0", local) < 0:
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
        data, step = self.data, _MAX_NAME // 2
        if data[-1:] != b"\0":
            return None
        if any(data.find(b"\0", at, at + step) < 0 for at in range(0, len(data), step)):
            return None  # a name that is too long, it may be; each is looked at by itself
        try:
            return data.decode("ascii")
        except UnicodeDecodeError:
            return None

    def is_empty(self, offset: int) -> bool:
        """Whether the name there is empty; of an offset that is no string's, it is not."""
        local = offset - self.start
        if local < 0:
            return self.base is not None and self.base.is_empty(offset)
        return not offset or self.data[local : local + 1] == b"\0"

    def is_start(self, offset: int) -> bool:
        """Whether a whole string starts at ``offset``, in this section or its bases."""
        local = offset - self.start
        if local < 0:
            return self.base is not None and self.base.is_start(offset)
        return local < len(self.data) and (local == 0 or self.data[local - 1] == 0)

    def offsets_of(self, name: str) -> list[int]:
        """Where whole strings equal to ``name`` lie, in this section and its bases, ascending.

        A name may be stored more than once. It may also be stored as the tail of
        a longer string, so nothing found is no proof of absence; no known encoder
        merges tails.
        """
        found = self.base.offsets_of(name) if self.base is not None else []
        raw = name.encode("utf-8", "surrogateescape") + b"\0"
        if self.data.startswith(raw):
            found.append(self.start)
        at = self.data.find(b"\0" + raw)
        while at >= 0:
            found.append(self.start + at + 1)
            at = self.data.find(b"\0" + raw, at + 1)
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
