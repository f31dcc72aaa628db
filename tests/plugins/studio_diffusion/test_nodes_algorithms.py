"""What stands beside the node types: noise, previews, words, sketches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model
from studio.testing import TestContext

pytestmark = pytest.mark.xdist_group("diffusers")

WORDS = ["apple", "heart", "sun", "house", "leaf", "cherry", "wolf", "red"]


# -- noise -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_seed_gives_the_same_noise_in_every_dtype(
    ctx: TestContext, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    import torch

    from studio_diffusion.noise import draw_on_cpu

    with ctx.open(Model("builtin:mini")) as opened:
        pipeline = opened.pipeline
        module = __import__(type(pipeline).__module__, fromlist=["randn_tensor"])
        generator, other = (torch.Generator().manual_seed(3) for _ in "ab")
        with draw_on_cpu(pipeline, [generator], torch.device("cpu")):
            drawn = module.randn_tensor((1, 8, 4, 4), generator=generator, dtype=getattr(torch, dtype))

    expected = torch.randn((1, 8, 4, 4), generator=other)
    assert torch.equal(drawn, expected.to(getattr(torch, dtype)))


def test_outside_of_a_drawing_diffusers_draws_as_ever(ctx: TestContext) -> None:
    import torch
    from diffusers.utils.torch_utils import randn_tensor

    from studio_diffusion.noise import draw_on_cpu

    with ctx.open(Model("builtin:mini")) as opened:
        module = __import__(type(opened.pipeline).__module__, fromlist=["randn_tensor"])
        with draw_on_cpu(opened.pipeline, [torch.Generator().manual_seed(1)], opened.device):
            pass

    mine, its = (torch.Generator().manual_seed(3) for _ in "ab")
    assert torch.equal(module.randn_tensor((2, 3), generator=mine), randn_tensor((2, 3), generator=its))


# -- steps and previews ------------------------------------------------------------------------------


def test_a_run_under_a_second_shows_no_previews(ctx: TestContext) -> None:
    from studio_diffusion.nodes.images import text_to_image

    text_to_image(ctx, "apple", steps=4)

    assert ctx.previews == []


@pytest.mark.parametrize("name", ["mini", "sd15", "sdxl", "flux", "sana", "pixart_sigma"])
def test_a_longer_run_shows_at_most_four_small_images(
    ctx: TestContext, tiny: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from studio_diffusion import watch
    from studio_diffusion.nodes.images import text_to_image

    monkeypatch.setattr(watch, "_SHORTEST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_SHARE", 1.0)
    model = Model("builtin:mini") if name == "mini" else Model(f"file:{tiny(name)}")
    text_to_image(ctx, "apple", steps=10, width=64, height=32, model=model)

    assert 1 <= len(ctx.previews) <= 4
    assert all(preview.channels == 3 and preview.width == 2 * preview.height for preview in ctx.previews)


def test_previews_end_when_they_cost_too_much(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_diffusion import watch
    from studio_diffusion.nodes.images import text_to_image

    monkeypatch.setattr(watch, "_SHORTEST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_SHARE", 1e-9)
    text_to_image(ctx, "apple", steps=10)

    assert len(ctx.previews) <= 1


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [("ddim", "epsilon"), ("euler", "epsilon"), ("dpmpp_2m", "v_prediction"), ("euler", "v_prediction")],
)
def test_the_clean_latent_is_estimated_from_a_step(sampler: str, kind: str) -> None:
    import diffusers
    import torch

    from studio.api.quiet import hush
    from studio_diffusion.samplers import create_scheduler
    from studio_diffusion.watch import estimate_clean

    own = diffusers.DDIMScheduler(prediction_type=kind, timestep_spacing="leading")
    scheduler = create_scheduler(own, sampler)
    with hush("diffusers", "transformers"):
        scheduler.set_timesteps(10)
    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    moment = scheduler.timesteps[5]
    kept = float(scheduler.alphas_cumprod[int(moment)])
    mixed = kept**0.5 * clean + (1 - kept) ** 0.5 * noise
    output = noise if kind == "epsilon" else kept**0.5 * noise - (1 - kept) ** 0.5 * clean
    sample = mixed / kept**0.5 if scheduler.init_noise_sigma > 1.5 else mixed

    assert torch.allclose(estimate_clean(scheduler, output, moment, sample), clean, atol=1e-3)


def test_the_clean_latent_of_a_flow_model_is_estimated() -> None:
    import diffusers
    import torch

    from studio_diffusion.watch import estimate_clean

    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(10)
    clean, noise = torch.randn(2, 1, 4, 8, 8)
    sigma = scheduler.sigmas[4]

    found = estimate_clean(scheduler, noise - clean, scheduler.timesteps[4], (1 - sigma) * clean + sigma * noise)

    assert torch.allclose(found, clean, atol=1e-5)


# -- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", ["apples", "CHERRIES", "Leaves", "the wolf's", "two wolves", "", "a big image", "!"])
def test_known_words_count_in_any_form(prompt: str) -> None:
    from studio_diffusion.known_words import describe_unknown

    assert describe_unknown(prompt, WORDS) == ""


@pytest.mark.parametrize(("prompt", "nearest"), [("a hearth", "'heart'"), ("mouse", "'house'"), ("zzz", "")])
def test_unknown_words_bring_the_nearest_and_some_examples(prompt: str, nearest: str) -> None:
    from studio_diffusion.known_words import describe_unknown

    told = describe_unknown(prompt, WORDS)

    assert repr(prompt) in told
    assert ("did you mean" in told) == bool(nearest)
    assert nearest in told
    assert "'apple'" in told


def test_a_phrase_is_known_only_as_a_whole() -> None:
    from studio_diffusion.known_words import describe_unknown

    assert describe_unknown("two Hot dogs", ["hot dog"]) == ""
    assert "'hot dog'" in describe_unknown("a hot day", ["hot dog"])


@pytest.mark.parametrize("prompt", ["\N{RED APPLE}", "42", "a \N{DOG FACE}"])
def test_signs_that_are_no_words_are_not_known_either(prompt: str) -> None:
    from studio_diffusion.known_words import describe_unknown

    assert repr(prompt) in describe_unknown(prompt, WORDS)


# -- sketches ----------------------------------------------------------------------------------------


def draw_ring(paper: float, ink: float, side: int = 128) -> Any:
    y, x = np.mgrid[:side, :side] - side / 2
    ring = np.abs(np.hypot(x, y) - side / 3) < 2
    return np.repeat(np.where(ring, ink, paper).astype(np.float32)[:, :, None], 3, axis=2), ring


@pytest.mark.parametrize(("paper", "ink"), [(1.0, 0.1), (0.95, 0.5), (0.0, 1.0)])
@pytest.mark.parametrize("kind", ["lines", "scribble"])
def test_a_drawing_becomes_white_lines_on_black(paper: float, ink: float, kind: str) -> None:
    from studio_diffusion.sketch import prepare_sketch

    pixels, ring = draw_ring(paper, ink)
    control = prepare_sketch(pixels, kind, (128, 128))

    assert control[ring].mean() > 0.9
    assert control[64, 64].max() == 0
    assert control[0, 0].max() == 0


def test_a_scribble_is_thicker_than_lines_and_thin_lines_survive_shrinking() -> None:
    from studio_diffusion.sketch import prepare_sketch

    pixels, _ = draw_ring(1.0, 0.0, side=512)
    lines, scribble = (prepare_sketch(pixels, kind, (64, 64)) for kind in ("lines", "scribble"))

    assert scribble.mean() > 1.5 * lines.mean()
    assert lines.max(axis=(0, 2)).max() > 0.9


def test_a_photograph_becomes_its_edges() -> None:
    from studio_diffusion.sketch import is_drawing, prepare_sketch

    y, x = np.mgrid[:64, :64].astype(np.float32) / 64
    photo = np.stack([x, y, np.where(x > 0.5, 0.9, 0.1)], axis=2).astype(np.float32)

    assert not is_drawing(photo)
    for kind in ("lines", "scribble", "canny"):
        control = prepare_sketch(photo, kind, (64, 64))
        assert control[:, 31:33].max() == 1
        assert control[:, :20].max() == 0


def test_depth_is_taken_as_it_is() -> None:
    from studio_diffusion.sketch import prepare_sketch

    pixels = Image(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1).repeat(3, axis=2)).pixels

    np.testing.assert_array_equal(prepare_sketch(pixels, "depth", (8, 8)), pixels)


def test_a_color_alone_names_nothing_unknown_and_hides_no_unknown_thing() -> None:
    from studio_diffusion.known_words import describe_unknown

    assert describe_unknown("red", ["apple"], ["red"]) == ""
    assert "knows no word of 'a red zebra'. It knows" in describe_unknown("a red zebra", ["apple"], ["red"])
    assert len(describe_unknown("zebra " * 500, ["apple"])) < 250
