"""The global random generators: seen when they change, and put back afterwards."""

from __future__ import annotations

import random

import numpy as np
import pytest

from studio.testing.random_state import RandomState, repr_state, seed_globally


def test_generators_that_drew_nothing_have_not_changed() -> None:
    assert RandomState().find_changed() == []


@pytest.mark.parametrize(("draw", "name"), [(random.random, "random"), (np.random.rand, "numpy.random")])
def test_a_generator_that_drew_is_named(draw: object, name: str) -> None:
    with seed_globally(1) as state:
        draw()  # type: ignore[operator]

        assert state.find_changed() == [name]


def test_torch_is_watched_once_it_is_loaded() -> None:
    import torch

    with seed_globally(1) as state:
        torch.rand(1)

        assert "torch" in state.find_changed()


def test_a_state_can_be_put_back() -> None:
    state = RandomState()
    expected = random.random(), float(np.random.rand())

    state.restore()

    assert (random.random(), float(np.random.rand())) == expected


def test_equal_seeds_give_equal_draws_and_others_do_not() -> None:
    drawn = []
    for seed in (1, 1, 2):
        with seed_globally(seed):
            drawn.append((random.random(), float(np.random.rand())))

    assert drawn[0] == drawn[1] != drawn[2]


def draw_and_raise() -> None:
    with seed_globally(3):
        random.random()
        raise ValueError("on purpose")


def test_the_generators_go_on_as_if_nothing_had_happened_even_after_an_error() -> None:
    before = RandomState()

    with pytest.raises(ValueError, match="on purpose"):
        draw_and_raise()

    assert before.find_changed() == []


def test_states_of_arrays_compare_as_a_whole() -> None:
    first = ("MT19937", np.array([1, 2]), 3)

    assert repr_state(first) == repr_state(("MT19937", np.array([1, 2]), 3))
    assert repr_state(first) != repr_state(("MT19937", np.array([1, 9]), 3))
