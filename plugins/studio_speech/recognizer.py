"""`Recognizer`: a network of transformers that listens, and what it hears in long audio."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studio.api import Audio, ModelError, StudioError
from studio.api.quiet import hush
from studio_speech.marks import Marks, Sentence, Word
from studio_speech.speech_spans import Span
from studio_speech.spoken import fill_gaps

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

CHUNK_SECONDS = 28.0
"""Longest piece that is listened to at once, cut at the quietest place near its end. Whisper takes 30 s."""
SHORTEST_SECONDS = 0.1
"""Shorter audio is followed by silence: wav2vec 2.0 cannot listen to less than 25 ms, Moonshine to less than 56."""
_SEARCH_SECONDS = 6.0
_SILENCE = 10 ** (-60 / 20)


class Recognizer:
    """An opened model that listens.

    Attributes:
        network: The model.
        processor: Its processor: features of audio clips, and a tokenizer.
    """

    def __init__(self, network: Any, processor: Any) -> None:
        self.network, self.processor = network, processor

    @property
    def networks(self) -> list[Any]:
        """All that hold weights."""
        return [] if self.network is None else [self.network]

    @property
    def rate(self) -> int:
        """Samples per second that it listens to."""
        return int(self.processor.feature_extractor.sampling_rate)

    def close(self) -> None:
        """Release the weights."""
        self.network = self.processor = None


@dataclass(frozen=True)
class Request:
    """What to write down.

    Attributes:
        language: Language that is spoken; "" lets the model find out.
        translate: Write it down in English.
    """

    language: str
    translate: bool


def recognize(
    audio: Audio,
    recognizer: Recognizer,
    request: Request,
    step: Callable[[int, int], None],
    spans: Sequence[Span] | None = None,
) -> Marks:
    """Return what is said in audio, and when.

    Args:
        audio: Any length and rate; channels are mixed.
        recognizer: Who listens.
        request: What to write down.
        step: Called before each piece with the seconds done, and the seconds in all.
        spans: Where somebody speaks; None to listen to all of it.
    """
    sentences: list[Sentence] = []
    for start, end in find_chunks(audio, [(0, audio.frames)] if spans is None else spans):
        step(start // audio.rate, math.ceil(audio.duration))
        mono = _read(audio, start, end).mean(axis=1)
        if not len(mono) or math.sqrt(float(np.mean(mono.astype(np.float64) ** 2))) < _SILENCE:
            continue
        heard = _listen(recognizer, _lengthen(resample(mono, audio.rate, recognizer.rate), recognizer.rate), request)
        offset, last = start / audio.rate, end / audio.rate
        sentences.extend(_place(each, offset, last) for each in heard)
    step(math.ceil(audio.duration), math.ceil(audio.duration))
    return Marks(audio.duration, tuple(sentences), not _is_ctc(recognizer))


def find_chunks(audio: Audio, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield from where to where to listen at once; long spans are cut at the quietest place near the end of a piece."""
    longest, search = int(CHUNK_SECONDS * audio.rate), int(_SEARCH_SECONDS * audio.rate)
    window = max(audio.rate // 20, 1)
    for start, last in spans:
        while last - start > longest:
            tail = _read(audio, start + longest - search, start + longest).mean(axis=1, dtype=np.float64)
            power = np.convolve(tail * tail, np.ones(window), "same")
            quietest = int(np.argmin(power[window:-window] if len(power) > 2 * window else power)) + window
            end = start + longest - search + quietest
            yield start, end
            start = end
        if last > start:
            yield start, last


def _read(audio: Audio, start: int, end: int) -> FloatArray:
    """Return a span of audio, of a long one without the rest."""
    return next(audio.blocks(end - start, start, end))


def resample(samples: FloatArray, before: int, after: int) -> FloatArray:
    """Change the sample rate of mono audio, band-limited (by its spectrum, mirrored at both ends)."""
    if before == after or not len(samples):
        return samples.astype(np.float32)
    step = before // math.gcd(before, after)
    pad = min(max(before // 20, 1), len(samples))
    longer = np.concatenate([samples[:pad][::-1], samples, samples[-pad:][::-1]]).astype(np.float64)
    longer = np.pad(longer, (0, -len(longer) % step), mode="edge")
    count = len(longer) // step * (after // math.gcd(before, after))
    resampled = np.fft.irfft(np.fft.rfft(longer)[: count // 2 + 1], count) * (count / len(longer))
    first = round(pad * after / before)
    found: FloatArray = resampled[first : first + round(len(samples) * after / before)].astype(np.float32)
    return found


def _lengthen(samples: FloatArray, rate: int) -> FloatArray:
    """Return samples with silence behind them where they are too short for a network."""
    return np.pad(samples, (0, max(math.ceil(SHORTEST_SECONDS * rate) - len(samples), 0)))


def _listen(recognizer: Recognizer, samples: FloatArray, request: Request) -> list[Sentence]:
    """Return what is said in a piece, with times from its beginning."""
    with torch.inference_mode(), hush("transformers"):
        if _is_ctc(recognizer):
            return _listen_ctc(recognizer, samples)
        if type(recognizer.network).__name__.startswith("Whisper"):
            return _listen_whisper(recognizer, samples, request)
        return _listen_any(recognizer, samples)


def _is_ctc(recognizer: Recognizer) -> bool:
    return type(recognizer.network).__name__.endswith("ForCTC")


def _listen_whisper(recognizer: Recognizer, samples: FloatArray, request: Request) -> list[Sentence]:
    network, processor = recognizer.network, recognizer.processor
    features = processor.feature_extractor(
        samples, sampling_rate=recognizer.rate, return_tensors="pt", return_attention_mask=True
    ).to(network.device, network.dtype)
    stamps = hasattr(network.generation_config, "no_timestamps_token_id")
    settings: dict[str, Any] = {"return_timestamps": stamps, "attention_mask": features.get("attention_mask")}
    settings |= _choose_task(network, request)
    try:
        ids = network.generate(features["input_features"], **settings)[0].tolist()
    except ValueError as error:
        if "language" not in str(error).lower():
            raise
        raise StudioError(
            "E661", f"the model does not know the language {request.language!r}", hint=str(error)[:300]
        ) from None
    return _read_ids(processor, ids, len(samples) / recognizer.rate, stamps=stamps)


def _choose_task(network: Any, request: Request) -> dict[str, str]:
    """Return the task of a Whisper model; models for English alone take no task and no language."""
    if getattr(network.generation_config, "is_multilingual", False):
        task = {"task": "translate" if request.translate else "transcribe"}
        return task | ({"language": request.language} if request.language else {})
    if request.language not in ("", "en", "english") or request.translate:
        raise StudioError(
            "E661", "this model hears English alone", hint='leave "language" empty and "translate_to_english" off'
        )
    return {}


def _read_ids(processor: Any, ids: list[int], seconds: float, *, stamps: bool) -> list[Sentence]:
    """Return the sentences of a Whisper model's tokens: at their time stamps, or over the whole piece without any."""
    found: list[Sentence] = []
    offsets = processor.tokenizer.decode(ids, output_offsets=True)["offsets"] if stamps else []
    for offset in offsets:
        first, last = offset["timestamp"]
        found.append(_spread(offset["text"], first or 0.0, seconds if last is None else last))
    if not found:
        found = [_spread(processor.tokenizer.decode(ids, skip_special_tokens=True), 0.0, seconds)]
    return [each for each in found if each.text]


def _listen_ctc(recognizer: Recognizer, samples: FloatArray) -> list[Sentence]:
    network, processor = recognizer.network, recognizer.processor
    features = processor.feature_extractor(samples, sampling_rate=recognizer.rate, return_tensors="pt")
    logits = network(**features.to(network.device, network.dtype)).logits[0]
    decoded = processor.tokenizer.decode(logits.argmax(dim=-1), output_word_offsets=True, skip_special_tokens=True)
    frame = len(samples) / recognizer.rate / max(len(logits), 1)
    words = tuple(
        Word(each["word"], each["start_offset"] * frame, each["end_offset"] * frame) for each in decoded["word_offsets"]
    )
    return [Sentence(decoded["text"].strip(), words[0].start, words[-1].end, words)] if words else []


def _listen_any(recognizer: Recognizer, samples: FloatArray) -> list[Sentence]:
    network, processor = recognizer.network, recognizer.processor
    features = processor.feature_extractor(samples, sampling_rate=recognizer.rate, return_tensors="pt")
    ids = network.generate(**features.to(network.device, network.dtype))[0]
    found = _spread(processor.tokenizer.decode(ids, skip_special_tokens=True), 0.0, len(samples) / recognizer.rate)
    return [found] if found.text else []


def _spread(text: str, start: float, end: float) -> Sentence:
    """Return a sentence whose words are spread over its time by their length."""
    text, end = " ".join(text.split()), max(start, end)
    words = text.split()
    starts = fill_gaps([None] * len(words), [len(word) + 1 for word in words], round((end - start) * 1000))
    times = [start + each / 1000 for each in starts] + [end]
    return Sentence(text, start, end, tuple(Word(*each) for each in zip(words, times, times[1:], strict=False)))


def _place(sentence: Sentence, offset: float, last: float) -> Sentence:
    """Move a sentence from the times of its piece to those of the whole."""

    def move(time: float) -> float:
        return min(offset + time, last)

    words = tuple(Word(each.text, move(each.start), move(each.end)) for each in sentence.words)
    return Sentence(sentence.text, move(sentence.start), move(sentence.end), words)


def check_recognizer(opened: Any, reference: str) -> Recognizer:
    """Return an opened model as what it is.

    Raises:
        ModelError: E667 if it does not listen.
    """
    if isinstance(opened, Recognizer):
        return opened
    raise ModelError("E667", f"{reference!r} does not write down speech", hint="take Whisper, wav2vec 2.0 or the like")
