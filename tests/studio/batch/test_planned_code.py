"""The code that a batch is planned with: an edit makes items again, and workers must have the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import studio as package
from studio.batch.item_executor import ItemExecutor
from studio.batch.planned_code import describe_code, describe_value_types
from studio.batch.spec import BatchSpec
from studio.errors import PluginError
from tests.studio.registry.given_plugins import Ways, Written, open_studio, restored_modules

GRAPH = {
    "studio": 1,
    "inputs": {"a": {"type": "int"}},
    "nodes": {"n": {"type": "one.number", "inputs": {"a": {"from": "inputs.a"}}}},
    "outputs": {"o": {"from": "n"}},
}


@pytest.fixture
def ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ways]:
    """Writes plugins."""
    with restored_modules():
        yield Ways(tmp_path, monkeypatch)


def run_batch(folder: Path, plugin: Written, workers: int) -> dict[str, int]:
    """Run a batch of two items, or continue it; return the items that were made with their results."""
    (folder / "graph.json").write_text(json.dumps(GRAPH), encoding="utf-8")
    (folder / "items.csv").write_text("name,a\nx,1\ny,2\n", encoding="utf-8")
    with open_studio(folder / "cache", plugin) as opened:
        rows = package.batch(
            folder / "graph.json", folder / "items.csv", folder / "out", workers=workers, studio=opened
        )
        made = [row.name for row in rows]
    return {name: int(next((folder / "out").glob(f"{name}*.json")).read_text(encoding="utf-8")) for name in made}


@pytest.mark.parametrize("workers", [0, 1])
def test_an_edit_makes_the_items_of_a_batch_again(ways: Ways, tmp_path: Path, workers: int) -> None:
    plugin = ways.write_folder_package("one")

    first = run_batch(tmp_path, plugin, workers)
    unchanged = run_batch(tmp_path, plugin, workers)
    plugin.edit("data/lut.json")
    edited = run_batch(tmp_path, plugin, workers)

    assert first.keys() == {"x", "y"}
    assert unchanged == {}
    assert edited == {name: number + 100 for name, number in first.items()}


def test_a_worker_that_has_other_code_than_the_batch_was_planned_with_refuses(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.write_folder_package("one")
    spec = BatchSpec(GRAPH, base=str(tmp_path), folder=str(tmp_path / "out"))
    with open_studio(tmp_path / "cache", plugin) as opened:
        spec = replace(spec, code=describe_code(opened, opened.resolve(opened.load(GRAPH))))
    spec = BatchSpec.from_json(json.loads(json.dumps(spec.to_json())))
    plugin.edit("inner/lazy.py")

    with (
        open_studio(tmp_path / "cache", plugin) as opened,
        pytest.raises(PluginError, match=r"E211.*'one.number' has changed since the batch was planned"),
    ):
        ItemExecutor(opened, spec, lambda worker, result: None)


def test_the_code_that_reads_and_writes_a_value_type_counts_for_a_batch(ways: Ways, tmp_path: Path) -> None:
    plugin = ways.write_folder_package("one")
    nodes = {"n": {"type": "one.read_ramp", "inputs": {"ramp": {"from": "inputs.ramp"}}}}
    graph = {**GRAPH, "inputs": {"ramp": {"type": "one_ramp"}}, "nodes": nodes}

    def describe() -> list[list[str]]:
        with open_studio(tmp_path / "cache", plugin) as opened:
            resolved = opened.resolve(opened.load(graph))
            return describe_value_types(opened, resolved, opened.collect_parts(resolved).node_types)

    before = describe()
    plugin.edit("algorithm.py")

    assert before[0][:2] == ["one_ramp", plugin.name]
    assert describe() != before
