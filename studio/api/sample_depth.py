"""Whether the images or the video of a file have samples of more than 8 bits."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

from studio.api.av_file import open_container
from studio.api.formats import avif, exr, png, tiff
from studio.api.media_file import open_media
from studio.api.stream_choice import StreamChoice, choose_video
from studio.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

_HEAD = 1 << 16
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BYTES = (b"\xff\xd8\xff", b"GIF8", b"BM")


def is_deep(path: Path, limits: MediaLimits) -> bool:
    """Say whether an image or a video file has samples of more than 8 bits; False for what cannot be read.

    No image and no frame is decoded.

    Args:
        path: The file.
        limits: Bounds for the file.
    """
    with contextlib.suppress(MediaError, OSError, ValueError, IndexError, struct.error):
        with open_media(path, limits) as file:
            head = file.read(_HEAD)
            if head.startswith(_TIFF):
                return max(tiff.parse_directory(head + file.read()).numbers(tiff.BITS), default=1) > 8
        if head.startswith(png.SIGNATURE) and head[12:16] == b"IHDR":
            return len(head) > 24 and head[24] > 8
        if avif.is_avif(head):
            return avif.find_bits(head) > 8
        if head.startswith(_BYTES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
            return False
        return head.startswith(exr.MAGIC) or _is_video_deep(path, limits)
    return False


def _is_video_deep(path: Path, limits: MediaLimits) -> bool:
    with open_container(path, limits) as container:
        format_ = choose_video(path, container, StreamChoice()).format
        return format_ is not None and max(component.bits for component in format_.components) > 8
