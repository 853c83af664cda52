"""Where each type's record lies in the type section, and questions that need no decoding.

One pass records the first word and the kind of every record. Everything here
works on words and whole columns of them: it answers for a hundred thousand
types in the time that decoding takes for a few thousand.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain, compress, count, repeat
from operator import add, and_, itemgetter, not_
from typing import NamedTuple

from uapigen.btf.format import KINDS, REFERENCES, Header, Kind
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.types import TypeId

__all__ = [
    "ALIASES",
    "ARRAYS",
    "COMPOSITES",
    "FEW",
    "FORMS",
    "FUNCS",
    "POINTERS",
    "PROTOS",
    "RecordIndex",
    "Relocation",
    "kind_set",
]

_WORD = 4
_VLEN = 0xFFFFFF
"""Of an ``info`` word: the number of members."""
_KINDS = bytes(highest & 0x7F for highest in range(256))
_MANY = 20_000
"""Records from which on a copy of all words costs less than it saves."""
_SELDOM = 6
"""Types for each one of the kinds asked for, from which on those are few."""
FEW = 8
"""Names or shapes up to which each is searched for in all words; beyond, all records are seen."""


def kind_set(*kinds: int) -> bytes:
    return bytes(kind in kinds for kind in range(256))


# Sets of kinds, as tables for bytes.translate(): 1 for a kind that is in.
COMPOSITES = kind_set(Kind.STRUCT, Kind.UNION)
ALIASES = kind_set(Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG)
ARRAYS = kind_set(Kind.ARRAY)
FORMS = kind_set(Kind.PTR, Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG)
TYPEDEFS = kind_set(Kind.TYPEDEF)
POINTERS = kind_set(Kind.PTR, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG)
PROTOS = kind_set(Kind.FUNC_PROTO)
FUNCS = kind_set(Kind.FUNC)


class Relocation(NamedTuple):
    """How split BTF moves from the base it was made over to another one."""

    strings: StringTable
    """The names of the base it was made over."""
    length: int
    """That base's number of types, void among them."""
    matches: dict[TypeId, TypeId]
    """That base's ids -> the new base's."""


