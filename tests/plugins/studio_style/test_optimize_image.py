"""Images optimized until their features are those of a style."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from studio.api import Image, Model
from studio.testing import TestContext
from studio_style.networks.adain import load_network
from studio_style.networks.vgg import load_features
from studio_style.nodes.transfer import transfer_style
from tests.plugins.studio_style.images import draw_scene, draw_stripes
from tests.plugins.studio_style.tiny_networks import make_adain_tensors, make_vgg_tensors

VGG, ADAIN = Model("builtin:vgg"), Model("builtin:adain")


def create_context() -> TestContext:
    networks = {VGG.reference: load_features(make_vgg_tensors()), ADAIN.reference: load_network(make_adain_tensors())}
    return TestContext(models=networks)


@pytest.mark.parametrize("loss", ["sliced", "gram"])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_optimising_brings_features_nearer_to_the_styles(loss: Any, optimizer: Any) -> None:
    content, style = draw_scene(40, 32), draw_stripes()
    options: dict[str, Any] = {"method": "neural", "model": VGG, "loss": loss, "optimizer": optimizer, "seed": 1}

    near, far = (transfer_style(create_context(), content, style, iterations=steps, **options) for steps in (12, 1))

    def measure(image: Image) -> float:
        network = load_features(make_vgg_tensors())
        maps = [
            network(torch.from_numpy(each.pixels.transpose(2, 0, 1).copy())[None], ["conv2_1"])["conv2_1"].flatten(2)[0]
            for each in (image, style)
        ]
        grams = [each @ each.T / each.shape[1] for each in maps]
        return float((grams[0] - grams[1]).norm())

    assert near.pixels.shape == content.pixels.shape
    assert measure(near) < measure(far)


def test_optimising_repeats_bit_for_bit_and_its_seed_matters() -> None:
    options: dict[str, Any] = {"method": "neural", "model": VGG, "iterations": 3}
    made = [transfer_style(create_context(), draw_scene(), draw_stripes(), seed=seed, **options) for seed in (1, 1, 2)]

    assert made[0] == made[1]
    assert made[0] != made[2]
