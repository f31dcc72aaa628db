"""`studio import`: a document of another program as a graph, and what is told of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

DOCUMENT = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
    "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "negative"}},
}
UNKNOWN = {**DOCUMENT, "4": {"class_type": "Sing", "inputs": {"images": ["2", 0]}}}
UNKNOWN["5"] = {"class_type": "SaveImage", "inputs": {"images": ["4", 0]}}


def test_a_document_becomes_a_graph_that_is_valid(desk: Desk) -> None:
    (desk / "workflow.json").write_text(json.dumps(DOCUMENT))

    done = desk.call("import", "workflow.json", "-o", "graph.json")

    assert done.code == 0
    assert "ComfyUI: 3 nodes, 3 exact, 0 close, 0 dropped, 0 missing" in done.out
    assert "to give  photo.png" in done.out
    assert desk.call("validate", "graph.json").code == 0


def test_a_second_import_is_equal_byte_for_byte(desk: Desk) -> None:
    (desk / "workflow.json").write_text(json.dumps(DOCUMENT))

    desk.succeed("import", "workflow.json", "-o", "a.json")
    desk.succeed("import", "workflow.json", "-o", "b.json")

    assert (desk / "a.json").read_bytes() == (desk / "b.json").read_bytes()


def test_what_is_missing_is_told_and_the_rest_is_written(desk: Desk) -> None:
    (desk / "workflow.json").write_text(json.dumps(UNKNOWN))

    done = desk.call("import", "workflow.json", "--json")

    answer = json.loads(done.out)["data"]
    assert done.code == 3
    assert answer["result"] == "missing"
    assert [node["why"] for node in answer["nodes"] if node["id"] == "4"] == ["class Sing"]
    assert (desk / answer["graph"]).is_file()


def test_a_document_of_which_nothing_is_known_writes_nothing(desk: Desk) -> None:
    (desk / "workflow.json").write_text(json.dumps({"4": {"class_type": "Sing", "inputs": {"a": ["5", 0]}}}))

    done = desk.call("import", "workflow.json", "-o", "graph.json")

    assert done.code == 2
    assert not (desk / "graph.json").exists()


def test_running_a_document_says_to_import_it_first(desk: Desk) -> None:
    (desk / "workflow.json").write_text(json.dumps(DOCUMENT))

    done = desk.call("run", "workflow.json")

    assert done.code == 2
    assert "import it first: studio import " in done.err
    assert "workflow.json" in done.err
