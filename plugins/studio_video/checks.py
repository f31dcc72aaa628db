"""Checks of inputs before a node runs; the nodes call them too, so that both say the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from studio.api import MediaError
from studio_video.encodings import (
    CODECS,
    DEFAULTS,
    HARDWARE,
    choose_codec,
    find_deep_pixels,
    find_extension,
    is_sequence,
)


def check_span(end: float | None, start: float) -> None:
    """Raise MediaError E701 for a span that ends before it begins."""
    if end is not None and end <= start:
        raise MediaError("E701", f"a span from {start:g} to {end:g} seconds ends before it begins", hint="swap them")


def check_ends(end: float | None, seconds: float | None) -> None:
    """Raise MediaError E701 for a span with two ends."""
    if end is not None and seconds is not None:
        raise MediaError("E701", "both 'end' and 'seconds' are given", hint="give one of them")


def check_part(end: float | None, start: float, at_seconds: Sequence[float] | None) -> None:
    """Raise MediaError E701 for a span that ends before it begins, unless times are given instead."""
    if not at_seconds:
        check_span(end, start)


def check_times(at_seconds: Sequence[float] | None) -> None:
    """Raise MediaError E701 for a time before the video."""
    if at_seconds and min(at_seconds) < 0:
        raise MediaError("E701", f"an image at {min(at_seconds):g} seconds is wanted", hint="give seconds of 0 or more")


def check_sides(
    scale: float | None,
    width: int | None,
    height: int | None,
    megapixels: float | None = None,
    longer_side: int | None = None,
    shorter_side: int | None = None,
) -> None:
    """Raise MediaError E701 unless a size is given in one way."""
    others = [value for value in (megapixels, longer_side, shorter_side) if value is not None]
    has_side = width is not None or height is not None
    if scale is not None and has_side:
        raise MediaError("E701", "a scale and a side were given", hint="give one of them")
    count = len(others) + (scale is not None or has_side)
    if count == 0:
        hint = "give a width, a height or both, or one of scale, megapixels, longer_side and shorter_side"
        raise MediaError("E701", "no size was given", hint=hint)
    if count > 1:
        raise MediaError("E701", f"a size was given in {count} ways", hint="give one of them")


def check_video_name(path: str) -> None:
    """Raise MediaError E702 for a file name that no video is written to."""
    if not is_sequence(PurePath(path)):
        choose_codec(find_extension(PurePath(path)), "auto", "auto")


def check_codec(codec: str, path: str) -> None:
    """Raise MediaError E702 for a codec that the file does not support."""
    if _is_known(path):
        choose_codec(find_extension(PurePath(path)), codec, "auto")


def check_pixels(pixel_format: str, codec: str, path: str) -> None:
    """Raise MediaError E702 for a pixel format that the codec does not have."""
    if _is_known(path) and find_extension(PurePath(path)) in CODECS.get(codec, ("", DEFAULTS))[1]:
        choose_codec(find_extension(PurePath(path)), codec, pixel_format)


def _is_known(path: str) -> bool:
    return not is_sequence(PurePath(path)) and find_extension(PurePath(path)) in DEFAULTS


def check_hardware(hardware: str, path: str, codec: str) -> None:
    """Raise MediaError E702 for a codec that no GPU has an encoder for."""
    if hardware == "always" and _is_known(path):
        chosen = DEFAULTS[find_extension(PurePath(path))] if codec == "auto" else codec
        if chosen not in HARDWARE:
            raise refuse_hardware(codec)


def check_range(dynamic_range: str, path: str, codec: str, pixel_format: str) -> None:
    """Raise MediaError E702 for high dynamic range in a file of 8 bits."""
    if dynamic_range == "sdr" or not _is_known(path):
        return
    extension = find_extension(PurePath(path))
    chosen = DEFAULTS[extension] if codec == "auto" else codec
    if not find_deep_pixels(extension, chosen) or (pixel_format != "auto" and "10" not in pixel_format):
        raise MediaError(
            "E702",
            f"{dynamic_range} needs 10 bits, which {chosen if pixel_format == 'auto' else pixel_format} does not have",
            hint='use codec "h265" in .mp4 or "av1" in .webm, and pixel_format "auto" or "yuv420p10le"',
        )


def refuse_hardware(codec: str) -> MediaError:
    """Return the error that says that a codec has no hardware encoder."""
    return MediaError("E702", f"no hardware encoder for {codec} is available here", hint='write hardware "never"')


def check_font(font_file: Path | None) -> None:
    """Raise MediaError E703 for a file that is not a font."""
    if font_file is not None:
        from studio_video.fonts import load_font

        load_font(font_file, 32)


def check_seconds(scene_seconds: Sequence[float] | None) -> None:
    """Raise MediaError E720 for a scene that is too short or too long."""
    if any(not 0 < each <= 3600 for each in scene_seconds or ()):
        raise MediaError("E720", f"a scene of {min(scene_seconds or [0])} seconds", hint="give seconds from 0 to 3600")


def check_scenes(images: Sequence[Any]) -> None:
    """Raise MediaError E720 for a video without scenes."""
    if not images:
        raise MediaError("E720", "a video of no scene", hint="give at least one image")


def check_narrations(narrations: Sequence[Any] | None, images: Sequence[Any]) -> None:
    """Raise MediaError E720 unless there is a narration for each scene, or none."""
    _check_count("narrations", narrations, images)


def check_captions(captions: Sequence[str] | None, images: Sequence[Any]) -> None:
    """Raise MediaError E720 unless there is a caption for each scene, or none."""
    _check_count("captions", captions, images)


def check_lengths(scene_seconds: Sequence[float] | None, images: Sequence[Any]) -> None:
    """Raise MediaError E720 unless there is a length for each scene, one for all, or none."""
    _check_count("scene_seconds", scene_seconds, images, for_all=True)


def check_moves(moves: Sequence[str] | None, images: Sequence[Any]) -> None:
    """Raise MediaError E720 unless there is a move for each scene, one for all, or none."""
    _check_count("moves", moves, images, for_all=True)


def check_anchors(anchors: Sequence[str] | None, images: Sequence[Any]) -> None:
    """Raise MediaError E720 unless there is an anchor for each scene, one for all, or none."""
    _check_count("anchors", anchors, images, for_all=True)


def _check_count(name: str, row: Sequence[Any] | None, images: Sequence[Any], *, for_all: bool = False) -> None:
    count, given = len(images), len(row or ())
    if given not in (0, count) and not (given == 1 and for_all):
        raise MediaError("E720", f"{count} images and {given} {name}", hint="give one for every scene")
