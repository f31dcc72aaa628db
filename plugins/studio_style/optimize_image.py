"""Style transfer by optimising an image until its VGG features have the statistics of a style's (Gatys et al. 2016).

The statistics are Gram matrices, or the sorted projections of features on random directions (sliced Wasserstein
distance, Heitz et al. 2021), which take whole distributions into account.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import torch
from torch.nn import functional

from .color_match import FloatArray, compute_luma, match_colors, match_luma, replace_luma, resize_image
from .levels import Size, fit_size
from .style_set import StyleSet

if TYPE_CHECKING:
    from .networks.vgg import VggFeatures

Loss = Literal["sliced", "gram"]
Optimizer = Literal["lbfgs", "adam"]
Quality = Literal["draft", "standard", "fine"]
Report = Callable[[int, int, Callable[[], FloatArray]], None]

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"
_SIDES: dict[Quality, int] = {"draft": 256, "standard": 512, "fine": 1024}
_STEPS: dict[Quality, int] = {"draft": 40, "standard": 80, "fine": 160}
_COARSE_SIDE = 256
_CONTENT_WEIGHT = 0.05
_SMOOTHNESS = 0.02
_ADAM_RATE = 0.03
_DIRECTIONS = 64


class _Measure(Protocol):
    def __call__(self, features: dict[str, torch.Tensor]) -> torch.Tensor: ...


def optimize_image(
    content: FloatArray,
    styles: StyleSet,
    network: VggFeatures,
    *,
    strength: float,
    stroke_scale: float,
    keep_colors: bool,
    quality: Quality,
    loss: Loss,
    optimizer: Optimizer,
    steps: int | None,
    seed: int,
    device: str,
    on_step: Report,
) -> FloatArray:
    """Repaint an image; coarse first, then at the working size, then enlarged to the content's size.

    Returns:
        The painted image, of the content's size. Not a number anywhere raises FloatingPointError.
    """
    full = (content.shape[0], content.shape[1])
    working = fit_size(full, _SIDES[quality] / max(full))
    target = resize_image(content, working)
    if keep_colors:
        target = np.repeat(compute_luma(target)[..., None], 3, axis=2)
        styles = StyleSet(tuple(match_luma(each, target) for each in styles.images), styles.shares)
    start = target if keep_colors else match_colors(target, styles.find_palette())
    total = steps or _STEPS[quality]
    generator = torch.Generator().manual_seed(seed)
    image, done = start, 0

    def finish(painted: FloatArray) -> FloatArray:
        return _finish(painted, content, strength, keep_colors)

    for size, mine in _plan_sizes(working, total):
        image = resize_image(image, size)
        grown = stroke_scale * math.sqrt(size[0] * size[1])
        measure = _create_measure(network, resize_image(target, size), styles, grown, loss, generator, strength, device)
        for step, painted in enumerate(_descend(image, measure, network, optimizer, max(mine, 1), device)):
            image = painted
            on_step(min(done + step + 1, total), total, partial(finish, painted))
        done += mine
    return finish(image)


def _plan_sizes(working: Size, total: int) -> list[tuple[Size, int]]:
    """Return the sizes to work at, coarse first, and how many of all steps each takes."""
    if max(working) <= _COARSE_SIDE:
        return [(working, total)]
    coarse = fit_size(working, _COARSE_SIDE / max(working))
    return [(coarse, (2 * total + 2) // 3), (working, total // 3)]


def _finish(painted: FloatArray, content: FloatArray, strength: float, keep_colors: bool) -> FloatArray:
    painted = resize_image(painted, (content.shape[0], content.shape[1]))
    if keep_colors:
        painted = replace_luma(content, compute_luma(painted))
    blended: FloatArray = content + np.float32(math.sqrt(strength)) * (painted - content)
    return blended


def _descend(
    image: FloatArray, measure: _Measure, network: VggFeatures, optimizer: Optimizer, steps: int, device: str
) -> Iterator[FloatArray]:
    """Yield the image after each step of the optimiser."""
    values = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].to(device).requires_grad_(True)
    solver: torch.optim.Optimizer
    if optimizer == "adam":
        solver = torch.optim.Adam([values], lr=_ADAM_RATE)
    else:
        solver = torch.optim.LBFGS([values], lr=1.0, max_iter=1, history_size=20, tolerance_grad=0, tolerance_change=0)

    def close() -> torch.Tensor:
        solver.zero_grad()
        with torch.enable_grad():
            found = measure(network(values, (*STYLE_LAYERS, CONTENT_LAYER)))
            found = found + _SMOOTHNESS * _measure_roughness(values)
            found.backward()
        return found

    step: Callable[[Callable[[], torch.Tensor]], torch.Tensor] = solver.step  # torch leaves that of L-BFGS untyped
    for _ in range(steps):
        before = values.detach().clone()
        value = step(close)
        with torch.no_grad():
            values.copy_(before + (values - before).clamp(-0.2, 0.2)).clamp_(0.0, 1.0)
        if not (torch.isfinite(value) and bool(torch.isfinite(values).all())):
            raise FloatingPointError
        yield np.ascontiguousarray(values.detach()[0].permute(1, 2, 0).cpu().numpy())


def _create_measure(
    network: VggFeatures,
    target: FloatArray,
    styles: StyleSet,
    grown: float,
    loss: Loss,
    generator: torch.Generator,
    strength: float,
    device: str,
) -> _Measure:
    """Make the function that says how far features are from the styles' statistics and from the content."""
    content = _read_features(network, target, (CONTENT_LAYER,), device)[CONTENT_LAYER]
    scale = 1.0 / content.square().mean().clamp_min(1e-8)
    known = []
    for style in styles.images:
        factor = min(1.0, grown / math.sqrt(style.shape[0] * style.shape[1]))
        known.append(
            _read_features(network, resize_image(style, fit_size(style.shape[:2], factor)), STYLE_LAYERS, device)
        )
    compare = _compare_grams if loss == "gram" else _compare_projections

    def measure(features: dict[str, torch.Tensor]) -> torch.Tensor:
        nearness = (features[CONTENT_LAYER] - content).square().mean() * scale
        total = _CONTENT_WEIGHT * (2.0 - strength) * nearness
        for layer in STYLE_LAYERS:
            seeds = int(torch.randint(1 << 30, (1,), generator=generator))
            for share, style in zip(styles.shares, known, strict=True):
                total = total + strength * share * compare(features[layer], style[layer], seeds) / len(STYLE_LAYERS)
        return total * 100.0

    return measure


