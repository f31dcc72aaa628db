"""Node types that cut, join, crop, resize, retime and repeat videos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import (
    Added,
    Anchor,
    Color,
    Context,
    Field,
    Grammar,
    JsonValue,
    Migration,
    Placement,
    Video,
    check_inputs,
    node,
)
from studio_video.checks import check_ends, check_sides, check_span
from studio_video.encodings import ANY_COLOR
from studio_video.nodes.old_values import read_fit, read_pitch
from studio_video.span_list import parse_spans

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
Side = Annotated[int, Field(ge=1, le=32_000, unit="pixels")]
Place = Annotated[int, Field(ge=0, le=32_000, unit="pixels")]
Transition = Literal[
    "cut",
    "crossfade",
    "wipe_left",
    "wipe_right",
    "wipe_up",
    "wipe_down",
    "fade_black",
    "fade_white",
    "slide_left",
    "slide_right",
    "slide_up",
    "slide_down",
    "circle",
    "cover_left",
    "cover_right",
    "cover_up",
    "cover_down",
    "reveal_left",
    "reveal_right",
    "reveal_up",
    "reveal_down",
    "radial",
    "zoom",
    "blur",
]


class Shortened(NamedTuple):
    """What remains of a video, and where it was.

    Attributes:
        video: The spans that remain, one after the other.
        spans: JSON list of `[start, end]` in seconds: where each of them was.
    """

    video: Video
    spans: JsonValue


@node(
    "video.trim",
    check=check_inputs(check_span, check_ends),
    origin={"video": "edited", "video.audio": "edited"},
    encodings=ANY_COLOR,
)
def trim_video(
    ctx: Context,
    video: Video,
    *,
    start: Seconds = 0.0,
    end: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
    seconds: Annotated[float | None, Field(gt=0, le=86_400, unit="seconds"), Added] = None,
) -> Video:
    """Cut out the part of a video between two times, with its audio.

    Args:
        video: Video to cut.
        start: Start of the part; its first frame is the frame shown at this time.
        end: End of the part; null, without `seconds`, for the video's end.
        seconds: Length of the part, instead of `end`.

    Raises:
        MediaError: E701 if there is nothing between the two, or `end` and `seconds` are both given.
    """
    from studio_video.retime import trim

    check_ends(end, seconds)
    return trim(video, start, end if seconds is None else start + seconds)


@node("video.cut_spans", origin={"video": "edited", "video.audio": "edited"}, encodings=ANY_COLOR)
def cut_video_spans(
    ctx: Context,
    video: Video,
    spans: Annotated[JsonValue, Grammar("a list of spans", parse_spans)],
    *,
    keep: Literal["spans", "rest"] = "spans",
    fade_seconds: Annotated[float, Field(ge=0, le=1, unit="seconds")] = 0.005,
) -> Shortened:
    """Cut spans out of a video, with its audio: silence, pauses, single scenes.

    The `spans` of `audio.cut_silence` and the `scenes` of `video.find_scenes` fit. The frames come at the frame rate of
    the video; the audio is cut at the sample, so that both stay together.

    Args:
        video: Video to cut.
        spans: List of `[start, end]` in seconds, or of mappings with `start` and `end`, in any order; spans that
            overlap are joined.
        keep: What remains: the "spans", or the "rest" without them.
        fade_seconds: Time in which the audio fades out before a cut and in after it, so that nothing clicks.

    Raises:
        MediaError: E701 for invalid spans, or if nothing remains.
    """
    from studio_video.cut_spans import choose_spans, cut_spans

    kept = choose_spans(video, parse_spans(spans), keeps=keep == "spans")
    return Shortened(cut_spans(video, kept, fade_seconds), [list(span) for span in kept])


@node(
    "video.concatenate",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"seconds": "transition_seconds"})},
    origin={"video": "edited", "video.audio": "edited"},
)
def concatenate_videos(
    ctx: Context,
    videos: Annotated[list[Video], Field(min_length=1, max_length=1000)],
    *,
    transition: Transition = "cut",
    transition_seconds: Annotated[float, Field(gt=0, le=30, unit="seconds")] = 1.0,
) -> Video:
    """Join videos one after the other, with transitions between them; their audio crossfades.

    Videos of other sizes are fitted into the size of the first, with black bars and a warning. The result has the first
    video's frame rate; frames keep their times.

    Args:
        videos: Videos to join, in order.
        transition: Transition between two videos: none ("cut"), a dissolve, a wipe, a fade through black
            or white, a slide in which the next video pushes out the one before, a cover in which it moves over
            the one before, a reveal in which that one moves away, a circle that opens, a hand that turns clockwise
            from the top ("radial"), a zoom into the middle of the one before, or a blur that hides the change.
        transition_seconds: Length of a transition; the two videos overlap for this time.

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


