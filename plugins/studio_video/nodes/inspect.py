"""Node types that say what is in a video."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from studio.api import SRGB, Context, Field, Image, JsonValue, Migration, Video, node
from studio_video.encodings import ANY_COLOR


class Facts(NamedTuple):
    """What a video is.

    Attributes:
        seconds: Length of the video in seconds.
        fps: Nominal frames per second.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        has_audio: True if the video has audio.
        facts: All of these as a JSON mapping, with `frames`, `channels`, and for the audio `sound_rate`,
            `sound_channels` and `sound_seconds`, and `color` unless it is sRGB.
    """

    seconds: float
    fps: float
    width: int
    height: int
    has_audio: bool
    facts: JsonValue


class Scenes(NamedTuple):
    """The scenes of a video.

    Attributes:
        starts: Start of each scene in seconds; the first is 0.
        images: First frame of each scene.
        scenes: JSON list of mappings with `start`, `end` and `frame`, the number of the first frame.
    """

    starts: list[float]
    images: list[Image]
    scenes: JsonValue


@node(
    "video.info",
    version="2.0",
    migrations={1: Migration(outputs={"rate": "fps", "has_sound": "has_audio"})},
    encodings=ANY_COLOR,
)
def describe_video(ctx: Context, video: Video) -> Facts:
    """Return a video's length, frame rate, size and audio.

    Args:
        video: Video to describe.
    """
    audio = video.audio
    count = video.count
    facts: dict[str, JsonValue] = {
        "seconds": video.duration,
        "frames": sum(1 for _ in video.frames()) if count is None else count,
        "rate": float(video.rate),
        "width": video.width,
        "height": video.height,
        "channels": video.channels,
        "sound_rate": None if audio is None else audio.rate,
        "sound_channels": None if audio is None else audio.channels,
        "sound_seconds": None if audio is None else audio.duration,
    }
    if video.color != SRGB:
        facts["color"] = str(video.color)
    return Facts(video.duration, float(video.rate), video.width, video.height, audio is not None, facts)


@node(
    "video.find_scenes",
    version="2.0",
    migrations={1: Migration(inputs={"shortest": "min_seconds", "most": "max_scenes"}, outputs={"pictures": "images"})},
    origin="unchanged",
)
def find_scenes(
    ctx: Context,
    video: Video,
    *,
    sensitivity: Annotated[float, Field(ge=0.1, le=10, unit="factor")] = 1.0,
    min_seconds: Annotated[float, Field(ge=0, le=3600, unit="seconds")] = 0.0,
    max_scenes: Annotated[int, Field(ge=1, le=10_000)] = 1000,
) -> Scenes:
    """Find the cuts between scenes of a video; dissolves, fades and flashes are not cuts.

    Args:
        video: Video to search.
        sensitivity: Sensitivity of the search: 2 finds changes half as large too, 0.5 only changes twice as large.
        min_seconds: Shortest scene; a shorter one is joined to the scene before it.
        max_scenes: Largest number of scenes; the search stops there.
    """
    from studio_video.scenes import find_starts

    found = find_starts(video, sensitivity, min_seconds, max_scenes, ctx.step)
    ends = [start for _, start, _ in found[1:]] + [video.duration]
    scenes = [{"start": s, "end": e, "frame": n} for (n, s, _), e in zip(found, ends, strict=True)]
    return Scenes([start for _, start, _ in found], [image for _, _, image in found], scenes)


NODE_TYPES: list[Callable[..., Any]] = [describe_video, find_scenes]
