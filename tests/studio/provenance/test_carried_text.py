"""What files carry, as text: the whole graph, or of a very long one the part that their output needs."""

from __future__ import annotations

import json
from typing import Any

from studio.provenance.carried_text import CarriedText, take_part


def create_provenance(count: int) -> dict[str, Any]:
    """Return what the files of a graph with so many pairs of nodes carry; each pair reads a file and an input."""
    nodes: dict[str, Any] = {}
    for number in range(count):
        file = {"file": f"{number}.png"}
        nodes[f"a{number}"] = {"type": "t.a", "inputs": {"image": file, "x": {"from": f"inputs.i{number}"}}}
        nodes[f"b{number}"] = {"type": "t.b", "inputs": {"images": [{"from": f"a{number}.image"}]}}
    outputs = {f"o{number}": {"from": f"b{number}"} for number in range(count)}
    inputs = {f"i{number}": {"type": "int"} for number in range(count)}
    return {
        "studio": 2,
        "graph": {"studio": 1, "inputs": inputs, "nodes": nodes, "outputs": outputs, "ui": {"a0": [1, 2]}},
        "graphs": {},
        "inputs": {f"i{number}": number for number in range(count)},
        "files": {f"{number}.png": "d" for number in range(count)},
    }


def test_the_text_is_the_whole_json_with_sorted_keys() -> None:
    provenance = create_provenance(2)

    text = CarriedText(provenance).format("o1", 3, "saved.png")

    whole = {**provenance, "output": "o1", "index": 3, "saved": "saved.png"}
    assert text == json.dumps(whole, ensure_ascii=False, sort_keys=True)


def test_a_part_has_what_its_output_needs_and_no_more() -> None:
    part = take_part(create_provenance(3), "o1")

    assert list(part["graph"]["nodes"]) == ["b1", "a1"]
    assert (part["graph"]["inputs"], part["graph"]["outputs"]) == ({"i1": {"type": "int"}}, {"o1": {"from": "b1"}})
    assert (part["inputs"], part["files"]) == ({"i1": 1}, {"1.png": "d"})
    assert "ui" not in part["graph"]


def test_a_part_with_a_graph_or_a_pattern_keeps_all_files() -> None:
    with_graph, with_pattern = create_provenance(2), create_provenance(2)
    with_graph["graph"]["nodes"]["a1"]["type"] = "graph:./x.json"
    with_graph["graphs"] = {"x.json": {}}
    with_pattern["graph"]["nodes"]["a1"]["inputs"]["image"] = {"files": "*.png"}

    assert take_part(with_graph, "o1")["graphs"] == {"x.json": {}}
    assert len(take_part(with_graph, "o1")["files"]) == len(take_part(with_pattern, "o1")["files"]) == 2


def test_what_each_file_carries_does_not_grow_with_the_number_of_outputs() -> None:
    few, many = CarriedText(create_provenance(1000)), CarriedText(create_provenance(4000))

    assert len(many.format("o900", 0)) == len(few.format("o900", 0))
