import ctypes

from exec_log import describe, events


def test_event_is_described() -> None:
    event = events.exec_event(pid=42, comm=b"bash", kind=events.EXEC_SUCCESS)
    assert describe(bytes(event)) == "bash (42): EXEC_SUCCESS"


def test_layout_is_that_of_the_program() -> None:
    assert ctypes.sizeof(events.exec_event) == 40
    assert events.exec_event.comm.offset == 13
