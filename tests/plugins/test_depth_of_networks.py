"""Node types of diffusion, style, upscale and vision get 16 bits and return more levels, or are named here."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import Model, NodeType
from studio.app import Studio
from studio.settings import Settings
from studio.testing import TestContext
from studio_diffusion import studio_models as list_diffusion_models
from studio_diffusion.opener import DiffusionOpener
from studio_style.looks import LOOKS
from studio_style.nodes.looks import filter_photo
from studio_upscale import studio_models as list_upscale_models
from studio_upscale.opener import UpscaleOpener
from tests.plugins.test_depth_of_node_types import count_levels, find_images, has_frames, make_image, make_value

pytestmark = pytest.mark.xdist_group("diffusers")
REDUCES = {"vision.line_art": "lines are there or not"}
"""Node types that have to reduce, and why."""
WITH_A_MODEL = {
    "diffusion.edit_image": "no model of its kind ships; a network makes all samples anew, as in text_to_image",
    "vision.depth": "no model of its kind ships; its map is what a network returns, never the samples of the image",
    "vision.find_foreground": "no model of its kind ships; the samples of the image stay, its mask is new",
    "vision.pose": "no model of its kind ships; it draws the lines of a skeleton",
}
"""Node types that need a model that does not ship, and what they make."""
MORE: dict[str, dict[str, Any]] = {
    "diffusion.image_to_image": {"steps": 1, "strength": 0.1},
    "diffusion.variations": {"steps": 1, "count": 1},
    "diffusion.inpaint": {"steps": 1},
    "diffusion.outpaint": {"steps": 1, "left": 32},
    "diffusion.sketch_to_image": {"steps": 1},
    "style.colorize": {"exemplar": make_image()},
    "style.transfer": {"quality": "draft"},
    "upscale.image": {"scale": 2.0, "model": Model("builtin:compact-fast")},
    "upscale.video": {"scale": 2.0, "model": Model("builtin:compact-fast")},
    "upscale.denoise": {"model": Model("builtin:compact-restore")},
}
"""What else node types are given."""
REDUCING_LOOKS = {"pixel_art"}
"""Looks of a few colors."""


@pytest.fixture(scope="module")
def ctx() -> TestContext:
    pipelines = {name: path for name, path in list_diffusion_models().items() if path.is_dir()}
    openers = (UpscaleOpener(), list_upscale_models()), (DiffusionOpener(), pipelines)
    return TestContext(
        models={
            f"builtin:{name}": opener.open(path, Model(f"builtin:{name}"), device="cpu", dtype="float32", parts={})
            for opener, paths in openers
            for name, path in paths.items()
        }
    )


def find_node_types() -> list[NodeType]:
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        every = sorted(studio.registry.node_types.items())
    found = [each for name, each in every if name.startswith(("diffusion.", "style.", "upscale.", "vision."))]
    return [each for each in found if has_frames(each.inputs.values()) and has_frames(each.outputs.values())]


def run(ctx: TestContext, node_type: NodeType) -> Any:
    given: dict[str, Any] = dict(MORE.get(node_type.id, {}))
    for name, end in node_type.inputs.items():
        if end.required and name not in given:
            value = "a house" if end.spec.name == "text" else make_value(end.spec.name)
            given[name] = [value] if end.spec.depth else value
    return node_type.function(ctx, **given)


NODE_TYPES = [each for each in find_node_types() if each.id not in WITH_A_MODEL]


@pytest.mark.parametrize("node_type", NODE_TYPES, ids=[each.id for each in NODE_TYPES])
def test_sixteen_bits_go_in_and_more_levels_than_eight_bits_have_come_out(
    ctx: TestContext, node_type: NodeType
) -> None:
    made = run(ctx, node_type)
    first = made[0] if isinstance(made, tuple) else made  # others are masks, and the lines of a sketch

    assert (count_levels(find_images(first)) > 300) == (node_type.id not in REDUCES), count_levels(find_images(first))


def test_an_image_from_words_has_more_levels_than_eight_bits_have(ctx: TestContext) -> None:
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        node_type = studio.registry.node_types["diffusion.text_to_image"]

    made = run(ctx, node_type)

    assert count_levels(find_images(made)) > 300


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_looks_keep_the_depth_unless_they_have_a_few_colors(ctx: TestContext, look: str) -> None:
    made = filter_photo(ctx, make_image(), look=look)  # type: ignore[arg-type]  # one of them

    assert (count_levels([made]) > 300) == (look not in REDUCING_LOOKS), count_levels([made])


def test_names_of_node_types_are_right() -> None:
    assert {*REDUCES, *WITH_A_MODEL} <= {each.id for each in find_node_types()}
