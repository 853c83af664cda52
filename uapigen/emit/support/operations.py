"""Operation tables: structs of function pointers as interfaces, in both directions.

An interface has a method for each function pointer. ``vtable`` makes the C table of an
object's methods, ``wrap`` an object of a C table. The generated table adds nothing but
names of parameters to what the struct itself says.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from types import ModuleType

from .declarators import declarator, matching
from .functions import params_start
from .names import c_name, method_name
from .signatures import (
    MissingOperationError,
    function_spelling,
    signature_of,
)

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings


class Operation:
    """A function pointer of a table.

    ``name`` is the C member, ``offset`` and ``size`` are bytes, ``count`` is the number
    of elements of an array, None for a single pointer. ``parameters`` are names, which
    ``named_by`` tells the source of: a function's name, ``declaration``, ``each type``
    as most functions name one of it, or "" where they are made of the types.
    """

    __slots__ = (
        "_bindings",
        "_found",
        "_target",
        "count",
        "name",
        "named_by",
        "offset",
        "parameters",
        "size",
        "table",
    )

    def __init__(
        self, bindings: Bindings, table: str, leaf: Any, names: str, named_by: str
    ) -> None:
        self._bindings, self.table = bindings, table
        self.name: str = leaf[0]
        _, storage, self.offset, target = leaf
        self.size = ctypes.sizeof(storage)
        self.parameters, self.named_by = tuple(names.split()), named_by
        self.count: int | None = None
        if not isinstance(target, str):
            pointer = getattr(storage, "_pointer_", None)
            self.count = storage._length_
            target = None if pointer is None else pointer._spelling_
        self._target = target
        self._found: tuple[Any, str] | None = None

    def _signature(self) -> tuple[Any, str]:
        """The signature and why it is left out, looked up when first asked for."""
        if self._found is None:
            self._found = self._looked_up()
        return self._found

    def _looked_up(self) -> tuple[Any, str]:
        if self._target is None:
            return None, "it is an array of arrays"
        spelling = function_spelling(self._bindings, self._target)
        if spelling is None:
            return None, f"{self._target} is not among these bindings"
        signature = signature_of(self._bindings, spelling, self.name)
        return signature, signature.reason

    @property
    def prototype(self) -> Any:
        """The function's type as data; None where that is not here."""
        spelling = self._target and function_spelling(self._bindings, self._target)
        return None if spelling is None else self._bindings.prototype(spelling)

    @property
    def signature(self) -> Any:
        """How it is called; None where its type is not here."""
        return self._signature()[0]

    @property
    def reason(self) -> str:
        """Why it can be neither called nor made, or ""."""
        return self._signature()[1]

    @property
    def declaration(self) -> str:
        """The member as C declares it, with the names of its parameters."""
        if self.signature is None:
            return self.name
        prototype = self.signature.prototype
        listed = [
            declared(spelling, c_name(name))
            for (_, spelling), name in zip(
                prototype.params, self.parameters, strict=True
            )
        ]
        inside = ", ".join([*listed, *["..."] * prototype.variadic]) or "void"
        count = "" if self.count is None else f"[{self.count}]"
        opening = params_start(prototype.spelling)
        before = prototype.spelling[:opening].rstrip()
        space = "" if before.endswith("*") else " "
        after = prototype.spelling[matching(prototype.spelling, opening) + 1 :]
        return f"{before}{space}(*{self.name}{count})({inside}){after}"

    def __repr__(self) -> str:
        return f"<{self.table}+{self.offset}: {self.declaration}>"


def declared(spelling: str, name: str) -> str:
    """A declaration of ``name`` as that type."""
    group = declarator(spelling)
    if group is not None:
        at = spelling.find("[", group[0], group[1])
        at = group[1] if at < 0 else at
        return f"{spelling[:at]}{name}{spelling[at:]}"
    at = spelling.find("[")
    if at >= 0:
        return f"{spelling[:at]} {name}{spelling[at:]}"
    return f"{spelling}{name}" if spelling.endswith("*") else f"{spelling} {name}"


