"""Tables that C headers declare, whose pointers have names for their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from btf.builder import Btf

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
KNOWN_TO_BTF = """\
struct button;
struct button_ops {
    int (*press)(struct button *pressed, int how_long);
    void (*release)(struct button *released);
    void (*hold)(int other_than_that_of_btf);
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


def test_btfs_parameters_have_the_names_that_a_header_declares(tmp_path: Path) -> None:
    btf = Btf()
    number, button = btf.int(), btf.ptr(btf.struct("button", 4))
    protos = {
        "press": btf.func_proto(number, ("", button), ("", number)),
        "release": btf.func_proto(0, ("", button)),
        "hold": btf.func_proto(0, ("", button), ("", number)),
    }
    placed = [(name, btf.ptr(proto), 64 * at) for at, (name, proto) in enumerate(protos.items())]
    btf.struct("button_ops", 24, *placed)
    btf.func("door_press", btf.func_proto(number, ("door", button), ("force", number)))
    (tmp_path / "button.btf").write_bytes(btf.dump())
    (tmp_path / "button.h").write_text(KNOWN_TO_BTF)
    arch = uapigen.load(tmp_path / "button.h").__abi__["arch"]
    for sources in (("button.btf", "button.h"), ("button.h", "button.btf")):
        k = uapigen.load([tmp_path / name for name in sources], arch=arch)
        found = [(op.parameters, op.named_by) for op in k.ops.button_ops.__operations__]
        assert found == [
            (("pressed", "how_long"), "declaration"),
            (("released",), "declaration"),
            (("button", "arg2"), ""),
        ]
