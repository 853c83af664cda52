"""Reading directories: ten thousand entries, positions, and changes meanwhile."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
libc.telldir.restype = ctypes.c_long


class Dirent(ctypes.Structure):
    _fields_ = [
        ("d_ino", ctypes.c_ulong),
        ("d_off", ctypes.c_long),
        ("d_reclen", ctypes.c_ushort),
        ("d_type", ctypes.c_ubyte),
        ("d_name", ctypes.c_char * 256),
    ]


class Directory:
    """A C library's DIR."""

    def __init__(self, path: Path) -> None:
        self.dir = ctypes.c_void_p(libc.opendir(os.fsencode(path)))
        assert self.dir

    def read(self) -> bytes | None:
        found = libc.readdir(self.dir)
        return Dirent.from_address(found).d_name if found else None

    def rest(self) -> list[bytes]:
        return list(iter(self.read, None))

    def tell(self) -> int:
        return int(libc.telldir(self.dir))

    def seek(self, position: int) -> None:
        libc.seekdir(self.dir, ctypes.c_long(position))

    def close(self) -> None:
        libc.closedir(self.dir)


def test_ten_thousand_entries_are_listed_once_each(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    entries = 10_000 if "direct" in request.node.name else 1500
    names = {f"{number:05}" for number in range(entries)}
    for name in names:
        os.close(os.open(folder / name, os.O_CREAT | os.O_WRONLY))
    assert sorted(os.listdir(folder)) == sorted(names)
    with os.scandir(folder) as listing:  # with lookups: types, numbers, sizes
        found = {entry.name: entry.stat().st_ino for entry in listing if entry.is_file()}
    assert found.keys() == names
    assert len(set(found.values())) == entries
    for name in names:
        os.unlink(folder / name)
    assert os.listdir(folder) == []


def test_reading_goes_on_at_a_position(folder: Path) -> None:
    for number in range(500):
        (folder / f"{number}").touch()
    directory = Directory(folder)
    places = []
    while True:
        position, name = directory.tell(), directory.read()
        if name is None:
            break
        places.append((position, name))
    assert len(places) == 502
    assert {b".", b".."} < {name for _, name in places}
    for position, name in places[::-7]:
        directory.seek(position)
        assert directory.read() == name
    directory.seek(places[100][0])
    assert directory.rest() == [name for _, name in places[100:]]
    directory.close()


def test_entries_stay_in_place_while_others_go(folder: Path) -> None:
    for number in range(2000):
        (folder / f"{number:04}").touch()
    directory = Directory(folder)
    seen = [directory.read() for _ in range(100)]
    for number in range(0, 2000, 2):
        (folder / f"{number:04}").unlink()
    seen += directory.rest()
    directory.close()
    odd = [f"{number:04}".encode() for number in range(1, 2000, 2)]
    assert [name for name in seen if name in set(odd)] == odd


def test_renaming_all_that_is_listed_ends(folder: Path) -> None:
    for number in range(300):
        (folder / f"{number}").touch()
    directory, renamed = Directory(folder), 0
    while (name := directory.read()) is not None:
        if not name.startswith(b"."):
            renamed += 1
            assert renamed <= 600
            os.rename(folder / os.fsdecode(name), folder / f"x{os.fsdecode(name)}")
    directory.close()
    assert len(os.listdir(folder)) == 300
