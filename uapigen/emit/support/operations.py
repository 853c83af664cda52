"""Operation tables: structs of function pointers as interfaces, in both directions.

An interface has a method for each function pointer. ``vtable`` makes the C table of an
object's methods, ``wrap`` an object of a C table. The generated table adds nothing but
names of parameters to what the struct itself says.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping

from .declarators import declarator
from .functions import params_start
from .names import method_name
from .signatures import (
    MissingOperationError,
    Signature,
    function_spelling,
    refusal,
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
    ``named_by`` tells the source of: a function's name, ``declaration``, or "" where
    they are made of the types.
    """

    __slots__ = (
        "count",
        "name",
        "named_by",
        "offset",
        "parameters",
        "reason",
        "signature",
        "size",
        "table",
    )

    def __init__(
        self, table: str, leaf: tuple[str, Any, int, Any], names: str, named_by: str
    ) -> None:
        self.table = table
        self.name, storage, self.offset, _ = leaf
        self.size = ctypes.sizeof(storage)
        self.parameters, self.named_by = tuple(names.split()), named_by
        self.count: int | None = None
        self.reason = ""
        self.signature: Any = None

    @property
    def declaration(self) -> str:
        """The member as C declares it, with the names of its parameters."""
        if self.signature is None:
            return self.name
        prototype = self.signature.prototype
        listed = [
            declared(spelling, name)
            for (_, spelling), name in zip(
                prototype.params, self.parameters, strict=True
            )
        ]
        inside = ", ".join([*listed, *["..."] * prototype.variadic]) or "void"
        count = "" if self.count is None else f"[{self.count}]"
        opening = params_start(prototype.spelling)
        before = prototype.spelling[:opening].rstrip()
        space = "" if before.endswith("*") else " "
        after = prototype.spelling[len(prototype.spelling.rstrip()) :]
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
    """Metaclass of interfaces: makes their protocols when asked."""

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
    __left_out__: Mapping[str, str] = {}
    """Function pointers that cannot be called or made, and why."""

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
    body = {name: vars(interface)[name] for name in names}
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
            return self[name]
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
    foreign = refusal(bindings)
    operations = []
    for member, names, named_by in facts:
        operation = Operation(key, leaves[member], names, named_by)
        set_signature(bindings, operation, leaves[member])
        operations.append(operation)
    left_out = {op.name: op.reason for op in operations if op.reason}
    others = [name for name in leaves if name not in {op.name for op in operations}]
    body: dict[str, Any] = {
        "__slots__": (),
        "__module__": f"{bindings.module}.ops",
        "__doc__": interface_doc(struct, operations, others, foreign),
        "__left_out__": left_out,
        "_bindings_": bindings,
        "_struct_": struct,
        "_operations_": tuple(operations),
        **make_methods(key, operations),
    }
    return InterfaceType(key, (Interface,), body)


def set_signature(
    bindings: Bindings, operation: Operation, leaf: tuple[str, Any, int, Any]
) -> None:
    """Fill in what a member's type says."""
    name, storage, _, wrap = leaf
    if not isinstance(wrap, str):  # an array
        pointer = getattr(storage, "_pointer_", None)
        if pointer is None:
            operation.reason = "it is an array of arrays"
            operation.count = 0
            return
        operation.count, wrap = storage._length_, pointer._spelling_
    spelling = function_spelling(bindings, wrap)
    if spelling is None:
        operation.reason = f"{wrap} is not among these bindings"
        return
    signature: Signature = signature_of(bindings, spelling, name)
    operation.signature, operation.reason = signature, signature.reason
    if len(operation.parameters) != len(signature.prototype.params):
        operation.parameters = tuple(
            f"arg{at}" for at in range(1, len(signature.prototype.params) + 1)
        )


def interface_doc(
    struct: Any, operations: list[Operation], others: list[str], foreign: str
) -> str:
    lines = [f"{struct._spelling_}, {ctypes.sizeof(struct)} bytes."]
    listed = ", ".join(others)
    if listed:
        lines += ["", f"Members that are data: {listed}."]
    for operation in operations:
        if operation.reason:
            lines += ["", f"{operation.name} is left out: {operation.reason}."]
    if foreign:
        lines += ["", f"Neither called nor made here: {foreign}."]
    return "\n".join(lines)


def make_methods(key: str, operations: list[Operation]) -> dict[str, Any]:
    """An interface's own methods: what is not implemented."""
    lines = []
    scope: dict[str, Any] = {"_u_missing": missing}
    single = [op for op in operations if op.count is None]
    for at, operation in enumerate(single):
        listed = ", ".join(["self", *operation.parameters, "/"])
        where = f"{key}.{operation.name}".encode("ascii", "backslashreplace").decode()
        lines += [f"def _u_{at}({listed}):", f"    _u_missing({where!r})"]
    exec(compile("\n".join([*lines, ""]), f"<interface {key}>", "exec"), scope)
    made: dict[str, Any] = {}
    for at, operation in enumerate(single):
        name, function = method_name(operation.name), scope[f"_u_{at}"]
        function.__name__ = name
        function.__qualname__ = f"{key}.{name}"
        function.__module__ = "ops"
        function.__doc__ = operation_doc(operation)
        function.__annotations__ = annotations_of(operation)
        made[name] = function
    made |= {method_name(op.name): () for op in operations if op.count is not None}
    return made


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


def open_operations(namespace: dict[str, Any], bindings: Bindings) -> None:
    """Fill the namespace of a package's module ``ops``."""
    operations = Operations(bindings)

    def lookup(name: str) -> Any:
        if name == "__all__":
            return list(operations)
        try:
            found = namespace[name] = operations[name]
        except KeyError:
            module = namespace["__name__"]
            raise AttributeError(
                f"module {module!r} has no attribute {name!r}"
            ) from None
        return found

    def listing() -> list[str]:
        return sorted({*namespace, *operations})

    namespace.update(__getattr__=lookup, __dir__=listing)
