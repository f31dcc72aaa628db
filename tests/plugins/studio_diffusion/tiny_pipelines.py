"""Tiny pipelines of the real classes with random weights, written to a folder: a few hundred kB each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from studio.api.quiet import hush

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,-!?'"
_WORDS = ("red", "blue", "green", "apple", "star", "on", "a", "the", "background", "cat", "dog", "big", "small")


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Draw weights that are the same every time, and leave the global generator alone."""
    with torch.random.fork_rng(devices=[]), hush("diffusers", "transformers"):
        torch.manual_seed(seed)
        yield


def make_clip_tokenizer(length: int = 77) -> Any:
    """Make a CLIP tokenizer that knows letters and a few words."""
    tokens = ["<|startoftext|>", "<|endoftext|>", *_LETTERS, *(f"{letter}</w>" for letter in _LETTERS)]
    merges: list[tuple[str, str]] = []
    for word in _WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            if pair not in merges:
                merges.append(pair)
            parts[:2] = [parts[0] + parts[1]]
            if parts[0] not in tokens:
                tokens.append(parts[0])
    vocabulary = {token: index for index, token in enumerate(tokens)}
    made = transformers.CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=length)
    return made


def make_t5_tokenizer(length: int = 64) -> Any:
    """Make a tokenizer with the special tokens of T5 and its end of text, a letter a token."""
    tokens = ["<pad>", "</s>", "<unk>", " ", *_LETTERS]
    backend = Tokenizer(models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token="<unk>"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=length
    )


