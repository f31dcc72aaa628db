"""Images as prompts: each changes the result, follows diffusers to the last digit, and leaves no trace in the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from studio.api import Image, Mask, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes import images, inpaints, redraws
from studio_diffusion.nodes.ends import MINI
from tests.plugins.studio_diffusion import tiny_image_prompts as readers

pytestmark = pytest.mark.xdist_group("diffusers")

SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2}
ADAPTED = ("sd15", "sd15-plus", "sdxl", "flux_dev", "sd3")


def picture(seed: int = 0, width: int = 48) -> Image:
    """Make an image of smooth colors that differ from seed to seed."""
    small = np.random.default_rng(seed).random((4, 4, 3), dtype=np.float32)
    return Image(np.repeat(np.repeat(small, 16, axis=0), width // 4, axis=1))


@pytest.fixture(scope="module")
def opened(tiny: Callable[..., Path]) -> Callable[[str], Any]:
    """A function from a name to the denoiser of a tiny model."""

    def load(name: str) -> Any:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(tiny(name), local_files_only=True)
        return getattr(pipeline, "unet", None) or pipeline.transformer

    return load


@pytest.fixture(scope="module")
def pairs(
    tiny: Callable[..., Path], opened: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Model, Model]]:
    """Models, and what reads images for them, by name."""
    folder = tmp_path_factory.mktemp("readers")
    clip, siglip = readers.write_vision(folder / "clip"), readers.write_vision(folder / "siglip", siglip=True)
    files = {
        "sd15": readers.write_adapter(folder / "sd15.safetensors", opened("sd15")),
        "sd15-plus": readers.write_adapter(folder / "plus.safetensors", opened("sd15"), plus=True),
        "sdxl": readers.write_adapter(folder / "sdxl.safetensors", opened("sdxl")),
        "flux_dev": readers.write_flux_adapter(folder / "flux.safetensors", opened("flux_dev")),
        "sd3": readers.write_sd3_adapter(folder / "sd3.safetensors", opened("sd3")),
        "flux_dev-redux": readers.write_redux(folder / "redux.safetensors", 32),
    }
    encoders = dict.fromkeys(files, clip) | {"sd3": siglip, "flux_dev-redux": siglip}
    found = {
        name: (
            Model(f"file:{tiny(name.partition('-')[0])}"),
            Model(f"file:{path}", (("image_encoder", f"file:{encoders[name]}"),)),
        )
        for name, path in files.items()
    }
    alone = readers.write_vision(folder / "pooled") / "model.safetensors"
    return found | {"sdxl-pooled": (found["sdxl"][0], Model(f"file:{alone}"))}


def draw(ctx: TestContext, pair: tuple[Model, Model], **given: Any) -> Any:
    model, reader = pair
    values = {"image_prompt": [picture()], "image_prompt_model": reader, "model": model, **SMALL, **given}
    if not values["image_prompt"]:
        values["image_prompt_model"] = None
    return images.text_to_image(ctx, values.pop("prompt", "a cat"), **values).image.pixels


@pytest.mark.parametrize("name", [*ADAPTED, "flux_dev-redux", "sdxl-pooled"])
def test_an_image_its_scale_and_its_absence_change_the_result(
    ctx: TestContext, pairs: dict[str, tuple[Model, Model]], name: str
) -> None:
    without = draw(ctx, pairs[name], image_prompt=None)

    first, second, weak = (
        draw(ctx, pairs[name], **given) for given in ({}, {"image_prompt": [picture(1)]}, {"image_prompt_scale": 0.3})
    )

    for changed in (second, weak, without):
        assert np.abs(first - changed).max() > 1e-5
    assert np.array_equal(draw(ctx, pairs[name], image_prompt=None), without)


@pytest.mark.parametrize("name", ["sd15", "sd15-plus", "sdxl", "flux_dev", "flux_dev-redux", "sdxl-pooled"])
def test_several_images_are_all_read(ctx: TestContext, pairs: dict[str, tuple[Model, Model]], name: str) -> None:
    one, two = draw(ctx, pairs[name]), draw(ctx, pairs[name], image_prompt=[picture(), picture(1)])

    assert np.abs(one - two).max() > 1e-5


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["sd15", "sd15-plus", "sdxl"])
def test_the_result_is_that_of_diffusers(
    ctx: TestContext, pairs: dict[str, tuple[Model, Model]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import CLIPVisionModelWithProjection
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    ours = draw(ctx, pairs[name], image_prompt=[picture(width=64)], seed=7, image_prompt_scale=0.6, sampler="euler")
    model, reader = pairs[name]
    pipeline = diffusers.DiffusionPipeline.from_pretrained(model.target, local_files_only=True)
    pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    encoder = CLIPVisionModelWithProjection.from_pretrained(dict(reader.options)["image_encoder"].removeprefix("file:"))
    side = {"shortest_edge": 32}
    processor = CLIPImageProcessorPil(size=side, crop_size={"height": 32, "width": 32})
    pipeline.register_modules(image_encoder=encoder, feature_extractor=processor)
    file = Path(reader.target)
    pipeline.load_ip_adapter(str(file.parent), subfolder="", weight_name=file.name, local_files_only=True)
    pipeline.set_ip_adapter_scale(0.6)
    theirs = pipeline(
        "a cat",
        negative_prompt="" if name != "sdxl" else None,
        ip_adapter_image=picture(width=64).to_pillow().convert("RGB"),
        height=64,
        width=64,
        num_inference_steps=2,
        guidance_scale=7.5 if name != "sdxl" else 5.0,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]

    assert np.abs(ours - theirs).max() < 5e-3  # their encoder sees levels of 8 bits


@pytest.mark.parametrize("task", ["image_to_image", "variations", "inpaint", "outpaint", "sketch_to_image"])
def test_every_node_type_that_draws_looks_at_the_images(
    ctx: TestContext, pairs: dict[str, tuple[Model, Model]], tiny: Callable[..., Path], task: str
) -> None:
    model, reader = pairs["sd15"]
    mask = Mask(np.ones((64, 48), np.float32))
    more: dict[str, Any] = {"model": model, "steps": 2, "count": 1}
    net = Model(f"file:{tiny('controlnet', model=tiny('sd15'))}") if task == "sketch_to_image" else MINI
    calls: dict[str, Callable[..., Any]] = {
        "image_to_image": lambda **given: redraws.image_to_image(ctx, picture(), "a cat", **more, **given),
        "variations": lambda **given: redraws.draw_variations(ctx, picture(), **more, **given),
        "inpaint": lambda **given: inpaints.inpaint(ctx, picture(), mask, "a cat", **more, **given),
        "outpaint": lambda **given: inpaints.outpaint(ctx, picture(), "a cat", left=16, **more, **given),
        "sketch_to_image": lambda **given: images.sketch_to_image(
            ctx, picture(), "a cat", controlnet=net, **more, **given
        ),
    }

    plain, seen = (
        calls[task](**given).image.pixels
        for given in ({}, {"image_prompt": [picture(3)], "image_prompt_model": reader})
    )

    assert np.abs(plain - seen).max() > 1e-5


def test_style_and_layout_count_in_their_blocks_alone(ctx: TestContext, pairs: dict[str, tuple[Model, Model]]) -> None:
    with pytest.raises(ModelError, match="only SDXL") as caught:
        draw(ctx, pairs["sd15"], image_prompt_use="style")

    assert caught.value.code == "E616"


def test_stacked_calls_draw_what_single_ones_draw(ctx: TestContext, pairs: dict[str, tuple[Model, Model]]) -> None:
    model, reader = pairs["sd15"]
    given: dict[str, Any] = {"image_prompt": [picture()], "image_prompt_model": reader, "model": model, **SMALL}

    both = images.text_to_image(ctx, "a cat", count=2, seed=4, **given).images
    second = images.text_to_image(ctx, "a cat", seed=5, **given).image

    assert np.abs(both[1].pixels - second.pixels).max() < 2e-3


@pytest.mark.parametrize(
    ("model", "reader", "code"),
    [("sdxl", "sd15", "E617"), ("sd15", "sdxl-pooled", "E617"), ("sd15", "flux_dev-redux", "E617")],
)
def test_a_reader_of_another_model_is_refused(
    ctx: TestContext, pairs: dict[str, tuple[Model, Model]], model: str, reader: str, code: str
) -> None:
    with pytest.raises(ModelError) as caught:
        draw(ctx, (pairs[model][0], pairs[reader][1]))

    assert caught.value.code == code
    assert draw(ctx, pairs[model]).shape == (64, 64, 3)  # the model is as before


def test_images_and_their_model_come_together(ctx: TestContext, pairs: dict[str, tuple[Model, Model]]) -> None:
    model, reader = pairs["sd15"]

    for given in ({"image_prompt": [picture()]}, {"image_prompt_model": reader}):
        with pytest.raises(StudioError) as caught:
            images.text_to_image(ctx, "a cat", model=model, **SMALL, **given)  # type: ignore[arg-type]
        assert caught.value.code == "E625"


def test_an_adapter_without_its_encoder_says_what_to_write(
    ctx: TestContext, pairs: dict[str, tuple[Model, Model]]
) -> None:
    model, reader = pairs["sd15"]

    with pytest.raises(ModelError, match="without its encoder") as caught:
        draw(ctx, (model, Model(reader.reference)))

    assert "image_encoder" in caught.value.hint
