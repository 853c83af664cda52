"""Bad snapshots: one sentence that names the file and the place, never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.snapshot.snapshots import sample, snapshot_of
from uapigen.emit.headers import header_module_files, header_plan
from uapigen.emit.linked import Linked, linked_files, merged
from uapigen.emit.package import package_files
from uapigen.emit.parts import Given, parts_of
from uapigen.errors import InputError, UapigenError
from uapigen.ir.selection import select
from uapigen.ir.units import choose
from uapigen.layout.plan import Plan
from uapigen.snapshot.read import read_snapshot
from uapigen.sources import open_sources

CONTENT: dict[str, Any] = json.loads(snapshot_of(sample()))
HEADER: dict[str, Any] = json.loads(snapshot_of("linux/if_ether.h"))
HEADERS: dict[str, Any] = json.loads(
    snapshot_of(["linux/mroute.h", "linux/mroute6.h", "linux/auto_fs.h"], ["*MSG*", "*auto*", "S*"])
)


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as error:
        read_snapshot(data, "abi.json")
    return str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"uapigen_snapshot": 1,', "line 1, column 24: is no JSON: Expecting property name"),
        (b'{"uapigen_snapshot": 1} x', "line 1, column 25: is no JSON: Extra data"),
        (b'{"uapigen_snapshot": "1"}', "uapigen_snapshot: is no version of a snapshot"),
        (b'{"uapigen_snapshot": true}', "uapigen_snapshot: is no version of a snapshot"),
        (b'{"uapigen_snapshot": 0}', "uapigen_snapshot: is no version of a snapshot"),
        (b'{"uapigen_snapshot": 2}', "uapigen_snapshot: is of format 2, which a later uapigen"),
        (b'{"uapigen_snapshot": NaN}', "is no JSON: NaN is no number in JSON"),
        (b'{"uapigen_snapshot": 1' + b"0" * 5000 + b"}", "is no JSON: Exceeds the limit"),
        (b'{"uapigen_snapshot": ' + b"[" * 100_000, "nests too deep for a snapshot"),
        (b'{"uapigen_snapshot": "\xff"}', "is no JSON: "),
        (b'{"uapigen_snapshot": 1}', "arch: is no text"),
    ],
    ids=range(11),
)
def test_what_is_no_snapshot(data: bytes, message: str) -> None:
    assert refusal(data).startswith(f"abi.json: {message}")


Change = Callable[[dict[str, Any]], None]


def put(*path: Any) -> Change:
    """Sets an item of the content; the last argument is the value."""

    def change(content: Any) -> None:
        *way, key, value = path
        for step in way:
            content = content[step]
        content[key] = value

    return change


WRONG: list[tuple[Change, str]] = [
    (put("arch", "pdp11"), "arch: 'pdp11' is no architecture that this version knows"),
    (put("byteorder", "middle"), "byteorder: is not that of x86_64, 'little'"),
    (put("pointer_size", 4), "pointer_size: is not that of x86_64, 8"),
    (put("release", 6), "release: is no text"),
    (put("sources", {}), "sources: is no list"),
    (put("sources", 0, []), "sources[0]: is no object"),
    (put("sources", 0, {"name": "x"}), "sources[0].sha256: is no text"),
    (put("types", {}), "types: is no list"),
    (put("types", 0, 3), "types[0]: is no object"),
    (put("types", 0, {}), "types[0]: is neither struct, union nor enum"),
    (put("types", 0, "struct", None), "types[0].struct: is no text"),
    (put("types", 0, "size", -1), "types[0] (struct class).size: is negative"),
    (put("types", 0, "size", 1 << 80),
     "types[0] (struct class).size: is a number that is too large"),
    (put("types", 0, "size", "48"), "types[0] (struct class).size: is no whole number"),
    (put("types", 0, "align", 3), "types[0] (struct class).align: 3 is no power of two"),
    (put("types", 0, "align", 0), "types[0] (struct class).align: 0 is no power of two"),
    (put("types", 0, "members", None), "types[0] (struct class).members: is no list"),
    (put("types", 0, "members", 0, ["x"]), "types[0] (struct class).members[0]: is no [name, bit"),
    (put("types", 0, "members", 0, ["x", 1.5, "int"]),
     "types[0] (struct class).members[0]: is no whole number"),
    (put("types", 0, "members", 0, ["x", 0, "u99"]),
     "types[0] (struct class).members[0]: 'u99': 'u99' is no type of this snapshot"),
    (put("types", 0, "members", 0, ["x", 0, "int", 300]),
     "types[0] (struct class).members[0]: is a number that is too large"),
    (put("types", 0, "members", 0, ["x", 0, "struct nowhere"]),
     "types[0] (struct class).members[0]: 'struct nowhere' is part of it, but not described"),
    (put("types", 0, "members", 0, ["x", 0, "const struct nowhere[2]"]),
     "types[0] (struct class).members[0]: 'const struct nowhere[2]' is part of it, but not"),
    (put("types", 0, "after", "struct x"), "types[0] (struct class): is no list"),
    (put("types", 1, copy.deepcopy(CONTENT["types"][0])),
     "types[1] (struct class): is there twice"),
    (put("types", 0, "tags", [["x"]]), "types[0] (struct class).tags[0]: is no [text, component]"),
    (put("types", 1, "constants", [["A", 1 << 64]]),
     "types[1] (enum colour).constants[0]: is no [name, number of up to 64 bits]"),
    (put("base_types", 0, ["int", 400, "i"]), "base_types[0]: a base type of 400 bytes"),
    (put("base_types", 0, ["int", 4, "x"]), "base_types[0]: 'x' is no kind of base type"),
    (put("base_types", 0, ["int", 4]), "base_types[0]: has 2 items instead of 3"),
    (put("typedefs", 0, ["u8", 8]), "typedefs[0][1]: is no text"),
    (put("typedefs", 0, ["int", "int"]), "typedefs[0]: int is there twice"),
    (put("functions", 0, ["f", "int"]), "functions[0]: 'int' is no function's type"),
    (put("functions", 0, ["f", "int (void)", {"linkage": "weak"}]),
     "functions[0].linkage: is none of static, global and extern"),
    (put("variables", 0, ["v", "int", {"section": ".x", "offset": 0, "size": 4}]),
     "sections: '.x' is not listed, but variables lie in it"),
    (put("incomplete", 0, ["gone"]), "incomplete[0]: is no struct, union, enum or typedef"),
    (put("parameters", [["struct class", "f", "a a", "g"]]),
     "parameters[0]: 'a a' are no names for parameters"),
    (put("headers", []), "headers: is no object"),
    (put("typdefs", []), "unknown key 'typdefs'"),
    (put("types", 0, "sizes", 3), "types[0] (struct class): unknown key 'sizes'"),
    (put("functions", 0, ["f", "int (void)", {"linkages": "static"}]),
     "functions[0]: unknown key 'linkages'"),
    (put("headers", {"given": [], "over": 1}), "headers: unknown key 'over'"),
    (put("headers", {"given": ["x.h"]}), "headers.given: 'x.h' is not among the snapshot's files"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named_with_its_place(change: Change, message: str) -> None:
    content = copy.deepcopy(CONTENT)
    change(content)
    assert refusal(json.dumps(content).encode()).startswith(f"abi.json: {message}")


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')",
        "_C.plain(x).__class__",
        "_C.__class__",
        "_C.plain.__globals__",
        "(lambda: 1)()",
        "[x for x in x]",
        "x.real",
        "print(x)",
        "_C.plain(x)\n",
        "_C.plain(f'{x}')",
        "_C.type(x)(x)(x)",
        "_C.plain((x := 1))",
        "1" + " + 1" * 100_000,
    ],
)
def test_an_expression_that_is_no_arithmetic_never_becomes_code(expression: str) -> None:
    content = copy.deepcopy(HEADER)
    content["macros"] = [["M", ["x"], "M(x) x", expression, "linux/if_ether.h"]]
    data = json.dumps(content).encode()
    if expression.endswith("\n"):  # which Python's parser passes over
        opened = open_sources([data])
        assert opened.headers is not None
        plan = header_plan(opened.headers, opened.model, choose(opened.headers))
        assert ("M", "its expression is no Python") in plan.failures
    else:
        assert "macros[0]: has an expression that is no C arithmetic" in refusal(data)


def test_layouts_that_lie_cost_that_type_only() -> None:
    content = copy.deepcopy(CONTENT)
    content["types"][0]["size"] = 2
    opened = open_sources([json.dumps(content).encode()])
    plan = Plan(*opened[:2], select(opened.graph))
    package_files(plan)
    assert [failure.spelling for failure in plan.failures] == ["struct class"]


def test_a_type_that_contains_itself_costs_that_type_only() -> None:
    content = copy.deepcopy(CONTENT)
    content["types"][0]["members"] = [["me", 0, "struct class"]]
    opened = open_sources([json.dumps(content).encode()])
    plan = Plan(*opened[:2], select(opened.graph))
    package_files(plan)
    assert [failure.spelling for failure in plan.failures] == ["struct class"]


# Whatever is done to a snapshot

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["struct class", "int (*", "u8[4294967295]", "void", "const", "far_t", "int *"]
    ),
    st.builds(list),
    st.builds(dict),
    st.builds(dict, name=st.just("x")),
)


@st.composite
def mutants(draw: st.DrawFn, original: dict[str, Any]) -> dict[str, Any]:
    """The content with some of its parts replaced, doubled or lost."""
    content = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 4))):
        at: Any = content
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], (dict, list)) and at[key] and draw(st.integers(0, 3)):
                at = at[key]
                continue
            what = draw(st.sampled_from(["replace", "double", "lose"]))
            if what == "replace":
                at[key] = draw(SCALARS)
            elif what == "lose":
                del at[key]
            elif isinstance(at, list):
                at.append(copy.deepcopy(at[key]))
            break
    return content


def refusal_of(action: Callable[[], object]) -> str:
    """What is said against something, if it is refused; anything but a refusal goes through."""
    try:
        action()
    except UapigenError as error:
        return str(error)
    return ""


def generate(content: dict[str, Any]) -> None:
    opened = open_sources([json.dumps({"uapigen_snapshot": 1} | content).encode()])
    graph, model, joined = opened
    if joined is None:
        package_files(Plan(graph, model, select(graph)))
    else:
        if joined.single is not None:
            headers = [unit.header for unit in joined.units]
            run = Given(model, headers, *joined.patterns)
            units = [joined.single(index)[0] for index in range(len(headers))]
            made = [parts_of(unit, at, run, {})[0] for at, unit in enumerate(units)]
            parts, _ = merged(part for parts in made for part in parts)
            includes = {path: file.includes for path, file in joined.files.items()}
            dict(linked_files(Linked(parts, includes, headers), model, {}, "title"))
        plan = header_plan(joined, model, choose(joined))
        header_module_files(plan, joined, "m")


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(mutants(CONTENT))
def test_mutants_are_read_or_refused(content: dict[str, Any]) -> None:
    assert "\n" not in refusal_of(lambda: generate(content))


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.one_of(mutants(HEADER), mutants(HEADERS)))
def test_mutants_of_headers_are_read_or_refused(content: dict[str, Any]) -> None:
    assert "\n" not in refusal_of(lambda: generate(content))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_bytes_that_change_are_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(json.dumps(CONTENT).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(20, len(text) - 1))] = data.draw(st.integers(0, 255))
    problem = refusal_of(lambda: read_snapshot(bytes(text), "abi.json"))
    assert not problem or problem.startswith("abi.json: ")
