"""Events: small, frozen, each with its run, and all of them part of the contract."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from studio.api import events

KINDS = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if issubclass(kind, events.Event)]


def create(kind: type[events.Event]) -> events.Event:
    """Return an event with its fields' names as values."""
    return kind(*[field.name for field in dataclasses.fields(kind)])


def test_every_event_is_part_of_the_contract() -> None:
    assert sorted(kind.__name__ for kind in KINDS) == sorted(events.__all__)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_frozen_without_a_place_for_more(kind: type[events.Event]) -> None:
    event = create(kind)

    with pytest.raises(dataclasses.FrozenInstanceError):
        event.run = "another"  # type: ignore[misc]
    assert not hasattr(event, "__dict__")


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_begins_with_its_run_and_one_of_a_node_with_the_node(kind: type[events.Event]) -> None:
    names = [field.name for field in dataclasses.fields(kind)]

    assert names[0] == "run"
    if kind.__name__.startswith("Node"):
        assert issubclass(kind, events.NodeEvent)
        assert names[1:3] == ["node", "node_type"]


def test_equal_events_are_equal() -> None:
    assert create(events.NodeFinished) == create(events.NodeFinished) != create(events.NodeCached)
