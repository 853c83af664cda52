"""What programs do with files and directories, on a file system in Python."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Needs

from .conftest import eventually

MEGABYTE = 1 << 20


def fails(number: int) -> Any:
    """The block raises OSError with that errno."""
    return pytest.raises(OSError, match=rf"\[Errno {number}\]")


def test_bytes_that_are_written_are_read_at_any_place(folder: Path) -> None:
    content = os.urandom(3 * MEGABYTE + 12345)
    path = folder / "file"
    path.write_bytes(content)
    assert path.read_bytes() == content
    with path.open("r+b") as file:
        file.seek(2 * MEGABYTE - 7)
        assert file.read(100) == content[2 * MEGABYTE - 7 :][:100]
        file.seek(MEGABYTE - 3)
        file.write(b"across a block")
        file.seek(0, os.SEEK_END)
        assert file.tell() == len(content)
    expected = content[: MEGABYTE - 3] + b"across a block" + content[MEGABYTE + 11 :]
    assert path.read_bytes() == expected


def test_file_grows_by_truncation_with_zeros_and_forgets_what_is_cut(folder: Path) -> None:
    path = folder / "file"
    path.write_bytes(b"x" * 10000)
    os.truncate(path, 5000)
    os.truncate(path, 20000)
    assert path.read_bytes() == b"x" * 5000 + bytes(15000)


def test_append_writes_at_the_end(folder: Path) -> None:
    path = folder / "file"
    for piece in (b"one ", b"two ", b"three"):
        with path.open("ab") as file:
            file.write(piece)
    assert path.read_bytes() == b"one two three"


def test_sparse_file_has_blocks_only_where_it_was_written(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    path = folder / "file"
    with path.open("wb") as file:
        file.seek(1 << 40)
        file.write(b"end")
        file.flush()
        os.fsync(file.fileno())
        assert os.stat(path).st_size == (1 << 40) + 3
        assert os.stat(path).st_blocks <= 16
        if "threads" in request.node.name:  # which write through, so that we are asked
            assert os.lseek(file.fileno(), 0, os.SEEK_DATA) == 1 << 40
            assert os.lseek(file.fileno(), 0, os.SEEK_HOLE) == 0
        with fails(errno.ENXIO):
            os.lseek(file.fileno(), (1 << 40) + 3, os.SEEK_DATA)
    path.unlink()


def test_fallocate_takes_room_and_punches_holes(folder: Path, needs: Needs) -> None:
    needs("fallocate")
    path = folder / "file"
    subprocess.run(["fallocate", "-l", "1000000", path], check=True)
    assert path.stat().st_size == 1000000
    assert path.stat().st_blocks * 512 >= 1000000
    path.write_bytes(b"x" * 1000000)
    subprocess.run(["fallocate", "-p", "-o", "4096", "-l", "8192", path], check=True)
    subprocess.run(["fallocate", "-z", "-n", "-o", "999000", "-l", "4000", path], check=True)
    expected = bytearray(b"x" * 1000000)
    expected[4096 : 4096 + 8192] = bytes(8192)
    expected[999000:] = bytes(1000)
    assert path.read_bytes() == expected


def test_rename_replaces_a_file_and_no_other_than_an_empty_directory(folder: Path) -> None:
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")
    os.rename(folder / "a", folder / "b")
    assert (folder / "b").read_text() == "a"
    assert not (folder / "a").exists()
    for name in ("empty", "full", "moved"):
        (folder / name).mkdir()
    (folder / "full" / "file").touch()
    with fails(errno.ENOTEMPTY):
        os.rename(folder / "moved", folder / "full")
    os.rename(folder / "moved", folder / "empty")
    with fails(errno.EINVAL):
        os.rename(folder / "full", folder / "full" / "inside")
    with fails(errno.EISDIR):
        os.rename(folder / "b", folder / "full")
    with fails(errno.ENOTDIR):
        os.rename(folder / "full", folder / "b")


@pytest.mark.parametrize(
    ("flags", "then"),
    [(1, "EEXIST"), (2, {"a": "b", "b": "a"}), (4, "EINVAL"), (3, "EINVAL")],
    ids=["NOREPLACE", "EXCHANGE", "WHITEOUT", "both"],
)
def test_rename_with_flags(folder: Path, flags: int, then: Any) -> None:
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
failed = libc.renameat2(-100, b"a", -100, b"b", {flags})
print(failed and ctypes.get_errno())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    if isinstance(then, str):
        assert int(done.stdout) == getattr(errno, then)
        then = {"a": "a", "b": "b"}
    assert {name: (folder / name).read_text() for name in "ab"} == then


def test_links_count_and_share_content(folder: Path) -> None:
    (folder / "a").write_text("content")
    os.link(folder / "a", folder / "b")
    assert (folder / "a").stat().st_nlink == 2
    assert (folder / "a").samefile(folder / "b")
    (folder / "b").write_text("changed")
    (folder / "a").unlink()
    assert (folder / "b").stat().st_nlink == 1
    assert (folder / "b").read_text() == "changed"
    with fails(errno.EEXIST):
        os.link(folder / "b", folder / "b")


def test_symbolic_link_leads_where_it_says(folder: Path) -> None:
    target = "x" * 4000
    os.symlink(target, folder / "long")
    os.symlink("../" + folder.name + "/file", folder / "link")
    (folder / "file").write_text("found")
    assert os.readlink(folder / "long") == target
    assert (folder / "link").read_text() == "found"
    assert os.lstat(folder / "long").st_size == 4000


def test_directories_count_their_children(folder: Path) -> None:
    before = folder.stat().st_nlink
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "c").mkdir()
    assert folder.stat().st_nlink == before + 2
    os.rename(folder / "a" / "b", folder / "c" / "b")
    assert (folder / "c").stat().st_nlink == 3
    assert (folder / "a").stat().st_nlink == 2
    with fails(errno.ENOTEMPTY):
        (folder / "c").rmdir()
    (folder / "c" / "b").rmdir()
    (folder / "c").rmdir()
    assert folder.stat().st_nlink == before + 1


def test_removed_file_lives_while_it_is_open(folder: Path) -> None:
    path = folder / "file"
    with path.open("w+b") as file:
        file.write(b"still here")
        file.flush()
        path.unlink()
        assert os.fstat(file.fileno()).st_nlink == 0
        os.ftruncate(file.fileno(), 100000)
        os.fchmod(file.fileno(), 0o600)
        file.seek(0)
        assert file.read(10) == b"still here"
    assert not path.exists()


def test_file_without_a_name_gets_one_by_link(folder: Path) -> None:
    with os.fdopen(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600), "w+b") as file:
        file.write(b"anonymous")
        file.flush()
        assert os.fstat(file.fileno()).st_nlink == 0
        assert list(folder.iterdir()) == []
        here = os.open(folder, os.O_PATH)  # makes it linkat(), which follows
        os.link(f"/proc/self/fd/{file.fileno()}", folder / "named", src_dir_fd=here)
        os.close(here)
    assert (folder / "named").read_bytes() == b"anonymous"


def test_special_files_are_what_they_were_made(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    os.mknod(folder / "device", stat.S_IFCHR | 0o644, os.makedev(259, 0x12345))
    assert stat.S_ISFIFO((folder / "fifo").stat().st_mode)
    made = (folder / "device").stat()
    assert stat.S_ISCHR(made.st_mode)
    assert (os.major(made.st_rdev), os.minor(made.st_rdev)) == (259, 0x12345)


def test_modes_owners_and_times_are_kept(folder: Path) -> None:
    path = folder / "file"
    path.touch()
    os.chmod(path, 0o7751)
    assert stat.S_IMODE(path.stat().st_mode) == 0o7751
    os.chown(path, 1234, 4321)
    found = path.stat()
    assert (found.st_uid, found.st_gid) == (1234, 4321)
    assert stat.S_IMODE(found.st_mode) == 0o1751  # who gives a program away loses its privileges
    os.utime(path, ns=(1_234_567_890_123_456_789, -5_000_000_001))
    found = path.stat()
    assert (found.st_atime_ns, found.st_mtime_ns) == (1_234_567_890_123_456_789, -5_000_000_001)


def test_set_group_id_directory_hands_its_group_down(folder: Path) -> None:
    os.chown(folder, 0, 77)
    os.chmod(folder, 0o2755)
    (folder / "file").touch()
    (folder / "dir").mkdir()
    assert (folder / "file").stat().st_gid == 77
    assert (folder / "dir").stat().st_gid == 77
    assert (folder / "dir").stat().st_mode & stat.S_ISGID


def test_permissions_are_checked_by_the_kernel(folder: Path) -> None:
    (folder / "secret").touch(mode=0o600)
    code = f"import os; os.setuid(12345); open({str(folder / 'secret')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr


def test_extended_attributes(folder: Path) -> None:
    path = folder / "file"
    path.touch()
    os.setxattr(path, "user.a", b"value\0with nul")
    os.setxattr(path, "trusted.b", b"")
    assert sorted(os.listxattr(path)) == ["trusted.b", "user.a"]
    assert os.getxattr(path, "user.a") == b"value\0with nul"
    assert os.getxattr(path, "trusted.b") == b""
    with fails(errno.EEXIST):
        os.setxattr(path, "user.a", b"", os.XATTR_CREATE)
    with fails(errno.ENODATA):
        os.setxattr(path, "user.c", b"", os.XATTR_REPLACE)
    os.removexattr(path, "user.a")
    with fails(errno.ENODATA):
        os.getxattr(path, "user.a")
    with fails(errno.ENODATA):
        os.removexattr(path, "user.a")
    with fails(errno.EOPNOTSUPP):
        os.setxattr(path, "other.x", b"")
    os.setxattr(path, "user.long", b"v" * 60000)
    assert len(os.getxattr(path, "user.long")) == 60000


def test_file_system_says_how_full_it_is(folder: Path) -> None:
    before = os.statvfs(folder)
    with (folder / "file").open("wb") as file:
        file.write(bytes(range(256)) * 4096)
        os.fsync(file.fileno())
    after = os.statvfs(folder)
    assert before.f_bfree - after.f_bfree == 256
    assert after.f_namemax == 255
    (folder / "file").unlink()
    eventually(lambda: os.statvfs(folder).f_bfree == before.f_bfree, "room is kept")


def test_mapped_memory_is_the_file(folder: Path) -> None:
    path = folder / "file"
    content = os.urandom(300_000)
    path.write_bytes(content)
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
            assert memory[:] == content
        with mmap.mmap(file.fileno(), 0) as memory:
            memory[100_000:100_006] = b"mapped"
            memory.flush()
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert file.readall() == content[:100_000] + b"mapped" + content[100_006:]


def test_names_are_bytes_up_to_255(folder: Path) -> None:
    for name in (b"a" * 255, b"\xff\xfe", b"with space\n", "ü".encode() * 127):
        path = os.path.join(os.fsencode(folder), name)
        os.close(os.open(path, os.O_CREAT))
        assert name in os.listdir(os.fsencode(folder))
    with fails(errno.ENAMETOOLONG):
        (folder / ("a" * 256)).touch()


@pytest.mark.parametrize(
    "command",
    [
        ("cp", "-a", "{source}", "{folder}/copy"),
        ("sh", "-c", "mkdir {folder}/copy && tar -C {source} -cf - . | tar -C {folder}/copy -xf -"),
    ],
    ids=["cp -a", "tar"],
)
def test_tree_is_copied_with_all_that_it_has(
    folder: Path, tmp_path: Path, command: tuple[str, ...], needs: Needs
) -> None:
    needs("cp", "tar", "diff")
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    subprocess.run(["cp", "-a", ROOT / "uapigen" / "ir", source / "code"], check=True)
    os.symlink("code", source / "link")
    os.link(source / "code" / "types.py", source / "hard")
    os.chmod(source / "hard", 0o751)
    os.utime(source / "hard", ns=(1, 1_500_000_000_123_456_789))
    run = [part.format(source=source, folder=folder) for part in command]
    subprocess.run(run, check=True)
    subprocess.run(["diff", "-r", "--no-dereference", source, folder / "copy"], check=True)
    for path in source.rglob("*"):
        copy = folder / "copy" / path.relative_to(source)
        ours, theirs = copy.lstat(), path.lstat()
        for member in ("st_mode", "st_nlink", "st_uid", "st_size"):
            if member != "st_size" or not path.is_dir():
                assert getattr(ours, member) == getattr(theirs, member), (path, member)
        if "cp" in command:
            assert ours.st_mtime_ns == theirs.st_mtime_ns


def test_git_works(folder: Path, needs: Needs) -> None:
    needs("git", "cp")

    def git(*arguments: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        done = subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments],
            cwd=folder / "repository", env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    (folder / "repository").mkdir()
    git("init", "-q")
    subprocess.run(
        ["cp", "-r", ROOT / "uapigen" / "ir", folder / "repository" / "code"], check=True
    )
    git("add", ".")
    git("commit", "-q", "-m", "one")
    (folder / "repository" / "code" / "types.py").write_text("changed\n")
    git("commit", "-q", "-a", "-m", "two")
    git("gc", "-q")
    assert git("status", "--porcelain") == ""
    assert git("log", "--format=%s").split() == ["two", "one"]
    git("checkout", "-q", "HEAD~1")
    original = (ROOT / "uapigen" / "ir" / "types.py").read_text()
    assert (folder / "repository" / "code" / "types.py").read_text() == original
    git("fsck", "--strict")
