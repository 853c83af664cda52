"""Hold generated bindings of headers against what gcc said of them.

    python compare.py BINDINGS ANSWERS.json REPORT.json

BINDINGS is a package directory, with a module for each header, or a .py file. ANSWERS.json is a
list of answers.py's, REPORT.json what `uapigen --report` wrote. Prints a list of verdicts as JSON.
Needs nothing but the standard library, so that any Python which runs generated code can run this.
"""

from __future__ import annotations

import ctypes
import enum
import importlib
import json
import keyword
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

TELLS_ANY_ALIGNMENT = sys.version_info >= (3, 13)  # has _align_; before, ctypes stops at 8
# Names that a module needs itself; what C calls so is reached in other ways.
API = {"ctype", "asdict", "flexible", "functions", "variables", "ioctl"}


def main(arguments: list[str]) -> None:
    bindings, answers, report = map(Path, arguments)
    sys.path.insert(0, str(bindings.parent))
    reasons = Reasons(json.loads(report.read_text(encoding="utf-8"))["missing"])
    verdicts = [
        verdict
        for header in json.loads(answers.read_text(encoding="utf-8"))
        for verdict in compare(bindings, header, reasons)
    ]
    json.dump(verdicts, sys.stdout)


class MissingError(Exception):
    """The bindings have nothing of that name."""


class Reasons:
    """What the report says of what is missing."""

    def __init__(self, missing: list[dict[str, str]]) -> None:
        self.by_name: dict[str, list[dict[str, str]]] = {}
        for one in missing:
            self.by_name.setdefault(one["name"], []).append(one)

    def of(self, name: str, header: str) -> str | None:
        """Why a name of a header is missing: its own reason or that of the whole header."""
        for one in self.by_name.get(name, []):
            if _is(one.get("header", header), header):
                return one["reason"]
        return None

    def of_header(self, header: str) -> str | None:
        for ones in self.by_name.values():
            for one in ones:
                if one.get("kind") == "header" and _is(one["header"], header):
                    return one["reason"]
        return None


def _is(path: str, header: str) -> bool:
    return path == header or path.endswith("/" + header)


Verdict = dict[str, Any]
Check = Callable[[ModuleType, Any], Iterator[str]]


def compare(bindings: Path, answers: dict[str, Any], reasons: Reasons) -> Iterator[Verdict]:
    """One verdict for each thing that gcc knows of a header."""
    header = answers["header"]
    name = bindings.stem if bindings.suffix == ".py" else f"{bindings.name}.{module_of(header)}"
    failure = None
    module = None
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        failure = f"no module {error.name}"
    for category, what, check in checks(answers):
        verdict: Verdict = {
            "header": header,
            "category": category,
            "name": what,
            "wrong": [],
            "missing": None,
            "reason": None,
            "borrowed": what in answers["borrowed"],
        }
        if module is None:
            verdict["missing"] = failure
            verdict["reason"] = reasons.of_header(header)
        else:
            try:
                verdict["wrong"] = list(check(module))
            except MissingError as missing:
                verdict["missing"] = str(missing)
                bare = what.rpartition(" ")[2]
                verdict["reason"] = (
                    reasons.of(what, header)
                    or reasons.of(bare, header)
                    or reasons.of_header(header)
                )
            except Exception as error:  # noqa: BLE001
                verdict["wrong"] = [f"raises {error!r}"]
        yield verdict


def module_of(header: str) -> str:
    parts = re.sub(r"[^\w/]", "_", header.removesuffix(".h")).split("/")
    return ".".join(part + "_" if keyword.iskeyword(part) else part for part in parts)


def checks(
    answers: dict[str, Any],
) -> Iterator[tuple[str, str, Callable[[ModuleType], Iterator[str]]]]:
    """Category, name, and what finds sentences about differences."""
    for spelling, facts in answers["records"].items():
        yield "records", spelling, lambda m, s=spelling, f=facts: record(m, s, f)
    for name, size in answers["typedefs"].items():
        yield "typedefs", name, lambda m, n=name, s=size: typedef(m, n, s)
    tags = {spelling.rpartition(" ")[2] for spelling in answers["records"]}
    tags.update(spelling.rpartition(" ")[2] for spelling, _ in answers["enums"])
    for spelling, values in answers["enums"]:
        for name, value in values.items():
            # A type goes before a constant of its name; the enum has that all the same.
            shadowed = name in tags or name in answers["others"]
            shadowed = shadowed or answers["integers"].get(name, value) != value
            yield (
                "enumerators",
                name,
                lambda m, s=spelling, n=name, v=value, h=shadowed: enumerator(m, s, n, v, h),
            )
    for name, value in answers["integers"].items():
        category = "ioctls" if name in answers["ioctls"] else "integers"
        yield category, name, lambda m, n=name, v=value: integer(m, n, v)
    for name, parts in answers["ioctls"].items():
        yield "ioctl parts", name, lambda m, n=name, p=parts: ioctl(m, n, p)
    for name, value in answers["reals"].items():
        yield "reals", name, lambda m, n=name, v=value: real(m, n, v)
    for name, value in answers["addresses"].items():
        yield "addresses", name, lambda m, n=name, v=value: integer(m, n, v)
    for name, value in answers["strings"].items():
        yield "strings", name, lambda m, n=name, v=value: string(m, n, v)
    for name, calls in answers["calls"].items():
        yield "calls", name, lambda m, n=name, c=calls: function(m, n, c)
    for name, calls in answers["inline_calls"].items():
        yield "inline calls", name, lambda m, n=name, c=calls: function(m, n, c)
    for name in answers["others"]:
        yield "no constants", name, lambda m, n=name: no_constant(m, n)


