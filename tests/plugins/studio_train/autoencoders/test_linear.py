"""Principal components, held against the eigenvectors of the covariance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from studio_train.autoencoders import linear
from studio_train.autoencoders.linear import fit_linear
from tests.plugins.studio_train.small_autoencoders import make_waves


def test_directions_are_eigenvectors_of_the_covariance() -> None:
    images = torch.rand((40, 3, 4, 4), generator=torch.Generator().manual_seed(1))

    coder = fit_linear(images, 5)

    values, vectors = np.linalg.eigh(np.cov(images.flatten(1).double().numpy(), rowvar=False))
    assert np.allclose(np.abs(coder.basis.numpy() @ vectors[:, ::-1][:, :5]), np.eye(5), atol=1e-3)
    assert np.allclose(coder.encode(images).var(0), values[::-1][:5], rtol=1e-3)


def test_images_of_few_directions_are_rebuilt_exactly() -> None:
    images = make_waves(30)

    coder = fit_linear(images, 12)

    assert torch.allclose(coder.decode(coder.encode(images), (16, 16)), images, atol=0.02)


def test_there_are_fewer_components_than_images() -> None:
    assert len(fit_linear(make_waves(4), 64).basis) == 3


def test_each_direction_points_to_its_largest_sample() -> None:
    basis = fit_linear(make_waves(20), 4).basis

    assert bool((basis.gather(1, basis.abs().argmax(1, keepdim=True)) > 0).all())


def test_equal_images_have_no_direction_and_no_nan() -> None:
    coder = fit_linear(torch.full((6, 3, 8, 8), 0.5), 4)

    assert bool(torch.isfinite(coder.basis).all())
    assert torch.allclose(coder.decode(coder.encode(torch.full((1, 3, 8, 8), 0.5)), (8, 8)), torch.tensor(0.5))


def test_many_images_take_a_shorter_way_to_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    images = make_waves(60)
    exact = fit_linear(images, 3).basis
    monkeypatch.setattr(linear, "_EXACT", 10)

    near = fit_linear(images, 3).basis

    assert torch.allclose(near, exact, atol=1e-2)
    assert torch.equal(near, fit_linear(images, 3).basis)
