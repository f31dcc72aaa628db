"""Provokers of E64x, audio, and of E66x and E67x, speech."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Audio, Model
from studio.testing import TestContext
from tests.docs.provokers.media import make_video
from tests.docs.provokers.place import Place, provokes

TONE = ("audio.tone", {"seconds": 1})
TINY = Model("local:tiny")


def make_tone(seconds: float = 1.0, level: float = 0.5, rate: int = 8000) -> Audio:
    """Return a tone."""
    times = np.arange(int(seconds * rate)) / rate
    return Audio((level * np.sin(2 * np.pi * 440 * times))[:, None].astype(np.float32), rate)


@provokes("E640")
def _(place: Place) -> Any:
    return place.run({"a": ("audio.silence", {"seconds": 86400, "sample_rate": 192000, "channels": 8})})


@provokes("E641")
def _(place: Place) -> Any:
    return place.run({"a": ("audio.trim", {"audio": {"from": "t"}, "start": 2, "end": 1}), "t": TONE})


@provokes("E642")
def _(place: Place) -> Any:
    nodes = {"a": ("audio.transfer", {"content": {"from": "s"}, "style": {"from": "t"}}), "t": TONE}
    return place.run(nodes | {"s": ("audio.silence", {"seconds": 1})})


@provokes("E643")
def _(place: Place) -> Any:
    from studio_audio.spectrogram import Spectrogram

    Spectrogram("wavelet", 8000, 64, 16, 4, magnitude=np.zeros((1, 9, 4), np.float32))


@provokes("E644")
def _(place: Place) -> Any:
    return place.run(
        {"a": ("audio.soundtrack", {"music": {"from": "t"}, "seconds": 20}), "t": ("audio.tone", {"seconds": 5})}
    )


@provokes("E645")
def _(place: Place) -> Any:
    place.call("audio.from_video", TestContext(), make_video())


@provokes("E646")
def _(place: Place) -> Any:
    return place.run(
        {"a": ("audio.equalize", {"audio": {"from": "t"}, "bands": [{"kind": "peek", "frequency": 1000}]}), "t": TONE}
    )


@provokes("E647")
def _(place: Place) -> Any:
    noise = np.random.default_rng(0).normal(0, 0.1, (8000, 1)).astype(np.float32)
    place.call("audio.change_voice", TestContext(), Audio(noise, 16_000))


@provokes("E648")
def _(place: Place) -> Any:
    from studio_audio.opener import MusicOpener
    from tests.plugins.studio_audio.tiny_models import write_stable_audio

    folder = write_stable_audio(place.folder / "x")
    (folder / "text_encoder" / "model.safetensors").rename(folder / "text_encoder" / "pytorch_model.bin")
    MusicOpener().open(Path("x"), TINY, device="cpu", dtype="float32", parts={})


@provokes("E649")
def _(place: Place) -> Any:
    from studio_audio.opener import MusicOpener
    from tests.plugins.studio_audio.tiny_models import write_stable_audio

    folder = write_stable_audio(place.folder / "model")
    opened = MusicOpener().open(folder, TINY, device="cpu", dtype="float32", parts={})
    opened.network.vae.decoder.conv2.weight_v.data.fill_(float("nan"))
    place.call("audio.from_text", TestContext(models={TINY.reference: opened}), "rain", TINY, seconds=0.5, steps=1)


def say(place: Place, **inputs: Any) -> Any:
    """Say something with espeak-ng."""
    return place.run({"a": ("speech.say", inputs)})


@provokes("E660")
def _(place: Place) -> Any:
    return say(place, text="?!...")


@provokes("E661")
def _(place: Place) -> Any:
    return say(place, text="Hi.", language="germann")


@provokes("E662")
def _(place: Place) -> Any:
    return say(place, text='<speak><prosdy rate="slow">Hi.</prosdy></speak>')


@provokes("E663")
def _(place: Place) -> Any:
    from studio_speech import espeak

    nowhere = espeak.Installation("/nowhere/libespeak-ng.so", None)
    place.patch.setattr(espeak, "find_installations", lambda: iter([nowhere]))
    return say(place, text="Hi.")


@provokes("E664")
def _(place: Place) -> Any:
    from studio_speech import espeak

    place.patch.setattr(espeak, "_WORKER", place.write("worker.py", "import time; time.sleep(60)"))
    espeak.ask(next(espeak.find_installations()), {"do": "voices"}, timeout=1)


@provokes("E665")
def _(place: Place) -> Any:
    return say(place, text="<speak>a" + '<break time="60s"/>' * 400 + "</speak>")


@provokes("E666")
def _(place: Place) -> Any:
    return place.run({"a": ("speech.subtitles", {"marks": {}})})


@provokes("E667")
def _(place: Place) -> Any:
    place.call("speech.say", TestContext(models={TINY.reference: object()}), "Hi.", model=TINY)


def write_speaker(place: Place, name: str = "x") -> Path:
    """Write a tiny network that speaks."""
    from tests.plugins.studio_speech.tiny_models import write_vits

    return write_vits(place.folder / name)


@provokes("E668")
def _(place: Place) -> Any:
    from studio_speech.opener import SpeechOpener

    folder = write_speaker(place)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    SpeechOpener().open(Path("x"), TINY, device="cpu", dtype="float32", parts={})


@provokes("E669")
def _(place: Place) -> Any:
    from studio_speech.opener import SpeechOpener

    opened = SpeechOpener().open(write_speaker(place), TINY, device="cpu", dtype="float32", parts={})
    for weight in opened.network.decoder.parameters():
        weight.data.fill_(float("nan"))
    place.call("speech.say", TestContext(models={TINY.reference: opened}), "It rains.", model=TINY)


@provokes("E670")
def _(place: Place) -> Any:
    from studio_speech.opener import SpeechOpener

    SpeechOpener().parts(write_speaker(place), Model("local:x", (("vocodr", "file:x"),)))


@provokes("E671")
def _(place: Place) -> Any:
    marks = {"seconds": 1.0, "sentences": [{"text": "Hi.", "start": 0.0, "end": 1.0}]}
    nodes = {
        "a": ("speech.subtitles", {"marks": marks}),
        "s": ("speech.save_subtitles", {"marks": marks, "path": "a.txt"}),
    }
    return place.run(nodes, output="out", outputs={"o": {"from": "s"}})
