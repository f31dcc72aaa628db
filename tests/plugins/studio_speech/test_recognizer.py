"""Networks that listen: long audio in pieces, languages, times of words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from studio.api import Audio, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_speech.nodes.listening import write_down
from tests.plugins.studio_speech.conftest import TINY

Open = Callable[..., TestContext]


def make_noise(seconds: float, rate: int = 22_050) -> Audio:
    return Audio(np.random.default_rng(0).standard_normal(int(seconds * rate)).astype(np.float32) * 0.1, rate)


def test_whisper_writes_down_long_audio_in_pieces(open_tiny: Open) -> None:
    ctx = open_tiny("whisper")

    heard = write_down(ctx, make_noise(40), TINY)

    times = [time for each in heard.marks["sentences"] for time in (each["start"], each["end"])]
    assert heard.text == " ".join(each["text"] for each in heard.marks["sentences"])
    assert times == sorted(times)
    assert all(0 <= time <= 40 for time in times)
    assert heard.marks["seconds"] == 40
    assert [total for _, total in ctx.steps] == [40, 40, 40]


def test_whisper_is_told_the_language(open_tiny: Open) -> None:
    write_down(open_tiny("whisper"), make_noise(2), TINY, language="de", translate_to_english=True)

    with pytest.raises(StudioError, match="E661"):
        write_down(open_tiny("whisper"), make_noise(2), TINY, language="klingonese")


def test_ctc_networks_tell_the_times_of_words(open_tiny: Open) -> None:
    heard = write_down(open_tiny("wav2vec2"), make_noise(3, 16_000), TINY)

    words = [word for each in heard.marks["sentences"] for word in each["words"]]
    assert [word["text"] for word in words] == heard.text.split()
    assert not heard.marks["estimated"]
    assert all(0 <= word["start"] <= word["end"] <= 3 for word in words)


@pytest.mark.parametrize("name", ["whisper", "wav2vec2"])
@pytest.mark.parametrize("frames", [0, 1, 160, 399, 1599])
def test_audio_too_short_for_a_network_is_listened_to(open_tiny: Open, name: str, frames: int) -> None:
    samples = np.random.default_rng(0).standard_normal(frames).astype(np.float32) * 0.1

    heard = write_down(open_tiny(name), Audio(samples, 16_000), TINY)

    assert all(0 <= each["end"] <= frames / 16_000 + 0.0005 for each in heard.marks["sentences"])


class VoiceFinder:
    """Hears a voice where audio is loud, for each tenth of a second."""

    seconds = 0.1

    def find_speech(self, audio: Audio) -> list[float]:
        parts = np.array_split(audio.samples[:, 0], round(audio.duration / self.seconds))
        return [float(np.abs(part).mean() > 0.01) for part in parts]


def test_a_network_hears_only_where_somebody_speaks(open_tiny: Open) -> None:
    silence = Audio(np.full((16_000 * 4, 1), 0.002, np.float32), 16_000)  # is heard without a detector
    voice = make_noise(2, 16_000)
    audio = Audio(np.concatenate([silence.samples, voice.samples, silence.samples, voice.samples]), 16_000)
    ctx = open_tiny("wav2vec2")
    ctx.models["local:vad"] = VoiceFinder()

    heard = write_down(ctx, audio, TINY, voice_detector=Model("local:vad"))

    words = [word for each in heard.marks["sentences"] for word in each["words"]]
    assert words
    assert all(3.8 <= word["start"] <= word["end"] <= 6.2 or word["start"] >= 9.8 for word in words)
    assert {word["start"] > 9 for word in words} == {True, False}
    assert heard.marks["seconds"] == 12


def test_nobody_who_speaks_is_no_text(open_tiny: Open) -> None:
    ctx = open_tiny("whisper")
    ctx.models["local:vad"] = VoiceFinder()

    heard = write_down(
        ctx, Audio(np.full((32_000, 1), 0.002, np.float32), 16_000), TINY, voice_detector=Model("local:vad")
    )

    assert (heard.text, heard.marks["sentences"]) == ("", [])


def test_a_detector_that_does_something_else_is_refused(open_tiny: Open) -> None:
    with pytest.raises(ModelError, match="E648"):
        write_down(open_tiny("whisper"), make_noise(1), TINY, voice_detector=TINY)
