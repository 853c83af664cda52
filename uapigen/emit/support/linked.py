"""Modules of one package that ask each other, as headers include each other.

What a header uses of another one is looked up where ``_LINKS`` says, any other
name in the headers that it includes, in their order.
"""

from __future__ import annotations

import sys
from _thread import RLock

from .declarators import unqualified
from .folders import install_modules
from .headers import HeaderBindings, HeaderTables
from .install import install
from .ioctls import ioctl
from .names import demangled
from .package import PackageBindings, package_facts

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .bindings import Bindings

LOCK = RLock()


class LinkedBindings(HeaderBindings):
    """Bindings of one header of a package.

    ``root`` is the package's name; ``links`` (C spelling: module below it) and
    ``includes`` (modules below it) say where else to look.
    """

    has_ops = False

    def __init__(self, *args: Any, root: str, links: Any, includes: Any) -> None:
        super().__init__(*args)
        self.root, self.links, self.includes = root, links, includes

    def other(self, module: str) -> LinkedBindings:
        """The bindings of another module of the package."""
        name = f"{self.root}.{module}"
        if name not in sys.modules:
            __import__(name)
        found: LinkedBindings = sys.modules[name].ctype.__self__
        return found

    def reached(self) -> Iterator[LinkedBindings]:
        """Bindings of what the header includes, directly or not, each once."""
        seen = {self.module}
        todo = list(reversed(self.includes))
        while todo:
            module = todo.pop()
            if module not in seen:
                seen.add(module)
                found = self.other(module)
                if found is not self:
                    yield found
                    todo += reversed(found.includes)

    def defines(self, spelling: str) -> bool:
        """Whether this module's own tables have a struct, union, enum or typedef."""
        spelling = self.aliases.get(spelling, spelling)
        keyword, _, key = spelling.partition(" ")
        if key:
            kind = "enum" if keyword == "enum" else "record"
            found: bool = self.tables.has(kind, key)
            return found and keyword in ("struct", "union", "enum")
        return self.tables.entry("typedefs", spelling) is not None

    def _elsewhere(self, spelling: str) -> Bindings | None:
        plain = unqualified(" ".join(spelling.split()))
        if plain.endswith(("*", "]", ")")):
            return None
        link = self.links.get(plain)
        if link is not None:
            return self.other(link)
        return next((found for found in self.reached() if found.defines(plain)), None)

    def lookup(self, name: str) -> Any:
        """What a bare C name stands for, here or in what the header includes."""
        candidates = (name, *demangled(name))
        for found in self._in_order(candidates):
            for wanted in candidates:
                try:
                    made = found._bare(wanted)
                except LookupError as error:
                    raise AttributeError(str(error)) from None
                if made is not NotImplemented:
                    return made
        raise AttributeError(f"module {self.module!r} has no attribute {name!r}")

    def _in_order(self, names: tuple[str, ...]) -> Iterator[LinkedBindings]:
        """Where a name is looked up."""
        yield self
        name = names[0]
        if name[:2] == "__" == name[-2:] and name.islower():
            return  # Python's, not C's
        yield from (
            self.other(self.links[name]) for name in names if name in self.links
        )
        yield from self.reached()


class HeaderPackageBindings(PackageBindings, HeaderBindings):
    """Bindings of a package of BTF's types and headers' macros."""


def imported_scope(bindings: Bindings) -> dict[str, Any]:
    """What macro functions compute with."""
    from .cobjects import CMacros

    return {"_C": CMacros(bindings.abi, bindings)}


def open_header(namespace: dict[str, Any], root: str) -> None:
    """Open the module of a package that has this namespace, once.

    ``root`` is the package's name. Tables that would be empty are left out.
    """
    with LOCK:
        if "ctype" in namespace:
            return
        facts = {
            "scalars": __import__(f"{root}._facts", fromlist=["SCALARS"]).SCALARS,
            "aliases": namespace.get("_ALIASES", {}),
            "incomplete": namespace.get("_INCOMPLETE", ()),
            "function_tags": {},
        }
        tables = HeaderTables(lambda table: str(namespace.get(f"_{table.upper()}", "")))
        name = namespace["__name__"]
        bindings = LinkedBindings(
            namespace["__abi__"],
            facts,
            tables,
            name,
            imported_scope,
            root=root,
            links=namespace.get("_LINKS", {}),
            includes=namespace.get("_INCLUDES", ()),
        )
        install(bindings, namespace, ioctl=ioctl)
        with_submodules(namespace)


def with_submodules(namespace: dict[str, Any]) -> None:
    """Let a module that is a package, too, show what lies in it: ``_MODULES``."""
    modules = namespace.get("_MODULES", ())
    if not modules:
        return
    lookup, listing = namespace["__getattr__"], namespace["__dir__"]

    def own(name: str) -> Any:
        try:
            return lookup(name)
        except AttributeError:
            return NotImplemented

    install_modules(namespace, modules, own, listing)


def open_package(namespace: dict[str, Any]) -> None:
    """Open a package of BTF's types and headers' macros, once."""
    with LOCK:
        if "ctype" not in namespace:
            facts, load = package_facts(namespace)
            bindings = HeaderPackageBindings(
                namespace["__abi__"],
                facts,
                HeaderTables(load),
                namespace["__name__"],
                imported_scope,
            )
            install(bindings, namespace, ioctl=ioctl)
