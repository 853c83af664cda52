"""A plan as files: a package directory, or one self-contained module."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import uapigen
from uapigen.emit import tables
from uapigen.emit.output import Put
from uapigen.emit.parallel import both, shared_out
from uapigen.emit.stub_names import StubNames
from uapigen.emit.stubs import constants_stub, types_stub
from uapigen.emit.templates import render
from uapigen.emit.text import LINE_LENGTH, literal
from uapigen.errors import InputError
from uapigen.ir.graph import SourceInfo
from uapigen.layout.plan import Plan
from uapigen.layout.planned import Failure
from uapigen.layout.targets import DataModel

__all__ = [
    "Additions",
    "abi",
    "joined_support",
    "module_files",
    "package_files",
    "plain_additions",
    "python_text",
    "support_files",
    "title_of",
]

_SUPPORT = os.path.join(os.path.dirname(__file__), "support")
_SUPPORT_MODULES = (
    "declarators",
    "names",
    "members",
    "keeping",
    "values",
    "dtypes",
    "records",
    "tables",
    "enums",
    "bindings",
    "functions",
    "install",
)
_OPS_MODULES = ("signatures", "callbacks", "invocations", "operations", "vtables")
"""What interfaces are made with, behind all others."""
_MACRO_MODULES = ("cvalues", "cobjects")
"""What macro functions compute with, behind all others."""
_SYSCALL_MODULES = ("pointers", "counts", "syscalls", "calls", "handlers")
_RELATIVE_IMPORT = re.compile(r"^ *from \.\w* import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_DOCSTRING = re.compile(r'\A""".*?"""\n', re.DOTALL)
_FUTURE = "from __future__ import annotations\n"

_TABLES: dict[str, Callable[[Plan], str]] = {
    "records": tables.records_text,
    "enums": tables.enums_text,
    "typedefs": tables.typedefs_text,
    "constants": tables.constants_text,
    "functions": tables.functions_text,
    "variables": tables.variables_text,
}
_SECOND_HALF = ("functions",)
"""And the interfaces, whose parameters are called as functions' are."""
_EITHER = ("enums", "constants")
"""What the half makes that is done first; nothing of it can fail."""
_DOCSTRINGS = {
    "records": """Structs and unions: sizes and alignments in bytes.

A member is (name, byte offset, C type), a bitfield (name, bit offset, C type, bit width).
""",
    "enums": "Enums and their constants: sizes in bytes.",
    "typedefs": "Typedef -> the C type it names.",
    "constants": "Enumerator -> value, or the enums that differ about it.",
    "functions": "Function -> its type, as C spells it.",
    "variables": "Variable -> (C type, section, byte offset, byte size, linkage).",
    "operations": """Operation tables: function pointers, what their parameters are called.

An entry is (member, parameter names, the function that has these names); that function
is behind "like" where it has the same prototype but is not called like the member. It is
"each type" where most functions name parameters of these types so, "" where types stand in.
""",
}
_UNCHECKED = "# type: ignore\n"
"""Above a table, so that a type checker that meets it does not read megabytes of facts."""
_IMPORTS = {
    "records": "from ._support.tables import Struct, Union\n",
    "enums": "from ._support.tables import Enum\n",
}


def abi(sources: Sequence[SourceInfo], model: DataModel) -> dict[str, object]:
    """``__abi__``: what the bindings are for and what they were made from."""
    release = next((s.release for s in sources if s.release), None)
    return {
        "arch": model.arch,
        "byteorder": "big" if model.big_endian else "little",
        "pointer_size": model.pointer_size,
        "release": release,
        "sources": [{"name": os.path.basename(s.name), "sha256": s.sha256} for s in sources],
        "uapigen": uapigen.__version__,
    }


class Additions(NamedTuple):
    """What an output has beside what a plan says: of headers, and of ``--naming``."""

    about: Callable[[], dict[str, object]]
    """Gives ``__abi__``; asked for last, since a source's digest takes its time."""
    sources: str
    """What the output was made from, for its title."""
    macros: str | None = None
    """The table of macro functions; None without headers."""
    ioctls: str = ""
    """The table of ioctl numbers' arguments."""
    finish: Callable[[str, str], str] = lambda _, text: text
    """Adds to the text of a table, or of the stub's body (``stub``)."""


_LARGE = 5000
"""Types and functions from which on a second process pays for its start."""


