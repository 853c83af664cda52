"""Headers as files: one self-contained module, or BTF's package with the headers' macros.

A package of one module for each header is in `linked.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from uapigen.emit.docs import doc_text, docstring
from uapigen.emit.macros import is_function, macro_stubs, macros_text
from uapigen.emit.naming import naming_stub
from uapigen.emit.package import (
    Additions,
    abi,
    module_files,
    package_files,
    plain_additions,
)
from uapigen.emit.tables import ioctls_text
from uapigen.ir.declarations import Doc, HeaderFile, file_digest
from uapigen.ir.graph import TypeGraph
from uapigen.ir.selection import Selection
from uapigen.ir.types import Enum, Typedef, TypeId
from uapigen.ir.units import Joined
from uapigen.layout.plan import Plan
from uapigen.layout.planned import Failure
from uapigen.layout.targets import DataModel

__all__ = [
    "abi_of",
    "docs_by_table",
    "documented",
    "header_abi",
    "header_module_files",
    "header_package_files",
    "header_plan",
    "source_of",
    "with_docs",
]


def header_plan(joined: Joined, model: DataModel, selection: Selection) -> Plan:
    """A plan of what was chosen of headers, with their constants and comments.

    Macro functions that turn out to be no Python are noted among its failures.
    """
    plan = Plan(joined.graph, model, selection)
    plan.macro_values = {name: found.value for name, found in joined.constants.items()}
    plan.ioctl_arguments = {
        name: spelling
        for name, spelling in joined.ioctl_arguments.items()
        if name in joined.constants
    }
    plan.type_aliases = {name: spelling for name, (spelling, _) in joined.type_aliases.items()}
    plan.docs = _docs_of_types(joined.graph, joined.docs)
    for name in [name for name, macro in joined.macros.items() if not is_function(macro)]:
        del joined.macros[name]
        plan.failures.append(Failure(name, "its expression is no Python"))
    return plan


def _docs_of_types(graph: TypeGraph, docs: Mapping[TypeId, Doc]) -> dict[TypeId, Doc]:
    """A comment at a typedef is the type's, where that has none of its own."""
    found = dict(docs)
    for type_id, doc in docs.items():
        node = graph[type_id]
        if isinstance(node, Typedef):
            found.setdefault(node.target, doc)
    return found


def source_of(file: HeaderFile) -> dict[str, str]:
    """A header for ``__abi__``: its path as C includes it, and its SHA-256."""
    return {"name": file.module, "sha256": file_digest(file)}


def header_abi(
    model: DataModel, files: Iterable[HeaderFile], before: Iterable[str], naming: str
) -> dict[str, object]:
    """``__abi__`` of what headers say; addresses in it are this process's own."""
    about = abi((), model) | {"sources": [source_of(file) for file in files]}
    return {**about, **extra_abi(before, naming), "user_space": True}


def extra_abi(before: Iterable[str], naming: str) -> dict[str, object]:
    """What ``__abi__`` says beside what it says of BTF."""
    about: dict[str, object] = {}
    prerequisites = sorted(before)
    if prerequisites:
        about["prerequisites"] = prerequisites
    if naming:
        about["naming"] = naming
    return about


def _own_files(joined: Joined) -> list[HeaderFile]:
    """The headers that were given, and then the other files of the kernel's that they include."""
    given = dict.fromkeys(unit.header for unit in joined.units)
    others = [file for file in joined.files.values() if not file.system]
    others.sort(key=lambda file: (file.module, file.path))
    return list(dict.fromkeys([*[joined.files[path] for path in given], *others]))


def abi_of(joined: Joined, model: DataModel, naming: str = "") -> dict[str, object]:
    """``__abi__`` of headers, and of BTF if that is among them."""
    before = {name for unit in joined.units for name in unit.prerequisites}
    if joined.btf_end:
        return abi(joined.graph.sources, model) | extra_abi(before, naming)
    return header_abi(model, _own_files(joined), before, naming)