def make_chat_tokenizer(length: int = 512) -> Any:
    """Make a byte-level tokenizer with the special tokens of Qwen and a chat template."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*special, *letters])}
    backend = Tokenizer(models.BPE(vocabulary, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(special)
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{% if m['content'] is string %}{{ m['content'] }}{% else %}{{ m['content'][0]['text'] }}{% endif %}"
        "<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        unk_token="<|endoftext|>",
        model_max_length=length,
        chat_template=template,
        padding_side="right",
    )


def make_clip(size: int = 32, *, projection: bool = False, layers: int = 2, length: int = 77) -> Any:
    """Make a CLIP text encoder."""
    config = transformers.CLIPTextConfig(
        vocab_size=200,
        hidden_size=size,
        intermediate_size=37,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=length,
        projection_dim=size,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    kind = transformers.CLIPTextModelWithProjection if projection else transformers.CLIPTextModel
    return kind(config)


def make_t5(size: int = 32, vocabulary: int = 64) -> Any:
    """Make a T5 encoder."""
    config = transformers.T5Config(
        vocab_size=vocabulary, d_model=size, d_kv=8, d_ff=37, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu"
    )
    return transformers.T5EncoderModel(config)


def make_vae(channels: int = 4, *, blocks: int = 2, **extra: Any) -> Any:
    """Make an autoencoder; each block after the first halves the size."""
    return diffusers.AutoencoderKL(
        block_out_channels=(16,) * blocks,
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        latent_channels=channels,
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=32,
        **extra,
    )


def make_flow_vae(channels: int = 4, *, blocks: int = 2) -> Any:
    """Make an autoencoder as rectified-flow models have them."""
    return make_vae(
        channels, blocks=blocks, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06, scaling_factor=1.5
    )


def _save(folder: Path, pipeline: Any, **about: Any) -> Path:
    with hush("diffusers", "transformers"):
        pipeline.save_pretrained(folder, safe_serialization=True)
    if about:
        (folder / "studio.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def _noise_schedule(**extra: Any) -> dict[str, Any]:
    return {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1} | extra


def _make_unet(cross: int = 32, **extra: Any) -> Any:
    settings: dict[str, Any] = {
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": cross,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return diffusers.UNet2DConditionModel(**(settings | extra))


_XL = {
    "attention_head_dim": (2, 4),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "transformer_layers_per_block": (1, 2),
    "cross_attention_dim": 64,
}


def write_tiny_sd15(folder: Path) -> Path:
    """Write Stable Diffusion 1.5."""
    with seeded():
        pipeline = diffusers.StableDiffusionPipeline(
            vae=make_vae(),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=_make_unet(),
            scheduler=diffusers.PNDMScheduler(**_noise_schedule(skip_prk_steps=True, set_alpha_to_one=False)),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_sd2(folder: Path) -> Path:
    """Write Stable Diffusion 2, which predicts v."""
    with seeded():
        pipeline = diffusers.StableDiffusionPipeline(
            vae=make_vae(),
            text_encoder=make_clip(64),
            tokenizer=make_clip_tokenizer(),
            unet=_make_unet(64, attention_head_dim=(2, 4), use_linear_projection=True),
            scheduler=diffusers.DDIMScheduler(
                **_noise_schedule(prediction_type="v_prediction", set_alpha_to_one=False, clip_sample=False)
            ),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_sd15_inpaint(folder: Path) -> Path:
    """Write an inpainting model of Stable Diffusion 1.5: nine channels go into its UNet."""
    with seeded():
        pipeline = diffusers.StableDiffusionInpaintPipeline(
            vae=make_vae(),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=_make_unet(in_channels=9),
            scheduler=diffusers.PNDMScheduler(**_noise_schedule(skip_prk_steps=True)),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_instruct_pix2pix(folder: Path) -> Path:
    """Write InstructPix2Pix."""
    with seeded():
        pipeline = diffusers.StableDiffusionInstructPix2PixPipeline(
            vae=make_vae(),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=_make_unet(in_channels=8),
            scheduler=diffusers.EulerAncestralDiscreteScheduler(**_noise_schedule()),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_lcm(folder: Path) -> Path:
    """Write a latent consistency model."""
    with seeded():
        pipeline = diffusers.LatentConsistencyModelPipeline(
            vae=make_vae(),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=_make_unet(time_cond_proj_dim=16),
            scheduler=diffusers.LCMScheduler(**_noise_schedule(clip_sample=False)),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_sdxl(folder: Path) -> Path:
    """Write Stable Diffusion XL."""
    with seeded():
        pipeline = diffusers.StableDiffusionXLPipeline(
            vae=make_vae(),
            text_encoder=make_clip(),
            text_encoder_2=make_clip(projection=True),
            tokenizer=make_clip_tokenizer(),
            tokenizer_2=make_clip_tokenizer(),
            unet=_make_unet(**_XL, projection_class_embeddings_input_dim=6 * 8 + 32),
            scheduler=diffusers.EulerDiscreteScheduler(**_noise_schedule(timestep_spacing="leading")),
            add_watermarker=False,
        )
    return _save(folder, pipeline)


def write_tiny_sdxl_refiner(folder: Path) -> Path:
    """Write the refiner of Stable Diffusion XL, which has the second text encoder alone."""
    with seeded():
        pipeline = diffusers.StableDiffusionXLImg2ImgPipeline(
            vae=make_vae(),
            text_encoder=None,
            text_encoder_2=make_clip(projection=True),
            tokenizer=None,
            tokenizer_2=make_clip_tokenizer(),
            unet=_make_unet(**(_XL | {"cross_attention_dim": 32}), projection_class_embeddings_input_dim=5 * 8 + 32),
            scheduler=diffusers.EulerDiscreteScheduler(**_noise_schedule(timestep_spacing="leading")),
            requires_aesthetics_score=True,
            add_watermarker=False,
        )
    return _save(folder, pipeline)


def write_tiny_sd3(folder: Path, *, t5: bool = True, channels: int = 16, **about: Any) -> Path:
    """Write Stable Diffusion 3, with or without T5."""
    with seeded():
        pipeline = diffusers.StableDiffusion3Pipeline(
            transformer=_make_sd3_transformer(channels),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=make_flow_vae(channels),
            text_encoder=make_clip(projection=True),
            tokenizer=make_clip_tokenizer(),
            text_encoder_2=make_clip(projection=True),
            tokenizer_2=make_clip_tokenizer(),
            text_encoder_3=make_t5(64) if t5 else None,
            tokenizer_3=make_t5_tokenizer() if t5 else None,
        )
    return _save(folder, pipeline, **about)


def _make_sd3_transformer(channels: int) -> Any:
    return diffusers.SD3Transformer2DModel(
        sample_size=32,
        patch_size=2,
        in_channels=channels,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        out_channels=channels,
        pos_embed_max_size=32,
    )


def write_tiny_flux(folder: Path, *, dev: bool = False) -> Path:
    """Write Flux: schnell, or dev, which embeds the guidance scale and shifts by resolution."""
    with seeded():
        pipeline = diffusers.FluxPipeline(
            transformer=diffusers.FluxTransformer2DModel(
                patch_size=1,
                in_channels=16,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=32,
                pooled_projection_dim=32,
                axes_dims_rope=(4, 4, 8),
                guidance_embeds=dev,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
                shift=3.0 if dev else 1.0, use_dynamic_shifting=dev, base_shift=0.5, max_shift=1.15
            ),
            vae=make_flow_vae(4),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            text_encoder_2=make_t5(),
            tokenizer_2=make_t5_tokenizer(),
        )
    return _save(folder, pipeline)


def write_tiny_flux_dev(folder: Path) -> Path:
    """Write Flux dev."""
    return write_tiny_flux(folder, dev=True)


def write_tiny_chroma(folder: Path) -> Path:
    """Write Chroma."""
    with seeded():
        pipeline = diffusers.ChromaPipeline(
            transformer=diffusers.ChromaTransformer2DModel(
                patch_size=1,
                in_channels=16,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=32,
                axes_dims_rope=(4, 4, 8),
                approximator_hidden_dim=32,
                approximator_layers=1,
                approximator_num_channels=16,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
            vae=make_flow_vae(4),
            text_encoder=make_t5(),
            tokenizer=make_t5_tokenizer(),
        )
    return _save(folder, pipeline)


def _make_pixart_transformer() -> Any:
    return diffusers.PixArtTransformer2DModel(
        sample_size=16,
        num_layers=1,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=3,
        caption_channels=32,
        in_channels=4,
        cross_attention_dim=24,
        out_channels=8,
        attention_bias=True,
        activation_fn="gelu-approximate",
        num_embeds_ada_norm=1000,
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        use_additional_conditions=False,
    )


def _write_pixart(folder: Path, kind: Any) -> Path:
    with seeded():
        pipeline = kind(
            transformer=_make_pixart_transformer(),
            scheduler=diffusers.DPMSolverMultistepScheduler(beta_schedule="linear", beta_start=0.0001, beta_end=0.02),
            vae=make_vae(),
            text_encoder=make_t5(),
            tokenizer=make_t5_tokenizer(),
        )
    return _save(folder, pipeline)


def write_tiny_pixart_alpha(folder: Path) -> Path:
    """Write PixArt-alpha."""
    return _write_pixart(folder, diffusers.PixArtAlphaPipeline)


def write_tiny_pixart_sigma(folder: Path) -> Path:
    """Write PixArt-Sigma."""
    return _write_pixart(folder, diffusers.PixArtSigmaPipeline)


def make_gemma(size: int = 32) -> Any:
    """Make a Gemma 2 as Sana and Lumina read prompts with."""
    config = transformers.Gemma2Config(
        vocab_size=64,
        hidden_size=size,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=1,
    )
    return transformers.Gemma2Model(config)


def _make_dc_vae() -> Any:
    return diffusers.AutoencoderDC(
        in_channels=3,
        latent_channels=4,
        attention_head_dim=2,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
    )


def _make_sana_transformer(**extra: Any) -> Any:
    return diffusers.SanaTransformer2DModel(
        patch_size=1,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        num_attention_heads=2,
        attention_head_dim=4,
        num_cross_attention_heads=2,
        cross_attention_head_dim=4,
        cross_attention_dim=8,
        caption_channels=32,
        sample_size=32,
        **extra,
    )


def write_tiny_sana(folder: Path) -> Path:
    """Write Sana."""
    with seeded():
        pipeline = diffusers.SanaPipeline(
            transformer=_make_sana_transformer(),
            scheduler=diffusers.DPMSolverMultistepScheduler(
                prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
            ),
            vae=_make_dc_vae(),
            text_encoder=make_gemma(),
            tokenizer=make_t5_tokenizer(512),
        )
    return _save(folder, pipeline)


def write_tiny_sana_sprint(folder: Path) -> Path:
    """Write Sana Sprint."""
    with seeded():
        pipeline = diffusers.SanaSprintPipeline(
            transformer=_make_sana_transformer(
                guidance_embeds=True, qk_norm="rms_norm_across_heads", timestep_scale=1000.0
            ),
            scheduler=diffusers.SCMScheduler(),
            vae=_make_dc_vae(),
            text_encoder=make_gemma(),
            tokenizer=make_t5_tokenizer(512),
        )
    return _save(folder, pipeline)


def make_vision(size: int = 32) -> Any:
    """Make a CLIP image encoder."""
    config = transformers.CLIPVisionConfig(
        hidden_size=size,
        image_size=32,
        projection_dim=size,
        intermediate_size=37,
        num_attention_heads=4,
        num_channels=3,
        num_hidden_layers=2,
        patch_size=8,
    )
    return transformers.CLIPVisionModelWithProjection(config)


def _make_movq() -> Any:
    return diffusers.VQModel(
        block_out_channels=(32,) * 4,
        down_block_types=(*("DownEncoderBlock2D",) * 3, "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", *("UpDecoderBlock2D",) * 3),
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        norm_type="spatial",
        num_vq_embeddings=12,
        vq_embed_dim=4,
    )


def _make_kandinsky22_parts() -> tuple[dict[str, Any], dict[str, Any]]:
    decoder = {
        "unet": diffusers.UNet2DConditionModel(
            in_channels=4,
            out_channels=8,
            sample_size=16,
            addition_embed_type="image",
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
            block_out_channels=(16, 32),
            layers_per_block=1,
            norm_num_groups=8,
            encoder_hid_dim=32,
            encoder_hid_dim_type="image_proj",
            cross_attention_dim=32,
            attention_head_dim=4,
            resnet_time_scale_shift="scale_shift",
        ),
        "scheduler": diffusers.DDPMScheduler(
            beta_schedule="linear",
            beta_start=0.00085,
            beta_end=0.012,
            clip_sample=True,
            clip_sample_range=2.0,
            steps_offset=0,
            thresholding=False,
            variance_type="learned_range",
        ),
        "movq": _make_movq(),
    }
    prior = diffusers.PriorTransformer(
        num_attention_heads=2, attention_head_dim=12, embedding_dim=32, num_layers=1, num_embeddings=77
    )
    prior.clip_std = torch.nn.Parameter(torch.ones_like(prior.clip_std))
    rest = {
        "prior": prior,
        "image_encoder": make_vision(),
        "text_encoder": make_clip(projection=True),
        "tokenizer": make_clip_tokenizer(),
        "scheduler": diffusers.UnCLIPScheduler(
            variance_type="fixed_small_log",
            prediction_type="sample",
            num_train_timesteps=1000,
            clip_sample=True,
            clip_sample_range=10.0,
        ),
        "image_processor": make_image_processor(),
    }
    return decoder, rest


def make_image_processor() -> Any:
    """Make what prepares images for the image encoder."""
    return transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


def write_tiny_kandinsky22(folder: Path) -> Path:
    """Write Kandinsky 2.2, prior and decoder in one folder."""
    with seeded():
        decoder, prior = _make_kandinsky22_parts()
        pipeline = diffusers.KandinskyV22CombinedPipeline(
            **decoder, **{f"prior_{name}": part for name, part in prior.items()}
        )
    return _save(folder, pipeline)


def write_tiny_kandinsky22_pair(decoder_folder: Path, prior_folder: Path) -> Path:
    """Write Kandinsky 2.2 in the two folders that it comes in."""
    with seeded():
        decoder, prior = _make_kandinsky22_parts()
        _save(prior_folder, diffusers.KandinskyV22PriorPipeline(**prior))
        return _save(decoder_folder, diffusers.KandinskyV22Pipeline(**decoder))


def write_tiny_kandinsky3(folder: Path) -> Path:
    """Write Kandinsky 3."""
    with seeded():
        pipeline = diffusers.Kandinsky3Pipeline(
            unet=diffusers.Kandinsky3UNet(
                in_channels=4,
                time_embedding_dim=4,
                groups=2,
                attention_head_dim=4,
                layers_per_block=3,
                block_out_channels=(8, 16),
                cross_attention_dim=4,
                encoder_hid_dim=32,
            ),
            scheduler=diffusers.DDPMScheduler(beta_start=0.00085, beta_end=0.02, beta_schedule="squaredcos_cap_v2"),
            movq=_make_movq(),
            text_encoder=make_t5(),
            tokenizer=make_t5_tokenizer(128),
        )
    return _save(folder, pipeline)


def make_qwen_vl(size: int = 16) -> Any:
    """Make a Qwen 2.5 VL as Qwen-Image reads prompts with."""
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "hidden_size": size,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": 300,
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
            "rope_theta": 1000000.0,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": size,
            "fullatt_block_indexes": [0],
        },
        image_token_id=5,
        video_token_id=5,
        vision_start_token_id=3,
        vision_end_token_id=4,
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def write_tiny_qwenimage(folder: Path) -> Path:
    """Write Qwen-Image."""
    with seeded():
        pipeline = diffusers.QwenImagePipeline(
            transformer=diffusers.QwenImageTransformer2DModel(
                patch_size=2,
                in_channels=16,
                out_channels=4,
                num_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=16,
                axes_dims_rope=(8, 4, 4),
            ),
            vae=diffusers.AutoencoderKLQwenImage(
                base_dim=8,
                z_dim=4,
                dim_mult=[1, 2, 2],
                num_res_blocks=1,
                temperal_downsample=[False, True],
                latents_mean=[0.0] * 4,
                latents_std=[1.0] * 4,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
                use_dynamic_shifting=True, shift_terminal=0.02, base_shift=0.5, max_shift=0.9, max_image_seq_len=8192
            ),
            text_encoder=make_qwen_vl(),
            tokenizer=make_chat_tokenizer(1024),
        )
    return _save(folder, pipeline)


def _make_cascade_unet(**extra: Any) -> Any:
    settings: dict[str, Any] = {
        "conditioning_dim": 32,
        "block_out_channels": (16, 16),
        "num_attention_heads": (2, 2),
        "down_num_layers_per_block": (1, 1),
        "up_num_layers_per_block": (1, 1),
        "timestep_ratio_embedding_dim": 8,
        "clip_text_pooled_in_channels": 32,
        "switch_level": (False,),
        "dropout": (0.0, 0.0),
    }
    return diffusers.StableCascadeUNet(**(settings | extra))


def _make_paella() -> Any:
    from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel

    return PaellaVQModel(bottleneck_blocks=1, num_vq_embeddings=8, embed_dim=16)


def write_tiny_stable_cascade(folder: Path) -> Path:
    """Write Stable Cascade, prior and decoder in one folder."""
    blocks = (("SDCascadeResBlock", "SDCascadeTimestepBlock"),) * 2
    with seeded():
        pipeline = diffusers.StableCascadeCombinedPipeline(
            tokenizer=make_clip_tokenizer(),
            text_encoder=make_clip(projection=True),
            decoder=_make_cascade_unet(
                in_channels=4,
                out_channels=4,
                patch_size=2,
                effnet_in_channels=4,
                pixel_mapper_in_channels=3,
                block_types_per_layer=blocks,
                timestep_conditioning_type=("sca",),
            ),
            scheduler=diffusers.DDPMWuerstchenScheduler(),
            vqgan=_make_paella(),
            prior_prior=_make_cascade_unet(
                in_channels=4,
                out_channels=4,
                clip_text_in_channels=32,
                clip_image_in_channels=32,
                timestep_conditioning_type=("sca", "crp"),
            ),
            prior_text_encoder=make_clip(projection=True),
            prior_tokenizer=make_clip_tokenizer(),
            prior_scheduler=diffusers.DDPMWuerstchenScheduler(),
            prior_image_encoder=None,
            prior_feature_extractor=None,
        )
    return _save(folder, pipeline)


def write_tiny_wuerstchen(folder: Path) -> Path:
    """Write Wuerstchen, prior and decoder in one folder."""
    from diffusers.pipelines.deprecated.wuerstchen import WuerstchenDiffNeXt, WuerstchenPrior

    with seeded():
        pipeline = diffusers.WuerstchenCombinedPipeline(
            tokenizer=make_clip_tokenizer(),
            text_encoder=make_clip(),
            decoder=WuerstchenDiffNeXt(
                c_cond=32,
                c_hidden=[32],
                nhead=[-1],
                blocks=[2],
                level_config=["CT"],
                clip_embd=32,
                inject_effnet=[False],
            ),
            scheduler=diffusers.DDPMWuerstchenScheduler(),
            vqgan=_make_paella(),
            prior_tokenizer=make_clip_tokenizer(),
            prior_text_encoder=make_clip(),
            prior_prior=WuerstchenPrior(c_in=2, c=8, depth=2, c_cond=32, c_r=8, nhead=2),
            prior_scheduler=diffusers.DDPMWuerstchenScheduler(),
        )
    return _save(folder, pipeline)


def write_tiny_auraflow(folder: Path) -> Path:
    """Write AuraFlow."""
    with seeded():
        config = transformers.UMT5Config(
            vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu"
        )
        pipeline = diffusers.AuraFlowPipeline(
            transformer=diffusers.AuraFlowTransformer2DModel(
                sample_size=32,
                patch_size=2,
                in_channels=4,
                num_mmdit_layers=1,
                num_single_dit_layers=1,
                attention_head_dim=8,
                num_attention_heads=4,
                caption_projection_dim=32,
                joint_attention_dim=32,
                out_channels=4,
                pos_embed_max_size=256,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=1.73),
            vae=make_vae(),
            text_encoder=transformers.UMT5EncoderModel(config),
            tokenizer=make_t5_tokenizer(),
        )
    return _save(folder, pipeline)


def write_tiny_lumina2(folder: Path) -> Path:
    """Write Lumina 2."""
    with seeded():
        pipeline = diffusers.Lumina2Pipeline(
            transformer=diffusers.Lumina2Transformer2DModel(
                sample_size=16,
                patch_size=2,
                in_channels=4,
                hidden_size=24,
                num_layers=1,
                num_refiner_layers=1,
                num_attention_heads=3,
                num_kv_heads=1,
                multiple_of=2,
                axes_dim_rope=(4, 2, 2),
                axes_lens=(512, 64, 64),
                cap_feat_dim=32,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=make_flow_vae(4, blocks=4),
            text_encoder=make_gemma(),
            tokenizer=make_t5_tokenizer(512),
        )
    return _save(folder, pipeline)


def write_tiny_hunyuandit(folder: Path) -> Path:
    """Write HunyuanDiT."""
    with seeded():
        bert = transformers.BertConfig(
            vocab_size=200,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=37,
            max_position_embeddings=80,
        )
        pipeline = diffusers.HunyuanDiTPipeline(
            transformer=diffusers.HunyuanDiT2DModel(
                sample_size=16,
                num_layers=2,
                patch_size=2,
                attention_head_dim=8,
                num_attention_heads=3,
                in_channels=4,
                cross_attention_dim=32,
                cross_attention_dim_t5=32,
                pooled_projection_dim=16,
                hidden_size=24,
                activation_fn="gelu-approximate",
                use_style_cond_and_image_meta_size=True,
            ),
            scheduler=diffusers.DDPMScheduler(
                beta_start=0.00085,
                beta_end=0.02,
                beta_schedule="scaled_linear",
                prediction_type="v_prediction",
                steps_offset=1,
            ),
            vae=make_vae(blocks=4),
            text_encoder=transformers.BertModel(bert),
            tokenizer=make_clip_tokenizer(),
            text_encoder_2=make_t5(),
            tokenizer_2=make_t5_tokenizer(256),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_cogview3(folder: Path) -> Path:
    """Write CogView3-Plus."""
    with seeded():
        pipeline = diffusers.CogView3PlusPipeline(
            transformer=diffusers.CogView3PlusTransformer2DModel(
                patch_size=2,
                in_channels=4,
                num_layers=1,
                attention_head_dim=4,
                num_attention_heads=2,
                out_channels=4,
                text_embed_dim=32,
                time_embed_dim=8,
                condition_dim=2,
                pos_embed_max_size=32,
                sample_size=16,
            ),
            scheduler=diffusers.CogVideoXDDIMScheduler(),
            vae=make_vae(),
            text_encoder=make_t5(),
            tokenizer=make_t5_tokenizer(),
        )
    return _save(folder, pipeline)


def write_tiny_cogview4(folder: Path) -> Path:
    """Write CogView4."""
    with seeded():
        config = transformers.GlmConfig(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            pad_token_id=0,
            eos_token_id=1,
        )
        pipeline = diffusers.CogView4Pipeline(
            transformer=diffusers.CogView4Transformer2DModel(
                patch_size=2,
                in_channels=4,
                num_layers=1,
                attention_head_dim=4,
                num_attention_heads=4,
                out_channels=4,
                text_embed_dim=32,
                time_embed_dim=8,
                condition_dim=4,
                rope_axes_dim=(16, 16),
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
                base_shift=0.25,
                max_shift=0.75,
                base_image_seq_len=256,
                use_dynamic_shifting=True,
                time_shift_type="linear",
            ),
            vae=make_vae(),
            text_encoder=transformers.GlmModel(config),
            tokenizer=make_t5_tokenizer(1024),
        )
    return _save(folder, pipeline)


def make_qwen3(size: int = 32, layers: int = 3) -> Any:
    """Make a Qwen 3 as Z-Image and Flux 2 Klein read prompts with."""
    config = transformers.Qwen3Config(
        vocab_size=300,
        hidden_size=size,
        intermediate_size=37,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=1024,
    )
    return transformers.Qwen3ForCausalLM(config)


def write_tiny_zimage(folder: Path) -> Path:
    """Write Z-Image."""
    with seeded():
        language = make_qwen3()
        pipeline = diffusers.ZImagePipeline(
            transformer=diffusers.ZImageTransformer2DModel(
                in_channels=16,
                dim=32,
                n_layers=1,
                n_refiner_layers=1,
                n_heads=2,
                n_kv_heads=2,
                cap_feat_dim=32,
                axes_dims=[8, 4, 4],
                axes_lens=[256, 32, 32],
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=make_flow_vae(16),
            text_encoder=language,
            tokenizer=make_chat_tokenizer(1024),
        )
    return _save(folder, pipeline)


def _make_flux2_transformer(*, guidance_embeds: bool) -> Any:
    return diffusers.Flux2Transformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=96,
        timestep_guidance_channels=256,
        axes_dims_rope=[4, 4, 4, 4],
        guidance_embeds=guidance_embeds,
    )


def _make_flux2_vae() -> Any:
    return diffusers.AutoencoderKLFlux2(
        sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
    )


def write_tiny_flux2_klein(folder: Path) -> Path:
    """Write Flux 2 Klein."""
    with seeded():
        pipeline = diffusers.Flux2KleinPipeline(
            transformer=_make_flux2_transformer(guidance_embeds=False),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
            vae=_make_flux2_vae(),
            text_encoder=make_qwen3(layers=28),
            tokenizer=make_chat_tokenizer(1024),
        )
    return _save(folder, pipeline)


def write_tiny_flux2(folder: Path) -> Path:
    """Write Flux 2."""
    with seeded():
        pipeline = diffusers.Flux2Pipeline(
            transformer=_make_flux2_transformer(guidance_embeds=True),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
            vae=_make_flux2_vae(),
            text_encoder=_make_mistral3(),
            tokenizer=make_chat_tokenizer(1024),
        )
    return _save(folder, pipeline)


def _make_mistral3() -> Any:
    config = transformers.Mistral3Config(
        text_config={
            "model_type": "mistral",
            "vocab_size": 300,
            "hidden_size": 32,
            "intermediate_size": 37,
            "max_position_embeddings": 1024,
            "num_attention_heads": 4,
            "num_hidden_layers": 31,
            "num_key_value_heads": 2,
            "head_dim": 8,
        },
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 4,
            "intermediate_size": 37,
            "image_size": 30,
            "patch_size": 6,
            "num_channels": 3,
        },
        image_token_index=5,
        vision_feature_layer=-1,
    )
    return transformers.Mistral3ForConditionalGeneration(config)


def write_tiny_hidream(folder: Path) -> Path:
    """Write HiDream-I1."""
    with seeded():
        llama = transformers.LlamaConfig(
            vocab_size=64,
            hidden_size=16,
            intermediate_size=37,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
        )
        pipeline = diffusers.HiDreamImagePipeline(
            transformer=diffusers.HiDreamImageTransformer2DModel(
                patch_size=2,
                in_channels=4,
                out_channels=4,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=8,
                num_attention_heads=4,
                caption_channels=[32, 16],
                text_emb_dim=64,
                num_routed_experts=2,
                num_activated_experts=2,
                axes_dims_rope=(4, 2, 2),
                max_resolution=(32, 32),
                llama_layers=(0, 1),
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=make_flow_vae(4),
            text_encoder=make_clip(projection=True, length=128),
            tokenizer=make_clip_tokenizer(128),
            text_encoder_2=make_clip(projection=True, length=128),
            tokenizer_2=make_clip_tokenizer(128),
            text_encoder_3=make_t5(),
            tokenizer_3=make_t5_tokenizer(128),
            text_encoder_4=transformers.LlamaForCausalLM(llama),
            tokenizer_4=make_t5_tokenizer(128),
        )
    return _save(folder, pipeline)


def write_tiny_deepfloyd_if(folder: Path) -> Path:
    """Write the first stage of DeepFloyd IF, which draws pixels and has no autoencoder."""
    with seeded():
        pipeline = diffusers.IFPipeline(
            unet=diffusers.UNet2DConditionModel(
                sample_size=32,
                layers_per_block=1,
                block_out_channels=(16, 32),
                down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
                mid_block_type="UNetMidBlock2DSimpleCrossAttn",
                up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
                in_channels=3,
                out_channels=6,
                cross_attention_dim=32,
                encoder_hid_dim=32,
                attention_head_dim=8,
                addition_embed_type="text",
                addition_embed_type_num_heads=2,
                resnet_time_scale_shift="scale_shift",
                norm_num_groups=8,
                cross_attention_norm="group_norm",
                act_fn="gelu",
            ),
            scheduler=diffusers.DDPMScheduler(
                beta_schedule="squaredcos_cap_v2",
                thresholding=True,
                sample_max_value=1.0,
                variance_type="learned_range",
            ),
            text_encoder=make_t5(),
            tokenizer=make_t5_tokenizer(77),
            safety_checker=None,
            feature_extractor=None,
            watermarker=None,
            requires_safety_checker=False,
        )
    return _save(folder, pipeline)


def write_tiny_ddpm(folder: Path) -> Path:
    """Write a pipeline that Studio's table does not have: it draws from noise alone."""
    with seeded():
        unet = diffusers.UNet2DModel(
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            sample_size=32,
            in_channels=3,
            out_channels=3,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        )
        pipeline = diffusers.DDPMPipeline(unet=unet, scheduler=diffusers.DDPMScheduler())
    return _save(folder, pipeline)


