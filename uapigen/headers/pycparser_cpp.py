"""Running the user's preprocessor for a target.

The preprocessor decides what ``#if`` lets through, so it must be for the target: what it
predefines is held against the target's data model, and one for another machine is
refused.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress

from uapigen.errors import InputError, SystemRefusalError, UsageError
from uapigen.headers.clang_parse import include
from uapigen.headers.options import HeaderOptions
from uapigen.headers.pycparser_tokens import Preprocessed, read_output
from uapigen.headers.targets import BUILTIN, include_directories, included_first
from uapigen.layout.targets import DataModel, host_arch

__all__ = ["Preprocessor", "cross_compiler"]

_DEFAULT = HeaderOptions.cpp
_MAX_OUTPUT = 16 << 20
"""Bytes; the largest header of the kernel makes a twentieth of that, a kernel as one a fifth."""
_SHOWN = 3

_CROSS = {
    "x86_64": "x86_64-linux-gnu", "x32": "x86_64-linux-gnux32", "i386": "i686-linux-gnu",
    "aarch64": "aarch64-linux-gnu", "arm": "arm-linux-gnueabihf",
    "riscv64": "riscv64-linux-gnu", "riscv32": "riscv32-linux-gnu", "s390x": "s390x-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu", "ppc64": "powerpc64-linux-gnu", "ppc": "powerpc-linux-gnu",
    "mips64el": "mips64el-linux-gnuabi64", "mips64": "mips64-linux-gnuabi64",
    "mipsn32el": "mips64el-linux-gnuabin32", "mipsn32": "mips64-linux-gnuabin32",
    "mipsel": "mipsel-linux-gnu", "mips": "mips-linux-gnu", "s390": "s390-linux-gnu",
    "loongarch64": "loongarch64-linux-gnu", "sparc64": "sparc64-linux-gnu",
    "parisc": "hppa-linux-gnu", "alpha": "alpha-linux-gnu", "sh": "sh4-linux-gnu",
    "m68k": "m68k-linux-gnu",
}  # fmt: skip
"""How Debian's cross compilers are called, of which the default for other targets is one."""

_MACHINE_MACROS = {
    "x86_64": ("__x86_64__",), "x32": ("__x86_64__",), "i386": ("__i386__",),
    "aarch64": ("__aarch64__",), "arm": ("__arm__",),
    "riscv64": ("__riscv",), "riscv32": ("__riscv",),
    "s390x": ("__s390x__", "__s390__"), "s390": ("__s390__",),
    "ppc64le": ("__powerpc64__",), "ppc64": ("__powerpc64__",), "ppc": ("__powerpc__",),
    "mips64el": ("__mips__",), "mips64": ("__mips__",), "mipsel": ("__mips__",),
    "mips": ("__mips__",), "mipsn32el": ("__mips__",), "mipsn32": ("__mips__",),
    "loongarch64": ("__loongarch__",), "sparc64": ("__sparc__",),
    "sparc": ("__sparc__",), "parisc": ("__hppa__",), "alpha": ("__alpha__",),
    "sh": ("__sh__",), "m68k": ("__m68k__",),
}  # fmt: skip
"""What a compiler for the target predefines, and for another machine does not."""


