"""One vocabulary of places: inputs of the same name mean the same in all plugins; old graphs keep their pictures."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from studio.api import Anchor, Image, Video, get_node_type
from studio.app import Studio
from studio.settings import Settings
from studio.testing import TestContext
from tests.plugins.test_first_party_node_types import FUNCTIONS, film, picture

PLACED = ("image.composite", "image.draw_shape", "video.overlay", "video.picture_in_picture", "video.title")
"""Node types that lay something on an image or a video."""
CUT = ("image.crop", "video.crop")
"""Node types that take a part out."""
EDGES_ONLY = {"check.text", "image.caption", "video.draw_subtitles"}
"""Node types whose anchor is an edge alone."""
WORDS = {
    "x": "Left edge of",
    "y": "Top edge of",
    "offset_x": "Distance by which",
    "offset_y": "Distance by which",
    "anchor": "Place of",
    "margin": "Distance",
}


@pytest.mark.parametrize("name", PLACED + CUT)
def test_a_place_is_written_in_the_same_words(name: str) -> None:
    inputs = get_node_type(FUNCTIONS[name]).inputs

    assert inputs.keys() >= ({"anchor", "x", "y"} if name in CUT else WORDS.keys())
    for word, meaning in WORDS.items():
        if word in inputs:
            assert inputs[word].description.startswith(meaning), word
    assert (inputs["x"].default, inputs["y"].default) == (None, None)
    assert inputs["anchor"].spec.choices == get_args(Anchor)


def test_every_anchor_names_the_same_nine_places() -> None:
    every = {name: get_node_type(function).inputs for name, function in FUNCTIONS.items()}
    anchors = {name: inputs["anchor"].spec.choices for name, inputs in every.items() if "anchor" in inputs}

    assert {name for name, choices in anchors.items() if choices != get_args(Anchor)} <= EDGES_ONLY


def show(value: Any) -> Any:
    """The samples of an image, or of the second frame of a video."""
    return list(value.frames())[1].image.to_uint8() if isinstance(value, Video) else value.to_uint8()


BLACK = Image(np.zeros((20, 30, 3), np.uint8))
GIVEN: dict[str, dict[str, Any]] = {
    "image.composite": {"base": BLACK, "top": picture(6, 4)},
    "image.draw_shape": {"image": BLACK, "width": 6, "height": 4},
    "video.overlay": {"video": Video.from_images([BLACK] * 3, 4), "image": picture(6, 4)},
    "video.picture_in_picture": {
        "video": Video.from_images([BLACK] * 3, 4),
        "inset": film(),
        "scale": 0.2,
        "border": 0,
    },
}


@pytest.mark.parametrize("name", GIVEN)
def test_an_anchor_an_edge_and_an_offset_lead_to_one_place(name: str) -> None:
    def run(**place: Any) -> Any:
        return show(FUNCTIONS[name](TestContext(), **GIVEN[name], **place))

    anchored = run(anchor="bottom_right", margin=0)
    at = run(anchor="bottom_right", margin=3, offset_x=3, offset_y=3)
    height = np.flatnonzero(anchored.any(axis=(1, 2)))
    edges = run(x=24, y=int(height[0]))

    assert anchored.any()
    assert (at == anchored).all()
    assert (edges == anchored).all()


@pytest.mark.parametrize(
    ("written", "today"),
    [
        ({"x": 5, "y": -2}, {"x": 5, "y": -2}),
        ({"y": 3}, {"x": None, "y": 3}),
        ({"anchor": "center", "x": 5, "y": -2}, {"anchor": "center", "offset_x": 5, "offset_y": -2}),
        ({"margin": 10, "x": 5}, {"anchor": "top_left", "x": 15, "y": 10}),
        ({"anchor": "bottom_right", "margin": 2}, {"anchor": "bottom_right", "margin": 2}),
    ],
)
def test_graphs_of_before_put_an_image_where_they_did(written: dict[str, Any], today: dict[str, Any]) -> None:
    given = {"base": {"from": "ground"}, "top": {"from": "dot"}}
    document = {
        "studio": 1,
        "nodes": {
            "ground": {"type": "image.new", "inputs": {"width": 30, "height": 20}},
            "dot": {"type": "image.new", "inputs": {"width": 6, "height": 4, "color": "red"}},
            "old": {"type": "image.composite", "version": "1.0", "inputs": {**given, **written}},
            "new": {"type": "image.composite", "version": "2.0", "inputs": {**given, **today}},
        },
        "outputs": {"old": {"from": "old"}, "new": {"from": "new"}},
    }
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        result = studio.run(document)

    assert not result.errors
    assert (result.outputs["old"].to_uint8() == result.outputs["new"].to_uint8()).all()
    assert result.outputs["old"].to_uint8().any()