def _read_features(
    network: VggFeatures, image: FloatArray, layers: Sequence[str], device: str
) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        found: dict[str, torch.Tensor] = network(
            torch.from_numpy(image.transpose(2, 0, 1).copy())[None].to(device), layers
        )
    return found


def _compare_grams(mine: torch.Tensor, style: torch.Tensor, _seed: int) -> torch.Tensor:
    """Compare Gram matrices, relative to the style's."""
    first, second = (each.flatten(2)[0] for each in (mine, style))
    grams = [each @ each.T / each.shape[1] for each in (first, second)]
    return (grams[0] - grams[1]).square().sum() / grams[1].square().sum().clamp_min(1e-12)


def _compare_projections(mine: torch.Tensor, style: torch.Tensor, seed: int) -> torch.Tensor:
    """Compare sorted projections on random directions, relative to the style's spread."""
    first, second = (each.flatten(2)[0] for each in (mine, style))
    count = min(_DIRECTIONS, len(first))
    directions = torch.randn(count, len(first), generator=torch.Generator().manual_seed(seed)).to(mine.device)
    directions = functional.normalize(directions, dim=1)
    lines = [(directions @ each).sort(dim=1).values for each in (first, second)]
    goal = functional.interpolate(lines[1][None], lines[0].shape[1], mode="linear", align_corners=True)[0]
    distance = (lines[0] - goal).square().mean() / second.square().mean().clamp_min(1e-12)
    return distance * math.sqrt(len(first))


def _measure_roughness(values: torch.Tensor) -> torch.Tensor:
    down, right = values.diff(dim=2), values.diff(dim=3)
    return down.square().sum() / values.numel() + right.square().sum() / values.numel()
