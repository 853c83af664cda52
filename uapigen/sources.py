"""From the files a user names to one graph of types and the target they are for.

A source is told apart by its content (``btf/container.py``); a snapshot is one, too.
Split BTF looks for its base: the one the user gave, another source of the same run,
the ``vmlinux`` beside it, the running kernel's, its own distilled base.
"""

from __future__ import annotations

import os
import stat
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from uapigen.btf.blob import BtfBlob, Content
from uapigen.btf.format import MAGIC, parse_header
from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError, SystemRefusalError, UsageError
from uapigen.ir.graph import SourceInfo, TypeGraph
from uapigen.layout.targets import DataModel, find_target, guess_target, host_arch, machine_of_elf
from uapigen.snapshot.mark import is_snapshot

if TYPE_CHECKING:
    from uapigen.ir.units import Joined

__all__ = [
    "RUNNING_KERNEL",
    "Opened",
    "Source",
    "expect_digests",
    "is_header",
    "open_sources",
    "split_sources",
]

RUNNING_KERNEL = "/sys/kernel/btf/vmlinux"
_IN_MEMORY = "<bytes>"

Source: TypeAlias = str | os.PathLike[str] | bytes
"""A file by its path, or all that is in it."""


class Opened(NamedTuple):
    """What was read: the types of all sources, for one target."""

    graph: TypeGraph
    model: DataModel
    headers: Joined | None = None
    """What headers say beside types, if there are some among the sources."""


def split_sources(sources: Sequence[str]) -> tuple[list[str], list[str]]:
    """(headers, other sources), told apart by what is in them.

    A header may be named as C includes it (``linux/fuse.h``): then it stays so.
    """
    headers: list[str] = []
    others: list[str] = []
    for path in sources:
        (headers if is_header(path) else others).append(path)
    return headers, others


def is_header(path: str) -> bool:
    """Whether a file is C's text; a name that no file has is one if it ends in ``.h``."""
    try:
        with open(path, "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return regular and _is_c(file.read(_LOOKED_AT), path.endswith(".h"))
    except (FileNotFoundError, NotADirectoryError):
        return path.endswith(".h")
    except (OSError, ValueError):
        return False  # whoever reads it says why it cannot be read


_LOOKED_AT = 4096
_NO_TEXT = bytes(sorted({*range(32), 127} - {*b"\t\n\v\f\r"}))


def _is_c(data: bytes, named_so: bool) -> bool:
    """Whether a file that begins so is C: text, and called so or written so."""
    if data[:2] in (MAGIC.to_bytes(2, "little"), MAGIC.to_bytes(2, "big")):
        return False
    if is_snapshot(data[:_LOOKED_AT]):
        return False
    if data.translate(None, _NO_TEXT) != data:
        return False
    if named_so:
        return True
    import re

    return re.search(_BEGINNINGS, data, re.MULTILINE) is not None


_BEGINNINGS = (
    rb"^[ \t]*(?:#[ \t]*(?:if|include|define|pragma|undef)"
    rb"|/[*/]|(?:typedef|struct|union|enum|extern|static)\b)"
)
"""Of lines that C has and other text hardly."""


class _File(NamedTuple):
    path: str
    blob: BtfBlob
    digest: Callable[[], str]
    split: bool
    snapshot: bool = False


def open_sources(
    sources: Sequence[Source],
    *,
    base: Source | None = None,
    arch: str | None = None,
    digest_now: bool = False,
    **headers: Any,
) -> Opened:
    """Read the sources and find out what target they are for.

    A source is a path, or a file's whole content. ``base`` is the one under
    split BTF, ``arch`` overrides the target that the sources speak of,
    with ``digest_now`` a thread works out digests beside the rest (not if the caller forks);
    ``headers`` say how headers are read, as in
    :class:`~uapigen.headers.options.HeaderOptions`. Raises
    :class:`InputError` for a malformed source, :class:`SystemRefusalError` for
    one that cannot be read, and :class:`UsageError` where ``arch`` contradicts
    the sources.
    """
    if not sources:
        raise UsageError("no source given")
    paths = [os.fspath(source) for source in sources if not isinstance(source, bytes)]
    if any(path.endswith(".py") or os.path.isdir(path) for path in paths):
        from uapigen.bindings_source import is_bindings, read_bindings

        if len(sources) == len(paths) == 1 and is_bindings(paths[0]):
            return Opened(*read_bindings(paths[0]))
    named = [path for path in paths if is_header(path)]
    if named:
        return _with_headers(named, sources, base, arch, headers)
    files = [_read(source, digest_now=digest_now) for source in sources]
    if any(file.snapshot for file in files):
        return _with_snapshots(files, base, arch)
    graphs = _graphs(files, base)
    graph = _merged(graphs)
    return Opened(graph, _target(graph, graphs, arch))


def _merged(graphs: list[TypeGraph]) -> TypeGraph:
    if len(graphs) == 1:
        return graphs[0]
    from uapigen.ir.merge import MergedGraph

    return MergedGraph(graphs)


def _with_snapshots(files: Sequence[_File], base: Source | None, arch: str | None) -> Opened:
    """Snapshots, and maybe BTF beside them."""
    from uapigen.snapshot.read import read_snapshot

    read = [read_snapshot(bytes(file.blob.btf), file.path) for file in files if file.snapshot]
    with_headers = next((one for one in read if one.headers is not None), None)
    if with_headers is not None:
        if len(files) > 1:
            name = with_headers.graph.info.name
            raise UsageError(f"{name} is a snapshot of headers, which goes with no other source")
        model = _target(with_headers.graph, [with_headers.graph], arch)
        return Opened(with_headers.graph, model, with_headers.headers)
    graphs: list[TypeGraph] = [snapshot.graph for snapshot in read]
    others = [file for file in files if not file.snapshot]
    graphs += _graphs(others, base) if others else []
    graph = _merged(graphs)
    return Opened(graph, _target(graph, graphs, arch))


def _graphs(files: Sequence[_File], base: Source | None) -> list[TypeGraph]:
    """The graphs of BTF, split BTF among them over its base."""
    whole: dict[int, BtfGraph] = {
        index: _whole(file) for index, file in enumerate(files) if not file.split
    }
    given = _whole(_read(base)) if base is not None else None
    graphs: list[TypeGraph] = []
    bases: dict[str, BtfGraph] = {}
    for index, file in enumerate(files):
        if index in whole:
            graphs.append(whole[index])
        else:
            first = next(iter(whole.values()), None)
            graphs.append(_over_base(file, given or first, bases))
    return graphs


def _with_headers(
    names: list[str],
    sources: Sequence[Source],
    base: Source | None,
    arch: str | None,
    said: dict[str, Any],
) -> Opened:
    from uapigen.header_sources import header_target, open_headers

    others = [s for s in sources if isinstance(s, bytes) or os.fspath(s) not in names]
    opened = open_sources(others, base=base, arch=arch) if others else None
    if opened is not None and opened.headers is not None:
        raise UsageError("a snapshot of headers goes with no other source")
    model = opened.model if opened else header_target(names, arch)
    joined = open_headers(names, model, opened.graph if opened else None, **said).joined
    return Opened(joined.graph, model, joined)


def _read(source: Source, *, digest_now: bool = False) -> _File:
    if isinstance(source, bytes):
        return _file(_IN_MEMORY, source, digest_now)
    path = os.fspath(source)
    try:
        with open(path, "rb") as file:
            kind = os.fstat(file.fileno()).st_mode
            if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):
                raise InputError(path, "", "is a device")  # some have no end
            return _file(path, _mapped(path, file.fileno()) or file.read(), digest_now)
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the path
        raise SystemRefusalError(f"{path!r}: {error}") from None


