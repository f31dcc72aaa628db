"""What is in a film: its streams as the file tells them, and as its packets do."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from studio.api.av_file import open_container

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

_UNEVEN = 0.02


def probe_file(path: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return facts about a file: container, film and sound; packets are read, nothing is decoded but one frame.

    Raises:
        MediaError: E511 if it cannot be read.
    """
    import av

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
    import av

    times: list[int] = []
    broken, hidden = False, 0
    with open_container(path, limits) as container:
        stream = container.streams.video[0]
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                broken = True
                break
            if packet is None:
                break
            if packet.size and packet.is_discard:
                hidden += 1
            elif packet.size and packet.pts is not None:
                times.append(packet.pts)
                broken = broken or packet.is_corrupt
        base = stream.time_base
    times.sort()
    steps = [after - before for before, after in pairwise(times)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0
    uneven = sum(abs(step - usual) * base > max(base, Fraction(1, 1000)) for step in steps)
    seconds = float((times[-1] - times[0] + usual) * base) if times else 0.0
    return {
        "frames": len(times),
        "seconds": seconds,
        "variable_rate": bool(steps) and uneven > _UNEVEN * len(steps),
        "broken": broken,
        "hidden_frames": hidden,
    }


def find_damage(facts: dict[str, Any]) -> list[str]:
    """Return in what a film's file is damaged, or its header wrong."""
    film = facts["video"][0] if facts["video"] else None
    if film is None:
        return []
    wanted, there = film.get("header_frames"), film.get("frames", 0)
    if film.get("broken") or (wanted and there and there + film.get("hidden_frames", 0) < wanted):
        promised = f" of the {wanted} that its header promises" if wanted and wanted != there else ""
        return [f"the file is cut off or damaged: it has {there} frames{promised}"]
    return [f"the header says {wanted} frames, and there are {there}"] if wanted and there > wanted else []


def find_warnings(facts: dict[str, Any]) -> list[str]:
    """Return what a person should know about a file before using it."""
    found = find_damage(facts)
    if facts["video"] and facts["video"][0].get("variable_rate"):
        found.append("the frames are unevenly spaced; they keep their times")
    if len(facts["video"]) > 1:
        found.append(f"the file holds {len(facts['video'])} films; the first is used")
    return found
