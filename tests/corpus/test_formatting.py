"""Generated text is already as black would leave it: samples of a whole kernel, and small outputs.

Generation never runs black, which would take minutes for what takes a second to write.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import black
import pytest
from conftest import run_uapigen

SAMPLES = 200


@pytest.fixture(scope="module")
def package(kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("formatting") / "bindings"
    run_uapigen(kernel, "-o", out)
    return out


def formatted(text: str, *, stub: bool = False) -> str:
    return black.format_str(text, mode=black.Mode(is_pyi=stub))


def sample(items: list[str]) -> list[str]:
    """Some by chance, always the same ones, and those with the longest lines; in their order."""
    longest = sorted(range(len(items)), key=lambda i: -max(map(len, items[i].split("\n"))))
    chance = random.Random(1).sample(range(len(items)), min(SAMPLES, len(items)))
    return [items[i] for i in sorted({*chance, *longest[: SAMPLES // 4]})]


def test_short_files_are_formatted_whole(package: Path) -> None:
    files = ["__init__.py", "_facts.py", "_typing.pyi", "variables.py"]
    files += [f"_support/{path.name}" for path in (package / "_support").glob("*.py")]
    for name in files:
        text = (package / name).read_text("utf-8")
        assert text == formatted(text, stub=name.endswith(".pyi")), name


@pytest.mark.parametrize("name", ["records.py", "enums.py"])
def test_classes_of_tables_are_formatted(package: Path, name: str) -> None:
    head, *classes = (package / name).read_text("utf-8").rstrip("\n").split("\n\n\nclass ")
    text = "\n\n\nclass ".join([head, *sample(classes)]) + "\n"
    assert text == formatted(text)


@pytest.mark.parametrize("name", ["typedefs.py", "constants.py", "functions.py"])
def test_entries_of_tables_are_formatted(package: Path, name: str) -> None:
    text = (package / name).read_text("utf-8")
    head, opening, rest = text.partition(" = {\n")
    entries = re.split(r'\n(?=    ")', rest.removesuffix("\n}\n"))
    chosen = "\n".join(sample(entries))
    text = f"{head}{opening}{chosen}\n}}\n"
    assert text == formatted(text)


def test_stubs_are_formatted(package: Path) -> None:
    text = (package / "__init__.pyi").read_text("utf-8")
    constants, mark, classes = text.partition("\n\nclass ")
    head = re.split(r"\n(?=[^ )])", constants)  # a long one takes three lines
    start = next(n for n, line in enumerate(head) if line.startswith("__abi__"))
    lines = "\n".join([*head[:start], *sample(head[start:])]) + "\n"
    assert lines == formatted(lines, stub=True)
    blocks = re.split(r"\n(?=class )", mark.lstrip("\n") + classes.rstrip("\n"))
    tail = "\n".join(blocks[-5:]) + "\n"  # the last ones, and the typedefs behind them
    run = "\n".join(blocks[1000:1200]).rstrip("\n") + "\n"  # with the blank lines between
    for part in (run, tail, *(f"{block.rstrip()}\n" for block in sample(blocks[:-1])[-50:])):
        assert part == formatted(part, stub=True)


@pytest.mark.parametrize("out", ["small", "small.py"])
def test_a_small_output_is_formatted_whole(kernel: Path, tmp_path: Path, out: str) -> None:
    patterns = ("struct task_struct", "enum bpf_*", "union bpf_attr", "vfs_*", "cpu_number")
    only = [argument for pattern in patterns for argument in ("--only", pattern)]
    run_uapigen(kernel, "-o", tmp_path / out, *only)
    for path in sorted(tmp_path.rglob("*.py*")):
        text = path.read_text("utf-8")
        assert text == formatted(text, stub=path.suffix == ".pyi"), path.name
