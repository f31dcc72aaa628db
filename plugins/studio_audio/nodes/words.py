"""Music and sounds from words."""

from __future__ import annotations

from typing import Annotated

from studio.api import Audio, Context, Field, Migration, Model, ModelKinds, node


def _to_steps(steps: int | None) -> int | None:
    return steps or None


@node(
    "audio.from_text",
    lane="device",
    version="2.0",
    migrations={1: Migration(values={"steps": _to_steps})},
    origin="generated",
)
def make_from_text(
    ctx: Context,
    prompt: Annotated[str, Field(min_length=1, max_length=4000)],
    model: Annotated[Model, ModelKinds("composer")],
    *,
    negative_prompt: Annotated[str, Field(max_length=4000)] = "",
    seconds: Annotated[float, Field(ge=0.1, le=600, unit="seconds")] = 8.0,
    guidance_scale: Annotated[float, Field(ge=1, le=30, unit="factor")] | None = None,
    steps: Annotated[int | None, Field(ge=1, le=1000)] = None,
    temperature: Annotated[float, Field(ge=0.05, le=4, unit="factor")] = 1.0,
    top_k: Annotated[int, Field(ge=0, le=10_000)] = 250,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
    melody: Audio | None = None,
) -> Audio:
    """Generate music or other audio from text: MusicGen, AudioLDM2, Stable Audio, AudioLDM, MusicLDM.

    Studio includes no weights for it. For diffusion models the noise is made on the CPU, so that a seed gives the same
    noise on every device; MusicGen draws its tokens on the device of the run.

    Args:
        prompt: Description of the audio, in English, such as "slow jazz with a muted trumpet" or "rain on a tin roof".
        model: Weights, a folder of transformers (MusicGen) or of diffusers (the others); they decide the sample rate
            and the channels.
        negative_prompt: Description of what to avoid, not for MusicGen; used only if the guidance scale is over 1.
        seconds: Length of the audio, exact to the sample; at most 30 for MusicGen and 47 for Stable Audio Open.
        guidance_scale: How strictly to follow the prompt; 1 is without guidance. Null for the model's own value.
        steps: Denoising steps, not for MusicGen; more are better and slower. Null for the model's own number.
        temperature: Randomness of MusicGen: below 1 more predictable, above 1 more varied.
        top_k: Number of likeliest tokens that MusicGen chooses from; 0 for all.
        seed: Seed of the noise or the tokens; another seed gives different audio.
        melody: Melody that the music follows, hummed or played; its first 30 seconds are used. Only for MusicGen
            Melody.

    Raises:
        MediaError: E640 if that is longer than the model can make, E642 for a melody that is silent.
        ModelError: E648 if the model makes no audio from text or is not whole, E649 if it makes NaN.
    """
    from studio_audio.compose import Request, check_music_model, compose

    request = Request(
        prompt, negative_prompt.strip(), seconds, guidance_scale, steps or 0, temperature, top_k, seed, melody
    )
    with ctx.open(model) as opened:
        music_model = check_music_model(opened, model.reference)
        return compose(music_model, request, lambda done, total: ctx.step(done, total), ctx.log)
