"""An opened pipeline: its tasks, defaults, latent space and bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def test_bytes_are_counted_once(opener: Any, sd15: Path) -> None:
    opened = open_model(opener, sd15)
    weights = sum(path.stat().st_size for path in sd15.rglob("*.safetensors"))

    assert opener.measure(opened) == pytest.approx(weights, rel=0.1)
    assert opener.measure(opened) == opened.measure()


def test_defaults_come_from_the_file_beside_the_model(opener: Any, sd15: Path) -> None:
    (sd15 / "studio.json").write_text('{"steps": 14, "width": 96, "height": 64, "words": ["apple"]}', encoding="utf-8")

    opened = open_model(opener, sd15)

    assert opened.native_size == (96, 64)
    assert opened.defaults["steps"] == 14
    assert opened.defaults["words"] == ["apple"]
    assert opened.defaults["guidance_scale"] == 7.5


def test_views_share_modules_and_are_made_once(opener: Any, tiny_models: dict[str, Path]) -> None:
    opened = open_model(opener, tiny_models["sd15"])

    view = opened.for_task("image_to_image")

    assert view is opened.for_task("image_to_image")
    assert view.unet is opened.pipeline.unet
    assert type(view).__name__ == "StableDiffusionImg2ImgPipeline"


def test_a_task_that_a_model_cannot_do_lists_those_that_it_can(opener: Any, tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    opened = open_model(opener, WRITERS["pixart_alpha"](tmp_path / "model"))

    with pytest.raises(ModelError, match="E616") as caught:
        opened.for_task("inpaint")

    assert "text_to_image" in caught.value.hint


def test_equal_autoencoders_have_one_latent_space(opener: Any, tiny_models: dict[str, Path]) -> None:
    one, two, other = (open_model(opener, tiny_models[name]).latent_space for name in ("sd15", "sd2", "sd3"))

    assert one == two
    assert one != other
