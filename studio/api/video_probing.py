"""What is in a video file: its streams by its header, and by its packets.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from studio.api.av_file import open_container
from studio.api.webp_video import is_webp, probe_webp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from studio.settings import MediaLimits

__all__ = ["find_warnings", "probe_file"]

_UNEVEN = 0.02  # the share of uneven steps from which a rate counts as variable


def probe_file(path: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return facts about a file of video or audio; packets are read, and only one frame is decoded.

    Args:
        path: The file.
        limits: Bounds for the file.

    Returns:
        Plain JSON: "container", "bytes", "seconds" (or None), "video" and "audio", each with one mapping per stream.
        A video has "codec", "width", "height", "pixel_format", "rate" (frames per second), "header_frames" and
        "header_seconds" (each or None). The first also has "rotation" (degrees) and, by its packets, "frames",
        "seconds", "variable_rate", "broken" and "hidden_frames". Audio has "codec", "rate" (hertz), "channels" and
        "seconds". A stream that FFmpeg cannot decode has the codec None and nothing else.

    Raises:
        MediaError: E511 if the file is unsupported, damaged or over a limit.
    """
    import av

    if is_webp(path, limits):
        return probe_webp(path, limits)
    with open_container(path, limits) as container:
        facts: dict[str, Any] = {
            "container": container.format.name,
            "bytes": path.stat().st_size,
            "seconds": container.duration / 1e6 if container.duration else None,
            "video": [_describe_video(stream) for stream in container.streams.video],
            "audio": [_describe_audio(stream) for stream in container.streams.audio],
        }
        if container.streams.video and container.streams.video[0].codec_context is not None:
            facts["video"][0]["rotation"] = _find_rotation(container, av)
    if facts["video"]:
        facts["video"][0] |= _scan(path, limits)
    return facts


def _describe_video(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    if context is None:
        return {"codec": None}
    return {
        "codec": context.name,
        "width": context.width,
        "height": context.height,
        "pixel_format": context.pix_fmt,
        "rate": float(stream.average_rate) if stream.average_rate else None,
        "header_frames": stream.frames or None,
        "header_seconds": float(stream.duration * stream.time_base) if stream.duration else None,
    }


def _describe_audio(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    if context is None:
        return {"codec": None}
    return {
        "codec": context.name,
        "rate": stream.rate,
        "channels": stream.channels,
        "seconds": float(stream.duration * stream.time_base) if stream.duration else None,
    }


def _find_rotation(container: Any, av: Any) -> int:
    try:
        frame = next(container.decode(video=0), None)
    except av.error.FFmpegError:
        return 0
    return int(frame.rotation or 0) if frame is not None else 0


def _scan(path: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return what the packets say: how many frames there are, how long they show, and whether evenly."""
    times: list[int] = []
    hidden, damaged = 0, False
    with open_container(path, limits) as container:
        stream = container.streams.video[0]
        for packet in _read_packets(container, stream):
            if packet is None:
                damaged = True
            elif packet.is_discard:
                hidden += 1
            elif packet.pts is not None:
                times.append(packet.pts)
                damaged = damaged or packet.is_corrupt
        base = stream.time_base
    return _measure_times(sorted(times), base) | {"broken": damaged, "hidden_frames": hidden}


def _read_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of a stream that are not empty; None for the rest of a file that FFmpeg cannot read."""
    import av

    try:
        for packet in container.demux(stream):
            if packet.size:
                yield packet
    except av.error.FFmpegError:
        yield None


def _measure_times(times: list[int], base: Fraction) -> dict[str, Any]:
    """Return the number of frames, their seconds, and whether they are unevenly spaced."""
    steps = [after - before for before, after in pairwise(times)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0
    uneven = sum(abs(step - usual) * base > max(base, Fraction(1, 1000)) for step in steps)
    return {
        "frames": len(times),
        "seconds": float((times[-1] - times[0] + usual) * base) if times else 0.0,
        "variable_rate": bool(steps) and uneven > _UNEVEN * len(steps),
    }


def find_damage(facts: Mapping[str, Any]) -> list[str]:
    """Return how a video file is damaged, or its header wrong."""
    video = facts["video"][0] if facts["video"] else {}
    declared, found = video.get("header_frames") or 0, video.get("frames", 0)
    if video.get("broken") or 0 < found < declared - video.get("hidden_frames", 0):
        declaration = f" of the {declared} that its header declares" if declared not in (0, found) else ""
        return [f"the file is truncated or damaged: it has {found} frames{declaration}"]
    return [f"the header declares {declared} frames, the file has {found}"] if 0 < declared < found else []


def find_warnings(facts: Mapping[str, Any]) -> list[str]:
    """Return what a person should know about a file before using it.

    Args:
        facts: What `probe_file` returned.

    Returns:
        Lines for `ctx.log`: damage, unevenly spaced frames, and further videos that are ignored.
    """
    found = find_damage(facts)
    if facts["video"] and facts["video"][0].get("variable_rate"):
        found.append("the frames are unevenly spaced; they keep their times")
    if len(facts["video"]) > 1:
        found.append(f"the file contains {len(facts['video'])} videos; the first is used")
    return found
