"""Marks of audio: what they survive, how far they lie under the sound, and that none is found where there is none."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_provenance.nodes.marks import find_audio_mark, mark_audio
from tests.plugins.studio_provenance.pictures import PAYLOAD, SETTINGS, play_song


@cache
def marked() -> Audio:
    return mark_audio(TestContext(), play_song(), SETTINGS, payload=PAYLOAD).audio


def convert_to_mp3(audio: Audio, path: Path) -> Audio:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libmp3lame", rate=audio.rate, layout="stereo", bit_rate=96_000)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio.samples.T), "fltp", "stereo")
        frame.sample_rate = audio.rate
        file.mux([*stream.encode(frame), *stream.encode(None)])
    with av.open(str(path)) as file:
        samples = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    return Audio(samples.T.astype(np.float32), audio.rate)


def resample(audio: Audio, *rates: int) -> Audio:
    for rate in rates:
        audio = Audio(soxr.resample(audio.samples, audio.rate, rate), rate)
    return audio


def read(audio: Audio) -> str:
    return find_audio_mark(TestContext(), audio, SETTINGS).payload


def test_a_mark_is_read_back_and_the_length_stays() -> None:
    assert read(marked()) == PAYLOAD
    assert (marked().frames, marked().channels, marked().rate) == (8 * 44_100, 2, 44_100)


def test_a_mark_survives_mp3(tmp_path: Path) -> None:
    assert read(convert_to_mp3(marked(), tmp_path / "song.mp3")) == PAYLOAD


def test_a_mark_survives_resampling() -> None:
    assert read(resample(marked(), 48_000, 32_000)) == PAYLOAD


def test_a_mark_survives_a_cut_a_lower_level_and_sixteen_bits() -> None:
    part = marked().samples[54_321 : 54_321 + 5 * 44_100] * 0.5

    assert read(Audio(np.rint(part * 32_767) / 32_767, 44_100)) == PAYLOAD


def test_a_mark_survives_being_mixed_to_mono() -> None:
    assert read(Audio(marked().samples.mean(axis=1), 44_100)) == PAYLOAD


def test_a_mark_lies_far_under_the_sound() -> None:
    plain = play_song().samples
    difference = marked().samples - plain

    assert 10 * np.log10(np.mean(plain**2) / np.mean(difference**2)) > 25  # 31 dB


def test_no_mark_is_found_where_there_is_none() -> None:
    search = find_audio_mark(TestContext(), play_song(), SETTINGS)

    assert (search.is_found, search.payload) == (False, "")
    assert search.evidence["agreement"] < 6  # 4.6; a mark counts from 7.2 on


def test_silence_stays_silent_and_cannot_be_marked() -> None:
    with pytest.raises(MediaError) as caught:
        mark_audio(TestContext(), Audio(np.zeros((96_000, 1), np.float32), 32_000), SETTINGS)

    assert caught.value.code == "E653"


@pytest.mark.parametrize("frames", [0, 1, 44_100])
def test_audio_that_is_too_short_is_refused(frames: int) -> None:
    with pytest.raises(MediaError) as caught:
        mark_audio(TestContext(), Audio(np.zeros((frames, 1), np.float32), 44_100), SETTINGS)

    assert caught.value.code == "E651"


@pytest.mark.parametrize("frames", [0, 1, 100])
def test_audio_of_any_length_is_searched(frames: int) -> None:
    assert not find_audio_mark(TestContext(), Audio(np.zeros((frames, 1), np.float32), 44_100), SETTINGS).is_found


def test_long_audio_is_marked_as_a_stream_without_seams() -> None:
    song = play_song(20, 16_000, 1)
    stream = Audio.from_blocks(
        lambda: (song.samples[at : at + 5_000] for at in range(0, song.frames, 5_000)), rate=16_000, channels=1
    )
    assert stream.is_long

    result = mark_audio(TestContext(), stream, SETTINGS, payload=PAYLOAD).audio
    whole = mark_audio(TestContext(), song, SETTINGS, payload=PAYLOAD).audio

    assert np.array_equal(result.samples, whole.samples)
    jumps = np.abs(np.diff(whole.samples[:, 0] - song.samples[:, 0]))
    assert jumps[8 * 16_000 - 2 : 8 * 16_000 + 2].max() <= jumps.max()
