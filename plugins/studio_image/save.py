"""An image written to a file in one go."""

from __future__ import annotations

from studio.api import Image, OutputPath, replace_file
from studio.api.image_writing import write_converted


def save(image: Image, path: OutputPath, quality: int | None) -> None:
    """Write an image whole or not at all."""
    with replace_file(path.path) as partial:
        write_converted(image, partial, path.provenance, quality)
