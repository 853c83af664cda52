"""Real headers' macros, held against GCC: no value wrong, none missing that GCC has."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from tests.headers.macros.definitions import by_gcc, options
from tests.headers.macros.gcc import Opinion, ask
from uapigen.headers.macros import Evaluated, evaluate_macros
from uapigen.headers.targets import UAPI_DIRECTORIES, clang_arguments
from uapigen.ir.declarations import Constant

pytest.importorskip("clang", reason="needs libclang")

_TELLING = [
    "linux/bpf.h",
    "linux/ethtool.h",
    "linux/fs.h",
    "linux/kvm.h",
    "linux/soundcard.h",  # ioctls by macros of its own
    "linux/if_tun.h",
    "linux/v4l2-subdev.h",
    "sound/asound.h",
]
_CROSS = {
    "aarch64": "aarch64-linux-gnu-gcc",
    "arm": "arm-linux-gnueabihf-gcc",
    "i386": "i686-linux-gnu-gcc",
    "mipsel": "mipsel-linux-gnu-gcc",
    "ppc64le": "powerpc64le-linux-gnu-gcc",
    "riscv64": "riscv64-linux-gnu-gcc",
    "s390x": "s390x-linux-gnu-gcc",
}
_SAMPLED = [
    *_TELLING,
    "asm/errno.h",
    "asm/ioctls.h",
    "asm/unistd.h",
    "drm/drm.h",
    "linux/auto_fs.h",
    "linux/btrfs.h",
    "linux/cdrom.h",  # an error number, which differs on MIPS
    "linux/fuse.h",
    "linux/if_bonding.h",
    "linux/loop.h",
    "linux/mount.h",
    "linux/perf_event.h",
    "linux/ppp-ioctl.h",
    "linux/sockios.h",  # ioctls of asm/ioctls.h, which differ on MIPS and PowerPC
    "linux/uinput.h",
    "linux/usbdevice_fs.h",
    "linux/videodev2.h",
    "scsi/sg.h",
]

# What headers expect to have been included; the first list that makes GCC content is used.
_BEFORE: list[list[str]] = [
    [],
    ["linux/types.h"],
    ["sys/socket.h"],
    ["stddef.h", "stdint.h", "linux/types.h"],
    ["sys/time.h", "stdint.h", "sys/socket.h", "netinet/in.h"],
    ["linux/types.h", "linux/if.h", "linux/in.h", "linux/in6.h"],
    ["stdint.h", "sys/types.h", "sys/socket.h", "linux/types.h", "linux/ioctl.h", "sys/time.h"],
    ["stdint.h", "sys/socket.h", "linux/types.h", "linux/if.h", "linux/in.h", "linux/in6.h",
     "linux/netfilter.h", "linux/netfilter_bridge.h", "linux/if_ether.h"],
]  # fmt: skip


def _evaluate(gcc: str, arch: str, header: str) -> tuple[Evaluated, Opinion] | None:
    """None where GCC does not compile the header, or where it defines nothing."""
    for before in _BEFORE:
        definitions = by_gcc(gcc, before, header)
        if definitions is not None:
            break
    if not definitions:
        return None
    arguments = clang_arguments(options(arch))
    found = evaluate_macros(definitions[0].header, definitions, arguments, before)
    return found, ask(gcc, [*before, header], found, definitions)


def _need(gcc: str) -> None:
    if not shutil.which(gcc):
        pytest.skip(f"needs {gcc}")


@pytest.mark.parametrize("header", _TELLING)
def test_macros_are_what_gcc_says(header: str) -> None:
    _need("gcc")
    if not Path("/usr/include", header).exists():
        pytest.skip("needs the kernel's headers for user space (linux-libc-dev)")
    result = _evaluate("gcc", "x86_64", header)
    assert result is not None
    found, opinion = result
    assert len(found.constants) > 20
    assert opinion == Opinion([], [])


def test_gcc_would_see_a_wrong_value_and_a_missing_one() -> None:
    _need("gcc")
    result = _evaluate("gcc", "x86_64", "linux/if_tun.h")
    assert result is not None
    definitions = by_gcc("gcc", [], "linux/if_tun.h")
    assert definitions is not None
    lost, *rest = result[0].constants
    first = rest[0]
    broken = Evaluated(
        [first._replace(value=first.value + 1), *rest[1:]],  # type: ignore[operator]
        [*result[0].omissions, _omit(lost)],
        context=result[0].context,
    )
    opinion = ask("gcc", ["linux/if_tun.h"], broken, definitions)
    assert [text.split("'")[1] for text in opinion.wrong] == [first.name]
    assert opinion.missing == [f"{lost.name}: for no reason"]


def _omit(constant: Constant):  # type: ignore[no-untyped-def]
    from uapigen.ir.declarations import Omission

    return Omission(constant.name, "macro", constant.header, "for no reason")


@functools.cache
def _all_headers(*roots: str) -> list[str]:
    found = set()
    for root in map(Path, roots):
        for group in UAPI_DIRECTORIES:
            found |= {str(path.relative_to(root)) for path in (root / group).rglob("*.h")}
    return sorted(found)


@pytest.mark.slow
def test_every_macro_of_every_header_is_what_gcc_says() -> None:
    _need("gcc")
    disagreements, constants = [], 0
    for header in _all_headers("/usr/include", "/usr/include/x86_64-linux-gnu"):
        result = _evaluate("gcc", "x86_64", header)
        if result is not None:
            found, opinion = result
            constants += len(found.constants)
            disagreements += [f"{header}: {text}" for text in opinion.wrong + opinion.missing]
    assert constants > 20_000
    assert not disagreements


@pytest.mark.slow
@pytest.mark.parametrize("arch", _CROSS)
def test_macros_of_other_targets_are_what_their_gcc_says(arch: str) -> None:
    gcc = _CROSS[arch]
    _need(gcc)
    disagreements, headers = [], 0
    for header in _SAMPLED:
        result = _evaluate(gcc, arch, header)
        if result is not None:
            headers += 1
            opinion = result[1]
            disagreements += [f"{header}: {text}" for text in opinion.wrong + opinion.missing]
    assert headers > 15
    assert not disagreements
