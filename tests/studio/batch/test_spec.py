"""`BatchSpec`: what workers need to know of a batch, wherever they run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.app import Studio
from studio.batch.spec import BatchSpec, create_spec, resolve_spec
from studio.errors import GraphError
from tests.studio.batch.conftest import ADDING


def test_a_spec_comes_back_from_json_as_it_was() -> None:
    spec = BatchSpec({"studio": 1}, "/g.json", "/", "/out", "{item.name}.{ext}", ("/a", "/b"), ("card",), "refresh",
                     2.5, 4, {"device": "cpu"})  # fmt: skip

    assert BatchSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert BatchSpec.from_json(json.loads(json.dumps(BatchSpec({}).to_json()))) == BatchSpec({})


def test_paths_of_a_spec_are_absolute_so_that_a_worker_may_start_anywhere(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graph.json").write_text(json.dumps(ADDING), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    spec = create_spec(studio.load(Path("graph.json")), "out", window=3)

    assert (spec.path, spec.base, spec.folder) == (str(tmp_path / "graph.json"), str(tmp_path), str(tmp_path / "out"))
    assert (spec.graph, spec.window) == (ADDING, 3)


def test_a_graph_without_a_file_and_a_batch_without_a_folder_have_none(studio: Studio) -> None:
    spec = create_spec(studio.load(ADDING))

    assert (spec.path, spec.folder) == ("", None)


def test_the_graph_of_a_spec_is_resolved_as_its_file_would_be(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text(json.dumps(ADDING), encoding="utf-8")
    document = {
        "studio": 1,
        "nodes": {"part": {"type": "graph:./part.json", "inputs": {"a": 1}}},
        "outputs": {"sum": {"from": "part.sum"}},
    }

    resolved = resolve_spec(studio, BatchSpec(document, base=str(tmp_path)))

    assert list(resolved.outputs) == ["sum"]


def test_an_invalid_graph_is_refused_with_its_findings(studio: Studio) -> None:
    document = {"studio": 1, "nodes": {"a": {"type": "fake.nothing"}}, "outputs": {"b": {"from": "a"}}}

    with pytest.raises(GraphError) as caught:
        resolve_spec(studio, BatchSpec(document, path="/g.json"))

    assert [finding.code for finding in caught.value.findings] == ["E103"]
    assert caught.value.source == "/g.json"


def test_an_unknown_output_is_found_before_any_item_runs(studio: Studio) -> None:
    spec = create_spec(studio.load(ADDING), only=("nothing",))

    with pytest.raises(GraphError, match="no output 'nothing'"):
        resolve_spec(studio, spec)
