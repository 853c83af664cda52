"""The examples run, and print what is true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Needs
from kitchen.targets import run

from .test_readme import first_page

EXAMPLES = ROOT / "examples"

# Another compiler's struct exec_event, for what the BPF object's must agree with.
EMIT = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "exec_event.h"

static void emit(struct exec_event event, const char *path)
{
	unsigned int length = offsetof(struct exec_event, path) + strlen(path) + 1;
	char *bytes = calloc(1, sizeof(event) + length);

	memcpy(bytes, &event, sizeof(event));
	strcpy(bytes + offsetof(struct exec_event, path), path);
	if (length < sizeof(event))
		length = sizeof(event);
	fwrite(&length, sizeof(length), 1, stdout);
	fwrite(bytes, length, 1, stdout);
}

int main(void)
{
	emit((struct exec_event){ 12345, 42, EXEC_SUCCESS, 0, "bash", .uid = 1000 }, "/usr/bin/ls");
	emit((struct exec_event){ 12346, 43, EXEC_SUCCESS, 1, "cron" }, "/bin/sh");
	emit((struct exec_event){ 12347, 44, EXEC_FAILED, 0, "make", .error = -2 }, "/no");
	return 0;
}
"""


def python(script: str, *arguments: str | Path, stdin: bytes = b"") -> list[str]:
    """The lines that an example prints."""
    env = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=env,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.mark.usefixtures("running_kernel")
def test_decode_struct() -> None:
    scales, counters, state = python("decode_struct.py")
    sent, received = map(int, scales.rpartition(":")[2].split())
    assert 0 <= sent <= 14
    assert 0 <= received <= 14
    assert counters.startswith("bytes sent: 1000 round trip: ")
    assert state == "congestion control: TCP_CA_Open"


def test_bpf_event(needs: Needs, tmp_path: Path) -> None:
    needs("clang", "gcc")
    here = EXAMPLES / "bpf_event"
    bpf_object = tmp_path / "exec_event.bpf.o"
    source = here / "exec_event.bpf.c"
    run(["clang", "-target", "bpf", "-g", "-O2", "-c", source, "-o", bpf_object])
    (tmp_path / "emit.c").write_text(EMIT)
    run(["gcc", "-include", "stddef.h", "-I", here, tmp_path / "emit.c", "-o", tmp_path / "emit"])
    events = subprocess.run([tmp_path / "emit"], capture_output=True, check=True).stdout
    assert python("bpf_event/read_events.py", bpf_object, stdin=events) == [
        "12345 bash[42] /usr/bin/ls by uid 1000",
        "12346 cron[43] /bin/sh by root",
        "12347 make[44] /no failed: error -2",
    ]


def test_cross_endian(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(first_page())
    told = python("cross_endian.py", corpus / "s390x-6.12.btf.xz", tmp_path / "dump")
    assert told[0] == "s390x big"
    goes_to = [line.split()[-1] for line in told[1:6]]
    assert goes_to == [f"{0x20000 + 0x10000 * number:#018x}" for number in range(5)]
    assert told[6] == "program interruption code 17 length 6"
