"""Transfer of timbre, rhythm and dynamics."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Audio, Context, Field, Migration, node


@node(
    "audio.transfer",
    lane="device",
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "rounds": "iterations",
                "phase_rounds": "phase_iterations",
                "timbre": "transfer_timbre",
                "rhythm": "transfer_rhythm",
                "dynamics": "transfer_dynamics",
            }
        )
    },
)
def transfer_audio(
    ctx: Context,
    content: Audio,
    style: Audio,
    *,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    transfer_timbre: bool = True,
    transfer_rhythm: bool = False,
    transfer_dynamics: bool = False,
    method: Literal["bins", "bands", "network", "patches", "equalize", "vocoder"] = "bins",
    phase_iterations: Annotated[int, Field(ge=0, le=500)] = 16,
    iterations: Annotated[int, Field(ge=1, le=2000)] = 60,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Audio:
    """Give audio the timbre, the rhythm texture or the dynamics of another, on its spectrogram. Needs no weights.

    "bins" maps the levels of each frequency to the style's distribution (optimal transport in one dimension). "bands"
    does so in mel bands and leaves the notes as they are. "network" optimizes against random filters (Ulyanov and
    Lebedev 2016), "patches" by sliced Wasserstein distances of patches (after Heitz et al. 2021); both are slow.
    "equalize" filters the content to the style's mean spectrum. "vocoder" lets the style sound with the content's
    envelope (Dudley 1939). The phases are the content's (the style's for the vocoder), brought into agreement by
    Griffin and Lim's rounds (1984).

    Args:
        content: Audio to change; rate, length and channels stay.
        style: Audio to take from, of any rate, length and channels; its loudness does not count.
        strength: 0 gives the content back, 1 the full change.
        transfer_timbre: Take over the timbre, by the method.
        transfer_rhythm: Take over how fast and how strongly each band goes up and down (the modulation spectrum).
        transfer_dynamics: Take over the distribution of loudness; otherwise each moment is as loud as in the content.
        method: How the timbre is taken over.
        phase_iterations: How often the phases are improved.
        iterations: Steps of the optimizer, for "network" and "patches".
        seed: Seed of the random filters and directions of "network" and "patches".

    Raises:
        MediaError: E642 for a content or a style that is silent or shorter than 0.25 seconds; E503 for more samples
            than an hour of 48 kHz stereo has, as both are held whole.
    """
    from studio_audio.bounds import check_audible
    from studio_audio.channels import match_channels
    from studio_audio.resample import resample
    from studio_audio.transfer import Carry, transfer

    check_audible(content, 0.25, "a transfer")
    check_audible(style, 0.25, "a transfer")
    ctx.step(0, 0)
    model = match_channels(resample(style.samples, style.rate, content.rate), content.channels)
    changed = transfer(
        content.samples,
        model,
        content.rate,
        method=method,
        strength=strength,
        carry=Carry(transfer_timbre, transfer_rhythm, transfer_dynamics),
        phase_rounds=phase_iterations,
        rounds=iterations,
        seed=seed,
        device=ctx.device,
        step=lambda done, total: ctx.step(done, total),
    )
    return Audio(changed, content.rate)
