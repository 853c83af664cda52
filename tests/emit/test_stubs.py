"""Stubs name what is there at run time, with its type; type checkers accept right use only."""

from __future__ import annotations

import ast
import ctypes
import importlib
import keyword
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kitchen.oracle import build
from kitchen.targets import TARGETS
from mypy import api

from .conftest import generate
from .inputs import HERE

VALUES: dict[str, type | tuple[type, ...]] = {
    "Int": int, "Bits": int, "Bool": bool, "BoolBits": bool, "Float": float, "Char": bytes,
    "Chars": bytes, "Ptr": int, "Items": ctypes.Array, "Value": object,
    "Sub": (ctypes.Structure, ctypes.Union),
}  # fmt: skip
"""What a member annotated so reads as."""


@pytest.fixture(scope="session")
def kitchen(importable: Path) -> ModuleType:
    """Every hard name of C, as bindings."""
    built = build(TARGETS["x86_64"], importable)
    generate(built.btf_path, "-o", importable / "types_kitchen")
    return importlib.import_module("types_kitchen")


@pytest.fixture(params=["types", "one file", "odd", "kitchen"])
def stubbed(request: pytest.FixtureRequest, importable: Path) -> ModuleType:  # noqa: ARG001
    if request.param == "kitchen":
        return request.getfixturevalue("kitchen")
    name = {"types": "x86_64", "one file": "one_file", "odd": "odd"}[request.param]
    return importlib.import_module(f"types_{name}")


def stub_of(bindings: ModuleType) -> ast.Module:
    return ast.parse(Path(bindings.__file__ + "i").read_text(encoding="utf-8"))


def public(tree: ast.Module) -> Iterator[ast.ClassDef | ast.AnnAssign | ast.Assign]:
    """The statements that stand for C names and the package's own."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.AnnAssign, ast.Assign)):
            name = name_of(node)
            private = name.startswith(("_s_", "_t_")) or name in ("_T", "_Self", "_Get", "_Set")
            if not private:
                yield node


def name_of(node: ast.ClassDef | ast.AnnAssign | ast.Assign) -> str:
    if isinstance(node, ast.ClassDef):
        return node.name
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    assert isinstance(target, ast.Name)
    return target.id


def kind_of(annotation: ast.expr) -> tuple[str, str]:
    """("Sub", "node") of ``_s.Sub[node]``."""
    text = ast.unparse(annotation)
    found = re.fullmatch(r"_s[._](\w+)(?:\[(?:_t_)?(.*)\])?", text)
    assert found, text
    return found[1], found[2] or ""


def records(bindings: ModuleType) -> Iterator[tuple[str, ast.ClassDef, Any]]:
    for node in public(stub_of(bindings)):
        if isinstance(node, ast.ClassDef):
            cls = getattr(bindings, node.name)
            if hasattr(cls, "_leaves_"):
                yield node.name, node, cls


def test_every_name_in_a_stub_is_there(stubbed: ModuleType) -> None:
    for node in public(stub_of(stubbed)):
        assert hasattr(stubbed, name_of(node)), name_of(node)


def test_every_name_that_a_stub_can_say_is_in_it(stubbed: ModuleType) -> None:
    said = {name_of(node) for node in public(stub_of(stubbed))}
    for name in stubbed.__all__:
        sayable = name.isidentifier() and not keyword.iskeyword(name)
        if sayable and not (name[:2] == "__" == name[-2:]):
            assert name in said


def test_every_member_is_in_the_stub_and_reads_as_it_says(stubbed: ModuleType) -> None:
    for name, node, cls in records(stubbed):
        members = {
            name_of(line): kind_of(line.annotation)
            for line in node.body
            if isinstance(line, ast.AnnAssign)
        }
        attributes = {n for n, value in vars(cls).items() if hasattr(value, "offset")}
        sayable = {n for n in attributes if n.isidentifier() and not keyword.iskeyword(n)}
        assert {n for n in sayable if not n.startswith("_ctypes")} == set(members), name
        instance = cls()
        for member, (kind, argument) in members.items():
            value = getattr(instance, member)
            assert isinstance(value, VALUES[kind]), (name, member, kind, value)
            if kind == "Sub":
                assert type(value) is getattr(stubbed, argument), (name, member)
            if kind == "Ptr" and argument[:2] != "_s":
                assert value.target is getattr(stubbed, argument), (name, member)
            if kind == "Items" and len(value):
                check_item(stubbed, value, argument, f"{name}.{member}")
            assert hasattr(getattr(cls, member), "bit_offset") == kind.endswith("Bits")


def check_item(bindings: ModuleType, items: Any, argument: str, where: str) -> None:
    """The first item of an array is what the array's annotation says."""
    nested = re.fullmatch(r"_s[._](Array|Pointer)\[(?:_t_)?(.*)\]", argument)
    if nested and nested[1] == "Array":
        check_item(bindings, items[0], nested[2], where)
    elif nested:
        assert repr(items[0]) == "0x0", where
        if nested[2][:2] != "_s":
            assert items[0].target is getattr(bindings, nested[2]), where
    elif argument[:2] == "_s":
        kinds = {"int": int, "bool": bool, "float": float, "bytes": bytes, "Any": object}
        assert isinstance(items[0], kinds[argument[3:]]), where
    else:
        assert type(items[0]) is getattr(bindings, argument), where


def test_enums_have_their_constants(stubbed: ModuleType) -> None:
    for node in public(stub_of(stubbed)):
        if isinstance(node, ast.ClassDef) and ast.unparse(node.bases[0])[3:] == "Enum":
            made = getattr(stubbed, node.name)
            for line in node.body:
                assert isinstance(line, ast.Assign)
                assert getattr(made, name_of(line)) == ast.literal_eval(line.value)


# Type checkers


@pytest.fixture(scope="module")
def checked(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """File -> what `mypy --strict` says of it, `line: code`, in a project with bindings in it."""
    place = tmp_path_factory.mktemp("checked")
    shutil.copytree(generated / "types_x86_64", place / "types_x86_64")
    for path in generated.glob("types_one_file.py*"):
        shutil.copy(path, place)
    for name in ("right_use", "wrong_use"):
        text = (HERE / f"{name}.py").read_text(encoding="utf-8")
        (place / f"{name}.py").write_text(text, encoding="utf-8")
        one = text.replace("types_x86_64", "types_one_file")
        (place / f"{name}_of_one_file.py").write_text(one, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        out, err, _ = api.run(["--strict", "--config-file=", "--cache-dir=cache", "."])
    assert not err
    told: dict[str, list[str]] = {path.name: [] for path in place.glob("*_use*.py")}
    for file, line, code in re.findall(r"^([^:]+):(\d+): error: .*\[(.*)\]$", out, re.M):
        told.setdefault(file, []).append(f"{line}: {code}")
    return told


@pytest.mark.parametrize("form", ["", "_of_one_file"])
def test_right_use_is_accepted(checked: dict[str, list[str]], form: str) -> None:
    assert checked[f"right_use{form}.py"] == []


@pytest.mark.parametrize("form", ["", "_of_one_file"])
def test_wrong_use_is_rejected(checked: dict[str, list[str]], form: str) -> None:
    lines = (HERE / "wrong_use.py").read_text(encoding="utf-8").splitlines()
    expected = [
        f"{number}: {line.partition('# E: ')[2]}"
        for number, line in enumerate(lines, 1)
        if "# E: " in line
    ]
    assert checked[f"wrong_use{form}.py"] == expected


def test_stubs_tables_and_support_code_are_clean(checked: dict[str, list[str]]) -> None:
    assert [file for file in checked if "_use" not in file] == []
