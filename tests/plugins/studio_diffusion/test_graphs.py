"""The ready graphs of diffusion run, here with tiny models in place of those that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import studio_diffusion
import studio_image
import studio_logic
import studio_upscale
from studio.app import Studio
from studio.graph import load_graph
from studio.settings import Settings
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")

GRAPHS = Path(__file__).parents[3] / "graphs"
NAMES = ["text_to_image", "sketch_to_image", "inpaint", "variations_sheet", "two_pass"]


@pytest.fixture
def studio(mini: Path, mini_sketch: Path, tmp_path: Path) -> Any:
    shipped = dict(studio_diffusion.studio_models())
    plugins = [
        ("studio-diffusion", MiniPlugin(shipped | {"mini": mini, "mini-sketch": mini_sketch})),
        ("studio-image", studio_image),
        ("studio-logic", studio_logic),
        ("studio-upscale", studio_upscale),
    ]
    settings = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache")
    with Studio(settings, plugins=plugins, discover=False) as studio:
        yield studio


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_graph_runs(name: str, studio: Studio, tmp_path: Path) -> None:
    result = studio.run(load_graph(GRAPHS / f"{name}.json"), output=tmp_path)

    assert not result.errors
    assert {file.name for file in tmp_path.glob("*.png")} in (
        {"picture.png", "sheet.png"},
        {"picture.png"},
        {"sheet.png"},
    )


def test_a_sheet_of_seeds_is_drawn_in_stacks(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_diffusion import generate

    draw, stacks = generate.draw, []

    def count(ctx: Any, opened: Any, request: Any, **options: Any) -> Any:
        stacks.append(len(request.seeds))
        return draw(ctx, opened, request, **options)

    monkeypatch.setattr(generate, "draw", count)
    result = studio.run(load_graph(GRAPHS / "variations_sheet.json"), {"count": 8}, output=tmp_path)

    assert not result.errors
    assert sum(stacks) == 8
    assert len(stacks) < 8
