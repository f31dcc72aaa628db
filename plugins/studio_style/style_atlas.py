"""Several styles side by side as one image: one search finds patches of all, each about as often as its share."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from .color_match import FloatArray, resize_image
from .patch_field import Field, StylePatches, add_costs, find_patches
from .style_set import StyleSet

_FORBIDDEN = 1000.0
_CORRECTION = 0.5
_SAMPLES = 300
_SWEEPS = 12


class StyleAtlas:
    """Where in an image of several styles each of them lies, and what makes each be used as often as its share says.

    Attributes:
        image: The styles, brought to the area of the first and laid side by side.
        shares: How often each is to be used.
    """

    def __init__(self, styles: StyleSet) -> None:
        images = [_fit_area(each, styles.images[0]) for each in styles.images]
        height = max(len(each) for each in images)
        padded = [np.pad(each, ((0, height - len(each)), (0, 0), (0, 0)), mode="symmetric") for each in images]
        labels = [np.full(each.shape[:2], -1.0, np.float32) for each in padded]
        for index, (label, each) in enumerate(zip(labels, images, strict=True)):
            label[: len(each)] = index
        self.image: FloatArray = np.concatenate(padded, axis=1)
        self.area = images[0].shape[0] * images[0].shape[1]
        self.shares = torch.tensor(styles.shares)
        self._labels = torch.from_numpy(np.concatenate(labels, axis=1))
        self._asked = self.shares
        self._owners = torch.zeros(0, dtype=torch.int64)

    def enter(self, style: StylePatches) -> StylePatches:
        """Begin a level: find the style of each patch there, and forbid those that lie over two."""
        size = (style.image.shape[0], style.image.shape[1])
        labels = functional.interpolate(self._labels[None, None], size, mode="nearest")
        side = 2 * style.radius + 3
        padded = functional.pad(labels, (1, 1, 1, 1), mode="replicate")
        highest = functional.max_pool2d(padded, side, 1).flatten()
        lowest = -functional.max_pool2d(-padded, side, 1).flatten()
        mixed = (highest != lowest) | (lowest < 0)
        if bool(mixed.all()):
            mixed = torch.zeros_like(mixed)
        self._owners = highest.clamp_min(0).long().to(style.keys.device)
        return add_costs(style, mixed.to(style.keys.device) * _FORBIDDEN)

    def balance(self, style: StylePatches, queries: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
        """Find what to add to the distances (times `scale`) of each patch for each style to be used by its share."""
        places = torch.linspace(0, len(queries) - 1, min(_SAMPLES, len(queries))).round().long()
        sample = queries[places.to(queries.device)]
        nearest = [self._measure(style, sample, index, scale) for index in range(len(self.shares))]
        costs = find_costs(torch.stack(nearest, dim=1).cpu(), self._asked)
        return costs.to(style.keys.device)[self._owners]

    def correct(self, style: StylePatches, field: Field) -> None:
        """Ask for more of what a field has less of than its share, and for less of what it has more of."""
        owners = self._owners[find_patches(style, field)]
        used = torch.bincount(owners, minlength=len(self.shares)).float().cpu() / owners.numel()
        asked = (self._asked + _CORRECTION * (self.shares - used)).clamp(0.01, 1.0)
        self._asked = asked / asked.sum()

    def _measure(
        self, style: StylePatches, sample: torch.Tensor, index: int, scale: torch.Tensor | None
    ) -> torch.Tensor:
        """Measure how far each of some queries is from the nearest patch of one style."""
        mine = self._owners == index
        if not bool(mine.any()):
            return torch.full((len(sample),), _FORBIDDEN, device=sample.device)
        distances = sample[:, :-1] @ style.keys[mine].T + sample[:, -1:]
        return (distances if scale is None else distances * scale[mine]).amin(1)


def find_costs(distances: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Find what to add to each column of distances (N x styles) for it to be the least in its share of the rows.

    One column after the other is set right against the rest (as in auctions for optimal transport), a few times.
    """
    costs = torch.zeros(len(shares))
    for _ in range(_SWEEPS if len(shares) > 2 else 1):
        for index in range(len(shares) - 1, 0, -1):
            others = distances + costs
            others[:, index] = torch.inf
            margin = others.amin(1) - distances[:, index]
            costs[index] = torch.quantile(margin, 1.0 - float(shares[index]))
        costs = costs - costs.min()
    return costs


def _fit_area(image: FloatArray, first: FloatArray) -> FloatArray:
    factor = math.sqrt(first.shape[0] * first.shape[1] / (image.shape[0] * image.shape[1]))
    return resize_image(image, (max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor))))
