"""BTF's string section: names by offset, sliced when first asked for."""

from __future__ import annotations

from itertools import accumulate

from uapigen.errors import InputError

__all__ = ["StringTable"]


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
            stop = self.data.find(b"\0", local)
            if stop < 0:
                raise InputError(
                    self.source, "string section", f"no NUL after the name at offset {offset}"
                )
            name = self.data[local:stop].decode("utf-8", "backslashreplace")
        self[offset] = name
        return name

    def preload(self) -> None:
        """Slice all names at once: much quicker than one by one if most are wanted."""
        try:
            names = self.data.decode("ascii").split("\0")
        except UnicodeDecodeError:
            return
        names.pop()  # behind the last NUL
        starts = accumulate([len(name) + 1 for name in names], initial=self.start)
        self.update(zip(starts, names, strict=False))

    def offsets_of(self, name: str) -> list[int]:
        """Where whole strings equal to ``name`` lie, in this section and its bases.

        A name may be stored as the tail of a longer string, so nothing found
        is no proof of absence; no known encoder merges tails in a kernel's BTF.
        """
        found = self.base.offsets_of(name) if self.base is not None else []
        raw = name.encode() + b"\0"
        if self.data.startswith(raw):
            found.append(self.start)
        elif (at := self.data.find(b"\0" + raw)) >= 0:
            found.append(self.start + at + 1)
        return found
