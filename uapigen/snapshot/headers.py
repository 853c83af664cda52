"""What headers say beside types, in a snapshot: constants, macros, comments, whose is what."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from uapigen.ir.declarations import (
    Constant,
    Doc,
    HeaderFile,
    MacroFunction,
    Unit,
    Value,
    file_digest,
)
from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import Enum, TypeId
from uapigen.ir.units import Joined
from uapigen.snapshot.shapes import Reader

__all__ = [
    "CONSTANT",
    "HeaderOf",
    "Modules",
    "alias_row",
    "constant_row",
    "headers_head",
    "headers_lists",
    "macro_row",
    "read_alias",
    "read_constant",
    "read_headers",
    "read_ioctl",
    "read_macro",
    "tells_apart",
]

Row = list[Any]
HeaderOf = Callable[[str, Any], str]
"""From the place where a header is named, and its name there, to its path."""
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_INT = 1 << 128
_PATTERNS = ("only", "exclude")
"""Options that a snapshot was made with, which decide about modules of a package."""
CONSTANT = "constant "
"""Before the name of a macro or an enumerator that a comment is about."""


# Writing


def tells_apart(joined: Joined) -> bool:
    """Whether a snapshot says what each header has by itself.

    It calls files by the names by which C includes them, so there must not be two of one.
    """
    if joined.single is None:
        return False
    names = [file.module for file in joined.files.values() if not file.system]
    return len(names) == len({*names})


def headers_head(joined: Joined, lists: Mapping[str, list[Any]]) -> dict[str, Any]:
    """What is said of the headers as a whole: which were given, their files."""
    used = {row["header"] for row in lists["types"] if "header" in row}
    for name in ("typedefs", "functions"):
        used |= {row[-1]["header"] for row in lists[name] if isinstance(row[-1], dict)
                 and "header" in row[-1]}  # fmt: skip
    used |= {row[3] for row in lists["constants"]} | {row[4] for row in lists["macros"]}
    used |= {row[2] for row in lists["type_aliases"]}
    before = sorted({name for unit in joined.units for name in unit.prerequisites})
    apart = tells_apart(joined)
    if apart:
        used.update(before)
    files: dict[str, Row] = {}
    for file in joined.files.values():
        if not file.system:
            files.setdefault(file.module, [file.module, file_digest(file)])
        elif file.module in used:
            files.setdefault(file.module, [file.module, file_digest(file), {"system": True}])
    given = [joined.files[unit.header].module for unit in joined.units]
    if apart:
        _add_includes(joined, files, given)
    head: dict[str, Any] = {"given": list(dict.fromkeys(given))}
    if joined.btf_end:
        head["over_btf"] = True
    if before:
        head["prerequisites"] = before
    if apart:
        for key, patterns in zip(_PATTERNS, joined.patterns, strict=True):
            if patterns:
                head[key] = list(patterns)
    return {"headers": head, "files": [files[module] for module in sorted(files)]}


def _add_includes(joined: Joined, files: Mapping[str, Row], given: Collection[str]) -> None:
    """Say what each file includes; of files that are not listed, what those include."""
    module = Modules(joined)

    def listed(path: str) -> list[str]:
        found: dict[str, None] = {}
        seen = {path}
        todo = [*reversed(joined.files[path].includes)]
        while todo:
            at = todo.pop()
            if at in seen or at not in joined.files:
                continue
            seen.add(at)
            if module[at] in files:
                found[module[at]] = None
            else:
                todo += reversed(joined.files[at].includes)
        found.pop(module[path], None)
        return list(found)

    for path in joined.files:
        row = files.get(module[path])
        if row is not None and not (isinstance(row[-1], dict) and "includes" in row[-1]):
            includes = listed(path)
            if includes or module[path] in given:
                if not isinstance(row[-1], dict):
                    row.append({})
                row[-1]["includes"] = includes


def headers_lists(
    joined: Joined, labels: Iterable[tuple[TypeId, str]], first: Callable[[TypeId], TypeId]
) -> dict[str, list[Row]]:
    """Constants and all else that is no type; ``labels`` are those of the types taken."""
    labels = list(labels)
    nodes = [joined.graph[type_id] for type_id, _ in labels]
    enumerators = {name for n in nodes if isinstance(n, Enum) for name, _ in n.enumerators}
    module = Modules(joined)
    constants, macros, aliases = joined.constants, joined.macros, joined.type_aliases
    return {
        "constants": [constant_row(constants[name], module) for name in sorted(constants)],
        "macros": [macro_row(macros[name], module) for name in sorted(macros)],
        "ioctls": [
            [name, spelling]
            for name, spelling in sorted(joined.ioctl_arguments.items())
            if name in constants
        ],
        "type_aliases": [
            alias_row(name, spelling, module[header])
            for name, (spelling, header) in sorted(aliases.items())
        ],
        "comments": _comments(joined, labels, first, enumerators),
    }


class Modules(dict[str, str]):
    """A header's path -> what C includes it as."""

    def __init__(self, joined: Joined) -> None:
        super().__init__()
        self._files = joined.files

    def __missing__(self, path: str) -> str:
        file = self._files.get(path)
        found = self[path] = file.module if file else path
        return found


