"""speech.say with espeak-ng: what is heard is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Audio, StudioError
from studio.testing import TestContext
from studio_speech.nodes.speaking import say_text

TEXT = "The boy was there when the sun rose, and a large size in stockings is hard to sell."


def measure_pitch(sound: Audio) -> float:
    """Return the median fundamental of the voiced frames, in hertz, by autocorrelation."""
    size, found = int(0.04 * sound.rate), []
    for start in range(0, sound.frames - size, size // 2):
        frame = sound.samples[start : start + size, 0] * np.hanning(size)
        likeness = np.correlate(frame, frame, "full")[size - 1 :]
        low, high = sound.rate // 400, sound.rate // 50
        lag = low + int(np.argmax(likeness[low:high]))
        if likeness[0] > 1e-2 and likeness[lag] > 0.4 * likeness[0]:
            found.append(sound.rate / lag)
    return float(np.median(found))


def measure_level(sound: Audio) -> float:
    return float(10 * np.log10(np.mean(sound.samples.astype(np.float64) ** 2)))


def list_words(marks: Any) -> list[dict[str, Any]]:
    return [word for sentence in marks["sentences"] for word in sentence["words"]]


@pytest.fixture(scope="module")
def plain() -> Audio:
    context = TestContext()
    said = say_text(context, TEXT).audio
    context.close()
    return said


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.5, 2.5])
def test_duration_follows_the_rate_within_five_percent(ctx: TestContext, plain: Audio, rate: float) -> None:
    said = say_text(ctx, TEXT, speed=rate).audio

    assert plain.duration / said.duration == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("pitch", [-6.0, -3.0, 4.0, 8.0])
def test_the_median_pitch_follows_within_a_semitone_and_the_speed_stays(
    ctx: TestContext, plain: Audio, pitch: float
) -> None:
    said = say_text(ctx, TEXT, semitones=pitch).audio

    assert 12 * np.log2(measure_pitch(said) / measure_pitch(plain)) == pytest.approx(pitch, abs=1.0)
    assert said.duration == pytest.approx(plain.duration, rel=0.03)


def test_volume_is_exact_and_inside_a_sentence_nearly_so(ctx: TestContext, plain: Audio) -> None:
    louder = say_text(ctx, TEXT, gain=6.0).audio
    inside = say_text(ctx, f'<speak><prosody volume="-6dB">{TEXT}</prosody></speak>').audio

    assert measure_level(louder) - measure_level(plain) == pytest.approx(6.0, abs=0.01)
    assert measure_level(inside) - measure_level(plain) == pytest.approx(-6.0, abs=0.7)


def test_another_speaker_has_another_pitch(ctx: TestContext, plain: Audio) -> None:
    assert measure_pitch(say_text(ctx, TEXT, voice="F2").audio) > 1.5 * measure_pitch(plain)


def test_marks_rise_and_lie_within_the_audio(ctx: TestContext) -> None:
    said = say_text(ctx, f"Dr. Smith paid $5.50 on 2026-11-21 — really? {TEXT}\n\nIt was 25 km away.")

    words = list_words(said.marks)
    times = [time for word in words for time in (word["start"], word["end"])]
    assert [sentence["text"] for sentence in said.marks["sentences"]][2] == "It was 25 km away."
    assert [word["text"] for word in words][:6] == ["Dr.", "Smith", "paid", "$5.50", "on", "2026-11-21 —"]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= said.audio.duration + 0.001
    assert said.marks["seconds"] == pytest.approx(said.audio.duration, abs=0.001)
    assert not said.marks["estimated"]


def test_word_marks_are_where_audio_begins_after_a_gap(ctx: TestContext) -> None:
    said = say_text(ctx, "one, two, three, four, five, six")
    size = said.audio.rate // 100
    level = np.abs(said.audio.samples[: said.audio.frames // size * size, 0]).reshape(-1, size).max(axis=1)

    quiet = level < 0.01
    onsets = [i / 100 for i in range(6, len(quiet)) if quiet[i - 6 : i].all() and not quiet[i]]
    starts = [word["start"] for word in list_words(said.marks)]
    assert len(onsets) >= 3
    assert all(min(abs(start - onset) for start in starts) < 0.08 for onset in onsets)


def test_word_marks_follow_a_change_of_delivery(ctx: TestContext) -> None:
    plain, mixed = (
        say_text(ctx, f"<speak>one {text} four <sub alias='a b c'>X</sub> five</speak>")
        for text in ("two three", '<prosody rate="50%" pitch="+3st">two three</prosody>')
    )

    lengths = [
        {word["text"]: word["end"] - word["start"] for word in list_words(said.marks)} for said in (plain, mixed)
    ]
    before, after = lengths
    assert list(before) == list(after) == ["one", "two", "three", "four", "X", "five"]
    slowed = (after["two"] + after["three"]) / (before["two"] + before["three"])
    assert slowed == pytest.approx(2.0, abs=0.45)
    assert after["one"] == pytest.approx(before["one"], abs=0.06)
    assert after["four"] + after["X"] == pytest.approx(before["four"] + before["X"], rel=0.2)


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Guten Tag, das ist gut.", "de", 5),
        ("Bonjour à tous.", "fr-ca", 3),
        ("你好世界。", "zh", 4),
        ("Привет, мир!", "ru", 2),
        ("नमस्ते दुनिया।", "Hindi", 2),
        ("مرحبا بالعالم", "AR", 2),
    ],
)
def test_other_languages_and_scripts_are_said(ctx: TestContext, text: str, language: str, words: int) -> None:
    said = say_text(ctx, text, language=language)

    assert said.audio.duration > 0.5
    assert len(list_words(said.marks)) == words


@pytest.mark.parametrize(
    "text", ["", "  \n\t", "?!...", "— … «»", "\x00\x07", "<speak></speak>", "<speak><break/></speak>"]
)
def test_a_text_with_nothing_to_say_is_an_error(ctx: TestContext, text: str) -> None:
    with pytest.raises(StudioError) as caught:
        say_text(ctx, text)

    assert caught.value.code == "E660"


def test_control_characters_are_left_out_and_cannot_command_the_voice(ctx: TestContext) -> None:
    plain = say_text(ctx, "one 300S two").audio

    assert say_text(ctx, "one \x01300S two").audio.duration == pytest.approx(plain.duration, rel=0.02)
    assert ctx.messages == ["control characters and the like are left out of the text"]


def test_emoji_lone_surrogates_and_markup_in_plain_text_are_said(ctx: TestContext) -> None:
    assert say_text(ctx, "🙂").audio.duration > 0.5
    assert say_text(ctx, "\ud800 hi").audio.duration > 0.1
    assert say_text(ctx, '$(touch x); `ls` | rm -rf "/" --version', markup="text").audio.duration > 1
    assert (
        say_text(ctx, "<speak>hi</speak>", markup="text").audio.duration
        > say_text(ctx, "<speak>hi</speak>").audio.duration
    )


def test_a_word_of_three_thousand_letters_is_said_in_pieces(ctx: TestContext) -> None:
    said = say_text(ctx, "x" * 3000, speed=2.5)

    assert said.audio.duration > 20
    assert len(ctx.steps) == 9
    assert len(said.marks["sentences"]) == 1


def test_japanese_kanji_are_told_not_to_be_read(ctx: TestContext) -> None:
    say_text(ctx, "日本", language="ja")

    assert "kanji" in ctx.messages[0]
