"""A kernel tree's definitions: found, chosen for an ABI, and parsed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uapigen.errors import InputError, SystemRefusalError
from uapigen.syscalls.sources.kernel_text import read_text
from uapigen.syscalls.sources.kernels import find_kernel
from uapigen.syscalls.sources.tree import Tree, invocations

from .conftest import Plant

_CLONE = """
#ifdef __ARCH_WANT_SYS_CLONE
#ifdef CONFIG_CLONE_BACKWARDS
SYSCALL_DEFINE2(clone, unsigned long, tls, int __user *, child)
#elif defined(CONFIG_CLONE_BACKWARDS2)
SYSCALL_DEFINE2(clone, unsigned long, newsp, int __user *, child)
#else
SYSCALL_DEFINE2(clone, int __user *, child, unsigned long, tls)
#endif
{ return 0; }
#endif
"""


def spelled(tree: Path, abi: str, entry: str) -> str | None:
    found = Tree(tree).prototypes(find_kernel(abi), [entry]).params.get(entry)
    return None if found is None else ", ".join(f"{p.c_type} {p.name}" for p in found)


@pytest.mark.parametrize(
    ("text", "entry", "wanted"),
    [
        ("SYSCALL_DEFINE0(a)", "sys_a", ""),
        ("SYSCALL_DEFINE1(a, unsigned, fd)", "sys_a", "unsigned int fd"),
        (
            "SYSCALL_DEFINE2(a,\n\tconst char __user * /* in */, path, umode_t,\n mode)",
            "sys_a",
            "const char * path, umode_t mode",
        ),
        (
            "SYSCALL_DEFINE1(a, const char __user *const __user *, argv)",
            "sys_a",
            "const char *const * argv",
        ),
        (
            "COMPAT_SYSCALL_DEFINE1(a, struct compat_iovec __user *, vec)",
            "compat_sys_a",
            "struct compat_iovec * vec",
        ),
        (
            "COMPAT_SYSCALL_DEFINE1(a, struct compat_iovec __user *, vec)",
            "sys_a",
            None,
        ),
        ("// SYSCALL_DEFINE1(a, int, no)\nSYSCALL_DEFINE0(b)", "sys_a", None),
    ],
)
def test_invocation(plant: Plant, text: str, entry: str, wanted: str | None) -> None:
    assert spelled(plant({"kernel/a.c": text}), "x86_64", entry) == wanted


@pytest.mark.parametrize(
    ("abi", "wanted"),
    [
        ("aarch64", "long unsigned int tls, int * child"),
        ("s390x", "long unsigned int newsp, int * child"),
        ("x86_64", "int * child, long unsigned int tls"),
        ("i386", "long unsigned int tls, int * child"),
    ],
)
def test_condition_chooses_for_each_abi(plant: Plant, abi: str, wanted: str) -> None:
    assert spelled(plant({"kernel/fork.c": _CLONE}), abi, "sys_clone") == wanted


def test_architecture_has_its_own(plant: Plant) -> None:
    tree = plant(
        {
            "mm/mmap.c": "SYSCALL_DEFINE1(mmap, long, generic)",
            "arch/arm64/kernel/sys.c": "SYSCALL_DEFINE1(mmap, long, own)",
        }
    )
    assert spelled(tree, "aarch64", "sys_mmap") == "long int own"
    assert spelled(tree, "x86_64", "sys_mmap") == "long int generic"
    assert Tree(tree).place("sys_mmap", find_kernel("aarch64")) == "arch/arm64/kernel/sys.c:1"
    assert Tree(tree).shared == frozenset()


def test_file_for_the_word_size_is_taken(plant: Plant) -> None:
    tree = plant(
        {
            "arch/sparc/kernel/sys_sparc_32.c": "SYSCALL_DEFINE1(a, int, narrow)",
            "arch/sparc/kernel/sys_sparc_64.c": "SYSCALL_DEFINE1(a, int, wide)",
        }
    )
    assert spelled(tree, "sparc", "sys_a") == "int narrow"
    assert spelled(tree, "sparc64", "sys_a") == "int wide"


def test_macro_among_arguments_is_expanded_by_byte_order(plant: Plant) -> None:
    text = """
