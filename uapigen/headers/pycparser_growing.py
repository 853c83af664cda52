"""Types for expressions inside of a translation unit that is still being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uapigen.emit.support.cvalues import CValue
from uapigen.headers.expressions import Types
from uapigen.ir.types import Enum, Struct, Typedef, TypeId, Union

if TYPE_CHECKING:
    from uapigen.headers.pycparser_scope import Scope

__all__ = ["GrowingTypes"]

_INT, _UNSIGNED = range(-(1 << 31), 1 << 31), range(1 << 32)


class GrowingTypes(Types):
    """What names stand for so far."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope.graph, scope.model)
        self._scope = scope

    def _named(self, name: str, kind: type) -> TypeId | None:
        scope = self._scope
        if kind is Typedef:
            return scope.typedefs.get(name)
        keyword = {Struct: "struct", Union: "union", Enum: "enum"}[kind]
        found = scope.tags.get((keyword, name))
        return found if found is not None and isinstance(scope.graph[found], kind) else None

    def enumerator(self, name: str) -> CValue | None:
        value = self._scope.enumerators.get(name)
        if value is None:
            return None
        if value in _INT:
            return CValue(self.model.int, value)
        if value in _UNSIGNED:
            return CValue(self.model.of_size(4, False), value)
        return CValue(self.model.of_size(8, value < 0), value)
