"""Node types that follow motion: more frames a second, less noise, less flicker."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from studio.api import Context, Field, Migration, Video, find_node_types, node
from studio_video.nodes.old_values import read_slowdown, zero_to_estimate


@node(
    "video.interpolate",
    version="2.0",
    migrations={
        1: Migration(
            inputs={"rate": "fps", "slowdown": "speed", "cuts": "detect_cuts"}, values={"speed": read_slowdown}
        )
    },
)
def interpolate_video(
    ctx: Context,
    video: Video,
    *,
    fps: Annotated[float | None, Field(gt=0, le=1000, unit="frames per second")] = 60.0,
    speed: Annotated[float, Field(ge=0.01, le=1, unit="factor")] = 1.0,
    method: Literal["flow", "blend", "repeat"] = "flow",
    detect_cuts: bool = True,
) -> Video:
    """Bring a video to another frame rate, or slow it down, with new frames along the motion between the old ones.

    Frames may come at uneven times and leave at even ones; the length and the audio stay. A frame that falls on the
    time of an old one is that one. Nothing is mixed across a cut.

    Args:
        video: Video to interpolate.
        fps: Frames a second of the result; 23.976, 29.97 and 59.94 mean the exact rates of television. It may be
            lower than the video's. Empty for the video's own.
        speed: 0.5 plays it half as fast, so that it lasts twice as long. Its audio gets slower and deeper as well.
        method: "flow" moves things (optical flow), "blend" mixes two frames, "repeat" shows each frame longer.
        detect_cuts: Look for cuts. Without, what comes after one may be mixed into what was before.

    Raises:
        MediaError: E715 if that would be too many frames.
    """
    from fractions import Fraction

    from studio_video.interpolate import Tempo, find_rate, interpolate

    exact = video.rate if fps is None else find_rate(fps)
    return interpolate(
        video, Tempo(exact, Fraction(1 / speed).limit_denominator(10_000), method, detect_cuts), ctx.step
    )


@node(
    "video.denoise",
    version="2.0",
    migrations={1: Migration(inputs={"noise": "sigma", "radius": "frames_around"}, values={"sigma": zero_to_estimate})},
)
def denoise_video(
    ctx: Context,
    video: Video,
    *,
    sigma: Annotated[float | None, Field(gt=0, le=0.5, unit="share")] = None,
    frames_around: Annotated[int, Field(ge=1, le=8, unit="frames")] = 2,
    spatial: Annotated[float, Field(ge=0, le=1)] = 1.0,
) -> Video:
    """Take noise and grain out of a video: frames around each one are brought into place and averaged with it.

    What does not agree after its motion is followed is not averaged, so nothing smears. What noise is left is smoothed
    within the frame.

    Args:
        video: Video to denoise.
        sigma: Standard deviation of the noise, samples from 0 to 1; without it estimated in each frame.
        frames_around: Frames used before and after each; more is better for quiet scenes, and slower.
        spatial: How much of what is left is smoothed within the frame (non-local means); 0 for not at all.
    """
    from studio_video.denoise import reduce_noise

    return reduce_noise(video, noise=sigma or 0.0, radius=frames_around, spatial=spatial, step=ctx.step)


@node("video.deflicker")
def deflicker_video(
    ctx: Context,
    video: Video,
    *,
    guide: Video | None = None,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
) -> Video:
    """Make a video coherent whose frames were processed one by one: painted, recolored, enlarged, drawn over.

    Each frame is pulled towards the one before it, carried along the motion of the guide, wherever the guide does not
    change along that motion. What flickers in the video and not in its guide goes (after Bonneel et al. 2015).

    Args:
        video: The processed video.
        guide: The video that it was made from, with as many frames, of any size. Empty to go by the video itself, which
            takes out only what flickers a little.
        strength: 1 takes out all that can be, at the cost of some detail; 0 leaves the video as it is.

    Raises:
        MediaError: E716 if the guide has more or fewer frames than the video.
    """
    from studio_video.deflicker import reduce_flicker

    return reduce_flicker(video, guide, strength=strength, step=ctx.step)


NODE_TYPES = find_node_types(sys.modules[__name__])