@node("video.fade", origin="edited")
def fade_video(
    ctx: Context,
    video: Video,
    *,
    fade_in: Seconds = 1.0,
    fade_out: Seconds = 1.0,
    color: Annotated[Color, Field(max_length=40)] = "black",
) -> Video:
    """Fade a video in from a color at its start, and out to it at its end; the audio stays.

    `audio.fade` does the same to audio. A grey video becomes RGB if the color is not grey.

    Args:
        video: Video to fade.
        fade_in: Length of the fade at the start; 0 for none.
        fade_out: Length of the fade at the end; 0 for none.
        color: Color before the start and after the end; its alpha is ignored.
    """
    from studio_video.layers import fade
    from studio_video.shape import read_color

    return fade(video, fade_in, fade_out, read_color(color))


@node("video.crop", origin="edited", encodings=ANY_COLOR)
def crop_video(
    ctx: Context,
    video: Video,
    *,
    width: Side,
    height: Side,
    x: Place | None = None,
    y: Place | None = None,
    anchor: Annotated[Anchor, Added] = "center",
) -> Video:
    """Cut the same rectangle out of every frame.

    Args:
        video: Video to crop.
        width: Width of the rectangle.
        height: Height of the rectangle.
        x: Left edge of the rectangle, instead of the anchor; null for the place that the anchor gives.
        y: Top edge of the rectangle, instead of the anchor; null for the place that the anchor gives.
        anchor: Place of the rectangle on the video.

    Raises:
        MediaError: E701 if the part is not inside the video.
    """
    from studio_video.shape import crop

    left, top = Placement(anchor, 0, x, y).find((width, height), (video.width, video.height))
    return crop(video, max(left, 0), max(top, 0), width, height)


@node(
    "video.resize",
    check=check_inputs(check_sides),
    version="2.0",
    migrations={1: Migration(inputs={"mode": "fit", "color": "background"}, values={"fit": read_fit})},
    origin="edited",
    encodings=ANY_COLOR,
)
def resize_video(
    ctx: Context,
    video: Video,
    *,
    width: Side | None = None,
    height: Side | None = None,
    scale: Annotated[float | None, Field(gt=0, le=64, unit="factor")] = None,
    megapixels: Annotated[float | None, Field(gt=0, le=1000, unit="megapixels"), Added] = None,
    longer_side: Annotated[Side | None, Added] = None,
    shorter_side: Annotated[Side | None, Added] = None,
    only: Annotated[Literal["always", "shrink", "enlarge"], Added] = "always",
    fit: Literal["contain", "cover", "stretch", "pad"] = "stretch",
    method: Literal["auto", "area", "bicubic", "lanczos", "bilinear", "nearest"] = "auto",
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 1,
    background: Annotated[Color, Field(max_length=40)] = "black",
) -> Video:
    """Resize a video.

    Set `scale`, or `width` or `height` (the other follows), or both and `fit`, or `megapixels`, or one of the sides.

    Args:
        video: Video to resize.
        width: Width of the result; null follows from the height or the scale.
        height: Height of the result; null follows from the width or the scale.
        scale: Factor for both sides, instead of a width and a height.
        megapixels: Area of a frame in millions of pixels; its shape stays.
        longer_side: Length of the longer side; the other follows.
        shorter_side: Length of the shorter side; the other follows.
        only: Resize only videos that get smaller ("shrink") or larger ("enlarge") by it; others stay as they are.
        fit: How a frame fits a given width and height: "contain" keeps it inside, "cover" fills them and cuts the rest
            off, "stretch" changes its shape, "pad" keeps it inside and adds bars.
        method: Filter: "auto" averages to shrink and is bicubic to enlarge; "area" averages, "nearest" keeps the
            samples.
        multiple_of: Round both sides to multiples of this number: 2 for players, 8 or 16 for networks.
        background: Color of the bars for "pad"; its alpha is ignored.

    Raises:
        MediaError: E701 for no size, two sizes or one too large.
    """
    from studio_video.shape import choose_size, fit_inside, is_wanted, read_color, resize_frames

    source = (video.width, video.height)
    size = choose_size(
        source,
        width,
        height,
        scale,
        multiple_of,
        megapixels=megapixels,
        longer_side=longer_side,
        shorter_side=shorter_side,
    )
    both = width is not None and height is not None
    if both and fit == "contain":
        size = fit_inside(source, size)
    if not is_wanted(source, size, only):
        return video
    whole = fit if both and fit != "contain" else "stretch"
    return resize_frames(video, size, whole, method, read_color(background))


