"""Where a macro finds what its own header does not declare.

Many headers define macros over names that whoever uses them is expected to have
included: ``_IOR`` of ``linux/ioctl.h``, ``size_t``, a struct of a sibling. What a
macro needs is read from clang's diagnostic; which header has it, from a table for
the names that come from a few well-known headers, and from the headers of the
include tree for the rest. These are read when a name is looked for that the table
lacks, once in a process.
"""

from __future__ import annotations

import functools
import os
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from uapigen.headers.files import read_source
from uapigen.headers.targets import UAPI_DIRECTORIES

__all__ = ["Need", "Providers", "providers", "searched_directories", "what_is_needed"]


class Need(NamedTuple):
    """A name that has to be declared, or a tag that has to be complete."""

    tag: str
    """``struct``, ``union`` or ``enum``; empty for any other name."""
    name: str

    def __str__(self) -> str:
        return f"{self.tag} {self.name}".lstrip()


# The C library's where it has one: linux/time.h and sys/time.h cannot both be included.
_WELL_KNOWN = {
    "linux/ioctl.h": "_IO _IOR _IOW _IOWR _IOC _IOC_NONE _IOC_READ _IOC_WRITE _IOC_NRBITS "
    "_IOC_TYPEBITS _IOC_SIZEBITS _IOC_DIRBITS _IOC_NRSHIFT _IOC_TYPESHIFT _IOC_SIZESHIFT "
    "_IOC_DIRSHIFT _IOC_NRMASK _IOC_TYPEMASK _IOC_SIZEMASK _IOC_DIRMASK _IOR_BAD _IOW_BAD "
    "_IOWR_BAD",
    "linux/types.h": "__u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64 __le16 __le32 __le64 "
    "__be16 __be32 __be64 __sum16 __wsum __poll_t __aligned_u64 __aligned_be64 __aligned_le64",
    "stddef.h": "size_t ptrdiff_t wchar_t NULL offsetof",
    "stdint.h": "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t "
    "uintptr_t INT8_MAX INT16_MAX INT32_MAX INT64_MAX UINT8_MAX UINT16_MAX UINT32_MAX UINT64_MAX",
    "stdbool.h": "bool true false",
    "limits.h": "CHAR_BIT INT_MAX INT_MIN UINT_MAX LONG_MAX LONG_MIN ULONG_MAX PATH_MAX",
    "sys/types.h": "dev_t gid_t ino_t mode_t off_t pid_t ssize_t uid_t loff_t caddr_t time_t "
    "u_char u_short u_int u_long u_int8_t u_int16_t u_int32_t u_int64_t clock_t",
    "sys/time.h": "struct_timeval struct_timespec struct_itimerval",
    "sys/socket.h": "struct_sockaddr struct_sockaddr_storage sa_family_t",
    "sys/uio.h": "struct_iovec",
    "signal.h": "sigset_t",
}
_BYTE_ORDER = {
    f"{constant}{source}_to_{target}{width}"
    for constant in ("__", "__constant_")
    for order in ("be", "le")
    for source, target in (("cpu", order), (order, "cpu"))
    for width in (16, 32, 64)
}
_HEADER_OF = dict.fromkeys(_BYTE_ORDER, "asm/byteorder.h") | {
    name: header for header, names in _WELL_KNOWN.items() for name in names.split()
}

_HEADER_OF_PREFIX = {"AF_": "sys/socket.h", "PF_": "sys/socket.h", "SOL_": "sys/socket.h"}
_PREFIX = re.compile("|".join(_HEADER_OF_PREFIX))

_DIAGNOSTICS = re.compile(
    r"use of undeclared identifier '(?P<a>\w+)'"
    r"|call to undeclared function '(?P<b>\w+)'"
    r"|unknown type name '(?P<c>\w+)'"
    r"|(?:incomplete|forward).*? '(?:const |volatile )*(?P<tag>struct|union|enum) (?P<name>\w+)"
)


def what_is_needed(problem: str) -> Need | None:
    """What would help against an error that clang reports; None where nothing would."""
    matched = _DIAGNOSTICS.search(problem)
    if not matched:
        return None
    if matched["tag"]:
        return Need(matched["tag"], matched["name"])
    return Need("", matched["a"] or matched["b"] or matched["c"])


