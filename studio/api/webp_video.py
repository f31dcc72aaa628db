"""Animated WebP files as videos: FFmpeg decodes none, libwebp does, through Pillow."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.formats import riff
from studio.api.image import Image
from studio.api.image_color import convert_to_srgb
from studio.api.media_file import open_media, refuse
from studio.api.video import Frame, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from studio.settings import MediaLimits

_LARGEST = 178_000_000  # pixels: Pillow's plugin has a bound that cannot be raised
_HINT = "open it in a browser and save it again"


def is_webp(path: Path, limits: MediaLimits) -> bool:
    """Say whether a file is WebP, by its content; MediaError E511 if it cannot be opened."""
    with open_media(path, limits) as file:
        head = file.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"WEBP"


def read_webp_video(
    path: Path, limits: MediaLimits, check_size: Callable[[Path, int, int, MediaLimits], None]
) -> Video:
    """Return a video that decodes a WebP file whenever its frames are asked for; frames keep their lengths.

    Raises:
        MediaError: E511 for a damaged file, or one over a limit.
    """
    lengths, profile = _read_lengths(path, limits), _read_profile(path, limits)
    with _open(path, limits, check_size) as image:
        size, channels = image.size, 4 if image.mode == "RGBA" else 3

    def create_frames() -> Iterator[Frame]:
        with _open(path, limits, check_size) as image:
            time = 0
            for index, length in enumerate(lengths):
                yield Frame(Image.take(_decode(path, image, index, profile)), time / 1000)
                time += length

    seconds = sum(lengths) / 1000
    return Video(
        create_frames,
        width=size[0],
        height=size[1],
        channels=channels,
        rate=Fraction(1000 * len(lengths), sum(lengths)).limit_denominator(1000),
        count=len(lengths),
        duration=seconds,
        origin=path,
    )


def probe_webp(path: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return the facts of `probe_file` about a WebP file."""
    with open_media(path, limits) as file:
        width, height = riff.find_webp_size(file.read(30)) or (0, 0)
    lengths = _read_lengths(path, limits)
    video = {
        "codec": "webp",
        "width": width,
        "height": height,
        "pixel_format": "rgba",
        "rate": 1000 * len(lengths) / sum(lengths),
        "header_frames": None,
        "header_seconds": None,
        "rotation": 0,
        "broken": False,
        "hidden_frames": 0,
    }
    video |= {"frames": len(lengths), "seconds": sum(lengths) / 1000, "variable_rate": len(set(lengths[:-1])) > 1}
    return {
        "container": "webp",
        "bytes": path.stat().st_size,
        "seconds": video["seconds"],
        "video": [video],
        "audio": [],
    }


def _read_lengths(path: Path, limits: MediaLimits) -> list[int]:
    """Return the length of each frame in milliseconds, at least 1; that of a still image is 100."""
    with open_media(path, limits) as file:
        frames = riff.iterate_chunks(file, b"WEBP", frozenset({b"ANMF"}))
        return [max(1, int.from_bytes(content[12:15], "little")) for _, content in frames] or [100]


def _read_profile(path: Path, limits: MediaLimits) -> bytes | None:
    with open_media(path, limits) as file:
        return next((content for _, content in riff.iterate_chunks(file, b"WEBP", frozenset({b"ICCP"}))), None)


def _open(path: Path, limits: MediaLimits, check_size: Callable[[Path, int, int, MediaLimits], None]) -> Any:
    from PIL.WebPImagePlugin import WebPImageFile

    with open_media(path, limits) as file:
        data = file.read()
    width, height = riff.find_webp_size(data[:30]) or (0, 0)
    check_size(path, width, height, limits)
    if width * height > _LARGEST:
        raise refuse(path, f"WebP files of more than {_LARGEST} pixels are not supported", hint="make it smaller")
    try:
        return WebPImageFile(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError) as error:
        raise refuse(path, f"damaged WebP file: {error}", hint=_HINT) from None


def _decode(path: Path, image: Any, index: int, profile: bytes | None) -> Any:
    import numpy as np

    try:
        image.seek(index)
        image.load()
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise refuse(path, f"frame {index} is damaged: {error}", hint=_HINT) from None
    return convert_to_srgb(np.array(image if image.mode == "RGBA" else image.convert("RGB")), profile)
