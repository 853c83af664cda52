"""Every named type of real kernels, as the generated package has it, against another reader's word.

The corpus brings its oracles; for this machine's kernel bpftool is asked. The package is imported
and measured by ``check_package.py`` on each Python that it promises to run on.
"""

from __future__ import annotations

import lzma
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from btf.container_samples import Section, elf
from conftest import CORPUS, Needs, run_uapigen
from kitchen import interpreters

from uapigen import load

from .raw_dump import write_oracle

CHECKER = Path(__file__).with_name("check_package.py")
PYTHONS = ("3.10", "3.11", "3.12", "3.13")

KERNELS = (
    "amd64-6.1",
    "amd64-7.1-layout-section",
    "amd64-7.3rc7-cloud",
    "arm64-6.1",
    "armhf-6.12-armmp-pahole132",
    "i386-6.1-686pae-pahole132",
    "s390x-6.12",
)
MODULES = (
    "amd64-6.1+btrfs",
    "amd64-6.1+ext4",
    "amd64-6.1+fuse",
    "amd64-6.1+kvm",
    "amd64-6.1+nf_tables",
    "s390x-6.12+nf_tables",
)
QUICK = ("i386-6.1-686pae-pahole132", "s390x-6.12", "amd64-6.1+fuse")

Generate = Callable[..., Path]


def sources(name: str) -> tuple[Path, Path | None]:
    """The BTF of a blob and of what it lies over."""
    base, is_module, _ = name.partition("+")
    whole = CORPUS / f"{base}.btf.xz"
    return (CORPUS / "modules" / f"{name}.btf.xz", whole) if is_module else (whole, None)


def oracle(name: str) -> Path:
    return CORPUS / ("modules" if "+" in name else "") / f"{name}.layout.json.gz"


def differences(version: str, package: Path, oracle: Path) -> list[str]:
    """What the checker finds on that Python; its last line, the summary, is left out."""
    python = interpreters.python(version)
    command = [python, "-B", CHECKER, package, oracle]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert not done.stderr, done.stderr
    *found, summary = done.stdout.splitlines()
    assert (done.returncode == 0) == summary.endswith(" 0 differences"), done.stdout
    return found


@pytest.fixture(scope="module")
def generate(tmp_path_factory: pytest.TempPathFactory) -> Generate:
    """``generate(out_name, *arguments)``: makes bindings once, and gives their path."""

    @cache
    def made(out_name: str, *arguments: Path | str) -> Path:
        out = tmp_path_factory.mktemp("bindings") / out_name
        done = run_uapigen(*arguments, "-o", out)
        assert "left out" not in done.stderr, done.stderr
        return out

    return made


def quick_if(quick: bool) -> tuple[pytest.MarkDecorator, ...]:
    return () if quick else (pytest.mark.slow,)


EVERY_BLOB = [
    pytest.param(
        name,
        version,
        id=f"{name}-{version}",
        marks=quick_if(name in QUICK and version == interpreters.CURRENT),
    )
    for name in KERNELS + MODULES
    for version in PYTHONS
]
EVERY_PYTHON = [
    pytest.param(version, marks=quick_if(version == interpreters.CURRENT)) for version in PYTHONS
]


@pytest.mark.usefixtures("corpus")
@pytest.mark.parametrize(("name", "version"), EVERY_BLOB)
def test_package_agrees_with_the_oracle(generate: Generate, name: str, version: str) -> None:
    source, base = sources(name)
    package = generate("bindings", source, *(["--base", base] if base else []))
    assert differences(version, package, oracle(name)) == []


def test_no_blob_of_the_corpus_is_left_out(corpus: Path) -> None:
    found = {path.name.removesuffix(".layout.json.gz") for path in corpus.rglob("*.layout.json.gz")}
    assert found == {*KERNELS, *MODULES}


