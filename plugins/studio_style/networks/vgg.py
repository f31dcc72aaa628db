"""VGG-16 and VGG-19 up to their last convolution (Simonyan and Zisserman 2015), as a plain `nn.Sequential`.

Widths are read from the weights, so that a thin network of the same shape runs through the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from studio.api import ModelError
from studio_style.networks.layouts import BLOCKS, find_vgg_keys

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_WIDTHS = (64, 128, 256, 512, 512)
_HINT = (
    "take the file of torchvision's vgg19 or vgg16 (keys features.0.weight to features.34.weight), saved as safetensors"
)


class VggFeatures(nn.Module):
    """Convolutions, ReLUs and poolings of a VGG, and the names of their layers."""

    def __init__(self, layers: nn.Sequential, names: Mapping[str, int]) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.layers, self.names = layers, dict(names)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: torch.Tensor, wanted: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return what layers such as "conv4_2" give after their ReLU, of an image (1 x 3 x H x W in [0, 1])."""
        found: dict[str, torch.Tensor] = {}
        places = {self.names[name] + 1: name for name in wanted}
        values = (image - self.mean) / self.deviation
        for index, layer in enumerate(self.layers):
            if isinstance(layer, nn.MaxPool2d) and min(values.shape[2:]) < 2:
                values = torch.nn.functional.avg_pool2d(values, 2, ceil_mode=True)
            else:
                values = layer(values)
            if index in places:
                found[places[index]] = values
                if len(found) == len(places):
                    break
        return found


def create_features(widths: Sequence[int] = _WIDTHS, convolutions: int = 16) -> VggFeatures:
    """Build the network with one width for each block; weights are whatever torch begins with."""
    layers: list[nn.Module] = []
    names: dict[str, int] = {}
    before = 3
    for block, (count, width) in enumerate(zip(BLOCKS[convolutions], widths, strict=True), 1):
        for number in range(1, count + 1):
            names[f"conv{block}_{number}"] = len(layers)
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            before = width
        layers.append(nn.MaxPool2d(2))
    return VggFeatures(nn.Sequential(*layers), names).eval().requires_grad_(False)


def create_random_features(widths: Sequence[int] = _WIDTHS, *, seed: int = 0) -> VggFeatures:
    """Build a VGG-19 of random weights (He et al. 2015), for comparisons and tests."""
    features, generator = create_features(widths), torch.Generator().manual_seed(seed)
    for layer in features.layers:
        if isinstance(layer, nn.Conv2d):
            spread = (2.0 / (layer.in_channels * 9)) ** 0.5
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * spread)
            assert layer.bias is not None
            layer.bias.zero_()
    return features


def load_features(tensors: Mapping[str, torch.Tensor]) -> VggFeatures:
    """Build the network that these weights are of.

    Keys may be `features.N.weight` (torchvision, timm), `N.weight`, or `convB_N.weight` as Gatys published them
    (BGR, 255 levels; turned into the others' form). Classifiers are left out.

    Raises:
        ModelError: E681 if they are of no VGG-16 or VGG-19, or not whole.
    """
    keys = find_vgg_keys({key: tuple(value.shape) for key, value in tensors.items()})
    weights = {key: tensors[name] for key, name in keys.items() if key.endswith(".weight")}
    convolutions = _count_convolutions(weights)
    features = create_features(_read_widths(weights, BLOCKS[convolutions]), convolutions)
    loaded = _collect_tensors(features.layers.state_dict(), keys, tensors)
    if any("conv1_1" in name for name in keys.values()):
        loaded["0.weight"] = loaded["0.weight"].flip(1) * (255.0 * torch.tensor(DEVIATION).view(1, 3, 1, 1))
    if not all(bool(torch.isfinite(value).all()) for value in loaded.values()):
        raise ModelError("E681", "the weights contain NaN or infinity", hint="get the file again")
    features.layers.load_state_dict(loaded)
    return features


def _count_convolutions(weights: Mapping[str, torch.Tensor]) -> int:
    """Return how many convolutions there are; ModelError E681 if they are not those of a VGG-16 or VGG-19."""
    if any(value.ndim == 1 for value in weights.values()):
        raise ModelError("E681", "these weights are of a VGG with batch normalisation", hint=_HINT)
    convolutions = sum(value.ndim == 4 for value in weights.values())
    if convolutions not in BLOCKS:
        raise ModelError("E681", f"{convolutions} convolutions are not those of a VGG-16 or VGG-19", hint=_HINT)
    return convolutions


def _read_widths(weights: Mapping[str, torch.Tensor], counts: Sequence[int]) -> list[int]:
    """Return the width of each block: that of its first convolution."""
    numbers = sorted(int(key.partition(".")[0]) for key in weights)
    firsts = [numbers[sum(counts[:block])] for block in range(len(counts))]
    return [int(weights[f"{first}.weight"].shape[0]) for first in firsts]


def _collect_tensors(
    wanted: Mapping[str, torch.Tensor], keys: Mapping[str, str], tensors: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return the tensors that a network wants, as float32; ModelError E681 if one is missing or of another shape."""
    for key, value in wanted.items():
        if key not in keys:
            raise ModelError("E681", f"the weights lack 'features.{key}'", hint=_HINT)
        found = tensors[keys[key]].shape
        if found != value.shape:
            raise ModelError(
                "E681", f"{keys[key]!r} has the shape {tuple(found)}, not {tuple(value.shape)}", hint=_HINT
            )
    return {key: tensors[keys[key]].float() for key in wanted}
