"""espeak-ng, asked through a process of its own for each utterance.

In a fresh process it says the same text with the same samples each time; in one that has spoken before it does not.
And it is GPL: nothing of it is loaded here. Text and settings travel on standard input, never on a command line.
"""

from __future__ import annotations

import importlib.util
import json
import math
import platform
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.api import StudioError
from studio_speech.script import Delivery
from studio_speech.spoken import Spoken, fill_gaps
from studio_speech.utterances import Utterance, find_words

TIMEOUT_SECONDS = 60.0
WORDS_PER_MINUTE = 175

_SAID = ("Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No", "Sm", "Sc", "So")
_WORKER = Path(__file__).with_name("espeak_worker.py")
_SYSTEM_LIBRARIES = {
    "Linux": ("libespeak-ng.so.1", "libespeak-ng.so"),
    "Darwin": ("/opt/homebrew/lib/libespeak-ng.dylib", "/usr/local/lib/libespeak-ng.dylib", "libespeak-ng.dylib"),
    "Windows": (r"C:\Program Files\eSpeak NG\libespeak-ng.dll", "libespeak-ng.dll"),
}
_PACKAGED = {"Darwin": "libespeak-ng.dylib", "Windows": "espeak-ng.dll"}


@dataclass(frozen=True)
class Installation:
    """Where espeak-ng is: its library, and its data where they do not lie at the usual place."""

    library: str
    data: str | None


@dataclass(frozen=True)
class EspeakSpeaker:
    """Says utterances with espeak-ng.

    Attributes:
        installation: Where it is.
        voices: The voice for each language tag and speaker that utterances have.
        delivery: How the whole is said.
        unsaid: Receives the characters that a voice leaves out.
    """

    installation: Installation
    voices: Mapping[tuple[str, str], str]
    delivery: Delivery
    unsaid: set[str] = field(default_factory=set)

    def speak(self, utterance: Utterance) -> Spoken:
        """Say an utterance.

        Raises:
            StudioError: E664 if espeak-ng fails.
        """
        import numpy as np

        headroom = max(0.0, *(self.delivery.volume + span.delivery.volume for span in utterance.spans))
        delivery = replace(self.delivery, volume=self.delivery.volume - headroom)
        commanded = _write_commands(utterance, delivery)
        first = _combine(delivery, utterance.spans[0].delivery)
        request = {
            "do": "speak",
            "voice": self.voices[utterance.language, utterance.voice],
            "text": commanded.text,
            "check": sorted(set(filter(_may_be_unsaid, commanded.text)) - self.unsaid),
            **_set_parameters(first),
        }
        rate, samples, events = 0, bytearray(), []
        for tag, content in ask(self.installation, request):
            if tag == b"RATE":
                rate = int(json.loads(content))
            elif tag == b"PCM_":
                samples += content
            elif tag == b"MARK":
                events = json.loads(content)
            elif tag == b"LOST":
                self.unsaid.update(json.loads(content))
        heard = np.frombuffer(bytes(samples), "<i2").astype(np.float32) * np.float32(10 ** (headroom / 20) / 32768)
        return Spoken(heard, rate, _place_words(utterance.text, commanded, events, len(heard)))


def _may_be_unsaid(character: str) -> bool:
    """Say whether a voice may leave a character out that is not punctuation: a letter, a digit or a sign."""
    return not (character.isascii() and character.isalnum()) and (
        unicodedata.category(character) in _SAID or character in "^`"
    )


@dataclass(frozen=True)
class Commanded:
    """A text with espeak-ng's own commands in it.

    Attributes:
        text: The text.
        places: For each character, the place in what is written that it stands for.
        bounds: The characters behind which commands stand.
    """

    text: str
    places: list[int]
    bounds: frozenset[int]


def find_installations() -> Iterator[Installation]:
    """Yield the places where espeak-ng may be, the package espeakng-loader first; it is looked for, not imported."""
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is not None and spec.origin:
        folder, name = Path(spec.origin).parent, _PACKAGED.get(platform.system(), "libespeak-ng.so")
        if (folder / name).is_file() and (folder / "espeak-ng-data").is_dir():
            yield Installation(str(folder / name), str(folder / "espeak-ng-data"))
    for library in _SYSTEM_LIBRARIES.get(platform.system(), ()):
        yield Installation(library, None)


def open_installation() -> tuple[Installation, Mapping[str, Any]]:
    """Return the first espeak-ng that answers, and its voices as it lists them.

    Raises:
        StudioError: E663 if there is none.
    """
    for installation in find_installations():
        try:
            for tag, content in ask(installation, {"do": "voices"}):
                if tag == b"VOIC":
                    return installation, json.loads(content)
        except StudioError:
            continue
    raise StudioError(
        "E663",
        "espeak-ng is not installed here",
        hint='type: pip install espeakng-loader   (or install the system\'s libespeak-ng1, or choose a "model")',
    )


