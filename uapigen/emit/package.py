"""A plan as files: a package directory, or one self-contained module."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import uapigen
from uapigen.emit import tables
from uapigen.emit.stubs import stub_body
from uapigen.emit.templates import render
from uapigen.emit.text import LINE_LENGTH, literal
from uapigen.ir.graph import TypeGraph
from uapigen.layout.plan import Plan
from uapigen.layout.targets import DataModel

__all__ = ["abi", "module_files", "package_files"]

_SUPPORT = Path(__file__).parent / "support"
_SUPPORT_MODULES = ("members", "values", "records", "tables", "bindings", "install")
_RELATIVE_IMPORT = re.compile(r"^from \.\w* import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_DOCSTRING = re.compile(r'\A""".*?"""\n', re.DOTALL)
_FUTURE = "from __future__ import annotations\n"

_TABLES = {
    "records": "Structs and unions: a member is (name, byte offset, C type), a bitfield"
    "\n(name, bit offset, C type, bit width). Sizes and alignments are bytes.\n",
    "enums": "Enums and their constants. Sizes are bytes.\n",
    "typedefs": "Typedef -> the C type it names.\n",
    "constants": "Enumerator -> value, or the enums that differ about it.\n",
    "functions": "Function -> its type, as C spells it.\n",
    "variables": "Variable -> (C type, section, byte offset, byte size, linkage).\n",
}


def abi(graph: TypeGraph, model: DataModel) -> dict[str, object]:
    """``__abi__``: what the bindings are for and what they were made from."""
    release = next((s.release for s in graph.sources if s.release), None)
    return {
        "arch": model.arch,
        "byteorder": "big" if model.big_endian else "little",
        "pointer_size": model.pointer_size,
        "release": release,
        "sources": [
            {"name": os.path.basename(s.name), "sha256": s.sha256} for s in graph.sources
        ],
        "uapigen": uapigen.__version__,
    }


def table_text(plan: Plan, name: str) -> str:
    """One table's text without its frame."""
    if name == "records":
        return tables.records_text(list(plan.records()))
    if name == "enums":
        return tables.enums_text(plan)
    if name == "typedefs":
        return tables.typedefs_text(plan)
    if name == "constants":
        return tables.constants_text(plan)
    if name == "functions":
        return tables.functions_text(plan)
    return tables.variables_text(plan)


def _title(plan: Plan) -> str:
    names = ", ".join(os.path.basename(s.name) for s in plan.graph.sources)
    return literal(f"C types of {names} for {plan.model.arch}, as Python sees them.")


def package_files(plan: Plan) -> dict[str, str]:
    """Path below the package -> text."""
    title = _title(plan)
    about = abi(plan.graph, plan.model)
    files = {
        "__init__.py": render("package.py", title=title, abi=about, abi_text=_python(about)),
        "_typing.pyi": _typing_stub(""),
        "py.typed": "",
    }
    for name, what in _TABLES.items():
        body = table_text(plan, name)
        if name in ("records", "enums"):
            imports = "Enum" if name == "enums" else "Struct, Union"
            frame = f"from ._support.tables import {imports}\n"
            files[f"{name}.py"] = f'"""{what}"""\n\n{frame}{body}'
        else:
            files[f"{name}.py"] = f'"""{what}"""\n\n{body}'
    files["__init__.pyi"] = render(
        "stub.pyi", title=title, typing="from . import _typing as _s", body=stub_body(plan, "_s.")
    )
    files["_facts.py"] = render("facts.py", facts=_facts(plan))
    for path in sorted(_SUPPORT.glob("*.py")):
        if path.stem != "module":
            files[f"_support/{path.name}"] = path.read_text()
    return files


def module_files(plan: Plan, name: str) -> dict[str, str]:
    """File name -> text of one module and its stub."""
    title = _title(plan)
    about = abi(plan.graph, plan.model)
    texts = [(table, table_text(plan, table)) for table in _TABLES]
    stub = stub_body(plan, "_s_")
    module = render(
        "module.py",
        title=title,
        abi=about,
        abi_text=_python(about),
        tables=[(table, text) for table, text in texts],
        facts=_facts(plan),
        support=_joined_support(),
    )
    typing = _typing_stub("_s_")
    return {
        f"{name}.py": module,
        f"{name}.pyi": render("stub.pyi", title=title, typing=typing.rstrip("\n"), body=stub),
    }


def _typing_stub(prefix: str) -> str:
    return render("typing.pyi", p=prefix)


def _facts(plan: Plan) -> dict[str, str]:
    return {name: _python(value) for name, value in tables.facts(plan).items()}


def _joined_support() -> str:
    """The support modules as one text: their imports of each other are gone."""
    parts = []
    for name in (*_SUPPORT_MODULES, "module"):
        text = _RELATIVE_IMPORT.sub("", (_SUPPORT / f"{name}.py").read_text())
        text = _DOCSTRING.sub("", text).replace(_FUTURE, "", 1).strip("\n")
        parts.append(f"# {name}\n\n{text}\n")
    return f"{_FUTURE}\n" + "\n\n".join(parts)


def _python(value: object, indent: int = 0) -> str:
    """A literal as black would set it: every collection with a trailing comma, one item a line.

    Short tuples stay on their line; so does whatever is empty.
    """
    pad = " " * (indent + 4)
    if isinstance(value, Mapping) and value:
        inner = "".join(
            f"{pad}{_python(key)}: {_python(item, indent + 4)},\n" for key, item in value.items()
        )
        return f"{{\n{inner}{' ' * indent}}}"
    if isinstance(value, list) and value:
        inner = "".join(f"{pad}{_python(item, indent + 4)},\n" for item in value)
        return f"[\n{inner}{' ' * indent}]"
    if isinstance(value, tuple) and value:
        items = ", ".join(_python(item) for item in value)
        line = f"({items},)" if len(value) == 1 else f"({items})"
        if len(line) + indent < LINE_LENGTH - 40:
            return line
        inner = "".join(f"{pad}{_python(item, indent + 4)},\n" for item in value)
        return f"(\n{inner}{' ' * indent})"
    if isinstance(value, str):
        return f'"{literal(value)}"'
    return repr(value)