def _save_network(folder: Path, network: Any) -> Path:
    with hush("diffusers", "transformers"):
        network.save_pretrained(folder, safe_serialization=True)
    return folder


def _fill_zeros(network: Any) -> Any:
    """Give a net that starts without effect one."""
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return network


def write_tiny_controlnet(folder: Path, model: Path) -> Path:
    """Write a ControlNet for a tiny Stable Diffusion, with or without XL."""
    with seeded(1):
        unet = diffusers.UNet2DConditionModel.from_pretrained(model / "unet")
        net = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 8))
        return _save_network(folder, _fill_zeros(net))


def write_tiny_sd3_controlnet(folder: Path, model: Path, **extra: Any) -> Path:
    """Write a ControlNet for a tiny Stable Diffusion 3."""
    with seeded(1):
        transformer = diffusers.SD3Transformer2DModel.from_pretrained(model / "transformer")
        settings = {name: transformer.config[name] for name in _SD3_SHARED}
        net = diffusers.SD3ControlNetModel(**settings, num_layers=1, **extra)
        return _save_network(folder, _fill_zeros(net))


_SD3_SHARED = (
    "sample_size",
    "patch_size",
    "in_channels",
    "attention_head_dim",
    "num_attention_heads",
    "joint_attention_dim",
    "caption_projection_dim",
    "pooled_projection_dim",
    "out_channels",
    "pos_embed_max_size",
)


