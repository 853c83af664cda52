"""Operation tables in memory: made of Python methods, and called through."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from .callbacks import Callback, Memory
from .declarators import unqualified
from .invocations import Slot, body, failure, is_python
from .keeping import KEPT, address_of, hold, keep, objects_of
from .members import Pointer
from .names import attribute_name, method_name
from .operations import Interface, Operation
from .signatures import MAX_ERRNO, WORD_MASK, UnsupportedOperationError, refusal

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


def make_table(interface: Any, impl: Any, members: dict[str, Any]) -> Any:
    """What ``Interface.vtable`` returns."""
    struct = interface._struct_
    name = f"{interface.__name__}.vtable()"
    reason = refusal(interface._bindings_)
    if reason:
        raise NotImplementedError(f"{name}: {reason}")
    memory = Memory(ctypes.sizeof(struct))
    table = struct.from_buffer(memory.data)
    given = implementations(interface, impl, name)
    taken = {method_name(op.name): op for op in interface._operations_}
    for key, value in members.items():
        operation = taken.get(key)
        if operation is None:
            if not hasattr(struct, attribute_name(key)):
                raise TypeError(f"{name}: {struct._spelling_} has no member {key!r}")
            setattr(table, attribute_name(key), value)
        elif value is None:
            given.pop(operation.name, None)
        else:
            given[operation.name] = value
    for operation in interface._operations_:
        if operation.name in given:
            set_pointers(table, operation, given[operation.name])
    objects_of(table).setdefault(KEPT, {})[memory] = (0, memory)
    return table


def implementations(interface: Any, impl: Any, name: str) -> dict[str, Any]:
    """Member -> the function that an implementation has for it."""
    found: dict[str, Any] = {}
    if impl is None:
        return found
    if isinstance(impl, type):
        raise TypeError(f"{name} takes an object, not the class {impl.__name__}")
    operations = interface._operations_
    if isinstance(impl, Mapping):
        known = {method_name(op.name): op.name for op in operations}
        known |= {op.name: op.name for op in operations}
        for key, value in impl.items():
            if key not in known:
                raise TypeError(f"{name}: {key!r} is no function pointer of the struct")
            if value is not None:
                found[known[key]] = value
        return found
    lacking = null_members(impl) if isinstance(impl, Wrapper) else ()
    for operation in operations:
        attribute = method_name(operation.name)
        if isinstance(impl, Interface) and is_default(impl, attribute):
            continue
        if operation.name in lacking:
            continue
        value = getattr(impl, attribute, None)
        if value is None:
            continue
        if operation.count is None and not callable(value):
            raise TypeError(
                f"{name}: {attribute} of {type(impl).__name__} is no method"
            )
        found[operation.name] = value
    if not found and not isinstance(impl, Interface):
        raise TypeError(
            f"{name}: {type(impl).__name__} has none of the struct's methods"
        )
    return found


def is_default(impl: Any, attribute: str) -> bool:
    """Whether an interface's own method is all that an implementation has."""
    if attribute in getattr(impl, "__dict__", {}):
        return False
    for base in type(impl).__mro__:
        if attribute in vars(base):
            return "_operations_" in vars(base) and base.__mro__[1] is Interface
    return False


def null_members(wrapper: Any) -> set[str]:
    """The members where a table that is called through has NULL."""
    slots = zip(wrapper._operations_, wrapper._u_slots, strict=True)
    return {op.name for op, s in slots if isinstance(s, Slot) and not s.word.value}


def set_pointers(table: Any, operation: Operation, given: Any) -> None:
    """Put callbacks at an operation's place."""
    where = f"{operation.table}.{operation.name}"
    if operation.reason:
        raise UnsupportedOperationError(f"{where} is left out: {operation.reason}")
    if operation.count is None:
        set_pointer(table, operation, operation.offset, given, where)
        return
    functions = list(given)
    if len(functions) > operation.count:
        raise TypeError(
            f"{where} has {operation.count} elements, {len(functions)} given"
        )
    size = ctypes.sizeof(ctypes.c_size_t)
    for at, function in enumerate(functions):
        if function is not None:
            offset = operation.offset + at * size
            set_pointer(table, operation, offset, function, f"{where}[{at}]")


def set_pointer(
    table: Any, operation: Operation, offset: int, given: Any, where: str
) -> None:
    """Put one callback, or an address, at an offset of a table."""
    if is_python(given):
        kept = Callback(operation.signature, given, where)
        address = kept.address
    else:
        address, kept = address_of(table._bindings_, given)
    word = ctypes.c_size_t.from_buffer(table, offset)
    word.value = address
    keep(table, offset, address, kept)


def wrap_table(interface: Any, table: Any) -> Any:
    """What ``Interface.wrap`` returns."""
    name = f"{interface.__name__}.wrap()"
    reason = refusal(interface._bindings_)
    if reason:
        raise NotImplementedError(f"{name}: {reason}")
    struct = interface._struct_
    if not isinstance(table, struct):
        if not is_address(table, struct):
            kind, wanted = type(table).__name__, struct._spelling_
            raise TypeError(f"{name} takes a {wanted} or its address, not {kind}")
        address, kept = address_of(interface._bindings_, table)
        if not address:
            raise ValueError(f"{name}: NULL")
        if not 0 < address <= WORD_MASK - MAX_ERRNO:
            raise ValueError(f"{name}: {address:#x} is no address of a table")
        table = struct.from_address(address)
        if kept is not None:
            hold(table, kept)
    made = object.__new__(wrapper_of(interface))
    made._table_ = table
    start = ctypes.addressof(table)
    made._u_slots = slots_of(interface, start)
    return made


