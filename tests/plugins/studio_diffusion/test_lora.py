"""LoRAs: they change what is drawn while they are in, and nothing afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, ModelError
from studio.testing import TestContext

pytestmark = pytest.mark.xdist_group("diffusers")


def write_lora(path: Path, shapes: dict[str, tuple[int, int]], *, rank: int = 2, scale: float = 0.5) -> Path:
    """Write a LoRA for layers of (inputs, outputs)."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(3)
    tensors = {}
    for layer, (inputs, outputs) in shapes.items():
        tensors[f"{layer}.lora_A.weight"] = torch.randn(rank, inputs, generator=generator) * scale
        tensors[f"{layer}.lora_B.weight"] = torch.randn(outputs, rank, generator=generator) * scale
    save_file(tensors, path)
    return path


SD15 = {"unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q": (16, 16)}
SD3 = {"transformer.transformer_blocks.0.attn.to_q": (32, 32)}


@pytest.fixture(scope="module")
def opener() -> Any:
    """The opener."""
    from studio_diffusion.opener import DiffusionOpener

    return DiffusionOpener()


@pytest.fixture(scope="module")
def models(opener: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two opened models."""
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    folder = tmp_path_factory.mktemp("lora")
    paths = {name: WRITERS[name](folder / name) for name in ("sd15", "sd3")}
    return {
        name: opener.open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
        for name, path in paths.items()
    }


def open_lora(opener: Any, path: Path) -> Any:
    """Open a LoRA as a model of its own."""
    model = Model(f"file:{path}")
    assert opener.can_open(path, model)
    return opener.open(path, model, device="cpu", dtype="float32", parts={})


def draw(model: Any) -> Any:
    """Draw an image."""
    import torch

    from studio.api.quiet import hush

    pipeline = model.for_task("text_to_image")
    model.set_scheduler(pipeline, model.make_scheduler())
    given, _ = model.arguments(
        "text_to_image", prompt="a cat", steps=2, width=64, height=64, output_type="np",
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    with hush("diffusers", "transformers"):
        return pipeline(**given).images[0]


@pytest.mark.parametrize(("name", "layers"), [("sd15", SD15), ("sd3", SD3)])
def test_a_lora_changes_the_image_and_leaves_the_model_as_it_was(
    opener: Any, models: dict[str, Any], tmp_path: Path, name: str, layers: dict[str, tuple[int, int]]
) -> None:
    from studio_diffusion.lora import apply_loras

    model, lora = models[name], open_lora(opener, write_lora(tmp_path / "style.safetensors", layers))
    before, names = (
        draw(model),
        [key for key, _ in model.pipeline.components[next(iter(layers)).split(".")[0]].named_modules()],
    )

    with apply_loras(model.for_task("text_to_image"), [(lora, 1.0)]):
        changed = draw(model)

    assert not np.allclose(before, changed, atol=1e-4)
    assert np.array_equal(before, draw(model))
    assert names == [key for key, _ in model.pipeline.components[next(iter(layers)).split(".")[0]].named_modules()]


def test_the_weight_of_a_lora_counts(opener: Any, models: dict[str, Any], tmp_path: Path) -> None:
    from studio_diffusion.lora import apply_loras

    model, lora = models["sd15"], open_lora(opener, write_lora(tmp_path / "style.safetensors", SD15))
    pipeline = model.for_task("text_to_image")
    plain = draw(model)
    distances = []
    for weight in (0.0, 0.5, 1.0):
        with apply_loras(pipeline, [(lora, weight)]):
            distances.append(float(np.abs(draw(model) - plain).mean()))

    assert distances[0] == 0.0
    assert 0.0 < distances[1] < distances[2]


def test_two_loras_add_up(opener: Any, models: dict[str, Any], tmp_path: Path) -> None:
    from studio_diffusion.lora import apply_loras

    model, lora = models["sd15"], open_lora(opener, write_lora(tmp_path / "style.safetensors", SD15))
    pipeline = model.for_task("text_to_image")
    with apply_loras(pipeline, [(lora, 1.0)]):
        once = draw(model)
    with apply_loras(pipeline, [(lora, 0.5), (lora, 0.5)]):
        twice = draw(model)

    assert np.allclose(once, twice, atol=1e-4)


def test_a_lora_is_taken_out_even_if_drawing_fails(opener: Any, models: dict[str, Any], tmp_path: Path) -> None:
    from studio_diffusion.lora import apply_loras

    model, lora = models["sd15"], open_lora(opener, write_lora(tmp_path / "style.safetensors", SD15))
    before = draw(model)

    with pytest.raises(RuntimeError, match="stop"), apply_loras(model.for_task("text_to_image"), [(lora, 1.0)]):
        raise RuntimeError("stop")

    assert np.array_equal(before, draw(model))


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(
            {"unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q": (320, 320)}, id="wrong shapes"
        ),
        pytest.param({"unet.nowhere.to_q": (16, 16)}, id="no layer of that name"),
        pytest.param({"transformer.transformer_blocks.0.attn.to_q": (32, 32)}, id="another architecture"),
    ],
)
def test_a_lora_for_another_model_is_an_error_and_changes_nothing(
    opener: Any, models: dict[str, Any], tmp_path: Path, layers: dict[str, tuple[int, int]]
) -> None:
    from studio_diffusion.lora import apply_loras

    model, lora = models["sd15"], open_lora(opener, write_lora(tmp_path / "other.safetensors", layers))
    before = draw(model)

    with pytest.raises(ModelError, match="E618") as caught, apply_loras(model.for_task("text_to_image"), [(lora, 1.0)]):
        pass

    assert "'other.safetensors'" in caught.value.message
    assert np.array_equal(before, draw(model))


def read_tensors(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(path)


def save_tensors(tensors: dict[str, Any], path: Path) -> Path:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return path


def draw_with(opener: Any, model: Any, path: Path) -> Any:
    from studio_diffusion.lora import apply_loras

    with apply_loras(model.for_task("text_to_image"), [(open_lora(opener, path), 1.0)]):
        return draw(model)


def test_a_dora_draws_another_image_than_its_lora(opener: Any, models: dict[str, Any], tmp_path: Path) -> None:
    import torch

    path = write_lora(tmp_path / "style.safetensors", SD15)
    layer = next(iter(SD15))
    dora = save_tensors(
        read_tensors(path) | {f"{layer}.dora_scale": torch.full((16,), 3.0)}, tmp_path / "dora.safetensors"
    )

    plain, scaled = draw_with(opener, models["sd15"], path), draw_with(opener, models["sd15"], dora)

    assert np.abs(plain - scaled).max() > 1e-3


def test_peft_writes_other_names_for_the_same_lora(opener: Any, models: dict[str, Any], tmp_path: Path) -> None:
    path = write_lora(tmp_path / "style.safetensors", SD15)
    named = {f"base_model.model.{name.removeprefix('unet.')}": each for name, each in read_tensors(path).items()}

    made = draw_with(opener, models["sd15"], save_tensors(named, tmp_path / "peft.safetensors"))

    assert np.array_equal(made, draw_with(opener, models["sd15"], path))


def test_a_lora_of_which_one_layer_fits_is_an_error(opener: Any, models: dict[str, Any], tmp_path: Path) -> None:
    path = write_lora(tmp_path / "half.safetensors", SD15 | {"unet.nowhere.attn1.to_q": (16, 16)})

    with pytest.raises(ModelError, match=r"E618.*1 of its 2 layers"):
        draw_with(opener, models["sd15"], path)


def test_a_kind_that_is_no_lora_is_named(opener: Any, tmp_path: Path) -> None:
    import torch

    tensors = {
        f"lora_unet_x.{name}": torch.zeros(2, 2) for name in ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
    }

    with pytest.raises(ModelError, match=r"E618.*LoHa"):
        open_lora(opener, save_tensors(tensors, tmp_path / "loha.safetensors"))


def test_a_pipeline_that_takes_no_loras_says_so(opener: Any, tmp_path: Path) -> None:
    from studio_diffusion.lora import apply_loras
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    path = WRITERS["ddpm"](tmp_path / "model")
    model = opener.open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
    lora = open_lora(opener, write_lora(tmp_path / "style.safetensors", SD15))

    with pytest.raises(ModelError, match="E618"), apply_loras(model.pipeline, [(lora, 1.0)]):
        pass


def test_a_lora_knows_its_bytes(opener: Any, tmp_path: Path) -> None:
    lora = open_lora(opener, write_lora(tmp_path / "style.safetensors", SD15))

    assert opener.measure(lora) == 2 * (2 * 16) * 4


def test_sketches_outpainting_and_variations_take_loras(ctx: TestContext, tmp_path: Path) -> None:
    from studio_diffusion.nodes.images import sketch_to_image
    from studio_diffusion.nodes.inpaints import outpaint
    from studio_diffusion.nodes.redraws import draw_variations

    lora = Model(f"file:{write_lora(tmp_path / 'lora.safetensors', SD3, scale=2.0)}")
    image = Image(np.full((32, 32, 3), 200, np.uint8))
    calls: list[Callable[..., Any]] = [
        lambda **given: sketch_to_image(ctx, image, "sun", steps=1, **given),
        lambda **given: outpaint(ctx, image, "sun", left=16, steps=2, **given),
        lambda **given: draw_variations(ctx, image, steps=2, count=1, **given),
    ]

    for call in calls:
        plain, changed = call().image, call(loras=[lora], lora_scales=[4.0]).image
        assert changed != plain
        assert call().image == plain