def write_tiny_flux_controlnet(folder: Path, model: Path) -> Path:
    """Write a ControlNet for a tiny Flux."""
    with seeded(1):
        transformer = diffusers.FluxTransformer2DModel.from_pretrained(model / "transformer")
        names = (
            "in_channels",
            "attention_head_dim",
            "num_attention_heads",
            "joint_attention_dim",
            "pooled_projection_dim",
        )
        settings = {name: transformer.config[name] for name in (*names, "guidance_embeds", "axes_dims_rope")}
        net = diffusers.FluxControlNetModel(**settings, patch_size=1, num_layers=1, num_single_layers=1)
        return _save_network(folder, _fill_zeros(net))


def write_tiny_qwenimage_controlnet(folder: Path, model: Path) -> Path:
    """Write a ControlNet for a tiny Qwen-Image."""
    with seeded(1):
        transformer = diffusers.QwenImageTransformer2DModel.from_pretrained(model / "transformer")
        names = ("in_channels", "out_channels", "attention_head_dim", "num_attention_heads", "joint_attention_dim")
        settings = {name: transformer.config[name] for name in (*names, "axes_dims_rope", "patch_size")}
        return _save_network(folder, _fill_zeros(diffusers.QwenImageControlNetModel(**settings, num_layers=1)))


