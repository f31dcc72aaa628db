"""Tiny pipelines of the real classes that make videos, with random weights, written to a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import transformers

from studio.api.quiet import hush
from tests.plugins.studio_diffusion.tiny_pipelines import (
    make_clip,
    make_clip_tokenizer,
    make_t5,
    make_t5_tokenizer,
    make_vae,
    seeded,
)


def _save(folder: Path, pipeline: Any) -> Path:
    with hush("diffusers", "transformers"):
        pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def write_animatediff(folder: Path) -> Path:
    """Write AnimateDiff: a Stable Diffusion 1.5 with a motion adapter."""
    with seeded():
        unet = diffusers.UNet2DConditionModel(
            block_out_channels=(8, 16),
            layers_per_block=1,
            sample_size=8,
            in_channels=4,
            out_channels=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=32,
            norm_num_groups=4,
            attention_head_dim=4,
        )
        adapter = diffusers.MotionAdapter(
            block_out_channels=(8, 16),
            motion_layers_per_block=1,
            motion_norm_num_groups=4,
            motion_num_attention_heads=4,
        )
        pipeline = diffusers.AnimateDiffPipeline(
            vae=make_vae(),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=unet,
            motion_adapter=adapter,
            scheduler=diffusers.DDIMScheduler(beta_schedule="linear", clip_sample=False),
        )
    return _save(folder, pipeline)


def write_svd(folder: Path) -> Path:
    """Write Stable Video Diffusion."""
    with seeded():
        unet = diffusers.UNetSpatioTemporalConditionModel(
            block_out_channels=(32, 64),
            layers_per_block=1,
            sample_size=8,
            in_channels=8,
            out_channels=4,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            cross_attention_dim=32,
            num_attention_heads=8,
            projection_class_embeddings_input_dim=96,
            addition_time_embed_dim=32,
        )
        vae = diffusers.AutoencoderKLTemporalDecoder(
            block_out_channels=(32, 64),
            in_channels=3,
            out_channels=3,
            down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
            latent_channels=4,
        )
        vision = transformers.CLIPVisionConfig(
            hidden_size=32,
            projection_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=224,  # the pipeline makes it so
            intermediate_size=37,
            patch_size=56,
        )
        pipeline = diffusers.StableVideoDiffusionPipeline(
            vae=vae,
            image_encoder=transformers.CLIPVisionModelWithProjection(vision),
            unet=unet,
            scheduler=diffusers.EulerDiscreteScheduler(
                beta_schedule="scaled_linear",
                interpolation_type="linear",
                prediction_type="v_prediction",
                sigma_max=700.0,
                sigma_min=0.002,
                steps_offset=1,
                timestep_spacing="leading",
                timestep_type="continuous",
                use_karras_sigmas=True,
            ),
            feature_extractor=transformers.CLIPImageProcessor(
                crop_size={"height": 224, "width": 224}, size={"shortest_edge": 224}
            ),
        )
    return _save(folder, pipeline)


def _make_cogvideox(channels: int) -> dict[str, Any]:
    return {
        "tokenizer": make_t5_tokenizer(),
        "text_encoder": make_t5(),
        "vae": diffusers.AutoencoderKLCogVideoX(
            in_channels=3,
            out_channels=3,
            down_block_types=("CogVideoXDownBlock3D",) * 4,
            up_block_types=("CogVideoXUpBlock3D",) * 4,
            block_out_channels=(8, 8, 8, 8),
            latent_channels=4,
            layers_per_block=1,
            norm_num_groups=2,
            temporal_compression_ratio=4,
        ),
        "transformer": diffusers.CogVideoXTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=16,
            in_channels=channels,
            out_channels=4,
            time_embed_dim=2,
            text_embed_dim=32,
            num_layers=1,
            sample_width=4,
            sample_height=4,
            sample_frames=9,
            patch_size=2,
            temporal_compression_ratio=4,
            max_text_seq_length=16,
            use_rotary_positional_embeddings=True,
        ),
        "scheduler": diffusers.CogVideoXDDIMScheduler(),
    }


def write_cogvideox(folder: Path) -> Path:
    """Write CogVideoX."""
    with seeded():
        return _save(folder, diffusers.CogVideoXPipeline(**_make_cogvideox(4)))


def write_cogvideox_still(folder: Path) -> Path:
    """Write CogVideoX that starts from a still."""
    with seeded():
        return _save(folder, diffusers.CogVideoXImageToVideoPipeline(**_make_cogvideox(8)))


def _make_ltx() -> dict[str, Any]:
    return {
        "transformer": diffusers.LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            patch_size=1,
            patch_size_t=1,
            num_attention_heads=4,
            attention_head_dim=8,
            cross_attention_dim=32,
            num_layers=1,
            caption_channels=32,
        ),
        "vae": diffusers.AutoencoderKLLTXVideo(
            in_channels=3,
            out_channels=3,
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, False, False),
            decoder_spatio_temporal_scaling=(True, True, False, False),
            decoder_inject_noise=(False, False, False, False, False),
            upsample_residual=(False, False, False, False),
            upsample_factor=(1, 1, 1, 1),
            timestep_conditioning=False,
            patch_size=1,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(),
        "text_encoder": make_t5(),
        "tokenizer": make_t5_tokenizer(),
    }


def write_ltx(folder: Path) -> Path:
    """Write LTX-Video."""
    with seeded():
        return _save(folder, diffusers.LTXPipeline(**_make_ltx()))


def write_ltx_still(folder: Path) -> Path:
    """Write LTX-Video as the pipeline that starts from a still."""
    with seeded():
        return _save(folder, diffusers.LTXImageToVideoPipeline(**_make_ltx()))


def _make_wan(channels: int, **extra: Any) -> dict[str, Any]:
    return {
        "transformer": diffusers.WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=channels,
            out_channels=16,
            text_dim=32,
            freq_dim=256,
            ffn_dim=32,
            num_layers=1,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
            **extra,
        ),
        "vae": diffusers.AutoencoderKLWan(
            base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
        ),
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        "text_encoder": transformers.UMT5EncoderModel(
            transformers.UMT5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
        ),
        "tokenizer": make_t5_tokenizer(512),
    }


def write_wan(folder: Path) -> Path:
    """Write Wan."""
    with seeded():
        return _save(folder, diffusers.WanPipeline(**_make_wan(16)))


def write_wan_still(folder: Path) -> Path:
    """Write Wan 2.1 that starts from a still."""
    with seeded():
        vision = transformers.CLIPVisionConfig(
            hidden_size=4,
            projection_dim=4,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=32,
            intermediate_size=16,
            patch_size=1,
        )
        pipeline = diffusers.WanImageToVideoPipeline(
            **_make_wan(36, image_dim=4),
            image_encoder=transformers.CLIPVisionModelWithProjection(vision),
            image_processor=transformers.CLIPImageProcessor(crop_size=32, size=32),
            transformer_2=None,
        )
        return _save(folder, pipeline)


def write_hunyuan(folder: Path) -> Path:
    """Write HunyuanVideo."""
    with seeded():
        llama = transformers.LlamaConfig(
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=0,
            hidden_size=16,
            intermediate_size=37,
            num_attention_heads=4,
            num_hidden_layers=2,
            vocab_size=64,
            max_position_embeddings=512,
        )
        pipeline = diffusers.HunyuanVideoPipeline(
            transformer=diffusers.HunyuanVideoTransformer3DModel(
                in_channels=4,
                out_channels=4,
                num_attention_heads=2,
                attention_head_dim=10,
                num_layers=1,
                num_single_layers=1,
                num_refiner_layers=1,
                patch_size=1,
                patch_size_t=1,
                guidance_embeds=True,
                text_embed_dim=16,
                pooled_projection_dim=8,
                rope_axes_dim=(2, 4, 4),
            ),
            vae=diffusers.AutoencoderKLHunyuanVideo(
                in_channels=3,
                out_channels=3,
                latent_channels=4,
                down_block_types=("HunyuanVideoDownBlock3D",) * 4,
                up_block_types=("HunyuanVideoUpBlock3D",) * 4,
                block_out_channels=(8, 8, 8, 8),
                layers_per_block=1,
                act_fn="silu",
                norm_num_groups=4,
                scaling_factor=0.476986,
                spatial_compression_ratio=8,
                temporal_compression_ratio=4,
                mid_block_add_attention=True,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
            text_encoder=transformers.LlamaModel(llama),
            tokenizer=make_t5_tokenizer(512),
            text_encoder_2=make_clip(8),
            tokenizer_2=make_clip_tokenizer(),
        )
        return _save(folder, pipeline)


WRITERS: dict[str, Callable[[Path], Path]] = {
    name.removeprefix("write_"): write for name, write in list(globals().items()) if name.startswith("write_")
}
