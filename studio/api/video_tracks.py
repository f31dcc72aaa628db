"""The tracks of a video file: frames that are checked, and audio in step with them."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.media_file import refuse_writing
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.api.audio import Audio
    from studio.api.video import Frame, Video

    AnyArray = npt.NDArray[Any]

MICROSECOND = Fraction(1, 1_000_000)
_LEAST_LENGTH = 1e-3  # seconds; a duration that ends earlier is not the end of the last frame


@contextmanager
def open_for_writing(path: Path, kind: str, options: dict[str, str]) -> Iterator[Any]:
    """Open a file for FFmpeg to write; if anything fails, the file is removed."""
    import av

    try:
        with av.open(str(path), "w", format=kind, container_options=options) as container:
            yield container
    except av.error.FFmpegError as error:
        path.unlink(missing_ok=True)
        reason = av_file.describe_error(error)
        raise refuse_writing(path, f"cannot write the video: {reason}", error=error) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def check_frames(video: Video) -> Iterator[Frame]:
    """Yield the frames of a video; MediaError E504 for one of another kind, or that does not come after the last."""
    last = -1
    kind = (video.width, video.height, video.channels, video.color)
    for index, frame in enumerate(video.frames()):
        image = frame.image
        if (image.width, image.height, image.channels, image.color) != kind:
            raise MediaError(
                "E504",
                f"frame {index} is {image!r}, the video is {video!r}",
                hint="resize or convert the frames to one kind",
            )
        if frame.microseconds <= last:
            raise MediaError(
                "E504",
                f"frame {index} at {frame.time:g} s does not come after {last / 1e6:g} s",
                hint="times must rise from frame to frame",
            )
        last = frame.microseconds
        yield frame


def find_last_length(video: Video, last: Frame) -> float:
    """Return for how many seconds the last frame shows: to the end of the video, or one period if that is not later.

    Call it when all frames have been read, so that the duration needs no second reading.
    """
    length = video.duration - last.time
    return length if length > _LEAST_LENGTH else float(1 / video.rate)


def refuse_empty() -> MediaError:
    """Return the error of a video without frames."""
    return MediaError("E504", "the video has no frames", hint="a video has at least one frame")


def widen(array: AnyArray) -> npt.NDArray[np.uint16]:
    """Return samples as 16 bits: exactly from 8, rounded from floats."""
    import numpy as np

    if array.dtype == np.uint8:
        return array.astype(np.uint16) * np.uint16(257)
    if array.dtype == np.uint16:
        return array
    rounded: npt.NDArray[np.uint16] = np.rint(array * np.float32(65535.0)).astype(np.uint16)
    return rounded


class AudioTrack:
    """The audio of a video, written in step with its frames so that neither waits in memory for the other."""

    def __init__(self, container: Any, codec: str, audio: Audio | None) -> None:
        self._stream: Any = None
        if audio is None:
            return
        import av

        self._container, self._rate, self._start = container, audio.rate, 0
        self._blocks = audio.blocks(av_file.BLOCK)
        self._exact = codec == "pcm_f32le"
        rates = None if self._exact else _find_rates(codec)
        rate = audio.rate if not rates or audio.rate in rates else 48_000
        options = {"aac_coder": "fast"} if codec == "aac" else {}  # its default adds clicks to plain tones
        self._stream = container.add_stream(codec, rate=rate, options=options)
        self._stream.layout = av_file.get_layout(audio.channels)
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if not self._exact:
            self._stream.bit_rate = 128_000 * audio.channels

    def write_until(self, seconds: float) -> None:
        """Write the audio up to a time, and half a second more."""
        import numpy as np

        while self._stream is not None and self._start <= (seconds + 0.5) * self._rate:
            block = next(self._blocks, None)
            if block is None:
                return
            block = block + np.float32(0.0) if self._exact else np.clip(block, -1.0, 1.0)
            frame = av_file.create_audio_frame(block, self._start, self._rate)
            self._container.mux(self._stream.encode(frame))
            self._start += len(block)

    def finish(self) -> None:
        """Write what is left."""
        self.write_until(float("inf"))
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))


def _find_rates(codec: str) -> list[int]:
    import av

    return list(av.Codec(codec, "w").audio_rates or [])
