"""Audio for tests: tones, streams, and memory that is small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.errors import MediaError
from studio.settings import MediaLimits

AUDIO, LIMITS = AudioType(), MediaLimits()

RNG = np.random.default_rng(5)

GRAPH = json.dumps({"studio": 1, "title": "Größe \u0001 <&>"})


def make_tone(seconds: float = 1.0, rate: int = 44_100, channels: int = 2) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio(np.stack([0.5 * np.sin(2 * np.pi * 440 * (c + 1) * time) for c in range(channels)], axis=1), rate)


def make_stream(samples: np.ndarray, sizes: int, frames: int | None = None, rate: int = 8000) -> Audio:
    def create_blocks() -> list[np.ndarray]:
        return [samples[at : at + sizes] for at in range(0, len(samples), sizes)]

    return Audio.from_blocks(create_blocks, rate=rate, channels=samples.shape[1], frames=frames)


def check_refused(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as caught:
        AUDIO.read_file(path, limits)
    assert caught.value.code == "E511"
    assert caught.value.where == str(path)
    assert caught.value.hint
    return caught.value.message
