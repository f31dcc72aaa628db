"""Models in runs: opened once, not at all when all is cached, missed before anything runs, counted by content."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_models import ModelPlugin, open_model_studio, write_weights
from fakes import get_error, graph
from processes import create_environment
from safetensors.numpy import load_file

from studio.api import Context, Model, ModelOpener, hookimpl, node
from studio.app import Studio
from studio.errors import GraphError
from studio.settings import Settings


@pytest.fixture
def plugin(tmp_path: Path) -> ModelPlugin:
    """A plugin with one model."""
    return ModelPlugin({"net": write_weights(tmp_path / "net.safetensors")})


def use(a: int, **inputs: Any) -> dict[str, Any]:
    """Return a graph that uses the network."""
    return graph({"use": ("net.use", {"a": a, **inputs}), "after": ("net.spare", {"a": "@use"})}, o="after")


def test_two_runs_in_one_process_open_a_model_once(tmp_path: Path, plugin: ModelPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        first, second = studio.run(use(1)), studio.run(use(2))

        assert (first["o"], second["o"]) == (3, 5)
        assert plugin.opener.opened["net"] == 1
        assert [run.manifest["models"]["opened"] for run in (first, second)] == [1, 0]
        assert second.manifest["models"]["resident"][0]["reference"] == "builtin:net"

    assert plugin.opener.closed["net"] == 1


def test_a_run_whose_nodes_are_all_cached_opens_none(tmp_path: Path, plugin: ModelPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        studio.run(use(1))
    again = ModelPlugin(plugin.builtin)

    with open_model_studio(tmp_path, again) as studio:
        result = studio.run(use(1))

    assert result["o"] == 3
    assert not again.opener.opened
    assert result.manifest["models"] == {"opened": 0, "planned": {}, "resident_bytes": 0, "resident": []}


def test_a_run_whose_nodes_are_all_cached_never_loads_torch(tmp_path: Path, plugin: ModelPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        studio.run(use(1))
    program = f"""
import sys
from pathlib import Path
from fake_models import ModelPlugin, open_model_studio
plugin = ModelPlugin({{"net": Path({str(tmp_path / "net.safetensors")!r})}})
with open_model_studio(Path({str(tmp_path)!r}), plugin) as studio:
    result = studio.run({use(1)!r})
assert result["o"] == 3 and not plugin.opener.opened
assert not {{"torch", "diffusers", "transformers"}} & set(sys.modules)
"""

    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=create_environment())


def test_a_missing_model_is_reported_before_anything_runs(tmp_path: Path, plugin: ModelPlugin) -> None:
    nodes = {
        "first": ("net.spare", {"a": 1}),
        "use": ("net.use", {"a": "@first", "model": "hub:ada/net@v1"}),
        "all": ("net.use_all", {"a": "@use", "models": ["builtin:net", "file:/nowhere"]}),
    }
    events: list[Any] = []

    with open_model_studio(tmp_path, plugin) as studio, pytest.raises(GraphError) as caught:
        studio.run(graph(nodes, o="all"), on_event=events.append)

    rows = {finding.where: finding for finding in caught.value.findings}
    assert set(rows) == {"/nodes/use/inputs/model", "/nodes/all/inputs/models"}
    assert "studio models pull hub:ada/net@v1" in rows["/nodes/use/inputs/model"].hint
    assert events == []


def test_a_missing_default_is_reported_before_anything_runs(tmp_path: Path) -> None:
    with open_model_studio(tmp_path, ModelPlugin({})) as studio:
        for nodes in ({"use": ("net.use", {"a": 1})}, {"use": ("net.use_all", {"a": 1})}):
            with pytest.raises(GraphError, match="builtin:net"):
                studio.run(graph(nodes, o="use"))


def test_a_missing_model_that_nothing_needs_is_no_error(tmp_path: Path, plugin: ModelPlugin) -> None:
    nodes = {
        "no": {"type": "net.use", "inputs": {"a": 1, "model": "builtin:other"}, "when": {"from": "inputs.wanted"}},
        "use": ("net.use", {"a": 1}),
    }
    document = graph(nodes, o="use", n="no") | {"inputs": {"wanted": {"type": "bool"}}}

    with open_model_studio(tmp_path, plugin) as studio:
        assert studio.run(document, {"wanted": False})["o"] == 2
        assert get_error(studio.run(document, {"wanted": True})).code == "E602"


@pytest.mark.parametrize(
    "nodes",
    [
        {"use": ("net.use", {"a": 1})},
        {"use": ("net.use_all", {"a": 1})},
        {"use": ("net.use_all", {"a": 1, "models": ["builtin:net"]})},
        {
            "use": (
                "net.use",
                {"a": 1, "model": {"model": "file:other.safetensors", "options": {"base": "builtin:net"}}},
            )
        },
    ],
)
def test_weights_that_changed_run_a_node_again(
    tmp_path: Path, plugin: ModelPlugin, nodes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_weights(tmp_path / "other.safetensors", 4)
    with open_model_studio(tmp_path, plugin) as studio:
        ran = [studio.run(graph(nodes, o="use")).manifest["cache"]["hits"] for _ in range(2)]
        write_weights(tmp_path / "net.safetensors", 2)
        ran.append(studio.run(graph(nodes, o="use")).manifest["cache"]["hits"])

    assert ran == [0, 1, 0]


def test_damaged_weights_are_reported_before_anything_runs(tmp_path: Path, plugin: ModelPlugin) -> None:
    path = plugin.builtin["net"]
    path.write_bytes(path.read_bytes()[:-1])

    with open_model_studio(tmp_path, plugin) as studio, pytest.raises(GraphError, match="E605"):
        studio.run(use(1))


# -- the code that opens a model -------------------------------------------------------------------


class Scaling(ModelOpener):
    """Opens weights as a number, by a factor."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def can_open(self, path: Path, model: Model) -> bool:
        """Say that it can."""
        return True

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> float:
        """Return the first weight by the factor."""
        return float(load_file(path)["t0"][0]) * self.factor

    def measure(self, opened: float) -> int:
        """Return a few bytes."""
        return 8


def test_another_plugins_opener_counts(tmp_path: Path) -> None:
    @node("scaled.read")
    def read(ctx: Context, model: Model) -> float:
        """Return what the model opens to."""
        with ctx.open(model) as opened:
            return float(opened)

    weights = write_weights(tmp_path / "net.safetensors", 3.0)
    settings = Settings(cache_dir=tmp_path / "cache", device="cpu")
    reader = SimpleNamespace(
        studio_node_types=hookimpl(lambda: [read]), studio_models=hookimpl(lambda: {"net": weights})
    )

    def run(factor: float) -> tuple[float, int]:
        opener = SimpleNamespace(studio_model_openers=hookimpl(lambda: [Scaling(factor)]))
        with Studio(settings, plugins=[("reader", reader), ("opener", opener)], discover=False) as studio:
            assert [row.problem for row in studio.registry.plugins] == ["", ""]
            result = studio.run(graph({"r": ("scaled.read", {"model": "builtin:net"})}, o="r"))
            assert not result.errors, result.errors
            return result["o"], result.manifest["nodes"]["r"]["cached"]

    assert [run(1.0), run(1.0), run(2.0)] == [(3.0, 0), (3.0, 1), (6.0, 0)]
