"""What prototypes do not say: which way data goes through pointers, and what a result means.

From section 2 of the manual pages; for the layout of the tables see each of them.
"""

from __future__ import annotations

import functools

from uapigen.ir.syscalls import SyscallParam
from uapigen.syscalls.prototypes import Params

__all__ = ["directed", "returns"]

# Names, then a letter for each parameter: i, o and x for pointers to what the kernel reads, writes,
# or both; - for all else, and for pointers to const, which need no table. A second pattern is that
# of ABIs with another order of parameters.
_DIRECTIONS = """
_llseek                                             ---o-
accept getpeername getsockname                      -ox
accept4                                             -ox-
adjtimex                                            x
bind connect                                        -i-
bpf                                                 -x-
cachestat                                           -io-
capget                                              xo
capset                                              xi
clock_adjtime clock_adjtime64                       -x
clock_getres clock_getres_time64                    -o
clock_gettime clock_gettime64                       -o
clock_nanosleep clock_nanosleep_time64              --io
clone                                               --oo- --o-o
clone3                                              i-
copy_file_range splice                              -x-x--
epoll_ctl                                           ---i
epoll_pwait                                         -o----
epoll_pwait2                                        -o----
epoll_wait                                          -o--
fgetxattr getxattr lgetxattr                        --o-
file_getattr                                        --o--
file_setattr                                        --i--
flistxattr listxattr llistxattr                     -o-
fstat fstat64 lstat lstat64 stat stat64             -o
fstatat64 newfstatat                                --o-
fstatfs statfs ustat                                -o
fstatfs64 statfs64                                  --o
futex futex_time64                                  x---x-
futex_requeue                                       i---
futex_wait                                          x---i-
futex_waitv                                         i--i-
futex_wake                                          x---
futimesat                                           --i
get_mempolicy                                       oo---
get_robust_list                                     -oo
get_thread_area set_thread_area                     x
getcpu                                              ooo
getcwd                                              o-
getdents getdents64                                 -o-
getgroups getgroups32                               -o
getitimer                                           -o
getrandom                                           o--
getresgid getresgid32 getresuid getresuid32         ooo
getrlimit ugetrlimit                                -o
getrusage                                           -o
getsockopt                                          ---ox
gettimeofday                                        oo
getxattrat setxattrat                               ----i-
io_cancel                                           -io
io_getevents                                        ---oi
io_pgetevents io_pgetevents_time64                  ---oi-
io_setup                                            -x
io_submit                                           --i
io_uring_setup                                      -x
kexec_load                                          --i-
listmount listns statmount                          -o--
listxattrat                                         ---o-
lookup_dcookie                                      -o-
lsm_get_self_attr                                   -ox-
lsm_list_modules                                    ox-
lsm_set_self_attr                                   -i--
modify_ldt                                          -x-
mount                                               iii-i
mount_setattr open_tree_attr                        ---i-
move_pages                                          --i-o-
mq_getsetattr                                       --o
mq_open                                             ---i
mq_timedreceive mq_timedreceive_time64              -o-o-
msgctl shmctl                                       --x
msgrcv                                              -o---
msgsnd                                              -i--
name_to_handle_at                                   --xo-
nanosleep                                           io
oldfstat oldlstat oldstat                           -o
oldolduname olduname uname                          o
oldumount umount                                    i
open_by_handle_at                                   -i-
openat2                                             --i-
perf_event_open                                     x----
pidfd_send_signal                                   --i-
pipe                                                o
pipe2                                               o-
poll                                                x--
ppoll ppoll_time64                                  x-x--
pread64                                             -o--
prlimit64                                           ---o
pselect6 pselect6_time64                            -xxxxi
quotactl quotactl_fd                                ---x
read                                                -o-
readlink                                            -o-
readlinkat                                          --o-
recv                                                -o--
recvfrom                                            -o--ox
recvmmsg recvmmsg_time64                            -x--x
recvmsg                                             -x-
riscv_hwprobe                                       x--x-
rseq                                                x---
rt_sigaction                                        --o- --o--
rt_sigpending sigpending                            o- o
rt_sigprocmask                                      --o-
rt_sigqueueinfo                                     --i
rt_sigtimedwait rt_sigtimedwait_time64              -o--
rt_tgsigqueueinfo                                   ---i
sched_getaffinity                                   --o
sched_getattr                                       -o--
sched_getparam                                      -o
sched_rr_get_interval sched_rr_get_interval_time64  -o
sched_setaffinity sched_setscheduler                --i
sched_setattr                                       -i-
sched_setparam                                      -i
select _newselect                                   -xxxx
semop                                               -i-
semtimedop semtimedop_time64                        -i--
send                                                -i--
sendfile sendfile64                                 --x-
sendmmsg                                            -x--
sendmsg                                             -i-
sendto                                              -i--i-
set_robust_list                                     i-
setgroups setgroups32                               -i
setitimer                                           -io
setrlimit                                           -i
setdomainname                                       i-
sethostname                                         i-
setsockopt                                          ---i-
settimeofday                                        ii
sigaction sigprocmask                               --o
sigaltstack                                         -o
signalfd                                            -i-
signalfd4                                           -i--
socketpair                                          ---o
statx                                               ----o
stime                                               i
sysinfo times                                       o
syslog                                              -o-
time                                                o
timer_create                                        -io
timer_gettime timer_gettime64                       -o
timer_settime timer_settime64                       ---o
timerfd_gettime timerfd_gettime64                   -o
timerfd_settime timerfd_settime64                   ---o
umount2                                             i-
utime utimes                                        -i
utimensat utimensat_time64                          --i-
wait4                                               -o-o
waitid                                              --o-o
waitpid                                             -o-
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
        names, _, patterns = line.partition("  ")
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
