"""The network of `builtin:compact`: a few convolutions over one plane, on top of bicubic interpolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional


class Compact(nn.Module):
    """Enlarge planes of brightness or color, each by itself or three together.

    A head, `blocks` pairs of 3 x 3 convolutions with a skip around each, and a tail for every scale that ends in a
    pixel shuffle (Shi et al. 2016). What the network says is added to the bicubic interpolation of the plane, so that
    an untrained network interpolates.

    Args:
        width: Channels inside.
        blocks: Pairs of convolutions.
        scales: Factors per side; 1 restores without enlarging.
        coded: How many numbers it is told of the whole image (see `codes.py`), each as a plane of its own.
        planes: How many planes it takes together: 1, or 3 for red, green and blue.
    """

    def __init__(self, width: int, blocks: int, scales: Sequence[int], coded: int = 0, planes: int = 1) -> None:
        super().__init__()
        self.width, self.blocks, self.scales, self.coded, self.planes = width, blocks, tuple(scales), coded, planes
        self.head = nn.Conv2d(planes + coded, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2 * blocks))
        self.tails = nn.ModuleDict({str(s): _make_tail(width, s, planes) for s in self.scales})

    @property
    def reach(self) -> int:
        """How many pixels away a pixel of the input can matter."""
        return 2 * self.blocks + 3

    def forward(self, planes: torch.Tensor, scale: int, codes: torch.Tensor) -> torch.Tensor:
        """Enlarge planes.

        Args:
            planes: N x `planes` x height x width, 0 to 1, float32 whatever the weights are: they are what is added to.
            scale: One of `scales`.
            codes: N x `coded` numbers from 0 to 1; nothing if `coded` is 0.

        Returns:
            N x `planes` x (scale height) x (scale width), float32, about 0 to 1.
        """
        given = (planes - 0.5).to(self.head.weight.dtype)
        if self.coded:
            known = codes.to(given)[:, : self.coded, None, None] - 0.5
            given = torch.cat([given, known.expand(-1, -1, *given.shape[2:])], dim=1)
        features = functional.leaky_relu(self.head(given), 0.1, inplace=True)
        for first, second in zip(self.body[::2], self.body[1::2], strict=True):
            inner = functional.leaky_relu(first(features), 0.1, inplace=True)
            features = features + functional.leaky_relu(second(inner), 0.1, inplace=True)
        detail = functional.pixel_shuffle(self.tails[str(scale)](features), scale).float()
        if scale == 1:
            return planes.float() + detail
        return functional.interpolate(planes.float(), scale_factor=scale, mode="bicubic") + detail


def _make_tail(width: int, scale: int, planes: int) -> nn.Conv2d:
    """Return the last convolution of a scale, which begins by adding almost nothing."""
    tail = nn.Conv2d(width, planes * scale * scale, 3, padding=1)
    assert tail.bias is not None
    nn.init.zeros_(tail.bias)
    tail.weight.data *= 0.1
    return tail


def store_channels_last(module: nn.Module) -> None:
    """Store the weights of a network channels last, the order in which convolutions are fastest."""
    convert: Callable[..., nn.Module] = module.to  # torch's own annotations leave out memory_format
    convert(memory_format=torch.channels_last)