#ifdef __BIG_ENDIAN
#define pair(name) u32, name##_hi, u32, name##_lo
#else
#define pair(name) u32, name##_lo, u32, name##_hi
#endif
SYSCALL_DEFINE3(a, int, fd, pair(pos))
"""
    tree = plant({"fs/a.c": text})
    assert spelled(tree, "mips", "sys_a") == "int fd, u32 pos_hi, u32 pos_lo"
    assert spelled(tree, "mipsel", "sys_a") == "int fd, u32 pos_lo, u32 pos_hi"


def test_plain_functions_are_found_by_name(plant: Plant) -> None:
    tree = plant(
        {
            "arch/parisc/kernel/sys.c": "asmlinkage long parisc_pipe2(int __user *fds, int flags)\n"
            "{ return sys_pipe2(fds, flags); }\n"
            "static int other(void) { return parisc_other(1); }\n",
            "include/linux/syscalls.h": "asmlinkage long sys_quiet(const char __user *path, int);",
        }
    )
    assert spelled(tree, "parisc", "parisc_pipe2") == "int * fds, int flags"
    assert spelled(tree, "parisc", "sys_quiet") == "const char * path, int arg1"
    assert spelled(tree, "parisc", "parisc_other") is None
    assert spelled(tree, "sh", "parisc_pipe2") is None


def test_registers_are_no_parameters(plant: Plant) -> None:
    text = "asmlinkage int sys_sigreturn(struct pt_regs *regs) { return 0; }"
    assert spelled(plant({"arch/arm/kernel/signal.c": text}), "arm", "sys_sigreturn") == ""


@pytest.mark.parametrize(
    "name", ["mm/nommu.c", "tools/a.c", "arch/x86/um/a.c", "Documentation/a.c"]
)
def test_stand_ins_are_passed_over(plant: Plant, name: str) -> None:
    assert spelled(plant({name: "SYSCALL_DEFINE1(a, int, b)"}), "x86_64", "sys_a") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SYSCALL_DEFINE1(a, int)", "line 2: sys_a: has a type without a name"),
        ("SYSCALL_DEFINE1(a, int, b c)", "line 2: sys_a: 'b c' is no parameter's name"),
        ("SYSCALL_DEFINE1(a, int (*, b)", "line 2: sys_a: "),
        ("SYSCALL_DEFINE0()", "line 2: SYSCALL_DEFINE0 without a name"),
        (
            "SYSCALL_DEFINE1(a, PAIR(b, c))\n#define PAIR(n) u32, n",
            "line 2: sys_a: gives a macro 2 arguments",
        ),
    ],
)
def test_malformed_parameters_are_refused_with_their_place(
    plant: Plant, text: str, problem: str
) -> None:
    tree = plant({"kernel/a.c": f"\n{text}"})
    with pytest.raises(InputError) as raised:
        spelled(tree, "x86_64", "sys_a")
    assert f"kernel/a.c: {problem}" in str(raised.value)


@given(st.text(alphabet=st.sampled_from('SYSCALL_DEFINE1(a,int b)#if*/\\\n"{};')))
def test_any_text_is_read_or_refused(text: str) -> None:
    read = read_text(f"SYSCALL_DEFINE1(a, {text}")
    try:
        entries = [definition.entry for definition in invocations(read, "a.c")]
    except InputError as error:
        entries = [error.source]
    assert entries


def test_source_is_named_by_release(plant: Plant) -> None:
    assert Tree(plant({})).prototypes(find_kernel("arm"), []).source == "tree 9.8.7"


def test_other_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemRefusalError, match="Makefile"):
        Tree(tmp_path)
    (tmp_path / "Makefile").write_text("all:\n")
    with pytest.raises(InputError, match="not that of a kernel source tree"):
        Tree(tmp_path)
