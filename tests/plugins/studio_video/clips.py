"""Small videos for tests, and readers that know nothing of Studio's."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Audio, File, Frame, Image, OutputPath, Video, VideoType

Array = npt.NDArray[Any]


def draw(index: int, width: int = 64, height: int = 48, channels: int = 3) -> Array:
    """A square that moves a pixel a frame over a ramp."""
    y, x = np.mgrid[:height, :width]
    array = np.stack([x * 3 % 256, y * 4 % 256, np.full_like(x, 60), np.full_like(x, 255)], axis=2).astype(np.uint8)
    left = (4 + index) % max(1, width - 12)
    array[height // 3 : height // 3 + 12, left : left + 12, :3] = (250, 240, 30)
    return np.ascontiguousarray(array[:, :, :channels])


def tone(seconds: float, rate: int = 8000, frequency: float = 440.0) -> Audio:
    """A steady tone."""
    time = np.arange(round(seconds * rate)) / rate
    return Audio((0.4 * np.sin(2 * np.pi * frequency * time)).astype(np.float32), rate)


def make_video(
    count: int = 12, width: int = 64, height: int = 48, rate: int = 12, *, channels: int = 3, sound: bool = True
) -> Video:
    """A video of the moving square, with a tone."""

    def frames() -> Iterator[Frame]:
        for index in range(count):
            yield Frame(Image(draw(index, width, height, channels)), index / rate)

    return Video(
        frames,
        width=width,
        height=height,
        channels=channels,
        rate=Fraction(rate),
        count=count,
        audio=tone(count / rate) if sound else None,
    )


def make_plain(levels: list[int], rate: int = 10, size: int = 16, sound: Audio | None = None) -> Video:
    """A video of plain grey frames, so that each can be told by its level."""
    return Video.from_images(
        [Image(np.full((size, size, 3), level, np.uint8)) for level in levels], Fraction(rate), sound
    )


def make_uneven(shown: dict[float, int], duration: float, rate: int = 10, audio: Audio | None = None) -> Video:
    """A video of plain frames: their levels by the times at which they begin to show."""
    frames = [Frame(Image(np.full((8, 8, 3), level, np.uint8)), time) for time, level in shown.items()]
    return Video(
        lambda: iter(frames), width=8, height=8, rate=Fraction(rate), count=len(frames), duration=duration, audio=audio
    )


def read_shown(video: Video) -> dict[float, int]:
    """The levels of plain frames by the times at which they begin to show."""
    return {round(time, 6): level for time, level in zip(read_times(video), read_levels(video), strict=True)}


def read_levels(video: Video) -> list[int]:
    """The first sample of each frame."""
    return [int(frame.image.to_uint8()[0, 0, 0]) for frame in video.frames()]


def read_times(video: Video) -> list[float]:
    """The times of the frames."""
    return [frame.time for frame in video.frames()]


def write_clip(path: Path, video: Video) -> File:
    """Write a video as a user's file."""
    VideoType().write_file(video, path, None)
    return open_file(path)


def open_file(path: Path) -> File:
    """A file as a node gets it."""
    return File(path, "0" * 64, path.stat().st_size)


def name_output(path: Path) -> OutputPath:
    """A place as a node gets it."""
    return OutputPath(path, path.name)


def probe(path: Path) -> dict[str, Any]:
    """What FFmpeg finds: with ffprobe where it is installed, otherwise through PyAV."""
    if shutil.which("ffprobe"):
        return _probe_with_ffprobe(path)
    return _probe_with_pyav(path)


def _probe_with_ffprobe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_frames", "-select_streams", "v:0", "-of", "json"]
    out = subprocess.run([*command, str(path)], capture_output=True, check=True, text=True)
    assert not out.stderr.strip(), out.stderr
    told = json.loads(out.stdout)
    stream = told["streams"][0]
    shown = [frame.get("pts_time", frame.get("best_effort_timestamp_time")) for frame in told["frames"]]
    return {
        "width": stream["width"],
        "height": stream["height"],
        "codec": stream["codec_name"],
        "pixels": stream.get("pix_fmt"),
        "rate": float(Fraction(stream["r_frame_rate"])),
        "times": [float(time) for time in shown],
    }


def _probe_with_pyav(path: Path) -> dict[str, Any]:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        return {
            "width": frames[0].width,
            "height": frames[0].height,
            "codec": stream.codec_context.codec.canonical_name,
            "pixels": frames[0].format.name,
            "rate": float(stream.base_rate),
            "times": [float(frame.time) for frame in frames],
        }
