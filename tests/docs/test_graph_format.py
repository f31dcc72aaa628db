"""The graphs in docs/graph_format.md validate, and those that need nothing from outside run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.api import Image, Video
from studio.app import Studio, read_settings
from studio.graph import parse_graph

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "graph_format.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FILM = Video.from_images([Image(np.full((24, 32, 3), shade, np.uint8)) for shade in (0, 128, 255)], 25)
VALUES = {"text": "Beijing", "video": FILM}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = read_settings(device="cpu", cache_dir=tmp_path_factory.mktemp("cache"))
    with Studio(settings, on_disk=False) as studio:
        yield studio


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) >= 10


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_validates_without_findings(block: str, studio: Studio) -> None:
    graph = parse_graph(block, base=ROOT / "graphs")

    findings = studio.validate(graph)

    assert findings == []


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_runs_when_its_inputs_have_values(block: str, studio: Studio) -> None:
    graph = parse_graph(block, base=ROOT / "graphs")
    inputs = studio.resolve(graph).inputs
    values = {name: VALUES[end.spec.name] for name, end in inputs.items() if end.required}

    result = studio.run(graph, values)

    assert (result.status, result.errors) == ("done", [])


def test_every_key_of_the_format_stands_in_an_example() -> None:
    documents = [json.loads(block) for block in BLOCKS]

    top = {key for document in documents for key in document}
    inputs = {key for document in documents for end in document.get("inputs", {}).values() for key in end}
    nodes = {key for document in documents for node in document["nodes"].values() for key in node}

    assert top >= {"studio", "title", "description", "inputs", "nodes", "outputs", "requires", "ui"}
    assert inputs >= {"type", "default", "optional", "description", "minimum", "maximum", "choices"}
    assert nodes >= {"type", "inputs", "when", "version"}
