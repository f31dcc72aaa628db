"""Tiny models that edit images, of the real classes with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import transformers

from tests.plugins.studio_diffusion.tiny_pipelines import (
    _save,
    make_chat_tokenizer,
    make_clip,
    make_clip_tokenizer,
    make_flow_vae,
    make_t5,
    make_t5_tokenizer,
    seeded,
)


def _make_flux_parts(channels: int = 16, out: int | None = None) -> dict[str, Any]:
    return {
        "transformer": diffusers.FluxTransformer2DModel(
            patch_size=1,
            in_channels=channels,
            out_channels=out,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True, max_shift=1.15),
        "vae": make_flow_vae(4),
        "text_encoder": make_clip(),
        "tokenizer": make_clip_tokenizer(),
        "text_encoder_2": make_t5(),
        "tokenizer_2": make_t5_tokenizer(),
    }


def write_kontext(folder: Path) -> Path:
    """Write Flux Kontext."""
    with seeded():
        pipeline = diffusers.FluxKontextPipeline(**_make_flux_parts())
    return _save(folder, pipeline, width=64, height=64)


def write_fill(folder: Path) -> Path:
    """Write Flux Fill: latents, the image without the part, and the mask go into its transformer."""
    with seeded():
        pipeline = diffusers.FluxFillPipeline(**_make_flux_parts(48, 16))
    return _save(folder, pipeline, width=64, height=64)


def write_control(folder: Path) -> Path:
    """Write Flux Control."""
    with seeded():
        pipeline = diffusers.FluxControlPipeline(**_make_flux_parts(32, 16))
    return _save(folder, pipeline, width=64, height=64)


def make_qwen_vae() -> Any:
    """Make the autoencoder of Qwen-Image."""
    return diffusers.AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[False, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )


def _make_qwen3_vl() -> Any:
    config = transformers.Qwen3VLConfig(
        text_config={
            "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 300,
            "rope_scaling": {"mrope_section": [2, 1, 1], "rope_type": "default", "mrope_interleaved": True},
        },
        vision_config={
            "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
            "deepstack_visual_indexes": [0], "patch_size": 16, "num_position_embeddings": 64,
        },
        image_token_id=5,
        video_token_id=262,
        vision_start_token_id=3,
        vision_end_token_id=4,
    )  # fmt: skip
    return transformers.Qwen3VLModel(config)


def write_krea2(folder: Path) -> Path:
    """Write Krea 2."""
    with seeded():
        pipeline = diffusers.Krea2Pipeline(
            transformer=diffusers.Krea2Transformer2DModel(
                in_channels=16,
                num_layers=2,
                attention_head_dim=8,
                num_attention_heads=4,
                num_key_value_heads=2,
                intermediate_size=32,
                timestep_embed_dim=8,
                text_hidden_dim=16,
                num_text_layers=3,
                text_num_attention_heads=2,
                text_num_key_value_heads=1,
                text_intermediate_size=16,
                num_layerwise_text_blocks=1,
                num_refiner_text_blocks=1,
                axes_dims_rope=(4, 2, 2),
            ),
            vae=make_qwen_vae(),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, max_shift=1.15),
            text_encoder=_make_qwen3_vl(),
            tokenizer=make_chat_tokenizer(4096),
            text_encoder_select_layers=(0, 1, 2),
            is_distilled=False,
        )
    return _save(folder, pipeline, width=32, height=32)


WRITERS: dict[str, Callable[[Path], Path]] = {
    "kontext": write_kontext,
    "fill": write_fill,
    "control": write_control,
    "krea2": write_krea2,
}
