from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs_site.pictures import (
    FOLDER,
    MOST_BYTES,
    digest_example,
    draw_files,
    find_picture,
    is_similar,
    is_whole,
    list_pictures,
    make_pictures,
    read_record,
)
from docs_site.site import ROOT, load_node_types
from studio.api import NodeType
from studio.api.content_origin import Content, read_content
from studio.graph.example import load_example
from studio.provenance.record import FileRecord

MOST_BYTES_OF_ALL = 1_500_000
PLUGINS = ("diffusion", "image", "style")
WITHOUT_IMAGE = 8
"""So many of their examples may have no picture: they make a file, JSON or nothing without weights."""
MOST_STALE = 8
"""So many examples may have changed since: their pages do not show the old pictures."""
AGAIN = "python -m docs_site --pictures"


@pytest.fixture(scope="module")
def node_types() -> dict[str, NodeType]:
    return load_node_types()


def test_pictures_are_small_and_most_are_of_examples_of_today(node_types: dict[str, NodeType]) -> None:
    files = list_pictures(ROOT)
    record = read_record(ROOT)

    assert {path.stem for path in files} == set(record) <= set(node_types), AGAIN
    assert [path.name for path in files if path.stat().st_size >= MOST_BYTES] == []
    assert sum(path.stat().st_size for path in files) < MOST_BYTES_OF_ALL
    examples = {name: load_example(node_types[name]) for name in record}
    changed = [
        name for name, graph in examples.items() if not graph or record[name]["example"] != digest_example(graph.json)
    ]
    assert len(changed) <= MOST_STALE, f"{AGAIN} {' '.join(changed)}"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_most_node_types_of_images_have_a_picture(plugin: str, node_types: dict[str, NodeType]) -> None:
    names = [name for name, one in node_types.items() if one.plugin == plugin]

    bare = [name for name in names if name not in read_record(ROOT)]

    assert names
    assert len(bare) <= WITHOUT_IMAGE, f"{AGAIN}: {bare}"


def test_a_picture_says_that_a_model_made_it() -> None:
    content = read_content(ROOT / FOLDER / "diffusion.text_to_image.webp")

    assert Content.GENERATED in content


def test_a_picture_is_made_once_and_again_for_another_example(tmp_path: Path, node_types: dict[str, NodeType]) -> None:
    chosen = [node_types["image.gradient"]]
    example = load_example(chosen[0])
    assert example is not None

    first = list(make_pictures(tmp_path, chosen, anew=False))
    again = list(make_pictures(tmp_path, chosen, anew=False))

    assert len(first) == 1
    assert again == []
    assert find_picture(tmp_path, "image.gradient", example.json) == f"{FOLDER}/image.gradient.webp"
    assert find_picture(tmp_path, "image.gradient", {**example.json, "title": "Another"}) == ""
    assert is_whole(tmp_path, "image.gradient")
    assert json.loads((tmp_path / FOLDER / "made.json").read_text(encoding="utf-8")).keys() == {"image.gradient"}


def test_images_stand_side_by_side_and_fit(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "b.png")

    drawn = draw_files([FileRecord("a", tmp_path / "a.png"), FileRecord("b", tmp_path / "b.png")])

    assert drawn is not None
    content, shows = drawn
    assert (len(content) < MOST_BYTES, shows) == (True, "images")
    with Image.open(io.BytesIO(content)) as image:
        assert image.width > 2 * image.height / 3
        assert max(image.size) <= 480


def test_files_without_an_image_have_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")

    assert draw_files([FileRecord("a", tmp_path / "a.txt")]) is None


def test_another_image_is_not_similar() -> None:
    def encode(color: str) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8), color).save(buffer, "WEBP")
        return buffer.getvalue()

    assert is_similar(encode("#808080"), encode("#818080"))
    assert not is_similar(encode("#808080"), encode("#a08080"))
