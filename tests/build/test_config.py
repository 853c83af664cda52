"""[tool.uapigen] as it is read: options, what overrides them, what is refused with a sentence."""

from __future__ import annotations

import pytest

from uapigen.build.config import Binding, load_bindings
from uapigen.errors import SystemRefusalError, UsageError

from .conftest import TABLE, Project


def only(bindings: list[Binding]) -> Binding:
    (one,) = bindings
    return one


def test_binding_is_named_after_its_output(project: Project) -> None:
    binding = only(load_bindings(str(project()), environment={}))
    assert (binding.name, binding.output) == ("shapes", "src/shapes.py")
    assert binding.arguments() == ["-o", "src/shapes.py", "--", "shapes.h"]


ALL_OPTIONS = """\
[tool.uapigen]
arch = "s390x"
[[tool.uapigen.bindings]]
name = "all"
sources = ["a.btf", "linux/fuse.h"]
output = "src/all"
only = ["struct a", "b_*"]
exclude = "struct c"
base = "base.btf"
sysroot = "root"
include-dirs = ["inc"]
defines = ["A", "B=1"]
undefines = ["C"]
includes = ["stddef.h"]
frontend = "pycparser"
cpp = "gcc -E"
keep-going = true
naming = "ctypesgen"
report = "left_out.json"
"""


def test_options_are_the_command_lines(project: Project) -> None:
    binding = only(load_bindings(str(project(ALL_OPTIONS)), environment={}))
    assert sorted(binding.arguments()[2:-3]) == sorted(
        [
            "--arch=s390x", "--base=base.btf", "--cpp=gcc -E", "-DA", "-DB=1", "--exclude=struct c",
            "--frontend=pycparser", "-Iinc", "--include=stddef.h", "--keep-going",
            "--naming=ctypesgen", "--only=struct a", "--only=b_*", "--report=left_out.json",
            "--sysroot=root", "-UC",
        ]
    )  # fmt: skip
    assert binding.arguments()[-3:] == ["--", "a.btf", "linux/fuse.h"]


TWO = """\
[tool.uapigen]
arch = "x86_64"
[[tool.uapigen.bindings]]
source = "shapes.h"
output = "a.py"
[[tool.uapigen.bindings]]
name = "second-one"
source = "shapes.h"
output = "b.py"
arch = "i386"
"""


@pytest.mark.parametrize(
    ("environment", "settings", "arches"),
    [
        ({}, [], ["x86_64", "i386"]),
        ({"UAPIGEN_ARCH": "arm"}, [], ["arm", "arm"]),
        ({"UAPIGEN_ARCH": "arm", "UAPIGEN_SECOND_ONE_ARCH": "m68k"}, [], ["arm", "m68k"]),
        ({"UAPIGEN_A_ARCH": "arm"}, ["arch=ppc"], ["ppc", "ppc"]),
        ({}, ["second-one.arch=ppc"], ["x86_64", "ppc"]),
        ({"UAPIGEN_SOURCE": "x"}, ['a.arch="arm"'], ["arm", "i386"]),
    ],
)
def test_command_line_goes_before_environment_before_table(
    project: Project, environment: dict[str, str], settings: list[str], arches: list[str]
) -> None:
    bindings = load_bindings(str(project(TWO)), settings=settings, environment=environment)
    assert [binding.options["arch"] for binding in bindings] == arches


def test_value_of_an_override_is_tomls_or_a_string(project: Project) -> None:
    root = str(project())
    for text, value in {
        "struct a": ["struct a"],
        '["struct a", "b"]': ["struct a", "b"],
        '"[x]*"': ["[x]*"],
    }.items():
        binding = only(load_bindings(root, settings=[f"only={text}"], environment={}))
        assert binding.options["only"] == value
    binding = only(load_bindings(root, settings=["keep-going=true"], environment={}))
    assert "--keep-going" in binding.arguments()


WRONG = {
    "no table": ("[project]\nname = 'x'\n", "no [[tool.uapigen.bindings]]"),
    "tool is no table": ("tool = 1\n", "no [[tool.uapigen.bindings]]"),
    "misspelt table": ("[tool.uapigen]\nbindigs = 3\n", "no option 'bindigs'; 'bindings'?"),
    "neither name nor output": ("[[tool.uapigen.bindings]]\nsource = 'a'\n", "it has no output"),
    "unknown target": (TABLE + "arch = 'aarch46'\n", "arch: no architecture 'aarch46'; 'aarch64'?"),
    "no array": ("[tool.uapigen]\nbindings = 3\n", "is no array of tables"),
    "not TOML": ("[tool\n", "Expected ']'"),
    "unknown option": (TABLE + "onyl = 'x'\n", "no option 'onyl'; 'only'?"),
    "option of one run": (TABLE + "check = true\n", "no option 'check'"),
    "number": (TABLE + "arch = 3\n", "arch is no string"),
    "mixed list": (TABLE + "only = ['a', 1]\n", "only is neither a string nor a list of strings"),
    "no boolean": (TABLE + "keep-going = 'yes'\n", "keep-going is neither true nor false"),
    "no choice": (TABLE + "naming = 'mine'\n", "naming is 'mine', not one of ctypesgen, clang2py"),
    "no source": ("[[tool.uapigen.bindings]]\noutput = 'a.py'\n", "it has no source"),
    "no output": ("[[tool.uapigen.bindings]]\nname = 'x'\nsource = 'a'\n", "it has no output"),
    "odd name": (TABLE + "name = '../x'\n", "name '../x' is not made of letters"),
    "shared output": ("[tool.uapigen]\noutput = 'a.py'\nbindings = []\n", "an option of each"),
    "same name": (TABLE + TABLE.replace("src/", "lib/"), "there is another one named 'shapes'"),
    "same output": (TABLE + TABLE + "name = 'b'\n", "b and shapes have one output"),
    "output inside": (
        TABLE.replace("shapes.py", "all") + TABLE.replace("src/", "src/all/"),
        "shapes and all have one output",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "message"), WRONG.values(), ids=WRONG)
def test_table_that_is_wrong_is_refused_with_a_sentence(
    project: Project, table: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_bindings(str(project(table)), environment={})
    assert message in str(caught.value)
    assert "pyproject.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (["shape"], [], "no bindings named 'shape'; 'shapes'?"),
        ([], ["arch"], "not OPTION=VALUE"),
        ([], ["x.arch=arm"], "no bindings named 'x'"),
        ([], ["only=['a"], "only"),
        ([], ["nothing=1"], "no option 'nothing'"),
    ],
)
def test_wrong_command_line_is_refused_with_a_sentence(
    project: Project, names: list[str], settings: list[str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_bindings(str(project()), names, settings=settings, environment={})
    assert message in str(caught.value)


def test_missing_file_is_a_refusal_of_the_system(tmp_path: object) -> None:
    with pytest.raises(SystemRefusalError, match=r"pyproject.toml: No such file"):
        load_bindings(str(tmp_path), environment={})
