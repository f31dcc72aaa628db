"""`diffusion.control`: images to follow as values, several at once, over images and in parts of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest

from studio.api import Image, Mask, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_diffusion.control_value import Control, ControlType
from studio_diffusion.nodes.controls import make_control
from studio_diffusion.nodes.images import sketch_to_image, text_to_image
from studio_diffusion.nodes.inpaints import inpaint
from studio_diffusion.nodes.redraws import image_to_image
from tests.plugins.studio_diffusion.tiny_pipelines import seeded

pytestmark = pytest.mark.xdist_group("diffusers")

SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 3}
NETS = {"sd15": "controlnet", "sdxl": "controlnet", "flux_dev": "flux_controlnet"}


def picture(seed: int = 0) -> Image:
    return Image(np.random.default_rng(seed).random((64, 64, 3), dtype=np.float32))


@pytest.fixture(scope="module")
def nets(tiny: Callable[..., Path]) -> dict[str, tuple[Model, Model]]:
    """Models with ControlNets for them, by name."""
    return {
        name: (Model(f"file:{tiny(name)}"), Model(f"file:{tiny(net, model=tiny(name))}")) for name, net in NETS.items()
    }


@pytest.fixture(scope="module")
def union(tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A ControlNet of SDXL that reads six kinds of images."""
    with seeded(1):
        unet = diffusers.UNet2DConditionModel.from_pretrained(tiny("sdxl") / "unet")
        settings = {
            name: unet.config[name]
            for name in (
                "block_out_channels", "layers_per_block", "down_block_types", "cross_attention_dim",
                "attention_head_dim", "norm_num_groups", "transformer_layers_per_block", "use_linear_projection",
                "addition_embed_type", "addition_time_embed_dim", "projection_class_embeddings_input_dim",
            )
        }  # fmt: skip
        net = diffusers.ControlNetUnionModel(
            **settings,
            conditioning_embedding_out_channels=(4, 8),
            num_trans_channel=8,
            num_proj_channel=8,
            num_trans_head=2,
        )
        for parameter in net.parameters():
            if not parameter.any():
                parameter.data.normal_(0, 0.1)
    folder = tmp_path_factory.mktemp("union")
    net.save_pretrained(folder)
    return Model(f"file:{folder}")


def follow(ctx: TestContext, net: Model, seed: int = 0, **given: Any) -> Control:
    return make_control(ctx, picture(seed), controlnet=net, **given)


def draw(ctx: TestContext, model: Model, *control: Control, **given: Any) -> Any:
    return text_to_image(ctx, "a cat", model=model, control=list(control) or None, **SMALL, **given).image.pixels


@pytest.mark.parametrize("name", NETS)
def test_every_end_of_a_control_changes_the_result(
    ctx: TestContext, nets: dict[str, tuple[Model, Model]], name: str
) -> None:
    model, net = nets[name]
    first = draw(ctx, model, follow(ctx, net))

    for control in (follow(ctx, net, 1), follow(ctx, net, scale=0.3), follow(ctx, net, start=0.4)):
        assert np.abs(draw(ctx, model, control) - first).max() > 1e-5
    assert np.abs(draw(ctx, model, follow(ctx, net, end=0.4)) - first).max() > 1e-5
    assert np.abs(draw(ctx, model) - first).max() > 1e-5


@pytest.mark.parametrize("name", NETS)
def test_several_controls_count_together(ctx: TestContext, nets: dict[str, tuple[Model, Model]], name: str) -> None:
    model, net = nets[name]
    one, other = follow(ctx, net), follow(ctx, net, 1, scale=0.5, end=0.8)

    both = draw(ctx, model, one, other)

    assert np.abs(both - draw(ctx, model, one)).max() > 1e-5
    assert np.abs(both - draw(ctx, model, other)).max() > 1e-5
    if name == "flux_dev":
        return  # diffusers encodes Flux's control images with the generator of the noise
    silent = draw(ctx, model, one, follow(ctx, net, 1, scale=0.0))
    assert np.abs(silent - draw(ctx, model, one)).max() < 1e-5


def test_one_control_draws_what_sketch_to_image_draws(ctx: TestContext, nets: dict[str, tuple[Model, Model]]) -> None:
    model, net = nets["sd15"]

    sketch = sketch_to_image(ctx, picture(), "a cat", kind="as_it_is", controlnet=net, model=model, **SMALL).image

    assert np.array_equal(draw(ctx, model, follow(ctx, net)), sketch.pixels)


@pytest.mark.parametrize("name", ["sd15", "sdxl", pytest.param("flux_dev", marks=pytest.mark.slow)])
@pytest.mark.parametrize("task", ["image_to_image", "inpaint"])
def test_a_control_counts_over_an_image(
    ctx: TestContext, nets: dict[str, tuple[Model, Model]], name: str, task: str
) -> None:
    model, net = nets[name]
    mask = Mask(np.ones((64, 64), np.float32))
    given: dict[str, Any] = {"model": model, "steps": 2, "strength": 0.9}

    def run(control: list[Control] | None) -> Any:
        if task == "inpaint":
            return inpaint(ctx, picture(5), mask, "a cat", control=control, **given).image.pixels
        return image_to_image(ctx, picture(5), "a cat", control=control, **given).image.pixels

    plain, first, other = run(None), run([follow(ctx, net)]), run([follow(ctx, net, 1)])

    assert np.abs(plain - first).max() > 1e-5
    assert np.abs(first - other).max() > 1e-5


def test_a_union_is_told_what_each_image_shows(
    ctx: TestContext, nets: dict[str, tuple[Model, Model]], union: Model
) -> None:
    model = nets["sdxl"][0]
    pose, depth = (draw(ctx, model, follow(ctx, union, kind=kind)) for kind in ("pose", "depth"))

    assert np.abs(pose - depth).max() > 1e-5
    with pytest.raises(ModelError, match="several kinds") as caught:
        draw(ctx, model, follow(ctx, union))
    assert caught.value.code == "E617"


def test_other_weights_give_another_value(ctx: TestContext, nets: dict[str, tuple[Model, Model]]) -> None:
    one, other = (follow(ctx, nets[name][1]) for name in ("sd15", "sdxl"))

    assert one.weights != other.weights
    assert one.weights == follow(ctx, nets["sd15"][1]).weights
    packed = ControlType().pack(one)
    assert ControlType().unpack(packed) == one


def test_what_is_no_controlnet_is_refused(ctx: TestContext, nets: dict[str, tuple[Model, Model]]) -> None:
    with pytest.raises(StudioError) as caught:
        follow(ctx, nets["sd15"][0])

    assert caught.value.code == "E625"
