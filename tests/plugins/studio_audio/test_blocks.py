"""Audio changed block by block."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_audio.blocks import Reader, change_audio, cut_blocks, surround
from tests.plugins.studio_audio.signals import make_noise


@pytest.mark.parametrize("reach", [0, 1, 3])
def test_each_block_comes_with_as_many_rows_of_its_neighbours_as_there_are(reach: int) -> None:
    whole = np.arange(14)
    blocks = [whole[0:5], whole[5:10], whole[10:14]]

    found = list(surround(iter(blocks), reach))

    assert [part[own].tolist() for part, own in found] == [block.tolist() for block in blocks]
    edges = [(0, 5), (5, 10), (10, 14)]
    wanted = [whole[max(0, first - reach) : last + reach].tolist() for first, last in edges]
    assert [part.tolist() for part, _ in found] == wanted


def test_a_reader_gives_spans_across_blocks_and_silence_outside() -> None:
    samples = np.arange(1, 11, dtype=np.float32)[:, None]
    reader = Reader(cut_blocks(samples, 3), 1)

    spans = [reader.read(*span)[:, 0].tolist() for span in ((-2, 4), (3, 5), (4, 9), (8, 13))]

    assert spans == [[0, 0, 1, 2, 3, 4], [4, 5], [5, 6, 7, 8, 9], [9, 10, 0, 0, 0]]


def test_a_reader_skips_blocks_that_nobody_asked_for() -> None:
    reader = Reader(cut_blocks(np.arange(1000, dtype=np.float32)[:, None], 7), 1)

    assert reader.read(900, 903)[:, 0].tolist() == [900, 901, 902]


def test_a_change_is_made_again_each_time_the_audio_is_read() -> None:
    audio = make_noise(0.2, channels=2)

    doubled = change_audio(audio, lambda blocks: (block * 2 for block in blocks))

    assert np.array_equal(doubled.samples, audio.samples * 2)
    assert np.array_equal(np.concatenate(list(doubled.blocks(100))), audio.samples * 2)


def test_a_change_may_have_another_rate_and_fewer_frames() -> None:
    audio = Audio(np.ones((10, 1), np.float32), 8000)

    half = change_audio(audio, lambda blocks: (block[::2] for block in blocks), rate=4000, frames=5)

    assert (half.rate, half.frames, half.samples.shape) == (4000, 5, (5, 1))
