"""Kokoro, a small network that speaks with 54 human voices: phonemes from espeak-ng, audio from an ONNX file.

Kokoro-82M by hexgrad is a StyleTTS 2 (Li et al. 2023). It takes letters of its own alphabet, a style that depends on
their number, and a speed. Its durations say when each letter is said, so that the times of words are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import ModelError, StudioError
from studio.api.onnx_network import OnnxEnd, OnnxNetwork, find_made_value, find_onnx_file, open_onnx
from studio_speech.espeak import Installation, open_installation
from studio_speech.kokoro_alphabet import LETTERS, PUNCTUATION, TIE, spell_phonemes
from studio_speech.kokoro_folder import list_voices, load_voice
from studio_speech.phonemes import PhonemeWord, write_phonemes
from studio_speech.spoken import Spoken, fill_gaps
from studio_speech.utterances import Utterance, find_words
from studio_speech.voices import find_voice, read_voices

if TYPE_CHECKING:
    import numpy.typing as npt

RATE = 24_000
DEFAULT_VOICES: Mapping[str, str] = {
    "en-us": "af_heart",
    "en-gb": "bf_emma",
    "fr": "ff_siwis",
    "es": "ef_dora",
    "it": "if_sara",
    "pt-br": "pf_dora",
}
"""The voice of each language that it speaks here, where none is named."""
_MOST_LETTERS = 300
"""More are said in pieces: beyond this it hurries, and takes much memory."""
_SILENCE, _SILENCE_SECONDS = 0.005, 0.04
"""What is softer, as a part of the peak, is silence; how much of it stays at both ends, as pauses are added later."""
_DURATIONS = ("Div", "Round", "Clip")
"""What makes the durations of the speed, in all exports of the network."""


class KokoroVoice:
    """An opened Kokoro.

    Attributes:
        network: The network.
        durations: The output that has the durations of letters; None if the file does not show it.
        names: Names of the voices.
    """

    def __init__(self, path: Path, device: str) -> None:
        file = find_onnx_file(path)
        assert file is not None  # the opener has looked
        self.durations = find_made_value(file, "speed", _DURATIONS)
        expose = {self.durations: OnnxEnd(self.durations, "float32", None)} if self.durations else {}
        self.network: OnnxNetwork = open_onnx(file, device=device, folder=path, expose=expose)
        names = {end.name for end in self.network.inputs}
        self._letters = next((name for name in ("tokens", "input_ids") if name in names), "")
        if names != {self._letters, "style", "speed"}:
            raise ModelError(
                "E668",
                f"{file.name!r} takes {', '.join(sorted(names))}, not letters, a style and a speed",
                where=str(file),
                hint="take an export of Kokoro: studio models get kokoro",
            )
        self._audio = self.network.outputs[0].name
        self._path = path
        self.names = list_voices(path)
        self._styles: dict[str, npt.NDArray[np.float32]] = {}

    def say(
        self, letters: Sequence[int], name: str, speed: float
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64] | None]:
        """Return the audio of some letters, and the frame at which each begins."""
        styles = self._load_style(name)
        given = {
            self._letters: np.array([[0, *letters, 0]]),
            "style": styles[min(len(letters), len(styles) - 1)][None],
            "speed": np.array([speed], np.float32),
        }
        found = self.network.run(given)
        audio = np.asarray(found[self._audio], np.float32).reshape(-1)
        if self.durations is None:
            return audio, None
        ends = np.cumsum(np.asarray(found[self.durations], np.float64).reshape(-1))
        return audio, ends[:-2] * (len(audio) / max(ends[-1], 1e-9))  # the first is of the silence before

    def _load_style(self, name: str) -> npt.NDArray[np.float32]:
        if name not in self._styles:
            self._styles[name] = load_voice(self._path, name)
        return self._styles[name]

    def measure(self) -> int:
        """Return the bytes of the weights and of the voices that were used."""
        return self.network.measure() + sum(styles.nbytes for styles in self._styles.values())

    def close(self) -> None:
        """Release the weights."""
        self.network.close()
        self._styles.clear()


@dataclass(frozen=True)
class KokoroSpeaker:
    """Says utterances with Kokoro.

    Attributes:
        voice: The network.
        name: Its voice; "" for that of the language.
        language: What the whole is written in.
        rate: Speed as a factor.
        log: Called with what cannot be done.
        unsaid: Receives the characters that are left out.
    """

    voice: KokoroVoice
    name: str
    language: str
    rate: float
    log: Callable[[str], None]
    unsaid: set[str] = field(default_factory=set)
    _chosen: dict[str, tuple[str, str]] = field(default_factory=dict)
    _espeak: list[tuple[Installation, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.name and self.name not in self.voice.names:
            near = [each for each in self.voice.names if each[:1] == self.name[:1]] or self.voice.names
            listed = ", ".join(near[:12]) + (", ..." if len(near) > 12 else "")
            raise StudioError("E661", f"unknown speaker {self.name!r} of this model", hint=f"there are: {listed}")

    def speak(self, utterance: Utterance) -> Spoken:
        """Say an utterance.

        Raises:
            StudioError: E661 for a language that it does not speak, E663 or E664 if espeak-ng is missing or fails.
            ModelError: E669 if it returns no audio.
        """
        deliveries = [span.delivery for span in utterance.spans]
        if any((each.pitch, each.range, each.volume) != (0.0, 1.0, 0.0) for each in deliveries):
            self.log("a model ignores the pitch, range and volume of SSML")
        language, espeak_voice = self._choose(utterance.language or self.language)
        installation = self._open_espeak()[0]
        words = write_phonemes(installation, espeak_voice, TIE, utterance, self.unsaid)
        letters, owners = _write_letters(words, language)
        if not utterance.ends_sentence and letters and letters[-1] not in _PAUSES:
            letters, owners = [*letters, LETTERS[","]], [*owners, owners[-1]]
        count = len(find_words(utterance.text))
        if not letters:
            return Spoken(np.zeros(0, np.float32), RATE, [0] * count)
        speed = self.rate * deliveries[0].rate
        return self._say(letters, owners, utterance, self._find_name(language), speed)

    def _say(
        self, letters: Sequence[int], owners: Sequence[int], utterance: Utterance, name: str, speed: float
    ) -> Spoken:
        words = find_words(utterance.text)
        starts: list[int | None] = [None] * len(words)
        pieces, at, known = [], 0, True
        for first, last in _cut(letters):
            audio, begins = self.voice.say(letters[first:last], name, speed)
            if not len(audio) or not np.isfinite(audio).all():
                raise ModelError(
                    "E669", f"the model returned no audio for {utterance.text[:60]!r}", hint="try other words"
                )
            known = known and begins is not None
            for index, begin in enumerate([] if begins is None else begins):
                owner = owners[first + index]
                if starts[owner] is None:
                    starts[owner] = at + round(float(begin))
            pieces.append(audio)
            at += len(audio)
        audio = np.concatenate(pieces)
        begin, end = _find_sound(audio)
        starts = [None if start is None else min(max(start - begin, 0), end - begin) for start in starts]
        weights = [last - first + 1 for first, last in words]
        return Spoken(audio[begin:end], RATE, fill_gaps(starts, weights, end - begin) if known else None)

    def _choose(self, language: str) -> tuple[str, str]:
        """Return the language as Kokoro knows it, and espeak-ng's voice for it."""
        if language not in self._chosen:
            found = find_voice(read_voices(self._open_espeak()[1]), language, self.log)
            tag = next((tag for tag in (found.tag, found.tag.partition("-")[0]) if tag in DEFAULT_VOICES), "")
            tag = tag or {"en": "en-gb", "pt": "pt-br"}.get(found.tag.partition("-")[0], "")
            if not tag:
                listed = ", ".join(DEFAULT_VOICES)
                raise StudioError(
                    "E661",
                    f"this model does not speak {language!r}",
                    hint=f"it speaks {listed}; or leave out the model",
                )
            self._chosen[language] = (tag, found.identifier)
        return self._chosen[language]

    def _open_espeak(self) -> tuple[Installation, Any]:
        if not self._espeak:
            self._espeak.append(open_installation())
        return self._espeak[0]

    def _find_name(self, language: str) -> str:
        if self.name:
            return self.name
        default = DEFAULT_VOICES[language]
        if default in self.voice.names:
            return default
        beginning = default[0]
        return next((each for each in self.voice.names if each.startswith(beginning)), self.voice.names[0])


