"""Images written to files in one go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.api import Image, ImageType, MediaError, OutputPath, replace_file
from studio.api.image_tags import NO_IMAGE_TAGS, ImageTags
from studio.api.image_writing import DynamicRange, describe_range, write_converted, write_layers


def save(
    image: Image,
    path: OutputPath,
    quality: int | None,
    dynamic_range: DynamicRange = "sdr",
    tags: ImageTags = NO_IMAGE_TAGS,
    max_kilobytes: int | None = None,
) -> None:
    """Write an image whole or not at all, with the highest quality up to the given one that fits with its signature."""
    deep = path.is_deep is True
    with replace_file(path.path) as partial:
        write_converted(image, partial, path.provenance, quality, dynamic_range, is_deep=deep, tags=tags)
        if max_kilobytes is None:
            return
        signature = path.measure_signature(partial) / 1000 if path.measure_signature is not None else 0.0
        if measure_kilobytes(partial) + signature <= max_kilobytes:
            return
        low, high = 0, find_quality(path.path, quality, max_kilobytes) - 1
        while low < high:  # the highest quality that fits lies in low..high, 0 for none
            middle = (low + high + 1) // 2
            write_converted(image, partial, path.provenance, middle, tags=tags)
            low, high = (middle, high) if measure_kilobytes(partial) + signature <= max_kilobytes else (low, middle - 1)
        if not low:
            message = f"the image takes more than {max_kilobytes} kB at the lowest quality"
            carried = len((path.provenance or "").encode()) / 1000
            hint = "make it smaller with image.resize"
            if carried + signature > max_kilobytes / 2:
                what = "graph and the signature in it take" if signature else "graph in it takes"
                options = "--strip and --no-sign" if signature else "--strip"
                hint = f"the {what} {carried + signature:.0f} kB: allow more, or write it without, with {options}"
            raise MediaError("E512", message, where=path.name, hint=hint)
        write_converted(image, partial, path.provenance, low, tags=tags)


def measure_kilobytes(path: Path) -> float:
    """Return the size of a file in thousands of bytes."""
    return path.stat().st_size / 1000


def find_quality(path: Path, quality: int | None, max_kilobytes: int) -> int:
    """Return the quality that a file is written with.

    Raises:
        MediaError: E512 for a format without qualities.
    """
    defaults = {".jpg": 92, ".jpeg": 92, ".webp": 90}
    if path.suffix.lower() not in defaults:
        message = f"a {path.suffix} file of this image takes more than {max_kilobytes} kB"
        raise MediaError("E512", message, where=str(path.name), hint="write .jpg or .webp, or use image.resize")
    return defaults[path.suffix.lower()] if quality is None else quality


def find_loss(image: Image, path: OutputPath, dynamic_range: DynamicRange) -> str:
    """Say what a file does not keep of an image, or ""."""
    if dynamic_range != "sdr":
        return describe_range(image, dynamic_range)
    kind = ImageType()
    losses = [kind.find_loss(image, path.path), kind.find_depth_loss(image, path.path) if path.is_deep else ""]
    return "; ".join(filter(None, losses))


def save_as_layers(images: Sequence[Image], names: Sequence[str], path: OutputPath) -> None:
    """Write images as layers of one file, whole or not at all."""
    with replace_file(path.path) as partial:
        write_layers(dict(zip(names, images, strict=True)), partial, path.provenance)
