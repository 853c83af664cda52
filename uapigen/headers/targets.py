"""A target as clang and its include directories name it.

Triples are those of GCC and Debian (https://wiki.debian.org/Multiarch/Tuples);
where the target's headers lie is what Debian's and Fedora's compilers search
(``gcc -v``): a cross package's own directory, or the multiarch one before the
common one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.headers.options import HeaderOptions
from uapigen.layout.targets import TARGETS, host_arch

__all__ = [
    "BUILTIN",
    "UAPI_DIRECTORIES",
    "clang_arguments",
    "clang_triple",
    "include_directories",
    "included_first",
    "is_of_other_target",
    "target_of_path",
    "tree_of_header",
]

BUILTIN = Path(__file__).parent / "builtin"
"""The headers that a compiler brings along, which libclang's package lacks."""

UAPI_DIRECTORIES = frozenset(
    {"linux", "asm", "asm-generic", "drm", "misc", "mtd", "rdma", "scsi", "sound", "video", "xen"}
)
"""Where, below an include directory, the kernel's own headers lie."""


class _Names(NamedTuple):
    """What tools call a target."""

    triple: str
    """clang's ``--target``; "" where it has none."""
    directories: tuple[str, ...]
    """Names of directories with its headers, the likelier first: ``/usr/NAME/include``, or
    ``/usr/include/NAME``."""
    options: tuple[str, ...] = ()


_UNNAMED_BYTE_ORDER = ("-U__LITTLE_ENDIAN__", "-U__BIG_ENDIAN__")
"""clang defines them for every target, GCC for PowerPC alone."""


def _names(triple: str, *directories: str, options: tuple[str, ...] | None = None) -> _Names:
    if options is None:
        options = _UNNAMED_BYTE_ORDER
    return _Names(triple, directories or (triple,), options)


_NAMES: dict[str, _Names] = {
    "x86_64": _names("x86_64-linux-gnu"),
    # The kernel's headers for x86-64 serve all three x86 ABIs.
    "x32": _names("x86_64-linux-gnux32", "x86_64-linux-gnux32", "x86_64-linux-gnu"),
    "i386": _names(
        "i686-linux-gnu", "i686-linux-gnu", "i386-linux-gnu", "i586-linux-gnu", "x86_64-linux-gnu"
    ),
    "aarch64": _names("aarch64-linux-gnu"),
    "arm": _names("arm-linux-gnueabihf", "arm-linux-gnueabihf", "arm-linux-gnueabi"),
    "riscv64": _names("riscv64-linux-gnu"),
    "riscv32": _names("riscv32-linux-gnu", "riscv32-linux-gnu", "riscv64-linux-gnu"),
    "s390x": _names("s390x-linux-gnu"),
    "s390": _names("", "s390-linux-gnu", "s390x-linux-gnu"),
    "ppc64le": _names("powerpc64le-linux-gnu", options=()),
    "ppc64": _names("powerpc64-linux-gnu", options=()),
    "ppc": _names("powerpc-linux-gnu", options=()),
    "mips64el": _names("mips64el-linux-gnuabi64"),
    "mips64": _names("mips64-linux-gnuabi64"),
    "mipsn32el": _names("mips64el-linux-gnuabin32"),
    "mipsn32": _names("mips64-linux-gnuabin32"),
    "mipsel": _names("mipsel-linux-gnu"),
    "mips": _names("mips-linux-gnu"),
    "loongarch64": _names("loongarch64-linux-gnu"),
    "sparc64": _names("sparc64-linux-gnu"),
    "sparc": _names("sparc-linux-gnu", "sparc-linux-gnu", "sparc64-linux-gnu"),
    "parisc": _names("", "hppa-linux-gnu"),
    "alpha": _names("", "alpha-linux-gnu"),
    "sh": _names("", "sh4-linux-gnu"),
    "m68k": _names("", "m68k-linux-gnu"),
}
"""libclang knows nothing of the ABIs of parisc, alpha, sh and 31-bit s390, and lays m68k's types
out with the alignments of other targets."""


def clang_triple(arch: str) -> str:
    """clang's name of the target; raises :class:`InputError` where libclang does not know it."""
    names = _NAMES.get(arch)
    if names is None or not names.triple:
        raise InputError(
            "", "", f"libclang does not know the C ABI of {arch}: use --frontend pycparser"
        )
    return names.triple


def target_of_path(path: str) -> str | None:
    """The architecture whose headers lie where this one does, by the directory's name.

    ``/usr/s390x-linux-gnu/include/asm/ptrace.h`` is s390x's; None where no directory tells.
    """
    parts = os.path.abspath(path).split(os.sep)[:-1]
    for part in reversed(parts):
        arch = _arch_of_directory().get(part)
        if arch is not None:
            return arch
    return None


