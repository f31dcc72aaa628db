"""`Video`: a stream of frames that can be read again and is never held whole. `Frame`: one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from studio.api.color import SRGB, ColorSpace, check_color
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from studio.api.audio import Audio
    from studio.api.image import Image


@dataclass(frozen=True)
class Frame:
    """One image of a video and the time from which it shows.

    Attributes:
        image: The image.
        time: Seconds from the start of the video, at least 0, rounded to whole microseconds.

    Raises:
        MediaError: E504 for a time that is negative or not finite.

    Example:
        import numpy as np
        from studio.api import Frame, Image

        frame = Frame(Image(np.zeros((4, 4, 3), np.uint8)), time=1 / 3)

        assert (frame.time, frame.microseconds) == (0.333333, 333_333)
    """

    image: Image
    time: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time) and self.time >= 0):
            raise MediaError("E504", f"invalid frame time {self.time!r}", hint="give seconds from 0 on")
        object.__setattr__(self, "time", round(self.time * 1_000_000) / 1_000_000)

    @property
    def microseconds(self) -> int:
        """The time in whole microseconds."""
        return round(self.time * 1_000_000)


class Video:
    """A video: frames with rising times, all of one size, channels and color space, and optionally audio.

    The frames are a stream. Each call of `frames()` starts them again from the first; nothing holds them all. A
    frame shows until the next one does, the last until `duration`. `rate` is the nominal number of frames per second:
    it spaces frames with even times, and where no duration is given it says how long the last frame shows.

    Args:
        frames: Returns a fresh iterator over the same frames whenever it is called.
        width: Columns of every frame.
        height: Rows of every frame.
        rate: Frames per second, above 0.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA), of every frame.
        count: The number of frames, if it is known without reading them; or a function that returns it.
        audio: The audio, from the same start; or a function that returns it, called when it is first needed.
        duration: Seconds until the last frame ends, where that is not count / rate; or a function that returns it.
        source: The stored file of which this is a plain view; for codecs only.
        origin: The user's file of which this is a plain view; for codecs only.
        color: What the samples of every frame mean as light.

    Raises:
        MediaError: E504 for an invalid size, rate, count or number of channels.

    Example:
        from collections.abc import Iterator
        from fractions import Fraction
        import numpy as np
        from studio.api import Frame, Image, Video

        images = [Image(np.full((48, 64, 3), level, np.uint8)) for level in (0, 128, 255)]
        short = Video.from_images(images, rate=25)  # a few images that are there already


        def frames() -> Iterator[Frame]:  # a stream: each frame is made when it is read
            for index in range(250):
                yield Frame(Image(np.full((48, 64, 3), index, np.uint8)), time=index / 25)


        long = Video(frames, width=64, height=48, rate=Fraction(25), count=250)

        first = next(long.frames())  # every call of `frames` starts from the first
        assert (first.time, first.image.width, long.duration) == (0.0, 64, 10.0)
        assert [frame.time for frame in short.frames()] == [0.0, 0.04, 0.08]


        def invert() -> Iterator[Frame]:  # from a video to a video, never whole in memory
            for frame in long.frames():
                yield Frame(Image(255 - frame.image.to_uint8()), frame.time)


        inverted = Video(invert, width=64, height=48, rate=long.rate, count=long.count, audio=long.audio)
        assert int(next(inverted.frames()).image.to_uint8()[0, 0, 0]) == 255
    """

    studio_type: ClassVar[str] = "video"
    __slots__ = (
        "__weakref__",
        "_audio",
        "_channels",
        "_color",
        "_count",
        "_frames",
        "_height",
        "_origin",
        "_rate",
        "_seconds",
        "_source",
        "_width",
    )
    _audio: Audio | Callable[[], Audio | None] | None
    _channels: int
    _color: ColorSpace
    _count: int | Callable[[], int | None] | None
    _frames: Callable[[], Iterator[Frame]]
    _height: int
    _origin: Path | None
    _rate: Fraction
    _seconds: float | Callable[[], float] | None
    _source: Path | None
    _width: int

    def __init__(
        self,
        frames: Callable[[], Iterator[Frame]],
        *,
        width: int,
        height: int,
        rate: Fraction,
        channels: int = 3,
        count: int | Callable[[], int | None] | None = None,
        audio: Audio | Callable[[], Audio | None] | None = None,
        duration: float | Callable[[], float] | None = None,
        source: Path | None = None,
        origin: Path | None = None,
        color: ColorSpace = SRGB,
    ) -> None:
        if width < 1 or height < 1:
            raise MediaError("E504", f"invalid frame size {width} x {height}", hint="give a size above 0")
        if channels not in (1, 3, 4):
            raise MediaError("E504", f"invalid channel count {channels}", hint="a frame has 1, 3 or 4 channels")
        if isinstance(count, int) and count < 0:
            raise MediaError("E504", f"invalid frame count {count}", hint="leave count out if it is not known")
        parts = {"frames": frames, "width": int(width), "height": int(height), "rate": _check_rate(rate)}
        parts |= {
            "channels": channels,
            "color": check_color(color),
            "count": count,
            "audio": audio,
            "source": source,
            "origin": origin,
            "seconds": duration,
        }
        for name, value in parts.items():
            object.__setattr__(self, f"_{name}", value)

    @classmethod
    def from_images(cls, images: Sequence[Image], rate: Fraction | int, audio: Audio | None = None) -> Video:
        """Return a video of these images, evenly spaced.

        Args:
            images: At least one image; all have one size, number of channels and color space.
            rate: Frames per second, above 0.
            audio: The audio, from the same start.

        Raises:
            MediaError: E504 for no images, for images that differ in kind, and for an invalid rate.
        """
        if not images:
            raise MediaError("E504", "a video without frames", hint="give at least one image")
        images, first, rate = tuple(images), images[0], _check_rate(rate)
        shape = (first.width, first.height, first.channels, first.color)
        for index, image in enumerate(images):
            if (image.width, image.height, image.channels, image.color) != shape:
                raise MediaError(
                    "E504",
                    f"frame {index} is {image!r}, the first is {first!r}",
                    hint="resize or convert the images to one kind first",
                )

        def create_frames() -> Iterator[Frame]:
            return (Frame(image, float(index / rate)) for index, image in enumerate(images))

        return cls(
            create_frames,
            width=first.width,
            height=first.height,
            channels=first.channels,
            rate=rate,
            count=len(images),
            audio=audio,
            color=first.color,
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Video is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Video is frozen")

    def __getstate__(self) -> None:
        raise TypeError("Video is not pickled; use the codec of its value type")

    def frames(self) -> Iterator[Frame]:
        """Return a fresh iterator over the frames, from the first."""
        return iter(self._frames()) if self._seconds is not None else self._watch_frames()

    def _watch_frames(self) -> Iterator[Frame]:
        """Yield the frames; where the last one ends is known afterwards, so that nobody reads them for it."""
        last: Frame | None = None
        stream = iter(self._frames())
        try:
            for last in stream:
                yield last
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        if self._seconds is None and self._count is None:
            end = 0.0 if last is None else last.time + float(1 / self._rate)
            object.__setattr__(self, "_seconds", end)

    @property
    def width(self) -> int:
        """Columns."""
        return self._width

    @property
    def height(self) -> int:
        """Rows."""
        return self._height

    @property
    def channels(self) -> int:
        """1 (grey), 3 (RGB) or 4 (RGBA)."""
        return self._channels

    @property
    def color(self) -> ColorSpace:
        """What the samples of every frame mean as light."""
        return self._color

    @property
    def rate(self) -> Fraction:
        """Nominal frames per second."""
        return self._rate

    @property
    def count(self) -> int | None:
        """The number of frames, or None where it is not known without reading them."""
        if callable(self._count):
            object.__setattr__(self, "_count", self._count())
        return self._count  # type: ignore[return-value]  # a function was just replaced by what it gave

    @property
    def audio(self) -> Audio | None:
        """The audio, or None."""
        if callable(self._audio):
            object.__setattr__(self, "_audio", self._audio())
        return self._audio  # type: ignore[return-value]  # a function was just replaced by what it gave

    @property
    def source(self) -> Path | None:
        """The stored file of which this is a plain view, or None."""
        return self._source

    @property
    def origin(self) -> Path | None:
        """The user's file of which this is a plain view, or None."""
        return self._origin

    @property
    def duration(self) -> float:
        """Seconds until the last frame ends.

        Where only `count` is known it is count / rate. Where that is unknown too, the frames are read once, the last
        one shows for one period of the rate, and the duration is remembered.
        """
        seconds = self._seconds
        if seconds is None:
            count = self.count
            seconds = self._measure() if count is None else float(count / self._rate)
        elif callable(seconds):
            seconds = seconds()
        object.__setattr__(self, "_seconds", seconds)
        return seconds

    def _measure(self) -> float:
        last = -1.0
        for frame in self.frames():
            last = frame.time
        return last + float(1 / self._rate) if last >= 0 else 0.0

    def __repr__(self) -> str:
        length = f", {self._count} frames" if isinstance(self._count, int) else ""
        color = "" if self._color == SRGB else f", {self._color}"
        return f"Video({self._width}x{self._height}x{self._channels}, {float(self._rate):g} fps{length}{color})"


def replace_frames(video: Video, frames: Callable[[], Iterator[Frame]], color: ColorSpace | None = None) -> Video:
    """Return a video with other frames of the same size, times and audio, none of which is read now.

    Args:
        video: What the result is like.
        frames: Returns a fresh iterator over the frames.
        color: Color space of the frames; that of `video` if None.
    """
    return Video(
        frames,
        width=video.width,
        height=video.height,
        channels=video.channels,
        rate=video.rate,
        count=lambda: video.count,
        audio=lambda: video.audio,
        duration=lambda: video.duration,
        color=video.color if color is None else color,
    )


def _check_rate(rate: Fraction | float) -> Fraction:
    if isinstance(rate, float) and not math.isfinite(rate):
        raise MediaError("E504", f"invalid frame rate {rate}", hint="give a number above 0")
    exact = Fraction(rate).limit_denominator(1_000_000)
    if not Fraction(1, 1000) <= exact <= 100_000:
        raise MediaError("E504", f"invalid frame rate {rate}", hint="give a number above 0")
    return exact
