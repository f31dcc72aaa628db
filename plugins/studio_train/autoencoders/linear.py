"""Principal components of images: the autoencoder whose encoder and decoder are linear (Baldi and Hornik 1989)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_EXACT = 1500  # images or samples up to which all components are found, exactly
_PASSES = 4


@dataclass(frozen=True)
class LinearCoder:
    """Mean and directions of a set of images.

    Attributes:
        mean: The samples of the mean image, float32.
        basis: Orthonormal directions, those of the largest variance first: components x samples, float32.
    """

    mean: torch.Tensor
    basis: torch.Tensor

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Return the codes of images: count x components."""
        return (images.flatten(1) - self.mean) @ self.basis.T

    def decode(self, codes: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
        """Return the images of codes: count x 3 x rows x columns, about [0, 1]."""
        return (codes @ self.basis + self.mean).view(len(codes), 3, *shape)

    def list_tensors(self) -> dict[str, torch.Tensor]:
        """Return what a file keeps of it."""
        return {"mean": self.mean, "basis": self.basis}


def fit_linear(images: torch.Tensor, components: int) -> LinearCoder:
    """Find the principal components of images.

    Args:
        images: count x 3 x rows x columns.
        components: How many; there are at most one fewer than images.

    Returns:
        The coder; each direction points to where its largest sample is positive, so equal images give equal files.
    """
    samples = images.flatten(1).double()
    mean = samples.mean(0)
    centered = samples - mean
    count = max(1, min(components, len(samples) - 1, samples.shape[1]))
    if min(samples.shape) <= _EXACT:
        basis = torch.linalg.svd(centered, full_matrices=False).Vh[:count]
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # of the random test matrix (Halko et al. 2011)
            basis = torch.svd_lowrank(centered, q=min(count + 8, *samples.shape), niter=_PASSES)[2].T[:count]
    largest = basis.gather(1, basis.abs().argmax(1, keepdim=True))
    return LinearCoder(mean.float(), (basis * torch.sign(largest)).float().contiguous())
