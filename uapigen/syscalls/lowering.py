"""How the arguments of a syscall travel: the registers of each, on one ABI.

The rules are data: ``abis.py`` for the ABI, ``quirks.py`` for single calls.
They hold for the prototypes of ``include/linux/syscalls.h``, where an offset is
one ``loff_t``. An entry point that takes its halves as parameters of their own
(``ia32_pread64``'s ``poslo``, ``poshi``; ``ppc_pread64``'s unused ``reg6``) has
one register for each of them by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from uapigen.errors import InputError
from uapigen.ir.syscalls import Lowered, SyscallParam
from uapigen.layout.targets import DataModel
from uapigen.syscalls.abis import SyscallAbi
from uapigen.syscalls.quirks import ARGUMENT_BLOCKS, PAIR_STARTS, argument_order

__all__ = ["arrange", "lower"]

_WIDE = frozenset(
    # Typedefs of 64 bits on every target: include/uapi/asm-generic/int-ll64.h,
    # include/linux/types.h, include/asm-generic/compat.h
    {
        "__kernel_loff_t",
        "__s64",
        "__u64",
        "compat_loff_t",
        "compat_s64",
        "compat_u64",
        "int64_t",
        "loff_t",
        "s64",
        "u64",
        "uint64_t",
    }
)


def is_wide(c_type: str) -> bool:
    """Whether a parameter's type has 64 bits on targets where ``long`` has 32."""
    if "*" in c_type or "[" in c_type:
        return False
    words = re.findall(r"\w+", c_type)
    return words.count("long") == 2 or not _WIDE.isdisjoint(words)


def arrange(abi: SyscallAbi, name: str, params: Sequence[SyscallParam]) -> tuple[SyscallParam, ...]:
    """The parameters of a generic prototype in the order in which the ABI has them.

    ``clone`` has four orders; arm and ppc have ``fadvise64_64``'s advice second; ``pipe`` takes
    nothing where it returns both descriptors. Parameters that are not called as in the generic
    prototype are an ABI's own, and stay as they are.
    """
    return tuple(params[index] for index in _order(abi, name, params))


def _order(abi: SyscallAbi, name: str, params: Sequence[SyscallParam]) -> Sequence[int]:
    """Which of the parameters the ABI has, in its order."""
    order = argument_order(abi.name, abi.clone, name)
    by_name = {param.name: index for index, param in enumerate(params)}
    if order is None or not by_name.keys() >= set(order):
        return range(len(params))
    return [by_name[wanted] for wanted in order]


def lower(
    abi: SyscallAbi, name: str, params: Sequence[SyscallParam], model: DataModel
) -> tuple[Lowered, ...]:
    """The registers of each parameter, in the order of ``params``.

    ``model`` is the ABI's data model. A parameter that the ABI does not have (``pipe`` on mips)
    has no register. Raises :class:`InputError` where the arguments need more registers than the
    ABI has.
    """
    order = _order(abi, name, params)
    arranged = [params[index] for index in order]
    if name in ARGUMENT_BLOCKS.get(abi.name, ()) and len(params) != 1:
        placed = _in_block(abi, arranged, model)
    else:
        placed = _in_registers(abi, name, arranged, model)
    by_index = dict(zip(order, placed, strict=True))
    return tuple(by_index.get(index, Lowered(())) for index in range(len(params)))


def _in_registers(
    abi: SyscallAbi, name: str, params: Sequence[SyscallParam], model: DataModel
) -> list[Lowered]:
    registers = abi.argument_registers
    start = PAIR_STARTS.get(abi.name, {}).get(name, 0)
    found = []
    index = 0
    for param in params:
        pair = abi.splits_64_bits and is_wide(param.c_type)
        if pair:
            index = max(index, start)
            if abi.aligned_pairs:
                index += index % 2
        taken = registers[index : index + 1 + pair]
        if len(taken) != 1 + pair:
            raise InputError(
                abi.name, name, f"no register is left for {param.name}: {len(registers)} are all"
            )
        index += len(taken)
        # The half at the lower address, or in the earlier register, is the byte order's
        found.append(Lowered(taken[::-1] if model.big_endian else taken))
    return found


def _in_block(abi: SyscallAbi, params: Sequence[SyscallParam], model: DataModel) -> list[Lowered]:
    """Of arguments in one struct, each of them a word or 64 bits long."""
    pointer = abi.argument_registers[0]
    found = []
    offset = 0
    for param in params:
        size = 8 if is_wide(param.c_type) else model.pointer_size
        align = model.aligns[size]
        offset += -offset % align
        words = tuple(
            f"{pointer}[{word}]" for word in range(offset, offset + size, model.pointer_size)
        )
        found.append(Lowered(words[::-1] if model.big_endian else words))
        offset += size
    return found
