"""Checks of inputs before a node runs; the nodes call them too, so that both say the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.api import ImageType, MediaError, check_extension, parse_color
from studio.api.image_tags import ImageProfile, ImageTags, check_image_tags
from studio.api.image_writing import DynamicRange, check_range
from studio_image.bounds import check_size
from studio_image.crop import parse_aspect
from studio_image.sheet_shape import choose_shape

LARGEST_MEDIAN = 127
"""The largest radius of a median blur, in pixels: OpenCV counts the samples of a window in 16 bits."""


def check_area(width: int, height: int) -> None:
    """Raise MediaError E506 for an image over the limits."""
    check_size(width, height)


def check_sides(
    scale: float | None,
    width: int | None,
    height: int | None,
    megapixels: float | None = None,
    longer_side: int | None = None,
    shorter_side: int | None = None,
) -> None:
    """Raise MediaError E507 unless a size is given in one way."""
    others = [value for value in (scale, megapixels, longer_side, shorter_side) if value is not None]
    if len(others) + (width is not None or height is not None) != 1:
        raise MediaError(
            "E507",
            "a resize needs one of scale, width and height, megapixels, longer_side, shorter_side",
            hint="for example scale = 0.5, or width = 1024",
        )


def check_target(width: int | None, height: int | None, fit: str, multiple_of: int) -> None:
    """Raise MediaError E506 if two sides that are given make an image over the limits."""
    if width is not None and height is not None and fit != "contain":
        check_size(round_side(width, multiple_of), round_side(height, multiple_of))


def check_aspect_area(aspect: str, megapixels: float, multiple_of: int) -> tuple[int, int]:
    """Return the sides of an area, in millions of pixels, with an aspect ratio; both are multiples of a number.

    Raises:
        MediaError: E506 if they make an image over the limits, E507 for what is no ratio.
    """
    ratio = parse_aspect(aspect)
    height = (megapixels * 1e6 / ratio) ** 0.5
    sides = round_side(height * ratio, multiple_of), round_side(height, multiple_of)
    check_size(*sides)
    return sides


def round_side(side: float, multiple_of: int) -> int:
    """Return a side rounded to a multiple, at least one."""
    return max(multiple_of, round(side / multiple_of) * multiple_of)


def check_channels(color: str, channels: str) -> None:
    """Raise MediaError E507 for a transparent color in an image without alpha."""
    if channels in ("grey", "rgb") and parse_color(color)[3] < 1:
        raise MediaError(
            "E507",
            f"{color!r} is transparent, which an image in {channels} cannot hold",
            hint='use channels "rgba" or "auto"',
        )


def check_median(radius: float, kind: str) -> None:
    """Raise MediaError E507 for a median blur over its largest radius."""
    if kind == "median" and round(radius) > LARGEST_MEDIAN:
        raise MediaError(
            "E507",
            f"a median blur of radius {round(radius)} is over {LARGEST_MEDIAN} pixels",
            hint="use a smaller radius, or resize the image first",
        )


def check_labels(labels: Sequence[str] | None, images: Sequence[Any]) -> None:
    """Raise MediaError E507 unless there is a label for each image, or none at all."""
    if labels and len(labels) != len(images):
        raise MediaError(
            "E507",
            f"{len(labels)} labels for {len(images)} images",
            hint="give one label for each image, empty text for none",
        )


def check_headings(
    row_labels: Sequence[str] | None,
    column_labels: Sequence[str] | None,
    images: Sequence[Any],
    columns: int | None,
) -> None:
    """Raise MediaError E507 unless there is a label for each row and each column, or none at all."""
    across, down = choose_shape(len(images), columns, row_labels or (), column_labels or ())
    for noun, labels, count in (("row", row_labels, down), ("column", column_labels, across)):
        if labels and len(labels) != count:
            raise MediaError(
                "E507",
                f"{len(labels)} {noun} labels for {count} {noun}{'' if count == 1 else 's'}",
                hint=f"give one label for each {noun}, empty text for none, or change `columns`",
            )


def check_font(font_file: Path | None) -> None:
    """Raise MediaError E508 for a file that is not a font."""
    if font_file is not None:
        from studio_image.font_tables import read_font_file

        read_font_file(font_file)


def check_image_name(path: str) -> None:
    """Raise MediaError E512 for a file name that no image is written to."""
    check_extension(path, ImageType.extensions, "image")


def check_layers_name(path: str) -> None:
    """Raise MediaError E512 for a file name that no layers are written to."""
    check_extension(path, ("exr",), "layers")


def check_layer_names(names: Sequence[str], layers: Any) -> None:
    """Raise MediaError E512 unless there is one name for each layer, each once."""
    if len(layers) != len(names):
        message = f"{len(names)} names for {len(layers)} layers"
        raise MediaError("E512", message, where="names", hint="give one for each layer")
    for index, name in enumerate(names):
        if name in names[:index]:
            raise MediaError("E512", f"duplicate layer name {name!r}", where="names", hint="give each its own")


def check_image_range(dynamic_range: DynamicRange, path: str) -> None:
    """Raise MediaError E512 for high dynamic range in a file that does not hold it."""
    check_range(path, dynamic_range)


def check_image_profile(profile: ImageProfile, path: str, dpi: float | None, dynamic_range: DynamicRange) -> None:
    """Raise MediaError E512 for a profile or a print size in a file that does not hold it."""
    check_image_tags(path, ImageTags(dpi=dpi, profile=profile), dynamic_range)


def check_points(points: Any) -> None:
    """Raise MediaError E507 for what is no curve; None is none."""
    if points is not None:
        from studio_image.tone_curves import parse_curve

        parse_curve(points)


def check_color_table(lut_file: Path | None) -> None:
    """Raise MediaError E511 for a file that is no color lookup table."""
    if lut_file is not None:
        from studio_image.color_table import read_color_table

        read_color_table(lut_file)


def check_width_range(max_width: int | None, min_width: int | None) -> None:
    """Raise MediaError E507 for a range without a width."""
    _check_range(max_width, min_width, "width")


def check_height_range(max_height: int | None, min_height: int | None) -> None:
    """Raise MediaError E507 for a range without a height."""
    _check_range(max_height, min_height, "height")


def check_transparent_range(max_transparent: float | None, min_transparent: float | None) -> None:
    """Raise MediaError E507 for a range without a share."""
    _check_range(max_transparent, min_transparent, "transparent")


def _check_range(most: float | None, least: float | None, name: str) -> None:
    if most is not None and least is not None and most < least:
        message = f"max_{name} = {most} is below min_{name} = {least}"
        raise MediaError("E507", message, hint=f"exchange the two, or leave one of them out: no {name} is in both")


def check_opaque(color: str) -> None:
    """Raise MediaError E507 for a color of letters that cannot be seen."""
    if parse_color(color)[3] == 0:
        raise MediaError("E507", f"{color!r} is transparent: letters of it cannot be seen", hint="give their color")