def _additions(plan: Plan, joined: Joined, naming: str, prefix: str) -> Additions:
    sources = plain_additions(plan).sources
    if not joined.btf_end:
        sources = ", ".join(joined.files[unit.header].module for unit in joined.units)
    macros = joined.macros.values()
    docs = docs_by_table(plan)

    def finish(name: str, text: str) -> str:
        text = with_docs(name, text, docs, joined.constant_docs)
        if name != "stub":
            return text
        text = f"ioctl: {prefix}IoctlCall\n{text}"
        parts = [text, naming_stub(plan, naming), macro_stubs(macros, prefix)]
        return "\n".join(part for part in parts if part)

    ioctls = ioctls_text(plan)
    return Additions(
        lambda: abi_of(joined, plan.model, naming), sources, macros_text(macros), ioctls, finish
    )


def header_module_files(plan: Plan, joined: Joined, name: str, naming: str = "") -> dict[str, str]:
    """One self-contained module and its stub; of headers, and of BTF if that is among them."""
    return module_files(plan, name, _additions(plan, joined, naming, "_s_"))


def header_package_files(plan: Plan, joined: Joined, naming: str = "") -> dict[str, str]:
    """BTF's package, with the headers' constants and macro functions in it."""
    return package_files(plan, None, _additions(plan, joined, naming, "_s."))


# Comments

_CLASS = re.compile(r"class (\w+)\(.*?\):(?= \.\.\.\n|\n)", re.DOTALL)
_STATEMENT = re.compile(r"^class [^\n]*\n(?:(?: |\):)[^\n]*\n)*", re.MULTILINE)


def docs_by_table(plan: Plan) -> dict[str, dict[str, str]]:
    """The texts of comments by table and key; for ``stub``, all of them."""
    found: dict[str, dict[str, str]] = {"records": {}, "enums": {}}
    for type_id, doc in plan.docs.items():
        key = plan.keys.of.get(plan.keys.same.get(type_id, type_id))
        text = doc_text(doc)
        if key and text:
            table = "enums" if isinstance(plan.graph[type_id], Enum) else "records"
            found[table].setdefault(key, text)
    return found | {"stub": found["enums"] | found["records"]}


def with_docs(
    name: str, text: str, docs: Mapping[str, Mapping[str, str]], constant_docs: Mapping[str, str]
) -> str:
    """A table, or the stub, with comments as docstrings in its class statements."""
    of_table = docs.get(name)
    if name == "stub":
        text = _into_classes(text, of_table, '"""') if of_table else text
        return _behind_constants(text, constant_docs) if constant_docs else text
    return _into_classes(text, of_table, "'''") if of_table else text


def documented(statement: str, text: str, quotes: str = "'''") -> str:
    """A class statement with a docstring."""
    heading = _CLASS.match(statement)
    if not text or not heading:
        return statement
    doc = docstring(text, 4, quotes).rstrip("\n")
    rest = statement[heading.end() :]
    if rest.startswith(" ..."):  # in a stub, a class without members
        return f"{heading[0]}\n{doc}\n"
    return f"{heading[0]}\n{doc}\n\n{rest[1:]}"


def _into_classes(text: str, docs: Mapping[str, str], quotes: str) -> str:
    def with_doc(match: re.Match[str]) -> str:
        statement = match[0]
        heading = _CLASS.match(statement)
        doc = docs.get(heading[1], "") if heading else ""
        return documented(statement, doc, quotes)

    return _STATEMENT.sub(with_doc, text)


def _behind_constants(text: str, docs: Mapping[str, str]) -> str:
    """Comments behind the constants they are about, where editors look for them."""
    lines = []
    for line in text.splitlines(keepends=True):
        lines.append(line)
        name, colon, _ = line.partition(": ")
        if colon and name in docs:
            lines.append(docstring(docs[name], 0))
    return "".join(lines)
