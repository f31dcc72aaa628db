"""Node types that draw images and words over videos, and mix their audio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from studio.api import Audio, Color, Context, Field, File, Image, Migration, Video, check_inputs, node, parse_color
from studio_video.checks import check_font
from studio_video.nodes.old_values import read_box, read_position, read_sound
from studio_video.subtitles import Subtitles

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
Anchor = Literal["center", "top", "bottom", "left", "right", "top_left", "top_right", "bottom_left", "bottom_right"]
Place = Annotated[int | None, Field(ge=-32_000, le=32_000, unit="pixels")]


@node("video.overlay", version="2.0", migrations={1: Migration(inputs={"picture": "image", "corner": "anchor"})})
def overlay_video(
    ctx: Context,
    video: Video,
    image: Image,
    *,
    anchor: Anchor = "bottom_right",
    x: Place = None,
    y: Place = None,
    scale: Annotated[float | None, Field(gt=0, le=4, unit="share")] = None,
    margin: Annotated[int, Field(ge=0, le=10_000, unit="pixels")] = 16,
    opacity: Annotated[float, Field(ge=0, le=1)] = 1.0,
    start: Seconds = 0.0,
    end: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
) -> Video:
    """Draw an image, such as a logo, over a video for some time; its alpha counts.

    Args:
        video: Video below the image.
        image: Image above; what sticks out is not shown.
        anchor: Where the image lies.
        x: Column of the image's left edge instead.
        y: Row of the image's top edge instead.
        scale: Width of the image as a share of the video's; without it the image keeps its size.
        margin: Distance from the edges of the video.
        opacity: How much of it shows.
        start: From when on.
        end: Until when; without it to the end.
    """
    from studio_video.layers import overlay_image, place
    from studio_video.shape import scale_to

    if scale is not None:
        width = max(1, round(video.width * scale))
        size = width, max(1, round(width * image.height / image.width))
        image = Image(scale_to(image.to_uint8(), size))
    at = place(anchor, (video.width, video.height), (image.width, image.height), margin)
    left, top = at[0] if x is None else x, at[1] if y is None else y
    return overlay_image(video, image, left, top, opacity, start, end)


@node(
    "video.picture_in_picture",
    version="2.0",
    migrations={1: Migration(inputs={"corner": "anchor", "sound": "audio_from"}, values={"audio_from": read_sound})},
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
) -> Video:
    """Show one video small in a corner of another, as long as it lasts.

    Args:
        video: Video below the other.
        inset: Video above the other.
        anchor: Where the inset lies.
        scale: Width of the inset as a share of the video's.
        margin: Distance from the edges of the video.
        border: Width of the white border.
        start: When the inset begins.
        audio_from: Whose audio is heard: that of the video below, of the inset, or both.
    """
    from studio_video.layers import lay_inset

    return lay_inset(video, inset, anchor, scale, margin, border, start, audio_from)


@node(
    "video.draw_subtitles",
    check=check_inputs(check_font),
    version="2.0",
    migrations={
        1: Migration(
            inputs={"size": "font_scale", "box": "background", "position": "anchor"},
            values={"anchor": read_position, "background": read_box},
        )
    },
    replaces="video.captions",
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

    Args:
        video: Video to draw into.
        subtitles: SubRip or WebVTT text, as `speech.say` and `speech.subtitles` give it.
        font_scale: Height of the letters' em, as a share of the video's height.
        color: Color of the letters.
        background: Color of the box behind the letters; null draws an outline instead.
        anchor: Where the letters are.
        delay: Seconds by which they come later, or, below 0, earlier.
        font_file: A TrueType or OpenType file; without it DejaVu Sans, which has Latin, Greek, Cyrillic and some more.

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


@node("video.mux")
def mux_video(
    ctx: Context,
    video: Video,
    audio: Audio,
    *,
    mode: Literal["replace", "mix"] = "replace",
    delay: Annotated[float, Field(ge=-86_400, le=86_400, unit="seconds")] = 0.0,
    gain: Annotated[float, Field(ge=-120, le=60, unit="dB")] = 0.0,
) -> Video:
    """Give a video audio, cut or padded with silence to the video's length.

    Args:
        video: Video to give audio to.
        audio: Audio that the video gets.
        mode: Let it "replace" the video's own audio, or "mix" the two.
        delay: Seconds by which it begins later, or, below 0, by which its start is left out.
        gain: How much louder or softer it becomes.
    """
    from studio_video.audio import lay_audio

    return lay_audio(video, audio, delay, 10 ** (gain / 20), mixes=mode == "mix")


NODE_TYPES: list[Callable[..., Any]] = [overlay_video, inset_video, caption_video, mux_video]