def attribute(module: ModuleType, name: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise MissingError(str(error)) from None


def type_of(module: ModuleType, spelling: str) -> Any:
    try:
        return module.ctype(spelling)
    except LookupError as error:
        raise MissingError(str(error)) from None


# Types


def record(module: ModuleType, spelling: str, facts: dict[str, Any]) -> Iterator[str]:
    cls = type_of(module, spelling)
    size, alignment = ctypes.sizeof(cls), ctypes.alignment(cls)
    if size != facts["size"]:
        yield f"size {size}, in C {facts['size']}"
    if alignment != facts["align"] and (facts["align"] <= 8 or TELLS_ANY_ALIGNMENT):
        yield f"alignment {alignment}, in C {facts['align']}"
    instance = cls()
    for path, expected in facts["members"].items():
        try:
            base, descriptor = find(instance, path)
        except (AttributeError, IndexError) as error:
            yield f"{path}: {error}"
            continue
        if hasattr(descriptor, "bit_width"):
            yield f"{path}: a bitfield, not so in C"
            continue
        found = [base + descriptor.offset, descriptor.size]
        if found != expected:
            yield f"{path}: offset and size {found}, in C {expected}"
    for path, expected in facts["bitfields"].items():
        try:
            base, descriptor = find(instance, path)
            found = [8 * base + descriptor.bit_offset, descriptor.bit_width]
        except (AttributeError, IndexError) as error:
            yield f"{path}: {error}"
            continue
        if found != expected:
            yield f"{path}: bit offset and width {found}, in C {expected}"


def find(instance: Any, path: str) -> tuple[int, Any]:
    """A member's descriptor, and the offset of what it is in; of arrays, of their first element."""
    *outer, name = path.split(".")
    base = 0
    for part in outer:
        base += member(type(instance), part).offset
        instance = getattr(instance, part if hasattr(instance, part) else part + "_")
        while isinstance(instance, ctypes.Array):
            instance = instance[0]
    return base, member(type(instance), name)


def member(cls: type, name: str) -> Any:
    """The descriptor of a C member: under its name where Python lets it, else with _ behind."""
    for attribute_name in (name, name + "_"):
        descriptor = getattr(cls, attribute_name, None)
        if hasattr(descriptor, "offset"):
            return descriptor
    raise AttributeError(f"no member {name}")


def typedef(module: ModuleType, name: str, size: int) -> Iterator[str]:
    cls = type_of(module, name)
    if isinstance(cls, type) and issubclass(cls, enum.Enum):  # its size is seen in members
        return
    if ctypes.sizeof(cls) != size:
        yield f"size {ctypes.sizeof(cls)}, in C {size}"


def enumerator(
    module: ModuleType, spelling: str, name: str, value: int, shadowed: bool
) -> Iterator[str]:
    if spelling:
        members = type_of(module, spelling)
        if value not in [one.value for one in members]:
            yield f"{value} is not among the values of {members!r}"
    if not shadowed:
        yield from integer(module, name, value)


# Macros


def integer(module: ModuleType, name: str, value: int) -> Iterator[str]:
    if name in API or hasattr(ModuleType, name):
        return
    found = attribute(module, name)
    if not isinstance(found, int) or found != value:
        yield f"{found!r}, in C {value}"


def ioctl(module: ModuleType, name: str, parts: list[int]) -> Iterator[str]:
    number = attribute(module, name)
    found = [getattr(number, part, None) for part in ("dir", "type", "nr", "size")]
    if isinstance(found[1], str):
        found[1] = ord(found[1])
    if found != parts:
        yield f"dir, type, nr and size {found}, in C {parts}"


def real(module: ModuleType, name: str, value: float) -> Iterator[str]:
    found = attribute(module, name)
    if not isinstance(found, float) or found != value:
        yield f"{found!r}, in C {value!r}"


def string(module: ModuleType, name: str, value: str) -> Iterator[str]:
    found = attribute(module, name)
    encoded = found.encode() if isinstance(found, str) else found
    if encoded != value.encode("latin-1"):
        yield f"{found!r}, in C {value!r}"


def function(module: ModuleType, name: str, calls: list[Any]) -> Iterator[str]:
    call = attribute(module, name)
    if not callable(call):
        yield f"{call!r} is no function"
        return
    for arguments, value in calls:
        given = [module.ctype(one) if isinstance(one, str) else one for one in arguments]
        shown = f"{name}({', '.join(map(str, arguments))})"
        try:
            found = call(*given)
        except Exception as error:  # noqa: BLE001
            yield f"{shown} raises {error!r}, in C {value}"
            continue
        if found != value:
            yield f"{shown} is {found!r}, in C {value}"


def no_constant(module: ModuleType, name: str) -> Iterator[str]:
    """What gcc finds no value for must not have one here."""
    found = getattr(module, name, None)
    if isinstance(found, (int, float, str, bytes)):
        yield f"{found!r}, in C no constant"


if __name__ == "__main__":
    main(sys.argv[1:])
