"""Single files of weights, told apart by the names of their tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_diffusion.single_file import find_kind, read_keys


def write_header(path: Path, header: Any) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["unet.down.0.lora_A.weight"], "lora"),
        (["lora_unet_down_blocks_0.alpha"], "lora"),
        (["double_blocks.0.lora_down.weight", "double_blocks.0.weight"], "lora"),
        (["model.diffusion_model.out.weight", "first_stage_model.x", "cond_stage_model.y"], "pipeline"),
        (["model.diffusion_model.out.weight", "vae.x", "conditioner.y"], "pipeline"),
        (["model.diffusion_model.out.weight", "first_stage_model.x"], "denoiser"),
        (["transformer_blocks.0.attn.to_q.weight"], "denoiser"),
        (["blocks.0.self_attn.q.weight", "patch_embedding.weight"], "denoiser"),
        (["layers.0.attention.qkv.weight", "cap_embedder.0.weight"], "denoiser"),
        (["double_stream_blocks.0.block.adaLN_modulation.1.weight"], "denoiser"),
        (["blocks.0.attn.wq.weight", "txtfusion.layerwise_blocks.0.attn.wq.weight"], "denoiser"),
        (["model.diffusion_model.transformer_blocks.0.attn1.to_q.weight", "vae.decoder.x"], "denoiser"),
        (["control_model.input_blocks.0.0.weight"], "controlnet"),
        (["encoder.conv_in.weight", "decoder.conv_in.weight"], "vae"),
        (["encoder.conv1.weight", "decoder.conv1.weight"], "vae"),
        (["model.layers.0.self_attn.q_proj.weight"], "text_encoder"),
        (["encoder.block.0.layer.0.SelfAttention.q.weight", "shared.weight"], "text_encoder"),
        (["layers.0.residual_group.blocks.0.attn.qkv.weight"], None),
        ([], None),
    ],
)
def test_a_file_is_known_by_its_names(keys: list[str], kind: str | None) -> None:
    assert find_kind(keys) == kind


def test_names_are_read_without_the_metadata(tmp_path: Path) -> None:
    path = write_header(tmp_path / "a.safetensors", {"__metadata__": {"x": "y"}, "a.weight": {}, "b.bias": {}})

    assert read_keys(path) == ["a.weight", "b.bias"]


@pytest.mark.parametrize("content", [b"", b"\x05\0\0\0\0\0\0\0[1,2]", b"\x02\0\0\0\0\0\0\0{", b"\xff" * 20])
def test_other_files_have_no_names(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)

    assert read_keys(tmp_path / "a.safetensors") == []
    assert read_keys(tmp_path / "none.safetensors") == []
