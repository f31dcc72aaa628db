"""Utterances joined to one speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import Audio, Cancelled, StudioError
from studio.testing import TestContext
from studio_speech.marks import Marks
from studio_speech.narrate import Pacing, fade_ends, narrate
from studio_speech.nodes.speaking import say_text
from studio_speech.script import Span
from studio_speech.spoken import Spoken
from studio_speech.utterances import Utterance, find_words


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


class Beeper:
    """Says each utterance as a constant level for 10 ms a letter; where words begin is known if asked for."""

    def __init__(self, *, times_known: bool = True, rate: int = 1000) -> None:
        self.times_known, self.rate = times_known, rate

    def speak(self, utterance: Utterance) -> Spoken:
        samples = np.full(10 * len(utterance.text), 0.5, np.float32)
        starts = [10 * start for start, _ in find_words(utterance.text)]
        return Spoken(samples, self.rate, starts if self.times_known else None)


def narrate_texts(*utterances: Utterance, folder: Path, speaker: Beeper | None = None) -> tuple[Audio, Marks]:
    pacing = Pacing(lead=0.1, sentence=0.2, paragraph=0.5)
    return narrate(utterances, speaker or Beeper(), pacing, 2.0, folder, lambda *_: None)


def test_silence_lies_before_after_sentences_after_paragraphs_and_not_at_the_end(tmp_path: Path) -> None:
    audio, marks = narrate_texts(
        Utterance((Span("ab"),)),
        Utterance((Span("cd"),), ends_paragraph=True),
        Utterance((Span("ef"),), ends_sentence=False),
        Utterance((Span("gh"),), pause=0.05),
        Utterance((Span("ij"),)),
        folder=tmp_path,
    )

    loud = np.flatnonzero(np.diff(np.pad(audio.samples[:, 0] != 0, 1).astype(int)))
    starts, ends = loud[::2], loud[1::2]
    assert (starts[1:] - ends[:-1]).tolist() == pytest.approx([200, 500, 120, 50], abs=3)
    assert audio.duration == pytest.approx(0.1 + 5 * 0.02 + 0.2 + 0.5 + 0.12 + 0.05)
    assert [sentence.text for sentence in marks.sentences] == ["ab", "cd", "ef gh", "ij"]


def test_words_have_the_times_at_which_they_are_said(tmp_path: Path) -> None:
    _, known = narrate_texts(Utterance((Span("one three"),)), folder=tmp_path)
    _, guessed = narrate_texts(Utterance((Span("one three"),)), folder=tmp_path, speaker=Beeper(times_known=False))

    (sentence,) = known.sentences
    assert [(word.text, word.start, word.end) for word in sentence.words] == [
        ("one", 0.1, pytest.approx(0.14)),
        ("three", pytest.approx(0.14), pytest.approx(0.19)),
    ]
    assert (known.estimated, guessed.estimated) == (False, True)
    # four parts of ten for "one" and a space, six for "three" and one
    assert guessed.sentences[0].words[1].start == pytest.approx(0.1 + 0.09 * 4 / 10)


def test_ends_are_rounded_over_4_milliseconds_and_the_gain_is_a_factor() -> None:
    faded = fade_ends(np.ones(1000, np.float32), 10_000, 3.0)

    assert faded[[0, 999]].tolist() == [0, 0]
    assert faded[20] == pytest.approx(1.5, abs=0.01)
    assert (faded[40:960] == 3.0).all()
    assert fade_ends(np.ones(1, np.float32), 10_000, 1.0).tolist() == [1.0]


def test_a_speaker_that_makes_no_audio_is_an_error(tmp_path: Path) -> None:
    class Mute(Beeper):
        def speak(self, utterance: Utterance) -> Spoken:
            return Spoken(np.zeros(5, np.float32), 1000, [0])

    with pytest.raises(StudioError, match="E664"):
        narrate_texts(Utterance((Span("ab"),)), folder=tmp_path, speaker=Mute())