def _mapped(path: str, descriptor: int) -> Content | None:
    """The BTF of the running kernel as it lies in memory, where the kernel maps it (from 6.16 on).

    Reading it would copy it, 4 KiB a call. Other files may change or shrink meanwhile.
    """
    if not _is_running(path):
        return None
    import mmap

    with suppress(OSError, ValueError):
        return mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    return None


def _is_running(path: str) -> bool:
    return os.path.realpath(path).startswith("/sys/kernel/btf/")


def _file(path: str, data: Content, digest_now: bool) -> _File:
    blob, digest = _unwrap(data, path), _Digest(data, now=digest_now)
    if is_snapshot(blob.btf[:_LOOKED_AT]):
        return _File(path, blob, digest, False, True)
    header = parse_header(blob.btf, path)
    split = blob.btf[header.str_start : min(header.str_start + 1, header.str_end)] != b"\0"
    return _File(path, blob, digest, split)


class _Digest:
    """A file's SHA-256 in hex, worked out when asked for, or beside other work from now on."""

    def __init__(self, data: Content, *, now: bool) -> None:
        self._data = data
        self._found: str | None = None
        self._expected: Callable[[], str | None] = lambda: None
        self._working = allocate_lock()
        if now:
            self._working.acquire()
            try:
                start_new_thread(self._work, ())
            except RuntimeError:  # the system has no more threads: when asked for, then
                self._working.release()

    def __call__(self) -> str:
        with self._working:  # the thread has it until it is done
            if self._found is None:
                self._found = self._expected() or _sha256(self._data)
            return self._found

    def expect(self, found: Callable[[], str | None]) -> None:
        """Take it from ``found``, when asked for; it is worked out here if that gives None."""
        self._expected = found

    def _work(self) -> None:
        try:
            self._found = _sha256(self._data)
        finally:
            self._working.release()


