"""Plans: what goes where for a device that is pretended, and models that are opened by them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.api import MemoryBudget, MemoryPlan
from studio.app import RunResult, Studio
from studio.settings import Settings
from studio_diffusion.memory_planning import plan_parts
from studio_diffusion.quantization import has_nf4
from studio_diffusion.weight_sizes import Numbers, WeightPart
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")

GIB = 2**30


def make_parts() -> list[WeightPart]:
    """Return a model like Flux in bfloat16: an encoder of 9 GiB, a denoiser of 22 in 11 blocks, a decoder of 1."""
    blocks = {f"blocks.{index}": Numbers(linear=GIB) for index in range(11)}
    return [
        WeightPart("text_encoder", {f"layer.{index}": Numbers(linear=GIB // 2) for index in range(9)}),
        WeightPart("transformer", blocks),
        WeightPart("vae", {"": Numbers(kernel=GIB // 2)}),
    ]


def plan(device_gib: float, memory_gib: float = 64, **options: Any) -> MemoryPlan:
    """Plan for a GPU."""
    budget = MemoryBudget(int(device_gib * GIB), int(memory_gib * GIB))
    return plan_parts(make_parts(), options, budget, device="cuda:0", dtype="bfloat16")


@pytest.mark.parametrize(
    ("device_gib", "options", "at_once"),
    [
        (33, {}, 32),
        (24, {"offload": "model"}, 22),
        (20, {"offload": "group"}, 3),
    ],
)
def test_networks_move_as_little_as_they_must(device_gib: float, options: dict[str, str], at_once: float) -> None:
    made = plan(device_gib)

    assert (dict(made.options), made.fits) == (options, True)
    assert made.device_bytes == at_once * GIB
    assert made.memory_bytes == (32 * GIB if options else 0)


def test_a_plan_never_rounds_weights_unless_it_is_asked() -> None:
    asked = plan(20, quantization="auto")

    assert "quantization" not in plan(20).options
    assert dict(asked.options) == {"quantization": "int8", "offload": "model"}
    assert {part.name: part.precision for part in asked.parts} == {
        "text_encoder": "bfloat16",
        "transformer": "int8",
        "vae": "bfloat16",
    }
    assert "results differ" in asked.cost


def test_what_is_asked_for_stays() -> None:
    assert dict(plan(40, quantization="int8").options) == {}
    assert dict(plan(40, offload="sequential").options) == {}
    assert plan(40, offload="sequential").device_bytes < 4 * GIB
    assert not plan(20, offload="none").fits


def test_a_model_that_fits_in_no_way_says_so_and_what_would_do() -> None:
    made = plan(20, memory_gib=25)

    assert not made.fits
    assert any('"int8": fits' in line for line in made.others)


def test_auto_takes_four_bits_only_where_their_package_is() -> None:
    made = plan(9.5, quantization="auto")

    expected = {"quantization": "nf4", "offload": "model"} if has_nf4() else {"offload": "group", "quantization": ""}
    assert dict(made.options) == expected


def test_the_cost_of_moving_is_named() -> None:
    assert "Each image moves 32.0 GiB" in plan(24).cost
    assert "Each step moves 22.0 GiB: 1.2 s at 20 GB/s" in plan(20).cost


# -- opened by a plan --------------------------------------------------------------------------------


@pytest.fixture
def create(mini: Path, tmp_path: Path) -> Callable[..., Studio]:
    """Make a Studio with a tiny model and so much memory for models."""

    def make(**settings: Any) -> Studio:
        plugin = MiniPlugin({"mini": mini})
        made = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache", **settings)
        return Studio(made, plugins=[("studio-diffusion", plugin)], discover=False)

    return make


def draw(studio: Studio, **options: Any) -> RunResult:
    """Draw with load options."""
    model = {"model": "builtin:mini", "options": options} if options else "builtin:mini"
    given = {"model": model, "prompt": "red apple", "steps": 1}
    nodes = {"draw": {"type": "diffusion.text_to_image", "inputs": given}}
    return studio.run({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "draw.images"}}})


def test_a_model_larger_than_the_memory_is_opened_by_its_plan(create: Callable[..., Studio], mini: Path) -> None:
    size = sum(path.stat().st_size for path in mini.rglob("*.safetensors"))
    with create(ram_bytes=int(size * 0.9)) as studio:
        result = draw(studio, quantization="auto")
        stated = draw(studio, quantization="int8")

    manifest = result.manifest
    assert manifest["models"]["planned"] == {"builtin:mini": {"quantization": "int8"}}
    assert any("quantization int8, to fit into memory" in line for line in manifest["nodes"]["draw"]["warnings"])
    assert manifest["nodes"]["draw"]["fingerprints"] == stated.manifest["nodes"]["draw"]["fingerprints"]


def test_a_model_that_fits_is_opened_whole(create: Callable[..., Studio]) -> None:
    with create(ram_bytes=2**30) as studio:
        result, plain = draw(studio, quantization="auto"), draw(studio)

    assert result.manifest["models"]["planned"] == {}
    assert result.manifest["nodes"]["draw"]["fingerprints"] == plain.manifest["nodes"]["draw"]["fingerprints"]