def ask(
    installation: Installation, request: Mapping[str, Any], timeout: float = TIMEOUT_SECONDS
) -> list[tuple[bytes, bytes]]:
    """Run the worker for one request and return the frames of its answer.

    Raises:
        StudioError: E664 if it fails, takes too long, or dies.
    """
    content = json.dumps({**request, "library": installation.library, "data": installation.data}).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(_WORKER)], input=content, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise _fail(f"espeak-ng did not answer within {timeout:g} seconds") from None
    except OSError as error:
        raise _fail(f"espeak-ng cannot be started: {error}") from None
    frames = _read_frames(done.stdout)
    for tag, message in frames:
        if tag == b"FAIL":
            raise _fail(message.decode("utf-8", "replace")[:300])
    if not frames or frames[-1][0] != b"DONE":
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise _fail(f"espeak-ng's process ended before its answer did ({how})")
    return frames


def _fail(message: str) -> StudioError:
    return StudioError("E664", message, hint="run it again; if it stays so, reinstall espeakng-loader")


def _read_frames(answer: bytes) -> list[tuple[bytes, bytes]]:
    frames, at = [], 0
    while at + 8 <= len(answer):
        length = int.from_bytes(answer[at + 4 : at + 8], "little")
        if at + 8 + length > len(answer):
            break
        frames.append((answer[at : at + 4], answer[at + 8 : at + 8 + length]))
        at += 8 + length
    return frames


def _combine(outer: Delivery, inner: Delivery) -> Delivery:
    return Delivery(
        outer.rate * inner.rate, outer.pitch + inner.pitch, outer.range * inner.range, outer.volume + inner.volume
    )


def _set_parameters(delivery: Delivery) -> dict[str, int]:
    """Return a delivery as espeak-ng's parameters.

    Its pitch parameter moves the base of the melody by an octave in 50 steps. The middle of the melody moves less, by
    what was measured: 45 % of the base stay where they are on the way down, 22 % on the way up.
    """
    factor = 2 ** (delivery.pitch / 12)
    base = max(factor + (factor - 1) * (0.45 if factor < 1 else 0.22), 0.5)
    return {
        "rate": round(min(max(delivery.rate * WORDS_PER_MINUTE, 80), 450)),
        "pitch": round(min(max(50 + 50 * math.log2(base), 0), 99)),
        "range": round(min(max(50 * delivery.range * factor, 0), 99)),
        "volume": round(min(100 * 10 ** (delivery.volume / 20), 200)),
    }


def _write_commands(utterance: Utterance, delivery: Delivery) -> Commanded:
    """Return an utterance's text with espeak-ng's own commands where the delivery changes.

    A command is a control character, a number and a letter; text is cleaned of control characters before, so none
    can come from it.
    """
    text, written = "", 0
    places, bounds = list[int](), set[int]()
    before = None
    for span in utterance.spans:
        settings = _set_parameters(_combine(delivery, span.delivery))
        if before is not None:
            names = (("rate", "S"), ("pitch", "P"), ("range", "R"), ("volume", "A"))
            changed = [f"\x01{settings[name]}{letter}" for name, letter in names if settings[name] != before[name]]
            bounds |= {len(text) - 1} if changed else set()
            text += "".join(changed)
        before = settings
        if span.spelled:
            bounds |= {len(text) - 1, len(text) + 3 + len(span.text)}
            text += f"\x0118Y{span.text}\x010Y"
        elif span.spoken is not None:
            text += span.spoken
        else:
            places += [written] * (len(text) - len(places))
            places += range(written, written + len(span.text))
            text += span.text
        places += [written] * (len(text) - len(places))
        written += len(span.text)
    if not utterance.ends_sentence and text[-1:].isalnum():
        text += ","  # the melody stays up where the sentence goes on
        places.append(max(written - 1, 0))
    return Commanded(text, places, frozenset(bounds))


def _place_words(text: str, commanded: Commanded, events: list[list[int]], frames: int) -> list[int]:
    """Return the frame at which each word begins; words without an event of their own lie between their neighbours.

    espeak-ng places a word behind a command at the last character before the command.
    """
    words, places = find_words(text), commanded.places
    starts: list[int | None] = [None] * len(words)
    for place, frame in events:
        at = places[min(max(place, 0), len(places) - 1)] if places else 0
        index = next((i for i, (_, end) in enumerate(words) if at < end), len(words))
        if place in commanded.bounds and index < len(words) and starts[index] is not None:
            index += 1
        if index < len(words) and starts[index] is None:
            starts[index] = frame
    return fill_gaps(starts, [end - start for start, end in words], frames)
