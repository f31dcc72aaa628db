"""Long audio goes through the node types block by block, and comes out as short audio does."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, AudioType, MediaError, MediaLimits
from studio.testing import TestContext
from studio_audio.nodes import edits, effects, levels, music, sources, spectra, time
from tests.plugins.studio_audio.signals import make_noise

RATE = 8000
SHORT = Audio(
    np.clip(
        make_noise(4.0, rate=RATE, channels=2).samples * np.linspace(0.2, 6, 4 * RATE, dtype=np.float32)[:, None], -1, 1
    ),
    RATE,
)


def stream(sound: Audio, size: int = 3001) -> Audio:
    """The same sound as a stream of blocks of an odd size."""
    return Audio.from_blocks(lambda: sound.blocks(size), rate=sound.rate, channels=sound.channels, frames=sound.frames)


@pytest.fixture(autouse=True)
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 4 * RATE)
    names = ("blocks", "dynamics", "join", "stretch", "levels", "reverb", "denoise", "separate")
    for module in [import_module(f"studio_audio.{name}") for name in names]:  # all, before one takes over what is small
        monkeypatch.setattr(module, "BLOCK", 8192)


EDITS: dict[str, Callable[[Any, Audio], Audio]] = {
    "trim": lambda ctx, a: edits.trim_audio(ctx, a, start=0.3, seconds=5.0, pad_end=True),
    "concatenate": lambda ctx, a: edits.concatenate_audio(ctx, [a, SHORT, a], gap=0.4),
    "overlap": lambda ctx, a: edits.concatenate_audio(ctx, [a, a, a], gap=-1.3),
    "crossfade": lambda ctx, a: edits.crossfade_audio(ctx, a, a, fade_seconds=2.5),
    "mix": lambda ctx, a: edits.mix_audio(ctx, [a, a], gains=[-3.0, 2.0], offsets=[0.0, 1.7]),
    "fade": lambda ctx, a: edits.fade_audio(ctx, a, fade_in=1.5, fade_out=3.9),
    "trim silence": lambda ctx, a: edits.trim_silence(ctx, a, threshold=-16.0).audio,
    "stereo": lambda ctx, a: edits.change_channels(ctx, a, layout="swap"),
    "select": lambda ctx, a: edits.change_channels(ctx, a, layout="select", select=[2, 1, 1]),
    "reverse": lambda ctx, a: edits.reverse_audio(ctx, a),
    "gain": lambda ctx, a: levels.change_gain(ctx, a, gain=-3.0),
    "normalize": lambda ctx, a: levels.normalize_audio(ctx, a, loudness=-6.0).audio,
    "normalize softly": lambda ctx, a: levels.normalize_audio(ctx, a, loudness=-3.0, peaks="reduce").audio,
    "compress": lambda ctx, a: levels.compress_audio(ctx, a).audio,
    "limit": lambda ctx, a: levels.limit_audio(ctx, a, ceiling=-9.0),
    "limit samples": lambda ctx, a: levels.limit_audio(ctx, a, ceiling=-9.0, true_peak=False, lookahead=0.05),
    "equalize": lambda ctx, a: effects.equalize_audio(ctx, a, bass=3.0, high_cut=3000.0),
    "reverb": lambda ctx, a: effects.add_reverb(ctx, a, decay_seconds=0.7),
    "room alone": lambda ctx, a: effects.add_reverb(ctx, a, decay_seconds=1.7, keep_tail=False, mix=1.0),
    "resample": lambda ctx, a: time.resample_audio(ctx, a, sample_rate=11_025),
    "stretch": lambda ctx, a: time.stretch_time(ctx, a, speed=1.3),
    "stretch tones": lambda ctx, a: time.stretch_time(ctx, a, speed=0.6, method="tones"),
    "pitch": lambda ctx, a: time.shift_pitch(ctx, a, semitones=-3.0),
    "denoise": lambda ctx, a: effects.denoise_audio(ctx, a).audio,
    "removed noise": lambda ctx, a: effects.denoise_audio(ctx, a, noise_profile=SHORT).noise,
    "harmonic": lambda ctx, a: time.split_harmonic_percussive(ctx, a).harmonic,
    "percussive": lambda ctx, a: time.split_harmonic_percussive(ctx, a, margin=2.0).percussive,
    "rest": lambda ctx, a: time.split_harmonic_percussive(ctx, a, margin=2.0).rest,
}


@pytest.mark.parametrize("name", EDITS)
def test_long_audio_comes_out_as_short_audio_does(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ctx = TestContext()

    made = EDITS[name](ctx, stream(SHORT))

    blocks = list(made.blocks(1000))
    long = made.is_long
    ctx.close()
    with monkeypatch.context() as larger:
        larger.setattr("studio.api.audio_blocks.HELD_VALUES", 2**40)
        expected = EDITS[name](TestContext(), SHORT)
        assert long == (expected.frames * expected.channels > 4 * RATE)
        assert (made.rate, made.channels, made.frames) == (expected.rate, expected.channels, expected.frames)
        np.testing.assert_array_equal(np.concatenate(blocks), expected.samples)


def test_facts_of_long_audio_are_those_of_short_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = sources.describe_audio(TestContext(), stream(SHORT))

    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 2**40)
    assert facts == sources.describe_audio(TestContext(), SHORT)
    assert facts.facts["clipped"] > 0


def test_work_on_long_audio_holds_no_more_than_some_blocks(tmp_path: Path) -> None:
    """The stream counts what is alive of it: every block is let go of soon after it was read."""
    alive: set[int] = set()
    most = 0

    class Block(np.ndarray):
        def __del__(self) -> None:
            alive.discard(id(self))

    def create_blocks() -> Any:
        nonlocal most
        for index in range(200):
            block = np.random.default_rng(index).uniform(-0.9, 0.9, (1000, 1)).astype(np.float32).view(Block)
            alive.add(id(block))
            most = max(most, len(alive))
            yield block

    long = Audio.from_blocks(create_blocks, rate=RATE, channels=1, frames=200_000)
    ctx = TestContext()
    made = time.stretch_time(ctx, levels.normalize_audio(ctx, long, loudness=-5.0).audio, speed=1 / 1.5, method="tones")
    AudioType().write_file(made, tmp_path / "a.flac", None)
    ctx.close()

    assert AudioType().read_file(tmp_path / "a.flac", MediaLimits()).frames == 300_000
    assert most < 100


def test_what_needs_audio_whole_refuses_one_of_more_than_an_hour() -> None:
    hours = sources.make_silence(TestContext(), seconds=5 * 3600.0, sample_rate=48_000, channels=2)

    assert hours.is_long
    with pytest.raises(MediaError, match="too long to be held whole") as caught:
        spectra.plot_audio(TestContext(), hours)
    assert "audio.trim" in caught.value.hint
    with pytest.raises(MediaError) as caught:
        sources.make_noise(TestContext(), seconds=5 * 3600.0, sample_rate=48_000, channels=2)
    assert caught.value.code == "E640"
    with pytest.raises(MediaError) as caught:
        music.make_soundtrack(TestContext(), make_noise(5.0, rate=48_000, channels=2), seconds=7200.0)
    assert caught.value.code == "E640"
