"""Videos from files, decoded frame by frame when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from studio.api import av_audio, av_file
from studio.api.color import SRGB
from studio.api.deinterlacing import deinterlace
from studio.api.frame_clock import FrameClock
from studio.api.gif_video import is_gif, read_gif_video
from studio.api.image import Image
from studio.api.media_file import refuse
from studio.api.packet_times import StreamTimes, create_mover, may_jump, scan_packets
from studio.api.rgb_conversion import RgbReader
from studio.api.stream_choice import StreamChoice, choose_audio, choose_video
from studio.api.video import Frame, Video
from studio.api.video_alpha import has_alpha
from studio.api.video_color import fill_tags, find_hdr_color, find_recoloring
from studio.api.video_geometry import DisplayMatrices, apply_display_matrix, find_square_size
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
_MICROSECONDS = 1_000_000
_MOST_NOMINAL = 240  # frames per second: more is the clock of the file rather than its rate


@dataclass(frozen=True)
class ReadingOptions:
    """How a video file is read.

    Attributes:
        choice: Which streams.
        deinterlaces: Whether interlaced frames are made whole.
        keeps_range: Whether PQ and HLG stay what they are, instead of becoming sRGB.
    """

    choice: StreamChoice = field(default_factory=StreamChoice)
    deinterlaces: bool = True
    keeps_range: bool = False


def read_video(path: Path, limits: MediaLimits, options: ReadingOptions | None = None) -> Video:
    """Return a video that decodes the file whenever its frames are asked for.

    Raises:
        MediaError: E511 for a file without frames, a damaged first frame, or one over a limit.
    """
    options = options or ReadingOptions()
    if is_webp(path, limits):
        return read_webp_video(path, limits, _check_size)
    if is_gif(path, limits):
        return read_gif_video(path, limits, _check_size)
    reading = _VideoFile(path, limits, options)
    height, width, channels = reading.shape
    return Video(
        reading.decode,
        width=width,
        height=height,
        channels=channels,
        color=reading.color,
        rate=reading.rate,
        count=reading.count_frames,
        duration=reading.measure,
        audio=reading.load_audio if reading.has_audio else None,
        origin=path if options == ReadingOptions() else None,
    )


class _VideoFile:
    """One video stream of a file: what its first frame and its header say of all frames.

    Raises:
        MediaError: E511 for a file without frames, a damaged first frame, or one over a limit.
    """

    def __init__(self, path: Path, limits: MediaLimits, options: ReadingOptions) -> None:
        self._path, self._limits, self._options = path, limits, options
        with av_file.open_container(path, limits) as container:
            stream = choose_video(path, container, options.choice)
            context = stream.codec_context
            _check_size(path, context.width, context.height, limits)
            self._tags = _Tags(context.colorspace, context.color_range, context.color_trc, context.color_primaries)
            first = next(av_file.decode_packets(container, stream), None)
            if first is None:
                raise refuse(path, "no frame of the video can be decoded", hint=_HINT)
            _check_size(path, first.width, first.height, limits)
            self._index, self._may_jump = stream.index, may_jump(container)
            self._origin = None if first.pts is None else Fraction(first.pts) * first.time_base
            self._aspect = stream.sample_aspect_ratio
            self._is_whole = _is_whole(stream, path.stat().st_size)
            self._alpha = has_alpha(path, limits, first, context.name)
            self._tags.fill(first)
            self.color = find_hdr_color(first) if options.keeps_range else SRGB
            self._deep = max(component.bits for component in first.format.components) > 8
            self.rate = _find_rate(stream)
            audio = choose_audio(path, container, options.choice)
            self._audio_index = None if audio is None else audio.index
        self.shape = self._convert(first, {}, DisplayMatrices()).shape

    def decode(self) -> Iterator[Frame]:
        """Yield the frames."""
        readers: dict[Any, RgbReader] = {}
        matrices = DisplayMatrices()
        clock = FrameClock(self._origin, self.rate)
        with av_file.open_container(self._path, self._limits) as container:
            stream = container.streams[self._index]
            stream.thread_type = "AUTO"
            mover = create_mover(self._times.jumps) if self._may_jump else None
            frames = av_file.decode_packets(container, stream, mover)
            for frame in deinterlace(frames) if self._options.deinterlaces else frames:
                _check_size(self._path, frame.width, frame.height, self._limits)
                time = clock.find(frame)
                if time is None:
                    continue
                array = self._convert(frame, readers, matrices)
                if array.shape != self.shape:
                    raise self._refuse_shape(array)
                yield Frame(Image.take(array, color=self.color), time / _MICROSECONDS)

    @property
    def has_audio(self) -> bool:
        """Whether the header declares audio."""
        return self._audio_index is not None

    def load_audio(self) -> Audio | None:
        """Return the audio that begins with the first frame; None if the file is cut off before its first packet."""
        if self._audio_index is None or not self._streams[self._audio_index].packets:
            return None
        origin = self._origin or Fraction(0)
        return av_audio.decode_audio(self._path, self._limits, origin, self._options.choice, lambda: self._streams)

    def count_frames(self) -> int | None:
        """Return how many frames there are by their packets, or None if the file is damaged."""
        return len(self._times.times) or None if self._is_whole and not self._times.is_damaged else None

    def measure(self) -> float:
        """Return the seconds to the end of the last frame: by packets, or by frames if packets are missing."""
        if not self._is_whole:
            last = max((frame.time for frame in self.decode()), default=0.0)
            return round(last + float(1 / self.rate), 6)
        end = self._times.end
        if end is None or self._origin is None or end <= self._origin:
            return float(max(1, len(self._times.times)) / self.rate)
        return round(float(end - self._origin), 6)

    @cached_property
    def _streams(self) -> dict[int, StreamTimes]:
        return scan_packets(self._path, self._limits)

    @property
    def _times(self) -> StreamTimes:
        return self._streams[self._index]

    def _convert(self, frame: Any, readers: dict[Any, RgbReader], matrices: DisplayMatrices) -> AnyArray:
        """Return a frame as upright height x width x channels samples with square pixels, in sRGB."""
        import av
        import numpy as np

        self._tags.fill(frame)
        size = find_square_size(frame.width, frame.height, self._aspect)
        _check_size(self._path, *size, self._limits)
        key = (size, frame.color_trc, frame.color_primaries)
        if key not in readers:
            kept = size if size != (frame.width, frame.height) else None
            recolor = find_recoloring(frame) if self.color == SRGB else None
            readers[key] = RgbReader(alpha=self._alpha, deep=self._deep, size=kept, recolor=recolor)
        try:
            array = readers[key].read(frame)
        except (av.error.FFmpegError, ValueError) as error:
            reason = av_file.describe_error(error)
            raise refuse(self._path, f"a frame cannot be converted to RGB: {reason}", hint=_HINT) from None
        return np.ascontiguousarray(apply_display_matrix(array, matrices.find(frame)))

    def _refuse_shape(self, array: AnyArray) -> MediaError:
        return MediaError(
            "E504",
            f"a frame is {array.shape[1]} x {array.shape[0]}, the first was {self.shape[1]} x {self.shape[0]}",
            where=str(self._path),
            hint="cut the video where its size changes",
        )


@dataclass(frozen=True)
class _Tags:
    """What the container says of color, for frames that do not."""

    colorspace: int
    color_range: int
    color_trc: int
    color_primaries: int

    def fill(self, frame: Any) -> None:
        """Set the tags that a frame lacks."""
        fill_tags(frame, self)


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
    """Return the nominal rate: the one that frames of even length have, not the mean of uneven ones."""
    average = stream.average_rate
    for rate in (stream.guessed_rate, average, stream.base_rate):
        if not rate or not Fraction(1, 1000) <= rate <= 1000:
            continue
        if rate > _MOST_NOMINAL and average and average < rate / 2:
            continue
        return Fraction(rate).limit_denominator(1_000_000)
    return Fraction(25)
