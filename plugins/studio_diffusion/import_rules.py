"""What ComfyUI's nodes for models, prompts, latents and sampling mean."""

from __future__ import annotations

from studio.api.foreign import ImportRule
from studio_diffusion.importing.decoding import DECODING_RULES
from studio_diffusion.importing.image_prompts import IMAGE_PROMPT_RULES
from studio_diffusion.importing.latents import LATENT_RULES
from studio_diffusion.importing.loaders import LOADER_RULES
from studio_diffusion.importing.music import MUSIC_RULES
from studio_diffusion.importing.packages import PACKAGE_RULES
from studio_diffusion.importing.prompts import PROMPT_RULES
from studio_diffusion.importing.sampling import SAMPLING_RULES
from studio_diffusion.importing.stages import STAGE_RULES
from studio_diffusion.importing.video_latents import VIDEO_RULES

RULES: dict[str, ImportRule] = {
    **LOADER_RULES,
    **PROMPT_RULES,
    **IMAGE_PROMPT_RULES,
    **LATENT_RULES,
    **VIDEO_RULES,
    **SAMPLING_RULES,
    **STAGE_RULES,
    **MUSIC_RULES,
    **DECODING_RULES,
    **PACKAGE_RULES,
}
"""Rules by class."""
