"""Every node type for images and videos gets 16 bits and returns more levels than 8 bits have, or is named here."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio_image
from studio.api import Audio, File, Image, Mask, NodeType, Video
from studio.app import Studio
from studio.settings import Settings
from studio.testing import TestContext

LEVELS = 512
LUT = Path(studio_image.__file__).parent / "examples" / "media" / "teal_and_orange.cube"
REDUCES = {
    "image.edges": "lines are there or not",
    "image.threshold": "samples are black or white",
    "image.quantize": "a few colors are left",
    "video.contact_sheet": "a sheet to look at",
}
"""Node types that have to reduce, and why."""
WITH_A_MODEL = {"video.from_text", "video.redraw"}
"""Node types that need a model, which a test context lacks."""
NETWORKS = {
    "check", "diffusion", "latent", "logic", "provenance", "scenes", "style", "text", "train", "upscale", "vision"
}  # fmt: skip
"""Plugins whose node types run networks (see `test_depth_of_networks.py`), pass values on, or need larger images."""
MORE: dict[str, dict[str, Any]] = {
    "image.caption": {"text": "a"},
    "image.draw_text": {"text": "a"},
    "video.crop": {"width": LEVELS, "height": 16},
    "video.draw_subtitles": {"subtitles": "1\n00:00:00,000 --> 00:00:01,000\na\n"},
    "video.concatenate": {"transition": "crossfade", "transition_seconds": 0.2},
    "video.cut_spans": {"spans": [[0, 60]]},
    "video.speed": {"factor": 0.5, "audio": "drop"},
    "video.animate": {"seconds": 0.2},
    "video.storyboard": {"width": LEVELS, "height": 32, "scene_seconds": [1.0], "fps": 4.0, "amount": 0.0},
    "video.overlay": {"scale": 0.5},
    "video.title": {"text": "a"},
    "video.fade": {"fade_in": 0.0},
    "video.resize": {"width": LEVELS, "height": 30},
    "video.denoise": {"spatial": 1.0},
    "video.interpolate": {"factor": 2},
    "image.resize": {"width": LEVELS},
    "image.convolve": {"kernel": [[1]]},
    "image.apply_lut": {"lut_file": File(LUT, "0" * 64, 1)},
    "image.pixelate": {"size": 1},
    "image.draw_shape": {"width": 2, "height": 2},
    "image.transform": {"corners": [[0, 0], [LEVELS, 0], [LEVELS, 32], [0, 32]]},
    "image.fill_hole": {"radius": 1.0},
    "image.crop": {"width": LEVELS, "height": 16},
}
"""What else node types are given."""


def make_image() -> Image:
    ramp = (np.arange(LEVELS) * 128 + 7).astype(np.uint16)  # no level of which is one of 8 bits
    return Image(np.broadcast_to(ramp[None, :, None], (32, LEVELS, 3)).copy())


def make_value(kind: str) -> Any:
    if kind == "video":
        return Video.from_images([make_image()] * 6, 10)
    if kind == "mask":
        return Mask(np.ones((32, LEVELS), np.uint8) * 255)
    return Audio(np.zeros((4800, 1), np.float32), 8000) if kind == "audio" else make_image()


def find_node_types() -> list[NodeType]:
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        every = sorted(studio.registry.node_types.items())
        found = [t for name, t in every if name.startswith(("image.", "video.")) and name not in WITH_A_MODEL]
    return [each for each in found if has_frames(each.inputs.values()) and has_frames(each.outputs.values())]


def has_frames(ends: Any) -> bool:
    return any(end.spec.name in ("image", "video") for end in ends)


def run(node_type: NodeType) -> Any:
    given: dict[str, Any] = dict(MORE.get(node_type.id, {}))
    for name, end in node_type.inputs.items():
        if end.required and name not in given:
            value = make_value(end.spec.name)
            given[name] = [value, value] if end.spec.depth else value
    known = {name: value for name, value in given.items() if name in node_type.inputs}
    return node_type.function(TestContext(), **known)


def find_images(value: Any) -> list[Image]:
    if isinstance(value, Video):
        return [frame.image for frame in value.frames()]
    if isinstance(value, Image):
        return [value]
    return [image for entry in value for image in find_images(entry)] if isinstance(value, list | tuple) else []


NODE_TYPES = find_node_types()


@pytest.mark.parametrize("node_type", NODE_TYPES, ids=[each.id for each in NODE_TYPES])
def test_sixteen_bits_go_in_and_more_levels_than_eight_bits_have_come_out(node_type: NodeType) -> None:
    images = find_images(run(node_type))

    depths = {str(image.compact().dtype) for image in images}
    assert (count_levels(images) > 300) == (node_type.id not in REDUCES), f"{count_levels(images)} levels, {depths}"


def count_levels(images: list[Image]) -> int:
    """Return the levels of red in the image that has the fewest."""
    return min(len(np.unique(image.compact()[:, :, 0])) for image in images)


def test_a_node_type_that_reduces_is_found() -> None:
    deep = make_image()

    assert count_levels([deep, Image(deep.stored)]) == LEVELS
    assert count_levels([deep, Image(deep.to_uint8())]) <= 256


def test_node_types_of_other_plugins_are_covered_or_need_a_network() -> None:
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        every = studio.registry.node_types.items()
        others = [(name, each) for name, each in sorted(every) if not name.startswith(("image.", "video."))]
    framed = [each for _, each in others if has_frames(each.inputs.values()) and has_frames(each.outputs.values())]

    assert {each.id.partition(".")[0] for each in framed} <= NETWORKS


def test_names_of_node_types_that_reduce_are_right() -> None:
    assert set(REDUCES) <= {each.id for each in NODE_TYPES}
    assert Fraction(len(REDUCES), len(NODE_TYPES)) < Fraction(1, 5)
