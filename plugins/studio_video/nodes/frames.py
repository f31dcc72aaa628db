"""Node types between films and pictures."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

from studio.api import Audio, Context, Field, Image, Video, node

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
End = Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")]


@node("video.frames")
def take_video_frames(
    ctx: Context,
    video: Video,
    *,
    count: Annotated[int, Field(ge=1, le=10_000)] = 8,
    start: Seconds = 0.0,
    end: End = None,
    times: Annotated[list[float] | None, Field(max_length=10_000)] = None,
) -> list[Image]:
    """Take pictures out of a film: so many, evenly spread, or those at given times.

    A node type that takes a picture runs over a film's frames without this node, and holds none of them.

    Args:
        video: Film.
        count: How many.
        start: From when on.
        end: Until when; without it to the end.
        times: Seconds of the pictures instead, in any order.

    Raises:
        MediaError: E701 for a time outside of the film.
    """
    from studio.api import MediaError
    from studio_video.pictures import spread_times, take_frames

    if not times:
        return take_frames(video, spread_times(video, count, start, end))
    if min(times) < 0 or max(times) > video.duration:
        told = f"the film lasts {video.duration:g} s, and pictures at {min(times):g} to {max(times):g} s are wanted"
        raise MediaError("E701", told, hint="ask for times inside the film")
    order = sorted(range(len(times)), key=lambda index: times[index])
    found = take_frames(video, [times[index] for index in order])
    placed = dict(zip(order, found, strict=True))
    return [placed[index] for index in range(len(times))]


@node("video.from_frames")
def make_video(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=1_000_000)],
    *,
    rate: Annotated[float, Field(gt=0, le=1000, unit="frames per second")] = 25.0,
    audio: Audio | None = None,
) -> Video:
    """Make a film of pictures; those of other sizes are fitted to the first, with black bars.

    Args:
        images: The pictures, in order.
        rate: Frames per second.
        audio: Sound for the film.
    """
    from studio_video.pictures import join_pictures

    return join_pictures(images, Fraction(rate).limit_denominator(100_000), audio)


@node("video.contact_sheet")
def make_contact_sheet(
    ctx: Context,
    video: Video,
    *,
    count: Annotated[int, Field(ge=1, le=1000)] = 12,
    columns: Annotated[int, Field(ge=1, le=100)] = 4,
    width: Annotated[int, Field(ge=16, le=4096, unit="pixels")] = 320,
    start: Seconds = 0.0,
    end: End = None,
    labels: bool = True,
) -> Image:
    """Lay pictures of a film out on a sheet, each with its time.

    Args:
        video: Film.
        count: How many pictures, evenly spread.
        columns: Pictures in a row.
        width: Columns of each picture.
        start: From when on.
        end: Until when; without it to the end.
        labels: Write the time below each.

    Raises:
        MediaError: E701 if the film ends before `start`.
    """
    from studio_video.pictures import make_sheet, spread_times, take_frames

    times = spread_times(video, count, start, end)
    return make_sheet(take_frames(video, times), times, columns, width, labels=labels)


NODE_TYPES: list[Callable[..., Any]] = [take_video_frames, make_video, make_contact_sheet]
