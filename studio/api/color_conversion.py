"""Images, masks and videos from one color space to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from studio.api.color import SRGB, ColorSpace, check_color
from studio.api.color_transfer import convert_samples
from studio.api.image import Image, Mask
from studio.api.video import Frame, Video, replace_frames
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDING = 1e-4  # light that is outside [0, 1] by less is not said to be clipped
Colored = TypeVar("Colored", Image, Mask, Video)


def convert_color(value: Colored, target: ColorSpace = SRGB) -> Colored:
    """Return an image, a mask or a video in another color space; a video frame by frame, whenever it is read.

    Limited range becomes full, samples become linear light, a matrix changes the primaries (with the white adapted by
    Bradford), and linear light becomes samples again. In the encoding "srgb" light is clipped to [0, 1], in
    "pq" and "hlg" to what these have; in "linear" and "log" it is not. Grey stays grey, and alpha stays as it is. The
    curve of "srgb" is that of IEC 61966-2-1, that of "log" is ACEScct, those of "pq" and "hlg" have white at 203 cd/m2.

    Args:
        value: What to convert. A value that is in the target color space already is returned as it is.
        target: The color space of the result; sRGB if not given.

    Returns:
        A value of the same class with float32 samples, of the same size, channels, times and audio.

    Raises:
        MediaError: E509 for a value that has no color space, and for a target that is not a `ColorSpace`.
    """
    if not isinstance(value, Image | Mask | Video):
        kind = type(value).__name__
        raise MediaError("E509", f"a {kind} has no color space", hint="convert an Image, a Mask or a Video")
    check_color(target)
    if value.color == target:
        return value
    if isinstance(value, Video):
        return _convert_video(value, target)
    return type(value).take(convert_samples(value.pixels, value.color, target), color=target)


def describe_conversion(value: Image | Mask | Video, target: ColorSpace = SRGB) -> str:
    """Return what a conversion to another color space loses, in words; "" if nothing is lost.

    Args:
        value: What is converted; how much is clipped is counted, but not of a video.
        target: The color space of the place.
    """
    if value.color == target or not target.is_bounded:
        return ""
    if target.encoding != "srgb":
        return f"{value.color} became {target}, with reference white at 203 cd/m2"
    if isinstance(value, Video):
        return f"{value.color} became sRGB, clipped to [0, 1]"
    fits = value.color.encoding == "srgb" and value.color.primaries == target.primaries
    return f"{value.color} became sRGB{'' if fits else _describe_clipping(value)}"


def _describe_clipping(value: Image | Mask) -> str:
    """Return how much light is outside [0, 1] in the primaries of sRGB, in words that follow others."""
    light = convert_samples(value.pixels, value.color, ColorSpace("linear"))
    colors = light[:, :, :3] if light.ndim == 3 else light
    outside = (colors < -_ROUNDING) | (colors > 1.0 + _ROUNDING)
    if not outside.any():
        return ""
    lowest, highest = float(colors.min()), float(colors.max())
    share = 100.0 * float(outside.mean())
    return f", clipped to [0, 1]: {share:.2g} % of the samples, which range from {lowest:.4g} to {highest:.4g}"


def _convert_video(video: Video, target: ColorSpace) -> Video:
    def create_frames() -> Iterator[Frame]:
        for frame in video.frames():
            yield Frame(convert_color(frame.image, target), frame.time)

    return replace_frames(video, create_frames, target)
