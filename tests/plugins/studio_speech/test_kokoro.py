"""Kokoro as a speaker: what it is asked, what it answers, and when its words begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.api import Model, ModelError, StudioError
from studio.testing import TestContext, check_model_opener
from studio_speech.kokoro import KokoroSpeaker
from studio_speech.kokoro_alphabet import LETTERS
from studio_speech.nodes.speaking import say_text
from studio_speech.opener import SpeechOpener
from studio_speech.script import Delivery, Span
from studio_speech.utterances import Utterance
from tests.onnx_files import write_affine, write_speaker

NAMES = ["af_heart", "bf_emma", "ff_siwis"]


class FakeVoice:
    """Says a tenth of a second for each letter, after as much silence; remembers what it was asked."""

    names = NAMES

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, float]] = []

    def say(self, letters: Sequence[int], name: str, speed: float) -> tuple[np.ndarray, np.ndarray]:
        by_number = {number: letter for letter, number in LETTERS.items()}
        self.asked.append(("".join(by_number[each] for each in letters), name, speed))
        audio = np.zeros(2400 * (len(letters) + 2), np.float32)
        audio[2400:-2400] = 0.5
        return audio, 2400.0 * np.arange(1, len(letters) + 1)


def make_speaker(voice: FakeVoice, name: str = "", language: str = "en-us") -> KokoroSpeaker:
    return KokoroSpeaker(voice, name, language, 1.0, lambda _: None)  # type: ignore[arg-type]


def write_kokoro(folder: Path, names: Sequence[str] = NAMES) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(write_speaker())
    save_file({name: np.zeros((510, 1, 256), np.float32) for name in names}, folder / "voices.safetensors")
    return folder


@pytest.fixture
def runtime() -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra studio[onnx]")


def test_a_sentence_is_asked_in_letters_with_its_punctuation() -> None:
    voice = FakeVoice()

    make_speaker(voice).speak(Utterance((Span("Hello world."),)))

    assert voice.asked == [("həlˈO wˈɜɹld.", "af_heart", 1.0)]


def test_words_begin_where_the_durations_say() -> None:
    spoken = make_speaker(FakeVoice()).speak(Utterance((Span("Hello world."),)))

    # 40 ms of the silence before the sound are kept; "həlˈO " is six letters of a tenth of a second
    assert spoken.starts == [960, 960 + 6 * 2400]
    assert len(spoken.samples) == 13 * 2400 + 2 * 960 - 1
    assert spoken.rate == 24_000


@pytest.mark.parametrize(
    ("language", "name"), [("en-gb", "bf_emma"), ("fr-ca", "ff_siwis"), ("French", "ff_siwis"), ("en-us", "af_heart")]
)
def test_each_language_has_its_voice(language: str, name: str) -> None:
    voice = FakeVoice()

    make_speaker(voice, language=language).speak(Utterance((Span("Bon."),)))

    assert voice.asked[0][1] == name


def test_a_voice_reads_any_of_the_languages() -> None:
    voice = FakeVoice()

    make_speaker(voice, "bf_emma", "fr").speak(Utterance((Span("oui"),)))

    assert voice.asked == [("wˈi", "bf_emma", 1.0)]


def test_ssml_changes_the_language_and_the_speed() -> None:
    voice = FakeVoice()
    span = Span("oui", Delivery(rate=1.5, language="fr"))

    make_speaker(voice).speak(Utterance((span,), language="fr"))

    assert voice.asked == [("wˈi", "ff_siwis", 1.5)]


def test_an_unknown_voice_is_an_error_that_names_some() -> None:
    with pytest.raises(StudioError, match="E661") as raised:
        make_speaker(FakeVoice(), "af_hart")

    assert "af_heart" in str(raised.value.hint)


def test_a_language_that_it_does_not_speak_is_an_error_that_lists_those() -> None:
    with pytest.raises(StudioError, match="E661") as raised:
        make_speaker(FakeVoice(), language="de").speak(Utterance((Span("Haus"),)))

    assert "en-us, en-gb, fr, es, it, pt-br" in str(raised.value.hint)


def test_a_long_sentence_is_said_in_pieces_and_keeps_its_words() -> None:
    voice = FakeVoice()
    text = " ".join(["wonderful"] * 60)

    spoken = make_speaker(voice).speak(Utterance((Span(text),)))

    assert len(voice.asked) > 1
    assert all(len(letters) <= 300 for letters, _, _ in voice.asked)
    assert len(spoken.starts or ()) == 60
    assert list(spoken.starts or ()) == sorted(set(spoken.starts or ()))


def test_a_sentence_that_goes_on_ends_with_a_comma() -> None:
    voice = FakeVoice()

    make_speaker(voice).speak(Utterance((Span("oh"),), ends_sentence=False))

    assert voice.asked[0][0].endswith(",")


def test_a_network_that_returns_nan_is_an_error() -> None:
    class Broken(FakeVoice):
        def say(self, letters: Sequence[int], name: str, speed: float) -> tuple[np.ndarray, np.ndarray]:
            return np.full(9, np.nan, np.float32), np.zeros(len(letters))

    with pytest.raises(ModelError, match="E669"):
        make_speaker(Broken()).speak(Utterance((Span("oh"),)))


@pytest.mark.usefixtures("runtime")
def test_the_node_type_speaks_with_marks_that_are_not_estimated(tmp_path: Path) -> None:
    path = write_kokoro(tmp_path / "kokoro")
    model = Model(f"file:{path}")
    opened = SpeechOpener().open(path, model, device="cpu", dtype="float32", parts={})

    said = say_text(TestContext(models={model.reference: opened}), "Hello world.", model=model)

    assert said.audio.rate == 24_000
    assert isinstance(said.marks, dict)
    assert said.marks["estimated"] is False
    (sentence,) = said.marks["sentences"]
    # the tone sounds in the silence too: a tenth of a second before the first letter, and six letters
    assert [word["start"] for word in sentence["words"]] == pytest.approx([0.1, 0.7], abs=0.001)


@pytest.mark.usefixtures("runtime")
def test_a_faster_speed_makes_the_letters_shorter(tmp_path: Path) -> None:
    path = write_kokoro(tmp_path / "kokoro")
    opened = SpeechOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})

    (slow, _), (fast, _) = (opened.say([50, 83], "af_heart", speed) for speed in (1.0, 2.0))

    assert len(slow) == 2 * len(fast)


@pytest.mark.usefixtures("runtime")
def test_the_opener_keeps_its_promises(tmp_path: Path) -> None:
    path = write_kokoro(tmp_path / "kokoro")

    assert SpeechOpener().find_kind(path, Model(f"file:{path}")) == "speaker"
    check_model_opener(SpeechOpener(), path)


@pytest.mark.usefixtures("runtime")
def test_a_network_with_other_inputs_is_refused(tmp_path: Path) -> None:
    path = write_kokoro(tmp_path / "kokoro")
    (path / "model.onnx").write_bytes(write_affine())

    with pytest.raises(ModelError, match="E668") as raised:
        SpeechOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})

    assert "takes x" in str(raised.value)


@pytest.mark.usefixtures("runtime")
def test_a_damaged_voice_is_refused_when_it_speaks(tmp_path: Path) -> None:
    path = write_kokoro(tmp_path / "kokoro")
    save_file({"af_heart": np.full((2, 1, 256), np.nan, np.float32)}, path / "voices.safetensors")
    opened = SpeechOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})

    with pytest.raises(ModelError, match="'af_heart' that is damaged"):
        opened.say([50], "af_heart", 1.0)


@pytest.mark.usefixtures("runtime")
def test_a_folder_without_voices_in_the_file_is_refused(tmp_path: Path) -> None:
    path = write_kokoro(tmp_path / "kokoro", [])

    with pytest.raises(ModelError, match="contains no voices"):
        SpeechOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
