"""`NeuralVoice`: a network of transformers that speaks, and how each kind of them is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio.api import ModelError, StudioError
from studio.api.quiet import hush
from studio_speech.language_names import find_written
from studio_speech.reading import spell_numbers
from studio_speech.spoken import Spoken
from studio_speech.utterances import Utterance

LONGEST_SECONDS_PER_CHARACTER = 1.0
"""Sound of an utterance beyond this is cut: a network that does not find the end would go on for minutes."""


class NeuralVoice:
    """An opened model that speaks.

    Attributes:
        network: The model.
        processor: Its processor or tokenizer.
        folder: Where it came from; voices of its own lie there.
        vocoder: What makes audio of its spectrograms; None if it needs none.
    """

    def __init__(self, network: Any, processor: Any, folder: Path, vocoder: Any = None) -> None:
        self.network, self.processor, self.folder, self.vocoder = network, processor, folder, vocoder

    @property
    def networks(self) -> list[Any]:
        """All that hold weights."""
        return [each for each in (self.network, self.vocoder) if each is not None]

    @property
    def rate(self) -> int:
        """Samples per second."""
        if self.vocoder is not None:
            return int(self.vocoder.config.sampling_rate)
        config = self.network.config
        for holder in (getattr(self.network, "generation_config", None), config, getattr(config, "codec_config", None)):
            for name in ("sample_rate", "sampling_rate"):
                if isinstance(getattr(holder, name, None), int):
                    return int(getattr(holder, name))
        extractor = getattr(self.processor, "feature_extractor", None)
        return int(getattr(extractor, "sampling_rate", 24_000))

    @property
    def letters(self) -> frozenset[str]:
        """What the tokenizer has in its vocabulary, lower case."""
        tokenizer = getattr(self.processor, "tokenizer", self.processor)
        return frozenset(token.lower() for token in tokenizer.get_vocab())

    def find_unknown(self, text: str) -> set[str]:
        """Return the letters and digits of a text that a tokenizer of single letters does not know."""
        tokenizer = getattr(self.processor, "tokenizer", self.processor)
        letters = {token for token in self.letters if len(token) == 1}
        if 2 * len(letters) < len(self.letters) or getattr(tokenizer, "phonemize", False):
            return set()
        return {each for each in text if each.isalnum() and each.lower() not in letters}

    def close(self) -> None:
        """Release the weights."""
        self.network = self.processor = self.vocoder = None


@dataclass(frozen=True)
class NeuralSpeaker:
    """Says utterances with a network.

    Attributes:
        voice: The network.
        name: Which of its speakers; "" for the first.
        language: Language tag; English numbers are written out where the network knows letters alone.
        rate: Speed as a factor.
        seed: Another seed, another reading.
        log: Called with what cannot be done.
    """

    voice: NeuralVoice
    name: str
    language: str
    rate: float
    seed: int
    log: Callable[[str], None]
    unsaid: set[str] = field(default_factory=set)

    def speak(self, utterance: Utterance) -> Spoken:
        """Say an utterance.

        Raises:
            StudioError: E660 if the model knows none of its letters.
            ModelError: E669 if it returns no audio.
        """
        text = self._write_text(utterance)
        deliveries = [span.delivery for span in utterance.spans]
        if any((each.pitch, each.range, each.volume) != (0.0, 1.0, 0.0) for each in deliveries):
            self.log("a model ignores the pitch, range and volume of SSML")
        if any(each.rate != deliveries[0].rate for each in deliveries):
            self.log("a model ignores a rate of SSML that changes within a sentence")
        ask = _ASK.get(type(self.voice.network).__name__, _ask_any)
        devices = [self.voice.network.device] if self.voice.network.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.inference_mode(), hush("transformers"):
            torch.manual_seed(self.seed)
            audio = ask(self, text, self.rate * utterance.spans[0].delivery.rate)
        samples = np.asarray(audio.detach().float().cpu() if hasattr(audio, "detach") else audio, np.float32).reshape(
            -1
        )
        if not len(samples) or not np.isfinite(samples).all():
            raise ModelError(
                "E669",
                f"the model returned no audio for {text[:60]!r}",
                hint="try other words, another seed, or float32",
            )
        longest = round((LONGEST_SECONDS_PER_CHARACTER * len(text) + 10) * self.voice.rate)
        if len(samples) > longest:
            self.log(f"the model did not find the end of {text[:40]!r}; its audio is cut off")
        return Spoken(samples[:longest], self.voice.rate, None)

    def _write_text(self, utterance: Utterance) -> str:
        parts = []
        for span in utterance.spans:
            text = span.text if span.spoken is None else span.spoken
            parts.append(" ".join(text.replace(" ", "")) if span.spelled else text)
        text = " ".join("".join(parts).split())
        letters = self.voice.letters
        if not any(digit in letters for digit in "0123456789") and re.search(r"\d", text):
            spelled = spell_numbers(text, find_written(self.language) or self.language)
            if spelled is None:
                self.log(
                    f"this model knows no digits, and no rule writes those of {self.language!r}: they are left out"
                )
            text = spelled or text
        self.unsaid.update(self.voice.find_unknown(text))
        return text

    def encode(self, text: str) -> Any:
        """Return the tokens of a text, on the network's device."""
        tokens = self.voice.processor(text=text, return_tensors="pt")
        if tokens["input_ids"].shape[-1] == 0:
            raise StudioError("E660", f"the model knows no letter of {text[:60]!r}", hint="it speaks another language")
        return tokens.to(self.voice.network.device)

    def refuse_name(self, known: list[str]) -> StudioError:
        """Return the error for a speaker that is not there."""
        listed = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        hint = f"there are: {listed}" if known else 'leave "voice" empty'
        return StudioError("E661", f"unknown speaker {self.name!r} of this model", hint=hint)


