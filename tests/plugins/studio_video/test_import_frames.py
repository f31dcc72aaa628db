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
