"""The node type style.transfer with networks and several styles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from studio.api import Image, MediaError, Model, ModelError
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


@pytest.mark.parametrize("method", ["neural", "adain"])
@pytest.mark.parametrize("size", [(1, 1), (90, 1), (17, 23)])
def test_networks_take_any_size(method: Any, size: tuple[int, int]) -> None:
    model = VGG if method == "neural" else ADAIN

    made = transfer_style(
        create_context(),
        draw_scene(*size),
        draw_stripes(3, 5),
        method=method,
        model=model,
        iterations=2,
        keep_colors=True,
    )

    assert (made.width, made.height) == size


@pytest.mark.parametrize("method", ["neural", "adain"])
def test_a_method_without_its_model_says_so(method: Any) -> None:
    with pytest.raises(ModelError) as missing:
        transfer_style(create_context(), draw_scene(), draw_stripes(), method=method)
    other = ADAIN if method == "neural" else VGG
    with pytest.raises(ModelError) as wrong:
        transfer_style(create_context(), draw_scene(), draw_stripes(), method=method, model=other)

    assert (missing.value.code, wrong.value.code) == ("E680", "E680")


def test_a_network_that_makes_nan_is_an_error() -> None:
    network = load_network(make_adain_tensors())
    with torch.no_grad():
        network.decoder[28].weight.fill_(torch.inf)

    with pytest.raises(ModelError) as caught:
        transfer_style(
            TestContext(models={ADAIN.reference: network}), draw_scene(), draw_stripes(), method="adain", model=ADAIN
        )

    assert caught.value.code == "E683"


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_weights_that_do_not_fit_the_styles_are_refused(weights: list[float]) -> None:
    with pytest.raises(MediaError) as caught:
        transfer_style(TestContext(), draw_scene(), draw_stripes(), more_styles=[draw_scene()], style_weights=weights)

    assert caught.value.code == "E682"


def test_patches_of_several_styles_are_used_by_their_weights() -> None:
    flat = [Image(np.full((40, 40, 3), color, np.float32)) for color in ((0.8, 0.3, 0.3), (0.3, 0.3, 0.8))]
    content = Image(np.random.default_rng(1).uniform(0, 1, (64, 64, 3)).astype(np.float32))

    shares = [
        (
            transfer_style(TestContext(), content, flat[0], more_styles=flat[1:], style_weights=weights).pixels[..., 0]
            - 0.3
        )
        / 0.5
        for weights in ([1.0, 0.0], [3.0, 1.0], [1.0, 3.0], [0.0, 1.0])
    ]

    for share, wanted in zip(shares, (1.0, 0.75, 0.25, 0.0), strict=True):
        assert abs(float(share.mean()) - wanted) < 0.15  # measured: 0.82 and 0.17
