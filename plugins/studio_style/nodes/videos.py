"""Videos painted and colored, coherent from frame to frame."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from studio.api import Context, Field, Frame, Image, Migration, Video, check_inputs, node
from studio_style.checks import check_order, check_times, check_weights
from studio_style.nodes.transfer import Weights, read_styles

if TYPE_CHECKING:
    from studio_style.color_match import FloatArray


@node(
    "style.transfer_video",
    code=4,
    lane="device",
    check=check_inputs(check_weights),
    version="2.0",
    migrations={1: Migration(inputs={"weights": "style_weights"})},
    replaces="video.style",
    origin="edited",
)
def style_video(
    ctx: Context,
    video: Video,
    style: Image,
    *,
    more_styles: Annotated[list[Image], Field(max_length=7)] | None = None,
    style_weights: Weights | None = None,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    stroke_scale: Annotated[float, Field(ge=0.25, le=4, unit="factor")] = 1.0,
    keep_colors: bool = False,
    quality: Literal["draft", "standard", "fine"] = "draft",
    steadiness: Annotated[float, Field(ge=0, le=1)] = 0.8,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Video:
    """Repaint a video with the strokes and colors of one or more images; strokes follow the motion.

    Each scene starts as `style.transfer` paints an image. In the next frames, patches and colors of the previous frame
    are moved along the motion (dense inverse search, Kroeger et al. 2016), searched again from there, and held where
    the motion is reliable. Memory is constant for any length of video.

    Args:
        video: Video to repaint; its times, audio and alpha are kept.
        style: Image with the strokes and colors to use.
        more_styles: More images with strokes and colors to use; null for none.
        style_weights: Weight of each style, 0 or more: first of `style`, then of each of `more_styles`; null for equal
            weights.
        strength: Strength of the style: 0 gives the video, 1 the full style.
        stroke_scale: Size of the strokes; at 1 the style image is scaled to the area of a frame.
        keep_colors: Transfer only the strokes, in luma, and keep the video's colors.
        quality: Size of the painting and length of the search: "draft", "standard" or "fine".
        steadiness: How firmly strokes are held from frame to frame; 0 paints each frame independently.
        seed: Seed that chooses among equally good paintings.

    Raises:
        MediaError: E682 if weights and styles do not go together.
    """
    from studio_style.video_style import VideoStyle, paint_frames

    styles = read_styles([style, *(more_styles or ())], style_weights)
    how = VideoStyle(styles, strength, stroke_scale, keep_colors, quality, steadiness, seed, ctx.device)

    def change(frames: Iterator[Frame], on_work: Callable[[], None]) -> Iterator[FloatArray]:
        from studio_style.images import read_rgb

        return paint_frames((read_rgb(frame.image) for frame in frames), how, on_work)

    return _map_frames(ctx, video, change)


@node(
    "style.colorize_video",
    code=3,
    check=check_inputs(check_times, check_order),
    version="2.0",
    migrations={1: Migration(inputs={"key_frames": "keyframes", "times": "at_seconds", "strength": "saturation"})},
    replaces="video.colorize",
    origin="edited",
)
def colorize_video(
    ctx: Context,
    video: Video,
    keyframes: Annotated[list[Image], Field(min_length=1, max_length=1000)],
    *,
    at_seconds: Annotated[list[float], Field(unit="seconds")] | None = None,
    saturation: Annotated[float, Field(ge=0, le=2, unit="factor")] = 1.0,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Video:
    """Color a black-and-white video from one or more color images; the luma stays.

    A keyframe gives its colors to the frame at its time, place by place, and the motion carries them on (dense inverse
    search, Kroeger et al. 2016). After a cut, the keyframe that shows the new scene is used, whether it was used before
    or not. A scene without such a keyframe is colored as `style.colorize` does from an exemplar; a warning names it.
    Memory is constant for any length of video.

    Args:
        video: Video to color; its own colors are ignored; times, audio and alpha are kept.
        keyframes: Frames in color, in order, for example from `style.colorize`.
        at_seconds: Times from which each keyframe counts, ascending; null uses the first from the start, and the next
            one after each cut.
        saturation: Factor for the saturation of the result; 1 changes nothing.
        seed: Seed that chooses the samples of exemplars.

    Raises:
        MediaError: E685 if times are not as many as keyframes, or do not rise.
    """
    from studio_style.images import read_rgb
    from studio_style.video_color import KeyFrame, color_frames

    def on_guess(time: float) -> None:
        ctx.log(f"no keyframe shows what the video shows at {time:.2f} s; its colors there are a guess")

    check_times(at_seconds, keyframes)
    check_order(at_seconds)
    keys = [KeyFrame(read_rgb(key), at_seconds[index] if at_seconds else None) for index, key in enumerate(keyframes)]

    def change(frames: Iterator[Frame], on_work: Callable[[], None]) -> Iterator[FloatArray]:
        images = ((frame.time, read_rgb(frame.image)) for frame in frames)
        return color_frames(images, keys, strength=saturation, seed=seed, on_work=on_work, on_guess=on_guess)

    return _map_frames(ctx, video, change)


def _map_frames(
    ctx: Context, video: Video, change: Callable[[Iterator[Frame], Callable[[], None]], Iterator[FloatArray]]
) -> Video:
    """Return the video whose frames a generator makes of those of another, made afresh whenever it is read."""
    from studio_style.images import join_alpha

    total = video.count or 0

    def frames() -> Iterator[Frame]:
        waiting: list[Frame] = []
        made = itertools.count()
        done = 0

        def tell() -> None:
            ctx.step(done, total)

        def follow() -> Iterator[Frame]:
            for frame in video.frames():
                waiting.append(frame)
                yield frame

        for pixels in change(follow(), tell):
            done = next(made)
            frame = waiting.pop(0)
            image = join_alpha(pixels, frame.image)
            ctx.step(done, total, image if done % 24 == 0 else None)
            yield Frame(image, frame.time)

    return Video(
        frames,
        width=video.width,
        height=video.height,
        channels=max(3, video.channels),
        rate=video.rate,
        count=lambda: video.count,
        audio=lambda: video.audio,
        duration=lambda: video.duration,
    )
