"""Utterances said one after the other: joined without clicks, with marks of what is said when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np

from studio.api import Audio, StudioError
from studio_speech.marks import Marks, Sentence, Word
from studio_speech.script import LONGEST_SPEECH_SECONDS
from studio_speech.utterances import Utterance, find_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_speech.spoken import Spoken

FADE_SECONDS = 0.004
_BLOCK = 1 << 16
WITHIN_SENTENCE_SECONDS = 0.12
SHORTEST_SECONDS = 0.02
"""Audio that is softer is not speech: the voice knows none of the letters."""


class Speaker(Protocol):
    """What says an utterance.

    Attributes:
        unsaid: The characters so far that it left out.
    """

    @property
    def unsaid(self) -> set[str]:
        """The characters so far that it left out."""
        ...

    def speak(self, utterance: Utterance) -> Spoken:
        """Return what it sounds like."""
        ...


@dataclass(frozen=True)
class Pacing:
    """Silence, in seconds: before all, after a sentence, after a paragraph."""

    lead: float
    sentence: float
    paragraph: float


@dataclass(frozen=True)
class Timed:
    """An utterance that was said: from frame to frame, and the frames at which its words begin."""

    utterance: Utterance
    start: int
    end: int
    starts: Sequence[int]
    estimated: bool


def narrate(
    utterances: Sequence[Utterance],
    speaker: Speaker,
    pacing: Pacing,
    gain: float,
    scratch: Path,
    step: Callable[[int, int], None],
) -> tuple[Audio, Marks]:
    """Say utterances one after the other.

    Audio goes to a file while it is made, and a long one is read from there, so that memory holds one utterance.

    Args:
        utterances: At least one.
        speaker: Who says them, all at one rate.
        pacing: The silence between them.
        gain: Factor for all samples.
        scratch: A folder for the file, which long audio reads.
        step: Called before each utterance with how many are done, and how many there are.

    Raises:
        StudioError: E664 if nothing is heard, E665 if the speech is over the limit.
    """
    path, said = scratch / "speech.f32", list[Timed]()
    rate = at = 0
    heard = False
    with path.open("wb") as file:
        for index, utterance in enumerate(utterances):
            step(index, len(utterances))
            spoken = speaker.speak(utterance)
            heard = heard or len(spoken.samples) > SHORTEST_SECONDS * spoken.rate or bool(np.any(spoken.samples))
            if rate == 0:
                rate = spoken.rate
                at = _write_silence(file, round(pacing.lead * rate))
            pause = 0.0 if index == len(utterances) - 1 else _choose_pause(utterance, pacing)
            silence = round((pause if utterance.pause is None else utterance.pause) * rate)
            if at + len(spoken.samples) + silence > LONGEST_SPEECH_SECONDS * rate:
                raise _refuse_length()
            file.write(fade_ends(spoken.samples, rate, gain).tobytes())
            said.append(_time(utterance, spoken, at))
            at = said[-1].end + _write_silence(file, silence)
    step(len(utterances), len(utterances))
    if not heard:
        raise StudioError("E664", "nothing is heard of this text", hint="the voice may not know its letters")
    audio = Audio.from_blocks(lambda: _read_blocks(path), rate=rate, channels=1, frames=at)
    return audio, collect_marks(said, rate, at)


def _read_blocks(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    with path.open("rb") as file:
        while data := file.read(4 * _BLOCK):
            yield np.frombuffer(data, np.float32)


def fade_ends(samples: npt.NDArray[np.float32], rate: int, gain: float) -> npt.NDArray[np.float32]:
    """Return samples that begin and end at zero, over a few milliseconds of raised cosine."""
    faded = samples * np.float32(gain)
    length = min(round(FADE_SECONDS * rate), len(faded) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))).astype(np.float32)
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def collect_marks(said: Sequence[Timed], rate: int, frames: int) -> Marks:
    """Return the marks of utterances; those of one sentence are one entry."""
    sentences: list[Sentence] = []
    goes_on = False
    for each in said:
        words, text = tuple(_collect_words(each, rate)), each.utterance.text.strip()
        if goes_on:
            before = sentences[-1]
            joint = "" if _is_wide(before.text[-1:]) else " "
            text, start, words = f"{before.text}{joint}{text}", before.start, before.words + words
            sentences[-1] = Sentence(text, start, each.end / rate, words)
        else:
            sentences.append(Sentence(text, each.start / rate, each.end / rate, words))
        goes_on = not each.utterance.ends_sentence
    return Marks(frames / rate, tuple(sentences), any(each.estimated for each in said))


def _time(utterance: Utterance, spoken: Spoken, at: int) -> Timed:
    from studio_speech.spoken import fill_gaps

    starts, frames = spoken.starts, len(spoken.samples)
    if starts is None:
        weights = [end - start + 1 for start, end in find_words(utterance.text)]
        starts = fill_gaps([None] * len(weights), weights, frames)
    return Timed(utterance, at, at + frames, [at + start for start in starts], spoken.starts is None)


def _collect_words(timed: Timed, rate: int) -> list[Word]:
    words, text = [], timed.utterance.text
    for index, (start, end) in enumerate(find_words(text)):
        stop = timed.starts[index + 1] if index + 1 < len(timed.starts) else timed.end
        words.append(Word(text[start:end], timed.starts[index] / rate, stop / rate))
    return words


def _is_wide(character: str) -> bool:
    return character >= "\u2e80"


def _choose_pause(utterance: Utterance, pacing: Pacing) -> float:
    if utterance.ends_paragraph:
        return pacing.paragraph
    return pacing.sentence if utterance.ends_sentence else min(WITHIN_SENTENCE_SECONDS, pacing.sentence)


def _write_silence(file: BinaryIO, frames: int) -> int:
    for start in range(0, frames, 1 << 20):
        file.write(bytes(4 * min(1 << 20, frames - start)))
    return frames


def _refuse_length() -> StudioError:
    hours = LONGEST_SPEECH_SECONDS / 3600
    return StudioError(
        "E665",
        f"this would be more than {hours:g} hours of speech",
        hint="say it in parts: a list of texts maps the node",
    )
