"""Between images and latents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from studio.api import Image, Model, StudioError
from studio.testing import TestContext
from studio_diffusion.latents import blend, decode_latents, encode_pixels, enlarge
from studio_diffusion.nodes import parts

pytestmark = pytest.mark.xdist_group("diffusers")


def ramp() -> Image:
    y, x = np.mgrid[:32, :32].astype(np.float32) / 32
    return Image(np.stack([x, y, (x + y) / 2], axis=2))


def test_tiles_change_the_image_little(ctx: TestContext) -> None:
    latent = parts.encode_image(ctx, ramp())

    whole, tiled = (parts.decode_latent(ctx, latent, tiled=each) for each in (False, True))

    assert np.abs(whole.pixels - tiled.pixels).max() < 0.1


def test_latents_and_conditionings_of_another_model_are_refused(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    other = Model(f"file:{tiny('sd15')}")
    words, empty = parts.encode_prompt(ctx, "apple"), parts.make_empty_latent(ctx)
    calls = [
        lambda: parts.decode_latent(ctx, empty, model=other),
        lambda: parts.sample_latent(ctx, empty, words, model=other),
        lambda: parts.sample_latent(ctx, parts.make_empty_latent(ctx, model=other), words, model=other),
        lambda: parts.blend_latents(ctx, empty, parts.make_empty_latent(ctx, model=other)),
    ]

    for call in calls:
        with pytest.raises(StudioError) as caught:
            call()
        assert caught.value.code == "E624"


def test_a_linear_blend_is_a_weighted_sum() -> None:
    first, second = torch.tensor([[0.0, 2.0]]), torch.tensor([[4.0, 6.0]])

    assert blend(first, second, 0.25, spherical=False).tolist() == [[1, 3]]
    assert blend(first, second, torch.tensor([[0.0, 1.0]]), spherical=False).tolist() == [[0, 6]]


def test_a_spherical_blend_goes_along_the_arc() -> None:
    # between unit vectors at right angles: cos and sin of the part of 90 degrees
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])

    for amount in (0.0, 0.25, 0.5, 1.0):
        angle = math.pi / 2 * amount
        expected = [math.cos(angle), math.sin(angle)]
        assert blend(first, second, amount, spherical=True).tolist() == pytest.approx(expected, abs=1e-6)


def test_parallel_and_empty_latents_are_blended_along_the_chord() -> None:
    first = torch.tensor([1.0, 2.0])

    assert blend(first, 3 * first, 0.5, spherical=True).tolist() == pytest.approx([2, 4])
    assert blend(torch.zeros(2), first, 0.5, spherical=True).tolist() == pytest.approx([0.5, 1])


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
def test_an_enlarged_latent_keeps_a_flat_value(method: str) -> None:
    made = enlarge(torch.full((1, 4, 3, 5), 0.7), (6, 10), method)

    assert made.shape == (1, 4, 6, 10)
    assert made.numpy() == pytest.approx(0.7, abs=1e-6)


class _Vae:
    """An autoencoder that changes nothing, with a configuration."""

    dtype = torch.float32

    def __init__(self, **config: Any) -> None:
        self.config = _Config(config)

    def encode(self, pixels: torch.Tensor) -> Any:
        return SimpleNamespace(latents=pixels)

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        return (latents,)


class _Config(dict[str, Any]):
    __getattr__ = dict.__getitem__


def make_model(vae: _Vae) -> Any:
    @contextmanager
    def apply(*, tiled: bool = False) -> Iterator[None]:
        yield

    return SimpleNamespace(
        find_vae=lambda: vae,
        device=torch.device("cpu"),
        measures=SimpleNamespace(applied=apply),
        pipeline=SimpleNamespace(vae_scale_factor=1),
    )


@pytest.mark.parametrize(
    ("config", "level"),
    [
        ({}, 0.5),  # pixels of 0.75 are 0.5 in -1 to 1
        ({"scaling_factor": 2.0}, 1.0),
        ({"scaling_factor": 2.0, "shift_factor": 0.1}, 0.8),
        ({"scaling_factor": 2.0, "latents_mean": [0.1] * 3, "latents_std": [0.5] * 3}, 1.6),
    ],
)
def test_latents_are_shifted_and_scaled_and_back(config: dict[str, Any], level: float) -> None:
    model, pixels = make_model(_Vae(**config)), torch.full((1, 3, 2, 2), 0.75)

    latents = encode_pixels(model, pixels)

    assert latents.numpy() == pytest.approx(level, abs=1e-6)
    assert decode_latents(model, latents).numpy() == pytest.approx(0.75, abs=1e-6)
