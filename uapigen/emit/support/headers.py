"""What bindings made from headers have beside types: macro functions."""

from __future__ import annotations

from .bindings import Bindings
from .install import install
from .ioctls import IoctlNumber, ioctl
from .tables import Tables, Text

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class HeaderTables(Tables):
    """The tables, and macro functions as ``def`` statements."""

    def __init__(self, load: Callable[[str], str]) -> None:
        super().__init__(load)
        self._entries["ioctls"] = Text(lambda: load("ioctls"), '\n    "', '": ')
        self._macros = Text(lambda: load("macros"), "\n\n\ndef ", "(")

    def macro(self, name: str) -> str | None:
        """The ``def`` statement of a macro function, or None."""
        source = self._macros.find(name)
        return None if source is None else f"def {source}"

    def macros(self) -> Iterator[str]:
        """The names of all macro functions, sorted."""
        return iter(self._macros)


class HeaderBindings(Bindings):
    """Bindings with macro functions; ``scope`` gives what these compute with."""

    def __init__(
        self,
        abi: dict[str, Any],
        facts: dict[str, Any],
        tables: Any,
        module: str,
        scope: Callable[[Bindings], dict[str, Any]],
    ) -> None:
        super().__init__(abi, facts, tables, module)
        self._make_scope = scope
        self._scope: dict[str, Any] = {}

    def _bare(self, name: str) -> Any:
        found = super()._bare(name)
        if found is NotImplemented:
            return self._macro(name)
        if type(found) is int:
            argument = self.tables.entry("ioctls", name)
            if argument is not None:
                return IoctlNumber(found, self, name, argument)
        return found

    def _macro(self, name: str) -> Any:
        source = self.tables.macro(name)
        if source is None:
            return NotImplemented
        if not self._scope:
            self._scope.update(self._make_scope(self), __name__=self.module)
        made: dict[str, Any] = {}
        exec(compile(source, f"<macro {name}>", "exec"), self._scope, made)
        return made[name]

    def names(self) -> list[str]:
        """All bare names, sorted."""
        return sorted({*super().names(), *self.tables.macros()})


def open_module(namespace: dict[str, Any]) -> None:
    """Open the single-file module that has this namespace."""
    facts = {
        "scalars": namespace["_SCALARS"],
        "aliases": namespace["_ALIASES"],
        "incomplete": namespace["_INCOMPLETE"],
        "function_tags": namespace["_FUNCTION_TAGS"],
    }
    name = namespace["__name__"]

    def scope(bindings: Bindings) -> dict[str, Any]:
        values: dict[str, Any] = dict(globals())  # the modules that it imports
        place = f"{namespace['__file__']}:_CVALUES"
        exec(compile(namespace["_CVALUES"], place, "exec"), values)
        return {"_C": values["CMacros"](bindings.abi, bindings)}

    tables = HeaderTables(lambda table: str(namespace[f"_{table.upper()}"]))
    bindings = HeaderBindings(namespace["__abi__"], facts, tables, name, scope)
    bindings.load_ops = lambda: exec(
        compile(
            namespace["_OPS_SUPPORT"], f"{namespace['__file__']}:_OPS_SUPPORT", "exec"
        ),
        globals(),
    )
    install(bindings, namespace, ioctl=ioctl)
