"""Drawing taken apart: the parts give what the whole gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Conditioning, Image, Model, StudioError
from studio.app import Studio
from studio.settings import Settings
from studio.testing import TestContext
from studio_diffusion.nodes import parts
from studio_diffusion.nodes.images import text_to_image
from studio_diffusion.nodes.redraws import image_to_image
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")
GRAPH: dict[str, Any] = {
    "studio": 1,
    "inputs": {"seed": {"type": "int", "default": 1}, "tiled": {"type": "bool", "default": False}},
    "nodes": {
        "words": {"type": "diffusion.encode_prompt", "inputs": {"prompt": "a red apple"}},
        "canvas": {"type": "diffusion.empty_latent", "inputs": {}},
        "drawn": {
            "type": "diffusion.sample",
            "inputs": {
                "latent": {"from": "canvas"},
                "conditioning": {"from": "words"},
                "seed": {"from": "inputs.seed"},
            },
        },
        "picture": {
            "type": "diffusion.decode_latent",
            "inputs": {"latent": {"from": "drawn"}, "tiled": {"from": "inputs.tiled"}},
        },
    },
    "outputs": {"picture": {"from": "picture"}, "latent": {"from": "drawn"}},
}


def ramp() -> Image:
    y, x = np.mgrid[:32, :32].astype(np.float32) / 32
    return Image(np.stack([x, y, (x + y) / 2], axis=2))


@pytest.fixture
def studio(mini: Path, mini_sketch: Path, tmp_path: Path) -> Any:
    settings = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache")
    plugin = MiniPlugin({"mini": mini, "mini-sketch": mini_sketch})
    with Studio(settings, plugins=[("mini", plugin)], discover=False) as studio:
        yield studio


def run(studio: Studio, tmp_path: Path, **values: Any) -> dict[str, str]:
    """Run the graph and return what became of each node."""
    told: dict[str, str] = {}

    def hear(event: Any) -> None:
        kind = type(event).__name__
        if kind in ("NodeStarted", "NodeCached"):
            told[event.node] = kind.removeprefix("Node").lower()

    result = studio.run(GRAPH, values, on_event=hear, output=tmp_path / "out")
    assert not result.errors
    return told


@pytest.mark.parametrize("name", ["mini", "sd15", "sdxl", "sd3", "flux", "pixart_sigma", "sana"])
def test_the_whole_equals_the_sum_of_its_parts(name: str, ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model("builtin:mini") if name == "mini" else Model(f"file:{tiny(name)}")
    size = {"width": 32, "height": 32, "model": model}

    words = parts.encode_prompt(ctx, "a red apple", negative_prompt="leaf", model=model)
    drawn = parts.sample_latent(ctx, parts.make_empty_latent(ctx, **size), words, steps=2, seed=3, model=model)
    image = parts.decode_latent(ctx, drawn, model=model)

    whole = text_to_image(ctx, "a red apple", negative_prompt="leaf", steps=2, seed=3, **size)
    assert image == whole.image


def test_drawing_over_equals_the_sum_of_its_parts(ctx: TestContext) -> None:
    words = parts.encode_prompt(ctx, "a red apple")
    drawn = parts.sample_latent(ctx, parts.encode_image(ctx, ramp()), words, steps=4, strength=0.5, seed=3)

    whole = image_to_image(ctx, ramp(), "a red apple", steps=4, strength=0.5, seed=3)

    assert parts.decode_latent(ctx, drawn) == whole.image


def test_a_change_of_seed_encodes_no_prompt_again(studio: Studio, tmp_path: Path) -> None:
    assert Counter(run(studio, tmp_path).values()) == {"started": 4}

    told = run(studio, tmp_path, seed=2)

    assert told == {"words": "cached", "canvas": "cached", "drawn": "started", "picture": "started"}


def test_a_change_of_the_decoding_samples_nothing_again(studio: Studio, tmp_path: Path) -> None:
    run(studio, tmp_path)

    told = run(studio, tmp_path, tiled=True)

    assert told["picture"] == "started"
    assert "started" not in (told.get("drawn"), told.get("words"), told.get("canvas"))


def test_a_latent_is_written_and_read_as_safetensors(studio: Studio, tmp_path: Path) -> None:
    from studio.api import LatentType, MediaLimits

    run(studio, tmp_path)

    file = tmp_path / "out" / "latent.safetensors"
    latent = LatentType().read_file(file, MediaLimits())
    assert latent.samples.shape == (8, 16, 16)
    assert '"drawn"' in (LatentType().read_provenance(file) or "")


def test_a_second_pass_over_an_enlarged_latent_draws_a_larger_image(ctx: TestContext) -> None:
    words = parts.encode_prompt(ctx, "apple")
    small = parts.sample_latent(ctx, parts.make_empty_latent(ctx), words)

    large = parts.upscale_latent(ctx, small, scale=2.0)
    drawn = parts.decode_latent(ctx, parts.sample_latent(ctx, large, words, strength=0.5))

    assert (drawn.width, drawn.height) == (64, 64)


def test_an_empty_latent_is_drawn_on_whatever_the_strength(ctx: TestContext) -> None:
    words, empty = parts.encode_prompt(ctx, "apple"), parts.make_empty_latent(ctx)

    first, second = (parts.sample_latent(ctx, empty, words, strength=strength) for strength in (0.3, 1.0))

    assert first == second


def test_families_that_are_not_taken_apart_say_what_to_use(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    with pytest.raises(StudioError) as caught:
        parts.encode_prompt(ctx, "apple", model=Model(f"file:{tiny('lumina2')}"))

    assert caught.value.code == "E623"
    assert "diffusion.text_to_image" in caught.value.hint


def test_encoding_a_prompt_remembers_it(ctx: TestContext) -> None:
    words = parts.encode_prompt(ctx, "apple", negative_prompt="leaf")

    assert isinstance(words, Conditioning)
    assert dict(words.info) == {"prompt": "apple", "negative_prompt": "leaf"}
