"""Observers get every event, and one that raises does not disturb a run."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import pytest

from studio.api import Cancelled, hookimpl
from studio.registry import Observers
from tests.studio.registry.conftest import load


class Watching:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl
    def studio_event(self, event: Any) -> None:
        """Remember."""
        self.seen.append(event)


class Counting:
    """An observer that does not look at the event: pluggy allows fewer arguments."""

    calls = 0

    @hookimpl
    def studio_event(self) -> None:
        """Count."""
        self.calls += 1


class Failing:
    """An observer that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.calls = 0

    @hookimpl
    def studio_event(self, event: Any) -> None:
        """Raise."""
        self.calls += 1
        raise self.error


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), Cancelled(), GeneratorExit()])
def test_an_observer_that_raises_is_reported_once_and_the_others_go_on(error: BaseException) -> None:
    watching, failing = Watching(), Failing(error)
    registry, _ = load(failing, watching)
    observers = Observers(registry.host)

    with pytest.warns(RuntimeWarning, match="plugin 'p0': studio_event (raised|tried to end)"):
        observers("one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observers("two")

    assert (watching.seen, failing.calls) == (["one", "two"], 1)


def test_an_observer_may_take_no_argument() -> None:
    counting = Counting()
    registry, _ = load(counting)

    Observers(registry.host)("event")

    assert counting.calls == 1


def test_there_are_no_observers_without_plugins() -> None:
    registry, _ = load()

    assert not Observers(registry.host)


def test_an_observer_that_fails_in_two_threads_at_once_is_reported_once() -> None:
    """The first thread is still in the observer when the second comes to the same failure."""
    registry, _ = load()
    gate = threading.Barrier(2, timeout=30)

    class Meeting:
        """An observer that raises once both threads are in it."""

        @hookimpl
        def studio_event(self, event: Any) -> None:
            """Raise."""
            gate.wait()
            raise ValueError("no")

    registry.host.register(Meeting(), name="meeting")
    observers = Observers(registry.host)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=observers, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(caught) == 1
    assert not observers


@pytest.mark.parametrize("error", [ValueError("no"), Cancelled(), SystemExit(2)])
def test_a_caller_that_raises_is_not_called_again_and_the_observers_still_are(error: BaseException) -> None:
    watching, calls = Watching(), []

    def on_event(event: Any) -> None:
        calls.append(event)
        raise error

    registry, _ = load(watching)
    report = Observers(registry.host).join(on_event)
    assert report is not None

    with pytest.warns(RuntimeWarning, match="on_event (raised|tried to end)"):
        report("one")
    report("two")

    assert (calls, watching.seen) == (["one"], ["one", "two"])


def test_without_observers_a_caller_is_not_wrapped() -> None:
    registry, _ = load()

    assert Observers(registry.host).join(print) is None
