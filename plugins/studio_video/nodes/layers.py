"""Node types that draw images and words over videos, and mix their audio."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from studio.api import (
    Added,
    Anchor,
    Audio,
    Color,
    Context,
    Field,
    File,
    Image,
    Migration,
    Placement,
    Video,
    check_inputs,
    node,
    parse_color,
)
from studio_video.checks import check_font, check_span
from studio_video.encodings import ANY_COLOR
from studio_video.entrance import Entrance, Move
from studio_video.nodes.old_values import read_box, read_position, read_sound
from studio_video.subtitles import Subtitles

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
Place = Annotated[int, Field(ge=-32_000, le=32_000, unit="pixels")]


@node(
    "video.overlay",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"picture": "image", "corner": "anchor"})},
    origin="edited",
)
def overlay_video(
    ctx: Context,
    video: Video,
    image: Image,
    *,
    anchor: Anchor = "bottom_right",
    x: Place | None = None,
    y: Place | None = None,
    scale: Annotated[float | None, Field(gt=0, le=4, unit="share")] = None,
    margin: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 16,
    opacity: Annotated[float, Field(ge=0, le=1)] = 1.0,
    start: Seconds = 0.0,
    end: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
    enter: Annotated[Move, Added] = "none",
    leave: Annotated[Move, Added] = "none",
    move_seconds: Annotated[float, Field(ge=0.01, le=3600, unit="seconds"), Added] = 0.5,
    offset_x: Annotated[Place, Added] = 0,
    offset_y: Annotated[Place, Added] = 0,
) -> Video:
    """Draw an image, such as a logo, over a video for some time, with its alpha.

    A grey video becomes RGB if the image has color.

    Args:
        video: Video below the image.
        image: Image above; parts outside the video are cut off.
        anchor: Place of the image on the video.
        x: Left edge of the image, instead of the anchor; may be negative. Null for the place that the anchor gives.
        y: Top edge of the image, instead of the anchor; may be negative. Null for the place that the anchor gives.
        scale: Width of the image as a share of the video's width; null keeps the image's size.
        margin: Distance of the image from the edges of the video.
        opacity: Opacity of the image, from 0 to 1.
        start: Time at which the image appears.
        end: Time at which the image disappears; null for the video's end.
        enter: How the image appears: "fade"; "slide_right" and so on, from beyond an edge of the video in that
            direction; "wipe_right" and so on, uncovered in that direction. Slides and wipes become slower.
        leave: How it disappears, in the same words: "slide_left" leaves over the left edge. Slides and wipes become
            faster.
        move_seconds: Length of each of both.
        offset_x: Distance by which the image lies to the right of its place; may be negative.
        offset_y: Distance by which the image lies below its place; may be negative.
    """
    from studio_video.layers import overlay_image
    from studio_video.shape import scale_to

    if scale is not None:
        width = max(1, round(video.width * scale))
        size = width, max(1, round(width * image.height / image.width))
        image = Image(scale_to(image.stored, size))
    spot = Placement(anchor, margin, x, y, offset_x, offset_y)
    left, top = spot.find((image.width, image.height), (video.width, video.height))
    return overlay_image(video, image, left, top, opacity, start, end, Entrance(enter, leave, move_seconds))


@node(
    "video.picture_in_picture",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"corner": "anchor", "sound": "audio_from"}, values={"audio_from": read_sound})},
    origin={"video": "edited", "video.audio": "edited"},
)
def inset_video(
    ctx: Context,
    video: Video,
    inset: Video,
    *,
    anchor: Anchor = "bottom_right",
    scale: Annotated[float, Field(gt=0, le=1)] = 0.3,
    margin: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 16,
    border: Annotated[int, Field(ge=0, le=200, unit="pixels")] = 2,
    start: Seconds = 0.0,
    audio_from: Literal["video", "inset", "mix"] = "mix",
    x: Annotated[Place | None, Added] = None,
    y: Annotated[Place | None, Added] = None,
    offset_x: Annotated[Place, Added] = 0,
    offset_y: Annotated[Place, Added] = 0,
) -> Video:
    """Show a small video in a corner of another video.

    A grey video becomes RGB if the inset is not grey.

    Args:
        video: Video below the inset.
        inset: Small video above.
        anchor: Place of the inset on the video.
        scale: Width of the inset as a share of the video's width.
        margin: Distance of the inset from the edges of the video.
        border: Width of the white border around the inset.
        start: Time at which the inset appears.
        audio_from: Audio of the result: that of the video below, of the inset, or both mixed.
        x: Left edge of the border, instead of the anchor; may be negative. Null for the place that the anchor gives.
        y: Top edge of the border, instead of the anchor; may be negative. Null for the place that the anchor gives.
        offset_x: Distance by which the inset lies to the right of its place; may be negative.
        offset_y: Distance by which the inset lies below its place; may be negative.
    """
    from studio_video.layers import lay_inset

    spot = Placement(anchor, margin, x, y, offset_x, offset_y)
    return lay_inset(video, inset, spot, scale, border, start, audio_from)


@node("video.title", check=check_inputs(check_span, check_font), origin="edited")
def title_video(
    ctx: Context,
    video: Video,
    text: Annotated[str, Field(min_length=1, max_length=2000)],
    *,
    start: Seconds = 0.0,
    end: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
    anchor: Anchor = "center",
    margin: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 16,
    x: Place | None = None,
    y: Place | None = None,
    offset_x: Place = 0,
    offset_y: Place = 0,
    font_scale: Annotated[float, Field(gt=0, le=0.5, unit="share")] = 0.12,
    color: Annotated[Color, Field(max_length=40)] = "white",
    background: Annotated[Color | None, Field(max_length=40)] = None,
    enter: Move = "fade",
    leave: Move = "fade",
    move_seconds: Annotated[float, Field(ge=0.01, le=3600, unit="seconds")] = 0.5,
    font_file: File | None = None,
) -> Video:
    """Show a title in a video for some time; it fades, slides or is wiped in and out.

    For other fonts and layouts, draw the title with `image.draw_text` and lay it over with `video.overlay`. A grey
    video becomes RGB if letters or background have color.

    Args:
        video: Video below the title.
        text: Title; line breaks are kept, and long lines are wrapped.
        start: Time at which the title begins to appear.
        end: Time at which it is gone; null for the video's end.
        anchor: Place of the title on the video.
        margin: Distance of the title from the edges of the video that the anchor names.
        x: Left edge of the title, instead of the anchor; may be negative. Null for the place that the anchor gives.
        y: Top edge of the title, instead of the anchor; may be negative. Null for the place that the anchor gives.
        offset_x: Distance by which the title lies to the right of its place; may be negative.
        offset_y: Distance by which the title lies below its place; may be negative.
        font_scale: Font size (height of the em) as a share of the video's height.
        color: Color of the letters.
        background: Color of a box behind the letters; null draws an outline instead of a box.
        enter: How the title appears: "fade"; "slide_right" and so on, from beyond an edge of the video in that
            direction; "wipe_right" and so on, uncovered in that direction. Slides and wipes become slower.
        leave: How it disappears, in the same words: "slide_left" leaves over the left edge. Slides and wipes become
            faster.
        move_seconds: Length of each of both.
        font_file: TrueType or OpenType file; null for DejaVu Sans, which has Latin, Greek, Cyrillic and some other
            scripts.

    Raises:
        MediaError: E703 if the font is broken, E701 if the title ends before it begins.
    """
    from studio_video.captions import Style, draw_label, find_missing
    from studio_video.layers import overlay_image
    from studio_video.shape import read_color
    from studio_video.subtitles import Cue

    check_span(end, start)
    font = font_file.path if font_file is not None else None
    lines = tuple(text.splitlines())
    missing = find_missing([Cue(0.0, 0.0, lines)], font)
    if missing:
        ctx.log(f"the font lacks {missing[:40]!r}: give a font_file that has them")
    if not text.strip():
        return video
    box = parse_color(background) if background is not None else None
    style = Style(max(8, round(font_scale * video.height)), read_color(color), box, font=font)
    label = Image(draw_label(lines, video.width, style))
    spot = Placement(anchor, margin, x, y, offset_x, offset_y)
    left, top = spot.find((label.width, label.height), (video.width, video.height))
    return overlay_image(video, label, left, top, 1.0, start, end, Entrance(enter, leave, move_seconds))


@node(
    "video.draw_subtitles",
    code=2,
    check=check_inputs(check_font),
    version="2.0",
    migrations={
        1: Migration(
            inputs={"size": "font_scale", "box": "background", "position": "anchor"},
            values={"anchor": read_position, "background": read_box},
        )
    },
    replaces="video.captions",
    origin="edited",
)
def caption_video(
    ctx: Context,
    video: Video,
    subtitles: Subtitles,
    *,
    font_scale: Annotated[float, Field(gt=0, le=0.5, unit="share")] = 0.05,
    color: Annotated[Color, Field(max_length=40)] = "white",
    background: Annotated[Color | None, Field(max_length=40)] = "#00000099",
    anchor: Literal["bottom", "top", "center"] = "bottom",
    delay: Annotated[float, Field(ge=-86_400, le=86_400, unit="seconds")] = 0.0,
    font_file: File | None = None,
) -> Video:
    """Draw subtitles into a video.

    A grey video becomes RGB if letters or background have color.

    Args:
        video: Video to draw on.
        subtitles: SubRip or WebVTT text, such as the output of `speech.subtitles`.
        font_scale: Font size (height of the em) as a share of the video's height.
        color: Color of the letters.
        background: Color of the box behind the letters; null draws an outline instead of a box.
        anchor: Place of the subtitles on the video.
        delay: Time by which subtitles appear later; a negative time shows them earlier.
        font_file: TrueType or OpenType file; null for DejaVu Sans, which has Latin, Greek, Cyrillic and some other
            scripts.

    Raises:
        MediaError: E703 if the text contains no subtitle or the font is broken.
    """
    from studio_video.captions import Style, find_missing
    from studio_video.layers import burn_captions
    from studio_video.shape import read_color
    from studio_video.subtitles import Cue, parse_subtitles

    em = max(8, round(font_scale * video.height))
    font = font_file.path if font_file is not None else None
    box = parse_color(background) if background is not None else None
    style = Style(em, read_color(color), box, anchor, round(video.height * 0.04), font)
    cues = [Cue(cue.start + delay, cue.end + delay, cue.lines) for cue in parse_subtitles(subtitles)]
    missing = find_missing(cues, font)
    if missing:
        ctx.log(f"the font lacks {missing[:40]!r}: give a font_file that has them")
    return burn_captions(video, cues, style)


def find_mux_origin(inputs: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what giving a video audio does."""
    return {"video": "unchanged", "video.audio": "edited" if inputs["mode"] == "mix" else "from audio"}


