"""Animated WebP files as videos: FFmpeg decodes none, libwebp does, through Pillow."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.formats import riff
from studio.api.image import Image
from studio.api.image_color import convert_to_srgb, find_profile_points
from studio.api.media_file import open_media, refuse
from studio.api.video import Frame, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from studio.settings import MediaLimits

_LARGEST = 178_000_000  # pixels: Pillow's plugin has a bound that cannot be raised
_ANIMATED, _ALPHA = 0x02, 0x10  # flags of the file
_CLEARS = 0x01  # flag of a frame
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
        size = image.size
        channels = 4 if _has_alpha(path, image, limits) else 3

    def create_frames() -> Iterator[Frame]:
        with _open(path, limits, check_size) as image:
            time = 0
            for index, length in enumerate(lengths):
                array = convert_to_srgb(_decode(path, image, index)[:, :, :channels].copy(), profile)
                yield Frame(Image.take(array), time / 1000)
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
    lengths, points = _read_lengths(path, limits), find_profile_points(_read_profile(path, limits))
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
        "color": points.describe() if points else "",
        "high_dynamic_range": points is not None,
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
    if data[12:16] == b"VP8X" and data[20] & _ANIMATED:  # Pillow gives alpha only where the flag is set
        data = data[:20] + bytes([data[20] | _ALPHA]) + data[21:]
    try:
        return WebPImageFile(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError) as error:
        raise refuse(path, f"damaged WebP file: {error}", hint=_HINT) from None


def _has_alpha(path: Path, image: Any, limits: MediaLimits) -> bool:
    """Say whether a frame is not opaque: by the file's flag, else by the frames, as encoders forget the flag."""
    with open_media(path, limits) as file:
        head = file.read(21)
        frames = [part for _, part in riff.iterate_chunks(file, b"WEBP", frozenset({b"ANMF"}))]
    if not frames or head[20] & _ALPHA:
        return bool(image.mode == "RGBA")
    width, height = (int.from_bytes(frames[0][at : at + 3], "little") + 1 for at in (6, 9))
    if (width, height) == image.size and not any(part[15] & _CLEARS for part in frames):
        return False
    return any(_decode(path, image, index)[:, :, 3].min() < 255 for index in range(len(frames)))


def _decode(path: Path, image: Any, index: int) -> Any:
    import numpy as np

    try:
        image.seek(index)
        image.load()
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise refuse(path, f"frame {index} is damaged: {error}", hint=_HINT) from None
    return np.array(image if image.mode == "RGBA" else image.convert("RGB"))