def _find_sound(audio: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Return from where to where something is heard, with a little silence around it."""
    loud = np.flatnonzero(np.abs(audio) > _SILENCE * np.abs(audio).max(initial=0.0))
    room = round(_SILENCE_SECONDS * RATE)
    return (max(int(loud[0]) - room, 0), min(int(loud[-1]) + room, len(audio))) if len(loud) else (0, len(audio))


_PAUSES = frozenset(LETTERS[each] for each in ";:,.!?—…")


def _write_letters(words: Sequence[PhonemeWord], language: str) -> tuple[list[int], list[int]]:
    """Return the letters of words by their numbers, and the word that each is of."""
    letters, owners = list[int](), list[int]()
    for each in words:
        spelled = spell_phonemes(each.phonemes, language)
        ending = "".join(mark for mark in each.after if mark in PUNCTUATION)
        if letters and spelled and not each.joined:
            spelled = f" {spelled}"
        for letter in spelled + ending:
            letters.append(LETTERS[letter])
            # a space is of the word before it, so that a word begins where it is heard
            owners.append(owners[-1] if letter == " " and owners else each.word)
    return letters, owners


def _cut(letters: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield from where to where to say letters at once: few enough, cut at punctuation or between words."""
    first = 0
    while len(letters) - first > _MOST_LETTERS:
        end = first + _MOST_LETTERS
        marks = [at + 1 for at in range(first + _MOST_LETTERS // 2, end) if letters[at] in _PAUSES]
        spaces = [at + 1 for at in range(first, end) if letters[at] == LETTERS[" "]]
        last = marks[-1] if marks else spaces[-1] if spaces else end
        yield first, last
        first = last
    yield first, len(letters)
