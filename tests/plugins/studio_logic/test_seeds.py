"""Seeds made of a seed, by SplitMix64."""

from __future__ import annotations

import pytest

from studio.testing import TestContext
from studio_logic.nodes import lists
from studio_logic.seeds import derive_seed

CTX = TestContext()


def test_seeds_are_distinct_spread_and_a_prefix_of_a_longer_list() -> None:
    seeds = lists.spread_seeds(CTX, seed=7, count=10_000).seeds

    assert len(set(seeds)) == 10_000
    assert seeds[:10] == lists.spread_seeds(CTX, seed=7, count=10).seeds
    # the mean of 10,000 uniform numbers leaves the middle by more than 1.5 % with a chance under 1e-6
    assert sum(seeds) / 10_000 == pytest.approx(2**31, rel=0.03)


def test_neighbouring_seeds_give_unrelated_lists() -> None:
    assert not set(lists.spread_seeds(CTX, seed=1, count=1000).seeds) & set(
        lists.spread_seeds(CTX, seed=2, count=1000).seeds
    )


def test_seeds_follow_the_published_splitmix64() -> None:
    # first output of SplitMix64 from state 0 is 0xE220A8397B1DCDAF (reference implementation by S. Vigna)
    assert lists.spread_seeds(CTX, seed=0, count=1).seeds == [0xE220A839]


def test_derived_seeds_are_the_outputs_of_splitmix64() -> None:
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC, 0x1B39896A51A8749B]

    assert [derive_seed(0, index) for index in range(5)] == expected
    assert 0 <= derive_seed(2**200, 2**32) < 2**64
