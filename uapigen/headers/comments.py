"""Documentation comments of a header's text.

Kernel-doc (``Documentation/doc-guide/kernel-doc.rst``) says what it is about::

    /**
     * struct fuse_attr - attributes of a file
     * @ino: inode number
     */

Any other comment counts only where it is clear what it is about: right above a
definition, or behind a member, an enumerator or a macro on the same line. A
compiler's parser has no say in this, so that every front end has the same comments.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from uapigen.headers.files import read_source
from uapigen.ir.declarations import Doc, Unit
from uapigen.ir.types import Enum, Struct, Union

__all__ = ["Comments", "add_comments", "comments_of"]


class Comments(NamedTuple):
    """What the comments of one file say."""

    types: dict[str, Doc]
    """By C spelling: "struct foo", or the bare name of a typedef or function."""
    constants: dict[str, str]
    """By the name of a macro or enumerator."""


def add_comments(unit: Unit, paths: Collection[str]) -> None:
    """Add to a unit what the comments of these of its files say of what it has."""
    comments = {path: _comments_of(read_source(path)) for path in paths}
    for type_id, path in unit.owners.items():
        node = unit.graph[type_id]
        found = comments.get(path)
        name = getattr(node, "name", "")
        if found and name:
            keyword = _KEYWORDS.get(type(node), "")
            doc = found.types.get(f"{keyword} {name}".lstrip())
            if doc:
                unit.docs[type_id] = doc
    for found in comments.values():
        unit.constant_docs |= found.constants


_KEYWORDS: dict[type, str] = {Struct: "struct", Union: "union", Enum: "enum"}


@lru_cache(maxsize=256)
def _comments_of(source: bytes) -> Comments:
    return comments_of(source.decode("utf-8", "replace"))


_KERNEL_DOC = re.compile(r"^/\*\*[ \t]*\n(.*?)\*/", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"\s*(?:(struct|union|enum|typedef)\s+)?(\w+)\s*(\(\))?\s*(?:[-:–]\s*(.*)|)$")
_MEMBER = re.compile(r"@([\w.]+)(?:\(\))?(?:\.\.\.)?\s*:[ \t]?(.*)")
_BESIDES = re.compile(r"(?:DOC|SPDX-License-Identifier)\s*:", re.IGNORECASE)

# In the kernel's style, which all of its headers keep: what is defined at file scope begins in the
# first column, and its closing brace is there again.
_BEGINNING = re.compile(
    r"^(?:typedef[ \t]+)?(struct|union|enum)\b[ \t]*(\w*)[^;{}()\n]*\n?\{[ \t]*(?=\n|/\*)",
    re.MULTILINE,
)
_END = re.compile(r"^\}([^;\n]*);", re.MULTILINE)
_LAST_NAME = re.compile(r"(\w+)\s*\Z")

_INLINE_KERNEL_DOC = re.compile(r"/\*\*\s*(?:\*\s*)?@(\w+)\s*:\s*(.*?)\*/", re.DOTALL)
_BEHIND_MEMBER = re.compile(
    r"^[^\n/\"'#;]*?\b(\w+)[ \t]*(?:\[[^\]\n]*\][ \t]*)*(?::[ \t]*\w+[ \t]*)?;"
    r"[ \t]*/\*+[!<]*(.*?)\*/",
    re.MULTILINE | re.DOTALL,
)
_BEHIND_ENUMERATOR = re.compile(
    r"^[ \t]*(\w+)[ \t]*(?:=[^\n,/]*)?,?[ \t]*/\*+[!<]*(.*?)\*/", re.MULTILINE | re.DOTALL
)
_BEHIND_MACRO = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\([^)\n]*\))?[ \t]+[^\n/]*?/\*+[!<]*([^\n]*?)\*/[ \t]*$",
    re.MULTILINE,
)


def comments_of(source: str) -> Comments:
    """What the comments in a header's text say."""
    types: dict[str, Doc] = {}
    constants: dict[str, str] = {}
    if "/*" not in source:
        return Comments(types, constants)
    for found in _KERNEL_DOC.finditer(source):
        parsed = _kernel_doc(_lines(found[1]))
        if parsed is not None:
            types.setdefault(*parsed)
    for found in _BEHIND_MACRO.finditer(source):
        constants.setdefault(found[1], _text(found[2]))
    for start, keyword, tag, body, behind in _definitions(source):
        name = _LAST_NAME.search(re.sub(r"__attribute__\s*\(.*|\b__\w+", "", behind))
        members = dict(_members(keyword, body))
        if keyword == "enum":
            constants = {**members, **constants}
        spellings = [f"{keyword} {tag}"] if tag else [name[1]] if name else []
        for spelling in spellings:
            # "foo - does that" above `struct foo` leaves the keyword out.
            known = types.get(spelling) or types.pop(tag, None)
            text = known.text if known else _above(source, start)
            if known or text or members:
                types[spelling] = Doc(text, members | (known.members if known else {}))
    return Comments(types, {name: text for name, text in constants.items() if text})


