"""What an autoencoder came to, on images that it was not trained with, beside what needs no training at all."""

from __future__ import annotations

from typing import Any

import torch

from studio_train.autoencoders.model import Autoencoder, find_differences, weigh
from studio_train.autoencoders.pictures import blur

_NOISE = 0.1  # standard deviation
_TRIED = 64  # images that are measured on
_SPOT = (0.04, 0.1)  # radius of spots that are put in, in parts of the root of the area
_CONTRAST = (0.25, 0.5)
_EQUAL = 1 / 255
_FEW = 20
_MARGIN = 0.5  # decibels
_GAP = 10.0  # decibels between images that were trained with and others
_MINOR = ("few_images", "no_denoiser")
_ACTIVE = 0.01  # variance of a code that says something


def make_report(
    autoencoder: Autoencoder, trained: torch.Tensor, normal: torch.Tensor, settings: dict[str, Any]
) -> dict[str, Any]:
    """Return the report as plain JSON.

    Args:
        autoencoder: What was trained.
        trained: Images that it was trained with: count x 3 x rows x columns in [0, 1].
        normal: Images that were held out, likewise.
        settings: How it was trained, to be repeated.

    Returns:
        The settings; `components` and how many of them are `active`; `rebuilt`, decibels (PSNR) of images that were
        held out, of those that were trained with, and of the mean image instead; `denoised`, decibels after noise of
        0.1 was added, without the model, with it, and with a Gaussian filter instead; `spots`, the area under the
        curve (AUC) of finding the pixels of spots that were put in, with the model and with a Gaussian filter instead;
        `warnings`, each with `kind` and `message`; `verdict`: "good" or "bad".
    """
    trained, normal = trained[:_TRIED], normal[:_TRIED]
    generator = torch.Generator().manual_seed(0)
    mean = trained.mean(0, keepdim=True).expand_as(normal)
    rebuilt = {
        "held_out": find_psnr(autoencoder.rebuild(normal), normal),
        "trained": find_psnr(autoencoder.rebuild(trained), trained),
        "mean_image": find_psnr(mean, normal),
    }
    noisy = (normal + _NOISE * torch.randn(normal.shape, generator=generator)).clamp(0, 1)
    denoised = {
        "noisy": find_psnr(noisy, normal),
        "model": find_psnr(autoencoder.denoise(noisy, None), normal),
        "gaussian": max(find_psnr(blur(noisy, sigma), normal) for sigma in (0.5, 0.8, 1.2)),
    }
    spotted, places = put_spots(normal, generator)
    usual = find_differences(normal, _soften(normal)).mean(0)
    spots = {
        "model": _find_area(autoencoder.compare(spotted)[0], places),
        "gaussian": _find_area(weigh(find_differences(spotted, _soften(spotted)), usual), places),
    }
    codes = autoencoder.encode(trained)
    active = int((codes.var(0) > _ACTIVE).sum()) if len(codes) > 1 else 0
    warnings = [
        *_judge_images(torch.cat([trained, normal]), settings["images"]),
        *_judge_numbers(rebuilt, spots, active, autoencoder.method),
        *_judge_denoised(denoised),
    ]
    return {
        **settings,
        "components": codes.shape[1],
        "active": active,
        "rebuilt": _round(rebuilt),
        "denoised": _round(denoised),
        "spots": _round(spots),
        "warnings": [{"kind": kind, "message": message} for kind, message in warnings],
        "verdict": "bad" if any(kind not in _MINOR for kind, _ in warnings) else "good",
    }


def _round(measures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in measures.items()}


def find_psnr(images: torch.Tensor, wanted: torch.Tensor) -> float:
    """Return the mean peak signal-to-noise ratio in decibels, 100 at most; samples beyond [0, 1] are clipped."""
    errors = (images.clamp(0, 1) - wanted).flatten(1).square().mean(1)
    return float((-10 * torch.log10(errors.clamp(min=1e-10))).mean())


def _soften(images: torch.Tensor) -> torch.Tensor:
    """Return images without what a Gaussian filter takes away: the baseline of finding what does not belong there."""
    return blur(images, max(1.0, (images.shape[2] * images.shape[3]) ** 0.5 / 32))


