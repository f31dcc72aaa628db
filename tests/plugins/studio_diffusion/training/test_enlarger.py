"""The enlarger: what it learns from, and that `upscale.image` opens what it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from studio.api import Model
from studio_diffusion.training.enlarger import LARGEST, SCALE, Enlarger, _make_small, enlarge, save_enlarger
from studio_diffusion.training.scenes import Scenes
from studio_upscale.opener import UpscaleOpener

pytestmark = pytest.mark.xdist_group("diffusers")


def test_the_upscale_plugin_gives_what_the_trained_network_gives(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Enlarger(8, 1).eval()
    with torch.no_grad():  # as large as what a training might leave
        network.tail.weight.mul_(3)
    picture = np.random.default_rng(0).integers(0, 256, (1, 24, 20, 3), dtype=np.uint8)
    path = tmp_path / "enlarger.safetensors"
    save_enlarger(network, path)

    opened = UpscaleOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
    made = opened.run(picture.astype(np.float32) / 255, SCALE)

    assert opened.scales == (SCALE,)
    assert made.shape == (1, 96, 80, 3)
    expected = enlarge(network.half().float(), picture, "cpu").astype(np.float32) / 255
    # the plugin keeps pixels within reach of what is around them
    assert np.median(np.abs(made.clip(0, 1) - expected)) < 0.003
    gray = opened.run(picture[..., :1].astype(np.float32) / 255, SCALE)
    assert gray.shape == (1, 96, 80, 1)


def test_things_are_drawn_no_larger_than_their_artwork() -> None:
    rng = np.random.default_rng(3)
    scenes = [_make_small(Scenes(["cat", "dog"]).make(rng), rng) for _ in range(100)]

    assert max(thing.size for scene in scenes for thing in scene.things) <= LARGEST
    assert {scene.kind for scene in scenes} >= {"plain", "pair", "count", "place"}
