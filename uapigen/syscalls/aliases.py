"""Entries whose parameters are those of another entry.

Some are assembler: they save or set up registers and go on to a function of C
(``arch/*/kernel/entry*.S``), and no C file declares them. Others take a 64-bit argument's halves
as parameters of their own, or one that only fills a register. How arguments lie in registers
is ``lowering.py``'s part, so these have the prototype of the entry that takes it whole.
"""

from __future__ import annotations

__all__ = ["target"]

_ASSEMBLER: dict[str, dict[str, str]] = {
    "alpha": {
        "alpha_clone": "sys_clone",
        "alpha_clone3": "sys_clone3",
        "alpha_fork": "sys_fork",
        "alpha_vfork": "sys_vfork",
        "sys_sigreturn": "sys_rt_sigreturn",
    },
    "arm": {
        "sys_fstatfs64_wrapper": "sys_fstatfs64",
        "sys_mmap2": "sys_mmap_pgoff",
        "sys_rt_sigreturn_wrapper": "sys_rt_sigreturn",
        "sys_sigreturn_wrapper": "sys_rt_sigreturn",
        "sys_statfs64_wrapper": "sys_statfs64",
    },
    "m68k": {
        "__sys_clone": "sys_clone",
        "__sys_clone3": "sys_clone3",
        "__sys_fork": "sys_fork",
        "__sys_vfork": "sys_vfork",
        "sys_sigreturn": "sys_rt_sigreturn",
    },
    "mips": {
        "__sys_clone": "sys_clone",
        "__sys_clone3": "sys_clone3",
        "__sys_fork": "sys_fork",
        "__sys_sysmips": "sys_sysmips",
    },
    "parisc": {
        "sys_clone3_wrapper": "sys_clone3",
        "sys_clone_wrapper": "sys_clone",
        "sys_fork_wrapper": "sys_fork",
        "sys_rt_sigreturn_wrapper": "sys_rt_sigreturn",
        "sys_vfork_wrapper": "sys_vfork",
    },
    "sparc": {
        "sparc_exit": "sys_exit",
        "sparc_exit_group": "sys_exit_group",
        "sys32_execve": "compat_sys_execve",
        "sys32_execveat": "compat_sys_execveat",
        "sys32_rt_sigreturn": "sys_rt_sigreturn",
        "sys32_sigreturn": "sys_rt_sigreturn",
        "sys64_execve": "sys_execve",
        "sys64_execveat": "sys_execveat",
        "sys_sigreturn": "sys_rt_sigreturn",
    },
}


_SPLIT: dict[str, dict[str, str]] = {
    # arch/parisc/kernel/sys_parisc.c
    "parisc": {
        f"parisc_{name}": f"sys_{name}"
        for name in ("fadvise64_64", "fallocate", "ftruncate64", "pread64", "pwrite64", "readahead",
                     "sync_file_range", "truncate64")
    },
    # arch/powerpc/kernel/sys_ppc32.c, syscalls.c
    "powerpc": {
        f"sys_ppc_{name}": f"sys_{name}"
        for name in ("fadvise64_64", "fallocate", "ftruncate64", "pread64", "pwrite64", "readahead",
                     "sync_file_range2", "truncate64")
    } | {"sys_ppc32_fadvise64": "sys_fadvise64"},
    # arch/s390/kernel/compat_linux.c, fs/notify/fanotify/fanotify_user.c, fs/dcookies.c
    "s390": {
        f"compat_sys_s390_{name}": f"sys_{name}"
        for name in ("fadvise64", "fallocate", "ftruncate64", "pread64", "pwrite64", "readahead",
                     "sync_file_range", "truncate64")
    } | {
        "compat_sys_fanotify_mark": "sys_fanotify_mark",
        "compat_sys_lookup_dcookie": "sys_lookup_dcookie",
    },
    # arch/sh/kernel/sys_sh32.c
    "sh": {
        "sys_fadvise64_64_wrapper": "sys_fadvise64_64",
        "sys_pread_wrapper": "sys_pread64",
        "sys_pwrite_wrapper": "sys_pwrite64",
        "sys_sh_sync_file_range6": "sys_sync_file_range",
    },
    # arch/x86/kernel/sys_ia32.c
    "x86": {
        f"sys_ia32_{name}": f"sys_{name}"
        for name in ("fadvise64", "fadvise64_64", "fallocate", "ftruncate64", "pread64", "pwrite64",
                     "readahead", "sync_file_range", "truncate64")
    },
}  # fmt: skip


def target(directory: str, entry: str) -> str:
    """The entry that says an entry's parameters: itself, for most.

    ``directory`` is the architecture's in ``arch/``.
    """
    for table in (_ASSEMBLER, _SPLIT):
        found = table.get(directory, {}).get(entry)
        if found:
            return found
    return entry
