"""Videos from files, decoded frame by frame when they are asked for."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.gif_video import is_gif, read_gif_video
from studio.api.image import Image
from studio.api.media_file import refuse
from studio.api.rgb_conversion import RgbReader
from studio.api.video import Frame, Video
from studio.api.video_alpha import has_alpha
from studio.api.webp_video import is_webp, read_webp_video
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from studio.api.audio import Audio
    from studio.settings import MediaLimits

    AnyArray = npt.NDArray[Any]

_HINT = "open it in a player and save it again"


def read_video(path: Path, limits: MediaLimits) -> Video:
    """Return a video that decodes the file whenever its frames are asked for.

    Raises:
        MediaError: E511 for a file without frames, a damaged first frame, or one over a limit.
    """
    if is_webp(path, limits):
        return read_webp_video(path, limits, _check_size)
    if is_gif(path, limits):
        return read_gif_video(path, limits, _check_size)
    with av_file.open_container(path, limits) as container:
        stream = find_stream(path, container)
        context = stream.codec_context
        _check_size(path, context.width, context.height, limits)
        first = next(av_file.decode_packets(container, stream), None)
        if first is None:
            raise refuse(path, "no frame of the video can be decoded", hint=_HINT)
        _check_size(path, first.width, first.height, limits)
        origin = Fraction(first.pts or 0) * (first.time_base or stream.time_base)
        layout = _choose_layout(first, has_alpha(path, limits, first, stream.codec_context.name))
        shape = _convert(path, first, _open_reader(layout)).shape
        rate = _find_rate(stream)
        whole = _is_whole(stream, path.stat().st_size)  # else both are found by reading the frames
        count = (stream.frames or None) if whole else None
        seconds = float(stream.duration * stream.time_base) if stream.duration and whole else None
        has_audio = bool(container.streams.audio)

    def create_frames() -> Iterator[Frame]:
        return _decode(path, limits, layout, shape, rate)

    def load_audio() -> Audio | None:
        return av_file.decode_audio(path, limits, origin)

    return Video(
        create_frames,
        width=shape[1],
        height=shape[0],
        channels=shape[2],
        rate=rate,
        count=count,
        duration=seconds,
        audio=load_audio if has_audio else None,
        origin=path,
    )


def find_stream(path: Path, container: Any) -> Any:
    """Return the first video stream of a container; MediaError E511 if there is none that can be decoded."""
    import av

    if not container.streams.video:
        raise refuse(path, "the file has no video", hint="name a video file")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise refuse(path, "unsupported video codec", hint=_HINT)
    stream.thread_type = "AUTO"
    assert isinstance(stream, av.VideoStream)
    return stream


def _check_size(path: Path, width: int, height: int, limits: MediaLimits) -> None:
    if width < 1 or height < 1:
        raise refuse(path, f"invalid frame size {width} x {height}", hint=_HINT)
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise refuse(
            path,
            f"frames of {width} x {height} pixels are over the limit of {limits.max_pixels} pixels"
            f" and {limits.max_side} per side",
            hint="raise media.max_pixels or media.max_side in config.toml",
        )


def _is_whole(stream: Any, size: int) -> bool:
    """Say whether the last frame of the index lies in the file: else the header declares more than there is."""
    entries = stream.index_entries
    return not len(entries) or entries[-1].pos + entries[-1].size <= size


def _find_rate(stream: Any) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and Fraction(1, 1000) <= rate <= 1000:
            return Fraction(rate).limit_denominator(1_000_000)
    return Fraction(25)


def _choose_layout(frame: Any, alpha: bool) -> str:
    deep = max(component.bits for component in frame.format.components) > 8
    return {(False, False): "rgb24", (True, False): "rgba", (False, True): "rgb48le", (True, True): "rgba64le"}[
        (alpha, deep)
    ]


def _open_reader(layout: str) -> RgbReader:
    return RgbReader(alpha=layout in ("rgba", "rgba64le"), deep=layout in ("rgb48le", "rgba64le"))


def _convert(path: Path, frame: Any, reader: RgbReader) -> AnyArray:
    """Return a frame as upright height x width x channels samples."""
    import av
    import numpy as np

    try:
        array = reader.read(frame)
    except (av.error.FFmpegError, ValueError) as error:
        raise refuse(path, f"a frame cannot be converted to RGB: {av_file.describe_error(error)}", hint=_HINT) from None
    turns = round((frame.rotation or 0) / 90) % 4
    return np.rot90(array, turns) if turns else array


def _decode(path: Path, limits: MediaLimits, layout: str, shape: tuple[int, ...], rate: Fraction) -> Iterator[Frame]:
    with av_file.open_container(path, limits) as container:
        stream = find_stream(path, container)
        origin: Fraction | None = None
        reader = _open_reader(layout)
        last = -1
        for frame in av_file.decode_packets(container, stream):
            _check_size(path, frame.width, frame.height, limits)
            array = _convert(path, frame, reader)
            if array.shape != shape:
                raise MediaError(
                    "E504",
                    f"a frame is {array.shape[1]} x {array.shape[0]}, the first was {shape[1]} x {shape[0]}",
                    where=str(path),
                    hint="cut the video where its size changes",
                )
            when = Fraction(frame.pts) * frame.time_base if frame.pts is not None else None
            if origin is None:
                origin = when or Fraction(0)
            period = round(1_000_000 / rate)
            time = round((when - origin) * 1_000_000) if when is not None else last + period
            last = max(time, last + 1)
            yield Frame(Image.take(array), last / 1_000_000)
