"""What prototypes do not say: which way data goes through pointers, and what a result means.

From section 2 of the manual pages; for the layout of the tables see each of them.
"""

from __future__ import annotations

import functools

from uapigen.ir.syscalls import SyscallParam
from uapigen.syscalls.prototypes import Params

__all__ = ["directed", "returns"]

# A letter for each parameter: i, o and x for pointers to what the kernel reads, writes, or both; -
# for all else, and for pointers to const, which need no table. A second pattern is for ABIs with
# other parameters. Then the names.
_DIRECTIONS = """
-----x       atomic_cmpxchg_32
----i        pciconfig_write
----i-       getxattrat setxattrat
----o        pciconfig_read statx
---i         epoll_ctl mq_open reboot rt_tgsigqueueinfo
---i-        mount_setattr open_tree_attr setsockopt
---o         prlimit64 socketpair timerfd_settime timerfd_settime64
---o-        _llseek listxattrat llseek
---oi        io_getevents
---oi-       io_pgetevents io_pgetevents_time64
---oo        utrap_install
---ox        getsockopt
---x         quotactl quotactl_fd
--i          futimesat io_submit rt_sigqueueinfo sched_set_affinity sched_setaffinity
--i          sched_setscheduler subpage_prot
--i-         kexec_load openat2 pidfd_send_signal utimensat utimensat_time64
--i--        file_setattr
--i-o-       move_pages
--io         clock_nanosleep clock_nanosleep_time64 timer_settime timer_settime64
--o          fstatfs64 mincore mq_getsetattr sched_get_affinity sched_getaffinity
--o          statfs64
--o-         fgetxattr fstatat64 getxattr lgetxattr newfstatat readlinkat
--o- --o--   rt_sigaction
--o--        file_getattr
--o-o        waitid
--oo- --o-o  clone
--x          msgctl seccomp shmctl
--x-         sendfile sendfile64
--xo-        name_to_handle_at
-i           clock_settime osf_utimes sched_setparam setgroups setgroups32 setrlimit
-i           socketcall
-i-          bind connect open_by_handle_at sched_setattr semop sendmsg signalfd
-i--         lsm_set_self_attr msgsnd semtimedop semtimedop_time64 send signalfd4
-i--i-       sendto
-io          io_cancel osf_setitimer setitimer sigaction sigprocmask timer_create
-io-         cachestat rt_sigprocmask
-o           clock_getres clock_getres_time64 clock_gettime clock_gettime64 fstat fstat64
-o           fstatfs getgroups getgroups32 getitimer getrlimit getrusage lstat lstat64
-o           oldfstat oldlstat oldstat osf_fstat osf_getitimer osf_getrusage
-o           sched_getparam sched_rr_get_interval sched_rr_get_interval_time64
-o           sigaltstack stat stat64 statfs timer_gettime timer_gettime64 timerfd_gettime
-o           timerfd_gettime64 ugetrlimit ustat
-o-          flistxattr getdents getdents64 listxattr llistxattr lookup_dcookie
-o-          osf_fstatfs osf_fstatfs64 osf_statfs read readdir readlink
-o-          s390_pci_mmio_read syslog waitpid
-o--         epoll_wait listmount listns pread64 recv sched_getattr statmount
-o---        msgrcv
-o----       epoll_pwait epoll_pwait2
-o--ox       recvfrom
-o-o         osf_getdirentries osf_wait4 wait4
-o-o-        mq_timedreceive mq_timedreceive_time64
-oo          get_robust_list
-oo-         s390_sthyi
-ox          accept getpeername getsockname
-ox-         accept4 lsm_get_self_attr
-x           clock_adjtime clock_adjtime64 io_setup io_uring_setup s390_guarded_storage
-x-          bpf modify_ldt recvmsg
-x--         sendmmsg
-x--x        recvmmsg recvmmsg_time64
-x-x--       copy_file_range splice
-xo          spu_run
-xxxx        _newselect osf_select
-xxxx i      select
-xxxxi       pselect6 pselect6_time64
i            fadvise64_64 mmap mmap2 oldumount sigsuspend stime
i i-         umount
i-           clone3 rt_sigsuspend set_robust_list setdomainname sethostname umount2
i--          init_module
i---         futex_requeue
i--i-        futex_waitv
ii           osf_settimeofday settimeofday utime utimes
iii-i        mount
io           nanosleep osf_lstat osf_sigstack osf_stat osf_usleep_thread
io-          osf_statfs64
ioi-         rt_sigtimedwait rt_sigtimedwait_time64
o            oldolduname olduname osf_utsname pipe set_tid_address sigpending sysinfo
o            time times uname
o-           getcwd getdomainname gethostname osf_getdomainname pipe2 rt_sigpending
o--          getrandom
oi-          swapcontext
oo           gettimeofday osf_gettimeofday
oo---        get_mempolicy
ooo          getcpu getresgid getresgid32 getresuid getresuid32
ox-          lsm_list_modules
x            adjtimex get_thread_area old_adjtimex rtas set_thread_area
x--          poll
x---         futex_wake rseq
x----        perf_event_open
x---i-       futex_wait
x---x-       futex futex_time64
x--x-        riscv_hwprobe
x-x--        ppoll ppoll_time64
xi           capset
xo           capget
"""

_MEANING = {"i": "in", "o": "out", "x": "inout"}

# What a result is where it is not a number or a negative errno.
_RETURNS = {
    "address": "brk map_shadow_stack mmap mmap2 mremap shmat",
    "always": (
        "alarm get_tls getegid getegid32 geteuid geteuid32 getgid getgid32 getpagesize getpgrp "
        "getpid getppid gettid getuid getuid32 getxgid getxpid getxuid sched_yield "
        "set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 sgetmask sync umask"
    ),
    "never": "exit exit_group rt_sigreturn sigreturn",
}


@functools.cache
def _directions() -> dict[str, tuple[str, ...]]:
    found = {}
    for line in _DIRECTIONS.strip().splitlines():
        patterns, _, names = line.partition("  ")
        found.update(dict.fromkeys(names.split(), tuple(patterns.split())))
    return found


@functools.cache
def _results() -> dict[str, str]:
    return {name: kind for kind, names in _RETURNS.items() for name in names.split()}


def returns(name: str) -> str:
    """What the result of a syscall means, as :attr:`uapigen.ir.syscalls.Syscall.returns` says."""
    return _results().get(name, "int")


def directed(name: str, params: Params) -> Params:
    """The parameters of a syscall, their directions filled in where they can be told."""
    pattern = next((p for p in _directions().get(name, ()) if _fits(p, params)), "")
    return tuple(
        param._replace(direction=_direction(param, letter))
        for param, letter in zip(params, pattern or "-" * len(params), strict=True)
    )


def _fits(pattern: str, params: Params) -> bool:
    """Whether a pattern has a letter only where there is something to point with."""
    return len(pattern) == len(params) and all(
        letter == "-" or "*" in param.c_type or param.c_type.endswith("_t")
        for letter, param in zip(pattern, params, strict=True)
    )


def _direction(param: SyscallParam, letter: str) -> str:
    """A pointer to const is in, whatever the table says."""
    before, star, after = param.c_type.rpartition("*")
    if star and not after.strip(" constrei"):
        target = before.rstrip()
        constant = target.endswith("const") if "*" in target else target.startswith("const ")
        if constant:
            return "in"
    return _MEANING.get(letter, "")
