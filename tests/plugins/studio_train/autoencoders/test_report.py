"""Reports: measures held against scikit-learn's and Pillow's arithmetic, and what is said of bad models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from studio_train.autoencoders.linear import fit_linear
from studio_train.autoencoders.model import Autoencoder, measure
from studio_train.autoencoders.network import VaeCoder
from studio_train.autoencoders.report import find_auc, find_psnr, make_report, put_spots
from tests.plugins.studio_train.small_autoencoders import make_autoencoder, make_waves


def report(autoencoder: Autoencoder, trained: torch.Tensor, normal: torch.Tensor) -> dict[str, Any]:
    settings = {"images": {"trained": len(trained), "held_out": len(normal)}}
    return make_report(autoencoder, trained, normal, settings)


def list_kinds(found: dict[str, Any]) -> list[str]:
    return [warning["kind"] for warning in found["warnings"]]


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(3)
    positive, negative = rng.integers(0, 6, 40) / 6, rng.integers(0, 5, 60) / 6
    pairs = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()

    assert find_auc(torch.from_numpy(positive), torch.from_numpy(negative)) == pytest.approx(pairs)


def test_decibels_are_those_of_the_mean_square() -> None:
    images = torch.full((2, 3, 4, 4), 0.5)

    assert find_psnr(images + 0.1, images) == pytest.approx(20, abs=1e-3)
    assert find_psnr(images, images) == 100


def test_spots_are_where_the_image_changed_most() -> None:
    images = torch.full((8, 3, 32, 32), 0.5)

    spotted, places = put_spots(images, torch.Generator().manual_seed(1))

    changes = (spotted - images).abs().mean(1)
    for change, place in zip(changes, places, strict=True):
        assert place.any()
        assert change[place].min() > change[~place].max()


def test_a_good_model_is_called_good() -> None:
    waves = make_waves(40)

    found = report(make_autoencoder(), waves[:30], waves[30:])

    assert found["verdict"] == "good"
    assert found["warnings"] == []
    assert found["rebuilt"]["held_out"] > found["rebuilt"]["mean_image"] + 10
    assert found["spots"]["model"] > found["spots"]["gaussian"]
    assert found["denoised"]["model"] > found["denoised"]["noisy"]


def test_equal_images_teach_nothing() -> None:
    images = torch.full((30, 3, 16, 16), 0.5)
    coder = fit_linear(images[:20], 4)
    model = Autoencoder("linear", (16, 16), coder, measure(coder, images[:20], images[20:]))

    found = report(model, images[:20], images[20:])

    assert found["verdict"] == "bad"
    assert "equal_images" in list_kinds(found)


def test_images_without_anything_in_common_are_memorized_or_no_better_than_their_mean() -> None:
    noise = torch.rand((30, 3, 16, 16), generator=torch.Generator().manual_seed(1))
    coder = fit_linear(noise[:20], 64)
    model = Autoencoder("linear", (16, 16), coder, measure(coder, noise[:20], noise[20:]))

    found = report(model, noise[:20], noise[20:])

    assert found["verdict"] == "bad"
    assert {"worse_than_mean", "memorized"} & set(list_kinds(found))


def test_a_network_that_was_not_trained_is_bad() -> None:
    waves = make_waves(30)
    torch.manual_seed(1)
    coder = VaeCoder((16, 16), 4).eval()
    model = Autoencoder("vae", (16, 16), coder, measure(coder, waves[:20], waves[20:]))

    found = report(model, waves[:20], waves[20:])

    assert found["verdict"] == "bad"
    assert {"worse_than_mean", "no_denoiser"} <= set(list_kinds(found))


def test_few_images_are_said_and_not_bad() -> None:
    waves = make_waves(12)
    coder = fit_linear(waves[:8], 7)
    model = Autoencoder("linear", (16, 16), coder, measure(coder, waves[:8], waves[8:]))

    found = report(model, waves[:8], waves[8:])

    assert "few_images" in list_kinds(found)
