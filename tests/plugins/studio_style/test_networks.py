"""Weights for style transfer: which are opened, which are refused, and what is made with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.api import Image, MediaError, Model, ModelError
from studio.testing import TestContext
from studio_style.networks.adain import load_network
from studio_style.networks.vgg import create_features, load_features
from studio_style.nodes.transfer import transfer_style
from studio_style.opener import StyleOpener
from studio_style.style_atlas import find_costs
from tests.plugins.studio_style.images import draw_scene, draw_stripes
from tests.plugins.studio_style.tiny_networks import make_adain_tensors, make_vgg_tensors, save

VGG, ADAIN = Model("builtin:vgg"), Model("builtin:adain")


def create_context() -> TestContext:
    networks = {VGG.reference: load_features(make_vgg_tensors()), ADAIN.reference: load_network(make_adain_tensors())}
    return TestContext(models=networks)


def test_the_whole_vgg_19_has_the_published_number_of_weights() -> None:
    assert sum(each.numel() for each in create_features().parameters()) == 20_024_384


@pytest.mark.parametrize("prefix", ["features.", "", "module.features.", "vgg.features."])
def test_usual_names_of_tensors_give_one_network(prefix: str) -> None:
    image = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(1))
    expected = load_features(make_vgg_tensors())(image, ["conv5_1"])["conv5_1"]

    found = load_features(make_vgg_tensors(prefix))(image, ["conv5_1"])["conv5_1"]

    assert torch.equal(found, expected)


def test_weights_named_as_gatys_published_them_are_for_bgr_at_255_levels() -> None:
    plain = load_features(make_vgg_tensors())
    names = {str(place): name for name, place in plain.names.items()}
    tensors = {
        f"{names[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in plain.layers.state_dict().items()
    }
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))

    found = load_features(tensors)(image, ["conv1_1"])["conv1_1"]

    centred = (255 * (image - plain.mean)).flip(1)
    wanted = torch.nn.functional.conv2d(centred, tensors["conv1_1.weight"], padding=1).relu()
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-2)


def test_the_opener_opens_a_file_and_a_folder_with_one(tmp_path: Path) -> None:
    file = save(make_vgg_tensors() | {"classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg19.safetensors")

    for path in (file, tmp_path):
        model = Model(f"file:{path}")
        assert StyleOpener().can_open(path, model)
        opened = StyleOpener().open(path, model, device="cpu", dtype="bfloat16", parts={})
        assert next(opened.parameters()).dtype == torch.float32
        assert StyleOpener().measure(opened) > 10_000


def test_the_opener_leaves_weights_of_others_alone(tmp_path: Path) -> None:
    file = save({"body.0.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "upscaler.safetensors")

    assert not StyleOpener().can_open(file, Model(f"file:{file}"))
    assert not StyleOpener().can_open(tmp_path / "none.gguf", Model("file:none.gguf"))


def _drop(tensors: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in tensors.items() if name != key}


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (_drop(make_vgg_tensors(), "features.5.weight"), "15 convolutions"),
        (_drop(make_vgg_tensors(), "features.5.bias"), "lack 'features.5.bias'"),
        (make_vgg_tensors() | {"features.7.weight": torch.zeros(6, 5, 3, 3)}, "features.7.weight"),
        (make_vgg_tensors() | {"features.1.weight": torch.zeros(4)}, "batch normalisation"),
        (make_vgg_tensors() | {"features.7.weight": torch.full((6, 6, 3, 3), torch.nan)}, "NaN"),
    ],
)
def test_weights_that_are_no_whole_vgg_are_refused(tensors: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        load_features(tensors)

    assert caught.value.code == "E681"


@pytest.mark.parametrize("key", ["encoder.29.weight", "decoder.28.bias", "encoder.5.bias"])
def test_weights_that_are_no_whole_adain_are_refused(key: str) -> None:
    with pytest.raises(ModelError, match=key) as caught:
        load_network(_drop(make_adain_tensors(), key))

    assert caught.value.code == "E681"


@pytest.mark.parametrize("loss", ["sliced", "gram"])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_optimising_brings_features_nearer_to_the_styles(loss: Any, optimizer: Any) -> None:
    content, style = draw_scene(40, 32), draw_stripes()
    options: dict[str, Any] = {"method": "neural", "model": VGG, "loss": loss, "optimizer": optimizer, "seed": 1}

    near, far = (transfer_style(create_context(), content, style, steps=steps, **options) for steps in (12, 1))

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
    options: dict[str, Any] = {"method": "neural", "model": VGG, "steps": 3}
    made = [transfer_style(create_context(), draw_scene(), draw_stripes(), seed=seed, **options) for seed in (1, 1, 2)]

    assert made[0] == made[1]
    assert made[0] != made[2]


@pytest.mark.parametrize("method", ["neural", "adain"])
@pytest.mark.parametrize("size", [(1, 1), (90, 1), (17, 23)])
def test_networks_take_any_size(method: Any, size: tuple[int, int]) -> None:
    model = VGG if method == "neural" else ADAIN

    made = transfer_style(
        create_context(), draw_scene(*size), draw_stripes(3, 5), method=method, model=model, steps=2, keep_colors=True
    )

    assert (made.width, made.height) == size


def test_adain_mixes_styles_by_their_weights() -> None:
    styles = [draw_stripes(), draw_scene(40, 40)]
    options: dict[str, Any] = {"method": "adain", "model": ADAIN}

    alone, mixed, one = (
        transfer_style(create_context(), draw_scene(), styles[0], **options, **more)
        for more in ({}, {"more_styles": styles[1:]}, {"more_styles": styles[1:], "weights": [1.0, 0.0]})
    )

    assert one == alone
    assert mixed != alone


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
        transfer_style(TestContext(), draw_scene(), draw_stripes(), more_styles=[draw_scene()], weights=weights)

    assert caught.value.code == "E682"


def test_patches_of_several_styles_are_used_by_their_weights() -> None:
    flat = [Image(np.full((40, 40, 3), color, np.float32)) for color in ((0.8, 0.3, 0.3), (0.3, 0.3, 0.8))]
    content = Image(np.random.default_rng(1).uniform(0, 1, (64, 64, 3)).astype(np.float32))

    shares = [
        (transfer_style(TestContext(), content, flat[0], more_styles=flat[1:], weights=weights).pixels[..., 0] - 0.3)
        / 0.5
        for weights in ([1.0, 0.0], [3.0, 1.0], [1.0, 3.0], [0.0, 1.0])
    ]

    for share, wanted in zip(shares, (1.0, 0.75, 0.25, 0.0), strict=True):
        assert abs(float(share.mean()) - wanted) < 0.15  # measured: 0.82 and 0.17


@pytest.mark.parametrize("shares", [(0.75, 0.25), (0.5, 0.3, 0.2), (0.05, 0.95)])
def test_costs_of_styles_make_each_the_nearest_in_its_share_of_the_places(shares: tuple[float, ...]) -> None:
    distances = torch.rand(400, len(shares), generator=torch.Generator().manual_seed(1)) * 0.1
    distances[:, 0] += 0.05

    costs = find_costs(distances, torch.tensor(shares))

    used = torch.bincount((distances + costs).argmin(1), minlength=len(shares)) / 400
    assert float((used - torch.tensor(shares)).abs().max()) < 0.02
