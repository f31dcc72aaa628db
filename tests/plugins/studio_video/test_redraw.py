"""Videos drawn again by tiny random pipelines of the real classes; each input changes the result, or is refused."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Image, Mask, Model, ModelError, Video
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_video.nodes.generate import redraw
from tests.plugins.studio_video import tiny_new_pipelines, tiny_video_pipelines
from tests.plugins.studio_video.scenes import make_texture, read

pytestmark = pytest.mark.xdist_group("diffusers")
ASKED: dict[str, Any] = {"prompt": "a red cat", "width": 32, "height": 32, "steps": 2, "seed": 1}
IT = Model("local:it")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Opened tiny models, by name, as they are asked for."""
    root = tmp_path_factory.mktemp("redrawn")

    class Opened(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            home = tiny_new_pipelines if hasattr(tiny_new_pipelines, f"write_{name}") else tiny_video_pipelines
            path = getattr(home, f"write_{name}")(root / name)
            self[name] = DiffusionOpener().open(path, IT, device="cpu", dtype="float32", parts={})
            return self[name]

    return Opened()


def make_video(count: int = 5, rate: int = 8, *, audio: bool = False) -> Video:
    """Return a video of textures that move."""
    sound = Audio(np.linspace(0, 0.5, count * 1000, dtype=np.float32)[:, None], 1000 * rate) if audio else None
    return Video.from_images([Image(make_texture(at, 40, 40)) for at in range(count)], Fraction(rate), sound)


def draw(models: Any, name: str, video: Video | None = None, **more: Any) -> Video:
    ctx = TestContext(models={"local:it": models[name]})
    return redraw(ctx, video or make_video(), IT, **(ASKED | more))


def draw_usual(models: Any, name: str) -> Video:
    """Return what is drawn without further inputs, drawn once."""
    key = f"{name} usual"
    if key not in models:
        models[key] = draw(models, name)
    found: Video = models[key]
    return found


def measure_change(first: Video, second: Video) -> float:
    pairs = zip(read(first), read(second), strict=True)
    return float(np.mean([np.abs(a.astype(float) - b.astype(float)).mean() for a, b in pairs]))


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("wan", "cogvideox", "animatediff")]


@pytest.mark.parametrize("name", ["wan_vace", *SLOW])
def test_a_video_is_drawn_again_in_its_size_and_time(models: Any, name: str) -> None:
    made = draw_usual(models, name)

    assert (made.count, made.width, made.height, made.rate) == (5, 32, 32, 8)
    assert measure_change(made, draw(models, name, make_video())) == 0
    assert measure_change(made, draw(models, name, seed=2)) > 0
    other = Video.from_images([Image(255 - make_texture(at, 40, 40)) for at in range(5)], Fraction(8))
    assert measure_change(made, draw(models, name, other)) > 0


def test_strength_changes_the_video(models: Any) -> None:
    near, far = (draw(models, "wan", strength=strength) for strength in (0.5, 1.0))

    assert measure_change(near, far) > 0


@pytest.mark.parametrize(
    "change",
    [
        {"masks": [Mask(np.zeros((8, 8), np.float32))]},
        {"masks": [Mask(np.full((8, 8), at / 4, np.float32)) for at in range(5)]},
        {"references": [Image(make_texture(9, 32, 32))]},
        {"control_scale": 0.0},
        {"guidance_scale": 1.0},
        {"negative_prompt": "a blue dog"},
        {"shift": 2.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_input_changes_the_video(models: Any, change: dict[str, Any]) -> None:
    assert measure_change(draw_usual(models, "wan_vace"), draw(models, "wan_vace", **change)) > 0


def test_a_part_at_another_rate_keeps_its_audio(models: Any) -> None:
    made = draw(models, "wan", make_video(9, audio=True), seconds=0.5, fps=4.0)

    assert (made.count, made.rate) == (2, 4)
    assert made.audio is not None
    assert made.audio.frames == 4000


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("wan", {"masks": [Mask(np.ones((8, 8), np.float32))]}, "does not take masks"),
        ("wan", {"control_scale": 1.0}, "does not take control_scale"),
        ("wan", {"references": [Image(make_texture(0, 8, 8))]}, "does not take images to refer to"),
        ("wan", {"steps": 1}, "no step is left of 1 at a strength of 0.8"),
        ("wan", {"steps": 2, "strength": 0.4}, "no step is left of 2 at a strength of 0.4"),
        ("wan_vace", {"strength": 0.5}, "does not take strength"),
        ("wan_vace", {"masks": [Mask(np.ones((8, 8), np.float32))] * 3}, "3 masks for 5 frames"),
        ("wan22", {}, "WanPipeline does not draw a video again"),
        ("wan22_small", {}, "WanPipeline does not draw a video again"),
        ("wan_still", {}, "WanImageToVideoPipeline does not draw a video again"),
    ],
)
def test_what_a_model_has_no_place_for_is_refused(models: Any, name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=f"E718.*{message}"):
        draw(models, name, **change)


def test_what_is_no_pipeline_is_refused() -> None:
    for opened in (object(), SimpleNamespace(pipeline=None)):
        with pytest.raises(ModelError, match=r"E718.*does not draw a video again"):
            redraw(TestContext(models={"local:it": opened}), make_video(), IT, **ASKED)


def test_loras_are_applied_while_the_video_is_drawn(models: Any) -> None:
    applied: list[Any] = []

    class Adapter:
        def apply_with(self, pipeline: Any, loras: Any) -> Any:
            from contextlib import nullcontext

            applied.append((type(pipeline).__name__, [scale for _, scale in loras]))
            return nullcontext()

    ctx = TestContext(models={"local:it": models["wan"], "local:lora": Adapter()})

    redraw(ctx, make_video(), IT, **ASKED, loras=[Model("local:lora")], lora_scales=[0.5])

    assert applied == [("WanVideoToVideoPipeline", [0.5])]
