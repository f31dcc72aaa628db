"""`train.autoencoder` and `latent.*`, from images to anomalies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from studio.api import Image, Model, ModelError
from studio.testing import TestContext
from studio_train.autoencoders.file import load_autoencoder
from studio_train.autoencoders.training import split
from studio_train.nodes.autoencoder import (
    TrainedAutoencoder,
    denoise_image,
    find_anomaly,
    interpolate_images,
    sample_images,
    train_autoencoder,
)
from tests.plugins.studio_train.small_autoencoders import make_autoencoder, make_wave_images, make_waves

MODEL = Model("file:waves")


def make_context(size: int = 16) -> TestContext:
    """Return a context with an autoencoder of waves."""
    return TestContext(models={MODEL.reference: make_autoencoder(size)})


def train(ctx: TestContext, **more: Any) -> TrainedAutoencoder:
    """Train a little."""
    return train_autoencoder(ctx, make_wave_images(30), **{"size": 16, "components": 4, "steps": 6} | more)


def read_kept(ctx: TestContext, trained: TrainedAutoencoder) -> bytes:
    return ctx.kept[trained.model.reference].read_bytes()


@pytest.mark.parametrize("method", ["linear", "vae"])
def test_a_training_gives_a_model_a_report_and_images(method: str) -> None:
    ctx = TestContext()

    trained = train(ctx, method=method)

    assert trained.model.scheme == "kept"
    assert trained.report["method"] == method
    assert trained.report["images"] == {"trained": 24, "held_out": 6}
    assert [(image.width, image.height) for image in trained.previews] == [(32, 16)] * 4 + [(16, 16)] * 4
    opened = load_autoencoder(ctx.kept[trained.model.reference])
    assert opened.method == method
    assert opened.shape == (16, 16)


@pytest.mark.parametrize("method", ["linear", "vae"])
def test_equal_inputs_give_equal_files_and_another_seed_another(method: str) -> None:
    files = []
    for seed in (1, 1, 2):
        ctx = TestContext()
        files.append(read_kept(ctx, train(ctx, method=method, seed=seed)))

    assert files[0] == files[1]
    assert files[0] != files[2]


def test_a_training_that_failed_goes_on_and_ends_with_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_train.autoencoders import training

    monkeypatch.setattr(training, "_CHECKPOINT_STEPS", 2)
    whole = TestContext()
    wanted = read_kept(whole, train(whole, method="vae"))
    ctx, steps = TestContext(), list[int]()
    real = training.VaeCoder.measure_loss

    def fail_at_the_fifth(self: Any, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        steps.append(1)
        if len(steps) == 5:
            raise RuntimeError("the power went out")
        return real(self, images, generator)

    monkeypatch.setattr(training.VaeCoder, "measure_loss", fail_at_the_fifth)
    with pytest.raises(RuntimeError, match="power"):
        train(ctx, method="vae")

    assert read_kept(ctx, train(ctx, method="vae")) == wanted
    assert len(steps) == 5 + 2  # of six steps, four were in the checkpoint


def test_a_training_that_diverges_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_train.autoencoders import training

    real = training.VaeCoder.measure_loss
    monkeypatch.setattr(training.VaeCoder, "measure_loss", lambda *given: real(*given) * torch.nan)

    with pytest.raises(ModelError) as caught:
        train(TestContext(), method="vae")

    assert caught.value.code == "E697"


def test_images_of_any_kind_are_taken() -> None:
    rng = np.random.default_rng(1)
    odd = [Image(rng.random((1, 3000, 1), np.float32)), Image(rng.random((9, 7, 4), np.float32))]
    ctx = TestContext()

    trained = train_autoencoder(ctx, [*make_wave_images(5), *odd], size=16, components=2)

    assert trained.report["warnings"]
    assert any("stretched" in message for message in ctx.messages)


def test_at_least_two_images_are_held_out_and_two_are_not() -> None:
    for share in (0.01, 0.2, 0.5):
        trained, held = split(make_waves(6), share, 1)
        assert len(trained) >= 2
        assert len(held) >= 2
        assert len(trained) + len(held) == 6


def test_a_normal_image_is_normal_and_a_spot_is_found_where_it_is() -> None:
    ctx = make_context()
    normal = make_waves(1, seed=9)
    spotted = normal.clone()
    spotted[:, :, 3:6, 9:12] = 1 - spotted[:, :, 3:6, 9:12].round()

    fine, found = (find_anomaly(ctx, to_image(batch), MODEL) for batch in (normal, spotted))

    assert not fine.anomalous
    assert fine.score <= 1
    assert found.anomalous
    assert found.score > 2 * fine.score
    row, column = np.unravel_index(int(make_autoencoder().compare(spotted)[0].argmax()), (16, 16))
    assert (row, column) in [(row, column) for row in range(3, 6) for column in range(9, 12)]
    assert found.places.pixels[row, column] > 0.5
    assert (found.places.width, found.places.height) == (16, 16)
    assert (
        np.abs(found.rebuilt.pixels - to_image(normal).pixels).mean()
        < np.abs(to_image(spotted - normal).pixels).mean() + 0.05
    )


def test_places_have_the_size_of_the_image() -> None:
    image = Image(np.full((31, 45, 3), 0.5, np.float32))

    found = find_anomaly(make_context(), image, MODEL)

    assert (found.places.width, found.places.height) == (45, 31)
    assert (found.rebuilt.width, found.rebuilt.height) == (16, 16)


def test_noise_goes_and_the_wave_stays() -> None:
    wave = make_waves(1, seed=9)
    noisy = wave + 0.1 * torch.randn(wave.shape, generator=torch.Generator().manual_seed(1))

    clean, told = (denoise_image(make_context(), to_image(noisy), MODEL, noise=noise) for noise in (None, 0.1))

    before = np.square(to_image(noisy).pixels - to_image(wave).pixels).mean()
    assert np.square(clean.pixels - to_image(wave).pixels).mean() < before / 10
    assert np.allclose(clean.pixels, told.pixels, atol=0.02)


def test_samples_are_of_the_kind_and_differ() -> None:
    ctx = make_context()

    first, again, other = (sample_images(ctx, MODEL, count=3, seed=seed) for seed in (1, 1, 2))

    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].pixels, other[0].pixels)
    assert not any(find_anomaly(ctx, image, MODEL).anomalous for image in first)
    middle = sample_images(ctx, MODEL, count=2, spread=0.0)
    assert np.array_equal(middle[0].pixels, middle[1].pixels)


def test_a_line_of_images_goes_from_one_to_the_other() -> None:
    first, second = make_wave_images(2, seed=4)

    images = interpolate_images(make_context(), first, second, MODEL, count=5)

    assert len(images) == 5
    assert np.abs(images[0].pixels - first.pixels).max() < 0.05
    assert np.abs(images[-1].pixels - second.pixels).max() < 0.05
    assert np.allclose(images[2].pixels, (images[0].pixels + images[4].pixels) / 2, atol=1e-4)


def test_an_image_of_other_proportions_is_said_to_be_stretched() -> None:
    ctx = make_context()

    denoise_image(ctx, Image(np.full((10, 40, 3), 0.5, np.float32)), MODEL)

    assert ctx.messages == ["an image of 40 x 10 is stretched to the model's 16 x 16: crop it"]


def to_image(batch: torch.Tensor) -> Image:
    return Image(np.ascontiguousarray(batch[0].clamp(0, 1).permute(1, 2, 0).numpy()))
