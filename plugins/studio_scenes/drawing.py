"""Labels drawn over an image, and masks and order in depth read from labels."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio.api import StudioError
from studio_scenes.labels import Label, decode_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_scenes.labels import BoolArray

    ByteArray = npt.NDArray[np.uint8]
    FloatArray = npt.NDArray[np.float32]

_TINT = 0.35


def draw_over(pixels: ByteArray, labels: Sequence[Label], font: str, line_width: int, show_names: bool) -> ByteArray:
    """Return an image, height x width x 3, with boxes, masks and names over it.

    Args:
        pixels: The image, height x width x 3.
        labels: What to draw; each name has a color of its own.
        font: Path of a font file for names.
        line_width: Of boxes, in pixels.
        show_names: Write names and scores.

    Raises:
        StudioError: E677 for a mask of another size.
    """
    colors = {label.name: _choose_color(label.name) for label in labels}
    drawn = pixels.copy()
    for label in labels:
        if label.mask is not None:
            inside = read_mask(label, pixels.shape[0], pixels.shape[1])
            tint = np.array(colors[label.name], np.float32)
            drawn[inside] = np.rint(drawn[inside] * (1 - _TINT) + tint * _TINT).astype(np.uint8)
    return _draw_boxes(drawn, labels, colors, font, line_width, show_names)


def _draw_boxes(
    pixels: ByteArray,
    labels: Sequence[Label],
    colors: dict[str, tuple[int, int, int]],
    font: str,
    line_width: int,
    show_names: bool,
) -> ByteArray:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    height = max(9, min(pixels.shape[:2]) // 28)
    letters = ImageFont.truetype(font, height)
    for label in labels:
        left, top, width, tall = label.box
        corners = _clip(left, top, left + width - 1, top + tall - 1, image.size)
        pen.rectangle(corners, outline=colors[label.name], width=line_width)
        if show_names:
            text = label.name if label.score is None else f"{label.name} {label.score:.2f}"
            box = pen.textbbox((0, 0), text, font=letters)
            x = max(0, min(corners[0], image.width - box[2] - 4))
            y = max(0, corners[1] - box[3] - 3)
            pen.rectangle((x, y, x + box[2] + 3, y + box[3] + 2), fill=colors[label.name])
            pen.text((x + 2, y + 1), text, font=letters, fill=_choose_ink(colors[label.name]))
    return np.asarray(image).copy()


def _clip(left: float, top: float, right: float, bottom: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return whole corners inside an image, in order."""
    x0, x1 = (round(min(max(value, 0), size[0] - 1)) for value in (left, right))
    y0, y1 = (round(min(max(value, 0), size[1] - 1)) for value in (top, bottom))
    return x0, y0, max(x0, x1), max(y0, y1)


def _choose_color(name: str) -> tuple[int, int, int]:
    """Return the color of a name, which is the same in every image."""
    red, green, blue = colorsys.hsv_to_rgb(zlib.crc32(name.encode()) / 2**32, 0.85, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def _choose_ink(color: tuple[int, int, int]) -> tuple[int, int, int]:
    luma = 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2]
    return (0, 0, 0) if luma > 110 else (255, 255, 255)


def read_mask(label: Label, height: int, width: int) -> BoolArray:
    """Return the mask of a label; its box where it has no mask.

    Raises:
        StudioError: E677 for a mask of another size.
    """
    if label.mask is None:
        mask = np.zeros((height, width), np.bool_)
        left, top, across, down = label.box
        rows = slice(max(0, round(top)), max(0, round(top + down)))
        mask[rows, max(0, round(left)) : max(0, round(left + across))] = True
        return mask
    if (label.mask.height, label.mask.width) != (height, width):
        raise StudioError(
            "E677",
            f"the mask of {label.name!r} is {label.mask.width} x {label.mask.height}, and the image {width} x {height}",
            hint="give each image its own labels, and do not resize it",
        )
    return decode_mask(label.mask)


def draw_order(labels: Sequence[Label], height: int, width: int) -> FloatArray:
    """Return height x width from 0 to 1: black where nothing is, and lighter for what is nearer."""
    drawn = np.zeros((height, width), np.float32)
    last = max((label.order or 0 for label in labels), default=0)
    for number, label in enumerate(sorted(labels, key=lambda each: each.order or 0)):
        order = number if label.order is None else label.order
        drawn[read_mask(label, height, width)] = (order + 1) / (max(last, len(labels) - 1) + 1)
    return drawn


def grow_to_rgb(samples: ByteArray) -> ByteArray:
    """Return height x width x 3 of grey, RGB or RGBA samples; what is transparent lies on grey."""
    if samples.shape[2] == 1:
        return np.repeat(samples, 3, axis=2)
    if samples.shape[2] == 3:
        return samples
    alpha = samples[..., 3:].astype(np.float32) / np.float32(255)
    mixed: ByteArray = np.rint(samples[..., :3] * alpha + 128 * (1 - alpha)).astype(np.uint8)
    return mixed


def fit_image(samples: ByteArray, side: int) -> tuple[ByteArray, float]:
    """Return an image whose longer side is `side`, and by how much it was scaled."""
    height, width = samples.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(samples, size, interpolation=how), np.uint8), scale
