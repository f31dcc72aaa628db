"""Encoder and decoder of adaptive instance normalisation (Huang and Belongie 2017).

The layers are those of the published weights: a normalised VGG-19 up to relu4_1, which begins with a 1 x 1
convolution, and its mirror image, both with reflected borders. Widths are read from the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from studio.api import ModelError

ENCODER_PLACES = (0, 2, 5, 9, 12, 16, 19, 22, 25, 29)
DECODER_PLACES = (1, 5, 8, 11, 14, 18, 21, 25, 28)
_POOLED_AFTER = (5, 12, 25)
_ENLARGED_AFTER = (1, 14, 21)
_WIDTHS = (64, 128, 256, 512)
_EPSILON = 1e-5
_HINT = "see docs/style.md: encoder.0.weight to encoder.29.bias and decoder.1.weight to decoder.28.bias"


class AdainNetwork(nn.Module):
    """An image to features, features to an image, and the statistics that are exchanged between."""

    def __init__(self, encoder: nn.Sequential, decoder: nn.Sequential) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(
        self, content: torch.Tensor, styles: Sequence[torch.Tensor], weights: Sequence[float], strength: float
    ) -> torch.Tensor:
        """Return the content (1 x 3 x H x W) with the statistics of the styles' features, weighted."""
        features = self.encoder(content)
        mean, deviation = _measure(features)
        plain = (features - mean) / deviation
        mixed = (1 - strength) * features
        for style, weight in zip(styles, weights, strict=True):
            its_mean, its_deviation = _measure(self.encoder(style))
            mixed = mixed + strength * weight * (plain * its_deviation + its_mean)
        painted: torch.Tensor = self.decoder(mixed)
        return painted


def create_network(widths: Sequence[int] = _WIDTHS) -> AdainNetwork:
    """Build the network with one width for each of its four blocks."""
    one, two, three, four = widths
    outputs: tuple[int, ...] = (3, one, one, two, two, three, three, three, three, four)
    encoder = _stack(ENCODER_PLACES, (3, *outputs[:-1]), outputs, _POOLED_AFTER, nn.MaxPool2d(2, ceil_mode=True))
    outputs = (three, three, three, three, two, two, one, one, 3)
    decoder = _stack(DECODER_PLACES, (four, *outputs[:-1]), outputs, _ENLARGED_AFTER, nn.Upsample(scale_factor=2))
    return AdainNetwork(encoder, decoder).eval().requires_grad_(False)


def load_network(tensors: Mapping[str, torch.Tensor]) -> AdainNetwork:
    """Build the network that these weights are of; layers behind relu4_1 are left out.

    Raises:
        ModelError: E681 if they are not whole, or of another network.
    """
    places = [f"encoder.{place}.weight" for place in (2, 9, 16, 29)]
    missing = [key for key in places if key not in tensors]
    if missing:
        raise ModelError("E681", f"the weights lack {missing[0]!r}", hint=_HINT)
    network = create_network([int(tensors[key].shape[0]) for key in places])
    loaded = {}
    for key, value in network.state_dict().items():
        if key not in tensors:
            raise ModelError("E681", f"the weights lack {key!r}", hint=_HINT)
        if tensors[key].shape != value.shape:
            found = tuple(tensors[key].shape)
            raise ModelError("E681", f"{key!r} has the shape {found}, not {tuple(value.shape)}", hint=_HINT)
        loaded[key] = tensors[key].float()
    if not all(bool(torch.isfinite(value).all()) for value in loaded.values()):
        raise ModelError("E681", "the weights contain NaN or infinity", hint="get the file again")
    network.load_state_dict(loaded)
    return network


def _measure(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean = features.mean((2, 3), keepdim=True)
    variance = (features - mean).square().mean((2, 3), keepdim=True)
    return mean, (variance + _EPSILON).sqrt()


class _ReflectedBorder(nn.Module):
    """One pixel reflected at each side, or repeated where there is none to reflect."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        mode = "reflect" if min(values.shape[2:]) > 1 else "replicate"
        return nn.functional.pad(values, (1, 1, 1, 1), mode=mode)


def _stack(
    places: Sequence[int],
    inputs: Sequence[int],
    outputs: Sequence[int],
    resized_after: Sequence[int],
    resize: nn.Module,
) -> nn.Sequential:
    """Lay convolutions at their places, with borders before, ReLUs behind, and what changes the size."""
    layers: list[nn.Module] = []
    for place, before, after in zip(places, inputs, outputs, strict=True):
        first = place == 0
        if not first:
            layers.append(_ReflectedBorder())
        layers.append(nn.Conv2d(before, after, 1 if first else 3))
        assert len(layers) == place + 1, (place, len(layers))
        if not first and not (after == 3 and place == places[-1]):
            layers.append(nn.ReLU())
        if place in resized_after:
            layers.append(resize)
    return nn.Sequential(*layers)
