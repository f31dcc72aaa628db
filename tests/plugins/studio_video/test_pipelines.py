"""Videos from the pipelines of diffusers."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_video.nodes.generate import animate_still, make_from_text
from tests.plugins.studio_video.scenes import make_texture, read
from tests.plugins.studio_video.tiny_video_pipelines import WRITERS

STILLS = ("svd", "cogvideox_still", "ltx", "ltx_still", "wan_still")
WORDS = ("animatediff", "cogvideox", "ltx", "wan", "hunyuan")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models, by name, as they are asked for."""
    root = tmp_path_factory.mktemp("films")

    class Folders(dict[str, Path]):
        def __missing__(self, name: str) -> Path:
            self[name] = WRITERS[name](root / name)
            return self[name]

    return Folders()


def open_model(path: Path) -> TestContext:
    """Return a context that has a model under "local:it"."""
    opened = DiffusionOpener().open(path, Model("local:it"), device="cpu", dtype="float32", parts={})
    return TestContext(models={"local:it": opened})


IT = Model("local:it")


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_videos_are_made_from_words_by(name: str, folders: dict[str, Path]) -> None:
    ctx = open_model(folders[name])
    asked: dict[str, Any] = {"seconds": 0.625, "fps": 8.0, "width": 32, "height": 32, "steps": 2, "model": IT}

    film, again, other = (make_from_text(ctx, "a red cat", seed=seed, **asked) for seed in (1, 1, 2))

    assert (film.count, film.width, film.height, film.rate) == (5, 32, 32, 8)
    assert all(np.array_equal(a, b) for a, b in zip(read(film), read(again), strict=True))
    assert not np.array_equal(read(film)[0], read(other)[0])
    assert ctx.steps


@pytest.mark.slow
@pytest.mark.parametrize("name", STILLS)
def test_stills_are_set_in_motion_by(name: str, folders: dict[str, Path]) -> None:
    ctx, still = open_model(folders[name]), Image(make_texture(0, 40, 40))
    asked: dict[str, Any] = {"seconds": 0.625, "fps": 8.0, "width": 32, "height": 32, "steps": 2, "model": IT}

    film, again, other = (animate_still(ctx, still, prompt="a red cat", seed=seed, **asked) for seed in (1, 1, 2))

    assert (film.count, film.width, film.height) == (5, 32, 32)
    assert all(np.array_equal(a, b) for a, b in zip(read(film), read(again), strict=True))
    assert not np.array_equal(read(film)[-1], read(other)[-1])


def test_models_that_make_no_such_video_are_refused(folders: dict[str, Path]) -> None:
    still = Image(make_texture(0, 32, 32))
    words, stills = open_model(folders["animatediff"]), open_model(folders["svd"])
    refused = [
        lambda: animate_still(words, still, prompt="a", model=IT),
        lambda: make_from_text(stills, "a cat", model=IT),
        lambda: make_from_text(TestContext(models={"local:it": object()}), "a cat", model=IT),
        lambda: animate_still(TestContext(models={"local:it": object()}), still, model=IT),
    ]
    for call in refused:
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.code == "E718"


class Recorder:
    """A pipeline that records what it was asked for."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.transformer = None

    def __call__(
        self, prompt: str, num_frames: int, image: Any = None, last_image: Any = None, reference_images: Any = None
    ) -> Any:
        self.given = {"image": image, "last_image": last_image, "reference_images": reference_images}
        return SimpleNamespace(frames=np.zeros((1, num_frames, 32, 32, 3), np.float32))


class Adapter:
    """A LoRA that records for what it was applied."""

    def __init__(self) -> None:
        self.applied: list[Any] = []

    def apply_with(self, pipeline: Any, loras: Any) -> Any:
        self.applied.append((pipeline, [scale for _, scale in loras]))
        return nullcontext()


def test_references_and_loras_reach_the_pipeline() -> None:
    pipeline, adapter = Recorder(), Adapter()
    ctx = TestContext(models={"local:it": SimpleNamespace(pipeline=pipeline), "local:lora": adapter})
    fox = Image(np.full((8, 8, 3), 0.5, np.float32))

    make_from_text(
        ctx,
        "a fox",
        seconds=0.5,
        fps=4.0,
        model=IT,
        references=[fox, fox],
        loras=[Model("local:lora")],
        lora_scales=[0.5],
    )

    assert len(pipeline.given["reference_images"]) == 2
    assert adapter.applied == [(pipeline, [0.5])]


def test_a_last_image_reaches_the_pipeline() -> None:
    pipeline = Recorder()
    ctx = TestContext(models={"local:it": SimpleNamespace(pipeline=pipeline)})
    fox = Image(np.full((8, 8, 3), 0.5, np.float32))

    animate_still(ctx, fox, seconds=0.5, fps=4.0, model=IT, prompt="a fox", last=fox)

    assert pipeline.given["last_image"].size == (8, 8)


def test_what_a_model_does_not_take_is_refused() -> None:
    ctx = TestContext(models={"local:it": SimpleNamespace(pipeline=Recorder())})
    fox = Image(np.full((8, 8, 3), 0.5, np.float32))

    with pytest.raises(StudioError, match="2 scales for 0 LoRAs"):
        make_from_text(ctx, "a fox", model=IT, lora_scales=[1.0, 2.0])
    with pytest.raises(StudioError, match="only a network takes a last image"):
        animate_still(ctx, fox, last=fox)
