"""Speech written down, with networks of tiny random weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from studio.api import Audio, ModelError
from studio.testing import TestContext
from studio_speech.nodes.listening import write_down
from studio_speech.nodes.speaking import say_text
from tests.plugins.studio_speech.conftest import TINY

TEXT = "Dr. Smith has 25 apples. It rains."
Open = Callable[..., TestContext]


def make_noise(seconds: float, rate: int = 22_050) -> Audio:
    return Audio(np.random.default_rng(0).standard_normal(int(seconds * rate)).astype(np.float32) * 0.1, rate)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 3.0])
@pytest.mark.parametrize("name", ["whisper", "wav2vec2"])
def test_silence_and_no_audio_at_all_say_nothing(open_tiny: Open, name: str, seconds: float) -> None:
    silence = Audio(np.zeros((int(seconds * 48_000), 2), np.float32), 48_000)

    assert write_down(open_tiny(name), silence, TINY).text == ""


def test_a_model_that_listens_does_not_speak_nor_the_other_way(open_tiny: Open) -> None:
    with pytest.raises(ModelError, match="E667"):
        say_text(open_tiny("whisper"), TEXT, model=TINY)
    with pytest.raises(ModelError, match="E667"):
        write_down(open_tiny("vits"), make_noise(1), TINY)
