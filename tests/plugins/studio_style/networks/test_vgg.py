"""VGG features of weights under all names they are published with."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from studio.api import ModelError
from studio_style.networks.vgg import create_features, load_features
from tests.plugins.studio_style.tiny_networks import make_vgg_tensors


def _drop(tensors: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in tensors.items() if name != key}


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
