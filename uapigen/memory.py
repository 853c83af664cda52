"""The types of a source without generated files: what :func:`uapigen.load` returns.

The support code of generated packages asks its tables; here the tables are a
:class:`~uapigen.layout.plan.Plan`, the same one that files are written from,
so what :meth:`Loaded.ctype` gives is what a package would give.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import ModuleType
from typing import Any, TypeVar, overload

from uapigen.btf.reader import BtfGraph
from uapigen.emit.docs import doc_text
from uapigen.emit.headers import abi_of, header_plan
from uapigen.emit.macros import macro_text
from uapigen.emit.operations import facts_of, planned_tables
from uapigen.emit.package import abi
from uapigen.emit.support.headers import HeaderBindings
from uapigen.emit.support.ioctls import ioctl
from uapigen.emit.support.linked import imported_scope
from uapigen.emit.support.values import asdict, flexible
from uapigen.errors import NotFoundError, UsageError
from uapigen.ir.declarations import MacroFunction
from uapigen.ir.graph import resolve
from uapigen.ir.selection import Selection, select
from uapigen.ir.types import Enum, Struct, TypeId, Union
from uapigen.ir.units import choose
from uapigen.layout.plan import Plan
from uapigen.show.find import find
from uapigen.sources import Opened, Source, open_sources
from uapigen.validate import check
from uapigen.verify.shapes import leaves

__all__ = ["Loaded", "load"]

_Class = TypeVar("_Class", bound=type)


def load(
    source: Source | Sequence[Source],
    *,
    base: Source | None = None,
    arch: str | None = None,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    ops: Sequence[str] = (),
    **headers: Any,
) -> Loaded:
    """The types of one source or several, with the API of a generated package.

    A source is a path or the content of a file (``bytes``): BTF, an ELF file
    or kernel image with BTF in it, any of these compressed; or the path of a C
    header, also as C includes it (``linux/fuse.h``), whose constants and macro
    functions come along. ``base`` lies under split BTF, ``arch`` is the target
    where the source does not tell, ``only`` and ``exclude`` are globs over C
    spellings as on the command line, ``ops`` globs over structs that are operation tables
    beside those that look like some. ``headers`` say how headers are read, as
    options of the command line do: ``sysroot``, ``frontend``, ``cpp``, and
    tuples ``include_dirs``, ``defines``, ``undefines`` and ``includes``.

    Raises :class:`~uapigen.errors.InputError` for a malformed source,
    :class:`~uapigen.errors.SystemRefusalError` for one that cannot be read,
    :class:`~uapigen.errors.UsageError` for an unknown ``arch`` and an ``only``
    that matches nothing. Types are made when they are first asked for.
    """
    sources = [source] if isinstance(source, (str, bytes, os.PathLike)) else list(source)
    opened = open_sources(sources, base=base, arch=arch, **headers)
    if opened.headers is None:
        selection = select(opened.graph, _patterns(only), _patterns(exclude))
    else:
        selection = choose(opened.headers, _patterns(only), _patterns(exclude))
    if selection.unmatched:
        raise UsageError(f"only: {selection.unmatched[0]!r} matches nothing in the sources")
    return Loaded(opened, selection, _patterns(ops))


def _patterns(patterns: Sequence[str]) -> Sequence[str]:
    return [patterns] if isinstance(patterns, str) else patterns


class Loaded:
    """Types, constants, functions and variables of a source, by their C names.

    Attributes are C names: ``k.task_struct``, ``k.u64``, ``k.BPF_MAP_TYPE_HASH``.
    """

    asdict = staticmethod(asdict)
    flexible = staticmethod(flexible)
    ioctl = staticmethod(ioctl)

    def __init__(self, opened: Opened, selection: Selection, ops: Sequence[str] = ()) -> None:
        self._ops_patterns = ops
        self._opened = opened
        self._selection = selection
        self.__abi__: dict[str, Any] = (
            abi(opened.graph.sources, opened.model)
            if opened.headers is None
            else abi_of(opened.headers, opened.model)
        )

    @cached_property
    def _bindings(self) -> HeaderBindings:
        with _no_garbage_collection():
            graph, model, joined = self._opened
            plan = (
                Plan(graph, model, self._selection)
                if joined is None
                else header_plan(joined, model, self._selection)
            )
            plan.operation_patterns = self._ops_patterns
            macros = {} if joined is None else joined.macros
            return _PlannedBindings(self.__abi__, plan, macros)

    def ctype(self, spelling: str) -> Any:
        """The type of an exact C spelling: ``struct foo``, ``u64``, ``char *[4]`` …

        None for ``void``. Raises LookupError for a type that is not here.
        """
        return self._bindings.ctype(spelling)

    def btf_id(self, spelling: str) -> int:
        """The id of a type, function or variable in the BTF that was loaded.

        With a running kernel's BTF, or a module's over it, this is the id that
        bpf(2) takes: ``attach_btf_id``, ``btf_vmlinux_value_type_id``.
        ``spelling`` is exact: ``struct foo``, a typedef, a function's name. Of
        several types of one name it is the first one's, as with :meth:`ctype`.

        Raises :class:`~uapigen.errors.NotFoundError` where there is none, and
        :class:`~uapigen.errors.UsageError` where not one BTF source was loaded
        but several, or headers: each BTF counts for itself.
        """
        graph = self._opened.graph
        if not isinstance(graph, BtfGraph):
            raise UsageError(f"btf_id: {self!r} is not one BTF source, whose ids would count")
        candidates = find(graph, spelling)
        for type_id, exact in candidates:
            if exact == spelling:
                return type_id
        meant = " or ".join(exact for _, exact in candidates if exact)
        raise NotFoundError(f"{graph.info.name}: {spelling!r} is not exact; it may mean {meant}")

    def btf_member_index(self, spelling: str, member: str) -> int:
        """Which member of a struct or union one is in the BTF that was loaded, from 0 on.

        What bpf(2) takes for a program of a table of operations: ``expected_attach_type``
        where ``attach_btf_id`` is the struct's. Unnamed members count, too; a member of
        an anonymous part has the part's index. Raises as :meth:`btf_id` does.
        """
        graph = self._opened.graph
        type_id = self.btf_id(spelling)
        node = graph[resolve(graph, type_id)]
        for index, direct in enumerate(node.members if isinstance(node, (Struct, Union)) else ()):
            inside = resolve(graph, direct.type)
            if direct.name == member or (
                not direct.name
                and isinstance(graph[inside], (Struct, Union))
                and any(leaf.name == member for leaf in leaves(graph, inside))
            ):
                return index
        raise NotFoundError(f"{graph.info.name}: {spelling} has no member {member!r}")

    @property
    def functions(self) -> Mapping[str, Any]:
        """Functions by name: prototypes as data."""
        found: Mapping[str, Any] = self._bindings.functions
        return found

    @property
    def ops(self) -> Any:
        """Operation tables by name, as interfaces: ``k.ops.file_operations``."""
        return self._bindings.ops

    @cached_property
    def syscalls(self) -> ModuleType:
        """The architecture's syscalls, as a package's module has them: ``k.syscalls.openat``.

        Raises :class:`~uapigen.errors.NotFoundError` where its ABI is not known.
        """
        from uapigen.emit.packed_syscalls import unpack
        from uapigen.emit.support.syscalls import open_syscalls
        from uapigen.emit.syscalls import syscalls_abi

        model = self._opened.model
        found = unpack(model.arch)
        if found is None:
            raise NotFoundError(f"{self!r}: no syscall ABI is known for {model.arch}")
        module = ModuleType("syscalls", f"Syscalls of Linux on {model.arch}.")
        module.__dict__["__abi__"] = syscalls_abi(model, found.sources)
        module.__dict__["_REGISTERS"] = found.registers
        module.__dict__["_SYSCALLS"] = found.table
        open_syscalls(module.__dict__, self.ctype)
        return module

    @property
    def variables(self) -> Mapping[str, Any]:
        """Variables by name: type, section, offset and size in it (bytes)."""
        found: Mapping[str, Any] = self._bindings.variables
        return found

    def __getattr__(self, name: str) -> Any:
        if "_opened" not in self.__dict__:  # half made, as copy and pickle leave it
            raise AttributeError(name)
        if name == "__all__":
            return self._bindings.clear_names()
        found = self._bindings.lookup(name)
        if name[:1] != "_" or "__" not in name[2:]:  # not one that a class body mangled
            self.__dict__[name] = found
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._bindings.names()})

    def __repr__(self) -> str:
        names = ", ".join(source["name"] for source in self.__abi__["sources"])
        return f"<uapigen.load: C types of {names} for {self.__abi__['arch']}>"

    # Classes written by hand

    @overload
    def validate(self, spelling: str) -> Callable[[_Class], _Class]: ...
    @overload
    def validate(self, spelling: str, cls: _Class) -> _Class: ...
    def validate(self, spelling: str, cls: Any = None) -> Any:
        """Hold a ctypes class written by hand against a struct or union of the source.

        Returns the class if every member agrees; raises
        :class:`~uapigen.errors.ValidationError` with each one that differs, and
        :class:`~uapigen.errors.NotFoundError` where the source has no such
        type. Without a class, returns a class decorator that does this.
        """
        if cls is None:
            return lambda decorated: self.validate(spelling, decorated)
        check(self._opened.graph, self._opened.model, spelling, cls)
        return cls

    def validates(self, spelling: str) -> Callable[[_Class], _Class]:
        """A class decorator: ``@k.validates("struct exec_event")``."""
        return self.validate(spelling)


class _PlannedBindings(HeaderBindings):
    """Bindings whose tables are a plan; absences come with the plan's reasons."""

    def __init__(
        self, about: dict[str, Any], plan: Plan, macros: Mapping[str, MacroFunction]
    ) -> None:
        facts = {
            "scalars": plan.scalars(),
            "aliases": plan.aliases(),
            "incomplete": (),  # known once everything is spelled
            "function_tags": _Late(plan.function_tags),
        }
        names = " and ".join(source["name"] for source in about["sources"])
        super().__init__(about, facts, _PlanTables(plan, macros), names, imported_scope)
        self._plan = plan

    def _absence(self, spelling: str) -> str:
        for failure in self._plan.failures:
            if failure.spelling == spelling:
                return f"{spelling} cannot be laid out: {failure.reason}"
        if spelling in self._plan.incomplete:
            return f"{spelling} is declared but not defined in the source"
        return super()._absence(spelling)


