"""Documents turned into graphs with rules of a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio.app import Studio
from studio.graph import parse_graph
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.report import Report
from studio.graph.foreign.weights_folders import WeightsFolders


def load(importer: Importer, node: ForeignNode) -> Any:
    return Made({"from": importer.take(node, "image", "image")}, "image")


def blur(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": importer.get(node, "image"), "radius": importer.get(node, "radius", 4.0)}
    return Made({"from": importer.add(node, "image.blur", inputs)}, "image")


def enlarge(importer: Importer, node: ForeignNode) -> Any:
    model = importer.find_model(node, "upscale_models", importer.get(node, "name"))
    return Made(
        {"from": importer.add(node, "upscale.image", {"image": importer.get(node, "image"), "model": model})}, "image"
    )


def fail(importer: Importer, node: ForeignNode) -> Any:
    raise ImportGap("a brush", "image.blur")


def load_video(importer: Importer, node: ForeignNode) -> Any:
    return Made({"from": importer.take(node, "video", "video")}, "video", many=True)


def list_twice(importer: Importer, node: ForeignNode) -> Any:
    image = importer.get(node, "image")
    return Made([image.value, image.value], "image", many=True)


def tell_kind(importer: Importer, node: ForeignNode) -> Any:
    image = importer.get(node, "image")
    importer.differ(node, f"{image.kind} {image.many}")
    return image


RULES = {
    "LoadVideo": ImportRule(load_video),
    "Twice": ImportRule(list_twice),
    "Kind": ImportRule(tell_kind, role="output"),
    "Load": ImportRule(load),
    "Blur": ImportRule(blur),
    "Enlarge": ImportRule(enlarge),
    "Fail": ImportRule(fail),
    "Fast": ImportRule(passes="image"),
    "Show": ImportRule(role="viewer"),
    "Save": ImportRule(lambda importer, node: importer.get(node, "image"), role="output"),
}


@pytest.fixture(scope="module")
def studio() -> Any:
    with Studio(on_disk=False) as studio:
        yield studio


def run(studio: Studio, tmp_path: Path, **nodes: tuple[str, Mapping[str, Any]]) -> tuple[Any, Report]:
    data = {name: {"class_type": kind, "inputs": dict(inputs)} for name, (kind, inputs) in nodes.items()}
    folders = WeightsFolders(tmp_path)
    return import_document(read_prompt(data), RULES, studio.registry, folders, media=tmp_path, title="test")


def get_statuses(report: Report) -> dict[str, str]:
    return {node.id: node.status for node in report.nodes}


def test_nodes_become_nodes_and_the_graph_is_valid(studio: Studio, tmp_path: Path) -> None:
    graph, report = run(
        studio, tmp_path, a=("Load", {}), b=("Blur", {"image": ["a", 0], "radius": 2}), c=("Save", {"image": ["b", 0]})
    )

    assert graph["nodes"]["blur"]["inputs"] == {"image": {"from": "inputs.image"}, "radius": 2}
    assert studio.validate(parse_graph(graph)) == []
    assert report.result == "exact"


def test_what_no_output_needs_and_what_only_shows_is_dropped(studio: Studio, tmp_path: Path) -> None:
    graph, report = run(
        studio,
        tmp_path,
        a=("Load", {}),
        b=("Fast", {"image": ["a", 0]}),
        c=("Save", {"image": ["b", 0]}),
        d=("Show", {"image": ["a", 0]}),
        e=("Blur", {"image": ["a", 0]}),
    )

    assert list(graph["outputs"].values()) == [{"from": "inputs.image"}]
    assert get_statuses(report) == {"a": "exact", "b": "dropped", "c": "exact", "d": "dropped", "e": "dropped"}


def test_a_gap_is_missing_with_what_depends_on_it_and_the_rest_is_written(studio: Studio, tmp_path: Path) -> None:
    graph, report = run(
        studio,
        tmp_path,
        a=("Load", {}),
        b=("Fail", {"image": ["a", 0]}),
        c=("Save", {"image": ["b", 0]}),
        d=("Blur", {"image": ["a", 0]}),
        e=("Save", {"image": ["d", 0]}),
        f=("Unheard", {"image": ["a", 0]}),
        g=("Save", {"image": ["f", 0]}),
    )

    found = {node.id: node for node in report.nodes}
    assert report.result == "missing"
    assert (found["b"].why, found["b"].nearest) == (["a brush"], "image.blur")
    assert found["c"].why == ["needs node b (Fail)"]
    assert found["f"].why == ["class Unheard"]
    assert list(graph["outputs"].values()) == [{"from": "blur"}]
    assert "a brush" in graph["description"]


def test_a_number_outside_the_limits_is_told(studio: Studio, tmp_path: Path) -> None:
    graph, report = run(
        studio, tmp_path, a=("Load", {}), b=("Blur", {"image": ["a", 0], "radius": -1}), c=("Save", {"image": ["b", 0]})
    )

    assert graph["nodes"]["blur"]["inputs"]["radius"] == 0
    assert get_statuses(report)["b"] == "close"
    assert "instead of -1" in graph["nodes"]["blur"]["description"]


def test_files_to_fetch_are_listed_and_pickles_are_named(studio: Studio, tmp_path: Path) -> None:
    _, report = run(
        studio,
        tmp_path,
        a=("Load", {}),
        b=("Enlarge", {"image": ["a", 0], "name": "x4.pth"}),
        c=("Save", {"image": ["b", 0]}),
    )

    assert [(file.name, file.folder, file.pickle) for file in report.files] == [("x4.pth", "upscale_models", True)]


def test_a_name_that_leads_out_of_its_folder_is_missing(studio: Studio, tmp_path: Path) -> None:
    graph, report = run(
        studio,
        tmp_path,
        a=("Load", {}),
        b=("Enlarge", {"image": ["a", 0], "name": "../x"}),
        c=("Save", {"image": ["b", 0]}),
    )

    assert graph is None
    assert "inside its folder" in report.nodes[1].why[0]


@pytest.mark.parametrize("value", [{}, [], [[["x"]]], "text", None, True, 10**400])
def test_a_value_of_a_wrong_type_never_crashes(studio: Studio, tmp_path: Path, value: Any) -> None:
    _, report = run(
        studio, tmp_path, a=("Load", {}), b=("Blur", {"image": value, "radius": value}), c=("Save", {"image": ["b", 0]})
    )

    assert len(report.nodes) >= 2


def test_a_chain_of_ten_thousand_nodes_is_no_problem(studio: Studio, tmp_path: Path) -> None:
    nodes: dict[str, Any] = {"n0": ("Load", {})}
    nodes |= {f"n{at}": ("Fast", {"image": [f"n{at - 1}", 0]}) for at in range(1, 10_000)}
    nodes["end"] = ("Save", {"image": ["n9999", 0]})

    graph, _ = run(studio, tmp_path, **nodes)

    assert graph["outputs"] == {"image": {"from": "inputs.image"}}


def test_a_second_import_is_the_same(studio: Studio, tmp_path: Path) -> None:
    nodes = {"a": ("Load", {}), "b": ("Blur", {"image": ["a", 0]}), "c": ("Save", {"image": ["b", 0]})}

    first, second = (run(studio, tmp_path, **nodes)[0] for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"source": ("Load", {})}, "image False"),
        ({"source": ("LoadVideo", {})}, "video True"),
        ({"one": ("Load", {}), "source": ("Twice", {"image": ["one", 0]})}, "image True"),
    ],
    ids=["image", "video", "list"],
)
def test_what_is_made_of_each_frame_is_a_video_and_of_each_image_a_list(
    studio: Studio, tmp_path: Path, source: dict[str, Any], expected: str
) -> None:
    first, second = ("Blur", {"image": ["source", 0]}), ("Blur", {"image": ["first", 0]})

    graph, report = run(studio, tmp_path, **source, first=first, second=second, end=("Kind", {"image": ["second", 0]}))

    assert next(node.why for node in report.nodes if node.id == "end") == [expected]
    assert studio.validate(parse_graph(graph, base=tmp_path)) == []
