"""Captions: one for each image, or one for all, from a list or from a file with one a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.api import StudioError

if TYPE_CHECKING:
    from studio.api import File, Image

_LARGEST_FILE = 10_000_000  # bytes
_CODE = "E696"


def check_captions(captions: Sequence[str] | None, images: Sequence[Image], captions_file: File | None = None) -> None:
    """Raise StudioError E696 for captions that are missing, empty, given twice, or not as many as images."""
    if captions_file is not None:
        if captions:
            raise StudioError(_CODE, "captions and captions_file are both given", hint="leave one of them out")
        return
    if not captions:
        raise StudioError(
            _CODE,
            "the images have no captions",
            hint='give one caption for each image, or one for all, such as "a lighthouse"',
        )
    _check(captions, len(images), "captions")


def read_captions(captions: Sequence[str] | None, file: File | None, count: int) -> list[str]:
    """Return a caption for each image.

    Args:
        captions: One for each image, or one for all.
        file: A text file with as many lines, UTF-8, instead of captions.
        count: How many images there are.

    Raises:
        StudioError: E696 if they are empty, not as many as images, or not text.
    """
    found = list(captions or ()) if file is None else _read_file(file)
    _check(found, count, "captions" if file is None else repr(file.name))
    return found * count if len(found) == 1 else found


def _read_file(file: File) -> list[str]:
    if file.size > _LARGEST_FILE:
        raise StudioError(_CODE, f"{file.name!r} has {file.size} bytes", hint="give a text file, one caption a line")
    try:
        lines = file.path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise StudioError(_CODE, f"{file.name!r} is not UTF-8 text", hint="save it as UTF-8") from None
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _check(captions: Sequence[str], count: int, name: str) -> None:
    if len(captions) not in (1, count):
        raise StudioError(
            _CODE,
            f"{name}: {len(captions)} captions for {count} images",
            hint="give one caption for each image, in the order of the images, or one for all",
        )
    for number, caption in enumerate(captions, 1):
        if not caption.strip():
            raise StudioError(_CODE, f"{name}: caption {number} is empty", hint="say what the image shows")
