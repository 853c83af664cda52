"""``uapigen syscalls [SOURCE...]``: the syscalls of an ABI, as a list, as Python, as JSON.

With ``--allow``: a seccomp filter that allows some of them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping

from uapigen.cli import one_line
from uapigen.cli.help import formatter
from uapigen.emit.output import module_name, write_module
from uapigen.errors import SystemRefusalError, UsageError
from uapigen.ir.syscalls import Syscall, SyscallTable
from uapigen.layout.targets import find_target, host_arch
from uapigen.syscalls.abis import SyscallAbi, find_abi

__all__ = ["declaration", "run"]

_EPILOG = """\
Without SOURCE, numbers are those of the package system-calls, and prototypes those
that uapigen has. A SOURCE says it otherwise: BTF, a kernel's source tree or headers
package, a table of it (*.tbl), asm/unistd.h, a mounted tracefs. Without -o, the table is listed.

exit codes: 0 done; 2 usage; 3 a source is malformed or unsupported; 4 the system
refused.
"""
_FORMATS = ("bpf", "oci", "c")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen syscalls",
        usage="uapigen syscalls [--arch ARCH] [-o FILE.py|FILE.json] [SOURCE...]\n"
        "       uapigen syscalls [--arch ARCH] --allow FILE|NAMES [--format bpf|oci|c] [-o FILE]",
        description="The syscalls of an ABI: numbers, prototypes, registers of the arguments.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("sources", nargs="*", metavar="SOURCE")
    add("--arch", metavar="ARCH", help="the ABI (x86_64, i386, aarch64, …); default: this machine")
    add("-o", "--output", metavar="FILE", help="a .py file, or a .json file")
    add("--allow", metavar="FILE|NAMES", help="a seccomp filter for these syscalls only: a file"
        " with their names, or the names with commas between")  # fmt: skip
    add("--format", choices=_FORMATS, help="of the filter: a program, an OCI profile, a C header"
        " (default: c)")  # fmt: skip
    add("--quiet", action="store_true", help="do not say what the sources disagree about")
    return parser


def run(argv: list[str]) -> int:
    """List or generate; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    arch = options.arch or host_arch()
    if arch is None:
        raise UsageError("this machine's architecture is unknown: name one with --arch")
    abi = find_abi(arch)
    if options.format and options.allow is None:
        raise UsageError("--format is for --allow")
    out: str | None = options.output
    if options.allow is None and out is not None and not out.endswith((".py", ".json")):
        raise UsageError(f"{out}: a table is written to a .py or a .json file")
    if out is not None and out.endswith(".py") and options.allow is None:
        module_name(out)
    table = _table(abi, options.sources)
    if not options.quiet:
        for one in table.disagreements if options.sources else ():
            said = f"{one.name}: {one.what}: believed {one.believed}, not {one.other}"
            print(f"uapigen: {one_line(said)}", file=sys.stderr)
    if options.allow is not None:
        _write_filter(options, abi, table)
    elif out is None:
        _print("".join(f"{line}\n" for line in _listing(table)))
    elif out.endswith(".json"):
        _put(out, _json(table).encode())
    else:
        _put(out, _python(abi, table).encode())
    return 0


def _table(abi: SyscallAbi, sources: list[str]) -> SyscallTable:
    if not sources:
        from uapigen.syscalls.join import syscall_table

        return syscall_table(abi.name)
    from uapigen.syscall_sources import open_table

    return open_table(abi.name, sources)


def declaration(call: Syscall) -> str:
    """A syscall as C declares it; with the reason where its prototype is not known."""
    if call.params is None:
        return f"{call.name}(?)  /* {call.reason or 'no source has its prototype'} */"
    listed = [
        f"{param.c_type}{'' if param.c_type.endswith('*') else ' '}{param.name}"
        for param in call.params
    ]
    return f"{call.name}({', '.join(listed) or 'void'})"


def _listing(table: SyscallTable) -> Iterator[str]:
    width = max((len(str(call.nr)) for call in table.syscalls), default=1)
    for call in table.syscalls:
        yield f"{call.nr:>{width}}  {one_line(declaration(call))}"


def _json(table: SyscallTable) -> str:
    import json

    found = {
        "abi": table.abi,
        "sources": list(table.sources),
        "syscalls": [_as_dict(call) for call in table.syscalls],
        "disagreements": [one._asdict() for one in table.disagreements],
    }
    return json.dumps(found, indent=2) + "\n"


def _as_dict(call: Syscall) -> Mapping[str, object]:
    params = call.params and [
        {**param._asdict(), "registers": list(lowered.registers)}
        for param, lowered in zip(call.params, call.lowering, strict=True)
    ]
    plain = call._asdict()
    del plain["lowering"]
    return plain | {"params": None if call.params is None else list(params or ())}


def _python(abi: SyscallAbi, table: SyscallTable) -> str:
    from uapigen.emit.syscalls import syscalls_abi, syscalls_file, table_text

    model = find_target(abi.name)
    text = table_text(table, model, abi.argument_registers)
    return syscalls_file(syscalls_abi(model, table.sources), abi.argument_registers, text)


def _write_filter(options: argparse.Namespace, abi: SyscallAbi, table: SyscallTable) -> None:
    from uapigen.syscalls import seccomp

    names = seccomp.names_of(_allowed_text(options.allow))
    numbers = {call.name: call.nr for call in table.syscalls}
    allowed = seccomp.allowed_numbers(names, numbers, abi.name)
    if options.format == "oci":
        made = seccomp.as_oci(abi, allowed).encode()
    else:
        program = seccomp.program(abi, allowed.values(), seccomp.refuse())
        if options.format == "bpf":
            made = seccomp.as_bytes(abi, program)
        else:
            made = seccomp.as_c(abi, program, allowed).encode()
    if options.output:
        _put(options.output, made)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(made)
        sys.stdout.buffer.flush()


def _allowed_text(allow: str) -> str:
    """What ``--allow`` names: the text of a file, or names themselves."""
    if not os.path.exists(allow):
        if "/" in allow:
            raise SystemRefusalError(f"{allow}: No such file")
        return allow
    try:
        with open(allow, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SystemRefusalError(f"{allow}: {error}") from None


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _put(path: str, data: bytes) -> None:
    """Write a file in one step."""
    folder, name = os.path.split(path)
    write_module({name: data}, folder)
