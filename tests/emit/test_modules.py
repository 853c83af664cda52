"""The package as a module: lazy, listed, importable from anywhere, safe to touch from threads."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from .plain import raises


@contextmanager
def directory() -> Iterator[Path]:
    """A temporary directory from which modules are imported."""
    with tempfile.TemporaryDirectory() as name:
        sys.path.insert(0, name)
        before = set(sys.modules)
        importlib.invalidate_caches()
        try:
            yield Path(name)
        finally:
            sys.path.remove(name)
            for module in set(sys.modules) - before:
                del sys.modules[module]


def copied(bindings: ModuleType, to: Path) -> None:
    """Put bindings somewhere else: a package at `to`, a single file at `to`.py."""
    path = Path(bindings.__file__)
    if path.name == "__init__.py":
        shutil.copytree(path.parent, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(path, to.with_suffix(".py"))


def test_importing_makes_nothing(k):
    path = Path(k.__file__)
    root = path.parent.parent if path.name == "__init__.py" else path.parent
    script = f"""
import sys
sys.path.insert(0, {str(root)!r})
before = set(sys.modules)
import {k.__name__} as k
assert set(sys.modules) - before == {{{k.__name__!r}}}, set(sys.modules) - before
assert k.__abi__["arch"] == "x86_64"
assert "ctypes" not in sys.modules
k.point
assert "ctypes" in sys.modules
assert not {{"typing", "re", "importlib.util", "numpy"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", script], check=True)


def test_only_what_is_touched_is_made(k):
    with directory() as here:
        copied(k, here / "fresh_bindings")
        fresh = importlib.import_module("fresh_bindings")
        assert "node" not in vars(fresh)
        assert fresh.node is vars(fresh)["node"]
        made = fresh.ctype.__self__._types
        assert "struct msghdr" not in made
        _ = fresh.node().next.target
        assert "struct iovec" not in made
        _ = fresh.msghdr
        assert "struct iovec" in made  # by value; nothing else came along
        assert "struct targets" not in made


def test_dir_lists_all_names(k):
    listed = dir(k)
    assert listed == sorted(listed)
    names = {"node", "either", "colour", "u64", "BLUE", "twin", "class_", "ctype", "functions",
             "variables", "asdict", "flexible", "__abi__"}  # fmt: skip
    assert names <= set(listed)
    assert "annotations" in listed  # the struct of that name, not an import


def test_names_that_modules_often_have_are_the_sources(k):
    assert k.annotations is k.ctype("struct annotations")
    assert k.annotations.a.size == 1


def test_dir_of_a_type_lists_its_members(k):
    assert {"a", "b", "c", "d", "e", "f", "g", "up", "named", "last"} <= set(dir(k.nest))
    assert "from_" in dir(k.class_)
    assert "version" in dir(k.header())


def test_from_import(k):
    space: dict[str, object] = {}
    exec(f"from {k.__name__} import node, BLUE, u64 as U, functions, ctype", space)
    assert space["node"] is k.node
    assert space["BLUE"] == 7
    assert space["ctype"]("u64") is space["U"]
    assert space["functions"]["pick"].name == "pick"


def test_import_star(k, odd):
    for bindings, some in ((k, {"node", "BLUE", "u64", "class_"}), (odd, {"again", "AGREED"})):
        space: dict[str, object] = {}
        exec(f"from {bindings.__name__} import *", space)
        assert some <= set(space)
        assert "SHARED" not in space  # about which enums differ
        assert "undefined_t" not in space
        assert "__abi__" not in space


def test_under_another_name_and_twice_in_one_process(k):
    with directory() as here:
        copied(k, here / "one_name")
        (here / "pkg" / "sub").mkdir(parents=True)
        copied(k, here / "pkg" / "sub" / "other_name")
        one = importlib.import_module("one_name")
        other = importlib.import_module("pkg.sub.other_name")
        assert one.node is not other.node
        assert (one.node.__module__, other.node.__module__) == ("one_name", "pkg.sub.other_name")
        x = one.node(next=other.node(next=5))
        assert x.next.target is one.node
        assert x.next.contents.next == 5


def test_from_a_zip_file(k):
    with directory() as here:
        copied(k, here / "zipped_bindings")
        with zipfile.ZipFile(here / "all.zip", "w") as archive:
            for path in sorted(here.rglob("*.py")):
                archive.write(path, path.relative_to(here))
                path.unlink()
        sys.path.insert(0, str(here / "all.zip"))
        try:
            zipped = importlib.import_module("zipped_bindings")
            assert ".zip" in zipped.__file__
            assert zipped.nest.last.offset == 40
            assert zipped.functions["pick"].returns == "struct node *"
            assert "either" in dir(zipped)
        finally:
            sys.path.remove(str(here / "all.zip"))


def test_a_module_loaded_again_forgets_what_was_made(k, be):
    with directory() as here:
        copied(k, here / "changing")
        changing = importlib.import_module("changing")
        before = changing.numbers
        assert (changing.BLUE, changing.__abi__["byteorder"]) == (7, "little")
        again = importlib.reload(changing)
        assert again is changing
        assert "numbers" not in vars(changing)
        assert changing.numbers is not before
        assert before(u32=1).u32 == 1
        if changing.__file__.endswith("__init__.py"):
            shutil.rmtree(here / "changing")
            copied(be, here / "changing")
            importlib.invalidate_caches()
            importlib.reload(changing)
            assert changing.__abi__["byteorder"] == "big"
            assert bytes(changing.point(1))[:4] == b"\0\0\0\1"
        assert changing.asdict(changing.point(1)) == {"x": 1, "y": 0}


def test_threads_that_touch_first_get_one_class(k):
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with directory() as here:
            copied(k, here / "touched")
            spellings = ["struct vectors", "struct operations", "struct large", "enum colour"]
            for _ in range(5):
                for name in [n for n in sys.modules if n.split(".")[0] == "touched"]:
                    del sys.modules[name]
                touched = importlib.import_module("touched")
                start, found = threading.Barrier(8), []

                def touch(touched=touched, start=start, found=found):
                    start.wait()
                    made = [touched.ctype(spelling) for spelling in spellings]
                    x = touched.vectors()
                    pointers = [type(x.grid), type(x.each[0]), type(x.vec[0].iov_base)]
                    found.append((touched.node, *made, *pointers, touched.ctype("__int128")))

                threads = [threading.Thread(target=touch) for _ in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                assert len(found) == 8
                assert len(set(found)) == 1
    finally:
        sys.setswitchinterval(interval)


def test_what_was_not_imported_is_not_pickled(k):
    with directory() as here:
        copied(k, here / "gone")
        gone = importlib.import_module("gone")
        x = gone.point(1, 2)
        assert pickle.loads(pickle.dumps(x)).y == 2
        del sys.modules["gone"]
        with raises(TypeError, "types of gone cannot be pickled: not imported"):
            pickle.dumps(x)


def test_both_forms_say_the_same(k):
    package = importlib.import_module("types_x86_64")
    assert k.__abi__ == package.__abi__
    assert k.__all__ == package.__all__
    assert sorted(k.functions) == sorted(package.functions)
    for name in package.__all__:
        one, other = getattr(k, name), getattr(package, name)
        if hasattr(one, "_leaves_"):
            leaves = [[(leaf[0], leaf[2]) for leaf in cls._leaves_] for cls in (one, other)]
            assert leaves[0] == leaves[1]