def put_spots(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Put a soft spot, lighter or darker, into each image.

    Args:
        images: count x 3 x rows x columns in [0, 1].
        generator: Of places, sizes and contrasts.

    Returns:
        The images, likewise, and where the spots are: count x rows x columns, bool.
    """
    count, _, rows, columns = images.shape
    numbers = torch.rand((count, 5), generator=generator)
    side = (rows * columns) ** 0.5
    radius = (side * (_SPOT[0] + (_SPOT[1] - _SPOT[0]) * numbers[:, 0])).clamp(min=1.0)
    down = (numbers[:, 1] * 0.8 + 0.1) * rows
    across = (numbers[:, 2] * 0.8 + 0.1) * columns
    contrast = (_CONTRAST[0] + (_CONTRAST[1] - _CONTRAST[0]) * numbers[:, 3]) * torch.where(numbers[:, 4] < 0.5, -1, 1)
    y, x = torch.arange(rows).view(1, -1, 1), torch.arange(columns).view(1, 1, -1)
    squares = ((y - down.view(-1, 1, 1)) ** 2 + (x - across.view(-1, 1, 1)) ** 2) / radius.view(-1, 1, 1) ** 2
    spots = torch.exp(-squares)
    return (images + (contrast.view(-1, 1, 1) * spots)[:, None]).clamp(0, 1), spots > 0.5


def _find_area(scores: torch.Tensor, places: torch.Tensor) -> float:
    """Return the mean area under the receiver operating characteristic of finding pixels in each image."""
    areas = [find_auc(each[place], each[~place]) for each, place in zip(scores, places, strict=True) if place.any()]
    return sum(areas) / max(1, len(areas))


def find_auc(positive: torch.Tensor, negative: torch.Tensor) -> float:
    """Return the chance that a positive's score is above a negative's; equal scores count half (Mann and Whitney)."""
    ordered = negative.sort().values
    below = torch.searchsorted(ordered, positive, right=False)
    up_to = torch.searchsorted(ordered, positive, right=True)
    return float((below + up_to).double().mean() / (2 * len(ordered)))


def _judge_images(images: torch.Tensor, counts: dict[str, int]) -> list[tuple[str, str]]:
    if bool(((images - images[:1]).flatten(1).abs().amax(1) < _EQUAL).all()):
        return [("equal_images", "all images are equal, so there is nothing to learn: give different ones")]
    total = sum(counts.values())
    if total < _FEW:
        return [("few_images", f"{total} images say little about what is normal: give about a hundred")]
    return []


def _judge_numbers(
    rebuilt: dict[str, float], spots: dict[str, float], active: int, method: str
) -> list[tuple[str, str]]:
    found = []
    if rebuilt["held_out"] < rebuilt["mean_image"] + _MARGIN:
        found.append(
            (
                "worse_than_mean",
                f"images that were held out are rebuilt at {rebuilt['held_out']:.1f} dB, and the mean image alone has "
                f"{rebuilt['mean_image']:.1f} dB: give more images of one narrow kind, or take more steps",
            )
        )
    elif rebuilt["trained"] > rebuilt["held_out"] + _GAP:
        found.append(
            (
                "memorized",
                "images that were trained with are rebuilt far better than others: give more images, or take fewer "
                "components",
            )
        )
    if method == "vae" and active == 0:
        found.append(("collapsed", "the codes say nothing about the images: take more steps, or fewer components"))
    if spots["model"] < spots["gaussian"]:
        found.append(
            (
                "worse_than_gaussian",
                "a Gaussian filter finds spots that were put in better than the model: do not look for anomalies "
                "with it; give more images, or other components",
            )
        )
    return found


def _judge_denoised(denoised: dict[str, float]) -> list[tuple[str, str]]:
    if denoised["model"] > denoised["noisy"]:
        return []
    return [("no_denoiser", "what the model makes of images with noise is further from them than the noise: do not "
             "denoise with it")]  # fmt: skip
