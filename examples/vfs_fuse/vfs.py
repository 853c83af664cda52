"""The functions by which file systems are written, under the names that the kernel gives them.

Each does what its namesake in fs/inode.c, fs/dcache.c, fs/attr.c, fs/libfs.c, mm/filemap.c or
lib/iov_iter.c does, as far as a file system sees it. Objects are those of :mod:`objects`, text is
bytes, memory a memoryview, a time (seconds, nanoseconds).
"""

from __future__ import annotations

import itertools
import stat
import time
from typing import Any

from filemap import (
    filemap_parts,
    filemap_store,
    truncate_inode_pages_final,
    truncate_setsize,
)  # fmt: skip
from generated_types import kernel
from members import Members
from objects import Dentry, DirContext, File, Inode, IovIter, Super, current, forget, instance, lock
from tables import s_op
from tables import table as table

# include/linux/fs.h has these as macros, which BTF does not know.
ATTR_MODE, ATTR_UID, ATTR_GID, ATTR_SIZE, ATTR_ATIME, ATTR_MTIME, ATTR_CTIME = (
    1 << bit for bit in range(7)
)
ATTR_ATIME_SET, ATTR_MTIME_SET, ATTR_FORCE, ATTR_FILE = 1 << 7, 1 << 8, 1 << 9, 1 << 13
FMODE_READ, FMODE_WRITE, FMODE_OPENED = 1, 2, 1 << 19

Time = tuple[int, int]

_numbers = itertools.count(1)


# Inodes


_OWNER = Members(kernel.inode, "i_uid", "i_gid")
_NEW = Members(kernel.inode, "i_sb", "i_mapping", "i_ino", "i_nlink")


def new_inode(sb: Super) -> Any:
    """An inode with a number and one reference, made by the file system's ``alloc_inode``."""
    make = s_op(sb).alloc_inode
    inode = make(sb) if make else Inode()
    mapping = inode.address + kernel.inode.i_data.offset
    _NEW.write(inode, 0, sb.address, mapping, next(_numbers), 1)
    inode.sb, inode.i_blkbits = sb, sb.s_blocksize_bits
    inode.i_count.counter = 1
    return inode


def igrab(inode: Inode) -> Inode:
    """One more reference, also to an inode that nothing but the file system knows any more."""
    with lock:
        inode.i_count.counter += 1
    return inode


def iput(inode: Inode) -> None:
    """One reference less. After the last, an inode without names is evicted, unless
    ``drop_inode`` says otherwise."""
    with lock:
        count = inode.i_count
        count.counter -= 1
        if count.counter > 0:
            return
        operations = s_op(inode.sb)
        drop = operations.drop_inode(inode) if operations.drop_inode else not inode.i_nlink
        if drop:
            evict(inode)


def evict(inode: Inode) -> None:
    """The inode's end."""
    operations = s_op(inode.sb)
    if operations.evict_inode:
        operations.evict_inode(inode)
    else:
        truncate_inode_pages_final(inode)
    if operations.destroy_inode:
        operations.destroy_inode(inode)
    if operations.free_inode:
        operations.free_inode(inode)
    forget(inode)


def inode_init_owner(_idmap: Any, inode: Inode, parent: Inode | None, mode: int) -> None:
    """Owner, group and mode of a new inode; in a set-group-ID directory the group is its own."""
    gid = current.header.gid
    if parent is not None and parent.i_mode & stat.S_ISGID:
        gid = parent.i_gid.val
        if stat.S_ISDIR(mode):
            mode |= stat.S_ISGID
    _OWNER.write(inode, 0, current.header.uid, gid)
    inode.i_mode = mode


def inc_nlink(inode: Inode) -> None:
    inode.i_nlink += 1


def drop_nlink(inode: Inode) -> None:
    if not inode.i_nlink:
        raise RuntimeError(f"inode {inode.i_ino} has no links to drop")
    inode.i_nlink -= 1


def clear_nlink(inode: Inode) -> None:
    inode.i_nlink = 0


def current_time(_inode: Inode) -> Time:
    return divmod(time.time_ns(), 1_000_000_000)


_TIMES = Members(
    kernel.inode,
    *(f"i_{name}_{unit}" for name in ("atime", "mtime", "ctime") for unit in ("sec", "nsec")),
)


def inode_set_atime_to_ts(inode: Inode, ts: Time) -> Time:
    inode.i_atime_sec, inode.i_atime_nsec = ts
    return ts


