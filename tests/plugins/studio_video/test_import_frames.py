"""Frames by number out of a video become a part of the video by time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.app import Studio
from studio.cli.import_rules import find_import_rules
from studio.graph import parse_graph
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.weights_folders import WeightsFolders


def bring(studio: Studio, folder: Path, index: int, length: int) -> dict[str, Any]:
    """Import a document that makes ten frames of grey, takes some of them, and saves them."""
    frames = {f"grey_{at}": {"class_type": "EmptyImage", "inputs": {
        "width": 16, "height": 16, "batch_size": 1, "color": 0x010101 * 25 * at}} for at in range(10)}  # fmt: skip
    nodes = {
        **frames,
        "all": {"class_type": "BatchImagesNode", "inputs":
            {f"images.image{at}": [f"grey_{at}", 0] for at in range(10)}},
        "video": {"class_type": "CreateVideo", "inputs": {"images": ["all", 0], "fps": 12.0}},
        "parts": {"class_type": "GetVideoComponents", "inputs": {"video": ["video", 0]}},
        "some": {"class_type": "ImageFromBatch", "inputs": {
            "image": ["parts", 0], "batch_index": index, "length": length}},
        "made": {"class_type": "CreateVideo", "inputs": {"images": ["some", 0], "fps": 12.0}},
        "save": {"class_type": "SaveVideo", "inputs": {"video": ["made", 0], "filename_prefix": "made"}},
    }  # fmt: skip
    if length == 1:
        nodes["save"] = {"class_type": "SaveImage", "inputs": {"images": ["some", 0], "filename_prefix": "made"}}
        del nodes["made"]
    rules, folders = find_import_rules(studio.settings), WeightsFolders(folder)
    graph, report = import_document(read_prompt(nodes), rules, studio.registry, folders, media=folder, title="test")
    assert graph is not None, [(one.kind, one.why) for one in report.nodes]
    return graph


@pytest.mark.parametrize(("index", "length", "expected"), [(4, 4096, range(4, 10)), (3, 2, range(3, 5)), (7, 1, [7])])
def test_frames_by_number_are_the_frames_of_these_numbers(
    tmp_path: Path, index: int, length: int, expected: Any
) -> None:
    with Studio(on_disk=False) as studio:
        result = studio.run(parse_graph(bring(studio, tmp_path, index, length), base=tmp_path), cache="off")
        assert result.status == "done", result.errors
        made = result.outputs["made"]
        images = [made] if length == 1 else [frame.image for frame in made.frames()]

    levels = [np.asarray(image.pixels, np.float32)[8, 8, 0] for image in images]
    scale = 255 if max(levels) <= 1 else 1
    assert [round(level * scale / 25) for level in levels] == list(expected)


def test_a_batch_of_videos_is_one_after_the_other(tmp_path: Path) -> None:
    nodes: dict[str, Any] = {"save": {"class_type": "SaveVideo", "inputs": {
        "video": ["made", 0], "filename_prefix": "made"}}}  # fmt: skip
    for name, color in (("dark", 0x191919), ("light", 0xC8C8C8)):
        nodes[name] = {"class_type": "EmptyImage", "inputs": {
            "width": 16, "height": 16, "batch_size": 3, "color": color}}  # fmt: skip
        nodes[f"{name}_video"] = {"class_type": "CreateVideo", "inputs": {"images": [name, 0], "fps": 12.0}}
        nodes[f"{name}_parts"] = {"class_type": "GetVideoComponents", "inputs": {"video": [f"{name}_video", 0]}}
    parts = {"images.image0": ["dark_parts", 0], "images.image1": ["light_parts", 0]}
    nodes["all"] = {"class_type": "BatchImagesNode", "inputs": parts}
    nodes["made"] = {"class_type": "CreateVideo", "inputs": {"images": ["all", 0], "fps": 12.0}}

    with Studio(on_disk=False) as studio:
        rules, folders = find_import_rules(studio.settings), WeightsFolders(tmp_path)
        graph, _ = import_document(read_prompt(nodes), rules, studio.registry, folders, media=tmp_path, title="test")
        assert graph is not None
        result = studio.run(parse_graph(graph, base=tmp_path), cache="off")
        assert result.status == "done", result.errors
        levels = [np.asarray(frame.image.pixels, np.float32).mean() for frame in result.outputs["made"].frames()]

    scale = 255 if max(levels) <= 1 else 1
    assert [round(level * scale / 25) for level in levels] == [1, 1, 1, 8, 8, 8]
