"""Whether a video file has alpha: by its pixel format, and where that has alpha that may be unused, by its frames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.stream_choice import StreamChoice, choose_video

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

_MAYBE_UNUSED = ("apng", "rawvideo")  # codecs that have the pixel format with alpha for opaque videos too
_ALPHA_INFORMATION = re.compile(rb"\0[\x01-\xff]\x4e\x01\xa5", re.DOTALL)
"""The end of a start code or a length, and the head of an SEI message of type 165 in H.265 (F.14.2.8)."""
_HEAD = 4096


def has_alpha_layer(path: Path, limits: MediaLimits) -> bool:
    """Say whether a video is H.265 with a second layer for alpha, as Apple's devices write it.

    Args:
        path: The file.
        limits: Bounds for the file.
    """
    with av_file.open_container(path, limits) as container:
        stream = choose_video(path, container, StreamChoice())
        if stream.codec_context.name != "hevc":
            return False
        packet = next(container.demux(stream), None)
        head = b"" if packet is None else bytes(packet)[:_HEAD]
        return any(_ALPHA_INFORMATION.search(each) for each in (bytes(stream.codec_context.extradata or b""), head))


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
