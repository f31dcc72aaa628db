"""Editing with models that look at images: each input reaches the pipeline and changes the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Mask, Model, ModelError
from studio.testing import TestContext
from studio_diffusion.nodes import edits, images, inpaints

pytestmark = pytest.mark.xdist_group("diffusers")

EDITORS = ("kontext", "control", "flux2", "flux2_klein")
SEVERAL = ("flux2", "flux2_klein")


@pytest.fixture(scope="module")
def models(tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Tiny models that edit, by name."""
    from tests.plugins.studio_diffusion.tiny_editors import WRITERS

    folder = tmp_path_factory.mktemp("editors")
    paths = {name: write(folder / name) for name, write in WRITERS.items()}
    paths |= {name: tiny(name) for name in ("flux2", "flux2_klein", "sd15")}
    return {name: Model(f"file:{path}") for name, path in paths.items()}


def picture(seed: int = 0) -> Image:
    """Make an image that is not square."""
    return Image(np.random.default_rng(seed).random((64, 48, 3), dtype=np.float32))


SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2}


def edit(ctx: TestContext, model: Model, **given: Any) -> Any:
    values: dict[str, Any] = {"images": [picture()], "prompt": "a cat", **SMALL, **given}
    return edits.edit_image(ctx, values.pop("images"), values.pop("prompt"), model, **values).image.pixels


@pytest.mark.parametrize("name", EDITORS)
@pytest.mark.parametrize(
    "change",
    [{"images": [picture(1)]}, {"prompt": "a dog"}, {"steps": 3}, {"seed": 2}, {"schedule": "karras"}, {"shift": 9.0}],
    ids=lambda change: next(iter(change)),
)
def test_an_input_changes_the_result(
    ctx: TestContext, models: dict[str, Model], name: str, change: dict[str, Any]
) -> None:
    plain, changed = edit(ctx, models[name]), edit(ctx, models[name], **change)

    assert plain.shape == (64, 64, 3)
    assert np.abs(plain - changed).max() > 1e-5


@pytest.mark.parametrize("name", SEVERAL)
def test_several_images_are_looked_at(ctx: TestContext, models: dict[str, Model], name: str) -> None:
    one, two, other = (
        edit(ctx, models[name], images=given)
        for given in ([picture()], [picture(), picture(1)], [picture(), picture(2)])
    )

    assert np.abs(one - two).max() > 1e-5
    assert np.abs(two - other).max() > 1e-5


@pytest.mark.parametrize("name", EDITORS)
def test_every_input_reaches_the_pipeline(
    ctx: TestContext, models: dict[str, Model], name: str, opened_models: dict[str, Any], monkeypatch: Any
) -> None:
    edit(ctx, models[name])
    pipeline = opened_models[models[name]].for_task("edit_image")  # type: ignore[index]
    seen: dict[str, Any] = {}
    call = type(pipeline).__call__

    def spy(self: Any, **given: Any) -> Any:
        seen.update(given)
        return call(self, **given)

    monkeypatch.setattr(type(pipeline), "__call__", spy)
    monkeypatch.setattr("studio_diffusion.arguments.list_parameters", lambda kind: _read(call))
    monkeypatch.setattr("studio_diffusion.pipeline_model.list_parameters", lambda kind: _read(call))
    edit(ctx, models[name], guidance_scale=2.5, seed=7)

    assert seen["guidance_scale"] == 2.5
    assert (seen["width"], seen["height"], seen["num_inference_steps"]) == (64, 64, 2)
    assert seen["prompt"] == ["a cat"]
    assert seen["generator"].initial_seed() == 7
    assert "control_image" in seen if name == "control" else "image" in seen


def _read(call: Any) -> Any:
    import inspect

    return inspect.signature(call).parameters


def test_a_mask_goes_to_the_model_that_takes_one(ctx: TestContext, models: dict[str, Model]) -> None:
    mask = np.zeros((64, 48), np.float32)
    mask[:32] = 1

    assert np.abs(edit(ctx, models["kontext"], mask=Mask(mask)) - edit(ctx, models["kontext"])).max() > 1e-5
    with pytest.raises(ModelError, match=r"E616.*edit_image_with_mask"):
        edit(ctx, models["flux2"], mask=Mask(mask))


def test_words_alone_are_enough_for_models_that_also_draw(ctx: TestContext, models: dict[str, Model]) -> None:
    for name in ("kontext", "flux2", "krea2"):
        assert images.text_to_image(ctx, "a cat", model=models[name], **SMALL).image.width == 64


def test_fill_draws_a_part_anew(ctx: TestContext, models: dict[str, Model]) -> None:
    start, mask = picture(), np.zeros((64, 48), np.float32)
    mask[:32] = 1

    made = inpaints.inpaint(ctx, start, Mask(mask), "a cat", model=models["fill"], steps=2, mask_blur=0.0).image

    assert np.array_equal(made.pixels[40:], start.pixels[40:])
    assert np.abs(made.pixels[:24] - start.pixels[:24]).mean() > 0.01


@pytest.mark.parametrize(
    ("name", "words"), [("sd15", "does no edit_image"), ("krea2", "does no edit_image"), ("fill", "does no edit_image")]
)
def test_a_model_that_does_not_edit_is_refused(
    ctx: TestContext, models: dict[str, Model], name: str, words: str
) -> None:
    with pytest.raises(ModelError, match=f"E616.*{words}"):
        edit(ctx, models[name])


@pytest.mark.parametrize("name", ["control", "fill"])
def test_a_model_that_needs_an_image_draws_none_from_words(
    ctx: TestContext, models: dict[str, Model], name: str
) -> None:
    with pytest.raises(ModelError, match=r"E616.*does no text_to_image"):
        images.text_to_image(ctx, "a cat", model=models[name], **SMALL)


def test_several_images_for_a_model_of_one_are_an_error(ctx: TestContext, models: dict[str, Model]) -> None:
    with pytest.raises(ModelError, match=r"E616.*edits one image, not 2"):
        edit(ctx, models["kontext"], images=[picture(), picture(1)])


def test_what_has_no_effect_is_said(ctx: TestContext, models: dict[str, Model]) -> None:
    edit(ctx, models["flux2"], negative_prompt="blue")

    assert any("negative_prompt has no effect" in line for line in ctx.messages)


def test_a_model_of_videos_draws_no_image(ctx: TestContext, tmp_path: Path) -> None:
    from tests.plugins.studio_video.tiny_video_pipelines import WRITERS

    model = Model(f"file:{WRITERS['ltx'](tmp_path / 'ltx')}")

    with pytest.raises(ModelError, match=r"E616.*makes videos") as caught:
        images.text_to_image(ctx, "a cat", model=model, **SMALL)

    assert "video.from_text" in caught.value.hint


def test_the_shape_of_the_first_image_is_kept(ctx: TestContext, models: dict[str, Model]) -> None:
    made = edits.edit_image(ctx, [picture()], "a cat", models["kontext"], steps=1).image

    assert made.height > made.width
