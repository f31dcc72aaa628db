"""A text said aloud, from characters to sound and marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from studio.api import Audio, Context, JsonValue, ModelError
from studio_speech.marks import write_marks
from studio_speech.narrate import Pacing, Speaker, narrate
from studio_speech.script import Delivery
from studio_speech.utterances import Utterance

_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


@dataclass(frozen=True)
class Request:
    """How a text is said; the inputs of speech.say by the same names."""

    voice: str
    language: str
    speed: float
    semitones: float
    gain: float
    sentence_pause: float
    paragraph_pause: float
    seed: int


def say(
    lead: float, utterances: Sequence[Utterance], request: Request, opened: Any, ctx: Context
) -> tuple[Audio, JsonValue]:
    """Say utterances with an opened model, or with espeak-ng if there is none; return the audio and its marks."""
    log = _Once(ctx.log)
    speaker = _open_espeak(utterances, request, log) if opened is None else _use_model(opened, utterances, request, log)
    pacing = Pacing(lead, request.sentence_pause, request.paragraph_pause)
    gain = 10 ** (request.gain / 20)
    audio, marks = narrate(utterances, speaker, pacing, gain, ctx.scratch, ctx.step)
    if speaker.unsaid:
        shown = ", ".join(repr(each) for each in sorted(speaker.unsaid)[:20])
        more = ", ..." if len(speaker.unsaid) > 20 else ""
        log(f"the voice leaves out {shown}{more}; choose another language or model, or write it in other words")
    return audio, write_marks(marks)


class _Once:
    """Logs each message once."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log, self._logged = log, set[str]()

    def __call__(self, message: str) -> None:
        if message not in self._logged:
            self._logged.add(message)
            self._log(message)


def _open_espeak(utterances: Sequence[Utterance], request: Request, log: Callable[[str], None]) -> Speaker:
    from studio_speech.espeak import EspeakSpeaker, open_installation
    from studio_speech.voices import find_first_speaker, find_speaker, find_voice, read_voices

    installation, listed = open_installation()
    voices = read_voices(listed)
    suffix = find_speaker(listed["variants"], request.voice)
    chosen = {}
    for language, names in sorted({("", ""), *((each.language, each.voice) for each in utterances)}):
        voice = find_voice(voices, language or request.language, log)
        chosen[language, names] = voice.identifier + (find_first_speaker(listed["variants"], names, log) or suffix)
        text = "".join(each.text for each in utterances if each.language == language)
        if voice.tag == "ja" and _IDEOGRAPH.search(text):
            log("espeak-ng reads kana and no kanji: write kana, or choose a model")
    return EspeakSpeaker(installation, chosen, Delivery(rate=request.speed, pitch=request.semitones))


def _use_model(opened: Any, utterances: Sequence[Utterance], request: Request, log: Callable[[str], None]) -> Speaker:
    from studio_speech.kokoro import KokoroSpeaker, KokoroVoice
    from studio_speech.neural_voice import NeuralSpeaker, NeuralVoice

    if any(each.voice for each in utterances):
        log("SSML: a model says all of a text with one voice; <voice> is not used, so its text sounds like the rest")
    if isinstance(opened, KokoroVoice):
        if request.semitones:
            log("a model has no pitch; it speaks as high as it does")
        return KokoroSpeaker(opened, request.voice.strip(), request.language, request.speed, log)
    if not isinstance(opened, NeuralVoice):
        raise ModelError("E667", "this model does not speak", hint="take one that does; speech.to_text is for others")
    if request.semitones:
        log("a model has no pitch; it speaks as high as it does")
    return NeuralSpeaker(opened, request.voice.strip(), request.language.lower(), request.speed, request.seed, log)
