"""Whether a video file has alpha: by its pixel format, and where that has alpha that may be unused, by its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.stream_choice import StreamChoice, choose_video

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

_MAYBE_UNUSED = ("apng", "rawvideo")  # codecs that have the pixel format with alpha for opaque videos too


def has_alpha(path: Path, limits: MediaLimits, frame: Any, codec: str) -> bool:
    """Say whether a video has alpha. Frames are decoded up to the first that is not opaque, where only they can say.

    Args:
        path: The file.
        limits: Bounds for the file.
        frame: A decoded frame.
        codec: FFmpeg's name of the codec.
    """
    is_palette = frame.format.name == "pal8"
    if not (is_palette or any(component.is_alpha for component in frame.format.components)):
        return False
    if not is_palette and codec not in _MAYBE_UNUSED:
        return True
    with av_file.open_container(path, limits) as container:
        stream = choose_video(path, container, StreamChoice())
        return any(_is_transparent(each) for each in av_file.decode_packets(container, stream))


def _is_transparent(frame: Any) -> bool:
    alpha = frame.to_ndarray(format="rgba")[:, :, 3]
    return bool(alpha.min() < 255)
