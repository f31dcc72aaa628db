"""Weights in 8 bits with scales: read as the numbers that they stand for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.api import ModelError
from studio_diffusion.scaled_weights import read_tensors, unscale
from tests.plugins.studio_diffusion.opening import expect, open_model

pytestmark = pytest.mark.xdist_group("diffusers")
LAYOUTS = ("plain", "prefixed", "fp8", "scale_weight", "weight_scale", "int8 rows")


def pack(tensors: dict[str, torch.Tensor], layout: str) -> dict[str, torch.Tensor]:
    """Bring the matrices of a network to a layout."""
    if layout == "prefixed":
        return {f"model.diffusion_model.{name}": tensor for name, tensor in tensors.items()}
    made = dict(tensors)
    for name, tensor in tensors.items():
        if layout == "plain" or tensor.ndim != 2 or "transformer_blocks" not in name:
            continue
        scale = tensor.abs().max() / 448
        if layout == "fp8":
            made[name] = tensor.to(torch.float8_e4m3fn)
        elif layout == "scale_weight":
            made[name] = (tensor / scale).to(torch.float8_e4m3fn)
            made[name.replace(".weight", ".scale_weight")] = scale.reshape(1)
            made[name.replace(".weight", ".scale_input")] = torch.ones(1)
        elif layout == "weight_scale":
            made[name] = (tensor / scale).to(torch.float8_e4m3fn)
            made[name.replace(".weight", ".weight_scale")] = scale
            made[name.replace(".weight", ".comfy_quant")] = about("float8_e4m3fn")
        else:
            rows = tensor.abs().amax(1, keepdim=True) / 127
            made[name] = (tensor / rows).round().to(torch.int8)
            made[name.replace(".weight", ".weight_scale")] = rows.flatten()
            made[name.replace(".weight", ".comfy_quant")] = about("int8_tensorwise")
    if layout == "scale_weight":
        made["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    return made


def about(kind: str) -> torch.Tensor:
    return torch.tensor(list(json.dumps({"format": kind}).encode()), dtype=torch.uint8)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_denoiser_has_the_numbers_that_its_file_stands_for(
    opener: Any, tiny: Callable[..., Path], tmp_path: Path, layout: str
) -> None:
    folder = tiny("sd3")
    tensors = load_file(folder / "transformer" / "diffusion_pytorch_model.safetensors")
    save_file(pack(tensors, layout), tmp_path / "denoiser.safetensors")

    opened = open_model(opener, tmp_path / "denoiser.safetensors", base=f"file:{folder}")

    for name, found in opened.pipeline.transformer.state_dict().items():
        largest = float(tensors[name].abs().max())
        assert (
            float((found - tensors[name]).abs().max()) <= (0.07 if "8" in layout or "scale" in layout else 0) * largest
        )


def test_rows_have_scales_of_their_own() -> None:
    tensors = {"a.weight": torch.tensor([[1, 2], [3, 4]], dtype=torch.int8), "a.weight_scale": torch.tensor([0.5, 2.0])}

    assert unscale(tensors, "x")["a.weight"].tolist() == [[0.5, 1.0], [6.0, 8.0]]


def test_a_scale_of_no_weight_is_an_error(tmp_path: Path) -> None:
    save_file({"a.scale_weight": torch.ones(1)}, tmp_path / "x.safetensors")

    with pytest.raises(ModelError, match=r"E612.*a\.scale_weight"):
        read_tensors(tmp_path / "x.safetensors")


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    save_file({"a.weight": torch.ones(2, 2), "a.comfy_quant": about("nvfp4")}, tmp_path / "x.safetensors")

    with pytest.raises(ModelError, match=r"E612.*nvfp4"):
        read_tensors(tmp_path / "x.safetensors")


def test_a_denoiser_that_lacks_tensors_names_them(opener: Any, tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = tiny("sd3")
    tensors = load_file(folder / "transformer" / "diffusion_pytorch_model.safetensors")
    del tensors["transformer_blocks.0.attn.to_q.weight"]
    save_file(tensors, tmp_path / "part.safetensors")

    expect(
        opener, tmp_path / "part.safetensors", "E612", "incomplete", "transformer_blocks.0.attn.to_q.weight",
        base=f"file:{folder}",
    )  # fmt: skip
