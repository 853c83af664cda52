"""What is shown, as C with the places behind it.

The declarations are C; everything else is in comments. A row is a piece of C,
a comment behind it, and the style of one of the two; columns are chosen when
all rows are there, and names are escaped before they are measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from uapigen.show.model import (
    BIT_HOLE,
    BIT_PADDING,
    HOLE,
    PADDING,
    Base,
    Body,
    EnumBody,
    Field,
    Forward,
    Function,
    Gap,
    Item,
    Record,
    Typedef,
    Variable,
)
from uapigen.show.terminal import clean, paint

__all__ = ["render"]

_TAB = 8
_NAME_COLUMN = 28
"""Types longer than this push their own name to the right, not everybody's."""
_PLACE_COLUMN = 72
"""Likewise for declarations and the comment behind them."""
_BIG = 0xFFFF
"""Constants beyond this are written in hexadecimal."""
_GAPS = {HOLE: "hole", BIT_HOLE: "hole", PADDING: "padding", BIT_PADDING: "padding"}


class _Row(NamedTuple):
    depth: int
    code: str
    place: str = ""
    """The comment, behind ``code`` in its column."""
    style: str = ""
    """Of ``code``; a place has its own."""


def render(items: Iterable[Item], *, cacheline: int, colour: bool) -> str:
    """All items, an empty line between them; ``cacheline`` in bytes, 0 for no boundaries."""
    blocks = []
    for item in items:
        writer = _Writer(cacheline)
        writer.item(item)
        blocks.append(_lay_out(writer.rows, colour))
    return "\n\n".join(blocks) + "\n"


def _lay_out(rows: list[_Row], colour: bool) -> str:
    widths = [_TAB * row.depth + len(row.code) for row in rows]
    behind = [w for w, row in zip(widths, rows, strict=True) if row.place and w <= _PLACE_COLUMN]
    column = max(behind, default=0) + 2
    lines = []
    for row, width in zip(rows, widths, strict=True):
        code = paint(row.style, row.code) if colour else row.code
        line = "\t" * row.depth + code
        if row.place:
            place = f"/* {row.place} */"
            gap = max(1, column - width) if row.code else 0
            line += " " * gap + (paint("place", place) if colour else place)
        lines.append(line if row.code or row.place else "")
    return "\n".join(lines)