def searched_directories(arguments: Sequence[str]) -> tuple[str, ...]:
    """The directories that clang's arguments name, in the order in which it looks into them."""
    found: dict[str, list[str]] = {"-I": [], "-isystem": []}
    arguments = list(arguments)
    for i, argument in enumerate(arguments):
        for option, directories in found.items():
            if argument == option and i + 1 < len(arguments):
                directories.append(arguments[i + 1])
            elif argument.startswith(option) and len(argument) > len(option):
                directories.append(argument[len(option) :])
    return tuple(dict.fromkeys(found["-I"] + found["-isystem"]))


class Providers(NamedTuple):
    """Headers that may declare a name."""

    headers: tuple[str, ...]
    """As C includes them, likely ones first."""
    disagree: bool = False
    """They define it differently, and nothing tells which is meant: there is none."""


def providers(need: Need, header: str, directories: tuple[str, ...]) -> Providers:
    """Headers that may declare what is needed by ``header``, a path; those near to it first."""
    known = _HEADER_OF.get(str(need).replace(" ", "_")) or _by_prefix(need)
    if known:
        return Providers((known,))
    found: dict[str, set[bytes]] = {}
    for path, public, definition in _definitions(need, directories):
        if path != header:
            found.setdefault(public, set()).add(definition)
    definitions = set().union(*found.values())
    if len(found) > 1 and len(definitions) > 1:
        return Providers((), disagree=True)
    return Providers(tuple(sorted(found, key=lambda module: -_nearness(module, header))))


@functools.lru_cache(maxsize=4096)
def _definitions(need: Need, directories: tuple[str, ...]) -> list[tuple[str, str, bytes]]:
    """Where a name is defined: the path, the header to include for it, what it says."""
    name = need.name.encode()
    parts = {b"tag": need.tag.encode(), b"name": name}
    pattern = re.compile(_DEFINITIONS[bool(need.tag)] % parts)
    sign = re.compile(_BEHIND_NAME[bool(need.tag)] % parts)
    found = []
    hits: Iterable[tuple[str, re.Match[bytes] | None]]
    indexed = _definitions.cache_info().misses > _FEW
    for directory in directories:
        for group in sorted(UAPI_DIRECTORIES):
            if indexed:
                texts = _texts(directory, group)
                holding = _index(directory, group).get(name, ())
                hits = ((module, pattern.search(texts[module])) for module in holding)
            else:
                hits = _first_of_each(directory, group, need, pattern, sign)
            for module, matched in hits:
                public = _public(module, directories) if matched else None
                if matched and public:
                    definition = b" ".join(matched[0].split())
                    found.append((os.path.join(directory, module), public, definition))
    return found


_FEW = 300
"""Searches after which an index of all words pays, which takes as long."""


def _first_of_each(
    directory: str, group: str, need: Need, pattern: re.Pattern[bytes], sign: re.Pattern[bytes]
) -> Iterator[tuple[str, re.Match[bytes]]]:
    """The headers below one directory that define a name, and the first match of ``pattern``."""
    joined, starts = _joined(directory, group)
    modules, name = list(_texts(directory, group)), need.name.encode()
    at = _find(joined, name, 0)
    while at >= 0:
        behind = at + len(name)
        if sign.match(joined, at) or _DEFINE.search(joined, max(at - _BLANKS, 0), at):
            number = bisect(starts, at)
            last = starts[number] - 1 if number < len(starts) else len(joined)
            around = _around(joined, need, at, starts[number - 1], last)
            matched = pattern.search(joined, *around)
            if matched:
                yield modules[number - 1], matched
                behind = last
        at = _find(joined, name, behind)


def _find(text: bytes, name: bytes, at: int) -> int:
    """Where a name is next as a word, or -1."""
    while True:
        at = text.find(name, at)
        if at < 0 or not (_is_word(text, at - 1) or _is_word(text, at + len(name))):
            return at
        at += 1


def _is_word(text: bytes, at: int) -> bool:
    return 0 <= at < len(text) and text[at] in _WORD_BYTES


