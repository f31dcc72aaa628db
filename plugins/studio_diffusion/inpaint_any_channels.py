"""Inpainting for Stable Diffusion 3 models whose latents have another number of channels than 16."""

from __future__ import annotations

import functools
from typing import Any

import diffusers as untyped_diffusers

diffusers: Any = untyped_diffusers

_EXPECTED = 16


class AnyChannelsInpaintPipeline(diffusers.StableDiffusion3InpaintPipeline):  # type: ignore[misc]
    """The stock pipeline, which knows 16 latent channels from 33 of an inpainting model and refuses all others.

    It reads the count for that decision alone; shapes come from the autoencoder. So the config says 16 while it runs.
    """

    @functools.wraps(diffusers.StableDiffusion3InpaintPipeline.__call__)
    def __call__(self, *args: Any, **options: Any) -> Any:
        true = self.transformer.config.in_channels
        self.transformer.register_to_config(in_channels=_EXPECTED)
        try:
            return super().__call__(*args, **options)
        finally:
            self.transformer.register_to_config(in_channels=true)
