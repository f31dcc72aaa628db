"""An image written to a file in one go."""

from __future__ import annotations

from studio.api import Image, OutputPath, convert_color, replace_file
from studio.api.image_writing import write_image


def save(image: Image, path: OutputPath, quality: int | None) -> None:
    """Write an image whole or not at all."""
    with replace_file(path.path) as partial:
        write_image(convert_color(image).compact(), partial, path.provenance, quality)
