"""Networks that speak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import studio_speech
from studio.api import StudioError
from studio.app import Studio
from studio.settings import load_settings
from studio.testing import TestContext
from studio_speech.nodes.speaking import say_text
from tests.plugins.studio_speech.conftest import TINY

TEXT = "Dr. Smith has 25 apples. It rains."
Open = Callable[..., TestContext]


@pytest.mark.parametrize(
    ("name", "rate"), [("vits", 16_000), pytest.param("speecht5", 16_000, marks=pytest.mark.slow), ("bark", 24_000)]
)
def test_a_network_says_a_text_the_same_each_time(open_tiny: Open, name: str, rate: int) -> None:
    ctx = open_tiny(name)

    said, again = (say_text(ctx, TEXT, model=TINY) for _ in range(2))

    assert said.audio == again.audio
    assert said.audio.rate == rate
    assert said.audio.duration > 0.35
    assert [each["text"] for each in said.marks["sentences"]] == ["Dr. Smith has 25 apples.", "It rains."]
    assert said.marks["estimated"]
    assert ctx.steps[:3] == [(0, 2), (1, 2), (2, 2)]


def test_another_seed_is_another_reading(open_tiny: Open) -> None:
    ctx = open_tiny("vits")

    assert say_text(ctx, TEXT, model=TINY, seed=1).audio != say_text(ctx, TEXT, model=TINY).audio


def test_vits_has_speakers_by_number_and_a_rate(open_tiny: Open) -> None:
    ctx = open_tiny("vits", speakers=3)

    first, second = (say_text(ctx, TEXT, model=TINY, voice=voice).audio for voice in ("", "2"))
    slow = say_text(ctx, TEXT, model=TINY, speed=0.5, sentence_pause=0.0).audio
    plain = say_text(ctx, TEXT, model=TINY, sentence_pause=0.0).audio

    assert first != second
    assert slow.duration > 1.3 * plain.duration
    with pytest.raises(StudioError, match="E661"):
        say_text(ctx, TEXT, model=TINY, voice="3")


@pytest.mark.slow
def test_speecht5_has_speakers_by_name(open_tiny: Open) -> None:
    ctx = open_tiny("speecht5")

    first, second = (say_text(ctx, TEXT, model=TINY, voice=voice).audio for voice in ("", "bo"))

    assert first != second
    with pytest.raises(StudioError) as caught:
        say_text(ctx, TEXT, model=TINY, voice="cy")
    assert "ada, bo" in caught.value.hint


def test_what_a_network_cannot_do_is_told(open_tiny: Open) -> None:
    ctx = open_tiny("speecht5")

    say_text(ctx, "It rains.", model=TINY, speed=1.5, semitones=2.0)

    assert len(ctx.messages) == 2
    with pytest.raises(StudioError, match="E660"):
        say_text(open_tiny("vits"), "你好", model=TINY)


def test_a_graph_says_a_text_with_a_model_from_a_folder(tiny: Callable[..., Path], tmp_path: Path) -> None:
    node = {"type": "speech.say", "inputs": {"text": TEXT, "model": f"file:{tiny('vits')}"}}
    graph = {"studio": 1, "nodes": {"say": node}, "outputs": {"speech": {"from": "say.audio"}}}
    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")

    with Studio(settings, plugins=[("given", studio_speech)], discover=False, on_disk=False) as studio:
        result = studio.run(graph)

    assert not result.errors
    assert result["speech"].rate == 16_000
