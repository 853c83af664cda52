"""How real uapi types have grown, in C of our own: facts of Linux 4.4 to 6.13, not its headers.

As ``cases.py``. Types that only their name tells to be versioned keep it, once a table.
"""

from __future__ import annotations

from compare.cases import Case, case

__all__ = ["EVOLUTION_CASES", "NAMED"]

NAMED = {
    "struct clone_args": "APPENDED_FOR_A_SYSCALL",
    "union bpf_attr": "BPF_ATTR_GREW",
    "struct tcp_info": "TCP_INFO_GREW",
    "struct taskstats": "TASKSTATS_GREW",
}
"""By a type's own name, its case."""

_U = """
typedef unsigned char u8_@; typedef unsigned short u16_@; typedef unsigned int u32_@;
typedef unsigned long long u64_@ __attribute__((aligned(8)));
"""


def _case(name: str, before: str, after: str, *judged: str) -> Case:
    """``u8`` to ``u64`` are typedefs of the case's own; ``2*member-removed`` is two of them."""
    sides = (_U + side for side in (before, after))
    texts = [
        side.replace("u8 ", "u8_@ ").replace("u16 ", "u16_@ ").replace("u32 ", "u32_@ ")
        .replace("u64 ", "u64_@ ") for side in sides
    ]  # fmt: skip
    verdict, back_verdict, *kinds = judged
    return case(name, *texts, verdict, back_verdict, *map(_each, kinds))


def _each(kinds: str) -> str:
    counted = (kind.rpartition("*") for kind in kinds.split())
    return " ".join(" ".join([kind] * int(number or 1)) for number, _, kind in counted)