def expect_digests(sources: Sequence[SourceInfo], found: Callable[[], list[str] | None]) -> None:
    """Take the digests of sources from ``found`` when one is asked for, if it has any."""

    def digest_of(at: int) -> str | None:
        digests = found()
        return digests[at] if digests else None

    for at, source in enumerate(sources):
        if isinstance(source.digest, _Digest):
            source.digest.expect(partial(digest_of, at))


def _sha256(data: Content) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def _unwrap(data: Content, path: str) -> BtfBlob:
    for order in ("little", "big"):
        if data[:2] == MAGIC.to_bytes(2, order):
            return BtfBlob(path, data, None, None, None, order == "big", None)
    if is_snapshot(data[:_LOOKED_AT]):
        return BtfBlob(path, data, None, None, None, False, None)
    # Most runs read raw BTF; only the others pay for knowing ELF and kernel images.
    from uapigen.btf.container import unwrap

    return unwrap(bytes(data), path, is_snapshot)


def _machine(file: _File) -> str | None:
    blob = file.blob
    if blob.elf_machine is not None:
        elf_class = blob.elf_class or 64
        return machine_of_elf(blob.elf_machine, elf_class, blob.big_endian)
    if _is_running(file.path):
        return host_arch()
    return None


def _release(file: _File) -> str | None:
    if file.blob.release is None and _is_running(file.path):
        return os.uname().release
    return file.blob.release


def _graph(file: _File, data: Content, base: BtfGraph | None) -> BtfGraph:
    return BtfGraph(
        data,
        file.path,
        base=base,
        digest=file.digest,
        machine=_machine(file),
        release=_release(file),
    )


def _whole(file: _File) -> BtfGraph:
    if file.split or file.snapshot:
        what = "a snapshot" if file.snapshot else "split BTF"
        raise InputError(file.path, "", f"is {what}, which cannot be a base")
    return _graph(file, file.blob.btf, None)


def _over_base(file: _File, base: BtfGraph | None, bases: dict[str, BtfGraph]) -> BtfGraph:
    """Split BTF over the base that was given, or over the first one found."""
    found = base
    if found is None:
        beside = os.path.join(os.path.dirname(file.path), "vmlinux")
        for path in (RUNNING_KERNEL,) if file.path == _IN_MEMORY else (beside, RUNNING_KERNEL):
            if path in bases or os.path.isfile(path):
                found = bases[path] = bases.get(path) or _whole(_read(path))
                break
    if file.blob.base is not None:
        distilled = _graph(file, file.blob.base, None)
        if found is None:
            return _graph(file, file.blob.btf, distilled)
        from uapigen.btf.distilled import relocate

        try:
            return relocate(file.blob.btf, distilled, found)
        except InputError:
            if base is not None:
                raise
            # The kernel that happens to run here is not the one it is for.
            return _graph(file, file.blob.btf, distilled)
    if found is None:
        raise InputError(file.path, "", "is split BTF and its base was not found; give --base FILE")
    _check_base(file, found)
    graph = _graph(file, file.blob.btf, found)
    if not graph.names_fit():
        raise InputError(
            file.path, "", f"does not go on where its base {found.name} ends; give its own (--base)"
        )
    return graph


def _check_base(file: _File, base: BtfGraph) -> None:
    """Refuse a base of another kernel: its ids would mean other types, all of them wrong."""
    ours, theirs = (_machine(file), _release(file)), (base.info.machine, base.info.release)
    for own, other, what in zip(ours, theirs, ("architecture", "kernel"), strict=True):
        if own is not None and other is not None and own != other:
            raise InputError(
                file.path, "", f"is for {what} {own}, but its base {base.name} is for {other}"
            )


def _target(graph: TypeGraph, graphs: Sequence[TypeGraph], arch: str | None) -> DataModel:
    info = graph.info
    if arch is not None:
        model = find_target(arch)
        for ours, theirs, what in (
            (model.big_endian, info.big_endian, "byte order"),
            (model.pointer_size, info.pointer_size or model.pointer_size, "pointer size"),
        ):
            if ours != theirs:
                raise UsageError(f"--arch {arch}: its {what} is not that of {info.name}")
        return model
    machines = {source.machine: source.name for source in graph.sources if source.machine}
    if len(machines) > 1:
        sources = " and ".join(f"{name} ({machine})" for machine, name in machines.items())
        raise UsageError(f"{sources} are for different architectures: one output has one")
    if machines:
        return find_target(*machines)
    return guess_target(
        info.pointer_size,
        info.big_endian,
        lambda name: any(layer.ids_named(name) for own in graphs for layer in _layers(own)),
    )


def _layers(graph: TypeGraph | None) -> Iterator[TypeGraph]:
    """A graph and the ones it lies over."""
    while graph is not None:
        yield graph
        graph = graph.base
