"""Any solver on any schedule through real pipelines: against diffusers, in stages, with masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Latent, Mask, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes import images, inpaints, parts, redraws
from studio_diffusion.sampler_names import PLANNED, SCHEDULE_NAMES
from studio_diffusion.schedules import SCHEDULES
from studio_diffusion.solvers import SOLVERS

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture(scope="module")
def models(tiny: Callable[..., Path]) -> dict[str, Model]:
    """Tiny models, by name."""
    return {name: Model(f"file:{tiny(name)}") for name in ("sd15", "sd2", "sd3", "flux", "lcm")}


def draw(ctx: TestContext, model: Model, **given: Any) -> Any:
    return images.text_to_image(ctx, "a cat", width=64, height=64, model=model, **given).image.pixels


def picture(value: float = 0.5) -> Image:
    y, x = np.mgrid[:64, :64].astype(np.float32) / 64
    return Image(np.stack([x, y, np.full_like(x, value)], axis=2))


def test_the_names_are_the_ones_that_there_are() -> None:
    assert set(PLANNED) == set(SOLVERS)
    assert SCHEDULE_NAMES[1:] == tuple(SCHEDULES)


@pytest.mark.parametrize(("model", "schedule"), [("sd15", "ddim_uniform"), ("sd2", "ddim_uniform"), ("sd3", "normal")])
def test_euler_on_the_models_own_schedule_draws_what_diffusers_draws(
    ctx: TestContext, models: dict[str, Model], model: str, schedule: str
) -> None:
    theirs = draw(ctx, models[model], sampler="euler", steps=10)
    ours = draw(ctx, models[model], sampler="euler", schedule=schedule, steps=10)

    np.testing.assert_allclose(ours, theirs, atol=0.01)


@pytest.mark.parametrize("sampler", PLANNED)
@pytest.mark.parametrize("model", ["sd15", "flux"])
def test_every_sampler_draws(ctx: TestContext, models: dict[str, Model], model: str, sampler: Any) -> None:
    plain = draw(ctx, models[model], sampler="euler", schedule="normal", steps=3)
    made = draw(ctx, models[model], sampler=sampler, schedule="karras", steps=3)

    assert np.isfinite(made).all()
    assert not np.array_equal(made, plain)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_draws_another_image(ctx: TestContext, models: dict[str, Model], schedule: Any) -> None:
    made = draw(ctx, models["sd15"], sampler="euler", schedule=schedule, steps=4)
    other = draw(ctx, models["sd15"], sampler="euler", sigmas=[10.0, 5.0, 1.0, 0.5, 0.0])

    assert np.abs(made - other).max() > 1e-3


def test_a_shift_changes_a_flow_model(ctx: TestContext, models: dict[str, Model]) -> None:
    made = [draw(ctx, models["sd3"], schedule="normal", shift=shift, steps=4) for shift in (None, 3.0, 9.0)]

    np.testing.assert_allclose(made[0], made[1], atol=1e-5)  # 3 is its own
    assert np.abs(made[1] - made[2]).max() > 0.01


def test_sigmas_are_the_schedule(ctx: TestContext, models: dict[str, Model]) -> None:
    from studio_diffusion.schedules import find_sigmas, make_flow_levels

    laid = find_sigmas(make_flow_levels(3.0), "simple", 4).tolist()

    assert np.array_equal(
        draw(ctx, models["sd3"], sampler="euler", sigmas=laid),
        draw(ctx, models["sd3"], sampler="euler", schedule="simple", steps=4),
    )


@pytest.mark.parametrize("model", ["sd15", "sd3", "flux"])
def test_two_stages_draw_what_one_draws(ctx: TestContext, models: dict[str, Model], model: str) -> None:
    reference = models[model]
    words = parts.encode_prompt(ctx, "a cat", model=reference)
    empty = parts.make_empty_latent(ctx, width=64, height=64, model=reference)
    given: dict[str, Any] = {"sampler": "euler", "schedule": "simple", "steps": 6, "model": reference, "seed": 3}

    whole = parts.sample_latent(ctx, empty, words, **given)
    half = parts.sample_latent(ctx, empty, words, last_step=3, keep_noise=True, **given)
    rest = parts.sample_latent(ctx, half, words, first_step=3, add_noise=False, **given)

    np.testing.assert_allclose(rest.samples, whole.samples, atol=2e-3)
    assert np.abs(half.samples - whole.samples).max() > 0.01


def test_a_stage_that_keeps_no_noise_ends_clean(ctx: TestContext, models: dict[str, Model]) -> None:
    reference = models["sd15"]
    words = parts.encode_prompt(ctx, "a cat", model=reference)
    empty = parts.make_empty_latent(ctx, width=64, height=64, model=reference)
    given: dict[str, Any] = {"sampler": "euler", "schedule": "simple", "steps": 6, "model": reference, "last_step": 2}

    clean = parts.sample_latent(ctx, empty, words, **given)
    noisy = parts.sample_latent(ctx, empty, words, keep_noise=True, **given)

    assert np.abs(noisy.samples - clean.samples).mean() > 0.1


@pytest.mark.parametrize("model", ["sd15", "flux"])
def test_a_mask_keeps_the_rest_of_a_latent(ctx: TestContext, models: dict[str, Model], model: str) -> None:
    reference = models[model]
    words = parts.encode_prompt(ctx, "a cat", model=reference)
    latent = parts.encode_image(ctx, picture(), width=64, height=64, model=reference)
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1
    given: dict[str, Any] = {"steps": 4, "model": reference, "mask": Mask(mask)}

    made = parts.sample_latent(ctx, latent, words, **given)

    half = made.samples.shape[-1] // 2 - 2  # the mask is soft where it is made smaller
    np.testing.assert_allclose(made.samples[..., :half], latent.samples[..., :half], atol=1e-3)
    assert np.abs(made.samples[..., half:] - latent.samples[..., half:]).max() > 0.05


def test_the_strength_takes_the_end_of_the_schedule(ctx: TestContext, models: dict[str, Model]) -> None:
    given: dict[str, Any] = {"steps": 8, "sampler": "euler", "schedule": "simple", "model": models["sd15"]}
    given |= {"width": 64, "height": 64}
    start = picture()
    weak, strong = (
        redraws.image_to_image(ctx, start, "a cat", strength=strength, **given).image.pixels for strength in (0.2, 0.9)
    )
    ended = redraws.image_to_image(ctx, start, "a cat", strength=1.0, **given | {"sampler": "heun"}).image.pixels

    assert np.abs(weak - start.pixels).mean() < np.abs(strong - start.pixels).mean()
    assert np.isfinite(ended).all()


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_sde"])
@pytest.mark.parametrize("model", ["sd15", "sd3", "flux"])
def test_inpainting_follows_a_schedule(ctx: TestContext, models: dict[str, Model], model: str, sampler: Any) -> None:
    mask = Mask(np.ones((64, 64), np.float32))
    given: dict[str, Any] = {"steps": 4, "sampler": sampler, "model": models[model], "mask_blur": 0.0}
    made = [
        inpaints.inpaint(ctx, picture(), mask, "a cat", schedule=schedule, strength=0.7, **given).image.pixels
        for schedule in ("simple", "karras")
    ]

    assert np.abs(made[0] - made[1]).max() > 1e-4


def test_the_noise_of_a_step_follows_the_seed(ctx: TestContext, models: dict[str, Model]) -> None:
    given: dict[str, Any] = {"steps": 3, "sampler": "dpmpp_sde", "width": 64, "height": 64, "model": models["sd15"]}
    several = images.text_to_image(ctx, "a cat", seed=4, count=2, **given).images
    alone = images.text_to_image(ctx, "a cat", seed=5, **given).image

    np.testing.assert_allclose(several[1].pixels, alone.pixels, atol=1e-4)


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        ("sd15", {"shift": 3.0}, "flow"),
        ("lcm", {"schedule": "karras"}, "its own"),
        ("sd15", {"sampler": "deis", "shift": 1.0}, "schedule"),
    ],
)
def test_what_a_model_cannot_follow_is_an_error(
    ctx: TestContext, models: dict[str, Model], model: str, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match="E616") as caught:
        draw(ctx, models[model], steps=2, **given)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"sigmas": [1.0, 2.0]},
        {"sigmas": [1.0]},
        {"sigmas": [1.0, -0.5]},
        {"sigmas": [1.0, 0.0], "schedule": "karras"},
        {"sampler": "euler_karras", "schedule": "beta"},
        {"sampler": "pndm", "schedule": "beta"},
    ],
)
def test_an_invalid_plan_is_an_error(ctx: TestContext, models: dict[str, Model], given: dict[str, Any]) -> None:
    with pytest.raises(StudioError, match="E626"):
        draw(ctx, models["sd15"], **given)


def test_an_empty_range_of_steps_is_an_error(ctx: TestContext) -> None:
    latent = Latent(np.zeros((8, 4, 4)), "s", 16, 16)

    with pytest.raises(StudioError, match="E626"):
        parts.sample_latent(ctx, latent, parts.encode_prompt(ctx, "sun"), first_step=4, last_step=4)