def file_accessed(inode: Inode) -> None:
    """Touch the time of the last access, if it is old or nobody has read since the last change."""
    atime = inode.i_atime_sec, inode.i_atime_nsec
    mtime, ctime = (inode.i_mtime_sec, inode.i_mtime_nsec), (inode.i_ctime_sec, inode.i_ctime_nsec)
    if atime <= mtime or atime <= ctime or atime[0] + 24 * 3600 < time.time():
        inode_set_atime_to_ts(inode, current_time(inode))


def inode_set_mtime_to_ts(inode: Inode, ts: Time) -> Time:
    inode.i_mtime_sec, inode.i_mtime_nsec = ts
    return ts


def inode_set_ctime_to_ts(inode: Inode, ts: Time) -> Time:
    inode.i_ctime_sec, inode.i_ctime_nsec = ts
    return ts


def inode_set_ctime_current(inode: Inode) -> Time:
    return inode_set_ctime_to_ts(inode, current_time(inode))


def simple_inode_init_ts(inode: Inode) -> Time:
    """All times of a new inode are now."""
    ts = current_time(inode)
    _TIMES.write(inode, 0, *ts, *ts, *ts)
    return ts


def simple_rename_timestamp(
    old_dir: Inode, old_dentry: Dentry, new_dir: Inode, new_dentry: Dentry
) -> None:
    ts = inode_set_mtime_to_ts(old_dir, inode_set_ctime_current(old_dir))
    inode_set_mtime_to_ts(new_dir, inode_set_ctime_to_ts(new_dir, ts))
    for inode in (d_inode(old_dentry), d_inode(new_dentry)):
        if inode is not None:
            inode_set_ctime_to_ts(inode, ts)


def setattr_copy(_idmap: Any, inode: Inode, attr: Any) -> None:
    """Mode, owner, group and times, those of them that ``ia_valid`` names."""
    valid = attr.ia_valid
    if valid & ATTR_UID:
        inode.i_uid.val = attr.ia_uid.val
    if valid & ATTR_GID:
        inode.i_gid.val = attr.ia_gid.val
    if valid & ATTR_ATIME:
        inode_set_atime_to_ts(inode, (attr.ia_atime.tv_sec, attr.ia_atime.tv_nsec))
    if valid & ATTR_MTIME:
        inode_set_mtime_to_ts(inode, (attr.ia_mtime.tv_sec, attr.ia_mtime.tv_nsec))
    if valid & ATTR_CTIME:
        inode_set_ctime_to_ts(inode, (attr.ia_ctime.tv_sec, attr.ia_ctime.tv_nsec))
    if valid & ATTR_MODE:
        inode.i_mode = attr.ia_mode


def simple_setattr(idmap: Any, dentry: Dentry, attr: Any) -> int:
    """What a change of attributes does where the file system has no say in it."""
    inode = d_inode(dentry)
    if attr.ia_valid & ATTR_SIZE:
        truncate_setsize(inode, attr.ia_size)
    setattr_copy(idmap, inode, attr)
    return 0


def generic_fillattr(_idmap: Any, _request_mask: int, inode: Inode, kstat: Any) -> None:
    """What stat(2) says of an inode that has nothing to add."""
    kstat.ino, kstat.mode, kstat.nlink = inode.i_ino, inode.i_mode, inode.i_nlink
    kstat.uid.val, kstat.gid.val = inode.i_uid.val, inode.i_gid.val
    kstat.rdev, kstat.size, kstat.blocks = inode.i_rdev, inode.i_size, inode.i_blocks
    kstat.blksize = 1 << inode.i_blkbits
    kstat.atime.tv_sec, kstat.atime.tv_nsec = inode.i_atime_sec, inode.i_atime_nsec
    kstat.mtime.tv_sec, kstat.mtime.tv_nsec = inode.i_mtime_sec, inode.i_mtime_nsec
    kstat.ctime.tv_sec, kstat.ctime.tv_nsec = inode.i_ctime_sec, inode.i_ctime_nsec


# Dentries


def d_inode(dentry: Dentry) -> Any:
    """The inode that a name leads to; None where there is none."""
    return dentry.inode


def d_name(dentry: Dentry) -> bytes:
    return dentry.name


def d_add(dentry: Dentry, inode: Inode | None) -> None:
    """What ``lookup`` has found, whose reference is taken over, or that there is nothing."""
    if inode is not None:
        d_instantiate(dentry, inode)


def d_instantiate(dentry: Dentry, inode: Inode) -> None:
    """Let a name lead to an inode; takes over the caller's reference."""
    with lock:
        dentry.lead_to(inode)
        d_rehash(dentry)


def d_rehash(dentry: Dentry) -> None:
    dentry.parent.children.setdefault(dentry.name, dentry)


def d_drop(dentry: Dentry) -> None:
    """Let it not be found by its name any more; it leads on to its inode."""
    if dentry.parent.children.get(dentry.name) is dentry:
        del dentry.parent.children[dentry.name]


