"""Tests of scenes put together to one video."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Image, MediaError
from studio.testing import TestContext
from studio_video.nodes.generate import assemble_storyboard
from studio_video.storyboard import mix_voices, plan_scenes
from studio_video.subtitles import parse_subtitles

COLORS = (230, 120, 20)
PICTURES = [Image(np.full((30, 40, 3), level, np.uint8)) for level in COLORS]
SMALL: dict[str, Any] = {"width": 32, "height": 24, "fps": 10.0}


def make_tone(seconds: float, hertz: float = 440.0, channels: int = 1) -> Audio:
    """Return a tone at half loudness, 8 kHz."""
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(8000 * seconds)) / 8000)
    return Audio(np.repeat(wave[:, None], channels, axis=1).astype(np.float32), 8000)


def test_scenes_follow_each_other_and_pass_into_one_another() -> None:
    made = assemble_storyboard(TestContext(), PICTURES, scene_seconds=[2.0], transition_seconds=0.5, **SMALL)

    levels = [int(frame.image.to_uint8()[12, 16, 0]) for frame in made.video.frames()]
    assert made.starts == [0.0, 1.5, 3.0]
    assert len(levels) == made.video.count == 50
    assert (levels[0], levels[25], levels[-1]) == COLORS
    assert all(a >= b for a, b in pairwise(levels))
    assert COLORS[1] < levels[17] < COLORS[0]


def test_without_a_passage_there_are_cuts() -> None:
    made = assemble_storyboard(TestContext(), PICTURES, scene_seconds=[1.0, 2.0, 1.0], transition_seconds=0.0, **SMALL)

    assert made.starts == [0.0, 1.0, 3.0]
    assert {int(frame.image.to_uint8()[0, 0, 0]) for frame in made.video.frames()} == set(COLORS)


def test_a_scene_waits_for_its_voice_and_its_caption_is_read_with_it() -> None:
    voices = [make_tone(3.0), make_tone(0.5), make_tone(1.0)]

    said: dict[str, Any] = {"narrations": voices, "captions": ["One.", "", "Three."]}
    made = assemble_storyboard(
        TestContext(), PICTURES, **said, scene_seconds=[1.0], transition_seconds=0.5, pause=0.5, **SMALL
    )

    sound = made.video.audio
    assert made.starts == [0.0, 4.0, 5.5]
    assert sound is not None
    assert abs(sound.duration - made.video.duration) < 0.01
    loud = np.abs(sound.samples[:, 0]) > 0.2
    assert (loud.argmax() / 8000, made.starts[1] + 0.5) == (pytest.approx(0.5, abs=0.01), 4.5)
    assert not loud[int(3.6 * 8000) : int(4.4 * 8000)].any()
    cues = [(cue.start, cue.end, cue.lines) for cue in parse_subtitles(made.subtitles)]
    assert cues == [(0.5, 3.5, ("One.",)), (6.0, 7.0, ("Three.",))]


def test_music_plays_to_the_end_and_steps_back_for_voices() -> None:
    heard: dict[str, Any] = {"narrations": [make_tone(2.0), make_tone(0.01)], "music": make_tone(1.5, 300.0, 2)}
    made = assemble_storyboard(
        TestContext(), PICTURES[:2], **heard, scene_seconds=[6.0], transition_seconds=0.0, ducking=20.0, **SMALL
    )

    assert made.video.audio is not None
    samples = made.video.audio.samples
    assert samples.shape == (8000 * 12, 2)

    def loudness(start: float, end: float) -> float:
        return float(np.sqrt((samples[int(8000 * start) : int(8000 * end)] ** 2).mean()))

    assert loudness(9.0, 10.5) == pytest.approx(loudness(3.5, 5.0), rel=0.3)
    assert loudness(11.95, 12.0) < 0.1 * loudness(9.0, 10.5)


@pytest.mark.parametrize("voice_level", [1.0, 0.01])
def test_music_is_softer_only_while_a_voice_sounds(voice_level: float) -> None:
    spoken = voice_level * make_tone(2.0).samples
    silence = np.zeros((8000 * 2, 1), np.float32)
    voice = Audio(np.concatenate([spoken, silence, spoken]).astype(np.float32), 8000)
    steady = Audio(np.full((8000 * 10, 1), 0.1, np.float32), 8000)

    scenes = plan_scenes(PICTURES[:1], voices=[voice], captions=(), seconds=[10.0], moves=(), passage=1.0, pause=1.0)
    mixed = mix_voices(scenes, steady, music_level=-6.0, duck=12.0)

    assert mixed is not None
    laid = np.zeros(8000 * 10, np.float32)
    laid[8000 : 8000 * 7] = voice.samples[:, 0]
    music = mixed.samples[:, 0] - laid
    decibels = [20 * np.log10(np.abs(music[round(8000 * at)]) / 0.1) for at in (1.5, 2.9, 3.5, 4.0, 4.5, 5.1, 6.9, 7.5)]
    assert decibels == pytest.approx([-18, -18, -6, -6, -6, -18, -18, -6], abs=0.01)


def test_a_narration_of_silence_leaves_the_music_as_it_is() -> None:
    silence = Audio(np.full((8000 * 4, 1), 0.0005, np.float32), 8000)  # a noise floor of -66 dB
    steady = Audio(np.full((8000 * 6, 1), 0.1, np.float32), 8000)

    scenes = plan_scenes(PICTURES[:1], voices=[silence], captions=(), seconds=[6.0], moves=(), passage=1.0, pause=1.0)
    mixed = mix_voices(scenes, steady, music_level=0.0, duck=12.0)

    assert mixed is not None
    assert mixed.samples[8000 * 3, 0] == pytest.approx(0.1005, abs=1e-6)


def test_images_of_any_kind_are_scenes() -> None:
    pictures = [Image(np.zeros((1, 1, 1), np.uint8)), Image(np.ones((500, 3, 4), np.float32))]

    made = assemble_storyboard(TestContext(), pictures, scene_seconds=[0.5], transition_seconds=0.1, **SMALL)

    assert {frame.image.stored.shape for frame in made.video.frames()} == {(24, 32, 3)}
    assert made.subtitles == ""
    assert made.video.audio is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"captions": ["a"]},
        {"narrations": [make_tone(0.1)] * 2},
        {"scene_seconds": [1.0, 2.0]},
        {"scene_seconds": [0.0]},
    ],
)
def test_lists_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    for pictures in (PICTURES, []):
        with pytest.raises(MediaError) as caught:
            assemble_storyboard(TestContext(), pictures, **wrong)
        assert caught.value.code == "E720"


def test_a_scene_lasts_longer_than_the_passages_at_its_ends() -> None:
    made = assemble_storyboard(
        TestContext(), [Image(np.full((16, 16, 3), level, np.uint8)) for level in (10, 200, 90)],
        scene_seconds=[0.2], transition_seconds=1.0, fps=4.0, width=16, height=16,
    )  # fmt: skip

    assert made.starts == pytest.approx([0.0, 1.1, 2.2])
    assert made.video.duration == pytest.approx(4.3, abs=0.26)


def test_an_anchor_keeps_the_top_of_a_portrait_in_view() -> None:
    portrait = np.full((80, 20, 3), 20, np.uint8)
    portrait[:15] = 230  # the head
    images = [Image(portrait)] * 2

    made = assemble_storyboard(
        TestContext(),
        images,
        scene_seconds=[1.0],
        moves=["still"],
        transition_seconds=0.0,
        anchors=["top", "center"],
        **SMALL,
    )

    first, *_, last = [frame.image.to_uint8() for frame in made.video.frames()]
    assert first[0].min() > 200
    assert last.max() < 40
    assert len(list(made.video.frames())) == 20


def test_there_is_an_anchor_for_each_scene_or_one_for_all() -> None:
    with pytest.raises(MediaError, match="3 images and 2 anchors"):
        assemble_storyboard(TestContext(), PICTURES, anchors=["top", "left"], **SMALL)
