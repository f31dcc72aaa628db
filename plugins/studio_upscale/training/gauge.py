"""Train a gauge: images of many sharpnesses, made small in every way, and which way it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from studio_upscale.gauge import KERNELS, SCALES, Gauge, find_features, normalize
from studio_upscale.training.images import Array, degrade, find_luma, round_samples, shrink_antialiased

FOLDS = 4
_MEMBERS, _HIDDEN, _EPOCHS = 3, 32, 20
_SIDE = 640  # what is taken of an image before it is made small
_TEMPERATURES = np.linspace(0.8, 3, 23)


@dataclass(frozen=True)
class Samples:
    """What was seen of images that were made small.

    Attributes:
        features: N x features.
        kernels: N; which of `KERNELS` made it small.
        scales: N.
        numbers: N; which image it is of.
        weights: N.
    """

    features: Array
    kernels: Array
    scales: Array
    numbers: Array
    weights: Array

    def take(self, chosen: Array) -> Samples:
        """Return those that are chosen."""
        return Samples(*(getattr(self, field.name)[chosen] for field in fields(self)))


def make_samples(images: Sequence[tuple[Array, float]], seed: int, each: int) -> Samples:
    """Make up to `each` variants of every image (by its weight) small by a random scale with each kernel."""
    rng = np.random.default_rng([seed, 11])
    rows = []
    for number, (pixels, weight) in enumerate(images):
        for _ in range(round(each * weight)):
            variant, scale = _vary(pixels, rng), int(rng.choice(SCALES))
            height, width = (min(side, _SIDE) // scale * scale for side in variant.shape[:2])
            top, left = (int(rng.integers(a - b + 1)) for a, b in zip(variant.shape, (height, width), strict=False))
            whole = np.ascontiguousarray(variant[top : top + height, left : left + width])
            pressed = rng.random() < 0.2
            for kernel, kind in enumerate(KERNELS):
                left_over = degrade(whole, scale, kind, rng)
                if pressed:
                    left_over = degrade(left_over, 1, "jpeg", rng)
                features = find_features(find_luma(left_over))
                if features is not None:
                    rows.append((features, kernel, scale, number, weight))
    return Samples(*(np.array(column) for column in zip(*rows, strict=True)))


def _vary(pixels: Array, rng: np.random.Generator) -> Array:
    """Return an image at another size, blurred, sharpened, with noise, or as it is."""
    zoom = float(rng.uniform(0.35, 1)) if rng.random() < 0.75 else 1.0
    zoom = min(1.0, max(zoom, 260 / min(pixels.shape[:2])))
    if rng.random() < 0.15:
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.3, 0.8)))
    if zoom < 1:
        mode = int(rng.integers(4))
        if mode == 3:
            pixels = round_samples(shrink_antialiased(pixels, 1 / zoom))
        else:
            kind = cv2.INTER_CUBIC if mode == 2 and zoom > 0.5 else cv2.INTER_AREA
            pixels = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=kind)
    chance = rng.random()
    if chance < 0.12:
        pixels = round_samples(pixels * 1.6 - 0.6 * cv2.GaussianBlur(pixels, (0, 0), 1.0).astype(np.float32))
    elif chance < 0.2:
        pixels = round_samples(pixels + rng.normal(0, rng.uniform(1, 4), pixels.shape))
    return pixels


def train_gauges(samples: Samples, seed: int) -> tuple[Gauge, list[Gauge], float]:
    """Return a gauge that learned from all images, and those that did not see every `FOLDS`-th one.

    Their temperature is the one at which the latter are right about what they did not see as often as they say.

    Returns:
        The gauge, the gauges of the folds, and their loss (nats an image) on what they did not see.
    """
    folds = [_fit(samples.take(samples.numbers % FOLDS != fold), seed) for fold in range(FOLDS)]
    losses = [_measure(samples, folds, float(temperature)) for temperature in _TEMPERATURES]
    best = np.array([_TEMPERATURES[int(np.argmin(losses))]], np.float32)
    whole, *parts = (replace(gauge, temperature=best) for gauge in (_fit(samples, seed), *folds))
    return whole, parts, min(losses)


def _measure(samples: Samples, folds: Sequence[Gauge], temperature: float) -> float:
    losses = []
    for fold, gauge in enumerate(folds):
        unseen = samples.take(samples.numbers % FOLDS == fold)
        told = replace(gauge, temperature=np.array([temperature], np.float32))
        shares = told.judge(unseen.features, unseen.scales)[np.arange(len(unseen.kernels)), unseen.kernels]
        losses.append(-np.log(np.clip(shares, 1e-6, 1)))
    return float(np.concatenate(losses).mean())


def _fit(samples: Samples, seed: int) -> Gauge:
    import torch

    mean = samples.features.mean(axis=0)
    deviation = samples.features.std(axis=0) + 1e-3
    given = torch.from_numpy(normalize(samples.features, samples.scales, mean, deviation).astype(np.float32))
    wanted, weights = torch.from_numpy(samples.kernels), torch.from_numpy(samples.weights.astype(np.float32))
    members = [_fit_member(given, wanted, weights, seed + member) for member in range(_MEMBERS)]
    first, second, last = (np.stack(layer) for layer in zip(*members, strict=True))
    return Gauge(mean.astype(np.float32), deviation.astype(np.float32), first, second, last, np.ones(1, np.float32))


def _fit_member(given: Any, wanted: Any, weights: Any, seed: int) -> list[Array]:
    import torch
    from torch import nn

    torch.manual_seed(seed)
    sizes = (given.shape[1], _HIDDEN, _HIDDEN, len(KERNELS))
    linear = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    drop = [nn.Dropout(share) for share in (0.1, 0.5, 0.5)]
    network = nn.Sequential(drop[0], linear[0], nn.ReLU(), drop[1], linear[1], nn.ReLU(), drop[2], linear[2])
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1.0)
    steps = max(1, _EPOCHS * len(given) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for _ in range(steps):
        batch = torch.randint(len(given), (128,))
        losses = nn.functional.cross_entropy(network(given[batch]), wanted[batch], reduction="none")
        optimizer.zero_grad()
        (losses * weights[batch]).mean().backward()
        optimizer.step()
        schedule.step()
    return [torch.cat([part.weight, part.bias[:, None]], dim=1).detach().numpy() for part in linear]
