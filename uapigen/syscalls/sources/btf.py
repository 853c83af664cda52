"""Prototypes from a kernel's BTF.

``SYSCALL_DEFINE`` makes several functions of one syscall. ``__do_sys_*`` is the body, with the
parameters as they are written, but compilers often inline it; ``__se_sys_*`` has them all
widened to ``long``; ``__x64_sys_*`` and its like take ``pt_regs``. What is not made by the
macro (``sys_arm_fadvise64_64``) stands under its own name. So there are prototypes of the
syscalls whose bodies are functions, and parameter names of those that have ``__se_sys_*``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.spelling import Speller
from uapigen.ir.types import FuncProto, Pointer, Struct, TypeId
from uapigen.syscalls.prototypes import Params, Prototypes, make_param

__all__ = ["entry_symbols", "prototypes", "widened"]

_BODIES = {"__do_sys_": "sys_", "__do_compat_sys_": "compat_sys_"}
_WIDENED = {"__se_sys_": "sys_", "__se_compat_sys_": "compat_sys_"}
_WRAPPERS = (
    "__x64_", "__ia32_", "__x32_", "__arm64_", "__s390x_", "__s390_", "__riscv_", "__powerpc_",
    "__se_", "__do_", "",
)  # fmt: skip
"""What architectures put before an entry symbol (``arch/*/include/asm/syscall_wrapper.h``)."""
_NONE = "__unused"
"""``SYSCALL_DEFINE0`` calls the ``pt_regs`` so, for want of parameters."""


def prototypes(graph: TypeGraph, plain: Iterable[str] = ()) -> Prototypes:
    """The prototypes in a kernel's BTF; ``plain`` are entry symbols that may stand as they are.

    A function that cannot be spelled is left out. The source is named by the kernel's release,
    or else by the file.
    """
    wanted = frozenset(plain)

    def entry(name: str) -> str | None:
        return _renamed(name, _BODIES) or (name if name in wanted else None)

    return Prototypes(_source(graph), _found(graph, entry))


def widened(graph: TypeGraph) -> dict[str, tuple[str, ...]]:
    """Parameter names by entry symbol, where types have been widened (``__se_sys_*``)."""
    found = _found(graph, lambda name: _renamed(name, _WIDENED))
    return {entry: tuple(param.name for param in params) for entry, params in found.items()}


def entry_symbols(graph: TypeGraph) -> frozenset[str]:
    """All entry symbols that the kernel has, with or without a prototype."""
    found = set()
    for name in graph.functions()[1]:
        for prefix in _WRAPPERS:
            bare = name.removeprefix(prefix)
            if name.startswith(prefix) and bare.startswith(("sys_", "compat_sys_")):
                found.add(bare)
    return frozenset(found)


def _source(graph: TypeGraph) -> str:
    info = graph.info
    return f"btf {info.release or info.name}"


def _renamed(name: str, prefixes: dict[str, str]) -> str | None:
    for prefix, entry in prefixes.items():
        if name.startswith(prefix):
            return entry + name.removeprefix(prefix)
    return None


def _found(graph: TypeGraph, entry: Callable[[str], str | None]) -> dict[str, Params]:
    speller = Speller(graph)
    found: dict[str, Params] = {}
    for _, name, proto in zip(*graph.functions(), strict=True):
        symbol = entry(name)
        if symbol is None or symbol in found:
            continue
        try:
            params = _params(graph, speller, proto)
        except InputError:
            continue  # malformed types or names: this function is lost, as everywhere
        if params is not None:
            found[symbol] = params
    return found


def _params(graph: TypeGraph, speller: Speller, proto: TypeId) -> Params | None:
    """The parameters; None if they are behind ``pt_regs``."""
    node = graph[proto]
    if not isinstance(node, FuncProto) or node.variadic:
        return None
    if [param.name for param in node.params] == [_NONE]:
        return ()
    if any(_is_pt_regs(graph, param.type) for param in node.params):
        return None
    return tuple(make_param(param.name, speller.spell(param.type)) for param in node.params)


def _is_pt_regs(graph: TypeGraph, type_id: TypeId) -> bool:
    node = graph[resolve(graph, type_id)]
    if not isinstance(node, Pointer):
        return False
    target = graph[resolve(graph, node.target)]
    return isinstance(target, Struct) and target.name == "pt_regs"
