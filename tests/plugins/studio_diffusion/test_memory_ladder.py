"""Drawing when memory runs out: each measure in its order, through whole runs, with the error injected."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import get_error

from studio.api import Model
from studio.app import RunResult, Studio
from studio.settings import Settings
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture
def studio(mini: Path, tiny: Callable[..., Path], tmp_path: Path) -> Any:
    """A Studio with two models of one architecture that share an autoencoder, and one with a UNet."""
    other = shutil.copytree(mini, tmp_path / "other")
    (other / "transformer" / "config.json").write_text(
        (other / "transformer" / "config.json").read_text(encoding="utf-8").replace("{", '{"_note": 1, ', 1),
        encoding="utf-8",
    )
    plugin = MiniPlugin({"mini": mini, "other": other, "unet": tiny("sd15")})
    settings = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache")
    with Studio(settings, plugins=[("studio-diffusion", plugin)], discover=False) as made:
        yield made


class Scarce:
    """Lets the networks of a class run out of memory unless a condition holds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> None:
        self.fits: Callable[[Any, int], bool] = lambda network, rows: True
        self.rows: list[int] = []
        work = getattr(kind, method)

        def run(network: Any, *args: Any, **options: Any) -> Any:
            rows = len(args[0] if args else options["hidden_states"])
            self.rows.append(rows)
            if not self.fits(network, rows):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB.")
            return work(network, *args, **options)

        monkeypatch.setattr(kind, method, run)


@pytest.fixture
def denoiser(monkeypatch: pytest.MonkeyPatch) -> Scarce:
    """The denoiser of the small models, short of memory; each image is two rows."""
    from diffusers import SD3Transformer2DModel

    return Scarce(monkeypatch, SD3Transformer2DModel, "forward")


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Scarce:
    """The autoencoders' decoder, short of memory."""
    from diffusers import AutoencoderKL

    return Scarce(monkeypatch, AutoencoderKL, "decode")


def draw(studio: Studio, count: int = 1, **inputs: Any) -> RunResult:
    """Run a graph with one node that draws."""
    given = {"prompt": "red apple", "steps": 1, "count": count, **inputs}
    nodes = {"draw": {"type": "diffusion.text_to_image", "inputs": given}}
    return studio.run({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "draw.images"}}}, cache="off")


def warn(result: RunResult) -> list[str]:
    """Return what the manifest says of the node."""
    return list(result.manifest["nodes"]["draw"]["warnings"])


def test_idle_models_are_evicted_before_the_stack_gets_smaller(studio: Studio, denoiser: Scarce) -> None:
    draw(studio, model="builtin:other")
    idle = [row.reference for row in studio.models.residents()]
    denoiser.rows.clear()
    denoiser.fits = lambda network, rows: (
        "builtin:other" not in [row.reference for row in studio.models.residents() if not row.part]
    )

    result = draw(studio, count=4)

    assert "builtin:other" in idle
    assert denoiser.rows == [8, 8]
    assert [line.partition(" with ")[0] for line in warn(result)] == ["out of memory: evicted builtin:other"]


def test_a_smaller_stack_comes_next_and_is_remembered_for_all_later_stacks(studio: Studio, denoiser: Scarce) -> None:
    denoiser.fits = lambda network, rows: rows <= 4

    result = draw(studio, count=12)

    assert len(result["o"]) == 12
    assert denoiser.rows == [16, 8, 4, 4, 4, 4, 4, 4]
    assert warn(result) == [
        "out of memory: builtin:mini now runs with 4 images at once, and ran again",
        "out of memory: builtin:mini now runs with 2 images at once, and ran again",
    ]


def test_another_node_of_the_run_begins_with_the_smaller_stack(studio: Studio, denoiser: Scarce) -> None:
    denoiser.fits = lambda network, rows: rows <= 4
    inputs = {"prompt": "red apple", "steps": 1, "count": 4}
    nodes = {"first": {"type": "diffusion.text_to_image", "inputs": inputs}}
    nodes["draw"] = {"type": "diffusion.variations", "inputs": {"image": {"from": "first"}, "steps": 2, "count": 4}}

    result = studio.run({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "draw.images"}}}, cache="off")

    assert len(result["o"]) == 4
    assert denoiser.rows[:3] == [8, 4, 4]
    assert all(rows <= 4 for rows in denoiser.rows[1:])
    assert warn(result) == []


def test_a_stack_of_prompts_is_halved_by_the_executor(studio: Studio, denoiser: Scarce) -> None:
    denoiser.fits = lambda network, rows: rows <= 4
    inputs = {"prompt": ["red apple", "sun", "house", "leaf", "heart", "cherry"], "steps": 1}
    nodes = {"draw": {"type": "diffusion.text_to_image", "inputs": inputs}}

    result = studio.run({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "draw"}}}, cache="off")

    assert len(result["o"]) == 6
    assert max(denoiser.rows) == 12
    assert denoiser.rows.count(12) == 1
    assert not any("at once" in line for line in warn(result))


def test_attention_slicing_comes_after_the_smallest_stack(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import SlicedAttnProcessor

    def is_sliced(network: Any) -> bool:
        return any(isinstance(each, SlicedAttnProcessor) for each in network.attn_processors.values())

    denoiser = Scarce(monkeypatch, UNet2DConditionModel, "forward")
    denoiser.fits = lambda network, rows: is_sliced(network)

    result = draw(studio, count=2, model="builtin:unet")

    assert [line.split(" now runs with ")[1] for line in warn(result)] == [
        "one image at once, and ran again",
        "attention slicing, and ran again",
    ]
    with studio.models.open(Model("builtin:unet"), studio.device) as opened:
        assert not is_sliced(opened.pipeline.unet)  # undone when the run was over


def test_tiles_come_last_on_a_cpu_and_are_gone_after_the_run(studio: Studio, decoder: Scarce) -> None:
    decoder.fits = lambda vae, rows: bool(vae.use_tiling)

    result = draw(studio)

    assert len(result["o"]) == 1
    assert [line.split(" now runs with ")[1] for line in warn(result)] == [
        "VAE slicing, and ran again",
        "VAE tiling, and ran again",
    ]
    with studio.models.open(Model("builtin:mini"), studio.device) as opened:
        assert not opened.find_vae().use_tiling
        assert not opened.find_vae().use_slicing
        assert opened.measures.stack == 8


def test_when_no_measure_is_left_the_error_says_what_was_resident_and_what_was_missing(
    studio: Studio, denoiser: Scarce
) -> None:
    denoiser.fits = lambda network, rows: False

    result = draw(studio, count=2)

    error = get_error(result)
    assert error.code == "E304"
    assert "2.50 GiB more were requested; in memory: builtin:mini with" in error.message
    assert "builtin:mini (vae) with" in error.message
    assert denoiser.rows == [4, 2, 2, 2]  # both, one, with slices, with tiles


def test_what_was_done_is_kept_with_the_result(studio: Studio, decoder: Scarce) -> None:
    decoder.fits = lambda vae, rows: bool(vae.use_tiling)
    nodes = {"draw": {"type": "diffusion.text_to_image", "inputs": {"prompt": "sun", "steps": 1}}}
    graph = {"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "draw"}}}

    first, second = studio.run(graph), studio.run(graph)

    assert second.manifest["cache"] == {"hits": 1, "calls": 1}
    assert warn(second) == warn(first)
    assert any("VAE tiling" in line for line in warn(second))
