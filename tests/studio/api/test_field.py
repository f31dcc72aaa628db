"""Marks for inputs and outputs: plain values, equal where they say the same."""

from __future__ import annotations

import dataclasses

import pytest

from studio.api import Channels, Field, Lazy, Unkeyed


def test_a_field_limits_nothing_unless_it_says_so() -> None:
    assert set(vars(Field()).values()) == {None}


@pytest.mark.parametrize("mark", [Field(ge=1), Channels(3), Lazy, Unkeyed])
def test_marks_are_frozen_and_usable_as_keys(mark: object) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        mark.name = "another"  # type: ignore[attr-defined]
    assert {mark: 1}[mark] == 1


def test_channels_are_a_set_whatever_their_order() -> None:
    assert Channels(1, 3) == Channels(3, 1, 3)
    assert Channels(1, 3).counts == {1, 3}


def test_the_two_marks_are_told_apart() -> None:
    assert Lazy != Unkeyed
    assert (Lazy.name, Unkeyed.name) == ("lazy", "unkeyed")
