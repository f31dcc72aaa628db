"""What a video file contains: its streams, from its header and its packets.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from studio.api.av_file import open_container
from studio.api.packet_times import StreamTimes, scan_packets
from studio.api.rgb_conversion import is_known_matrix
from studio.api.stream_choice import StreamChoice, choose_audio, choose_video, list_videos
from studio.api.video_alpha import has_alpha_layer
from studio.api.video_color import describe_color, fill_tags, is_high_dynamic_range
from studio.api.video_geometry import find_display_matrix, find_square_size, is_plausible, is_slanted
from studio.api.webp_video import is_webp, probe_webp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from studio.settings import MediaLimits

__all__ = ["find_warnings", "probe_file"]

_LEAST_LEAD = 0.1  # seconds of audio before the first frame: less is no loss
_MOST_PRIMING = 4000  # samples that a codec adds before its first; containers such as TS do not say so
_NO_LACK_SECONDS = 0.15  # priming and padding of a codec, and the rounding of a container's clock
_UNEVEN = 0.02  # the share of uneven steps from which a rate counts as variable


def probe_file(path: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return facts about a file of video or audio; packets are read, and only one frame is decoded.

    Args:
        path: The file.
        limits: Bounds for the file.

    Returns:
        Plain JSON: "container", "bytes", "seconds" (or None), "video" and "audio", each with one mapping per stream,
        and "covers", the number of attached images. "audio_lead" is for how many seconds audio is
        heard before the first frame, and "audio_lack" for how many its end is declared and missing, if there
        are both. Every stream has "track" (its number among those of its kind,
        from 1), "language" and "default". A video has "codec", "width", "height", "pixel_format", "rate" (frames per
        second), "header_frames" and "header_seconds" (each or None). The first is the one that is read. It also has
        "rotation" (degrees), "display_matrix" (a, b, c and d, or None), "pixel_aspect" (width by height),
        "square_size" (columns and rows with square pixels), "interlaced", "color" (what is converted to sRGB, such as
        "PQ BT.2020"), "matrix" (whether it is known) and "alpha_layer" (whether it has alpha that is not read), and, by
        its packets, "frames", "seconds", "variable_rate",
        "broken", "hidden_frames" and "jumps" (of timestamps). Audio has "codec", "rate" (hertz), "channels" and
        "seconds", and "packets" if the file has a video. A stream that FFmpeg cannot decode has the codec None.

    Raises:
        MediaError: E511 if the file is unsupported, damaged or over a limit.
    """
    if is_webp(path, limits):
        return probe_webp(path, limits)
    with open_container(path, limits) as container:
        videos, chosen, heard = list_videos(container), None, None
        facts: dict[str, Any] = {
            "container": container.format.name,
            "bytes": path.stat().st_size,
            "seconds": container.duration / 1e6 if container.duration else None,
            "video": [_describe_video(stream, number) for number, stream in enumerate(videos, start=1)],
            "audio": [_describe_audio(each, number) for number, each in enumerate(container.streams.audio, start=1)],
            "covers": len(container.streams.video) - len(videos),
        }
        if any(stream.codec_context is not None for stream in videos):
            chosen = choose_video(path, container, StreamChoice())
            facts["video"].insert(0, facts["video"].pop(videos.index(chosen)))
            facts["video"][0] |= _describe_frame(container, chosen)
            heard = choose_audio(path, container, StreamChoice())
        sounds = [stream.index for stream in container.streams.audio]
        index = None if chosen is None else chosen.index
        heard_index, heard_rate = (None, 0) if heard is None else (heard.index, heard.rate)
    if index is not None:
        facts["video"][0]["alpha_layer"] = has_alpha_layer(path, limits)
        streams = scan_packets(path, limits)
        facts["video"][0] |= _measure_times(streams[index])
        for sound, each in zip(facts["audio"], sounds, strict=True):
            sound["packets"] = streams[each].packets
        if heard_index is not None and heard_rate:
            lead = _measure_lead(streams[index], streams[heard_index])
            facts["audio_lead"] = lead if lead > _MOST_PRIMING / heard_rate else 0.0
            facts["audio_lack"] = _measure_lack(streams[heard_index])
    return facts


def _describe_stream(stream: Any, number: int) -> dict[str, Any]:
    import av

    default = bool(stream.disposition & av.stream.Disposition.default)
    return {"track": number, "language": stream.language, "default": default}


def _describe_video(stream: Any, number: int) -> dict[str, Any]:
    context = stream.codec_context
    if context is None:
        return {"codec": None, **_describe_stream(stream, number)}
    return {
        **_describe_stream(stream, number),
        "codec": context.name,
        "width": context.width,
        "height": context.height,
        "pixel_format": context.pix_fmt,
        "rate": float(stream.average_rate) if stream.average_rate else None,
        "header_frames": stream.frames or None,
        "header_seconds": float(stream.duration * stream.time_base) if stream.duration else None,
    }


def _describe_audio(stream: Any, number: int) -> dict[str, Any]:
    context = stream.codec_context
    if context is None:
        return {"codec": None, **_describe_stream(stream, number)}
    return {
        **_describe_stream(stream, number),
        "codec": context.name,
        "rate": stream.rate,
        "channels": stream.channels,
        "seconds": float(stream.duration * stream.time_base) if stream.duration else None,
    }


