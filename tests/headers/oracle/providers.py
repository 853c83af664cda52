"""Which headers define what a macro needs and its own header does not include.

A macro is text until it is used: many name a struct, an error number or another macro of a header
that their own does not include, and whoever uses them includes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from .gcc import Macro, Preprocessed
from .targets import Target, headers_of

__all__ = ["Missing", "Provision", "missing_of", "provisions"]

_LIBRARY = {
    "errno.h": ("E2BIG", "EBUSY", "EINVAL", "EIO", "ENODEV", "ENOENT", "ENOMEM", "ENOSYS"),
    "limits.h": (
        *("CHAR_BIT", "INT_MAX", "INT_MIN", "LONG_MAX", "LONG_MIN", "SHRT_MAX"),
        *("UCHAR_MAX", "UINT_MAX", "ULLONG_MAX", "ULONG_MAX", "USHRT_MAX"),
    ),
    "stdint.h": ("int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "uintptr_t"),
    "stdbool.h": ("bool", "false", "true"),
    "sys/types.h": ("loff_t", "off_t", "pid_t", "u_char", "u_int", "u_long", "u_short", "uid_t"),
    "time.h": ("time_t", "struct timespec"),
    "sys/time.h": ("struct timeval",),
    "sys/socket.h": ("struct sockaddr", "sa_family_t", "AF_INET", "AF_INET6", "AF_MAX", "SOL_ATM"),
    "netinet/in.h": ("struct in_addr", "struct in6_addr", "struct sockaddr_in"),
}

_KEYWORDS = frozenset(
    {
        *("char", "const", "double", "enum", "float", "int", "long", "short", "signed"),
        *("sizeof", "struct", "typeof", "union", "unsigned", "void"),
        *("__attribute__", "__builtin_offsetof", "__extension__", "__typeof__"),
    }
)

_TAG = re.compile(r"\b((?:struct|union)\s+[A-Za-z_]\w*)\s*\{")
_TAG_USE = re.compile(r"\b((?:struct|union)\s+[A-Za-z_]\w*)")
_DEFINES = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)[^\S\n]*[^\s]", re.M)
_TYPEDEF = re.compile(r"^typedef\b[^;{}]*?\b([A-Za-z_]\w*)\s*(?:\[[^]]*\])?;|^\} (\w+);", re.M)
_ENUMERATOR = re.compile(r"^[ \t]+([A-Z_a-z]\w*)[ \t]*(?:=[^,;(){}]*)?(?:,|$|/\*|\})", re.M)
_MOST = 3  # candidates tried of one that several headers define


@cache
def _index(target: Target) -> Mapping[str, Sequence[str]]:
    """By identifier, or tag with its keyword: headers of the target that seem to define it.

    A header of asm-generic is a default: where a target has its own, that is what may include it.
    """
    found: dict[str, list[str]] = {}
    headers = headers_of(target)
    own = {header.name for header in headers}
    for header in headers:
        specific = header.name.replace("asm-generic/", "asm/")
        includable = specific if specific in own else header.name
        text = Path(header.path).read_text(encoding="utf-8", errors="surrogateescape")
        names = {*_DEFINES.findall(text), *_ENUMERATOR.findall(text)}
        names.update(_one_space(tag) for tag in _TAG.findall(text))
        names.update(name for pair in _TYPEDEF.findall(text) for name in pair if name)
        for name in names:
            headers_with = found.setdefault(name, [])
            if includable not in headers_with:
                headers_with.append(includable)
    for header_name, names_of in _LIBRARY.items():
        for name in names_of:
            found.setdefault(name, []).insert(0, header_name)
    return found


Missing = frozenset[str]


def missing_of(reach: Iterable[Macro], preprocessed: Preprocessed) -> Missing:
    """Identifiers and tags that a macro's expansion may use and nothing before it declares."""
    found = set()
    for macro in reach:
        tags = [_one_space(tag) for tag in _TAG_USE.findall(macro.body)]
        found.update(tag for tag in tags if tag not in preprocessed.tags)
        names = macro.tokens - preprocessed.words - preprocessed.defined - _KEYWORDS
        names -= {tag.rpartition(" ")[2] for tag in tags}
        found.update(names.difference(macro.params or ()))
    return frozenset(found)


class Provision(NamedTuple):
    """Headers that seem to define what is missing, and how far they are from who needs it."""

    distance: int
    headers: tuple[str, ...]


def provisions(target: Target, header: str, missing: Missing) -> Iterator[Provision]:
    """The nearest first; none if nothing defines any of it.

    A name that no header has may be one half of another, which ## puts together.
    """
    index = _index(target)
    missing = frozenset(name for name in missing if name in index)
    if not missing:
        return
    candidates = [
        sorted((_distance(header, other), other) for other in index[name])[:_MOST]
        for name in sorted(missing)
    ]
    for choice in zip_longest(*candidates):
        chosen = [one or ones[0] for one, ones in zip(choice, candidates, strict=True)]
        distance = max(distance for distance, _ in chosen)
        yield Provision(distance, tuple(dict.fromkeys(name for _, name in chosen)))


def _distance(header: str, other: str) -> int:
    """Headers of one's own directory first, then of linux; those of libraries before all."""
    if any(other == library for library in _LIBRARY):
        return 0
    directory = other.rpartition("/")[0]
    if directory == header.rpartition("/")[0].replace("asm-generic", "asm"):
        return 1
    return 2 if directory == "linux" else 3


def _one_space(tag: str) -> str:
    return " ".join(tag.split())
