"""Tables that C headers declare, whose pointers have names for their parameters."""

from __future__ import annotations

from typing import Any

import pytest

import uapigen

HEADER = """\
typedef long place_t;
typedef int (*walk_t)(void *cookie, int depth);
struct gadget;
struct gadget_ops {
    place_t (*seek)(struct gadget *device, place_t where, int);
    walk_t walk;
    int (*each)(struct gadget *g, int (*fn)(void *arg, int n), void *arg);
    int (*const many[3])(int first, int second);
    void (*(*handler)(int signum))(int number);
    int (*none)(void);
    union {
        int (*old)(char *text);
        void (*log)(const char *format, ...);
    };
};
"""
DECLARED = [
    "place_t (*seek)(struct gadget *device, place_t where, int arg3)",
    "int (*walk)(void *cookie, int depth)",
    "int (*each)(struct gadget *g, int (*fn)(void *arg, int n), void *arg)",
    "int (*many[3])(int first, int second)",
    "void (*(*handler)(int signum))(int number)",
    "int (*none)(void)",
    "int (*old)(char *text)",
    "void (*log)(const char *format, ...)",
]


@pytest.fixture(scope="module", params=["clang", "pycparser"])
def k(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    header = tmp_path_factory.mktemp("declared") / "gadget.h"
    header.write_text(HEADER)
    return uapigen.load(header, frontend=request.param)


def test_parameters_have_the_names_that_a_header_declares(k: Any) -> None:
    operations = k.ops.gadget_ops.__operations__
    assert [operation.declaration for operation in operations] == DECLARED
    assert {operation.named_by for operation in operations if operation.parameters} == {
        "declaration"
    }
    assert "named as they are declared" in k.ops.gadget_ops.each.__doc__
