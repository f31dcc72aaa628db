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
    origin="edited",
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
    """Transfer the timbre, the rhythm texture or the dynamics of other audio to audio, without weights.

    "bins" maps the levels of each frequency to the style's distribution (optimal transport in one dimension). "bands"
    does so in mel bands and keeps the notes. "network" optimizes for random filters (Ulyanov and Lebedev 2016),
    "patches" by sliced Wasserstein distances of patches (after Heitz et al. 2021); both are slow. "equalize" filters
    the content to the style's mean spectrum. "vocoder" gives the style the content's envelope (Dudley 1939). Phases
    come from the content (from the style for "vocoder"), and are adjusted by iterations of Griffin and Lim (1984).

    Args:
        content: Audio to change; its sample rate, length and channels stay.
        style: Audio to transfer from, of any sample rate, length and channels; its loudness is ignored.
        strength: Strength of the transfer: 0 gives the content, 1 the full change.
        transfer_timbre: Transfer the timbre, by the method.
        transfer_rhythm: Transfer how fast and how strongly each band rises and falls (the modulation spectrum).
        transfer_dynamics: Transfer the distribution of loudness; otherwise the loudness follows the content.
        method: Method of the transfer of timbre.
        phase_iterations: Number of iterations that adjust the phases.
        iterations: Optimizer steps, for "network" and "patches".
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
