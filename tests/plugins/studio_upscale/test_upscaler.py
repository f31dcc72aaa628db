"""Opened models behind one face: what they are told, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, ModelError
from studio.testing import TestContext
from studio_upscale.nodes.images import enlarge_image, restore_image
from studio_upscale.opener import UpscaleOpener
from studio_upscale.upscaler import Upscaler
from tests.plugins.studio_upscale.tiny_networks import write_compact


def _noise(height: int, width: int, channels: int = 3, dtype: Any = np.uint8) -> Image:
    rng = np.random.default_rng(0)
    return Image(rng.integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype))


class _Broken(Upscaler):
    scales, reach, name = (2,), 0, "the broken network"

    def __init__(self, made: Any) -> None:
        self.made = made

    def _run(self, images: Any, scale: int, seen: Any) -> Any:
        return self.made


ANY = Model("file:weights.safetensors")


def _open(path: Path, model: Model = ANY) -> Any:
    opener = UpscaleOpener()
    assert opener.can_open(path, model)
    return opener.open(path, model, device="cpu", dtype="float32", parts={})


def _smooth(pixels: Any) -> Any:
    return (pixels + np.roll(pixels, 1, 0) + np.roll(pixels, 1, 1) + np.roll(pixels, (1, 1), (0, 1))) / 4


def test_models_that_do_something_else_are_refused(ctx: TestContext) -> None:
    ctx.models = {**ctx.models, "builtin:other": object()}

    with pytest.raises(ModelError) as enlarges:
        restore_image(ctx, _noise(8, 8), model=Model("builtin:compact"))
    with pytest.raises(ModelError) as restores:
        enlarge_image(ctx, _noise(8, 8), model=Model("builtin:compact-restore"))
    with pytest.raises(ModelError) as neither:
        enlarge_image(ctx, _noise(8, 8), model=Model("builtin:other"))

    assert [caught.value.code for caught in (enlarges, restores, neither)] == ["E692"] * 3
    assert "builtin:compact" in str(neither.value.hint)


@pytest.mark.parametrize("made", [np.full((1, 16, 16, 3), np.nan, np.float32), np.zeros((1, 8, 8, 3), np.float32)])
def test_networks_that_give_nan_or_another_size_are_refused(made: Any) -> None:
    ctx = TestContext(models={"builtin:compact": _Broken(made)})

    with pytest.raises(ModelError) as caught:
        enlarge_image(ctx, _noise(8, 8))

    assert caught.value.code == "E693"


def test_the_fast_network_interpolates_colors_alone(tmp_path: Path) -> None:
    slow, fast = (_open(write_compact(tmp_path / f"{flag}.safetensors", fast=flag)) for flag in (False, True))
    image = np.random.default_rng(0).random((1, 12, 12, 3), np.float32)
    grey = image[..., :1].repeat(3, axis=3)

    assert np.abs(slow.run(image, 2) - fast.run(image, 2)).max() > 1e-3
    assert np.abs(slow.run(image[..., :1], 2) - fast.run(image[..., :1], 2)).max() == 0
    assert np.abs(fast.run(grey, 2)[..., 0] - fast.run(grey[..., :1], 2)[..., 0]).max() < 1e-5


def test_a_coded_network_is_told_of_the_whole_image_and_not_of_the_tile(tmp_path: Path) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors", coded=True))
    sharp = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    half = np.concatenate([sharp, _smooth(_smooth(sharp))])

    seen = [opened.inspect(image, 2) for image in (sharp, _smooth(_smooth(sharp)), half)]
    model, ctx = Model("builtin:net"), TestContext(models={"builtin:net": opened})
    whole = enlarge_image(ctx, Image(half), model=model).pixels
    tiled = enlarge_image(ctx, Image(half), model=model, tile_size=48, tile_overlap=16).pixels

    assert len({round(each, 3) for (each,) in seen}) == 3
    assert np.abs(opened.run(sharp[None], 2, [[0.0]]) - opened.run(sharp[None], 2, [[1.0]])).max() > 1e-4
    assert np.abs(whole - tiled).max() < 1e-5


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_self_ensemble_does_not_mind_turns_and_mirrors(tmp_path: Path, channels: int) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors", coded=True))
    ctx = TestContext(models={"builtin:net": opened})
    image = np.random.default_rng(0).integers(1, 256, (30, 44, channels)).astype(np.uint8)

    def run(pixels: Any, self_ensemble: bool) -> Any:
        made = enlarge_image(ctx, Image(pixels), model=Model("builtin:net"), self_ensemble=self_ensemble)
        return made.stored.astype(int)

    turned = np.rot90(image[:, ::-1])
    back = np.rot90(run(turned, True), -1)[:, ::-1]
    assert np.abs(back - run(image, True)).max() <= 1
    assert np.abs(np.rot90(run(turned, False), -1)[:, ::-1] - run(image, False)).max() > 1


def test_an_image_that_was_enlarged_before_is_not_looked_at(tmp_path: Path) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors", coded=True))
    seen: list[tuple[int, ...]] = []
    opened.inspect = lambda image, scale: seen.append((*image.shape, scale)) or (0.1,)

    enlarge_image(
        TestContext(models={"builtin:net": opened}),
        Image(np.ones((30, 20, 3), np.uint8)),
        scale=8,
        model=Model("builtin:net"),
    )

    assert seen == [(30, 20, 3, 2)]
    assert opened.describe_enlarged(4) == (0.25,)
