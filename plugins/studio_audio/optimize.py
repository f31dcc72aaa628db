"""Spectrogram transfer by gradients: random filters, and sliced Wasserstein distances of patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray
    from studio_audio.transfer_setting import Setting

_FILTERS, _REACH = 512, 11
_CONTENT_WEIGHT, _RATE = 0.1, 0.03
_DIRECTIONS, _PATCH, _STRIDE, _KEEP = 48, (9, 7), 3, 0.5


def match_random_filters(content: FloatArray, style: FloatArray, setting: Setting) -> FloatArray:
    """Return levels whose Gram matrix under one random convolution over time is the style's.

    Bins are channels, as in Ulyanov and Lebedev (2016), "Audio texture synthesis and style transfer".
    """
    generator, device = torch.Generator().manual_seed(setting.seed), torch.device(setting.device)
    start, model = (torch.from_numpy(np.ascontiguousarray(x))[None].to(device) for x in (content, style))
    bins = start.shape[1]
    filters = torch.randn(_FILTERS, bins, _REACH, generator=generator) * (2 / (bins * _REACH)) ** 0.5
    filters = filters.to(device)

    def listen(levels: torch.Tensor) -> torch.Tensor:
        return functional.relu(functional.conv1d(levels, filters, padding=_REACH // 2))[0]

    def correlate(found: torch.Tensor) -> torch.Tensor:
        return found @ found.T / found.shape[1]

    with torch.no_grad():
        wanted, kept = correlate(listen(model)), listen(start)
        scale, energy = wanted.square().sum().clamp_min(1e-12), kept.square().mean().clamp_min(1e-12)

    def measure(levels: torch.Tensor) -> torch.Tensor:
        found = listen(levels)
        away = (correlate(found) - wanted).square().sum() / scale
        return away + _CONTENT_WEIGHT * (found - kept).square().mean() / energy

    found: FloatArray = _descend(start, measure, _RATE, setting)[0]
    return found


def match_sliced_patches(content: FloatArray, style: FloatArray, start: FloatArray, setting: Setting) -> FloatArray:
    """Return levels whose patches have the style's distribution along random directions.

    Sliced Wasserstein distances as a texture loss (Heitz et al. 2021), on patches of the spectrogram that know at
    which frequency they lie; what is fine in frequency, and so the notes, is held to the content.
    """
    generator, device = torch.Generator().manual_seed(setting.seed), torch.device(setting.device)
    given = (torch.from_numpy(np.ascontiguousarray(levels)) for levels in (start, style, content))
    first, model, kept = (levels[None, None].to(device) for levels in given)

    def lift(levels: torch.Tensor) -> torch.Tensor:
        around = functional.pad(levels, (0, 0, 7, 7), mode="replicate")
        return levels - functional.avg_pool2d(around, (15, 1), 1)

    fine = lift(kept)

    def measure(levels: torch.Tensor) -> torch.Tensor:
        directions = torch.randn(_DIRECTIONS, 1, *_PATCH, generator=generator)
        directions = (directions / directions.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).to(device)
        places = (torch.randn(_DIRECTIONS, 1, 1, generator=generator) * 2).to(device)
        down, across = torch.randint(0, _STRIDE, (2,), generator=generator).tolist()

        def project(image: torch.Tensor) -> torch.Tensor:
            found = functional.conv2d(image[:, :, down:, across:], directions, stride=_STRIDE)[0]
            ramp = torch.linspace(0, 1, found.shape[1], device=device).view(1, -1, 1)
            return (found + places * ramp).flatten(1).sort(dim=1).values

        with torch.no_grad():
            wanted = project(model)
        mine = project(levels)
        at = (torch.arange(mine.shape[1], device=device) + 0.5) * wanted.shape[1] / mine.shape[1]
        away = (mine - wanted[:, at.long()]).abs().mean()
        return away + _KEEP * (lift(levels) - fine).abs().mean()

    if min(content.shape[1], style.shape[1]) < _PATCH[1] + _STRIDE:
        return start
    found: FloatArray = _descend(first, measure, 0.02, setting)[0, 0]
    return found


def _descend(
    start: torch.Tensor, measure: Callable[[torch.Tensor], torch.Tensor], rate: float, setting: Setting
) -> FloatArray:
    levels = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([levels], rate)
    for done in range(setting.rounds):
        setting.step(done, setting.rounds)
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = measure(levels)
            loss.backward()
        optimizer.step()
    found: FloatArray = levels.detach().clamp_min(0.0).cpu().numpy()
    return found