def _make_texts(
    plan: Plan,
    prefix: str,
    finish: Callable[[str, str], str],
    ops_title: str = "",
    beside: Callable[[], object] = lambda: None,
) -> dict[str, str]:
    """All tables' and facts' texts, and the stub's body as ``stub``.

    In two processes for a whole kernel, with about the same work for each.
    ``finish`` gets the name and the text of each table and of the stub in the
    process that made it; what it returns is handed on. The stub of interfaces is
    ``ops``: a module with ``ops_title``, else a part of the other one. ``beside``
    is done by this process, too.
    """

    def made(names: Iterable[str]) -> dict[str, str]:
        return {name: finish(name, _TABLES[name](plan)) for name in names}

    def interfaces() -> dict[str, str]:
        # Only the process that makes them imports what it takes.
        from uapigen.emit.operation_stubs import module_part, package_stub
        from uapigen.emit.operations import operations_text, planned_tables

        found, names = planned_tables(plan), StubNames(plan)
        texts = {
            "operations": operations_text(found),
            "ops": package_stub(plan, found, names, ops_title)
            if ops_title
            else module_part(plan, found, names),
        }
        return {name: finish(name, text) for name, text in texts.items()}

    def stub() -> str:
        names = StubNames(plan)
        parts = constants_stub(plan, prefix, names=names), types_stub(plan, prefix, names=names)
        return finish("stub", "\n".join(part for part in parts if part))

    def first() -> dict[str, str]:
        texts = made(name for name in _TABLES if name not in (*_SECOND_HALF, *_EITHER))
        texts["stub"] = stub()  # behind the records, of which some may have no layout
        texts |= {name: python_text(value) for name, value in tables.facts(plan).items()}
        beside()
        return texts | made(either)

    def second() -> tuple[dict[str, str], list[tuple[str, str]], list[str]]:
        texts = made(_SECOND_HALF)
        with suppress(InputError):  # a malformed type, which the first half will find to fail
            texts |= interfaces()
        texts |= made(either)
        return texts, [(f.spelling, f.reason) for f in plan.failures], sorted(plan.incomplete)

    chosen = plan.selection
    tags = len(chosen.tags)
    large = tags > _LARGE or tags + len(chosen.funcs) > _LARGE
    with shared_out(_EITHER) as either:
        texts, (more, failures, incomplete) = both(first, second, parallel=large)
    texts |= more
    texts |= made(name for name in _EITHER if name not in texts)  # of a process that failed
    plan.incomplete.update(incomplete)
    plan.failures += [Failure(*failure) for failure in failures]
    plan.failures = list(dict.fromkeys(plan.failures))
    if plan.failed:  # which the second half could not know
        texts |= interfaces()
    return texts | {"incomplete": python_text(sorted(plan.incomplete))}


def plain_additions(plan: Plan) -> Additions:
    """Nothing beside a plan."""
    names = ", ".join(os.path.basename(s.name) for s in plan.graph.sources)
    return Additions(lambda: abi(plan.graph.sources, plan.model), names)


def title_of(sources: str, model: DataModel) -> str:
    """The first line of a module's docstring."""
    return literal(f"C types of {sources} for {model.arch}, as Python sees them.")


def package_files(
    plan: Plan,
    put: Put | None = None,
    additions: Additions | None = None,
    others: Callable[[], Mapping[str, str]] = dict,
) -> dict[str, str]:
    """Path below the package -> text; ``others`` gives files that have nothing of the plan.

    ``put``, if there is one, gets the large files instead, path and text, as
    soon as they are made and maybe in another process; a path may come again.
    """
    additions = additions or plain_additions(plan)
    title = title_of(additions.sources, plan.model)

    def finish(name: str, text: str) -> str:
        head = _head(name, title)
        text = additions.finish(name, text)
        if put is None:
            return head + text
        put(_path(name), head, text)
        return ""

    files: dict[str, str] = {}

    def beside() -> None:
        made = {**others(), **_framing_files(additions, plan.model, title)}
        if put is None:
            files.update(made)
            return
        for path, text in made.items():
            put(path, text)

    texts = _make_texts(plan, "_s.", finish, _ops_title(additions.sources, plan.model), beside)
    files["_facts.py"] = render("facts.py", facts=texts)
    if put is None:
        files |= {_path(name): texts[name] for name in ("stub", "ops", "operations", *_TABLES)}
    if additions.macros is not None:
        head = f'{_UNCHECKED}# fmt: off\n"""Macro functions: C\'s expressions in Python."""\n'
        files["macros.py"] = head + additions.macros
        what = "ioctl number -> the C type that it is made for."
        files["ioctls.py"] = f'{_UNCHECKED}"""{what}"""\n\n{additions.ioctls}'
    return files


def _framing_files(additions: Additions, model: DataModel, title: str) -> dict[str, str]:
    """The files around a package's tables."""
    headers, about = additions.macros is not None, additions.about()
    opener = "linked" if headers else "package"
    return {
        "__init__.py": render(
            "package.py", title=title, abi=about, abi_text=python_text(about), opener=opener
        ),
        "ops.py": ops_module(additions.sources, model),
        "_typing.pyi": render("typing.pyi", p=""),
        "py.typed": "",
        **support_files(headers=headers),
    }


