"""Drawing through whole runs: what is opened, what is said, what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.app import RunResult, Studio
from studio.settings import Settings
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture
def studio(mini: Path, mini_sketch: Path, tmp_path: Path) -> Any:
    """A Studio with the tiny models."""
    plugin = MiniPlugin({"mini": mini, "mini-sketch": mini_sketch})
    settings = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache")
    with Studio(settings, plugins=[("studio-diffusion", plugin)], discover=False) as made:
        yield made


def draw(studio: Studio, prompt: Any, **inputs: Any) -> RunResult:
    """Run a graph with one node that draws."""
    nodes = {"draw": {"type": "diffusion.text_to_image", "inputs": {"prompt": prompt, "steps": 1, **inputs}}}
    return studio.run({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "draw"}}})


def warn(result: RunResult) -> list[str]:
    """Return what the manifest says of the node."""
    return list(result.manifest["nodes"]["draw"]["warnings"])


def test_two_runs_open_the_model_once_and_a_cached_one_opens_none(studio: Studio) -> None:
    first, second, cached = draw(studio, "sun"), draw(studio, "leaf"), draw(studio, "sun")

    assert [run.manifest["models"]["opened"] for run in (first, second, cached)] == [1, 0, 0]
    assert studio.models.loads == 1


def test_a_warning_is_kept_with_the_prompt_of_the_stack_that_it_is_about(studio: Studio) -> None:
    stacked = draw(studio, ["sun", "zzyzx", "leaf"])

    assert len(warn(stacked)) == 1
    assert warn(draw(studio, "sun")) == []
    assert warn(draw(studio, "zzyzx")) == warn(stacked)


def test_a_warning_of_a_whole_stack_is_kept_with_each_of_it(studio: Studio) -> None:
    stacked = draw(studio, ["sun", "leaf"], width=37)

    assert len(warn(stacked)) == 1
    assert warn(draw(studio, "leaf", width=37)) == warn(stacked)
