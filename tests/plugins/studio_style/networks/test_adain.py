"""Encoder and decoder of adaptive instance normalization."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from studio.api import ModelError
from studio_style.networks.adain import create_network, load_network
from tests.plugins.studio_style.tiny_networks import make_adain_tensors


def _drop(tensors: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in tensors.items() if name != key}


@pytest.mark.parametrize("key", ["encoder.29.weight", "decoder.28.bias", "encoder.5.bias"])
def test_weights_that_are_no_whole_adain_are_refused(key: str) -> None:
    with pytest.raises(ModelError, match=key) as caught:
        load_network(_drop(make_adain_tensors(), key))

    assert caught.value.code == "E681"


def test_features_take_the_statistics_of_the_style() -> None:
    with torch.no_grad():
        network = load_network(make_adain_tensors())
        content, style = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 24, 40) * 0.3
        seen: list[torch.Tensor] = []
        network.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))

        network(content, [style], [1.0], 1.0)
        network(content, [style], [1.0], 0.0)
        wanted, own = network.encoder(style), network.encoder(content)

    assert torch.allclose(seen[0].mean((2, 3)), wanted.mean((2, 3)), atol=1e-3)
    assert torch.allclose(seen[0].std((2, 3), correction=0), wanted.std((2, 3), correction=0), atol=2e-2)
    assert torch.allclose(seen[1], own)


def test_the_decoder_gives_the_size_of_the_content_back() -> None:
    network = create_network((2, 3, 4, 4))

    for size in ((16, 24), (8, 8)):
        assert network(torch.rand(1, 3, *size), [torch.rand(1, 3, 8, 8)], [1.0], 1.0).shape == (1, 3, *size)