class RecordIndex:
    """The records of one type section, in the order of their ids.

    ``words`` is the section in this machine's byte order. Raises
    :class:`InputError` where the records do not fill it exactly.
    """

    def __init__(self, words: array[int], header: Header, first_id: TypeId, source: str) -> None:
        self.words = words
        self.first_id = first_id
        self.source = source
        self.offsets, self.kinds = _scan(words, header, first_id, source)
        self.last_id: TypeId = first_id + len(self.offsets)
        """One behind the last own type's id."""
        # By kinds, since most are asked for more than once.
        self._places: dict[bytes, bytes | list[int]] = {}
        self._ids: dict[bytes, list[TypeId]] = {}
        self._starts: dict[bytes, list[int]] = {}
        self._references: dict[bytes, tuple[list[TypeId], list[TypeId]]] = {}

    def ids(self, kinds: bytes) -> Sequence[TypeId]:
        """Own ids of these kinds, ascending."""
        found = self._ids.get(kinds)
        if found is None:
            first_id, places = self.first_id, self._places_of(kinds)
            if isinstance(places, bytes):
                found = list(compress(range(first_id, self.last_id), places))
            else:
                found = [first_id + place for place in places]
            self._ids[kinds] = found
        return found

    def records(self, kinds: bytes) -> Iterator[tuple[TypeId, int]]:
        """(id, first word) of own types of these kinds."""
        return zip(self.ids(kinds), self.starts(kinds), strict=True)

    def names(self) -> Iterator[tuple[TypeId, int]]:
        """(id, string offset) of all own types that have a name, ascending."""
        words = self.words
        for type_id, offset in enumerate(self.offsets, self.first_id):
            if words[offset]:
                yield type_id, words[offset]

    def named(self, name_offs: Sequence[int]) -> list[TypeId]:
        """Own types whose name lies at one of these string offsets, ascending."""
        if len(name_offs) > FEW:
            wanted_offs, words = set(name_offs), self.words
            hits = [words[offset] in wanted_offs for offset in self.offsets]
            return list(compress(range(self.first_id, self.last_id), hits))
        found = []
        for name_off in name_offs:
            # A name is a record's first word.
            found += [type_id for type_id, _ in self._records_with(0, _bytes_of(name_off))]
        return sorted(found)

    def _records_with(
        self, word: int, plain: bytes, more: bytes = b""
    ) -> Iterator[tuple[TypeId, int]]:
        """(id, first word) of own types whose records have certain bytes from a word on.

        ``plain`` are bytes, ``more`` is a pattern of those behind it.
        """
        offsets = self.offsets
        # A single byte and a look ahead: it is searched for quickly, and nothing overlaps.
        pattern = b"(?s)" + re.escape(plain[:1]) + b"(?=" + re.escape(plain[1:]) + more + b")"
        with memoryview(self.words) as words, words.cast("B") as data:
            for match in re.finditer(pattern, data):
                at, rest = divmod(match.start(), _WORD)
                index = bisect_left(offsets, at - word)
                # Elsewhere in a record, or inside a word, the same bytes mean something else.
                if not rest and index < len(offsets) and offsets[index] == at - word:
                    yield self.first_id + index, at - word

    def among(self, name_offs: Container[int]) -> Iterator[tuple[TypeId, int]]:
        """(id, string offset) of own types whose name lies at one of these offsets, ascending."""
        firsts = list(map(self.words.__getitem__, self.offsets))
        hits = list(map(name_offs.__contains__, firsts))
        ids = range(self.first_id, self.last_id)
        return zip(compress(ids, hits), compress(firsts, hits), strict=True)

    @cached_property
    def members(self) -> tuple[array[int], array[int], array[int]]:
        """All members of all own composites, one after another, as columns.

        Their names' string offsets, their types, and the words with their bit offsets:
        far fewer steps than record by record.
        """
        words, members = self.words, array("I")
        for start in self.starts(COMPOSITES):
            members += words[start + 3 : start + 3 + 3 * (words[start + 1] & _VLEN)]
        return members[::3], members[1::3], members[2::3]

    @cached_property
    def _whose(self) -> list[TypeId]:
        """Whose each of ``members`` is."""
        vlens = map(and_, self.column(COMPOSITES, 1), repeat(_VLEN))
        return list(chain.from_iterable(map(repeat, self.ids(COMPOSITES), vlens)))

    def holders(
        self, type_ids: Iterable[TypeId], max_chain: int, forms: bytes
    ) -> dict[TypeId, int]:
        """Own composites with a member of these types, as ``TypeGraph.holders`` has it."""
        leading = self.leading_to(type_ids, forms, max_chain)
        _, types, _ = self.members
        return Counter(compress(self._whose, map(leading.__contains__, types)))

    def unnamed_members(self, max_chain: int) -> list[tuple[TypeId, TypeId]]:
        """Whose each unnamed member is, and its type behind typedefs, qualifiers and tags."""
        name_offs, types, _ = self.members
        is_alias, own = self.kinds.translate(ALIASES), range(self.first_id, self.last_id)
        found = []
        for at in compress(count(), map(not_, name_offs)):
            inner = types[at]
            for _ in range(max_chain):
                if inner not in own or not is_alias[inner - self.first_id]:
                    break
                inner = self.words[self.offsets[inner - self.first_id] + 2]
            found.append((self._whose[at], inner))
        return found

    def leading_to(self, type_ids: Iterable[TypeId], kinds: bytes, max_chain: int) -> set[TypeId]:
        """These types, arrays of them and own types of ``kinds`` that refer to them, and so on."""
        forms, targets = self.references(kinds)
        leading = set(type_ids)
        found = leading
        for _ in range(max_chain):
            found = set(compress(forms, map(found.__contains__, targets))) - leading
            if not found:
                break
            leading |= found
        return leading

    def references(self, kinds: bytes) -> tuple[list[TypeId], list[TypeId]]:
        """Own types of these kinds, and arrays, and what each refers to."""
        found = self._references.get(kinds)
        if found is None:
            if kinds == FORMS:  # of which most have been asked for before
                forms, targets = self.references(POINTERS)
                found = [*forms, *self.ids(TYPEDEFS)], targets + self.column(TYPEDEFS, 2)
            else:
                forms = [*self.ids(kinds), *self.ids(ARRAYS)]
                found = forms, self.column(kinds, 2) + self.column(ARRAYS, 3)
            self._references[kinds] = found
        return found

    def column(self, kinds: bytes, word: int) -> list[int]:
        """That word of the records of these kinds."""
        return self.gather(self.starts(kinds), word)

    def starts(self, kinds: bytes) -> Sequence[int]:
        """First words of own types of these kinds."""
        found = self._starts.get(kinds)
        if found is None:
            places = self._places_of(kinds)
            if isinstance(places, bytes):
                found = list(compress(self.offsets, places))
            else:
                found = list(map(self.offsets.__getitem__, places))
            self._starts[kinds] = found
        return found

    def _places_of(self, kinds: bytes) -> bytes | list[int]:
        """Which own types are of these kinds: the places of few, else a byte 1 for each."""
        found = self._places.get(kinds)
        if found is None:
            found = self.kinds.translate(kinds)
            if _SELDOM * found.count(1) < len(found):
                # Each lies behind a run of others: a step for each, not one for all.
                lengths = map(len, found.split(b"\1"))
                found = list(map(add, accumulate(lengths), count()))[:-1]
            self._places[kinds] = found
        return found

    def starts_of(self, type_ids: Iterable[TypeId]) -> list[int]:
        """First words of these own types."""
        offsets, first_id = self.offsets, self.first_id
        return [offsets[type_id - first_id] for type_id in type_ids]

    def gather(self, starts: Sequence[int], word: int) -> list[int]:
        """That word of each of the records that start there."""
        words = self.words
        if len(starts) < _MANY:
            return [words[start + word] for start in starts]
        # All items at once, as if the first word were that one.
        with memoryview(words) as view, view[word:] as moved:
            return list(itemgetter(*starts)(moved))

    def prototypes_like(
        self, shapes: Iterable[tuple[TypeId, ...]]
    ) -> Iterator[tuple[TypeId, tuple[TypeId, ...], array[int]]]:
        """(id, shape, string offsets of its parameters' names) of own prototypes of these shapes.

        A shape is the return type and the parameters' types. For a few of them, each of
        which is searched for.
        """
        for shape in shapes:
            head = _bytes_of(Kind.FUNC_PROTO << 24 | len(shape) - 1, shape[0])
            types = b"".join([b"...." + re.escape(_bytes_of(target)) for target in shape[1:]])
            for proto, start in self._records_with(1, head, types):
                end = start + 1 + 2 * len(shape)
                yield proto, shape, self.words[start + 3 : end : 2]

    def has_odd_ints(self) -> bool:
        """Whether an integer type describes a bitfield: the encoding before kind_flag."""
        words = self.words
        at = self.kinds.find(Kind.INT)  # there are a few, in no time
        while at >= 0:
            offset = self.offsets[at]
            encoding = words[offset + 3]
            if encoding >> 16 & 0xFF or encoding & 0xFF not in (0, 8 * words[offset + 2] & 0xFF):
                return True
            at = self.kinds.find(Kind.INT, at + 1)
        return False

    def users(self, forms: set[TypeId]) -> dict[TypeId, list[tuple[TypeId, int]]]:
        """For each of ``forms``: the own types that contain it, as ``TypeGraph.users`` has them."""
        users: dict[TypeId, list[tuple[TypeId, int]]] = defaultdict(list)
        references = self.references(ALIASES)
        wanted = map(forms.__contains__, references[1])
        for form, target in compress(zip(*references, strict=True), wanted):
            users[target].append((form, -1))
        _, types, packed = self.members
        members = zip(self._whose, types, packed, strict=True)
        for outer, target, bit_offset in compress(members, map(forms.__contains__, types)):
            if bit_offset >> 24 and self.words[self.offsets[outer - self.first_id] + 1] >> 31:
                bit_offset &= 0xFFFFFF
            users[target].append((outer, bit_offset))
        return users

    def relocate(self, relocation: Relocation, header: Header) -> None:
        """Move every reference from the distilled base's ids to the real base's."""
        words, matches = self.words, relocation.matches
        by = self.first_id - relocation.length
        end = relocation.length + len(self.offsets)
        sizes = KINDS | header.layout
        for start in self.offsets:
            info = words[start + 1]
            kind = info >> 24 & 0x7F
            references = REFERENCES.get(kind)
            if references is None:
                continue
            places = [start + word for word in references.fixed]
            width = sizes[kind].per_element // _WORD
            first = start + 3 + sizes[kind].fixed // _WORD
            for element in range(info & 0xFFFFFF if width else 0):
                places += [first + element * width + word for word in references.per_element]
            for place in places:
                old = words[place]
                if relocation.length <= old < end:
                    words[place] = old + by
                elif old in matches:
                    words[place] = matches[old]
                else:
                    raise InputError(self.source, "type section", f"refers to type {old}")