@node("video.mux", origin=find_mux_origin, encodings=ANY_COLOR)
def mux_video(
    ctx: Context,
    video: Video,
    audio: Audio,
    *,
    mode: Literal["replace", "mix"] = "replace",
    delay: Annotated[float, Field(ge=-86_400, le=86_400, unit="seconds")] = 0.0,
    gain: Annotated[float, Field(ge=-120, le=60, unit="dB")] = 0.0,
) -> Video:
    """Add audio to a video, cut or padded with silence to the video's length.

    Args:
        video: Video to add the audio to.
        audio: Audio to add.
        mode: "replace" replaces the video's own audio, "mix" adds to it.
        delay: Time by which the audio starts later; a negative time cuts off its start.
        gain: Gain of the audio.
    """
    from studio_video.audio import lay_audio

    return lay_audio(video, audio, delay, 10 ** (gain / 20), mixes=mode == "mix")


@node("video.stack", origin={"video": "edited", "video.audio": "edited"})
def stack_videos(
    ctx: Context,
    videos: Annotated[list[Video], Field(min_length=1, max_length=64)],
    *,
    direction: Literal["right", "down", "grid"] = "right",
    columns: Annotated[int | None, Field(ge=1, le=64)] = None,
    gap: Annotated[int, Field(ge=0, le=1000, unit="pixels")] = 0,
    background: Annotated[Color, Field(max_length=40)] = "black",
    ends: Literal["longest", "shortest"] = "longest",
    audio_from: Literal["first", "mix", "none"] = "first",
) -> Video:
    """Show videos side by side, below each other or in a grid, all at the same time.

    The result has the frame rate and the color space of the first video. In a row all are as high as the first, in a
    column all as wide; in a grid all have its size, with bars where the shape differs.

    Args:
        videos: Videos to show, in order.
        direction: Where the next video lies; "grid" fills rows from the top left.
        columns: Number of videos in a row of a grid; null for about as many as rows.
        gap: Pixels between two videos.
        background: Color of gaps, bars and empty places; its alpha is ignored.
        ends: When the result ends: a shorter video shows its last frame until the "longest" is over, or all end with
            the "shortest".
        audio_from: Audio of the result: that of the "first" video, of all of them ("mix"), or "none".

    Raises:
        MediaError: E704 for more than 32,000 pixels a side.
    """
    from studio_video.shape import read_color
    from studio_video.stack import arrange
    from studio_video.stack import stack_videos as stack

    layout = arrange([(video.width, video.height) for video in videos], direction, columns, gap)
    return stack(videos, layout, read_color(background), ends, audio_from)


NODE_TYPES: list[Callable[..., Any]] = [
    overlay_video,
    inset_video,
    title_video,
    caption_video,
    mux_video,
    stack_videos,
]
