"""Node types that cut, join, crop, resize, retime and repeat videos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from studio.api import Color, Context, Field, Migration, Video, check_inputs, node
from studio_video.checks import check_sides, check_span
from studio_video.nodes.old_values import read_fit, read_pitch

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
Side = Annotated[int, Field(ge=1, le=32_000, unit="pixels")]
Place = Annotated[int, Field(ge=0, le=32_000, unit="pixels")]
Transition = Literal["cut", "crossfade", "wipe_left", "wipe_right", "wipe_up", "wipe_down", "fade_black", "fade_white"]


@node("video.trim", check=check_inputs(check_span))
def trim_video(
    ctx: Context,
    video: Video,
    *,
    start: Seconds = 0.0,
    end: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
) -> Video:
    """Cut out the part between two times, with its audio.

    Args:
        video: Video to cut.
        start: Where the part begins; the frame that shows then is its first.
        end: Where it ends; without it at the video's end.

    Raises:
        MediaError: E701 if there is nothing between the two.
    """
    from studio_video.retime import trim

    return trim(video, start, end)


@node("video.concatenate", version="2.0", migrations={1: Migration(inputs={"seconds": "transition_seconds"})})
def concatenate_videos(
    ctx: Context,
    videos: Annotated[list[Video], Field(min_length=1, max_length=1000)],
    *,
    transition: Transition = "cut",
    transition_seconds: Annotated[float, Field(gt=0, le=30, unit="seconds")] = 1.0,
) -> Video:
    """Put videos one after the other, with a transition between them; audio clips fade into each other meanwhile.

    Videos of other sizes than the first are fitted into it, with black bars and a warning. The result has the first
    video's rate; frames keep their times.

    Args:
        videos: The videos, in order.
        transition: What is between two: nothing, a dissolve, a wipe, or a fade through black or white.
        transition_seconds: How long a transition takes; the videos overlap so long.

    Raises:
        MediaError: E704 if a video is shorter than its transitions.
    """
    from studio_video.images import match_video
    from studio_video.retime import join_videos

    fitted = [match_video(video, videos[0]) for video in videos]
    for index, (video, made) in enumerate(zip(videos, fitted, strict=True)):
        if made is not video:
            ctx.log(f"video {index} was {video!r} and was fitted to {videos[0]!r}")
    return join_videos(fitted, transition, transition_seconds)


@node("video.crop")
def crop_video(
    ctx: Context, video: Video, *, width: Side, height: Side, x: Place | None = None, y: Place | None = None
) -> Video:
    """Cut a part out of every frame.

    Args:
        video: Video to crop.
        width: Columns of the part.
        height: Rows of the part.
        x: Column of its left edge; without it the part is in the middle.
        y: Row of its top edge; likewise.

    Raises:
        MediaError: E701 if the part is not inside the video.
    """
    from studio_video.shape import crop

    left = max(0, (video.width - width) // 2) if x is None else x
    top = max(0, (video.height - height) // 2) if y is None else y
    return crop(video, left, top, width, height)


@node(
    "video.resize",
    check=check_inputs(check_sides),
    version="2.0",
    migrations={1: Migration(inputs={"mode": "fit", "color": "background"}, values={"fit": read_fit})},
)
def resize_video(
    ctx: Context,
    video: Video,
    *,
    width: Side | None = None,
    height: Side | None = None,
    scale: Annotated[float | None, Field(gt=0, le=64, unit="factor")] = None,
    fit: Literal["contain", "cover", "stretch", "pad"] = "stretch",
    method: Literal["auto", "area", "bicubic", "lanczos", "bilinear", "nearest"] = "auto",
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 1,
    background: Annotated[Color, Field(max_length=40)] = "black",
) -> Video:
    """Resize a video. Give a scale, or one side (the other follows), or both sides and how to fit them.

    Args:
        video: Video to resize.
        width: Columns of the result.
        height: Rows of the result.
        scale: Factor per side instead.
        fit: With both sides: "contain" lies inside them, "cover" fills them and is cut, "stretch" changes the shape,
            "pad" lies inside them with bars.
        method: "auto" takes means to shrink and is bicubic to enlarge.
        multiple_of: Round the sides to multiples of this: 2 for players, 8 or 16 for networks.
        background: Color of the bars of "pad"; its alpha does not count.

    Raises:
        MediaError: E701 for no size, two sizes or one too large.
    """
    from studio_video.shape import choose_size, fit_inside, read_color, resize_frames

    size = choose_size((video.width, video.height), width, height, scale, multiple_of)
    both = width is not None and height is not None
    if both and fit == "contain":
        size = fit_inside((video.width, video.height), size)
    whole = fit if both and fit != "contain" else "stretch"
    return resize_frames(video, size, whole, method, read_color(background))


@node(
    "video.speed",
    version="2.0",
    migrations={1: Migration(inputs={"factor": "speed", "pitch": "keep_pitch"}, values={"keep_pitch": read_pitch})},
)
def change_video_speed(
    ctx: Context,
    video: Video,
    *,
    speed: Annotated[float, Field(ge=0.05, le=100, unit="factor")] = 2.0,
    keep_pitch: bool = True,
) -> Video:
    """Play a video faster or slower; the audio follows.

    The rate stays as it is: faster, frames are left out; slower, each shows longer. For slow motion with frames in
    between, put `video.interpolate` after it.

    Args:
        video: Video to play.
        speed: 2 is twice as fast, 0.5 half as fast.
        keep_pitch: Keep the pitch of the audio; without, it rises and falls with the speed, as on a tape.
    """
    from studio_video.retime import change_speed

    return change_speed(video, speed, keep_pitch=keep_pitch)


@node("video.reverse")
def reverse_video(ctx: Context, video: Video) -> Video:
    """Play a video and its audio from the end to the start, in constant memory.

    Args:
        video: Video to reverse.
    """
    from studio_video.retime import reverse

    return reverse(video)


@node("video.loop", version="2.0", migrations={1: Migration(inputs={"times": "count"})})
def loop_video(ctx: Context, video: Video, *, count: Annotated[int, Field(ge=1, le=10_000)] = 2) -> Video:
    """Play a video several times, one after the other.

    Args:
        video: Video to repeat.
        count: How often it plays.
    """
    from studio_video.retime import repeat_video

    return repeat_video(video, count)


@node(
    "video.stabilize",
    version="2.0",
    migrations={1: Migration(inputs={"seconds": "smoothing_seconds", "most_zoom": "max_zoom"})},
)
def stabilize_video(
    ctx: Context,
    video: Video,
    *,
    smoothing_seconds: Annotated[float, Field(gt=0, le=60, unit="seconds")] = 1.0,
    max_zoom: Annotated[float, Field(ge=1, le=2, unit="factor")] = 1.2,
) -> Video:
    """Hold a shaky video still: the camera's path is found, smoothed, and the frames are moved to the smooth one.

    Moves and turns are followed, not depth. The video is enlarged as far as its edges would show; beyond `max_zoom`
    they are filled with the color next to them.

    Args:
        video: Video to hold still.
        smoothing_seconds: Time over which the camera's moves are smoothed; more is steadier.
        max_zoom: Largest factor to enlarge by.
    """
    from studio_video.stabilize import find_zoom, measure_path, smooth_path, stabilize

    path = measure_path(video, ctx.step)
    smooth = smooth_path(path, smoothing_seconds * float(video.rate) / 2)
    zoom = find_zoom(video, smooth - path, max_zoom)
    return stabilize(video, path, smooth, zoom)


NODE_TYPES: list[Callable[..., Any]] = [
    trim_video,
    concatenate_videos,
    crop_video,
    resize_video,
    change_video_speed,
    reverse_video,
    loop_video,
    stabilize_video,
]
