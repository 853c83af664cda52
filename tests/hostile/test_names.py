"""Names are untrusted bytes: they are data wherever they come out, and can be asked for."""

from __future__ import annotations

import ast
import builtins
import ctypes
import json
from contextlib import suppress
from pathlib import Path

import pytest
from btf.builder import Btf

from .cli import FORMS, bindings, generate, imported, refusal, run

# Code that would leave a mark, in the clothes that escape from one place or the other.
CODE = "setattr(__import__('builtins'),'PWNED',1)"
BREAKOUTS = [
    f'"+{CODE}+"',
    f'", 0), ({CODE}, "',
    f'": 0}} or {CODE} or {{"',
    f"'+{CODE}+'",
    f'"""\n{CODE}\n"""',
    f'"""+{CODE}+r"""',
    f"'''\n{CODE}\n'''",
    f'\\"+{CODE}#',
    f"\\\n{CODE}\n",
    f"a\n{CODE}\n#",
    f"a\r{CODE}\r#",
    f"a\x0c{CODE}",
    f"a\x85{CODE}",
    f"a\u2028{CODE}\u2029",
    f"x): pass\n{CODE}\nclass y(object",
    f"x;{CODE}",
    f"{{{{ {CODE} }}}}",
    f"{{% if {CODE} %}}x{{% endif %}}",
    f"{{# {CODE} #}}",
    f"*/ {CODE} /*",
    f"f{{{CODE}}}",
    f"(*{CODE})(void)",
    f"[{CODE}]",
    CODE,
]
ODD = [
    "\n\n\nclass s(Struct, size=4, align=4):",
    '\n    "s": ',
    "../../../../tmp/h",
    "/etc/passwd",
    "a/b",
    ".",
    "..",
    "~",
    "$(touch x)",
    "%s%n",
    "{0}",
    "\\",
    '"',
    "'",
    "\\N{DIGIT ONE}",
    "\\x41",
    " ",
    " leading and trailing ",
    "two words",
    "-o",
    "--help",
    "#",
    "\t",
    "\x1b]0;title\x07",
    "\x7f",
    "\u202egnp.exe",
    "\ufeff",
    "\ufb01",  # a ligature, which Python's identifiers take for two letters
    "\u0660",
    "é",
    "日本",
    "\U0001f600",
    "1",
    "007",
    "core::option::Option<alloc::sync::Arc<kernel::Foo>>",
    "<T as core::fmt::Debug>::fmt",
    "{closure_env#0}",
    "&str",
    "(u32, u32)",
    "a.b.c",
    "a:b",
    "a...b",
    "*mut u8",
    "x" * 1000,
    "é" * 500,
    "\\" * 1000,
]
WORDS = [
    *("class", "def", "None", "True", "lambda", "print", "match", "_", "self", "cls"),
    *("__init__", "__class__", "__dict__", "__getattr__", "__setattr__", "__del__", "__new__"),
    *("__slots__", "__module__", "__doc__", "__file__", "__path__", "__all__", "__abi__"),
    *("_fields_", "_anonymous_", "_pack_", "_align_", "_layout_", "_type_", "_length_"),
    *("_b_base_", "_objects", "_leaves_", "_spelling_", "_bindings_", "_members_", "_keep_"),
    *("from_buffer", "from_buffer_copy", "from_address", "from_param", "in_dll", "dtype"),
    *("ctype", "functions", "variables", "asdict", "flexible", "records", "enums", "tables"),
    *("mro", "name", "value", "_pad_0", "_anon0_0", "_bytes", "_align", "Struct", "Union", "Enum"),
    *("unsigned", "foo___2", "Exception", "type", "long long", "int_t"),
]
# What C reads as something else than a name.
C_WORDS = ["struct", "union", "enum", "void", "const", "volatile", "restrict", "struct s", "enum e"]
C_WORDS += ["const int", "int *", "int[4]", "unsigned int *", "void (*)(void)"]
BYTES = [b"\xff", b"\xff\xfe", b"a\x80b", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80"]
GROUPS: dict[str, list[str | bytes]] = {
    "breakouts": [*BREAKOUTS],
    "odd": [*ODD],
    "words": [*WORDS],
    "bytes": [*BYTES],
}
"""Names that do not become the same text; they are tried together."""
EACH_GROUP = pytest.mark.parametrize("names", GROUPS.values(), ids=GROUPS)
EACH_GROUP_AND_C = pytest.mark.parametrize(
    "names",
    [
        *(pytest.param(names, id=group) for group, names in GROUPS.items()),
        pytest.param(
            C_WORDS,
            id="c words",
        ),
    ],
)


def as_text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")


def as_bytes(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name


def named(btf: Btf, name: str | bytes, number: int) -> int:
    """Give this name to everything that can have one; ``number`` is an unsigned int."""
    scalar = btf.int(name, 2)
    btf.float(name, 4)
    record = btf.struct(name, 8, (name, number, 0), ("count", number, 32, 3), ("", number, 40, 3))
    union = btf.union(name, 4, (name, number, 0))
    enum = btf.enum(name, (name, 5))
    btf.enum64(name, (name, 1 << 40))
    forward = btf.fwd(name)
    alias = btf.typedef(as_bytes(name) + b"_t", number)
    tagged = btf.type_tag(name, btf.const(number))
    proto = btf.func_proto(number, (name, btf.ptr(tagged)), (name, btf.ptr(record)))
    func = btf.func(name, proto)
    var = btf.var(name, btf.array(number, 2))
    btf.datasec(name, 8, (var, 0, 8))
    btf.decl_tag(name, func)
    btf.decl_tag(name, record, 0)
    inner = btf.struct("", 4, (name, number, 0))
    btf.struct("", 4, (name, btf.struct("", 4, (name, number, 0)), 0))
    btf.struct("embeds", 8, ("", inner, 0), ("after", number, 32))
    holds = [record, union, enum, btf.ptr(forward), alias, scalar, btf.ptr(proto), inner]
    holds += [btf.array(record, 2), btf.ptr(alias), btf.ptr(record)]
    members = [(f"m{index}", target, 128 * index) for index, target in enumerate(holds)]
    return btf.struct(f"holder{record}", 16 * len(holds), *members)


def all_named(names: list[str | bytes]) -> Btf:
    """BTF with all of the names."""
    btf = Btf()
    number = btf.int("unsigned int", signed=False)
    for name in names:
        named(btf, name, number)
    return btf


def sources(folder: Path) -> list[Path]:
    return [*folder.rglob("*.py"), *folder.rglob("*.pyi")]


def assert_inert(folder: Path) -> None:
    """What was written is Python, and of the names' code there are only literals."""
    for path in sources(folder):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            assert not isinstance(node, ast.Constant) or node.value != "PWNED", path
    written = {path.name for path in folder.iterdir() if path.name != "__pycache__"}
    assert written <= {"package", "package.btf", "module.py", "module.pyi", "module.py.btf"}
    assert not hasattr(builtins, "PWNED")


@FORMS
@EACH_GROUP_AND_C
def test_name_is_data_and_can_be_asked_for(
    tmp_path: Path, names: list[str | bytes], out_name: str
) -> None:
    btf = all_named(names)
    with bindings(btf, tmp_path / out_name) as made:
        for text in map(as_text, names):
            record = made.ctype(f"struct {text}")
            value = record(7)
            # A name that all classes have a meaning for is reached with an underscore behind.
            attribute = f"{text}_" if hasattr(record, f"{text}_") else text
            assert getattr(value, attribute) == 7, text
            assert bytes(value)[:4] == b"\7\0\0\0", text
            assert made.asdict(value) == {text: 7, "count": 0}
            assert f".{text} = 7" in repr(value)
            assert made.ctype(f"union {text}")._leaves_[0][0] == text
            assert dict(made.ctype(f"enum {text}").__members__) == {text: 5}
            assert dict(made.ctype(f"enum {text}___2").__members__) == {text: 1 << 40}
            assert made.ctype(f"{text}_t") is made.ctype("unsigned int")
            assert made.functions[text].tags == (text,)
            assert len(made.functions[text].params) == 2
            assert made.variables[text].section == text
        for listed in filter(str.isidentifier, dir(made)):
            with suppress(AttributeError):  # constants that differ
                getattr(made, listed)
    assert_inert(tmp_path)


@FORMS
@EACH_GROUP_AND_C
def test_types_of_odd_names_keep_their_size_and_place(
    tmp_path: Path, names: list[str | bytes], out_name: str
) -> None:
    btf = all_named(names)
    with bindings(btf, tmp_path / out_name) as made:
        for holder in (name for name in dir(made) if name.startswith("holder")):
            members = made.ctype(f"struct {holder}")._leaves_
            assert [offset for _, _, offset, _ in members] == [16 * i for i in range(11)]
            sizes = [8, 4, 4, 8, 4, 2, 8, 4, 16, 8, 8]
            assert [ctypes.sizeof(storage) for _, storage, _, _ in members] == sizes


@FORMS
def test_listed_names_are_the_names_themselves(tmp_path: Path, out_name: str) -> None:
    names = {'a"b', "a\\b", "a\nb", "\u65e5", "{closure#0}"}
    btf = Btf()
    proto = btf.func_proto(btf.int())
    for name in sorted(names):
        btf.func(name, proto)
        btf.var(name, 1)
        btf.enum("", (name, 1))
    with bindings(btf, tmp_path / out_name) as made:
        assert set(made.functions) == set(made.variables) == names
        assert names <= set(dir(made))
        assert [made.functions[name] for name in made.functions]


@FORMS
def test_tags_that_differ_by_a_trailing_underscore_are_told_apart(
    tmp_path: Path, out_name: str
) -> None:
    btf = Btf()
    number = btf.int()
    btf.struct("class", 4, ("one", number, 0))
    btf.struct("class_", 8, ("two", number, 32))
    with bindings(btf, tmp_path / out_name) as made:
        assert made.ctype("struct class")._leaves_[0][0] == "one"
        assert made.ctype("struct class_")._leaves_[0][0] == "two"


@FORMS
def test_base_type_and_typedef_of_one_name_keep_their_sizes(tmp_path: Path, out_name: str) -> None:
    """Rust's base types are called u8, i32 and so on, as C's typedefs are."""
    btf = Btf()
    scalar = btf.int("i32", 2)
    alias = btf.typedef("i32", btf.int("int", 4))
    btf.struct("s", 8, ("a", scalar, 0), ("b", alias, 32))
    with bindings(btf, tmp_path / out_name) as made:
        assert [ctypes.sizeof(storage) for _, storage, _, _ in made.s._leaves_] == [2, 4]


@FORMS
@EACH_GROUP
def test_name_of_a_type_that_was_not_chosen_is_data(
    tmp_path: Path, names: list[str | bytes], out_name: str
) -> None:
    """Only its name comes out, in the spelling of a pointer to it."""
    btf = Btf()
    number = btf.int("unsigned int", signed=False)
    targets = [
        target
        for name in names
        for target in (btf.struct(name, 4, ("a", number, 0)), btf.fwd(name, union=True),
                       btf.typedef(name, btf.struct(name, 8)), btf.enum(name, (name, 1)))
    ]  # fmt: skip
    members = [(f"m{at}", btf.ptr(target), 64 * at) for at, target in enumerate(targets)]
    btf.struct("holder", 8 * len(members), *members)
    with bindings(btf, tmp_path / out_name, "--only", "struct holder") as made:
        assert ctypes.sizeof(made.holder) == 8 * len(members)
        assert all(wrap.isascii() for _, _, _, wrap in made.holder._leaves_)
    assert_inert(tmp_path)


@EACH_GROUP
def test_name_comes_out_of_reports_and_messages_as_text(
    tmp_path: Path, names: list[str | bytes]
) -> None:
    btf = Btf()
    missing = btf.fwd("missing")
    for name in names:
        btf.struct(name, 4, (name, missing, 0))
    report = tmp_path / "report.json"
    done = generate(btf, tmp_path / "out", "--report", report, "--verbose")
    assert done.code == 0
    found = json.loads(report.read_text())["missing"]
    assert {entry["name"] for entry in found} == {f"struct {as_text(name)}" for name in names}
    for name in names[:8]:
        shown = run("show", f"struct {as_text(name)}", tmp_path / "out.btf")
        assert shown.code in (0, 1)
        assert (shown.out + shown.err).replace("\n", "").replace("\t", "").isprintable()


def test_what_is_left_out_is_named_in_one_printable_line_each(tmp_path: Path) -> None:
    btf = Btf()
    missing = btf.fwd("missing")
    for name in ("a\nb", "\x1b[2J", "\u202e"):
        btf.struct(name, 4, (name, missing, 0))
    done = generate(btf, tmp_path / "out")
    assert done.err.count("\n") == 3
    assert done.err.replace("\n", "").isprintable()


@FORMS
@pytest.mark.parametrize("name", ['a"b.btf', "a'''b", 'a"""b', "a\nb", "{{ a }}", "a\\", "%s"])
def test_name_of_a_source_is_data(tmp_path: Path, name: str, out_name: str) -> None:
    btf = Btf()
    btf.struct("s", 0)
    source = btf.write(tmp_path / name)
    assert run(source, "-o", tmp_path / out_name).code == 0
    for path in sources(tmp_path):
        ast.parse(path.read_text("utf-8"))
    with imported(tmp_path / out_name) as made:
        assert made.__abi__["sources"][0]["name"] == name


def test_overlong_name_is_refused(tmp_path: Path) -> None:
    btf = Btf()
    btf.struct("n" * 1025, 0)
    line = refusal(btf, tmp_path / "out.py")
    assert line == "SOURCE: string section: the name at offset 1 is longer than 1024 bytes"
