"""A second process: what it returns arrives, and what it cannot do is done here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from uapigen.emit.parallel import both, in_background, shared_out


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


def test_the_result_of_another_process_arrives() -> None:
    running = in_background(lambda: [("pid", os.getpid()), ("more", ["text", 1, None])])
    assert running is not None
    assert running.result("more") == ["text", 1, None]
    assert running.result("pid") not in (None, os.getpid())
    assert running.result("what it does not have") is None


def test_a_result_is_there_before_the_next_one() -> None:
    reading, writing = os.pipe()

    def job() -> Iterator[tuple[str, int]]:
        yield "first", 1
        os.read(reading, 1)
        yield "second", 2

    running = in_background(job)
    assert running is not None
    assert running.result("first") == 1
    os.write(writing, b"x")
    assert running.result("second") == 2
    running.leave()
    assert running.result("first") == 1


def test_who_ended_is_gone_when_the_next_one_starts() -> None:
    first = in_background(lambda: [("pid", os.getpid())])
    assert first is not None
    pid = first.result("pid")
    first.leave()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    second = in_background(lambda: [("a", 1)])
    assert second is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    second.stop()


def test_a_job_that_fails_has_no_result() -> None:
    def job() -> Iterator[tuple[str, int]]:
        yield "first", 1
        raise ZeroDivisionError

    running = in_background(job)
    assert running is not None
    assert running.result("second") is None
    assert running.result("first") == 1


def test_a_job_that_is_killed_is_done_here() -> None:
    mine = os.getpid()

    def job() -> int:
        if os.getpid() != mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return 7

    assert both(lambda: 1, job, parallel=True) == (1, 7)


def test_another_process_s_job_has_no_result_here() -> None:
    running = in_background(lambda: [("a", 7)])
    assert running is not None

    def job() -> Iterator[tuple[str, list[object]]]:
        yield "b", [running.result("a")]
        running.stop()

    asking = in_background(job)
    assert asking is not None
    assert asking.result("b") == [None]
    assert asking.result("c") is None
    assert running.result("a") == 7


def test_an_error_here_ends_the_other_process(tmp_path: Path) -> None:
    def second() -> int:
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)
        return 0

    def first() -> int:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        both(first, second, parallel=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_each_name_is_given_to_one_process() -> None:
    names = [f"job{number}" for number in range(200)]
    with shared_out(names) as given:
        mine, theirs = both(lambda: list(given), lambda: list(given), parallel=True)
    assert sorted(mine + theirs) == sorted(names)
    with shared_out([]) as given:
        assert list(given) == []


def test_one_processor_does_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert in_background(lambda: [("a", 1)]) is None
    assert both(os.getpid, os.getpid, parallel=True) == (os.getpid(), os.getpid())
