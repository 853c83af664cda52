"""Units made by hand: emission is tested without a front end."""

from __future__ import annotations

from pathlib import Path

from uapigen.ir.declarations import Constant, Doc, HeaderFile, MacroFunction, Unit
from uapigen.ir.graph import SourceInfo
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import (
    Array,
    Enum,
    Enumerator,
    Func,
    FuncProto,
    Int,
    Member,
    Param,
    Pointer,
    Struct,
    Typedef,
    TypeId,
    Union,
)

__all__ = ["Builder", "demo"]


class Builder:
    """Builds a unit for x86_64: files first, then what each of them defines."""

    def __init__(self, folder: Path, header: str) -> None:
        self.folder = folder
        self.header = str(folder / header)
        info = SourceInfo(self.header, lambda: "0" * 64, False, 8, "x86_64")
        self.graph = ListGraph(info)
        self.unit = Unit(self.graph, self.header, {}, {})
        self.uint = self.graph.add(Int("unsigned int", 4, False))
        self.char = self.graph.add(Int("char", 1, True))
        self.int = self.graph.add(Int("int", 4, True))
        self.file(header)

    def file(self, module: str, *includes: str, system: bool = False) -> str:
        """A file that the unit is made of, and what it includes."""
        path = self.folder / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"/* {module} */\n", encoding="utf-8")
        paths = tuple(str(self.folder / include) for include in includes)
        self.unit.files[str(path)] = HeaderFile(str(path), module, paths, system)
        return str(path)

    def own(self, node: Struct | Union | Enum | Typedef | Func, module: str) -> TypeId:
        """A type that a file defines."""
        type_id = self.graph.add(node)
        self.unit.owners[type_id] = str(self.folder / module)
        return type_id

    def struct(self, name: str, module: str, *members: tuple[str, TypeId, int]) -> TypeId:
        """A struct of these members (name, type, bytes), one behind the other."""
        at, made = 0, []
        for member, type_id, size in members:
            made.append(Member(member, type_id, 8 * at))
            at += size
        return self.own(Struct(name, at, tuple(made), 4), module)

    def constant(self, name: str, value: int | float | str | bytes, module: str) -> None:
        kinds = {int: "int", float: "double", str: "char *", bytes: "char *"}
        path = str(self.folder / module)
        self.unit.constants.append(Constant(name, value, kinds[type(value)], path))

    def macro(self, name: str, params: tuple[str, ...], expression: str, module: str) -> None:
        path = str(self.folder / module)
        text = f"{name}({', '.join(params)}) …"
        self.unit.macros.append(MacroFunction(name, params, text, expression, path))


def demo(folder: Path) -> Unit:
    """A header with one of each, which includes another one and needs a type of the C library."""
    made = Builder(folder, "linux/demo.h")
    made.file("linux/demo.h", "linux/base.h", "stdint.h")
    made.file("linux/base.h")
    made.file("stdint.h", system=True)
    made.file("unused.h", system=True)
    u32 = made.own(Typedef("__u32", made.uint), "linux/base.h")
    uint32_t = made.own(Typedef("uint32_t", made.uint), "stdint.h")
    made.own(Typedef("uint_least32_t", made.uint), "stdint.h")
    base = made.struct("base", "linux/base.h", ("value", u32, 4))
    pointer = made.graph.add(Pointer(base))
    name = made.graph.add(Array(made.char, 16))
    colour = made.own(
        Enum("colour", 4, False, (Enumerator("RED", 1), Enumerator("GREEN", 2))), "linux/demo.h"
    )
    record = made.own(
        Struct(
            "demo",
            40,
            (
                Member("base", base, 0),
                Member("size", uint32_t, 32),
                Member("next", pointer, 64),
                Member("name", name, 128),
                Member("colour", colour, 256),
                Member("low", u32, 288, 3),
                Member("from", u32, 291, 5),
            ),
            8,
        ),
        "linux/demo.h",
    )
    proto = made.graph.add(FuncProto(made.int, (Param("d", made.graph.add(Pointer(record))),)))
    made.own(Func("demo_call", proto, "extern"), "linux/demo.h")
    for constant, value in (
        ("DEMO_VERSION", 7),
        ("DEMO_NAME", 'a "demo"\\\n'),
        ("DEMO_BYTES", b"\xff\0"),
        ("DEMO_RATIO", 0.5),
        ("DEMO_HUGE", float("inf")),
        ("DEMO_GET", 0x80286401),
        ("class", 3),
    ):
        made.constant(constant, value, "linux/demo.h")
    made.constant("BASE_ONE", 1, "linux/base.h")
    made.unit.ioctl_arguments["DEMO_GET"] = "struct demo"
    made.unit.type_aliases["old_demo"] = "struct demo"
    made.macro("DEMO_ALIGN", ("x",), "_C.plain((_C(x) + 7) & -8)", "linux/demo.h")
    made.macro("DEMO_TWICE", ("x", "in_"), "_C.plain(_C(x) * 2 + _C(in_))", "linux/demo.h")
    made.unit.docs[record] = Doc(
        "A demonstration.\n\nWith \"\"\"quotes''' and a \\ in it.",
        {"size": "how large\nit is", "name": "what it is called"},
    )
    made.unit.docs[colour] = Doc("What it looks like.", {})
    made.unit.constant_docs["DEMO_VERSION"] = "Counts up."
    return made.unit