def ops_module(sources: str, model: DataModel) -> str:
    """The module of a package that has the interfaces."""
    title = _ops_title(sources, model)
    return render("ops.py", title=title, version=uapigen.__version__)


def _ops_title(sources: str, model: DataModel) -> str:
    return literal(f"Operation tables of {sources} for {model.arch} as interfaces.")


def support_files(*, headers: bool) -> dict[str, str]:
    """The support code of a package."""
    modules = ["__init__", *_SUPPORT_MODULES, *_OPS_MODULES, "naming", "package", *_SYSCALL_MODULES]
    modules += [*_MACRO_MODULES, "ioctls", "headers", "folders", "linked"] * headers
    return {f"_support/{module}.py": _support_text(module) for module in modules}


def _path(name: str) -> str:
    """Where a package has a table, or the stub."""
    return {"stub": "__init__.pyi", "ops": "ops.pyi"}.get(name, f"{name}.py")


def _head(name: str, title: str) -> str:
    """What stands above a table, or the stub's body, in its file."""
    if name == "ops":
        return ""
    if name == "stub":
        return render("stub.pyi", title=title, typing="from . import _typing as _s", body="")
    return f'{_UNCHECKED}"""{_DOCSTRINGS[name]}"""\n\n{_IMPORTS.get(name, "")}'


def module_files(plan: Plan, name: str, additions: Additions | None = None) -> dict[str, str]:
    """File name -> text of one module and its stub."""
    additions = additions or plain_additions(plan)
    title = title_of(additions.sources, plan.model)
    texts, about = _make_texts(plan, "_s_", additions.finish), additions.about()
    tables = [f'_{table.upper()} = r"""\n{texts[table]}"""\n' for table in (*_TABLES, "operations")]
    tables.append(f"_OPS_SUPPORT = r'''\n{joined_support(_OPS_MODULES)}'''\n")
    headers = additions.macros is not None
    if headers:
        tables.append(f'_IOCTLS = r"""\n{additions.ioctls}"""\n')
        tables.append(f'_MACROS = r"""\n{additions.macros}"""\n')
        tables.append(f"_CVALUES = r'''\n{joined_support(_MACRO_MODULES)}'''\n")
    module = render(
        "module.py",
        title=title,
        abi=about,
        abi_text=python_text(about),
        tables="\n".join(tables),
        facts=texts,
        support=joined_support(
            (
                *_SUPPORT_MODULES,
                *["naming"] * ("naming" in about),
                *(["ioctls", "headers"] if headers else ["module"]),
            )
        ),
    )
    typing = render("typing.pyi", p="_s_")
    return {
        f"{name}.py": module,
        f"{name}.pyi": render(
            "stub.pyi",
            title=title,
            typing=typing.rstrip("\n"),
            body="\n".join(texts[name] for name in ("stub", "ops") if texts[name]),
        ),
    }


def _support_text(module: str) -> str:
    with open(os.path.join(_SUPPORT, f"{module}.py"), encoding="utf-8") as file:
        return file.read()


def joined_support(names: Iterable[str]) -> str:
    """Support modules as one text: their imports of each other are gone."""
    parts = []
    for name in names:
        text = _RELATIVE_IMPORT.sub("", _support_text(name))
        text = _DOCSTRING.sub("", text).replace(_FUTURE, "", 1).strip("\n")
        parts.append(f"# {name}\n\n{text}\n")
    return f"{_FUTURE}\n" + "\n\n".join(parts)


def python_text(value: object, indent: int = 0) -> str:
    """A literal as black would set it: every collection with a trailing comma, one item a line.

    Short tuples stay on their line; so does whatever is empty.
    """
    pad = " " * (indent + 4)
    if isinstance(value, Mapping) and value:
        inner = "".join(
            f"{pad}{python_text(key)}: {python_text(item, indent + 4)},\n"
            for key, item in value.items()
        )
        return f"{{\n{inner}{' ' * indent}}}"
    if isinstance(value, list) and value:
        inner = "".join(f"{pad}{python_text(item, indent + 4)},\n" for item in value)
        return f"[\n{inner}{' ' * indent}]"
    if isinstance(value, tuple) and value:
        items = ", ".join(python_text(item) for item in value)
        line = f"({items},)" if len(value) == 1 else f"({items})"
        if len(line) + indent < LINE_LENGTH - 40:
            return line
        inner = "".join(f"{pad}{python_text(item, indent + 4)},\n" for item in value)
        return f"(\n{inner}{' ' * indent})"
    if isinstance(value, str):
        return f'"{literal(value)}"'
    return repr(value)