@pytest.mark.slow
@pytest.mark.usefixtures("corpus")
@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("name", ["amd64-6.1", "s390x-6.12"])
def test_single_file_agrees_with_the_oracle(generate: Generate, name: str, version: str) -> None:
    module = generate("bindings.py", sources(name)[0])
    assert differences(version, module.with_suffix(""), oracle(name)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("corpus")
def test_kernel_and_module_in_one_package_agree_with_both_oracles(generate: Generate) -> None:
    module, base = sources("amd64-6.1+nf_tables")
    assert base is not None
    package = generate("bindings", base, module)
    for name in ("amd64-6.1", "amd64-6.1+nf_tables"):
        assert differences(interpreters.CURRENT, package, oracle(name)) == []


@pytest.mark.parametrize("version", EVERY_PYTHON)
def test_package_of_the_running_kernel_agrees_with_bpftool(
    running_kernel: Path,
    needs: Needs,
    generate: Generate,
    tmp_path: Path,
    version: str,
) -> None:
    needs("bpftool")
    package = generate("bindings", running_kernel)
    told = write_oracle(tmp_path / "oracle.json.gz", running_kernel)
    assert differences(version, package, told) == []


@pytest.fixture
def testmod(corpus: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The BTF of the kernel's own test module, and its distilled base."""
    module, base = tmp_path / "btf_testmod", tmp_path / "base"
    for path, suffix in ((module, ".btf"), (base, ".btf.base")):
        path.write_bytes(lzma.decompress((corpus / f"modules/btf_testmod{suffix}.xz").read_bytes()))
    return module, base


@pytest.mark.parametrize("version", PYTHONS)
def test_module_over_its_distilled_base_agrees_with_bpftool(
    testmod: tuple[Path, Path], needs: Needs, generate: Generate, tmp_path: Path, version: str
) -> None:
    needs("bpftool")
    module, base = testmod
    package = generate("bindings", module, "--base", base)
    told = write_oracle(tmp_path / "oracle.json.gz", module, base=base)
    assert differences(version, package, told) == []


@pytest.fixture
def testmod_ko(testmod: tuple[Path, Path], tmp_path: Path) -> Path:
    """A module file that carries its BTF and a distilled base, as one built out of tree does."""
    module, base = testmod
    path = tmp_path / "btf_testmod.ko"
    sections = [Section(".BTF", module.read_bytes()), Section(".BTF.base", base.read_bytes())]
    path.write_bytes(elf(sections))
    return path


@pytest.mark.parametrize("kernel", ["amd64-7.1-layout-section", "amd64-7.3rc7-cloud"])
def test_distilled_base_is_found_again_in_a_kernel(
    testmod: tuple[Path, Path],
    testmod_ko: Path,
    needs: Needs,
    generate: Generate,
    tmp_path: Path,
    kernel: str,
) -> None:
    needs("bpftool")
    package = generate("bindings", testmod_ko, "--base", sources(kernel)[0])
    told = write_oracle(tmp_path / "oracle.json.gz", testmod[0], base=testmod[1])
    assert differences(interpreters.CURRENT, package, told) == []
    # What the distilled base knows by name and size alone has the kernel's members.
    whole = load(sources(kernel)[0], only=["struct list_head", "struct hlist_node"])
    relocated = load(testmod_ko, base=sources(kernel)[0])
    for name in ("list_head", "hlist_node"):
        ours, theirs = getattr(relocated, name), getattr(whole, name)
        assert repr(ours()) == repr(theirs())
        assert "next" in repr(ours())


def test_kernel_that_lacks_what_a_module_needs_is_refused(testmod_ko: Path, tmp_path: Path) -> None:
    base = sources("amd64-6.1")[0]
    done = run_uapigen(testmod_ko, "--base", base, "-o", tmp_path / "bindings", exit_code=3)
    assert "struct bpf_struct_ops_common_value has no match" in done.stderr
    assert not (tmp_path / "bindings").exists()
