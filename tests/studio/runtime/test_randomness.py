"""Random numbers depend on the seed alone, on every machine."""

from __future__ import annotations

import numpy as np
import pytest

from studio.runtime.randomness import create_rng


def test_the_bits_are_those_of_the_published_generator() -> None:
    # Philox 4x64-10 with the key and the counter of 0 gives these words (kat_vectors of Random123, Salmon et al. 2011);
    # NumPy counts before it draws, so its counter begins at -1
    generator = np.random.Philox(key=0, counter=2**256 - 1)
    assert hex(int(generator.random_raw())) == "0x16554d9eca36314c"

    assert isinstance(create_rng(0).bit_generator, np.random.Philox)


@pytest.mark.parametrize("seed", [0, 1, 2**100])
def test_a_seed_is_that_of_numpy(seed: int) -> None:
    assert create_rng(seed).random(9).tolist() == np.random.Generator(np.random.Philox(seed)).random(9).tolist()


def test_generators_of_one_seed_do_not_share_their_state() -> None:
    first = create_rng(7)
    first.random(100)

    assert create_rng(7).random(5).tolist() == create_rng(7).random(5).tolist() != first.random(5).tolist()


def test_seeds_of_any_size_and_sign_are_told_apart() -> None:
    seeds = [0, 1, -1, 2**32, 2**64, 2**127, -(2**63)]

    assert len({create_rng(seed).random() for seed in seeds}) == len(seeds)