def _definitions(source: str) -> Iterator[tuple[int, str, str, str, str]]:
    """Offset, keyword, tag and body of each definition, and what is behind its closing brace."""
    begun: re.Match[str] | None = None
    events = [*_BEGINNING.finditer(source), *_END.finditer(source)]
    for found in sorted(events, key=lambda event: event.start()):
        if found.re is _BEGINNING:
            begun = found
        elif begun is not None:
            body = source[begun.end() : found.start()]
            yield begun.start(), begun[1], begun[2], body, found[1]
            begun = None


def _members(keyword: str, body: str) -> Iterator[tuple[str, str]]:
    """What the comments within a definition's braces say of its members."""
    behind = _BEHIND_ENUMERATOR if keyword == "enum" else _BEHIND_MEMBER
    for pattern in (behind, _INLINE_KERNEL_DOC):
        for found in pattern.finditer(body):
            text = _text(found[2])
            if text:
                yield found[1], text


def _above(source: str, offset: int) -> str:
    """The comment that ends on the line above; not a license, nor a heading for many."""
    above = source[source.rfind("\n", 0, max(offset - 1, 0)) + 1 : offset].rstrip()
    if not above.endswith("*/"):
        return ""
    end = source.rfind("*/", 0, offset)
    start = source.rfind("/*", 0, end)
    if source[source.rfind("\n", 0, start) + 1 : start].strip():
        return ""  # it is about what stands before it
    comment = source[start + 2 : end]
    return "" if _BESIDES.search(comment) else _text(comment.lstrip("*!"))


def _kernel_doc(lines: list[str]) -> tuple[str, Doc] | None:
    """(what a kernel-doc comment is about, what it says), or None for another comment."""
    if not lines or _BESIDES.match(lines[0]):
        return None
    heading = _HEADING.match(lines[0])
    if not heading or not (heading[1] or heading[3] or heading[4]):
        return None
    keyword, name, _, brief = heading.groups()
    text = [brief or ""]
    members: dict[str, list[str]] = {}
    current = text
    for line in lines[1:]:
        member = _MEMBER.match(line.lstrip())
        if member:
            current = members.setdefault(member[1], [])
            current.append(member[2])
        elif not line.strip() and current is not text:
            current = text  # a member's text ends with its paragraph
            current.append("")
        else:
            current.append(line.strip() if current is not text else line)
    spelling = f"{keyword} {name}" if keyword and keyword != "typedef" else name
    doc = Doc(_joined(text), {n: _joined(m) for n, m in members.items()})
    return spelling, doc


def _lines(comment: str) -> list[str]:
    """A comment's lines without the stars at their beginning."""
    return [re.sub(r"^[ \t]*\*?[ \t]?", "", line).rstrip() for line in comment.split("\n")]


def _text(comment: str) -> str:
    return _joined(_lines(comment.strip()))


def _joined(lines: list[str]) -> str:
    """The lines, without empty ones at either end or in a row, nor decoration."""
    lines = [line for line in lines if not re.fullmatch(r"[-=*_ \t]{3,}", line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
