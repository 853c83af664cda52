"""BTF's type section as a :class:`~uapigen.ir.graph.TypeGraph`.

The index (``index.py``) knows where each type's record starts; a type is
decoded when first asked for (``decoding.py``), or with all others of its kind
(``columns.py``). Nothing relies on the order of types: recent encoders sort them by
name, and a tenth of the references then point forward.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING

from uapigen.btf import columns
from uapigen.btf.blob import Content
from uapigen.btf.decoding import NODE_CLASSES, Decoder
from uapigen.btf.format import parse_header
from uapigen.btf.index import (
    ALIASES,
    COMPOSITES,
    FEW,
    FORMS,
    FUNCS,
    POINTERS,
    RecordIndex,
    Relocation,
    kind_set,
)
from uapigen.btf.prototypes import callbacks, functions_of_few, prototypes
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.graph import (
    Nodes,
    SourceInfo,
    add_outer,
    enums_of,
    first_names_of,
    functions_like,
    members_of,
    tags_of,
)
from uapigen.ir.prototypes import FunctionsLike, Prototypes
from uapigen.ir.types import (
    Int,
    Type,
    TypeId,
)

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns, Enums, Members

__all__ = ["BtfGraph"]

_LONG = ("long unsigned int", "long int", "unsigned long", "long")
_MAX_FORMS = 128
"""Arrays, typedefs and qualifiers in a row; more than any that can be laid out."""


class BtfGraph:
    """The types of one BTF blob, over those of its base where it is split BTF.

    ``data`` is raw BTF; ``digest``, ``machine`` and ``release`` go into
    :attr:`info` as they are. Raises :class:`InputError` at once for a
    malformed header or type section, and on decoding for a malformed type.
    """

    def __init__(
        self,
        data: Content,
        name: str,
        *,
        base: BtfGraph | None = None,
        relocation: Relocation | None = None,
        digest: Callable[[], str] | None = None,
        machine: str | None = None,
        release: str | None = None,
    ) -> None:
        header = parse_header(data, name)
        self.name = name
        self._base = base
        self.big_endian = header.big_endian
        if base is not None and base.big_endian != header.big_endian:
            raise InputError(name, "header", f"byte order differs from its base's, {base.name}")
        self.words = array("I")
        self.words.frombytes(memoryview(data)[header.type_start : header.type_end])
        if header.big_endian != (sys.byteorder == "big"):
            self.words.byteswap()
        strings_base = base.strings if base else None
        if relocation is not None:
            strings_base = relocation.strings
        self.strings: StringTable = StringTable(
            data, name, strings_base, begin=header.str_start, stop=header.str_end
        )
        if base is None and self.strings.byte(0) not in (b"", b"\0"):
            raise InputError(
                name,
                "string section",
                "does not start with an empty name: this is split BTF and needs its base (--base)",
            )
        self._first_id = len(base) if base is not None else 1
        self.index = RecordIndex(self.words, header, self._first_id, name)
        self._offsets = self.index.offsets
        self._last_id = self.index.last_id
        self._odd_ints: bool = self.index.has_odd_ints() or (base is not None and base._odd_ints)
        if relocation is not None:
            self.index.relocate(relocation, header)
        self.nodes = Nodes(self._decode)
        self._decoder = Decoder(
            self,
            self.words,
            self.strings,
            source=name,
            last_id=self._last_id,
            odd_ints=self._odd_ints,
        )
        self._preloaded = False
        self._sought: dict[str, list[TypeId]] = {}
        self._pointer_size: int | None = None
        self._machine, self._release = machine, release
        self._digest = digest or (lambda: "")

    @property
    def info(self) -> SourceInfo:
        return SourceInfo(
            self.name,
            self._digest,
            self.big_endian,
            self.pointer_size,
            self._machine or (self._base._machine if self._base else None),
            self._release or (self._base._release if self._base else None),
        )

    @property
    def sources(self) -> list[SourceInfo]:
        return [self.info]

    @property
    def base(self) -> BtfGraph | None:
        return self._base

    @property
    def first_id(self) -> TypeId:
        return self._first_id

    def __len__(self) -> int:
        return self._last_id

    def __getitem__(self, type_id: TypeId) -> Type:
        return self.nodes[type_id]

    def _decode(self, type_id: TypeId) -> Type:
        if not self._first_id <= type_id < self._last_id:
            if self._base is not None and 0 <= type_id < self._first_id:
                return self._base[type_id]
            problem = f"no such type; the last is {self._last_id - 1}"
            raise InputError(self.name, f"type {type_id}", problem)
        return self._decoder.decode(type_id, self._offsets[type_id - self._first_id])

    def ids_of(self, *kinds: type) -> Iterator[TypeId]:
        wanted = (kind for kind, node in NODE_CLASSES.items() if node in kinds)
        return iter(self.index.ids(kind_set(*wanted)))

    def ids_named(self, name: str) -> list[TypeId]:
        if self._preloaded:
            return self._by_name.get(name, [])
        found = self._sought.get(name)
        return self.index.named(self.strings.offsets_of(name)) if found is None else found

    def seek(self, names: Iterable[str]) -> None:
        if self._preloaded:
            return
        if self._base is not None:
            self._base.seek(names)
        self._sought = {name: [] for name in names}
        offsets = self.strings.offsets_of_all(self._sought)
        for type_id, name_off in self.index.among(offsets):
            self._sought[offsets[name_off]].append(type_id)

    @cached_property
    def _by_name(self) -> dict[str, list[TypeId]]:
        found: dict[str, list[TypeId]] = {}
        named = list(self.index.names())
        names = self.strings.cut([name_off for _, name_off in named])
        for (type_id, _), name in zip(named, names, strict=True):
            found.setdefault(name, []).append(type_id)
        return found

    def names_fit(self) -> bool:
        """Whether most names are whole strings: over another's base, split BTF's are not."""
        starts = [self.strings.is_start(name_off) for _, name_off in self.index.names()]
        return 2 * sum(starts) >= len(starts)

    def holders(
        self,
        type_ids: Iterable[TypeId],
        max_chain: int,
        *,
        typedefs: bool = False,
        parts: bool = False,
    ) -> dict[TypeId, int]:
        found = self.index.holders(type_ids, max_chain, FORMS if typedefs else POINTERS)
        if parts:
            add_outer(found, self.index.unnamed_members(max_chain))
        return found

    def byte_size(self, type_id: TypeId) -> int:
        if type_id < self._first_id and self._base is not None:
            return self._base.byte_size(type_id)
        return self.words[self._offsets[type_id - self._first_id] + 2]

    def users(self, type_id: TypeId) -> list[tuple[TypeId, int]]:
        return self._users.get(type_id, [])

    @cached_property
    def _users(self) -> dict[TypeId, list[tuple[TypeId, int]]]:
        # A member matters if its type is a composite, or an array, typedef or
        # qualified form that leads to one.
        return self.index.users(self._embeddable())

    def _embeddable(self) -> set[TypeId]:
        """Structs and unions, and the forms of them that are as large, its bases' among them."""
        found = self._base._embeddable() if self._base is not None else set()
        found.update(self.index.ids(COMPOSITES))
        return self.index.leading_to(found, ALIASES, _MAX_FORMS)

    def preload(self) -> None:
        self._preloaded = True
        self.nodes.update(columns.forms(self.index, self.strings))
        self.nodes.update(callbacks(self.index, self.strings))

    def decode(self, type_ids: Iterable[TypeId]) -> None:
        nodes, first = self.nodes, self._first_id
        missing = [i for i in type_ids if i not in nodes and i >= first]
        if not self._odd_ints:
            nodes.update(columns.composites(self.index, self.strings, missing))

    def tags(self, type_ids: Sequence[TypeId]) -> tuple[list[type], list[str]]:
        if not self._all_own(type_ids):
            return tags_of(self, type_ids)
        kinds = map(self.index.kinds.__getitem__, [i - self._first_id for i in type_ids])
        name_offs = self.index.gather(self.index.starts_of(type_ids), 0)
        names = self.strings.cut(name_offs)
        return list(map(NODE_CLASSES.__getitem__, kinds)), names

    def untagged(self, type_ids: Sequence[TypeId]) -> list[TypeId]:
        name_offs = self.index.gather(self.index.starts_of(type_ids), 0)
        is_empty = self.strings.is_empty
        return [i for i, name_off in zip(type_ids, name_offs, strict=True) if is_empty(name_off)]

    def first_names(self, type_ids: Sequence[TypeId]) -> list[str | None]:
        if not self._all_own(type_ids):
            return first_names_of(self, type_ids)
        # Behind a record of three words, a member or a constant begins with its name.
        starts = self.index.starts_of(type_ids)
        some = [info & 0xFFFFFF for info in self.index.gather(starts, 1)]
        names = iter(self.strings.cut(self.index.gather(list(compress(starts, some)), 3)))
        return [next(names) if vlen else None for vlen in some]

    def members(self, type_ids: Sequence[TypeId]) -> Members:
        if self._odd_ints or not self._all_own(type_ids):
            return members_of(self, type_ids)
        try:
            return columns.members(self.index, self.strings, type_ids)
        except InputError:
            return members_of(self, type_ids)  # which says where it is malformed

    def enums(self, type_ids: Sequence[TypeId]) -> Enums:
        with suppress(InputError):
            if self._all_own(type_ids):
                return columns.enums(self.index, self.strings, type_ids)
        return enums_of(self, type_ids)  # which says where it is malformed

    def _all_own(self, type_ids: Sequence[TypeId]) -> bool:
        return self._base is None or min(type_ids, default=self._first_id) >= self._first_id

    def columns(self) -> Columns | None:
        if self._base is not None or self._odd_ints:
            return None
        from uapigen.btf.layout_columns import for_layout

        return for_layout(self.index, self.strings)

    def functions(self) -> tuple[Sequence[TypeId], Sequence[str], Sequence[TypeId]]:
        return self._functions

    @cached_property
    def _functions(self) -> tuple[Sequence[TypeId], Sequence[str], Sequence[TypeId]]:
        ids = self.index.ids(FUNCS)
        starts = self.index.starts(FUNCS)
        names = self.strings.cut(self.index.gather(starts, 0))
        protos = self.index.gather(starts, 2)
        for position, proto in enumerate(protos) if max(protos, default=0) >= len(self) else ():
            self._decoder.reference(ids[position], proto)
        return ids, names, protos

    def prototypes(self) -> Prototypes:
        return self._prototypes

    @cached_property
    def _prototypes(self) -> Prototypes:
        return prototypes(self.index, self.strings)

    def functions_like(self, shapes: Collection[tuple[TypeId, ...]]) -> FunctionsLike:
        if len(shapes) > FEW:
            return functions_like(self, shapes)
        return functions_of_few(self.index, self.strings, shapes)

    @property
    def pointer_size(self) -> int:
        """In bytes: the size of ``long``, which is a pointer's on every Linux ABI.

        0 where there is no ``long``, as in many BPF objects.
        """
        if self._pointer_size is None:
            self._pointer_size = self._find_pointer_size()
        return self._pointer_size

    def _find_pointer_size(self) -> int:
        if self._base is not None:
            return self._base.pointer_size
        for type_id in self.ids_of(Int):
            node = self[type_id]
            assert isinstance(node, Int)
            if node.name in _LONG and node.byte_size in (4, 8):
                return node.byte_size
        return 0