class InterfaceType(type):
    """Metaclass of interfaces: makes what only some ask for."""

    _operations_: tuple[Operation, ...]

    @property
    def __operations__(cls) -> tuple[Operation, ...]:
        """The function pointers with their places and signatures, in memory order."""
        return cls._operations_

    @property
    def __left_out__(cls) -> dict[str, str]:
        """Function pointers that cannot be called or made, and why."""
        return {op.name: op.reason for op in cls._operations_ if op.reason}

    def __getattr__(cls, name: str) -> Any:
        if name == "Protocol" and "_operations_" in vars(cls):
            cls.Protocol = found = protocol_of(cls)
            return found
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")

    def __repr__(cls) -> str:
        return f"<interface {cls.__module__}.{cls.__qualname__}>"


class Interface(metaclass=InterfaceType):
    """Base of interfaces: what a subclass does not override is NULL in its table."""

    __slots__ = ()
    _bindings_: Any = None
    _struct_: Any = None
    _operations_: tuple[Operation, ...] = ()

    @classmethod
    def vtable(cls, impl: Any = None, /, **members: Any) -> Any:
        """The C table of an implementation's methods; what it lacks is NULL.

        ``impl`` is an object with methods of the members' names, a mapping of these
        names to functions, or None; ``members`` are more functions, and values for
        the members that are data. The table and all that it was copied into keep the
        callbacks alive. Raises TypeError for an unknown member and for a function
        pointer that is left out, NotImplementedError for bindings of another machine.
        """
        from .vtables import make_table

        return make_table(cls, impl, members)

    @classmethod
    def wrap(cls, table: Any, /) -> Any:
        """An object whose methods call through a C table: the struct, or its address.

        A method whose pointer is NULL raises NotImplementedError; what the kernel
        takes for an error raises OSError. The object keeps the struct alive.
        """
        from .vtables import wrap_table

        return wrap_table(cls, table)


def protocol_of(interface: Any) -> Any:
    """A ``typing.Protocol`` with an interface's methods, for ``isinstance``."""
    from typing import Protocol, runtime_checkable

    names = [method_name(op.name) for op in interface._operations_ if op.count is None]
    body = {name: getattr(interface, name) for name in names}
    body |= {"__module__": interface.__module__, "__doc__": interface.__doc__}
    meta: Any = type(Protocol)
    name = f"{interface.__name__}_protocol"
    return runtime_checkable(meta(name, (Protocol,), body))


class Operations(Mapping[str, "Any"]):
    """The operation tables of bindings: a mapping, and attributes, by their names."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return attribute_of(self, name)
        except KeyError:
            module = self.__dict__["_bindings"].module
            raise AttributeError(f"{module} has no operation table {name!r}") from None

    def __getitem__(self, name: str) -> Any:
        for key in (name, f"{name}_"):
            found = self._made.get(key)
            if found is None:
                facts = self._bindings.tables.entry("operations", key)
                if facts is not None:
                    found = make_interface(self._bindings, key, facts)
                    found = self._made.setdefault(key, found)
            if found is not None:
                return found
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        found: Iterator[str] = self._bindings.tables.names("operations")
        return found

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self})

    def __repr__(self) -> str:
        return f"<{len(self)} operation tables of {self._bindings.module}>"

    def __reduce__(self) -> Any:
        return getattr, (self._bindings, "ops")


def make_interface(
    bindings: Bindings, key: str, facts: tuple[tuple[str, str, str], ...]
) -> Any:
    """The interface of a table: its struct's function pointers, with these names."""
    struct = bindings.resolve(f"struct {key}")
    leaves = {leaf[0]: leaf for leaf in struct._leaves_}
    operations = tuple(
        Operation(bindings, key, leaves[member], names, named_by)
        for member, names, named_by in facts
    )
    known = {op.name for op in operations}
    others = [name for name in leaves if name not in known]
    methods = {
        method_name(op.name): Method(op) if op.count is None else ()
        for op in operations
    }
    body: dict[str, Any] = {
        "__slots__": (),
        "__module__": f"{bindings.module}.ops",
        "__doc__": interface_doc(struct, others),
        "_bindings_": bindings,
        "_struct_": struct,
        "_operations_": operations,
        **methods,
    }
    return InterfaceType(key, (Interface,), body)


