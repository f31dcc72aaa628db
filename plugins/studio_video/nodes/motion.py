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
    origin="enhanced",
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
    """Change a video's frame rate, or slow it down, with new frames along the motion between frames.

    Frames at uneven times become even; the length and the audio stay. A frame at the time of an existing frame is that
    frame. Frames before and after a cut are not mixed.

    Args:
        video: Video to interpolate.
        fps: Frames per second of the result, also lower than the video's; 23.976, 29.97 and 59.94 mean the exact
            television rates. Null keeps the video's rate.
        speed: Factor for the speed: 0.5 plays the video half as fast. Its audio becomes slower and lower.
        method: How to make new frames: "flow" follows the motion (optical flow), "blend" mixes two frames, "repeat"
            repeats a frame.
        detect_cuts: Find cuts, and do not mix the frames before and after them.

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
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"noise": "sigma", "radius": "frames_around"}, values={"sigma": zero_to_estimate})},
    origin="enhanced",
)
def denoise_video(
    ctx: Context,
    video: Video,
    *,
    sigma: Annotated[float | None, Field(gt=0, le=0.5, unit="share")] = None,
    frames_around: Annotated[int, Field(ge=1, le=8, unit="frames")] = 2,
    spatial: Annotated[float, Field(ge=0, le=1)] = 1.0,
) -> Video:
    """Remove noise and grain from a video by averaging neighboring frames along the motion.

    Where neighboring frames differ after motion compensation they are not averaged, so nothing smears. The remaining
    noise is smoothed within the frame.

    Args:
        video: Video to denoise.
        sigma: Standard deviation of the noise, for samples from 0 to 1; null estimates it in each frame.
        frames_around: Number of frames used before and after each frame; more is better for calm scenes, and slower.
        spatial: Strength of the smoothing within the frame (non-local means); 0 for none.
    """
    from studio_video.denoise import reduce_noise

    return reduce_noise(video, noise=sigma or 0.0, radius=frames_around, spatial=spatial, step=ctx.step)


@node("video.deflicker", origin="enhanced")
def deflicker_video(
    ctx: Context,
    video: Video,
    *,
    guide: Video | None = None,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
) -> Video:
    """Remove flicker from a video whose frames were processed one by one: restyled, recolored or enlarged.

    Each frame is pulled towards the frame before it, along the motion of the guide, wherever the guide does not change
    along that motion. Flicker that is in the video and not in the guide is removed (after Bonneel et al. 2015).

    Args:
        video: Processed video to remove flicker from.
        guide: Video before processing, with as many frames, of any size; null uses the processed video itself, which
            removes only slight flicker.
        strength: Strength of the effect: 0 changes nothing, 1 removes the most flicker and loses some detail.

    Raises:
        MediaError: E716 if the guide has more or fewer frames than the video.
    """
    from studio_video.deflicker import reduce_flicker

    return reduce_flicker(video, guide, strength=strength, step=ctx.step)


NODE_TYPES = find_node_types(sys.modules[__name__])