def _ask_vits(speaker: NeuralSpeaker, text: str, rate: float) -> Any:
    network = speaker.voice.network
    tokens = speaker.encode(text)
    network.speaking_rate, kept = network.config.speaking_rate * rate, network.speaking_rate
    try:
        return network(**tokens, speaker_id=_read_index(speaker, network.config.num_speakers)).waveform[0]
    finally:
        network.speaking_rate = kept


def _ask_speecht5(speaker: NeuralSpeaker, text: str, rate: float) -> Any:
    _warn_of_rate(speaker, rate)
    network = speaker.voice.network
    embedding = _load_embedding(speaker, network.config.speaker_embedding_dim)
    ids = speaker.encode(text)["input_ids"]
    return network.generate_speech(ids, embedding.to(network.device, network.dtype), vocoder=speaker.voice.vocoder)


def _ask_fastspeech2(speaker: NeuralSpeaker, text: str, rate: float) -> Any:
    _warn_of_rate(speaker, rate)
    found = speaker.voice.network(speaker.encode(text)["input_ids"], return_dict=True)
    return found.waveform if speaker.voice.vocoder is None else speaker.voice.vocoder(found.spectrogram)


def _ask_bark(speaker: NeuralSpeaker, text: str, rate: float) -> Any:
    _warn_of_rate(speaker, rate)
    presets = sorted(
        each for each in (speaker.voice.processor.speaker_embeddings or {}) if not each.startswith("repo_")
    )
    if speaker.name and speaker.name not in presets:
        raise speaker.refuse_name(presets)
    tokens = speaker.voice.processor(text, voice_preset=speaker.name or None).to(speaker.voice.network.device)
    return speaker.voice.network.generate(**tokens)


def _ask_any(speaker: NeuralSpeaker, text: str, rate: float) -> Any:
    """Ask through the library's own pipeline, which knows what each class wants."""
    import transformers

    kind: Any = transformers.TextToAudioPipeline
    _warn_of_rate(speaker, rate)
    if speaker.name:
        raise speaker.refuse_name([])
    processor, network = speaker.voice.processor, speaker.voice.network
    tokenizer = getattr(processor, "tokenizer", processor)
    own = None if tokenizer is processor else processor
    pipeline = kind(network, tokenizer=tokenizer, processor=own, sampling_rate=speaker.voice.rate)
    return pipeline(text)["audio"]


_ASK: dict[str, Callable[[NeuralSpeaker, str, float], Any]] = {
    "VitsModel": _ask_vits,
    "SpeechT5ForTextToSpeech": _ask_speecht5,
    "FastSpeech2ConformerModel": _ask_fastspeech2,
    "FastSpeech2ConformerWithHifiGan": _ask_fastspeech2,
    "BarkModel": _ask_bark,
}


def _warn_of_rate(speaker: NeuralSpeaker, rate: float) -> None:
    if rate != 1.0:
        speaker.log("this model has no rate; it speaks as fast as it does")


def _read_index(speaker: NeuralSpeaker, count: int) -> int | None:
    if not speaker.name:
        return 0 if count > 1 else None
    if not speaker.name.isascii() or not speaker.name.isdigit() or int(speaker.name) >= max(count, 1):
        raise speaker.refuse_name([str(index) for index in range(count)] if count > 1 else [])
    return int(speaker.name) if count > 1 else None


def _load_embedding(speaker: NeuralSpeaker, size: int) -> torch.Tensor:
    """Return the vector of a speaker: a .npy or .safetensors file in the model's folder "speaker_embeddings"."""
    folder = speaker.voice.folder / "speaker_embeddings"
    files = {each.stem: each for each in sorted(folder.glob("*")) if each.suffix in (".npy", ".safetensors")}
    if speaker.name and speaker.name not in files:
        raise speaker.refuse_name(list(files))
    if not files:
        speaker.log(f"the model has no speaker_embeddings/NAME.npy; it speaks with a vector of {size} zeros")
        return torch.zeros(1, size)
    path = files[speaker.name] if speaker.name else next(iter(files.values()))
    try:
        if path.suffix == ".npy":
            vector = torch.from_numpy(np.load(path, allow_pickle=False).astype(np.float32))
        else:
            from safetensors.torch import load_file

            vector = next(iter(load_file(path).values())).float()
        return vector.reshape(1, size)
    except (OSError, ValueError, RuntimeError, StopIteration) as error:
        raise ModelError(
            "E668", f"invalid speaker vector {str(path)!r} of {size} numbers: {error}", hint="copy the file again"
        ) from None
