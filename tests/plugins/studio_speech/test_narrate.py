"""Utterances joined to one speech."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Cancelled, StudioError
from studio.testing import TestContext
from studio_speech.nodes.speaking import say_text


def test_pauses_are_as_long_as_asked_and_the_rest_stays(ctx: TestContext) -> None:
    short = say_text(ctx, "One. Two.\n\nThree.", sentence_pause=0.2, paragraph_pause=0.5).audio
    long = say_text(ctx, "One. Two.\n\nThree.", sentence_pause=1.2, paragraph_pause=2.5).audio
    broken = say_text(ctx, '<speak><break time="1s"/>One<break time="2s"/>two.<break time="3s"/></speak>').audio

    assert long.duration - short.duration == pytest.approx(3.0, abs=0.001)
    assert np.all(broken.samples[: broken.rate] == 0)
    assert np.all(broken.samples[-3 * broken.rate :] == 0)
    assert broken.duration > 6.5


def test_sentences_join_without_clicks(ctx: TestContext) -> None:
    said = say_text(ctx, "Stop it now. Aah! Eat. Up and away we go.", sentence_pause=0.0)
    sound, jumps = said.audio.samples[:, 0], np.abs(np.diff(said.audio.samples[:, 0]))

    seams = [round(sentence["start"] * said.audio.rate) for sentence in said.marks["sentences"][1:]]
    at_seams = max(float(jumps[seam - 12 : seam + 12].max()) for seam in seams)
    assert len(seams) == 3
    assert at_seams < 0.02  # measured below 0.01; within the voice steps reach 0.2
    assert at_seams < float(jumps.max()) / 4
    assert abs(float(sound[0])) < 1e-6
    assert abs(float(sound[-1])) < 1e-6


def test_speech_is_cancelled_between_sentences() -> None:
    ctx = TestContext(cancel_at_step=2)

    with pytest.raises(Cancelled):
        say_text(ctx, "One. Two. Three. Four.")

    ctx.close()
    assert ctx.steps == [(0, 4), (1, 4)]


def test_speech_over_six_hours_is_refused_before_it_is_made(ctx: TestContext) -> None:
    pauses = '<break time="60s"/>' * 400

    with pytest.raises(StudioError, match="E665"):
        say_text(ctx, f"<speak>a{pauses}</speak>")


def test_a_long_speech_is_read_from_its_file_and_sounds_alike(
    ctx: TestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(f"This is sentence number {number}." for number in range(1, 6))
    held = say_text(ctx, text).audio
    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 22_050)
    long_ctx = TestContext()

    said = say_text(long_ctx, text).audio

    assert (said.is_long, said.byte_size) == (True, 0)
    assert list(said.blocks(500))[3].shape == (500, 1)
    assert np.array_equal(np.concatenate(list(said.blocks(1000))), held.samples)
    long_ctx.close()