class _Late(Mapping[str, Any]):
    """A mapping that is made when first asked."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[str, Any]:
        return self._make()

    def __getitem__(self, name: str) -> Any:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class _PlanTables:
    """Answers from a plan what ``support/tables.py`` answers from a package's files."""

    def __init__(self, plan: Plan, macros: Mapping[str, MacroFunction]) -> None:
        self._plan, self._macros = plan, macros
        self._ids: dict[str, dict[str, TypeId]] = {"record": {}, "enum": {}}
        for type_id, key in plan.keys.of.items():
            kind = "enum" if isinstance(plan.graph[type_id], Enum) else "record"
            self._ids[kind][key] = type_id
        variables = _Late(lambda: {name: tuple(v) for name, v in plan.variables().items()})
        self._entries: dict[str, Mapping[str, Any]] = {
            "typedefs": _Late(lambda: plan.typedefs),
            "constants": _Late(lambda: plan.constants),
            "functions": _Late(plan.functions),
            "ioctls": plan.ioctl_arguments,
            "operations": _Late(
                lambda: {table.key: facts_of(table) for table in planned_tables(plan)}
            ),
            "variables": variables,
        }

    def statement(self, kind: str, key: str) -> tuple[str, Any, dict[str, Any]] | None:
        """(``struct``, ``union`` or ``enum``; members; size and alignment in bytes)."""
        type_id = self._ids[kind].get(key)
        if type_id is None:
            return None
        if kind == "enum":
            node = self._plan.graph[type_id]
            assert isinstance(node, Enum)
            facts = {**(self.heading(key) or {}), **self._doc(type_id)}
            return "enum", dict(node.enumerators), facts
        record = self._plan.planned(type_id)
        if record is None:
            return None
        members = [member[:4] if member.bit_width else member[:3] for member in record.members]
        facts = {"size": record.byte_size, "align": record.byte_align, "name": record.spelling}
        facts |= self._doc(type_id)
        return record.keyword, members, facts

    def heading(self, key: str) -> dict[str, Any] | None:
        """An enum's size in bytes and its signedness."""
        type_id = self._ids["enum"].get(key)
        if type_id is None:
            return None
        node = self._plan.graph[type_id]
        assert isinstance(node, Enum)
        return {"size": node.byte_size, "signed": node.signed}

    def _doc(self, type_id: TypeId) -> dict[str, str]:
        doc = self._plan.docs.get(type_id)
        return {"doc": doc_text(doc)} if doc else {}

    def has(self, kind: str, key: str) -> bool:
        """Whether there is a struct or union (``record``), or an enum, of that key."""
        return key in self._ids[kind]

    def macro(self, name: str) -> str | None:
        """The ``def`` statement of a macro function, or None."""
        macro = self._macros.get(name)
        return None if macro is None else macro_text(macro)

    def macros(self) -> Iterator[str]:
        """The names of all macro functions, sorted."""
        return iter(sorted(self._macros))

    def entry(self, table: str, name: str) -> Any:
        """The value of a table's entry, or None."""
        return self._entries[table].get(name)

    def names(self, table: str) -> Iterator[str]:
        """The names in a table, sorted."""
        return iter(sorted(self._entries[table]))

    def keys(self, kind: str) -> Iterator[str]:
        """The keys of all structs and unions (``record``) or enums (``enum``), sorted."""
        return iter(sorted(self._ids[kind]))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A plan is a million objects and no cycle; looking for cycles would double its time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
