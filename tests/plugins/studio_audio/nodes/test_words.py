"""`audio.from_text`, end to end on the CPU with tiny random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio_audio
import studio_diffusion
import studio_speech
from studio.api import Audio, Cancelled, MediaError, ModelError
from studio.app import Studio
from studio.settings import load_settings
from studio.testing import TestContext
from studio_audio.nodes.words import make_from_text
from tests.plugins.studio_audio.opened import TINY, Open
from tests.plugins.studio_audio.signals import make_tone

pytestmark = pytest.mark.xdist_group("diffusers")
PROMPT = "rain on a roof"
KINDS = ("musicgen", "musicgen_melody", "audioldm2", "stable_audio", "audioldm", "musicldm")


def few_steps(name: str) -> dict[str, Any]:
    """What lets a model be quick, without a word about what it does not have."""
    return {} if name.startswith("musicgen") else {"steps": 3}


@pytest.mark.parametrize("name", KINDS)
def test_words_and_seed_make_the_audio_and_nothing_else(open_tiny: Open, name: str) -> None:
    ctx, settings = open_tiny(name), {"seconds": 0.5} | few_steps(name)

    made, again = (make_from_text(ctx, PROMPT, TINY, **settings) for _ in range(2))
    other_seed = make_from_text(ctx, PROMPT, TINY, seed=1, **settings)
    other_words = make_from_text(ctx, "slow jazz with a muted trumpet", TINY, **settings)

    assert made == again
    assert made != other_seed
    assert made != other_words
    assert (made.rate, made.frames) == (8000, 4000)
    assert made.channels == (2 if name == "stable_audio" else 1)
    assert float(np.abs(made.samples).max()) > 0.01
    assert not ctx.messages


@pytest.mark.parametrize("name", ["audioldm2", "stable_audio"])
def test_a_diffusion_model_heeds_what_it_is_told(open_tiny: Open, name: str) -> None:
    ctx = open_tiny(name)
    plain = make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=3)

    for change in ({"steps": 4}, {"guidance_scale": 2.0}, {"negative_prompt": "thunder"}):
        assert make_from_text(ctx, PROMPT, TINY, **{"seconds": 0.5, "steps": 3} | change) != plain
    assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=3, temperature=0.5, top_k=3) == plain


def test_musicgen_heeds_what_it_is_told_and_says_what_it_does_not_have(open_tiny: Open) -> None:
    ctx = open_tiny("musicgen")
    plain = make_from_text(ctx, PROMPT, TINY, seconds=0.5)

    for change in ({"guidance_scale": 1.0}, {"temperature": 3.0}, {"top_k": 2}):
        assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, **change) != plain
    assert not ctx.messages
    assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, negative_prompt="thunder", steps=3) == plain
    assert len(ctx.messages) == 2


def test_a_melody_is_followed_where_the_model_takes_one(open_tiny: Open) -> None:
    ctx, plain_ctx = open_tiny("musicgen_melody"), open_tiny("musicgen")
    low, high = make_tone(329.6, 1.5), make_tone(440.0, 1.5)  # not C, which stands for no melody too

    made = [make_from_text(ctx, PROMPT, TINY, seconds=0.5, melody=each) for each in (None, low, low, high)]
    without = [make_from_text(plain_ctx, PROMPT, TINY, seconds=0.5, melody=each) for each in (None, low)]

    assert made[1] == made[2]
    assert made[0] != made[1] != made[3]
    assert not ctx.messages
    assert without[0] == without[1]
    assert plain_ctx.messages == ["this model takes no melody; it is left out"]
    with pytest.raises(MediaError, match="silent"):
        make_from_text(ctx, PROMPT, TINY, seconds=0.5, melody=Audio(np.zeros(8000), 8000))


@pytest.mark.parametrize(("name", "total"), [("musicgen", 27), ("audioldm2", 3), ("stable_audio", 3)])
def test_each_step_or_token_is_told_and_can_be_the_last(open_tiny: Open, name: str, total: int) -> None:
    ctx = open_tiny(name)
    make_from_text(ctx, PROMPT, TINY, seconds=0.5, **few_steps(name))

    assert ctx.steps == [(0, 0), *((done, total) for done in range(1, total + 1))]
    stopped = TestContext(models=ctx.models, cancel_at_step=3)
    with pytest.raises(Cancelled):
        make_from_text(stopped, PROMPT, TINY, seconds=0.5, **few_steps(name))
    assert len(stopped.steps) == 3


def test_another_model_and_no_model_are_errors_with_a_hint() -> None:
    with pytest.raises(ModelError, match="E648") as caught:
        make_from_text(TestContext(models={TINY.reference: object()}), PROMPT, TINY)
    assert "MusicGen" in caught.value.hint
    with pytest.raises(ModelError, match="E602"):
        make_from_text(TestContext(), PROMPT, TINY)


@pytest.mark.parametrize("name", ["musicgen", "audioldm2"])
def test_a_graph_makes_audio_with_a_model_from_a_folder(tiny: Callable[..., Path], tmp_path: Path, name: str) -> None:
    inputs = {"prompt": PROMPT, "seconds": 0.5, "model": f"file:{tiny(name)}"} | few_steps(name)
    node = {"type": "audio.from_text", "inputs": inputs}
    graph = {"studio": 1, "nodes": {"rain": node}, "outputs": {"sound": {"from": "rain.audio"}}}
    plugins = [("pictures", studio_diffusion), ("speech", studio_speech), ("given", studio_audio)]

    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=plugins, discover=False, on_disk=False) as studio:
        result = studio.run(graph)

    assert not result.errors
    assert result["sound"].frames == 4000
