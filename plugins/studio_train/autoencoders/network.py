"""A small variational autoencoder (Kingma and Welling 2014) of whole images: three halvings, one code an image."""

from __future__ import annotations

import torch
from torch import nn

_WIDTH = 24
_GROUPS = 8
_VARIANCE = 0.02  # of what the decoder leaves out, for each sample
_DIVERGENCE = 0.1  # weight of the codes' distance to the standard normal distribution
_LOWEST, _HIGHEST = -8.0, 4.0  # of the logarithm of a code's variance


class VaeCoder(nn.Module):
    """Encoder and decoder.

    Args:
        shape: Rows and columns, multiples of 8.
        components: Numbers in a code.
    """

    def __init__(self, shape: tuple[int, int], components: int) -> None:
        super().__init__()
        self.shape, self.components = shape, components
        narrow, cells = 4 * _WIDTH, (shape[0] // 8) * (shape[1] // 8)
        self.encoder = nn.Sequential(
            _halve(3, _WIDTH), _halve(_WIDTH, 2 * _WIDTH), _halve(2 * _WIDTH, narrow),
            nn.Flatten(), nn.Linear(narrow * cells, 2 * components),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(components, narrow * cells), nn.Unflatten(1, (narrow, shape[0] // 8, shape[1] // 8)),
            _double(narrow, 2 * _WIDTH), _double(2 * _WIDTH, _WIDTH), _double(_WIDTH, _WIDTH),
            nn.Conv2d(_WIDTH, 3, 3, padding=1),
        )  # fmt: skip

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Return the mean codes of images: count x components."""
        return self.encoder(images)[:, : self.components]  # type: ignore[no-any-return]

    def decode(self, codes: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
        """Return the images of codes: count x 3 x rows x columns, about [0, 1]."""
        return self.decoder(codes)  # type: ignore[no-any-return]

    def measure_loss(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return the negative evidence lower bound of images, up to a constant, to call `backward` on."""
        means, logs = self.encoder(images).chunk(2, 1)
        logs = logs.clamp(_LOWEST, _HIGHEST)
        noise = torch.randn(means.shape, generator=generator)
        rebuilt = self.decoder(means + (logs / 2).exp() * noise)
        left_out = (rebuilt - images).square().flatten(1).sum(1).mean() / _VARIANCE
        divergence = -0.5 * (1 + logs - means.square() - logs.exp()).sum(1).mean()
        return left_out + _DIVERGENCE * divergence  # type: ignore[no-any-return]

    def list_tensors(self) -> dict[str, torch.Tensor]:
        """Return what a file keeps of it."""
        return {f"network.{name}": tensor for name, tensor in self.state_dict().items()}


def _halve(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.GroupNorm(_GROUPS, width), nn.SiLU())


def _double(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2), nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(_GROUPS, width), nn.SiLU()
    )