class Preprocessor:
    """The command for one target; the first run checks that it is for that target."""

    def __init__(self, options: HeaderOptions) -> None:
        self._options = options
        self._command = self._find(options)
        self._checked = False

    @staticmethod
    def _find(options: HeaderOptions) -> list[str]:
        try:
            command = shlex.split(options.cpp)
        except ValueError as error:
            raise UsageError(f"--cpp {options.cpp!r}: {error}") from None
        if not command:
            raise UsageError("--cpp names no command")
        arch = options.model.arch
        if options.cpp == _DEFAULT and arch != host_arch():
            cross = cross_compiler(arch)
            if shutil.which(cross):
                return [cross, "-E"]
        if shutil.which(command[0]) is None:
            raise SystemRefusalError(f"{command[0]}: no such preprocessor; name one with --cpp")
        return command

    def _searched(self, path: str) -> list[tuple[str, list[str]]]:
        """Directories to be looked into for a header's sake, by the option that says so."""
        own = include_directories(self._options, path)
        explicit = len(self._options.include_dirs)
        return [("-I", own[:explicit]), ("-isystem", [str(BUILTIN), *own[explicit:]])]

    def directories(self, path: str) -> tuple[str, ...]:
        """All of them, in order."""
        return tuple(d for _, directories in self._searched(path) for d in directories)

    def run(
        self,
        path: str,
        before: Sequence[str] = (),
        after: Sequence[str] = (),
        *,
        direct: bool = True,
    ) -> Preprocessed:
        """Preprocess a header, with others included before and behind it.

        Without ``direct``, what is before it must include it. Raises
        :class:`InputError` with the preprocessor's first messages where it fails.
        """
        options = self._options
        arguments = [*self._command, "-dD", "-dI", "-xc", "-std=gnu11", "-nostdinc"]
        for option, directories in self._searched(path):
            for directory in directories:
                arguments += (option, directory)
        arguments += [f"-D{definition}" for definition in options.defines]
        arguments += [f"-U{name}" for name in options.undefines]
        lines = [include(name) for name in [*included_first(options), *before]]
        if direct:
            lines.append(include(os.path.abspath(path)))
        lines += [*map(include, after), ""]
        output = self._output([*arguments, "-"], "\n".join(lines), path)
        found = read_output(output)
        if not self._checked:
            self._check(found)
            self._checked = True
        return found

    def _output(self, command: Sequence[str], text: str, path: str) -> str:
        environment = {**os.environ, "LC_ALL": "C"}
        with tempfile.TemporaryFile() as messages:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=messages,
                    env=environment,
                )
            except OSError as error:
                raise SystemRefusalError(f"{command[0]}: {error.strerror or error}") from None
            with process:
                assert process.stdin is not None
                assert process.stdout is not None
                with suppress(BrokenPipeError):  # it has ended, and says why
                    process.stdin.write(text.encode(errors="surrogateescape"))
                    process.stdin.close()
                output = process.stdout.read(_MAX_OUTPUT + 1)
                if len(output) > _MAX_OUTPUT:
                    process.kill()
            if len(output) > _MAX_OUTPUT:
                problem = f"is more than {_MAX_OUTPUT >> 20} MiB when it is preprocessed"
                raise InputError(path, "", f"{problem} (do its macros expand without end?)")
            if process.returncode:
                messages.seek(0)
                raise InputError(path, "", _messages(messages.read().decode(errors="replace")))
        return output.decode(errors="surrogateescape")

    def _check(self, found: Preprocessed) -> None:
        """Refuse a preprocessor whose own macros say that it is for another target."""
        predefined = {}
        for word, text, place in found.directives:
            if word == "define" and place.path.startswith("<"):
                name, _, body = text.partition(" ")
                predefined[name] = body.strip()
        problem = _contradiction(predefined, self._options.model)
        if problem:
            command, arch = " ".join(self._command), self._options.model.arch
            raise UsageError(
                f"'{command}' is no preprocessor for {arch}: it {problem}; name one with --cpp "
                f'("{cross_compiler(arch)} -E")'
            )


def cross_compiler(arch: str) -> str:
    """What GCC for a target is called."""
    return f"{_CROSS.get(arch, arch)}-gcc"


def _contradiction(predefined: Mapping[str, str], model: DataModel) -> str:
    """What of a preprocessor's own macros is at odds with a target; empty where nothing is."""
    order = "__ORDER_BIG_ENDIAN__" if model.big_endian else "__ORDER_LITTLE_ENDIAN__"
    expected = {
        "__SIZEOF_POINTER__": str(model.pointer_size),
        "__SIZEOF_LONG__": str(model.pointer_size),
        "__BYTE_ORDER__": order,
        "__SIZEOF_LONG_DOUBLE__": str(model.long_double_size),
    }
    ours = _MACHINE_MACROS.get(model.arch, ())
    others = {name for names in _MACHINE_MACROS.values() for name in names} - set(ours)
    if model.arch in ("ppc64", "ppc64le"):
        others.discard("__powerpc__")
    for name in sorted(others & predefined.keys()):
        return f"defines {name}"
    for name, value in expected.items():
        if predefined.get(name, value) != value:
            return f"defines {name} as {predefined[name]}, not {value}"
    return ""


def _messages(stderr: str) -> str:
    """The first errors, each as ``file:line: text``."""
    found = []
    for line in stderr.splitlines():
        head, marker, text = line.partition(" error: ")
        if marker:
            place = head.rstrip(":").split(":")
            found.append(f"{':'.join(place[:2])}: {text}")
    if not found:
        found = [line for line in stderr.splitlines() if line.strip()][:1] or ["failed"]
    return "; ".join(found[:_SHOWN])