def is_address(given: Any, struct: Any) -> bool:
    """Whether that may be the address of such a struct: no pointer to another one."""
    if isinstance(given, ctypes._Pointer):
        return issubclass(given._type_, struct)
    if isinstance(given, Pointer):
        spelling = unqualified(given._spelling_)
        return not spelling.startswith(("struct ", "union ")) or spelling == (
            struct._spelling_
        )
    return isinstance(given, (int, ctypes.c_void_p)) and not isinstance(given, bool)


def slots_of(interface: Any, start: int) -> list[Any]:
    """Where each operation's pointer lies; for an array, a list of slots."""
    slots: list[Any] = []
    size = ctypes.sizeof(ctypes.c_size_t)
    for op in interface._operations_:
        where = f"{op.table}.{op.name}"
        if op.count is None:
            slots.append(Slot(op.signature, start + op.offset, where))
        else:
            slots.append(
                [
                    Slot(op.signature, start + op.offset + at * size, f"{where}[{at}]")
                    for at in range(op.count)
                ]
            )
    return slots


class Calls:
    """An array of function pointers that are called through."""

    __slots__ = ("_function", "_holder", "_slots")

    def __init__(self, function: Any, slots: list[Any], holder: Any) -> None:
        self._function, self._slots, self._holder = function, slots, holder

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, index: int) -> Any:
        slot, function = self._slots[index], self._function
        if not slot.word.value:
            return None
        holder = self._holder

        def call(*args: Any) -> Any:
            return function(holder, slot, *args)

        return call


WRAPPER_SLOTS = ("_table_", "_u_slots")


class Wrapper:
    """What objects that call through a table have beside an interface's methods."""

    __slots__ = ()
    _table_: Any

    def __getattr__(self, name: str) -> Any:
        """The members that are data."""
        if name[:1] == "_":
            raise AttributeError(name)
        return getattr(self._table_, attribute_name(name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in WRAPPER_SLOTS:
            object.__setattr__(self, name, value)
        elif hasattr(type(self), name):
            what = f"{type(self).__name__}.{name}"
            raise AttributeError(f"{what} is called through: set the struct's member")
        else:
            setattr(self._table_, attribute_name(name), value)

    def __dir__(self) -> list[str]:
        leaves = {attribute_name(leaf[0]) for leaf in self._table_._leaves_}
        return sorted({*super().__dir__(), *leaves})

    def __repr__(self) -> str:
        interface = type(self).__mro__[2].__name__
        return f"<{interface} at {ctypes.addressof(self._table_):#x}>"


def wrapper_of(interface: Any) -> Any:
    """The class of objects that call through tables of an interface, made once."""
    wrapper = vars(interface).get("_wrapper_")
    if wrapper is None:
        wrapper = interface._wrapper_ = make_wrapper(interface)
    return wrapper


def make_wrapper(interface: Any) -> Any:
    """The class of objects that call through tables of an interface."""
    scope: dict[str, Any] = {"_u_failure": failure, "_u_names": []}
    lines: list[str] = []
    for at, op in enumerate(interface._operations_):
        scope["_u_names"].append(f"{op.table}.{op.name}")
        names = list(op.parameters)
        slot = f"_u_slot = _u_self._u_slots[{at}]" if op.count is None else "pass"
        own = [] if op.count is None else ["_u_slot"]
        listed = ", ".join(["_u_self", *own, *names, "/"])
        lines += [f"def _u_m{at}({listed}):", f"    {slot}"]
        if op.reason:
            scope[f"_u_reason{at}"] = f"{op.table}.{op.name} is left out: {op.reason}"
            scope["_u_unsupported"] = UnsupportedOperationError
            lines.append(f"    raise _u_unsupported(_u_reason{at})")
            continue
        lines += [
            "    _u_a, _u_f = _u_slot.made",
            "    if _u_slot.word.value != _u_a or not _u_a: _u_f = _u_slot.function()",
            *body(op.signature, names, scope, str(at)),
        ]
    source = "\n".join([*lines, ""])
    exec(compile(source, f"<calls {interface.__name__}>", "exec"), scope)
    members: dict[str, Any] = {"__slots__": WRAPPER_SLOTS}
    for at, op in enumerate(interface._operations_):
        name, function = method_name(op.name), scope[f"_u_m{at}"]
        if op.count is None:
            plain = getattr(interface, name)
            function.__name__, function.__doc__ = name, plain.__doc__
            function.__qualname__ = plain.__qualname__
            function.__annotations__ = plain.__annotations__
            members[name] = function
        else:
            members[name] = calls_property(function, at)
    members["__module__"] = interface.__module__
    return type(interface)(f"{interface.__name__}_calls", (Wrapper, interface), members)


def calls_property(function: Any, at: int) -> Any:
    """The property of an array of function pointers."""
    return property(lambda self: Calls(function, self._u_slots[at], self))
