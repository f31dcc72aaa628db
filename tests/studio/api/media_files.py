"""Files of video and audio with properties that our writers do not write, made with PyAV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

Array = npt.NDArray[Any]


def make_corner(height: int = 48, width: int = 64) -> Array:
    """Grey with a bright top left quarter and a dark strip at the right."""
    image = np.full((height, width, 3), 120, np.uint8)
    image[: height // 2, : width // 2] = 230
    image[:, -width // 8 :] = 20
    return image


def write_frames(
    path: Path,
    arrays: Sequence[Array],
    *,
    codec: str = "libx264",
    pixels: str = "yuv444p",
    layout: str = "rgb24",
    rate: int | Fraction = 25,
    times: Sequence[int] | None = None,
    options: Mapping[str, str] | None = None,
    tags: Mapping[str, int] | None = None,
    prepare: Callable[[Any], None] | None = None,
    container_format: str | None = None,
    filters: str = "",
) -> None:
    """Write frames; times are in units of 1 / rate."""
    with av.open(str(path), "w", format=container_format) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=dict(options or {}))
        stream.height, stream.width = arrays[0].shape[:2]
        stream.pix_fmt = pixels
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if prepare is not None:
            prepare(stream)
        for number, array in enumerate(arrays):
            frame: Any = av.VideoFrame.from_ndarray(array, format=layout)
            frame = frame if layout == pixels else frame.reformat(format=pixels)
            frame.pts, frame.time_base = number if times is None else times[number], 1 / Fraction(rate)
            for each in [frame] if not filters else run_filter(frame, filters):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))


def run_filter(frame: Any, name: str) -> list[Any]:
    """One frame through one filter, as for flags that only a filter can set."""
    graph = Graph()
    kind, _, options = name.partition("=")
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    changed, sink = graph.add(kind, options), graph.add("buffersink")
    source.link_to(changed)
    changed.link_to(sink)
    graph.configure()
    graph.push(frame)
    return [graph.pull()]


def make_tone(seconds: float, frequency: float, rate: int = 8000) -> Array:
    """16-bit samples of a tone."""
    return (np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate) * 12_000).astype(np.int16)


def measure_pitch(samples: Array, rate: int = 8000) -> float:
    """The frequency with the most energy; 0 for silence."""
    if np.abs(samples).max(initial=0) < 0.01:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


def write_tracks(
    path: Path,
    tones: Sequence[tuple[float, str, bool]],
    *,
    videos: Sequence[tuple[int, bool]] = ((100, True),),
    gap: tuple[float, float] = (0.0, 0.0),
    video_start: float = 0.0,
    container_format: str | None = None,
) -> None:
    """Write a second of videos (level, default) and tones (frequency, language, default), with a gap in the tones."""
    from av.stream import Disposition

    with av.open(str(path), "w", format=container_format) as container:
        pictures: list[Any] = []
        for _, default in videos:
            stream: Any = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.disposition = Disposition.default if default else Disposition(0)
            pictures.append(stream)
        sounds: list[Any] = []
        for _, language, default in tones:
            stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
            stream.metadata["language"] = language
            stream.disposition = Disposition.default if default else Disposition(0)
            sounds.append(stream)
        for stream, (level, _) in zip(pictures, videos, strict=True):
            for index in range(25):
                frame: Any = av.VideoFrame.from_ndarray(np.full((72, 64), 128, np.uint8), format="yuv420p")
                np.frombuffer(frame.planes[0], np.uint8)[:] = level
                frame.pts, frame.time_base = index + round(video_start * 25), Fraction(1, 25)
                container.mux(stream.encode(frame))
        for stream, (frequency, _, _) in zip(sounds, tones, strict=True):
            samples = make_tone(1.0, frequency)
            for start in range(0, 8000, 400):
                block = av.AudioFrame.from_ndarray(samples[None, start : start + 400], format="s16", layout="mono")
                late = gap[1] if gap[1] and start >= gap[0] * 8000 else 0.0
                block.rate, block.pts, block.time_base = 8000, start + round(late * 8000), Fraction(1, 8000)
                container.mux(stream.encode(block))
        for stream in [*pictures, *sounds]:
            container.mux(stream.encode(None))


def write_part(path: Path, frequency: float, level: int) -> bytes:
    """One second of MPEG-TS."""
    with av.open(str(path), "w", format="mpegts") as container:
        pictures: Any = container.add_stream("libx264", rate=25)
        sound: Any = container.add_stream("mp2", rate=48_000, layout="mono")
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(pictures.encode(frame))
        tone = make_tone(1.0, frequency, 48_000)
        for start in range(0, 48_000 - 1151, 1152):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 1152], format="s16", layout="mono")
            block.rate, block.pts, block.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(sound.encode(block))
        container.mux(pictures.encode(None))
        container.mux(sound.encode(None))
    return path.read_bytes()
