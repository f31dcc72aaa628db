"""Drawing through whole runs: what is opened, what is said, what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image
from studio.app import RunResult, Studio
from studio.settings import Settings
from studio_diffusion import generate
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture
def studio(mini: Path, mini_sketch: Path, tmp_path: Path) -> Any:
    """A Studio with the tiny models."""
    with make_studio(mini, mini_sketch, tmp_path, "float32") as made:
        yield made


def make_studio(mini: Path, mini_sketch: Path, tmp_path: Path, dtype: str) -> Studio:
    """Return a Studio on the CPU whose networks compute in a dtype."""
    plugin = MiniPlugin({"mini": mini, "mini-sketch": mini_sketch})
    settings = Settings(device="cpu", dtype=dtype, cache_dir=tmp_path / "cache")
    return Studio(settings, plugins=[("studio-diffusion", plugin)], discover=False)


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


DRAWN: dict[str, Any] = {
    "studio": 1,
    "inputs": {"photo": {"type": "image"}},
    "nodes": {
        "whole": {"type": "diffusion.text_to_image", "inputs": {"prompt": "sun", "steps": 2, "sampler": "dpmpp_2m"}},
        "over": {
            "type": "diffusion.image_to_image",
            "inputs": {"image": {"from": "inputs.photo"}, "prompt": "sun", "steps": 2},
        },
        "after": {
            "type": "diffusion.sketch_to_image",
            "inputs": {"sketch": {"from": "inputs.photo"}, "prompt": "sun", "steps": 2},
        },
        "words": {"type": "diffusion.encode_prompt", "inputs": {"prompt": "sun"}},
        "held": {"type": "diffusion.encode_image", "inputs": {"image": {"from": "inputs.photo"}}},
        "sampled": {
            "type": "diffusion.sample",
            "inputs": {"latent": {"from": "held"}, "conditioning": {"from": "words"}, "strength": 0.5, "steps": 2},
        },
        "apart": {"type": "diffusion.decode_latent", "inputs": {"latent": {"from": "sampled"}}},
    },
    "outputs": {name: {"from": name} for name in ("whole", "over", "after", "apart")},
}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_draws_nearly_the_same_on_a_cpu(
    studio: Studio, mini: Path, mini_sketch: Path, tmp_path: Path, dtype: str
) -> None:
    photo = Image(np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3))
    exact = studio.run(DRAWN, {"photo": photo}).outputs

    with make_studio(mini, mini_sketch, tmp_path, dtype) as halved:
        made = halved.run(DRAWN, {"photo": photo})

    assert made.manifest["status"] == "done"
    for name, image in made.outputs.items():
        assert float(np.abs(image.pixels - exact[name].pixels).mean()) < 0.02, name


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_prompt_is_encoded_once_for_all_seeds_and_to_the_same_result(
    mini: Path, mini_sketch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    encoded: list[list[str]] = []
    encode = generate.encode_prompts

    def count(opened: Any, pipeline: Any, prompts: list[str], negative: str, **more: Any) -> Any:
        encoded.append([*prompts, negative])
        return encode(opened, pipeline, prompts, negative, **more)

    monkeypatch.setattr(generate, "encode_prompts", count)
    with make_studio(mini, mini_sketch, tmp_path, dtype) as studio:
        draw(studio, "sun", seed=1)
        kept = draw(studio, "sun", seed=2)
        draw(studio, "sun", seed=2, negative_prompt="leaf")
    with make_studio(mini, mini_sketch, tmp_path / "other", dtype) as studio:
        alone = draw(studio, "sun", seed=2)

    assert encoded == [["sun", ""], ["sun", "leaf"], ["sun", ""]]
    assert np.array_equal(kept["o"].pixels, alone["o"].pixels)
