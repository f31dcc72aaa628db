"""Node types between videos and images."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

from studio.api import Audio, Color, Context, Field, Image, Migration, Video, check_inputs, node, parse_color
from studio_video.checks import check_part, check_span, check_times
from studio_video.encodings import ANY_COLOR

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
End = Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")]


@node(
    "video.frames",
    check=check_inputs(check_times, check_part),
    version="2.0",
    migrations={1: Migration(inputs={"times": "at_seconds"})},
    origin="unchanged",
    encodings=ANY_COLOR,
)
def take_video_frames(
    ctx: Context,
    video: Video,
    *,
    count: Annotated[int, Field(ge=1, le=10_000)] = 8,
    start: Seconds = 0.0,
    end: End = None,
    at_seconds: Annotated[list[float] | None, Field(max_length=10_000, unit="seconds")] = None,
) -> list[Image]:
    """Take images out of a video: a number of evenly spaced frames, or the frames at given times.

    A node type that takes an image maps over a video's frames without this node, in constant memory.

    Args:
        video: Video to take images from.
        count: Number of images, evenly spaced.
        start: Start of the part to take images from.
        end: End of the part to take images from; null for the video's end.
        at_seconds: Times of the images, in any order, instead of `count`, `start` and `end`.

    Raises:
        MediaError: E701 for a time outside of the video.
    """
    from studio.api import MediaError
    from studio_video.images import spread_times, take_frames

    if not at_seconds:
        return take_frames(video, spread_times(video, count, start, end))
    check_times(at_seconds)
    if max(at_seconds) > video.duration:
        wanted = f"images at {min(at_seconds):g} to {max(at_seconds):g} s are wanted"
        message = f"the video lasts {video.duration:g} s, and {wanted}"
        raise MediaError("E701", message, hint="ask for times inside the video")
    order = sorted(range(len(at_seconds)), key=lambda index: at_seconds[index])
    found = take_frames(video, [at_seconds[index] for index in order])
    placed = dict(zip(order, found, strict=True))
    return [placed[index] for index in range(len(at_seconds))]


@node(
    "video.from_frames",
    version="2.0",
    migrations={1: Migration(inputs={"rate": "fps"})},
    origin="edited",
    encodings=ANY_COLOR,
)
def make_video(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=1_000_000)],
    *,
    fps: Annotated[float, Field(gt=0, le=1000, unit="frames per second")] = 25.0,
    audio: Audio | None = None,
) -> Video:
    """Make a video from images; images of other sizes are fitted to the first, with black bars.

    Args:
        images: The images, in order.
        fps: Frames per second of the video.
        audio: Audio of the video; null for none.
    """
    from studio_video.images import join_images

    return join_images(images, Fraction(fps).limit_denominator(100_000), audio)


@node("video.from_audio", origin="algorithmic")
def make_audio_video(
    ctx: Context,
    audio: Audio,
    *,
    width: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 1280,
    height: Annotated[int, Field(ge=8, le=8192, unit="pixels")] = 240,
    fps: Annotated[float, Field(ge=1, le=240, unit="frames per second")] = 25.0,
    bars: Annotated[int, Field(ge=4, le=1024)] = 64,
    seconds: Annotated[float, Field(ge=0.1, le=600, unit="seconds")] = 4.0,
    color: Color = "white",
    ahead_color: Color = "#ffffff60",
    background: Color = "transparent",
) -> Video:
    """Draw the waveform of audio as a video that moves with it, to be laid over an image with `image.composite`.

    A bar is as high as the RMS of its part of the time, relative to the loudest; silence is a dot. What is heard is in
    the middle, and bars fade at both sides.

    Args:
        audio: Audio to draw; the video has it, and its length.
        width: Width of the video.
        height: Height of the video, and of the loudest bar.
        fps: Frames per second of the video.
        bars: Number of bars in the width.
        seconds: Time that the width shows.
        color: Color of bars that were heard.
        ahead_color: Color of bars that come.
        background: Color behind the bars; may be transparent.

    Raises:
        MediaError: E504 for audio without samples.
    """
    from studio_video.waveform import Look, draw_waveform

    colors = (parse_color(color), parse_color(ahead_color), parse_color(background))
    look = Look(width, height, bars, seconds, *colors)
    return draw_waveform(audio, Fraction(fps).limit_denominator(100_000), look)


@node(
    "video.contact_sheet",
    check=check_inputs(check_span),
    version="2.0",
    code=2,
    migrations={1: Migration(inputs={"labels": "show_times"})},
    origin="edited",
)
def make_contact_sheet(
    ctx: Context,
    video: Video,
    *,
    count: Annotated[int, Field(ge=1, le=1000)] = 12,
    columns: Annotated[int, Field(ge=1, le=100)] = 4,
    width: Annotated[int, Field(ge=16, le=4096, unit="pixels")] = 320,
    start: Seconds = 0.0,
    end: End = None,
    show_times: bool = True,
) -> Image:
    """Arrange frames of a video on a sheet, each with its time.

    Args:
        video: Video to take frames from.
        count: Number of frames, evenly spaced.
        columns: Number of frames in a row.
        width: Width of each frame on the sheet.
        start: Start of the part to take frames from.
        end: End of the part to take frames from; null for the video's end.
        show_times: Write the time below each frame.

    Raises:
        MediaError: E701 if the video ends before `start`.
    """
    from studio_video.images import make_sheet, spread_times, take_frames

    times = spread_times(video, count, start, end)
    return make_sheet(take_frames(video, times), times, columns, width, labels=show_times)


NODE_TYPES: list[Callable[..., Any]] = [take_video_frames, make_video, make_audio_video, make_contact_sheet]