def interface_doc(struct: Any, others: list[str]) -> str:
    lines = [f"{struct._spelling_}, {ctypes.sizeof(struct)} bytes."]
    if others:
        lines += ["", f"Members that are data: {', '.join(others)}."]
    return "\n".join(lines)


class Method:
    """A method of an interface until it is looked at: then it becomes a function."""

    __slots__ = ("operation", "owner")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.owner: Any = None

    def __set_name__(self, owner: Any, _: str) -> None:
        self.owner = owner

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        function = self.function()
        return function if obj is None else function.__get__(obj, owner)

    def function(self) -> Any:
        """The method, which takes this object's place."""
        name = method_name(self.operation.name)
        found = vars(self.owner)[name]
        if found is self:
            found = make_method(self.operation)
            setattr(self.owner, name, found)
        return found


def make_method(operation: Operation) -> Any:
    """What an interface has for a function pointer: what is not implemented."""
    listed = ", ".join(["self", *operation.parameters, "/"])
    where = f"{operation.table}.{operation.name}"
    scope: dict[str, Any] = {"_u_missing": missing, "_u_where": where}
    source = f"def method({listed}):\n    _u_missing(_u_where)\n"
    exec(compile(source, f"<interface {operation.table}>", "exec"), scope)
    function: Any = scope["method"]
    function.__name__ = method_name(operation.name)
    function.__qualname__ = f"{operation.table}.{function.__name__}"
    function.__module__ = f"{operation._bindings.module}.ops"
    function.__doc__ = operation_doc(operation)
    function.__annotations__ = annotations_of(operation)
    return function


def missing(where: str) -> Any:
    """Raise what a method raises that is not implemented."""
    raise MissingOperationError(
        MissingOperationError.errno, f"{where} is not implemented"
    )


def operation_doc(operation: Operation) -> str:
    struct, size = f"struct {operation.table}", operation.size
    place = f"At byte {operation.offset} of {struct}, {size} bytes."
    if operation.named_by == "declaration":
        named = "Parameters are named as they are declared."
    elif operation.named_by == "each type":
        named = "Parameters are named as most functions name those of these types."
    elif operation.named_by:
        named = f"Parameters are named as {operation.named_by} has them."
    else:
        named = "Parameters are named by their types."
    lines = [operation.declaration, "", place]
    if operation.parameters:
        lines[-1] += f" {named}"
    if operation.reason:
        lines += ["", f"Left out: {operation.reason}."]
    return "\n".join(lines)


def annotations_of(operation: Operation) -> dict[str, Any]:
    signature = operation.signature
    if signature is None or len(signature.params) != len(operation.parameters):
        return {}
    found = {
        name: value.python
        for name, value in zip(operation.parameters, signature.params, strict=True)
    }
    return {**found, "return": signature.returns.python}


def attribute_of(operations: Operations, name: str) -> Any:
    """An interface, or by its name with a suffix a class that belongs to it."""
    try:
        return operations[name]
    except KeyError:
        table, _, kind = name.rpartition("_")
        if kind not in ("protocol", "calls") or table not in operations:
            raise
    if kind == "protocol":
        return operations[table].Protocol
    from .vtables import wrapper_of

    return wrapper_of(operations[table])


class OperationsModule(ModuleType):
    """A package's module ``ops``: attributes, and a mapping as `Operations` is."""

    _operations: Operations

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return list(self)
        try:
            found = attribute_of(self._operations, name)
        except KeyError:
            raise AttributeError(
                f"module {self.__name__!r} has no attribute {name!r}"
            ) from None
        setattr(self, name, found)
        return found

    def __getitem__(self, name: str) -> Any:
        return self._operations[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._operations)

    def __len__(self) -> int:
        return len(self._operations)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self})

    # Not by inheritance: a mapping has no hash, and modules are put into sets.
    __contains__, get = Mapping.__contains__, Mapping.get
    keys, values, items = Mapping.keys, Mapping.values, Mapping.items


Mapping.register(OperationsModule)


def open_operations(module: Any, bindings: Bindings) -> Any:
    """Make a package's module ``ops`` what it is once it is touched."""
    vars(module)["_operations"] = Operations(bindings)
    module.__class__ = OperationsModule
    return module
