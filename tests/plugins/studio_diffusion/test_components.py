"""Parts of pipelines, loaded by class, dtype and variant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model
from tests.plugins.studio_diffusion.opening import change_index, expect, open_model

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_half_precision_files_take_the_dtype_that_is_asked_for(opener: Any, sd15: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    for path in sd15.rglob("*.safetensors"):
        save_file({name: each.half() for name, each in load_file(path).items()}, path, {"format": "pt"})

    opened = opener.open(sd15, Model(f"file:{sd15}"), device="cpu", dtype=dtype, parts={})

    assert opened.pipeline.unet.dtype == getattr(torch, dtype)
    assert opened.pipeline.vae.dtype == getattr(torch, dtype)


def test_another_autoencoder_can_be_named(opener: Any, sd15: Path, tiny_models: dict[str, Path]) -> None:
    import torch

    other = Path(shutil.copytree(tiny_models["sd15"] / "vae", sd15.parent / "other"))
    from safetensors.torch import load_file, save_file

    weights = next(other.glob("*.safetensors"))
    save_file({name: each * 0 for name, each in load_file(weights).items()}, weights, {"format": "pt"})

    opened = open_model(opener, sd15, vae=f"file:{other}")

    assert all(not torch.any(each) for each in opened.pipeline.vae.parameters())


def test_a_component_of_an_unknown_class(opener: Any, sd15: Path) -> None:
    change_index(sd15, unet=["diffusers", "UNet9D"])

    expect(opener, sd15, "E610", "UNet9D")


def test_damaged_weights_are_an_error(opener: Any, sd15: Path) -> None:
    weights = sd15 / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])

    expect(opener, sd15, "E612", "unet")


def test_weights_that_lack_a_layer_are_an_error(opener: Any, sd15: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = sd15 / "text_encoder" / "model.safetensors"
    kept = {name: each for name, each in load_file(weights).items() if "final_layer_norm" not in name}
    save_file(kept, weights, {"format": "pt"})

    expect(opener, sd15, "E612", "final_layer_norm")


def test_weights_of_another_shape_are_an_error(opener: Any, sd15: Path) -> None:
    config = json.loads((sd15 / "unet" / "config.json").read_text(encoding="utf-8"))
    (sd15 / "unet" / "config.json").write_text(json.dumps(config | {"block_out_channels": [16, 32]}), encoding="utf-8")

    expect(opener, sd15, "E612", "unet")
