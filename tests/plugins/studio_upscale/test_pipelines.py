"""Upscaling pipelines of diffusers, opened by the plugin for diffusion and run by this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest

from studio.api import Image, Model, ModelError
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_upscale.nodes.images import enlarge_image
from studio_upscale.opener import UpscaleOpener
from tests.plugins.studio_diffusion.tiny_pipelines import (
    make_clip,
    make_clip_tokenizer,
    make_vae,
    seeded,
    write_tiny_sd15,
)

MODEL = Model("builtin:x4")


def _make_unet(channels: int, **extra: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=16,
        in_channels=channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=4,
        **extra,
    )


def _write_x4(folder: Path) -> Path:
    with seeded():
        pipeline = diffusers.StableDiffusionUpscalePipeline(
            vae=make_vae(blocks=3),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=_make_unet(7, num_class_embeds=1000),
            low_res_scheduler=diffusers.DDPMScheduler(),
            scheduler=diffusers.DDIMScheduler(prediction_type="v_prediction", clip_sample=False),
        )
        pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _write_latent_x2(folder: Path) -> Path:
    with seeded():
        unet = diffusers.UNet2DConditionModel(
            act_fn="gelu",
            attention_head_dim=8,
            norm_num_groups=None,
            block_out_channels=[32, 32, 64, 64],
            time_cond_proj_dim=160,
            conv_in_kernel=1,
            conv_out_kernel=1,
            cross_attention_dim=32,
            down_block_types=("KDownBlock2D", *["KCrossAttnDownBlock2D"] * 3),
            in_channels=8,
            mid_block_type=None,
            only_cross_attention=False,
            out_channels=5,
            resnet_time_scale_shift="scale_shift",
            time_embedding_type="fourier",
            timestep_post_act="gelu",
            up_block_types=(*["KCrossAttnUpBlock2D"] * 3, "KUpBlock2D"),
        )
        pipeline = diffusers.StableDiffusionLatentUpscalePipeline(
            vae=make_vae(blocks=4),
            text_encoder=make_clip(),
            tokenizer=make_clip_tokenizer(),
            unet=unet,
            scheduler=diffusers.EulerDiscreteScheduler(prediction_type="sample"),
        )
        pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _open(folder: Path) -> TestContext:
    assert not UpscaleOpener().can_open(folder, MODEL)
    opened = DiffusionOpener().open(folder, MODEL, device="cpu", dtype="float32")
    return TestContext(models={MODEL.reference: opened})


@pytest.mark.parametrize(("write", "scale"), [(_write_x4, 4), (_write_latent_x2, 2)])
def test_pipelines_of_diffusers_enlarge(write: Any, scale: int, tmp_path: Path) -> None:
    ctx = _open(write(tmp_path / "model"))
    image = Image(np.random.default_rng(0).integers(0, 256, (20, 28, 3)).astype(np.uint8))

    made = enlarge_image(ctx, image, scale=scale, model=MODEL, steps=2, prompt="a cat", seed=1)
    again = enlarge_image(ctx, image, scale=scale, model=MODEL, steps=2, prompt="a cat", seed=1)
    other = enlarge_image(ctx, image, scale=scale, model=MODEL, steps=2, prompt="a cat", seed=2)

    assert (made.width, made.height, made.channels) == (28 * scale, 20 * scale, 3)
    assert made == again
    assert made != other


def test_a_pipeline_that_draws_is_no_upscaler(tmp_path: Path) -> None:
    ctx = _open(write_tiny_sd15(tmp_path / "model"))

    with pytest.raises(ModelError) as caught:
        enlarge_image(ctx, Image(np.zeros((8, 8, 3), np.uint8)), model=MODEL)

    assert caught.value.code == "E692"
    assert "StableDiffusionPipeline" in caught.value.message
