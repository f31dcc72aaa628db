"""Images written to files in one go."""

from __future__ import annotations

from collections.abc import Sequence

from studio.api import Image, ImageType, OutputPath, replace_file
from studio.api.image_writing import DynamicRange, describe_range, write_converted, write_layers


def save(image: Image, path: OutputPath, quality: int | None, dynamic_range: DynamicRange = "sdr") -> None:
    """Write an image whole or not at all."""
    with replace_file(path.path) as partial:
        write_converted(image, partial, path.provenance, quality, dynamic_range, is_deep=path.is_deep is True)


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