EVOLUTION_CASES = [
    # statx: 6.1 to 6.11
    _case("STATX_SPARE",
          "struct @ { u32 mask, blksize; u64 id; u64 __spare3[12]; };",
          "struct @ { u32 mask, blksize; u64 id; u64 subvol; u32 unit_min, unit_max, segments_max;"
          " u32 __spare1[1]; u64 __spare3[9]; };",
          "CCC", "BBS", "4*member-in-reserved reserved-added",
          "4*member-removed reserved-removed"),
    _case("STATX_FLAG_ADDED", "#define @_A 0x1U", "#define @_A 0x1U\n#define @_B 0x8000U",
          "CCC", "SSS", "constant-added", "constant-removed"),
    # io_uring_sqe: 5.4 to 6.13
    _case("SQE",
          "struct @ { u8 opcode, flags; u16 ioprio; int fd; union { u64 off; u64 addr2; };"
          " u64 addr; u32 len; union { u32 rw_flags; u32 fsync_flags; }; u64 user_data;"
          " union { u16 buf_index; u64 __pad2[3]; }; };",
          "struct @ { u8 opcode, flags; u16 ioprio; int fd; union { u64 off; u64 addr2;"
          " struct { u32 cmd_op; u32 __pad1; }; }; u64 addr; u32 len;"
          " union { u32 rw_flags; u32 fsync_flags; u32 poll_events; }; u64 user_data;"
          " union { u16 buf_index; u16 buf_group; } __attribute__((packed)); u16 personality;"
          " union { int splice_fd_in; u32 file_index; struct { u16 addr_len; u16 __pad3[1]; }; };"
          " union { struct { u64 addr3; u64 __pad2[1]; }; u8 cmd[0]; }; };",
          "CCC", "BBS", "member-in-padding 3*member-in-reserved 5*member-in-union 2*reserved-added",
          "9*member-removed 2*reserved-removed"),
    # bpf_attr: a command's struct gets a member, another command makes the union grow
    _case("BPF_ATTR_GREW",
          "union bpf_attr { struct { u32 map_type, key_size; };"
          " struct { u32 prog; u64 insns; }; };",
          "union bpf_attr { struct { u32 map_type, key_size, value_size; };"
          " struct { u32 prog; u64 insns; u64 license; }; struct { u32 fd; } query; };",
          "CCC", "BBS", "member-appended-versioned member-in-padding member-in-union",
          "3*member-removed"),
    # tcp_info: getsockopt() is told its length
    _case("TCP_INFO_GREW", "struct tcp_info { u8 state; u32 rto; };",
          "struct tcp_info { u8 state; u32 rto; u64 pacing_rate; u32 segs_out; };",
          "CCC", "BBS", "2*member-appended-versioned",
          "2*member-removed"),
    _case("TASKSTATS_GREW", "struct taskstats { u16 version; u32 exitcode; };",
          "struct taskstats { u16 version; u32 exitcode; u64 cpu_count; };",
          "CCC", "BBS", "member-appended-versioned",
          "member-removed"),
    # sched_attr: 5.3
    _case("SCHED_ATTR",
          "struct @ { u32 size, policy; u64 flags; int nice; u32 priority; u64 period; };",
          "struct @ { u32 size, policy; u64 flags; int nice; u32 priority; u64 period;"
          " u32 util_min, util_max; };",
          "CCC", "BBS", "2*member-appended-versioned",
          "2*member-removed"),
    # perf_event_attr: 5.13, 5.17, 6.13
    _case("PERF_BITS",
          "struct @ { u32 type, size; u64 disabled : 1, build_id : 1, __reserved_1 : 62; };",
          "struct @ { u32 type, size; u64 disabled : 1, build_id : 1, inherit_thread : 1,"
          " remove_on_exec : 1, __reserved_1 : 60; };",
          "CCC", "BBS", "2*member-in-reserved",
          "2*member-removed"),
    _case("PERF_UNION_MEMBER_RENAMED",
          "struct @ { u32 type, size; union { u64 bp_addr; u64 config1; }; };",
          "struct @ { u32 type, size; union { u64 bp_address; u64 config1; }; };",
          "SSS", "SSS", "member-renamed", "member-renamed"),
    _case("PERF_RESERVED_BECAME_BITS",
          "struct @ { u32 type, size; u32 aux_sample_size; u32 __reserved_3; u64 sig_data; };",
          "struct @ { u32 type, size; u32 aux_sample_size; union { u32 aux_action;"
          " struct { u32 start_paused : 1, pause : 1, resume : 1, __reserved_3 : 29; }; };"
          " u64 sig_data; };",
          "CCC", "BBS", "3*member-in-reserved member-in-union",
          "4*member-removed"),
    # fuse_init_out: 5.17, 6.9, 6.13
    _case("FUSE_INIT_OUT",
          "struct @ { u16 max_pages; u16 padding; u32 unused[8]; };",
          "struct @ { u16 max_pages; u16 map_alignment; u32 flags2; u32 max_stack_depth;"
          " u16 request_timeout; u16 unused[11]; };",
          "CCS", "BBS", "4*member-in-reserved",
          "3*member-removed member-reserved"),
    # ethtool_link_settings: 5.7, 5.19, 6.6
    _case("ETHTOOL_LINK",
          "struct @ { u32 cmd; u8 transceiver; u8 reserved1[3]; u32 reserved[7]; u32 masks[0]; };",
          "struct @ { u32 cmd; u8 transceiver; u8 master_cfg; u8 master_state; u8 rate_matching;"
          " u32 reserved[7]; u32 masks[]; };",
          "CCS", "BBS", "3*member-in-reserved",
          "3*member-removed reserved-added"),
    # Attributes of netlink: a number behind the last, and macros made of it
    _case("NL_ATTRIBUTE",
          "enum { @_UNSPEC, @_A, __@_MAX };\n#define @_MAX (__@_MAX - 1)",
          "enum { @_UNSPEC, @_A, @_B, __@_MAX };\n#define @_MAX (__@_MAX - 1)",
          "CCC", "BBS", "enumerator-added sentinel-changed",
          "constant-changed enumerator-removed"),
    _case("NL_TAGGED_ATTRIBUTE",
          "enum @_attrs { @_UNSPEC, @_A, __@_LAST, @_MAX = __@_LAST - 1 };",
          "enum @_attrs { @_UNSPEC, @_A, @_B, @_PAD, __@_LAST, @_MAX = __@_LAST - 1 };",
          "CCC", "BBS", "2*enumerator-added",
          "2*enumerator-removed"),
]  # fmt: skip
