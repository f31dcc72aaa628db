"""Masks of OpenAI's clients: what is transparent is to be changed; Studio's masks say it with white."""

from __future__ import annotations

import tempfile
from pathlib import Path

from studio.api import Image, Mask
from studio.server.file_store import StoredFile
from studio.server.form_values import keep_bytes
from studio.server.parts import Parts


def keep_selection(parts: Parts, file: StoredFile, owner: str) -> StoredFile:
    """Keep the mask that selects what is transparent in an image; an image without alpha is a mask already.

    Args:
        parts: The parts of the server.
        file: The image.
        owner: Whose the mask is.

    Raises:
        MediaError: The file is no image, or too large.
    """
    types = parts.studio.registry.value_types
    image = types["image"].read_file(file.path, parts.studio.settings.media)
    assert isinstance(image, Image)
    if image.channels != 4:
        return file
    mask = Mask(255 - image.to_uint8()[:, :, 3])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mask.png"
        types["mask"].write_file(mask, path, None)
        return keep_bytes(parts, path.read_bytes(), path.name, owner)
