"""Several styles side by side as one picture: one search finds patches of all, each about as often as its share."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from .color_match import FloatArray, resize_picture
from .patch_field import Field, StylePatches, add_costs, find_patches
from .style_set import StyleSet

_FORBIDDEN = 1000.0
_LEARNING = 0.06
_MOST_COST = 0.4


class StyleAtlas:
    """Where in a picture of several styles each of them lies, and what it costs to use one more than its share.

    Attributes:
        picture: The styles, brought to the area of the first and laid side by side.
        shares: How often each is to be used.
    """

    def __init__(self, styles: StyleSet) -> None:
        pictures = [_fit_area(each, styles.pictures[0]) for each in styles.pictures]
        height = max(len(each) for each in pictures)
        padded = [np.pad(each, ((0, height - len(each)), (0, 0), (0, 0)), mode="symmetric") for each in pictures]
        labels = [np.full(each.shape[:2], -1.0, np.float32) for each in padded]
        for index, (label, each) in enumerate(zip(labels, pictures, strict=True)):
            label[: len(each)] = index
        self.picture: FloatArray = np.concatenate(padded, axis=1)
        self.area = pictures[0].shape[0] * pictures[0].shape[1]
        self.shares = torch.tensor(styles.shares)
        self._labels = torch.from_numpy(np.concatenate(labels, axis=1))
        self._costs = torch.zeros(len(pictures))
        self._owners = torch.zeros(0, dtype=torch.int64)

    def enter(self, style: StylePatches) -> StylePatches:
        """Begin a level: find the style of each patch there, and forbid those that lie over two."""
        size = (style.picture.shape[0], style.picture.shape[1])
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

    def charge(self, style: StylePatches, field: Field | None) -> StylePatches:
        """Make styles that were used more than their share fit less well."""
        if field is not None:
            owners = self._owners[find_patches(style, field)]
            used = torch.bincount(owners, minlength=len(self.shares)).float().cpu() / owners.numel()
            costs = self._costs + _LEARNING * (used - self.shares)
            self._costs = (costs - costs.min()).clamp_max(_MOST_COST)
        return add_costs(style, self._costs.to(style.keys.device)[self._owners])


def _fit_area(picture: FloatArray, first: FloatArray) -> FloatArray:
    factor = math.sqrt(first.shape[0] * first.shape[1] / (picture.shape[0] * picture.shape[1]))
    return resize_picture(picture, (max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor))))
