"""Our own headers of the compiler: complete, by themselves and below the C library."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.headers.targets import BUILTIN

from .reading import read

ALL = sorted(path.name for path in BUILTIN.glob("*.h"))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("arch", ["x86_64", "s390x", "mipsel"])
def test_header_stands_alone_without_a_c_library(tmp_path: Path, name: str, arch: str) -> None:
    sysroot = tmp_path / "empty"
    sysroot.mkdir()
    read(tmp_path, f"#include <{name}>\n#include <{name}>\n", arch=arch, sysroot=str(sysroot))


FACTS = """
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdalign.h>
#include <float.h>
_Static_assert(CHAR_BIT == 8 && SCHAR_MIN == -128 && UCHAR_MAX == 255, "char");
_Static_assert(CHAR_MAX == ((char)-1 > 0 ? 255 : 127), "plain char");
_Static_assert(SHRT_MIN == -32768 && USHRT_MAX == 65535, "short");
_Static_assert(INT_MIN == -2147483647 - 1 && UINT_MAX == 4294967295, "int");
_Static_assert(ULONG_MAX == (unsigned long)-1 && LONG_MIN < 0 && LONG_MAX == ULONG_MAX / 2, "long");
_Static_assert(ULLONG_MAX == (unsigned long long)-1 && LLONG_MAX == ULLONG_MAX / 2, "long long");
_Static_assert(sizeof(int8_t) == 1 && sizeof(uint16_t) == 2 && sizeof(int32_t) == 4, "stdint");
_Static_assert(sizeof(uint64_t) == 8 && (int64_t)-1 < 0 && (uint64_t)-1 > 0, "64");
_Static_assert(sizeof(intptr_t) == sizeof(void *) && UINTPTR_MAX == (uintptr_t)-1, "pointer");
_Static_assert(INT64_C(1) << 40 == 1099511627776 && UINT32_C(4000000000) > 0, "suffixes");
_Static_assert(SIZE_MAX == (size_t)-1 && PTRDIFF_MAX == SIZE_MAX / 2, "size");
_Static_assert(sizeof(bool) == 1 && true == 1 && false == 0, "bool");
_Static_assert(alignof(max_align_t) >= 4 && alignof(max_align_t) >= alignof(double), "align");
_Static_assert(FLT_MANT_DIG == 24 && DBL_MANT_DIG == 53 && FLT_RADIX == 2, "float");
struct s { char c; wchar_t w; };
_Static_assert(offsetof(struct s, w) == sizeof(wchar_t), "offsetof");
void *nothing = NULL;
int printf_like(const char *format, va_list arguments);
"""


@pytest.mark.parametrize("arch", ["x86_64", "i386", "aarch64", "arm", "s390x", "mipsel", "x32"])
@pytest.mark.parametrize("library", ["none", "installed"])
def test_headers_say_the_targets_limits(tmp_path: Path, arch: str, library: str) -> None:
    if library == "none":
        (tmp_path / "empty").mkdir()
        read(tmp_path, FACTS, arch=arch, sysroot=str(tmp_path / "empty"))
    else:
        read(tmp_path, FACTS, arch=arch)


PARTS = {
    "size_t": "#include <stddef.h>\nsize_t a;\n#ifdef offsetof\n#error all\n#endif",
    "wint_t": "#include <stddef.h>\nwint_t a;",
    "__va_list": "#include <stdarg.h>\n__gnuc_va_list a;\n#ifdef va_start\n#error all\n#endif",
    "NULL": "#include <stddef.h>\nvoid *a = NULL;",
}


@pytest.mark.parametrize("part", PARTS)
def test_c_library_gets_the_part_that_it_asks_for(tmp_path: Path, part: str) -> None:
    rest = "#include <stddef.h>\n#include <stdarg.h>\nsize_t b; va_list c;\n"
    read(tmp_path, f"#define __need_{part}\n{PARTS[part]}\n{rest}")
