"""Videos of the models of 2026: sound, first and last image, siblings that share modules, noise levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, ModelError
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_video import pipelines
from studio_video.nodes.generate import animate_still, make_from_text
from tests.plugins.studio_video import tiny_new_pipelines
from tests.plugins.studio_video.scenes import make_texture, read

pytestmark = pytest.mark.xdist_group("diffusers")
ASKED: dict[str, Any] = {"seconds": 0.625, "fps": 8.0, "width": 32, "height": 32, "steps": 2, "seed": 1}
IT = Model("local:it")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Opened tiny models, by name, as they are asked for."""
    root = tmp_path_factory.mktemp("videos")

    class Opened(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            path = getattr(tiny_new_pipelines, f"write_{name}")(root / name)
            self[name] = DiffusionOpener().open(path, IT, device="cpu", dtype="float32", parts={})
            return self[name]

    return Opened()


def context(models: Any, name: str) -> TestContext:
    return TestContext(models={"local:it": models[name]})


def make_usual(models: Any, name: str) -> Any:
    """Return the video that a model makes of what is asked for, made once."""
    key = f"{name} usual"
    if key not in models:
        models[key] = make_from_text(context(models, name), "a cat", model=IT, **ASKED)
    return models[key]


def still(seed: int = 0) -> Image:
    return Image(make_texture(seed, 40, 40))


def differ(first: Any, second: Any) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(read(first), read(second), strict=True))


@pytest.mark.parametrize("name", ["ltx2", "wan22", "wan22_small"])
def test_a_model_makes_a_video_from_words(models: Any, name: str) -> None:
    ctx = context(models, name)
    made = [make_from_text(ctx, words, model=IT, **ASKED) for words in ("a red cat", "a dog")]

    assert (made[0].count, made[0].width, made[0].height) == (5, 32, 32)
    assert differ(*made)


@pytest.mark.parametrize("name", ["ltx2", "wan22_small", "wan22_still"])
def test_a_still_begins_the_video(models: Any, name: str) -> None:
    ctx = context(models, name)
    made = [animate_still(ctx, image, prompt="a cat", model=IT, **ASKED) for image in (still(0), still(7))]

    assert made[0].count == 5
    assert differ(*made)


@pytest.mark.parametrize("name", ["ltx2", "wan22_still"])
def test_a_last_image_ends_the_video(models: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, find = context(models, name), pipelines.find_frames
    ends = [None, *(Image(np.random.default_rng(seed).random((40, 40, 3), np.float32)) for seed in (1, 2))]
    seen: list[Any] = []

    def watch(made: Any) -> Any:  # before frames are rounded to 8 bits, as tiny models change little
        seen.append(find(made))
        return seen[-1]

    monkeypatch.setattr(pipelines, "find_frames", watch)
    for last in ends:
        animate_still(ctx, still(0), prompt="a cat", model=IT, last=last, **ASKED)

    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_a_video_has_the_sound_that_the_model_made(models: Any) -> None:
    made = make_from_text(context(models, "ltx2"), "rain", model=IT, **ASKED)

    assert made.audio is not None
    assert (made.audio.rate, made.audio.channels) == (16000, 2)
    assert np.abs(made.audio.samples).max() > 0


@pytest.mark.parametrize("name", ["wan22", "ltx2"])
@pytest.mark.parametrize(
    "change",
    [{"shift": 2.0}, {"schedule": "karras"}, {"sampler": "dpmpp_sde"}, {"steps": 3}, {"seed": 9}],
    ids=lambda change: next(iter(change)),
)
def test_an_input_changes_the_video(models: Any, name: str, change: dict[str, Any]) -> None:
    made = make_from_text(context(models, name), "a cat", model=IT, **(ASKED | change))

    assert differ(make_usual(models, name), made)


def test_a_model_that_cannot_is_refused(models: Any) -> None:
    with pytest.raises(ModelError, match=r"E718.*does not start from a still"):
        animate_still(context(models, "wan22"), still(), prompt="a cat", model=IT, **ASKED)
    with pytest.raises(ModelError, match=r"E718.*does not take an image to end with"):
        animate_still(context(models, "wan22"), still(), prompt="a cat", model=IT, last=still(3), **ASKED)
    with pytest.raises(ModelError, match=r"E718.*starts from a still"):
        make_from_text(context(models, "wan22_still"), "a cat", model=IT, **ASKED)


@pytest.mark.parametrize("into", [None, "transformer", "transformer_2"])
def test_a_lora_goes_into_both_denoisers_or_the_one_that_is_named(
    models: Any, tmp_path: Path, into: str | None
) -> None:
    import torch
    from safetensors.torch import save_file

    generator, layer = torch.Generator().manual_seed(0), "transformer.blocks.0.attn1.to_q"
    save_file(
        {
            f"{layer}.lora_A.weight": 9 * torch.randn(2, 24, generator=generator),
            f"{layer}.lora_B.weight": 9 * torch.randn(24, 2, generator=generator),
        },
        tmp_path / "lora.safetensors",
    )
    reference = Model(f"file:{tmp_path / 'lora.safetensors'}", (("into", into),) if into else ())
    lora = DiffusionOpener().open(tmp_path / "lora.safetensors", reference, device="cpu", dtype="float32", parts={})
    ctx = TestContext(models={"local:it": models["wan22"], reference.reference: lora})
    pipeline: Any = models["wan22"].pipeline
    changed: list[str] = []
    with models["wan22"].with_loras(pipeline, [(lora, 1.0)]):
        for name in ("transformer", "transformer_2"):
            layers = getattr(pipeline, name).modules()
            changed += [name] if any(len(getattr(module, "lora_A", ())) for module in layers) else []

    make_from_text(ctx, "a cat", model=IT, loras=[reference], **ASKED)
    assert changed == ([into] if into else ["transformer", "transformer_2"])