def constant_row(constant: Constant, module: Mapping[str, str]) -> Row:
    value: Any = constant.value
    about = {}
    if isinstance(value, bytes):
        value, about = value.decode("latin-1"), {"bytes": True}
    elif isinstance(value, float) and not math.isfinite(value):
        value, about = repr(value), {"float": True}
    row: Row = [constant.name, value, constant.c_type, module[constant.header]]
    return [*row, about] if about else row


def macro_row(macro: MacroFunction, module: Mapping[str, str]) -> Row:
    params = list(macro.params)
    return [macro.name, params, macro.c_text, macro.expression, module[macro.header]]


def alias_row(name: str, spelling: str, header: str) -> Row:
    return [name, spelling, header]


def _comments(
    joined: Joined,
    labels: Sequence[tuple[TypeId, str]],
    first: Callable[[TypeId], TypeId],
    enumerators: set[str],
) -> list[Row]:
    described = {type_id for type_id, _ in labels}
    of_type: dict[TypeId, Doc] = {}
    for type_id, doc in joined.docs.items():
        if doc.text or doc.members:
            # A typedef that says the same as another one may be described all the same.
            of_type.setdefault(type_id if type_id in described else first(type_id), doc)
    rows: list[Row] = []
    for type_id, label in labels:
        if type_id in of_type:
            text, members = of_type[type_id]
            rows.append([label, text, *([members] if members else ())])
    known = joined.constants.keys() | enumerators
    documented = sorted(joined.constant_docs.keys() & known)
    return rows + [[f"{CONSTANT}{name}", joined.constant_docs[name]] for name in documented]


# Reading


def read_headers(
    reader: Reader,
    graph: TypeGraph,
    owners: Mapping[TypeId, tuple[str, str]],
    labels: Mapping[str, TypeId],
    btf_end: TypeId,
) -> Joined | None:
    """What a snapshot says of headers; None if it was made without any.

    ``owners`` has the place and the header of each type that says one.
    """
    about = reader.content.get("headers")
    if about is None:
        return None
    if not isinstance(about, dict):
        reader.refuse("headers", "is no object")
    reader.known("headers", "headers", about)
    files = dict(_files(reader))

    def header(place: str, name: Any) -> str:
        if reader.text(place, name) not in files:
            reader.refuse(place, f"{name[:100]!r} is not among the snapshot's files")
        return str(name)

    given = [header("headers.given", name)
             for name in reader.list("headers.given", about.get("given"))]  # fmt: skip
    place = "headers.prerequisites"
    listed = reader.list(place, about.get("prerequisites", []))
    before = tuple([reader.text(place, name) for name in listed])
    units = [Unit(graph, name, files, {}, prerequisites=before) for name in given]
    owned = {type_id: header(place, name) for type_id, (place, name) in owners.items()}
    joined = Joined(graph, units, files, owned, {}, {}, {}, {}, [], btf_end=btf_end)
    for place, row in reader.rows("constants"):
        joined.constants[row[0]] = read_constant(reader, place, row, header)
    for place, row in reader.rows("macros"):
        joined.macros[row[0]] = read_macro(reader, place, row, header)
    for place, row in reader.rows("ioctls"):
        joined.ioctl_arguments.update([read_ioctl(reader, place, row)])
    for place, row in reader.rows("type_aliases"):
        joined.type_aliases.update([read_alias(reader, place, row, header)])
    _read_comments(reader, joined, labels)
    only, exclude = (
        [
            reader.text(f"headers.{key}", one)
            for one in reader.list(f"headers.{key}", about.get(key, []))
        ]
        for key in _PATTERNS
    )
    joined.patterns = only, exclude
    told = [row[0] for _, row in reader.rows("files")
            if isinstance(row[-1], dict) and "includes" in row[-1]]  # fmt: skip
    if given and not btf_end and set(told).issuperset(given):
        from uapigen.snapshot.apart import read_apart
        from uapigen.snapshot.separate import UnitMaker

        apart = read_apart(reader, header, labels)
        maker: list[UnitMaker] = []

        def single(index: int) -> tuple[Unit, Sequence[TypeId]]:
            if not maker:
                maker.append(UnitMaker(joined, apart))
            return maker[0].make(index)

        joined.single = single
    return joined


