"""Tiny random pipelines of the video models of 2026: LTX-2 with its sound, Wan 2.2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import transformers

from tests.plugins.studio_diffusion.tiny_pipelines import _save, make_t5_tokenizer, seeded
from tests.plugins.studio_video.tiny_video_pipelines import _make_wan


def _make_wan_transformer(channels: int, out: int = 16) -> Any:
    return diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=out,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=1,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
    )


def _make_scheduler(shift: float) -> Any:
    return diffusers.UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=shift
    )


def write_wan22(folder: Path) -> Path:
    """Write Wan 2.2 from words: two denoisers, for high and for low noise."""
    with seeded():
        parts = _make_wan(16) | {"scheduler": _make_scheduler(12.0)}
        pipeline = diffusers.WanPipeline(**parts, transformer_2=_make_wan_transformer(16), boundary_ratio=0.875)
    return _save(folder, pipeline)


def write_wan22_still(folder: Path) -> Path:
    """Write Wan 2.2 from stills: two denoisers, no image encoder."""
    with seeded():
        parts = _make_wan(36) | {"scheduler": _make_scheduler(5.0)}
        pipeline = diffusers.WanImageToVideoPipeline(
            **parts,
            transformer_2=_make_wan_transformer(36),
            image_encoder=None,
            image_processor=None,
            boundary_ratio=0.9,
        )
    return _save(folder, pipeline)


def write_wan22_small(folder: Path) -> Path:
    """Write Wan 2.2 TI2V, one denoiser for words and stills, as its folder says: a pipeline from words."""
    with seeded():
        parts = _make_wan(48) | {"scheduler": _make_scheduler(5.0), "transformer": _make_wan_transformer(48, 48)}
        parts["vae"] = diffusers.AutoencoderKLWan(
            base_dim=3,
            z_dim=48,
            in_channels=12,
            out_channels=12,
            is_residual=True,
            patch_size=2,
            latents_mean=[0.0] * 48,
            latents_std=[1.0] * 48,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            scale_factor_spatial=16,
        )
        pipeline = diffusers.WanPipeline(**parts, expand_timesteps=True)
    return _save(folder, pipeline)


def _make_gemma3() -> Any:
    config = transformers.Gemma3Config(
        text_config={
            "vocab_size": 300, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "max_position_embeddings": 2048,
            "sliding_window": 512, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1,
        },
        vision_config={
            "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "image_size": 28, "patch_size": 14,
        },
        mm_tokens_per_image=4,
        image_token_index=5,
    )  # fmt: skip
    return transformers.Gemma3ForConditionalGeneration(config)


def write_ltx2(folder: Path) -> Path:
    """Write LTX-2, whose videos have sound."""
    from diffusers.pipelines.ltx2 import LTX2TextConnectors
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder

    with seeded():
        encoder = _make_gemma3()
        size, layers = encoder.config.text_config.hidden_size, encoder.config.text_config.num_hidden_layers
        sides = {
            f"{side}_connector_{name}": value
            for side in ("video", "audio")
            for name, value in (
                ("num_attention_heads", 4),
                ("attention_head_dim", 8),
                ("num_layers", 1),
                ("num_learnable_registers", None),
            )
        }
        pipeline = diffusers.LTX2Pipeline(
            transformer=diffusers.LTX2VideoTransformer3DModel(
                in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=16,
                audio_in_channels=4, audio_out_channels=4, audio_num_attention_heads=2, audio_attention_head_dim=4,
                audio_cross_attention_dim=8, num_layers=2, caption_channels=size, rope_double_precision=False,
                rope_type="split",
            ),
            vae=diffusers.AutoencoderKLLTX2Video(
                latent_channels=4, block_out_channels=(8,), decoder_block_out_channels=(8,), layers_per_block=(1,),
                decoder_layers_per_block=(1, 1), spatio_temporal_scaling=(True,),
                decoder_spatio_temporal_scaling=(True,), decoder_inject_noise=(False, False),
                downsample_type=("spatial",), upsample_residual=(False,), upsample_factor=(1,), patch_size=4,
                patch_size_t=1, encoder_causal=True, decoder_causal=False,
            ),
            audio_vae=diffusers.AutoencoderKLLTX2Audio(
                base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, in_channels=2, resolution=32,
                latent_channels=2, norm_type="pixel", causality_axis="height", sample_rate=16000, mel_hop_length=160,
                is_causal=True, mel_bins=8,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
            text_encoder=encoder,
            tokenizer=make_t5_tokenizer(1024),
            connectors=LTX2TextConnectors(
                caption_channels=size, text_proj_in_factor=layers + 1, connector_rope_base_seq_len=32,
                rope_double_precision=False, causal_temporal_positioning=False, rope_type="split", **sides,
            ),
            vocoder=LTX2Vocoder(
                in_channels=16, hidden_channels=32, out_channels=2, upsample_kernel_sizes=[4, 4],
                upsample_factors=[2, 2], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
                output_sampling_rate=16000,
            ),
        )  # fmt: skip
    return _save(folder, pipeline)


def write_wan_vace(folder: Path) -> Path:
    """Write Wan VACE, which follows a video, masks and references."""
    with seeded():
        transformer = diffusers.WanVACETransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=16,
            out_channels=16,
            text_dim=32,
            freq_dim=256,
            ffn_dim=32,
            num_layers=2,
            vace_layers=[0, 1],
            vace_in_channels=96,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
        )
        parts = _make_wan(16) | {"scheduler": _make_scheduler(5.0), "transformer": transformer}
        return _save(folder, diffusers.WanVACEPipeline(**parts))
