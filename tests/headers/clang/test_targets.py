"""Targets: libclang's ABI against our table, and where their headers are looked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from uapigen.errors import InputError
from uapigen.headers.clang import read_header
from uapigen.headers.options import HeaderOptions
from uapigen.headers.targets import (
    clang_triple,
    include_directories,
    target_of_path,
    tree_of_header,
)
from uapigen.ir.types import Struct
from uapigen.layout.targets import TARGETS

from .reading import OPTIONS, node, place, read

UNKNOWN = {"parisc", "alpha", "sh", "m68k", "s390"}
KNOWN = sorted(TARGETS.keys() - UNKNOWN)

SCALARS = """
struct pointer { char c; void *m; };
struct size2 { char c; short m; };
struct size4 { char c; int m; };
struct size8 { char c; long long m; };
struct real { char c; double m; };
#ifdef __SIZEOF_INT128__
struct size16 { char c; __int128 m; };
#endif
"""
UNSIGNED_CHAR = {
    "aarch64", "arm", "riscv64", "riscv32", "s390x", "ppc64le", "ppc64", "ppc"
}  # fmt: skip
"""psABI documents: plain char is unsigned."""


@pytest.mark.parametrize("arch", KNOWN)
def test_scalars_lie_as_the_table_of_data_models_says(tmp_path: Path, arch: str) -> None:
    model = TARGETS[arch]
    unit = read(tmp_path, SCALARS, arch=arch)
    sizes = {"pointer": model.pointer_size, "size2": 2, "size4": 4, "size8": 8, "real": 8}
    if unit.graph.ids_named("size16"):
        sizes["size16"] = 16
    for name, size in sizes.items():
        record = node(unit, f"struct {name}")
        assert isinstance(record, Struct)
        align = model.aligns[size]
        assert place(unit, f"struct {name}", "m").bit_offset == 8 * align, name
        assert record.byte_align == align


@pytest.mark.parametrize("arch", KNOWN)
def test_compilers_macros_tell_the_target(tmp_path: Path, arch: str) -> None:
    model = TARGETS[arch]
    order = "__ORDER_BIG_ENDIAN__" if model.big_endian else "__ORDER_LITTLE_ENDIAN__"
    read(
        tmp_path,
        f"""
        _Static_assert(__BYTE_ORDER__ == {order}, "order");
        _Static_assert(sizeof(long) == {model.pointer_size}, "long");
        _Static_assert(((char)-1 > 0) == {int(arch in UNSIGNED_CHAR)}, "char");
        _Static_assert(__GNUC__ >= 4 && __linux__ && __ELF__, "a compiler like GCC");
        """,
        arch=arch,
    )


ARCH_MACROS = {
    "x86_64": "__x86_64__ && !defined(__ILP32__)",
    "x32": "__x86_64__ && __ILP32__",
    "i386": "__i386__ && !__x86_64__",
    "aarch64": "__aarch64__",
    "arm": "__ARM_EABI__ && __ARM_PCS_VFP",
    "riscv64": "__riscv_xlen == 64",
    "s390x": "__s390x__",
    "ppc64le": "__powerpc64__ && _CALL_ELF == 2 && __LITTLE_ENDIAN__",
    "mipsel": "__mips__ && _MIPS_SIM == _ABIO32 && _MIPSEL",
    "mips64": "__mips64 && _MIPS_SIM == _ABI64 && _MIPSEB",
    "loongarch64": "__loongarch64",
    "sparc64": "__sparc__ && __arch64__",
}


@pytest.mark.parametrize(("arch", "condition"), ARCH_MACROS.items())
def test_architecture_is_known_by_gccs_macros(tmp_path: Path, arch: str, condition: str) -> None:
    read(tmp_path, f"#if !({condition})\n#error other target\n#endif\n", arch=arch)


@pytest.mark.parametrize("arch", ["x86_64", "s390x", "arm"])
def test_byte_order_has_no_macro_that_gcc_lacks(tmp_path: Path, arch: str) -> None:
    read(
        tmp_path,
        "#if defined __LITTLE_ENDIAN__ || defined __BIG_ENDIAN__\n#error clang's own\n#endif\n",
        arch=arch,
    )


@pytest.mark.parametrize("arch", sorted(UNKNOWN))
def test_target_that_libclang_lacks_is_refused_with_a_way_out(arch: str) -> None:
    with pytest.raises(InputError, match=f"{arch}.*--frontend pycparser"):
        clang_triple(arch)


PATHS = [
    ("/usr/s390x-linux-gnu/include/asm/ptrace.h", "s390x"),
    ("/usr/include/aarch64-linux-gnu/asm/types.h", "aarch64"),
    ("/usr/arm-linux-gnueabi/include/linux/fuse.h", "arm"),
    ("/usr/include/i386-linux-gnu/sys/stat.h", "i386"),
    ("/usr/include/x86_64-linux-gnu/asm/types.h", "x86_64"),
    ("/usr/include/linux/fuse.h", None),
]


@pytest.mark.parametrize(("path", "arch"), PATHS)
def test_target_is_told_by_where_a_header_lies(path: str, arch: str | None) -> None:
    assert target_of_path(path) == arch


TREES = [
    ("/usr/include/linux/fuse.h", "/usr/include"),
    ("/srv/headers/include/linux/misc/bcm_vk.h", "/srv/headers/include"),
    ("/srv/linux/include/uapi/linux/netfilter/x_tables.h", "/srv/linux/include/uapi"),
    ("/srv/project/driver.h", None),
]


@pytest.mark.parametrize(("path", "tree"), TREES)
def test_tree_of_a_kernel_header_is_found(path: str, tree: str | None) -> None:
    assert tree_of_header(path) == tree


def make(root: Path, *directories: str) -> None:
    for directory in directories:
        (root / directory).mkdir(parents=True)


# Below a sysroot: what is there, the target, and what is searched, in order.
SYSROOTS = [
    (
        ["usr/aarch64-linux-gnu/include", "usr/include"],
        "aarch64",
        ["usr/aarch64-linux-gnu/include"],
    ),
    (
        ["usr/include/s390x-linux-gnu", "usr/include"],
        "s390x",
        ["usr/include/s390x-linux-gnu", "usr/include"],
    ),
    (["usr/include"], "mips", ["usr/include"]),
    (["include"], "ppc", ["include"]),
    (
        ["usr/include/x86_64-linux-gnu", "usr/include"],
        "i386",
        ["usr/include/x86_64-linux-gnu", "usr/include"],
    ),
]


@pytest.mark.parametrize(("there", "arch", "searched"), SYSROOTS)
def test_directories_below_a_sysroot(
    tmp_path: Path, there: list[str], arch: str, searched: list[str]
) -> None:
    for directory in there:
        (tmp_path / directory).mkdir(parents=True, exist_ok=True)
    options = HeaderOptions(TARGETS[arch], sysroot=str(tmp_path))
    assert include_directories(options) == [str(tmp_path / name) for name in searched]


def test_header_includes_its_neighbours_not_this_machines(tmp_path: Path) -> None:
    make(tmp_path, "linux", "asm")
    (tmp_path / "linux/types.h").write_text("typedef int from_here;")
    (tmp_path / "linux/sample.h").write_text("#include <linux/types.h>\ntypedef from_here t;")
    unit = read_header(str(tmp_path / "linux/sample.h"), OPTIONS)
    assert unit.files[str(tmp_path / "linux/types.h")].module == "linux/types.h"
    assert node(unit, "from_here")


def test_header_of_a_target_includes_those_of_all_targets_in_its_tree(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux/only_there.h").write_text("struct common { long a[3]; };")
    text = "#include <linux/only_there.h>\nstruct own { struct common c; };"
    unit = read(tmp_path, text, name="x86_64-linux-gnu/asm/own.h")
    own = node(unit, "struct own")
    assert isinstance(own, Struct)
    assert own.byte_size == 24


def test_options_reach_the_preprocessor(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/helper.h").write_text("typedef int helper;")
    unit = read(
        tmp_path,
        "#if WANTED != 3 || defined __linux__\n#error options\n#endif\ntypedef helper t;",
        defines=("WANTED=3",),
        undefines=("__linux__",),
        include_dirs=(str(tmp_path / "own"),),
        includes=("helper.h",),
    )
    assert node(unit, "t")
    assert unit.prerequisites == ()


CROSS = {
    "aarch64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "i386": "i686-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu",
    "mipsel": "mipsel-linux-gnu",
}


@pytest.mark.parametrize(("arch", "directory"), CROSS.items())
def test_cross_package_is_complete_by_itself(arch: str, directory: str) -> None:
    header = Path(f"/usr/{directory}/include/linux/videodev2.h")
    if not header.exists():
        pytest.skip(f"needs linux-libc-dev's headers for {arch}")
    unit = read_header(str(header), replace(OPTIONS, model=TARGETS[arch]))
    assert {path for path in unit.files if not path.startswith(f"/usr/{directory}/")} == set()
    assert unit.files[str(header)].module == "linux/videodev2.h"
    assert isinstance(node(unit, "struct v4l2_format"), Struct)