@node(
    "video.speed",
    version="2.0",
    code=2,
    migrations={1: Migration(inputs={"factor": "speed", "pitch": "keep_pitch"}, values={"keep_pitch": read_pitch})},
    origin={"video": "edited", "video.audio": "edited"},
    encodings=ANY_COLOR,
)
def change_video_speed(
    ctx: Context,
    video: Video,
    *,
    speed: Annotated[float, Field(ge=0.05, le=100, unit="factor")] = 2.0,
    keep_pitch: bool = True,
) -> Video:
    """Play a video faster or slower; the audio follows.

    The frame rate stays: a faster video drops frames, a slower one shows each frame longer. Frames with uneven times
    keep them in proportion; those too fast for the frame rate are left out. For slow motion with new frames in
    between, add `video.interpolate` after this node.

    Args:
        video: Video to change.
        speed: Factor for the speed: 2 is twice as fast, 0.5 half as fast.
        keep_pitch: Keep the pitch of the audio; otherwise it rises and falls with the speed.
    """
    from studio_video.retime import change_speed

    return change_speed(video, speed, keep_pitch=keep_pitch)


@node("video.reverse", origin={"video": "edited", "video.audio": "edited"}, encodings=ANY_COLOR)
def reverse_video(ctx: Context, video: Video) -> Video:
    """Play a video and its audio backwards, in constant memory.

    Args:
        video: Video to reverse.
    """
    from studio_video.retime import reverse

    return reverse(video)


@node(
    "video.loop",
    version="2.0",
    migrations={1: Migration(inputs={"times": "count"})},
    origin={"video": "edited", "video.audio": "edited"},
    encodings=ANY_COLOR,
)
def loop_video(
    ctx: Context,
    video: Video,
    *,
    count: Annotated[int, Field(ge=1, le=10_000)] = 2,
    seconds: Annotated[float | None, Field(gt=0, le=86_400, unit="seconds"), Added] = None,
    back_and_forth: Annotated[bool, Added] = False,
) -> Video:
    """Play a video several times, one after the other.

    Args:
        video: Video to repeat.
        count: Number of times that the video plays.
        seconds: Length of the result, instead of `count`; the last time is cut.
        back_and_forth: Play the video backwards after each time, with its audio.

    Raises:
        MediaError: E701 for a length of more than 10,000 times.
    """
    from studio_video.hold import loop

    return loop(video, count, seconds, back_and_forth=back_and_forth)


@node("video.freeze", origin={"video": "edited", "video.audio": "edited"}, encodings=ANY_COLOR)
def freeze_video(
    ctx: Context,
    video: Video,
    *,
    at: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
    seconds: Annotated[float, Field(gt=0, le=3600, unit="seconds")] = 1.0,
) -> Video:
    """Freeze a video: it stands still for a time, in silence, and then continues.

    Args:
        video: Video to freeze.
        at: Time of the frame that stays; null for the last one, so that the video ends later.
        seconds: Length of the pause.

    Raises:
        MediaError: E701 if the video ends before `at`.
    """
    from studio_video.hold import freeze

    return freeze(video, at, seconds)


@node(
    "video.stabilize",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"seconds": "smoothing_seconds", "most_zoom": "max_zoom"})},
    origin="enhanced",
)
def stabilize_video(
    ctx: Context,
    video: Video,
    *,
    smoothing_seconds: Annotated[float, Field(gt=0, le=60, unit="seconds")] = 1.0,
    max_zoom: Annotated[float, Field(ge=1, le=2, unit="factor")] = 1.2,
) -> Video:
    """Stabilize a shaky video: the camera's path is found and smoothed, and the frames are moved to the smooth path.

    Shifts and rotations are corrected, parallax is not. The video is enlarged to hide moved edges; where `max_zoom` is
    not enough, the edges repeat the nearest color.

    Args:
        video: Video to stabilize.
        smoothing_seconds: Time over which the camera's path is smoothed; a longer time gives a steadier video.
        max_zoom: Largest factor by which the video is enlarged to hide moved edges.
    """
    from studio_video.stabilize import find_zoom, measure_path, smooth_path, stabilize

    path = measure_path(video, ctx.step)
    smooth = smooth_path(path, smoothing_seconds * float(video.rate) / 2)
    zoom = find_zoom(video, smooth - path, max_zoom)
    return stabilize(video, path, smooth, zoom)


@node("video.deinterlace", origin="enhanced")
def deinterlace_video(
    ctx: Context, video: Video, *, field_order: Literal["top", "bottom"] = "top", double_rate: bool = False
) -> Video:
    """Deinterlace a video: turn frames of two interleaved fields into whole frames, with FFmpeg's bwdif.

    `video.load` does so where a file says that it is interlaced. This node type is for files that do not say it, or
    say the wrong order, and for one frame per field.

    Args:
        video: Video with two fields in each frame, unscaled.
        field_order: Field that is earlier: the one with the "top" row, as in HD and PAL, or the "bottom" one, as in DV.
        double_rate: Make a frame of each field, at twice the rate; motion is as smooth as it was recorded.
    """
    from studio_video.deinterlace import deinterlace

    return deinterlace(video, field_order, doubles=double_rate)


NODE_TYPES: list[Callable[..., Any]] = [
    trim_video,
    cut_video_spans,
    concatenate_videos,
    fade_video,
    crop_video,
    resize_video,
    change_video_speed,
    reverse_video,
    loop_video,
    freeze_video,
    stabilize_video,
    deinterlace_video,
]