def _files(reader: Reader) -> Iterator[tuple[str, HeaderFile]]:
    for place, row in reader.rows("files"):
        (name, digest, *_), about = reader.row(place, row, (str, str))
        if not _DIGEST.fullmatch(digest):
            reader.refuse(f"{place}[1]", "is no SHA-256")
        system = reader.truth(f"{place}.system", about.get("system", False))
        where = f"{place}.includes"
        listed = reader.list(where, about.get("includes", []))
        includes = tuple([reader.text(where, one) for one in listed])
        yield name, HeaderFile(name, name, includes, system, digest)


def _name(reader: Reader, place: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        reader.refuse(place, f"{name[:100]!r} is no name in C")
    return name


def read_constant(reader: Reader, place: str, row: Row, header: HeaderOf) -> Constant:
    about = row[-1] if len(row) == 5 and isinstance(row[-1], dict) else {}
    if len(row) != 4 + bool(about):
        reader.refuse(place, "is no [name, value, type, header]")
    name, value, c_type, module, *_ = row
    made: Value
    latin = isinstance(value, str) and all(ord(c) < 256 for c in value)
    if about.get("bytes") is True and latin:
        made = value.encode("latin-1")
    elif about.get("float") is True and value in ("inf", "-inf", "nan"):
        made = float(value)
    elif type(value) in (int, float, str) and not about:
        if isinstance(value, int) and abs(value) >= _MAX_INT:
            reader.refuse(place, "is a number that is too large")
        made = value
    else:
        reader.refuse(place, "has a value that is no constant's")
    c_type = reader.text(f"{place}[2]", c_type)
    return Constant(_name(reader, place, name), made, c_type, header(f"{place}[3]", module))


def read_macro(reader: Reader, place: str, row: Row, header: HeaderOf) -> MacroFunction:
    (name, params, c_text, expression, module, *_), _ = reader.row(
        place, row, (str, list, str, str, str)
    )
    if not all(isinstance(p, str) and _NAME.fullmatch(p.removeprefix("*")) for p in params):
        reader.refuse(place, "has parameters that are no names in C")
    if not _is_arithmetic(expression, {p.removeprefix("*") for p in params}):
        reader.refuse(place, "has an expression that is no C arithmetic")
    return MacroFunction(
        _name(reader, place, name), tuple(params), c_text, expression, header(place, module)
    )


def read_ioctl(reader: Reader, place: str, row: Row) -> tuple[str, str]:
    (name, spelling, *_), _ = reader.row(place, row, (str, str))
    return name, spelling


def read_alias(
    reader: Reader, place: str, row: Row, header: HeaderOf
) -> tuple[str, tuple[str, str]]:
    (name, spelling, module, *_), _ = reader.row(place, row, (str, str, str))
    return _name(reader, place, name), (spelling, header(place, module))


_ALLOWED = (
    ast.Expression, ast.Load, ast.Name, ast.Call, ast.Attribute, ast.Constant, ast.BinOp,
    ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Starred, ast.Tuple, ast.operator,
    ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip


def _is_arithmetic(expression: str, params: set[str]) -> bool:
    """Whether an expression is one as ``headers/expressions`` makes them, whoever wrote it.

    It becomes code in bindings: nothing but the parameters, constants, operators and
    the functions of ``_C`` may be in it.
    """
    if "_C" in params or len(expression) > 1 << 16:
        return False
    try:
        tree = ast.parse(expression, mode="eval")
        for node in ast.walk(tree):
            if not isinstance(node, _ALLOWED):
                return False
            if isinstance(node, ast.Name) and node.id != "_C" and node.id not in params:
                return False
            if isinstance(node, ast.Attribute) and not (
                isinstance(node.value, ast.Name) and node.value.id == "_C" and node.attr.isalnum()
            ):
                return False
            if isinstance(node, ast.Call) and not _is_function(node.func):
                return False
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _is_function(node: ast.expr) -> bool:
    """``_C``, a function of it, or the type that ``_C.type`` gives."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "type"
    return isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id == "_C")


def _read_comments(reader: Reader, joined: Joined, labels: Mapping[str, TypeId]) -> None:
    for place, row in reader.rows("comments"):
        (label, text, *_), members = reader.row(place, row, (str, str))
        if not all(isinstance(one, str) for one in members.values()):
            reader.refuse(place, "has a member's comment that is no text")
        if label.startswith(CONSTANT):
            joined.constant_docs[label.removeprefix(CONSTANT)] = text
        elif label in labels:
            joined.docs[labels[label]] = Doc(text, members)
        else:
            reader.refuse(place, f"{label[:100]} is not described")