def _bytes_of(*words: int) -> bytes:
    return array("I", words).tobytes()


def _scan(
    words: array[int], header: Header, first_id: TypeId, source: str
) -> tuple[list[int], bytes]:
    """Word offset of each type's record, and each type's kind, in the order of their ids."""
    known: dict[int, int] = {}  # by their ``info`` words, the lengths of whole records
    offsets: list[int] = []
    add, offset = offsets.append, 0
    while True:
        try:
            while True:
                info = words[offset + 1]
                add(offset)
                offset += known[info]
        except KeyError:
            known[info] = _record_words(info, header, source)
            offset += known[info]
        except IndexError:  # at the end, or of half a record
            break
    if offset != len(words):
        last = first_id + len(offsets) - (offset > len(words))
        raise InputError(source, f"type {last}", "its record runs past the type section")
    # A kind is seven bits of an info word's highest byte, of which the eighth is kind_flag.
    place = _WORD + (3 if sys.byteorder == "little" else 0)
    steps = range(0, len(words), _STEP)
    highest = b"".join([words[at : at + _STEP + 1].tobytes()[place::_WORD] for at in steps])
    kinds = bytes(map(highest.__getitem__, offsets))
    return offsets, kinds.translate(_KINDS)


_STEP = 1 << 14
"""Words that are looked at in one piece: what is larger takes fresh memory each time."""


def _record_words(info: int, header: Header, source: str) -> int:
    """The length of a whole record in 4-byte words, by its ``info`` word."""
    kind = info >> 24 & 0x7F
    size = (KINDS | header.layout).get(kind)
    if size is None:
        raise InputError(
            source, "type section", f"kind {kind} is unknown and its size not described"
        )
    words, rest = divmod(12 + size.fixed + size.per_element * (info & _VLEN), _WORD)
    if rest:
        raise InputError(source, "type section", f"a record of kind {kind} has an odd length")
    return words
