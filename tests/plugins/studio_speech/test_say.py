"""speech.say with espeak-ng: what is heard is measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Cancelled, StudioError
from studio.testing import TestContext
from studio_speech import espeak
from studio_speech.espeak import Installation, find_installations
from studio_speech.nodes.speaking import list_voices, say_text

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


def test_the_same_text_gives_the_same_samples(ctx: TestContext, plain: Audio) -> None:
    assert say_text(ctx, TEXT).audio == plain
    assert plain.rate == 22_050
    assert plain.channels == 1
    assert -30 < measure_level(plain) < -10


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.5, 2.5])
def test_duration_follows_the_rate_within_five_percent(ctx: TestContext, plain: Audio, rate: float) -> None:
    said = say_text(ctx, TEXT, rate=rate).audio

    assert plain.duration / said.duration == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("pitch", [-6.0, -3.0, 4.0, 8.0])
def test_the_median_pitch_follows_within_a_semitone_and_the_speed_stays(
    ctx: TestContext, plain: Audio, pitch: float
) -> None:
    said = say_text(ctx, TEXT, pitch=pitch).audio

    assert 12 * np.log2(measure_pitch(said) / measure_pitch(plain)) == pytest.approx(pitch, abs=1.0)
    assert said.duration == pytest.approx(plain.duration, rel=0.03)


def test_volume_is_exact_and_inside_a_sentence_nearly_so(ctx: TestContext, plain: Audio) -> None:
    louder = say_text(ctx, TEXT, volume=6.0).audio
    inside = say_text(ctx, f'<speak><prosody volume="-6dB">{TEXT}</prosody></speak>').audio

    assert measure_level(louder) - measure_level(plain) == pytest.approx(6.0, abs=0.01)
    assert measure_level(inside) - measure_level(plain) == pytest.approx(-6.0, abs=0.7)


def test_another_speaker_has_another_pitch(ctx: TestContext, plain: Audio) -> None:
    assert measure_pitch(say_text(ctx, TEXT, voice="F2").audio) > 1.5 * measure_pitch(plain)


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


def test_marks_rise_and_lie_within_the_sound(ctx: TestContext) -> None:
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


def test_word_marks_are_where_sound_begins_after_a_gap(ctx: TestContext) -> None:
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


@pytest.mark.parametrize(
    ("inputs", "hint"),
    [({"language": "germann"}, "'de'"), ({"language": "qq"}, "speech.voices"), ({"language": "qq-us"}, "speech.voices"),
     ({"language": "en-us;rm"}, "'en-us'"), ({"language": "en-banana"}, "speech.voices"), ({"language": "-"}, ""),
     ({"voice": "alicja"}, "'Alicia'"), ({"voice": "../../etc/passwd"}, "speech.voices"),
     ({"voice": "f2+x"}, "'f2'")],
)  # fmt: skip
def test_an_unknown_language_or_voice_names_the_nearest(ctx: TestContext, inputs: Any, hint: str) -> None:
    with pytest.raises(StudioError) as caught:
        say_text(ctx, "hi", **inputs)

    assert caught.value.code == "E661"
    assert hint in caught.value.hint


@pytest.mark.parametrize(("language", "taken"), [("en-uk", "en"), ("de-AT", "de"), ("sr_Latn_RS", "sr")])
def test_a_region_or_script_that_is_not_there_is_left_out_and_told(ctx: TestContext, language: str, taken: str) -> None:
    assert say_text(ctx, "hi", language=language).audio.duration > 0.1

    assert ctx.messages == [f"no voice for {language!r}; {taken!r} is used"]


def test_an_unknown_language_within_ssml_is_an_error(ctx: TestContext) -> None:
    with pytest.raises(StudioError, match="en-us;rm"):
        say_text(ctx, '<speak>one <lang xml:lang="en-us;rm">two</lang></speak>')


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
    said = say_text(ctx, "x" * 3000, rate=2.5)

    assert said.audio.duration > 20
    assert len(ctx.steps) == 9
    assert len(said.marks["sentences"]) == 1


def test_japanese_kanji_are_told_not_to_be_read(ctx: TestContext) -> None:
    say_text(ctx, "日本", language="ja")

    assert "kanji" in ctx.messages[0]


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


def test_voices_are_listed_and_filtered(ctx: TestContext) -> None:
    everything, english = list_voices(ctx), list_voices(ctx, language="en")

    assert len(everything["languages"]) > 100
    assert {"f2", "m3", "Alicia"} <= set(everything["speakers"])
    assert {"en-us", "en-gb"} <= {each["language"] for each in english["languages"]}
    assert all(each["name"].startswith("English") for each in english["languages"])
    assert [each["language"] for each in list_voices(ctx, language="German")["languages"]] == ["de"]


# -- the process ----------------------------------------------------------------------------------------------


def test_nothing_of_espeak_is_loaded_into_this_process() -> None:
    code = (
        "import sys; from studio.testing import TestContext; from studio_speech.nodes.speaking import say_text;"
        "ctx = TestContext(); say_text(ctx, 'hello'); ctx.close();"
        "print('espeakng_loader' in sys.modules, 'torch' in sys.modules, 'espeak' in open('/proc/self/maps').read())"
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["False", "False", "False"]


def test_a_text_never_reaches_a_command_line(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda command, **rest: seen.append((command, rest)) or real(command, **rest)
    )

    say_text(ctx, "wombat", voice="f2")

    assert len(seen) == 2
    assert all("wombat" not in str(command) and "f2" not in str(command) for command, _ in seen)
    assert not any(rest.get("shell") for _, rest in seen)


def test_the_system_library_speaks_where_the_package_is_not(
    tmp_path: Path, ctx: TestContext, plain: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = next(find_installations())
    assert packaged.data is not None
    (tmp_path / "libespeak-ng.so.1").symlink_to(packaged.library)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))  # what a system's library lies on
    monkeypatch.setenv("ESPEAK_DATA_PATH", str(Path(packaged.data).parent))
    monkeypatch.setattr(espeak.importlib.util, "find_spec", lambda name: None)

    installation, _ = espeak.open_installation()

    assert installation == Installation("libespeak-ng.so.1", None)
    assert say_text(ctx, TEXT).audio == plain


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


def test_no_espeak_at_all_is_an_error_that_says_what_to_type(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "find_installations", lambda: iter([Installation("/nowhere/libespeak-ng.so", None)]))

    with pytest.raises(StudioError) as caught:
        say_text(ctx, "hi")

    assert caught.value.code == "E663"
    assert "pip install espeakng-loader" in caught.value.hint


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        ("import time; time.sleep(60)", "did not answer within 1 seconds"),
        ("print('rubbish')", "ended before its answer did"),
        ("raise SystemExit(3)", "exit code 3"),
    ],
)
def test_a_process_that_dies_hangs_or_babbles_is_an_error(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(program, encoding="utf-8")
    monkeypatch.setattr(espeak, "_WORKER", worker)

    with pytest.raises(StudioError) as caught:
        espeak.ask(next(find_installations()), {"do": "voices"}, timeout=1 if "sleep" in program else 60)

    assert caught.value.code == "E664"
    assert words in caught.value.message
