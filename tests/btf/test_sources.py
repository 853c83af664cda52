"""Which base split BTF is read over, and what target a source is for."""

from __future__ import annotations

import errno
import hashlib
import mmap
from pathlib import Path

import pytest

from uapigen import sources
from uapigen.errors import InputError, SystemRefusalError, UsageError
from uapigen.sources import Opened, open_sources

from .builder import Btf
from .test_split import kernel, module


@pytest.fixture
def no_running_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "sys" / "vmlinux"
    path.parent.mkdir()
    monkeypatch.setattr(sources, "RUNNING_KERNEL", str(path))
    return path


def opened(*btfs: Btf, folder: Path, **options: str) -> Opened:
    paths = [btf.write(folder / f"{index}.btf") for index, btf in enumerate(btfs)]
    return open_sources(paths, **options)


@pytest.mark.usefixtures("no_running_kernel")
def test_base_is_the_one_given_else_a_source_else_beside(tmp_path: Path) -> None:
    base = kernel()
    path = base.write(tmp_path / "elsewhere.btf")
    split = module(base)
    assert opened(split, folder=tmp_path, base=str(path)).graph.ids_named("slab") == [6]
    assert len(opened(split, base, folder=tmp_path).graph) == split.next_id
    with pytest.raises(InputError, match=r"0\.btf: is split BTF and its base was not found"):
        opened(split, folder=tmp_path)
    base.write(tmp_path / "vmlinux")
    assert opened(split, folder=tmp_path).graph.ids_named("slab") == [6]


def test_base_is_the_running_kernel_s_where_nothing_else_is(
    tmp_path: Path, no_running_kernel: Path
) -> None:
    base = kernel()
    base.write(no_running_kernel)
    assert opened(module(base), folder=tmp_path).graph.ids_named("slab") == [6]


@pytest.mark.usefixtures("no_running_kernel")
def test_another_kernel_s_base_is_refused(tmp_path: Path) -> None:
    base, other = kernel(), kernel()
    other.struct("something_that_shifts_the_strings", 0)
    split = module(base)
    for index in range(5):
        split.struct(f"type_{index}", 0)
    path = other.write(tmp_path / "other.btf")
    with pytest.raises(InputError, match=r"does not go on where its base .*other\.btf ends"):
        opened(split, folder=tmp_path, base=str(path))


@pytest.mark.usefixtures("no_running_kernel")
def test_split_btf_is_no_base(tmp_path: Path) -> None:
    base = kernel()
    path = module(base).write(tmp_path / "split.btf")
    with pytest.raises(InputError, match="is split BTF, which cannot be a base"):
        opened(module(base), folder=tmp_path, base=str(path))


def test_sources_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemRefusalError, match="No such file"):
        open_sources([tmp_path / "none"])
    with pytest.raises(SystemRefusalError, match="directory"):
        open_sources([tmp_path])
    with pytest.raises(SystemRefusalError):
        open_sources(["a\0b"])
    with pytest.raises(InputError, match="/dev/zero: is a device"):
        open_sources(["/dev/zero"])
    with pytest.raises(UsageError, match="no source given"):
        open_sources([])


@pytest.mark.parametrize(
    ("marker", "long", "order", "arch"),
    [
        ("cpuinfo_x86", 8, "<", "x86_64"),
        ("cpuinfo_x86", 4, "<", "i386"),
        ("cpuinfo_arm64", 8, "<", "aarch64"),
        ("cpuinfo_arm", 4, "<", "arm"),
        ("riscv_isa_ext_data", 4, "<", "riscv32"),
        ("lowcore", 8, ">", "s390x"),
        ("mac_booter_data", 4, ">", "m68k"),
        ("machdep_calls", 4, ">", "ppc"),
    ],
)
@pytest.mark.usefixtures("no_running_kernel")
def test_target_is_told_by_types_also_of_a_module_s_base(
    tmp_path: Path, marker: str, long: int, order: str, arch: str
) -> None:
    base = kernel(order, long=long, marker=marker)
    path = base.write(tmp_path / "base.btf")
    split = module(base)
    assert opened(base, folder=tmp_path).model.arch == arch
    assert opened(split, folder=tmp_path, base=str(path)).model.arch == arch
    assert opened(split, split, folder=tmp_path, base=str(path)).model.arch == arch


def test_arch_that_contradicts_the_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--arch s390x: its byte order is not that of"):
        opened(kernel(), folder=tmp_path, arch="s390x")
    with pytest.raises(UsageError, match="--arch i386: its pointer size is not that of"):
        opened(kernel(), folder=tmp_path, arch="i386")
    assert opened(kernel(), folder=tmp_path, arch="arm64").model.arch == "aarch64"
    assert opened(Btf(), folder=tmp_path, arch="i386").model.arch == "i386"


@pytest.mark.parametrize("maps", [True, False])
def test_running_kernel_s_btf_is_the_same_mapped_read_and_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, running_kernel: Path, maps: bool
) -> None:
    def refuse(*_: object, **__: object) -> mmap.mmap:
        raise OSError(errno.ENODEV, "a kernel before 6.16")

    if not maps:
        monkeypatch.setattr(mmap, "mmap", refuse)
    copy = tmp_path / "copy.btf"
    copy.write_bytes(running_kernel.read_bytes())
    ours, theirs = (open_sources([str(path)]).graph for path in (running_kernel, copy))
    assert ours.info.sha256 == theirs.info.sha256
    assert len(ours) == len(theirs)
    assert list(map(ours.__getitem__, range(0, len(ours), 97))) == list(
        map(theirs.__getitem__, range(0, len(ours), 97))
    )


@pytest.mark.parametrize("threads", [True, False])
def test_digest_is_the_files_also_where_there_are_no_more_threads(
    monkeypatch: pytest.MonkeyPatch, threads: bool
) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    if not threads:
        monkeypatch.setattr(sources, "start_new_thread", refuse)
    data = kernel().dump()
    graph = open_sources([data], digest_now=True).graph
    assert graph.info.sha256 == hashlib.sha256(data).hexdigest()
