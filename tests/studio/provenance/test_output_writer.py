"""The outputs of a run: each is written with what made it, and one that fails does not stop the others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from studio.api import Image, ImageType, TypeSpec
from studio.app import Studio
from studio.graph import parse_graph
from studio.provenance.output_folder import OutputFolder

DOCUMENT = {
    "studio": 1,
    "inputs": {"width": {"type": "int", "default": 4}},
    "nodes": {"i": {"type": "image.new", "inputs": {"width": {"from": "inputs.width"}, "height": 4}}},
    "outputs": {"image": {"from": "i"}},
}
IMAGE = Image(np.zeros((2, 2, 3), np.uint8))


def test_every_output_is_written_and_carries_graph_and_values(studio: Studio, tmp_path: Path) -> None:
    resolved = studio.resolve(parse_graph(DOCUMENT, base=tmp_path))
    types = {"a": TypeSpec("image"), "b": TypeSpec("text"), "nothing": TypeSpec("image", optional=True)}
    outputs = {"a": IMAGE, "b": "words", "nothing": None}

    files, errors = studio.output_writer.write(
        resolved, {"width": 5}, outputs, types, OutputFolder(tmp_path / "out", "{run}_{output}.{ext}"), "r1"
    )

    assert errors == []
    assert [(file.output, file.path.name) for file in files] == [("a", "r1_a.png"), ("b", "r1_b.txt")]
    carried = json.loads(ImageType().read_provenance(files[0].path) or "")
    assert carried["graph"] == {**DOCUMENT, "nodes": {"i": {**DOCUMENT["nodes"]["i"], "version": "1.0"}}}
    assert (carried["inputs"], carried["output"], carried["base"]) == ({"width": 5}, "a", "..")


def test_an_output_that_cannot_be_written_does_not_stop_the_others(studio: Studio, tmp_path: Path) -> None:
    resolved = studio.resolve(parse_graph(DOCUMENT, base=tmp_path))
    (tmp_path / "a.png").mkdir()

    files, errors = studio.output_writer.write(
        resolved, {}, {"a": IMAGE, "b": IMAGE}, dict.fromkeys("ab", TypeSpec("image")), OutputFolder(tmp_path), "r"
    )

    assert [file.path.name for file in files] == ["b.png"]
    assert [error.code for error in errors] == ["E312"]