_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def _around(text: bytes, need: Need, at: int, first: int, last: int) -> tuple[int, int]:
    """What of a header's text (from ``first`` to ``last``) a definition with the name there may be.

    A search in all of it would take a hundred times as long.
    """
    if need.tag:
        begin = text.rfind(need.tag.encode(), first, at)
        end = text.find(b"}", at, last)
    else:
        separator = max(text.rfind(one, first, at) for one in (b";", b"{", b"}"))
        begin = text.rfind(b"\n", first, separator if separator >= 0 else at) + 1
        if separator < 0:
            begin = first
        matched = _SPACE.match(text, at + len(need.name), last)
        end = text.find(b"\n", matched.end() if matched else at, last)
    return max(begin, first), end if end >= 0 else last


_SPACE = re.compile(rb"\s*")


_BLANKS = 80
"""Between ``#define`` and a name; nobody has more."""
_DEFINE = re.compile(rb"define[ \t]+\Z")


@functools.lru_cache(maxsize=256)
def _joined(directory: str, group: str) -> tuple[bytes, list[int]]:
    """All headers below one directory behind each other, and where each begins."""
    texts = _texts(directory, group).values()
    starts = accumulate((len(text) + 1 for text in texts), initial=0)
    return b"\n".join(texts), list(starts)[:-1]


@functools.lru_cache(maxsize=256)
def _index(directory: str, group: str) -> dict[bytes, list[str]]:
    """The headers below one directory that hold a word."""
    found: dict[bytes, list[str]] = {}
    for module, text in _texts(directory, group).items():
        for word in set(_WORD.findall(text)):
            found.setdefault(word, []).append(module)
    return found


_WORD = re.compile(rb"[A-Za-z_]\w*")


def _by_prefix(need: Need) -> str | None:
    prefix = _PREFIX.match(need.name)
    return _HEADER_OF_PREFIX[prefix[0]] if prefix and not need.tag else None


def _public(module: str, directories: tuple[str, ...]) -> str | None:
    """The header by which programs get at a module.

    What lies in ``asm-generic`` is a default: which of it a target takes, and with which other
    values, only its own ``asm`` knows (MIPS has other error numbers, PowerPC other ioctls).
    """
    group, _, name = module.partition("/")
    if group != "asm-generic":
        return module
    if any(name in names for names in (_names(d, "asm") for d in directories)):
        return f"asm/{name}"
    directive = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*<%s>" % module.encode(), re.MULTILINE)
    for directory in directories:
        for includer, text in _texts(directory, "asm-generic").items():
            if directive.search(text) and includer != module:
                return _public(includer, directories)
    return None


def _names(directory: str, group: str) -> set[str]:
    return {module.partition("/")[2] for module in _texts(directory, group)}


# What is compared when several headers define a name: a macro with its value, the rest by name.
_DEFINITIONS = {
    True: rb"\b%(tag)s\s+%(name)s\s*\{[^}]*",
    False: rb"(?m)^[ \t]*#[ \t]*define[ \t]+%(name)s\b(?:[^\n\\]|\\.)*"
    rb"|\btypedef\b[^;{}]*\b%(name)s\s*(?:\[|;)|^\s*\}[^;{}]*\b%(name)s\s*;"
    rb"|^[ \t]*%(name)s\s*(?:[,=}]|$)",
}

# What follows the name in these, unless it is a macro's.
_BEHIND_NAME = {True: rb"%(name)s\s*\{", False: rb"(?m)%(name)s\s*(?:[\[;,=}]|$)"}


def _nearness(module: str, header: str) -> int:
    """How much of a header's name, as C includes it, is that of a path's end."""
    position = header.rfind("/" + module.partition("/")[0] + "/")
    if position < 0:
        return 0
    return len(os.path.commonprefix([module, header[position + 1 :]]))  # noqa: RUF071  # by letter


@functools.lru_cache(maxsize=256)
def _texts(directory: str, group: str) -> dict[str, bytes]:
    """The headers below one directory, by their path as C includes them."""
    texts = {}
    for path in sorted(_headers(os.path.join(directory, group))):
        texts[path[len(os.path.join(directory, "")) :]] = read_source(path)[:_LARGEST]
    return texts


_LARGEST = 4 << 20
"""No header is larger; what is, is none."""


def _headers(directory: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(directory))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # not every include directory has every one of them
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _headers(entry.path)
        elif entry.name.endswith(".h") and entry.is_file() and os.access(entry.path, os.R_OK):
            yield entry.path
