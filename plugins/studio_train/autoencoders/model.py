"""An autoencoder with what it learned about its images: how codes vary, how far images are rebuilt wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch

from studio_train.autoencoders.pictures import Shape, blur

_SMOOTH = 1 / 40  # of the root of the area: the Gaussian filter over differences
_FLOOR = 2.0  # times the mean difference is added to what is usual, which few images say roughly
_STEP = 1 / 255  # differences below it are those of 8-bit samples
_QUANTILE = 0.95
_MANY = 20  # normal images from which a quantile says more than the highest score


class Coder(Protocol):
    """Encoder and decoder of one kind."""

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Return the codes of images in [0, 1]: count x components."""
        ...

    def decode(self, codes: torch.Tensor, shape: Shape) -> torch.Tensor:
        """Return the images of codes: count x 3 x rows x columns, about [0, 1]."""
        ...

    def list_tensors(self) -> dict[str, torch.Tensor]:
        """Return what a file keeps of it."""
        ...


@dataclass(frozen=True)
class Statistics:
    """What images that were not trained on, and codes of those that were, came to.

    Attributes:
        center: Mean of the codes: components.
        spread: A matrix whose product with standard normal numbers varies as the codes do: components x components.
        usual: Mean difference of normal images, filtered: rows x columns, in samples of [0, 1].
        threshold: Highest score of nearly all normal images.
        residue: Mean square of what normal images lose, for each sample.
    """

    center: torch.Tensor
    spread: torch.Tensor
    usual: torch.Tensor
    threshold: float
    residue: float


@dataclass(frozen=True)
class Autoencoder:
    """A coder for images of one shape, and its statistics.

    Attributes:
        method: "linear" or "vae".
        shape: Rows and columns of its images.
        coder: Encodes and decodes.
        statistics: What it learned about its images.
    """

    method: str
    shape: Shape
    coder: Coder
    statistics: Statistics

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Return the codes of images in [0, 1]: count x components."""
        with torch.inference_mode():
            return self.coder.encode(images)

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the images of codes: count x 3 x rows x columns, about [0, 1]."""
        with torch.inference_mode():
            return self.coder.decode(codes, self.shape)

    def rebuild(self, images: torch.Tensor) -> torch.Tensor:
        """Return what it makes of images: count x 3 x rows x columns, about [0, 1]."""
        return self.decode(self.encode(images))

    def sample(self, count: int, spread: float, generator: torch.Generator) -> torch.Tensor:
        """Return new images: codes are drawn from the normal distribution that fits those it was trained with.

        Args:
            count: How many.
            spread: Times the deviation of the codes; 0 gives their mean.
            generator: Of the numbers.
        """
        known = self.statistics
        numbers = torch.randn((count, len(known.center)), generator=generator)
        return self.decode(known.center + spread * numbers @ known.spread.T)

    def denoise(self, images: torch.Tensor, noise: float | None) -> torch.Tensor:
        """Return images without noise: codes that vary little among normal images are trusted less (Wiener 1949).

        Args:
            images: count x 3 x rows x columns in [0, 1].
            noise: Standard deviation of the noise; None to find it from what the model cannot explain in each image.
        """
        known, codes = self.statistics, self.encode(images)
        if self.method != "linear":
            return self.decode(codes)  # its encoder has no orthonormal directions in which noise is known
        if noise is None:
            left = (images - self.decode(codes)).flatten(1).square().mean(1, keepdim=True)
            free = images[0].numel() / (images[0].numel() - codes.shape[1])
            variance = (left * free - known.residue).clamp(min=0)
        else:
            variance = torch.full((len(images), 1), noise * noise)
        own = known.spread.square().sum(1)
        return self.decode(known.center + (codes - known.center) * own / (own + variance))

    def compare(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return how far images are from what it rebuilds, in units of the threshold, and the rebuilt images.

        Returns:
            count x rows x columns, above 1 where no normal image differs as much; count x 3 x rows x columns.
        """
        rebuilt = self.rebuild(images)
        known = self.statistics
        return weigh(find_differences(images, rebuilt), known.usual) / known.threshold, rebuilt


def find_differences(images: torch.Tensor, rebuilt: torch.Tensor) -> torch.Tensor:
    """Return the mean differences of the channels, filtered: count x rows x columns."""
    rows, columns = images.shape[2:]
    differences = (images - rebuilt).abs().mean(1, keepdim=True)
    return blur(differences, max(0.7, _SMOOTH * (rows * columns) ** 0.5))[:, 0]


def weigh(differences: torch.Tensor, usual: torch.Tensor) -> torch.Tensor:
    """Return differences in units of those that are usual at their place."""
    return differences / (usual + _FLOOR * usual.mean() + _STEP)


def measure(coder: Coder, trained: torch.Tensor, normal: torch.Tensor) -> Statistics:
    """Measure the statistics of a coder.

    Args:
        coder: What was trained.
        trained: Images that it was trained with: count x 3 x rows x columns in [0, 1].
        normal: Others of the same kind, likewise.
    """
    shape = (trained.shape[2], trained.shape[3])
    with torch.inference_mode():
        codes = coder.encode(trained).double()
        rebuilt = coder.decode(coder.encode(normal), shape)
    center = codes.mean(0)
    variances, directions = torch.linalg.eigh((codes - center).T @ (codes - center) / max(1, len(codes) - 1))
    differences = find_differences(normal, rebuilt)
    usual = differences.mean(0)
    scores = weigh(differences, usual).flatten(1).amax(1)
    threshold = scores.quantile(_QUANTILE) if len(scores) >= _MANY else scores.max()
    return Statistics(
        center=center.float(),
        spread=(directions * variances.clamp(min=0).sqrt()).float().contiguous(),
        usual=usual,
        threshold=max(float(threshold), 1.0),
        residue=float((normal - rebuilt).square().mean()),
    )


def list_statistics(statistics: Statistics) -> Mapping[str, torch.Tensor]:
    """Return what a file keeps of statistics."""
    return {
        "codes.center": statistics.center,
        "codes.spread": statistics.spread,
        "normal.usual": statistics.usual,
        "normal.threshold": torch.tensor(statistics.threshold),
        "normal.residue": torch.tensor(statistics.residue),
    }