class _Writer:
    """Collects the rows of one item."""

    def __init__(self, cacheline: int) -> None:
        self.rows: list[_Row] = []
        self.cacheline = cacheline
        self._line = 0
        """Number of the last cache line whose boundary was written."""
        self._width = 5
        """Of offsets and sizes, in digits."""

    def item(self, item: Item) -> None:
        match item:
            case Record() | EnumBody():
                self._definition(item, "", ";")
            case Typedef():
                self._typedef(item)
            case Function():
                self._function(item)
            case Variable():
                self._variable(item)
            case Forward():
                self._add(0, f"{item.spelling};", "declared, but not defined in this source")
            case Base():
                self._base(item)

    def _add(self, depth: int, code: str, place: str = "", style: str = "") -> None:
        self.rows.append(_Row(depth, clean(code), clean(place).replace("*/", "* /"), style))

    def _note(self, depth: int, text: str, style: str) -> None:
        self._add(depth, f"/* {text.replace('*/', '* /')} */", "", style)

    def _tags(self, depth: int, tags: tuple[str, ...]) -> None:
        if tags:
            self._note(depth, f"tags: {', '.join(tags)}", "")

    # Definitions

    def _definition(self, body: Body, before: str, closing: str) -> None:
        self._tags(0, body.tags)
        if isinstance(body, Record):
            self._width = max(5, len(str(body.byte_size)))
        header = f"{'offset':>{self._width}}  {'size':>{self._width}}"
        is_record = isinstance(body, Record) and body.rows
        self._add(0, f"{before}{_opening(body)}", header if is_record else "", "head")
        if isinstance(body, EnumBody):
            self._enumerators(1, body)
            self._note(1, _enum_summary(body), "total")
        else:
            self._members(1, body)
            if body.rows:
                self._add(0, "")
            if body.problem:
                self._note(1, f"cannot be laid out: {body.problem}", "problem")
            for line in _summary(body, self.cacheline):
                self._note(1, line, "total")
        self._add(0, f"}}{_attributes(body)}{closing}", "", "head")

    def _enumerators(self, depth: int, body: EnumBody) -> None:
        width = min(max((len(clean(name)) for name, _ in body.enumerators), default=0), 48)
        for name, value in body.enumerators:
            self._add(depth, f"{clean(name):<{width}} = {_constant(value)},")

    def _members(self, depth: int, record: Record) -> None:
        columns = [
            len(clean(row.before)) for row in record.rows if isinstance(row, Field) and not row.body
        ]
        width = max([c for c in columns if c <= _NAME_COLUMN], default=0)
        entry = self._line
        for row in record.rows:
            if isinstance(row, Gap):
                self._gap(depth, row)
                continue
            if record.keyword == "union":
                self._line = entry
            self._boundary(depth, row.bit_offset)
            self._tags(depth, row.tags)
            if row.body is None:
                declaration = f"{_padded(clean(row.before), width)}{_rest(row)}"
                if not row.name:  # all that stands before the semicolon is its type
                    declaration = f"{clean(row.before).rstrip()}{' ' * bool(row.after)}{_rest(row)}"
                self._add(depth, declaration, self._place(row))
            else:
                self._nested(depth, row, row.body)
            if row.byte_padding:
                self._note(depth, f"XXX its last {_bytes(row.byte_padding)} are padding", "gap")
        if record.keyword == "union":
            self._line = entry

    def _nested(self, depth: int, field: Field, body: Body) -> None:
        looked_through = f" /* {', '.join(field.typedefs)} */" if field.typedefs else ""
        self._add(depth, f"{field.before}{_opening(body)}{looked_through}")
        if isinstance(body, EnumBody):
            self._enumerators(depth + 1, body)
        elif field.by_value:
            self._members(depth + 1, body)
        else:
            cacheline, self.cacheline = self.cacheline, 0
            self._members(depth + 1, body)
            self.cacheline = cacheline
        closing = f"}}{_attributes(body)} {field.between}{_rest(field)}"
        self._add(depth, closing.replace(" ;", ";"), self._place(field))

    def _place(self, field: Field) -> str:
        byte_offset, bit = divmod(field.bit_offset, 8)
        width = self._width
        if field.bit_width:
            place = f"{byte_offset:>{width}}:{bit}"
            return f"{place}{field.bit_width:>{width}} {_bits(field.bit_width).partition(' ')[2]}"
        size = "?" if field.byte_size is None else field.byte_size
        return f"{byte_offset:>{width}}  {size:>{width}}"

    def _gap(self, depth: int, gap: Gap) -> None:
        byte_offset, bit = divmod(gap.bit_offset, 8)
        if gap.kind in (BIT_HOLE, BIT_PADDING):
            text = f"XXX {_bits(gap.bit_width)} {_GAPS[gap.kind]} at {byte_offset}:{bit}"
        else:
            text = f"XXX {_bytes(gap.bit_width // 8)} {_GAPS[gap.kind]} at {byte_offset}"
        self._note(depth, text, "gap")

    def _boundary(self, depth: int, bit_offset: int) -> None:
        """Say where a cache line begins, before the first member behind that place."""
        if not self.cacheline:
            return
        number, back = divmod(bit_offset // 8, self.cacheline)
        if number <= self._line:
            return
        self._line = number
        since = f", {_bytes(back)} back" if back else ""
        place = _bytes(number * self.cacheline)
        self._note(depth, f"--- cacheline {number} boundary ({place}){since} ---", "line")

    # Everything else

    def _typedef(self, typedef: Typedef) -> None:
        self._tags(0, typedef.tags)
        plain = typedef.steps[:-1] if typedef.inline else typedef.steps
        for number, (declaration, _) in enumerate(plain, 1):
            size = _size_of(typedef) if number == 1 else ""
            self._add(0, f"{declaration};", size)
        if typedef.body is None:
            return
        if plain:
            self._add(0, "")
        before, after = typedef.steps[-1] if typedef.inline else ("", "")
        self._definition(typedef.body, before, f" {after};" if after else ";")

    def _function(self, function: Function) -> None:
        self._tags(0, function.tags)
        for parameter in function.parameters:
            for tag in parameter.tags:
                self._note(0, f"tag of {parameter.name}: {tag}", "")
        extern = "extern " if function.linkage == "extern" else ""
        self._add(0, f"{extern}{function.declaration};")

    def _variable(self, variable: Variable) -> None:
        self._tags(0, variable.tags)
        facts = [] if variable.byte_size is None else [_bytes(variable.byte_size)]
        if variable.section:
            facts.append(f"at {variable.byte_offset:#x} of {variable.section}")
        extern = "extern " if variable.linkage == "extern" else ""
        self._add(0, f"{extern}{variable.declaration};", ", ".join(facts))

    def _base(self, base: Base) -> None:
        kind = "floating point"
        if base.kind == "int":
            kind = "boolean" if base.boolean else "signed" if base.signed else "unsigned"
        facts = f"{_bytes(base.byte_size)}, align: {base.byte_align}, {kind}"
        self._note(0, f"{base.spelling}: {facts}", "")


# Pieces


def _opening(body: Body) -> str:
    keyword = body.keyword if isinstance(body, Record) else "enum"
    return f"{body.spelling or keyword} {{"


def _attributes(body: Body) -> str:
    if isinstance(body, EnumBody):
        found = [f"mode({body.mode})"] if body.mode else []
    else:
        found = ["packed"] if body.packed else []
        found += [f"aligned({body.aligned})"] if body.aligned else []
    return f" __attribute__(({', '.join(found)}))" if found else ""


def _padded(before: str, width: int) -> str:
    """The part before a name, wide enough for the name to stand in its column.

    ``*`` and ``(*`` stay with the name: "struct file      *f", "int      (*f".
    """
    head = before.partition("(")[0].rstrip("*")
    return f"{head}{' ' * (width - len(before))}{before[len(head) :]}"


def _rest(field: Field) -> str:
    forced = f" __attribute__((aligned({field.byte_align})))" if field.byte_align else ""
    return clean(f"{field.name}{field.after}{forced};")


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _bits(count: int) -> str:
    return "1 bit" if count == 1 else f"{count} bits"


def _constant(value: int) -> str:
    if value == -1 << 63:  # C has no literal for it
        return "-0x7fffffffffffffff - 1"
    return f"{value:#x}" if abs(value) > _BIG else str(value)


def _size_of(typedef: Typedef) -> str:
    """What a definition beside the typedef does not say."""
    if typedef.byte_size is None or (
        typedef.body is not None and typedef.body.byte_size == typedef.byte_size
    ):
        return ""
    return f"{_bytes(typedef.byte_size)}, align: {typedef.byte_align}"


def _enum_summary(body: EnumBody) -> str:
    signed = "signed" if body.signed else "unsigned"
    return f"size: {_bytes(body.byte_size)}, {signed}, constants: {len(body.enumerators)}"


def _summary(record: Record, cacheline: int) -> list[str]:
    """The last lines: what the whole adds up to."""
    total = record.totals
    first = f"size: {_bytes(record.byte_size)}"
    if record.byte_align is not None:
        first += f", align: {record.byte_align}"
    if cacheline:
        lines, used = -(-record.byte_size // cacheline), record.byte_size % cacheline
        first += f", cachelines: {lines}" + (f" (last: {_bytes(used)})" if used else "")
    second = f"members: {total.members}"
    if record.keyword == "struct" and total.members:
        second += f", sum: {_bytes(total.member_bytes)}"
        if total.bitfield_bits:
            second += f" and {_bits(total.bitfield_bits)}"
    lost = []
    if total.holes:
        lost.append(f"holes: {total.holes}, sum: {_bytes(total.hole_bytes)}")
    if total.bit_holes:
        lost.append(f"bit holes: {total.bit_holes}, sum: {_bits(total.bit_hole_bits)}")
    if total.padding_bytes:
        lost.append(f"padding: {_bytes(total.padding_bytes)}")
    if total.padding_bits:
        lost.append(f"bit padding: {_bits(total.padding_bits)}")
    return [first, second, *(["; ".join(lost)] if lost else [])]
