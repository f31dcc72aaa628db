"""Music and sounds from words."""

from __future__ import annotations

from typing import Annotated

from studio.api import Audio, Context, Field, Migration, Model, ModelKinds, node


def _to_steps(steps: int | None) -> int | None:
    return steps or None


@node("audio.from_text", lane="device", version="2.0", migrations={1: Migration(values={"steps": _to_steps})})
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
    """Make music or audio from words, with a network: MusicGen, AudioLDM2, Stable Audio, AudioLDM, MusicLDM.

    Noise is drawn on the CPU for diffusion models, so that a seed starts from the same noise everywhere; MusicGen draws
    its tokens where it runs. No weights come along.

    Args:
        prompt: What shall sound, in English: "slow jazz with a muted trumpet", "rain on a tin roof".
        model: Weights, a folder of transformers (MusicGen) or of diffusers (the others). The audio has its rate and
            channels.
        negative_prompt: What to keep out; not for MusicGen. It has an effect where the guidance scale is over 1.
        seconds: Length, exact to the sample. MusicGen makes 30 at most, Stable Audio Open 47.
        guidance_scale: How closely to keep to the words; 1 is without guidance. Null for the model's own.
        steps: Steps of diffusion, more are slower and better; null for the model's own. Not for MusicGen.
        temperature: MusicGen only: below 1 it keeps to what is likely, above 1 it dares.
        top_k: MusicGen only: among how many of the likeliest tokens it draws; 0 for all.
        seed: Seed of the noise or the tokens; another seed gives other audio.
        melody: MusicGen Melody only: a tune that the music follows, hummed or played; its first 30 seconds count.

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