def _describe_frame(container: Any, stream: Any) -> dict[str, Any]:
    """Return what the first frame says of how frames are shown."""
    import av

    aspect = stream.sample_aspect_ratio or Fraction(1)
    facts: dict[str, Any] = {"rotation": 0, "display_matrix": None, "pixel_aspect": str(aspect)}
    try:
        frame = next(container.decode(stream), None)
    except av.error.FFmpegError:
        frame = None
    if frame is None:
        return facts
    fill_tags(frame, stream.codec_context)
    matrix = find_display_matrix(frame)
    return {
        "rotation": int(frame.rotation or 0),
        "display_matrix": None if matrix is None else list(matrix),
        "pixel_aspect": str(aspect),
        "square_size": list(find_square_size(frame.width, frame.height, aspect)),
        "interlaced": bool(frame.interlaced_frame),
        "color": describe_color(frame),
        "high_dynamic_range": is_high_dynamic_range(frame),
        "matrix": is_known_matrix(frame),
    }


def _measure_times(times: StreamTimes) -> dict[str, Any]:
    """Return the number of frames, their seconds, and whether they are unevenly spaced."""
    steps = [after - before for before, after in pairwise(times.times)]
    usual = times.usual_step
    uneven = sum(abs(step - usual) * times.base > max(times.base, Fraction(1, 1000)) for step in steps)
    return {
        "frames": len(times.times),
        "seconds": float((times.end or 0) - times.times[0] * times.base) if times.times else 0.0,
        "variable_rate": bool(steps) and uneven > _UNEVEN * len(steps),
        "broken": times.is_damaged and not times.jumps,  # where files were joined, packets seem damaged
        "hidden_frames": times.hidden,
        "jumps": len(times.jumps),
    }


def _measure_lead(video: StreamTimes, audio: StreamTimes) -> float:
    """Return for how many seconds audio is heard before the first frame; what begins before 0 is not heard."""
    if not video.times or not audio.times:
        return 0.0
    return max(0.0, float(video.times[0] * video.base - max(Fraction(0), audio.times[0] * audio.base)))


def _measure_lack(times: StreamTimes) -> float:
    """Return how many seconds of audio the container declares behind the last packet."""
    if times.declared is None or times.found is None:
        return 0.0
    lack = round(float(times.declared - times.found), 3)
    return lack if lack > _NO_LACK_SECONDS else 0.0


def find_damage(facts: Mapping[str, Any]) -> list[str]:
    """Return how a video file is damaged, or its header wrong."""
    found = _find_video_damage(facts)
    if lack := facts.get("audio_lack"):
        found.append(f"the audio is truncated or damaged: the last {lack:.2f} s that the header declares are missing")
    return found


def _find_video_damage(facts: Mapping[str, Any]) -> list[str]:
    video = facts["video"][0] if facts["video"] else {}
    declared, found = video.get("header_frames") or 0, video.get("frames", 0)
    if video.get("broken") or 0 < found < declared - video.get("hidden_frames", 0):
        declaration = f" of the {declared} that its header declares" if declared not in (0, found) else ""
        return [f"the file is truncated or damaged: it has {found} frames{declaration}"]
    return [f"the header declares {declared} frames, the file has {found}"] if 0 < declared < found else []


def find_conversions(facts: Mapping[str, Any]) -> list[str]:
    """Return what is changed of a video while it is read, and how to have it otherwise."""
    video = facts["video"][0] if facts["video"] else {}
    found = [*_find_color_conversions(video), *_find_shape_conversions(video)]
    if video.get("interlaced"):
        found.append('interlaced frames are made whole by bwdif; video.load with "deinterlace" false keeps them')
    if video.get("alpha_layer"):
        found.append(
            "the alpha of H.265 is not supported and left out: convert the file to ProRes 4444 or VP9 to keep it"
        )
    if video.get("jumps"):
        found.append("timestamps jump, as in joined files; the parts follow each other")
    sounds = [each for each in facts.get("audio", ()) if each["codec"]]
    silent = [each["track"] for each in sounds if not (each["rate"] and each.get("packets", 1))]
    if silent:
        found.append(f"audio track {silent[0]} has nothing that can be decoded; the file may be cut off")
    lead = facts.get("audio_lead", 0.0)
    if lead > _LEAST_LEAD:
        found.append(f"the first {lead:.2f} s of the audio, before the first frame, are cut off; audio.load reads them")
    return found


def _find_color_conversions(video: Mapping[str, Any]) -> list[str]:
    found = []
    color = video.get("color", "")
    if video.get("high_dynamic_range"):
        found.append(f"{color} became sRGB: light above the reference white of 203 cd/m2 is clipped to white")
    elif color:
        found.append(f"{color} became sRGB, clipped to [0, 1]")
    if not video.get("matrix", True):
        found.append("the color matrix of the video is unsupported; BT.601 is used, so colors may be wrong")
    return found


def _find_shape_conversions(video: Mapping[str, Any]) -> list[str]:
    found = []
    aspect = Fraction(video.get("pixel_aspect", "1"))
    size = [video.get("width"), video.get("height")]
    if not is_plausible(aspect):
        found.append(f"the pixel aspect ratio {aspect} is ignored")
    elif video.get("square_size", size) != size:
        after = " x ".join(map(str, video["square_size"]))
        found.append(f"pixels of {aspect} became square: {size[0]} x {size[1]} became {after}")
    matrix = video.get("display_matrix")
    if matrix is not None and is_slanted(tuple(matrix)):
        found.append("the file turns its frames by an angle that is not a right one; the nearest right angle is used")
    return found


def find_warnings(facts: Mapping[str, Any]) -> list[str]:
    """Return what a person should know about a file before using it.

    Args:
        facts: What `probe_file` returned.

    Returns:
        Lines for `ctx.log`: damage, what is converted, unevenly spaced frames, and further videos and audio.
    """
    found = [*find_damage(facts), *find_conversions(facts)]
    if facts["video"] and facts["video"][0].get("variable_rate"):
        found.append("the frames are unevenly spaced; they keep their times")
    if len(facts["video"]) > 1:
        track = facts["video"][0].get("track", 1)
        found.append(f"the file contains {len(facts['video'])} videos; track {track} is used")
    return found