def d_move(dentry: Dentry, target: Dentry, *, exchange: bool = False) -> None:
    """Let it have the target's place, and the target its place or none."""
    with lock:
        d_drop(dentry)
        d_drop(target)
        old, new = (dentry.parent, dentry.name), (target.parent, target.name)
        dentry.place(*new)
        d_rehash(dentry)
        if exchange:
            target.place(*old)
            d_rehash(target)


def d_kill(dentry: Dentry) -> None:
    """A dentry's end, with its reference to an inode."""
    with lock:
        d_drop(dentry)
        forget(dentry)
        inode = dentry.inode
        if inode is not None:
            dentry.lead_to(None)
            iput(inode)


def d_find_any_alias(inode: Inode) -> Dentry:
    """A name of the inode, the last that it had if it has none any more."""
    for dentry in inode.aliases:
        if dentry.parent.children.get(dentry.name) is dentry:
            return dentry
    return inode.aliases[-1]


def d_make_root(inode: Inode) -> Dentry:
    root = Dentry(None, b"/", instance(inode.i_sb))
    root.lead_to(inode)
    return root


def d_tmpfile(file: File, inode: Inode) -> None:
    """Let an open file have an inode without a name."""
    drop_nlink(inode)
    file.dentry.lead_to(inode)
    file.f_inode, file.inode = inode.address, inode


def finish_open_simple(file: File, error: int) -> int:
    if not error:
        file.f_mode |= FMODE_OPENED
    return error


# Files, directories, memory


def file_inode(file: File | int) -> Any:
    return instance(file).inode


def dir_emit(ctx: DirContext, name: bytes, ino: int, kind: int) -> bool:
    """Hand over the entry at ``ctx.pos``; False if there was no room for it.

    ``kind`` is the file type of a mode, shifted (DT_REG and the like).
    """
    return ctx.take(name, ctx.pos, ino, kind)


def dir_emit_dots(file: File, ctx: DirContext) -> bool:
    """The entries ``.`` and ``..``, which are at the positions 0 and 1."""
    while ctx.pos < 2:
        dentry = file.dentry.parent if ctx.pos else file.dentry
        if not dir_emit(ctx, b".." if ctx.pos else b".", dentry.inode.i_ino, stat.S_IFDIR >> 12):
            return False
        ctx.pos += 1
    return True


def generic_file_read_iter(iocb: Any, to: IovIter) -> int:
    """Read from the pages of the file's inode."""
    inode, start = file_inode(iocb.ki_filp), iocb.ki_pos
    with inode.lock:
        end = max(start, min(start + to.count, inode.i_size))
        for data, zeros in filemap_parts(inode, start, end):
            copy_to_iter(data, to)
            iov_iter_zero(zeros, to)
    file_accessed(inode)
    return end - start


def generic_file_write_iter(iocb: Any, from_: IovIter) -> int:
    """Write into the pages of the file's inode."""
    inode, start, size = file_inode(iocb.ki_filp), iocb.ki_pos, from_.count
    with inode.lock:
        filemap_store(inode, start, iov_iter_next(from_, size))
        inode.i_size = max(inode.i_size, start + size)
        inode_set_mtime_to_ts(inode, inode_set_ctime_current(inode))
    return size


def copy_to_iter(data: Any, to: IovIter) -> int:
    """Copy to where the reader wants it; returns how many bytes there was room for."""
    start, room = to.iov_offset, to.count
    size = min(len(data), room)
    to.memory[start : start + size] = data if size == len(data) else data[:size]
    to.iov_offset, to.count = start + size, room - size
    return size


def iov_iter_zero(size: int, to: IovIter) -> int:
    """Zeros to where the reader wants them."""
    return copy_to_iter(bytes(min(size, to.count)), to)


def iov_iter_next(from_: IovIter, size: int) -> memoryview:
    """The next bytes of the writer's, at most ``size``, where they lie (iov_iter_extract_pages)."""
    start, left = from_.iov_offset, from_.count
    size = min(size, left)
    from_.iov_offset, from_.count = start + size, left - size
    return from_.memory[start : start + size]


def simple_get_link(_dentry: Dentry, inode: Inode, _done: Any) -> int:
    return inode.i_link


def signal_pending() -> bool:
    """Whether the process that waits for this call has been sent a signal."""
    return current.interrupted.is_set()


def msleep_interruptible(msecs: int) -> int:
    """Sleep; returns the milliseconds that were left when the caller got a signal, else 0."""
    end = time.monotonic() + msecs / 1000
    if current.interrupted.wait(msecs / 1000):
        return max(1, int(1000 * (end - time.monotonic())))
    return 0