def is_of_other_target(path: str, arch: str) -> bool:
    """Whether a relative path goes through a directory that only other targets have."""
    own = _NAMES[arch].directories
    return any("-linux-gnu" in part and part not in own for part in path.split(os.sep)[:-1])


@cache
def _arch_of_directory() -> dict[str, str]:
    found: dict[str, str] = {}
    for arch, names in _NAMES.items():
        if names.triple:
            found.setdefault(names.triple, arch)
    for arch, names in _NAMES.items():
        for directory in names.directories:
            found.setdefault(directory, arch)
    return found


def tree_of_header(path: str) -> str | None:
    """The directory that holds ``linux/``, ``asm/`` …, in which a header lies; None outside."""
    parts = os.path.abspath(path).split(os.sep)
    for index in range(len(parts) - 2, 0, -1):
        if parts[index] in UAPI_DIRECTORIES:
            while parts[index - 1] in UAPI_DIRECTORIES:  # linux/misc/ is below linux/
                index -= 1
            return os.sep.join(parts[:index]) or os.sep
    return None


def _system_directories(arch: str, sysroot: str | None) -> Iterator[str]:
    """Directories that a compiler for this target would search, whether they exist or not."""
    root = (sysroot or "").rstrip("/")
    native = sysroot is None and arch == host_arch()
    for name in _NAMES[arch].directories:
        cross = f"{root}/usr/{name}/include"
        # This machine's compiler does not look where a cross compiler for it would.
        if os.path.isdir(cross) and not (native and os.path.isdir(f"/usr/include/{name}")):
            # A cross package holds all of the target's headers, but for those of other libraries.
            yield cross
            return
        multiarch = f"{root}/usr/include/{name}"
        if os.path.isdir(multiarch):
            yield f"{root}/usr/local/include"
            yield multiarch
            yield f"{root}/usr/include"
            return
    if sysroot is None and arch != host_arch() and os.path.isdir("/usr/include/asm"):
        return  # This machine's headers for this machine, as one directory: not for another.
    yield f"{root}/usr/local/include"
    yield f"{root}/usr/include"
    if sysroot is not None:
        yield f"{root}/include"


def include_directories(options: HeaderOptions, header: str | None = None) -> list[str]:
    """Where headers are looked for, in order: ``-I``, the given header's own tree, the system's.

    A header of a tree of kernel headers elsewhere (``make headers_install``) includes its
    neighbours there, not this machine's.
    """
    found = list(options.include_dirs)
    system = [
        d for d in _system_directories(options.model.arch, options.sysroot) if os.path.isdir(d)
    ]
    tree = tree_of_header(header) if header else None
    names = _NAMES[options.model.arch].directories
    if tree is not None and os.path.basename(tree) in names:
        tree = os.path.dirname(tree)  # that of asm/ is below that of linux/
    if tree is not None and not any(_same(tree, directory) for directory in [*found, *system]):
        multiarch = [os.path.join(tree, name) for name in names]
        found += [*filter(os.path.isdir, multiarch), tree]
    return [*found, *system]


def _same(left: str, right: str) -> bool:
    return os.path.realpath(left) == os.path.realpath(right)


def clang_arguments(options: HeaderOptions, header: str | None = None) -> list[str]:
    """clang's command line for the target: its triple, our headers and its own, ``-D``, ``-U``.

    ``options.includes`` are not in it: they are included before the header, as any prerequisite
    is. Raises :class:`InputError` where libclang does not know the target.
    """
    arch = options.model.arch
    arguments = [
        f"--target={clang_triple(arch)}",
        "-xc",
        "-std=gnu11",
        "-nostdinc",
        "-Wno-everything",
        "-Wmissing-declarations",  # see clang_parse.py, here and below
        "-Wunknown-attributes",
        "-ferror-limit=100",
        *_NAMES[arch].options,
    ]
    own = include_directories(options, header)
    explicit = len(options.include_dirs)
    for directory in own[:explicit]:
        arguments += ("-I", directory)
    for directory in (str(BUILTIN), *own[explicit:]):
        arguments += ("-isystem", directory)
    # One C library's headers serve several ABIs, but each has a part that is installed with it.
    arguments += ("-idirafter", str(BUILTIN / "absent"))
    arguments += [f"-D{definition}" for definition in options.defines]
    arguments += [f"-U{name}" for name in options.undefines]
    return arguments


def included_first(options: HeaderOptions) -> list[str]:
    """``--include``: as C includes them, or by a path that begins with ``/``, ``./`` or ``../``.

    What is found in no include directory is a path.
    """
    directories = include_directories(options)
    return [
        name
        if os.path.isabs(name) or any(os.path.exists(os.path.join(d, name)) for d in directories)
        else os.path.join(os.curdir, name)
        for name in options.includes
    ]


assert set(_NAMES) == set(TARGETS)