_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_UNET = {
    r"conv_in\.": "input_blocks.0.0.",
    r"time_embedding\.linear_1": "time_embed.0",
    r"time_embedding\.linear_2": "time_embed.2",
    r"conv_norm_out": "out.0",
    r"conv_out": "out.2",
    r"mid_block\.resnets\.0": "middle_block.0",
    r"mid_block\.attentions\.0": "middle_block.1",
    r"mid_block\.resnets\.1": "middle_block.2",
}
_VAE = {
    r"mid_block\.resnets\.0": "mid.block_1",
    r"mid_block\.resnets\.1": "mid.block_2",
    r"mid_block\.attentions\.0": "mid.attn_1",
    r"group_norm": "norm",
    r"to_q\b": "q",
    r"to_k\b": "k",
    r"to_v\b": "v",
    r"to_out\.0": "proj_out",
    r"conv_norm_out": "norm_out",
    r"conv_shortcut": "nin_shortcut",
}


def write_tiny_checkpoint(path: Path, folder: Path) -> Path:
    """Write a tiny Stable Diffusion 1.5, two levels of one layer, as one file with the names of its first authors."""
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, tensor in load_file(folder / "unet" / "diffusion_pytorch_model.safetensors").items():
        tensors[f"model.diffusion_model.{_name_unet(name)}"] = tensor
    for name, tensor in load_file(folder / "vae" / "diffusion_pytorch_model.safetensors").items():
        projection = ".mid_block.attentions." in name and name.endswith("weight") and tensor.dim() == 2
        tensors[f"first_stage_model.{_name_vae(name)}"] = tensor[..., None, None] if projection else tensor
    for name, tensor in load_file(folder / "text_encoder" / "model.safetensors").items():
        tensors[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = tensor
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return path


def _rename(name: str, table: dict[str, str]) -> str:
    for pattern, replacement in table.items():
        name = re.sub(pattern, replacement, name)
    return name


def _name_unet(name: str) -> str:
    side, _, _ = name.partition("_blocks.")
    if side in ("down", "up"):
        level, kind, index, rest = re.fullmatch(r"\w+_blocks\.(\d)\.(\w+)\.(\d)\.(.+)", name).groups()  # type: ignore[union-attr]
        block = 2 * int(level) + int(index) + (1 if side == "down" else 0)
        home = "input_blocks" if side == "down" else "output_blocks"
        if kind == "downsamplers":
            return f"input_blocks.{2 * (int(level) + 1)}.0.op.{rest.removeprefix('conv.')}"
        if kind == "upsamplers":
            return f"output_blocks.{2 * int(level) + 1}.2.{rest}"
        rest = _rename(rest, _RESNET) if kind == "resnets" else rest
        return f"{home}.{block}.{0 if kind == 'resnets' else 1}.{rest}"
    name = _rename(name, _UNET)
    return _rename(name, _RESNET) if name.startswith(("middle_block.0", "middle_block.2")) else name


def _name_vae(name: str) -> str:
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{1 - int(m[1])}.block.{m[2]}", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{1 - int(m[1])}.upsample", name)
    return _rename(name, _VAE)


Writer = Callable[[Path], Path]
WRITERS: dict[str, Writer] = {
    name.removeprefix("write_tiny_"): write
    for name, write in list(globals().items())
    if name.startswith("write_tiny_") and not name.endswith(("controlnet", "_pair", "_checkpoint"))
}
