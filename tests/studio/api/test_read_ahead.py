"""`read_ahead`: the entries and the errors of an iterator, in order, and an end to its thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from studio.api.read_ahead import read_ahead
from studio.errors import Cancelled


def test_entries_come_in_order() -> None:
    assert list(read_ahead(iter(range(100)), ahead=3)) == list(range(100))
    assert list(read_ahead(iter([]))) == []


def test_the_iterator_works_ahead_and_no_further_than_it_may() -> None:
    made, reached = [], threading.Event()

    def work() -> Iterator[int]:
        for index in range(50):
            made.append(index)
            if len(made) == 4:
                reached.set()  # one that was taken, two that wait, and one that has no place yet
            yield index

    entries = read_ahead(work(), ahead=2)
    assert next(entries) == 0
    assert reached.wait(10)
    assert len(made) == 4
    entries.close()


@pytest.mark.parametrize("error", [ValueError("no good"), Cancelled()])
def test_an_error_comes_after_the_entries_before_it(error: BaseException) -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise error

    entries = read_ahead(fail())

    assert next(entries) == 1
    with pytest.raises(type(error)) as caught:
        next(entries)
    assert caught.value is error


def test_a_reader_that_stops_closes_the_iterator_and_ends_its_thread() -> None:
    closed = []

    def work() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    entries = read_ahead(work())
    next(entries)
    entries.close()

    assert closed == ["studio-read-ahead"]
    assert not any(thread.name == "studio-read-ahead" for thread in threading.enumerate())


def test_an_iterator_that_cannot_be_closed_is_read_too() -> None:
    assert list(read_ahead(map(str, [1, 2]))) == ["1", "2"]
