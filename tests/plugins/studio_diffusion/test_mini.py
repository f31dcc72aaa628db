"""The model in the box: it is small, safe and described, and it draws what it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio_diffusion
from studio.api import Image
from studio.app import Studio
from studio_diffusion.training import inspection
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.vocabulary import load_concepts

pytestmark = pytest.mark.xdist_group("diffusers")
FOLDERS = studio_diffusion.studio_models()
FACTS = json.loads((FOLDERS["mini"] / "studio.json").read_text(encoding="utf-8"))
SIDE = FACTS["width"]
"""The side of the model's pictures, in pixels."""


def test_the_models_ship_as_safetensors_within_sixty_megabytes() -> None:
    assert set(FOLDERS) == {"mini", "mini-sketch", "mini-enlarger"}
    files = [file for path in FOLDERS.values() for file in (path, *path.rglob("*")) if file.is_file()]

    assert {file.suffix for file in files} == {".safetensors", ".json", ".md"}
    assert sum(file.stat().st_size for file in files) <= 60_000_000


def test_the_card_says_what_it_was_made_of_and_how_good_it_is() -> None:
    card = (FOLDERS["mini"] / "README.md").read_text(encoding="utf-8")

    for words in (
        "Fluent Emoji",
        "MIT",
        "Noto Emoji",
        "Apache",
        "thing, top-1",
        "Ceiling",
        "autoencoder",
        "generator",
        "unseen",
    ):
        assert words.lower() in card.lower()


def test_it_says_which_words_it_knows() -> None:
    assert len(FACTS["words"]) >= 250
    assert set(FACTS["words"]) >= set(load_concepts(250))
    assert FACTS["synonyms"]["kitten"] == "cat"
    assert FACTS["related"]["wall"] == "house"


def draw(studio: Studio, **inputs: Any) -> np.ndarray:
    graph = {
        "studio": 1,
        "nodes": {"a": {"type": "diffusion.text_to_image", "inputs": inputs}},
        "outputs": {"picture": {"from": "a.image"}},
    }
    result = studio.run(studio.load(graph), cache="off")
    assert not result.errors
    image = result["picture"]
    assert isinstance(image, Image)
    return (image.pixels * 255 + 0.5).astype(np.uint8)


def test_a_red_apple_on_a_blue_background_is_red_and_stands_on_blue() -> None:
    with Studio(on_disk=False) as studio:
        images = [draw(studio, prompt="a red apple on a blue background", seed=seed) for seed in (1, 2, 3)]

    for image in images:
        assert image.shape == (SIDE, SIDE, 3)
        assert inspection.name_color(inspection.find_background(image)) == "blue"
        assert inspection.name_thing_color(image) == "red"
    assert np.abs(images[0].astype(float) - images[1]).mean() > 2


def test_places_are_followed() -> None:
    with Studio(on_disk=False) as studio:
        left = draw(studio, prompt="an apple on the left", seed=4)
        right = draw(studio, prompt="an apple on the right", seed=4)

    assert inspection.is_at(left, "on the left")
    assert inspection.is_at(right, "on the right")


def test_a_sketch_changes_what_is_drawn_towards_its_lines(tmp_path: Path) -> None:
    import cv2

    paper, part = np.zeros((SIDE, SIDE, 3), np.uint8), SIDE // 64
    cv2.circle(paper, (22 * part, 40 * part), 16 * part, (255, 255, 255), 2, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "ring.png"), paper)
    sketch = {"file": "ring.png"}
    inputs = {"sketch": sketch, "prompt": "a ball", "kind": "as_it_is", "seed": 1}
    graph = {
        "studio": 1,
        "nodes": {"a": {"type": "diffusion.sketch_to_image", "inputs": inputs}},
        "outputs": {"picture": {"from": "a.image"}},
    }
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(graph), encoding="utf-8")

    with Studio(on_disk=False) as studio:
        result = studio.run(studio.load(path), cache="off")
        free = draw(studio, prompt="a ball", seed=1)

    assert not result.errors
    drawn = (result["picture"].pixels * 255 + 0.5).astype(np.uint8)
    lines = trace_sketch(paper)
    assert inspection.compute_edge_score(drawn, lines) > inspection.compute_edge_score(free, lines)


@pytest.mark.parametrize("name", FOLDERS)
def test_the_weights_are_those_whose_digests_ship(name: str) -> None:
    from studio.runtime.weights import compare_digests

    assert compare_digests(FOLDERS[name]) == []
