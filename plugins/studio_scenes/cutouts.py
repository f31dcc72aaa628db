"""Cut-outs that scenes are made of: checked, cropped, and small enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.api import Image, StudioError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_SEEN = 0.5  # alpha above which a pixel belongs to a thing
_LARGEST_SET = 2**29  # pixels of all scenes together


@dataclass(frozen=True)
class Cutout:
    """A thing without its background.

    Attributes:
        name: What it is; "" for what is not labeled.
        pixels: Height x width x 4, from 0 to 1, multiplied by alpha.
    """

    name: str
    pixels: FloatArray


def check_names(names: Sequence[str], things: Sequence[Image]) -> None:
    """Raise StudioError E679 for names that are empty or not as many as things."""
    if len(names) != len(things):
        raise StudioError(
            "E679",
            f"{len(names)} names for {len(things)} things",
            hint="give one name for each thing; things may share a name",
        )
    for number, name in enumerate(names):
        if not name.strip() or name != name.strip() or not name.isprintable():
            raise StudioError("E679", f"invalid name {name!r} of thing {number}", hint='give a word, such as "apple"')


def check_set(count: int, width: int, height: int) -> None:
    """Raise StudioError E679 for scenes that take too much memory together."""
    if count * width * height > _LARGEST_SET:
        raise StudioError(
            "E679",
            f"{count} scenes of {width} x {height} pixels are more than {_LARGEST_SET // 1_000_000} million pixels",
            hint="compose several smaller sets, each with another seed",
        )


def check_sizes(min_size: float, max_size: float) -> None:
    """Raise StudioError E679 if min_size is above max_size."""
    if min_size > max_size:
        raise StudioError("E679", f"min_size is {min_size} and max_size is {max_size}", hint="swap them")


def prepare_cutouts(
    images: Sequence[Image], names: Sequence[str], side: int, kind: str, log: Callable[[str], None]
) -> list[Cutout]:
    """Return things cropped to what is seen of them, and not larger than needed.

    Args:
        images: RGBA images.
        names: One for each.
        side: Longest side that is needed, in pixels.
        kind: What messages call them, "thing" or "distractor".
        log: Called with what a user should know.

    Raises:
        StudioError: E679 for an image without alpha, one that is transparent everywhere, or equal images with different
            names.
    """
    found = [
        Cutout(name, _prepare(image, f"{kind} {number}", side, log))
        for number, (image, name) in enumerate(zip(images, names, strict=True))
    ]
    seen: dict[bytes, str] = {}
    for number, each in enumerate(found):
        other = seen.setdefault(each.pixels.tobytes() + str(each.pixels.shape).encode(), each.name)
        if other != each.name:
            raise StudioError(
                "E679",
                f"{kind} {number} is named {each.name!r}, and an equal image {other!r}",
                hint="give equal images one name",
            )
    return found


def _prepare(image: Image, title: str, side: int, log: Callable[[str], None]) -> FloatArray:
    import cv2
    import numpy as np

    if image.channels != 4:
        raise StudioError(
            "E679",
            f"{title} has no alpha, so its background would be a part of it",
            hint="cut it out with vision.remove_background; make it RGBA with image.convert if it is a rectangle",
        )
    samples = image.to_uint8()
    rows = np.flatnonzero(samples[..., 3].max(1) > 255 * _SEEN)
    columns = np.flatnonzero(samples[..., 3].max(0) > 255 * _SEEN)
    if not len(rows):
        raise StudioError("E679", f"{title} is transparent everywhere", hint="leave it out, or cut it out again")
    samples = samples[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if samples[..., 3].min() == 255:
        log(f"{title} has no transparent part: it is placed as a rectangle")
    height, width = samples.shape[:2]
    pixels = samples.astype(np.float32) / np.float32(255)
    pixels[..., :3] *= pixels[..., 3:]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.ascontiguousarray(pixels)
