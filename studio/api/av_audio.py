"""Audio of files through PyAV (FFmpeg): the gaps between its parts are kept, and jumps of timestamps are joined."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.audio import Audio
from studio.api.audio_blocks import HIGHEST_RATE, MOST_CHANNELS, convert, exceeds_memory, gather_blocks
from studio.api.av_file import BLOCK, FORMATS, decode_packets, describe_error, open_container
from studio.api.media_file import refuse
from studio.api.packet_times import Jumps, StreamTimes, create_mover, may_jump, parse_clock, scan_packets
from studio.api.stream_choice import StreamChoice, choose_audio
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.settings import MediaLimits

    FloatArray = npt.NDArray[np.float32]

_VALUES_PER_SECOND = 96_000  # 48 kHz in stereo: what bounds the memory of audio within max_audio_seconds
_LEAST_GAP, _LEAST_ROUGH_GAP = 0.015, 0.1  # seconds: less is rounding; some containers have rough times
_ROUGH = ("asf", "rm", "flv", "avi")


def check_audio(path: Path, frames: float, channels: int, rate: int, limits: MediaLimits) -> None:
    """Raise MediaError E511 if audio of this many frames is over the limits."""
    if not (1 <= rate <= HIGHEST_RATE and 1 <= channels <= MOST_CHANNELS):
        raise refuse(path, f"invalid audio: {channels} channels at {rate} hertz", hint="the file is damaged")
    seconds = frames / rate
    if seconds > limits.max_audio_seconds or frames * channels > limits.max_audio_seconds * _VALUES_PER_SECOND:
        bound = f"{limits.max_audio_seconds:g} seconds of 48 kHz stereo"
        raise refuse(
            path,
            f"audio of {seconds:.0f} seconds, {channels} channels and {rate} hertz is over the limit of {bound}",
            hint="raise media.max_audio_seconds in config.toml if you trust the file",
        )


def decode_audio(
    path: Path,
    limits: MediaLimits,
    origin: Fraction | None = None,
    choice: StreamChoice | None = None,
    find_times: Callable[[], Mapping[int, StreamTimes]] | None = None,
) -> Audio | None:
    """Decode audio of a file, or return None if it has none; long audio is decoded whenever it is read.

    Args:
        path: Any file that PyAV reads.
        limits: Bounds; they hold for the header and again for what comes out.
        origin: Start of the result in seconds, on the file's clock. Later audio is preceded by silence, earlier audio
            is cut. None: the start of the audio.
        choice: Which audio; without it, what players take first.
        find_times: Returns the times of all streams, for a caller that keeps them; otherwise packets are read for them.

    Raises:
        MediaError: E511 if the audio is damaged or over a limit, or if the file lacks what is chosen.
    """
    choice = choice or StreamChoice()
    with open_container(path, limits) as container:
        stream = choose_audio(path, container, choice)
        if stream is None:
            return None
        index, rate, channels = stream.index, stream.rate or 0, stream.channels or 0
        length = float(stream.duration * stream.time_base) if stream.duration else 0.0
        check_audio(path, length * rate, channels, rate, limits)
        jumps: Jumps = ()
        if may_jump(container):
            jumps = (find_times() if find_times else scan_packets(path, limits))[index].jumps
    return create_audio(path, lambda: _decode_audio(path, limits, origin, index, jumps), rate, channels)


def decode_part(part: Any, rate: int, channels: int) -> Iterator[FloatArray]:
    """Yield what FFmpeg decodes of an open file, in this rate and number of channels; nothing if it cannot.

    Args:
        part: The file, as a binary file object.
        rate: Frames per second.
        channels: Number of channels.
    """
    import av

    try:
        options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
        with av.open(part, options=options, metadata_errors="replace") as container:
            stream = next(iter(container.streams.audio), None)
            if stream is not None and (stream.rate, stream.channels) == (rate, channels):
                for _, block in _decode_blocks(container, stream):
                    yield block
    except (av.error.FFmpegError, OSError, ValueError):
        return


def measure_audio(path: Path, limits: MediaLimits) -> tuple[float | None, float]:
    """Return how many seconds the first audio of a file has by its container, and by its packets.

    The first is None where the container does not say, or FFmpeg has guessed it from the bit rate.
    """
    import av

    with open_container(path, limits) as container:
        stream = choose_audio(path, container, StreamChoice())
        if stream is None:
            return None, 0.0
        declared = _find_declared(container, stream, path)
        found, last = 0.0, 0.0
        try:
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None and not packet.is_corrupt:
                    first = (packet.pts - (stream.start_time or 0)) * stream.time_base
                    found += float(packet.duration * stream.time_base)
                    last = max(last, float(first + packet.duration * stream.time_base))
        except av.error.FFmpegError:
            pass
        return declared, last if declared is not None and last <= declared else max(found, last)


def _find_declared(container: Any, stream: Any, path: Path) -> float | None:
    name = container.format.name
    if name == "mp3":
        return _find_xing_seconds(path, stream.rate)
    if name not in ("flac", "wav", "matroska,webm", "asf") and "mp4" not in name:
        return None
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if (end := parse_clock(stream.metadata.get("DURATION", ""))) is not None:
        return float(end)
    return container.duration / 1e6 if container.duration and not container.streams.video else None


def _find_xing_seconds(path: Path, rate: int) -> float | None:
    """Return the length that the first frame of an MP3 file declares, or None."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for mark in (b"Xing", b"Info"):
        at = head.find(mark)
        if at >= 0 and head[at + 7 : at + 8] and head[at + 7] & 1:
            return int.from_bytes(head[at + 8 : at + 12], "big") * (1152 if rate >= 32_000 else 576) / rate
    return None


def create_audio(path: Path, create_blocks: Callable[[], Iterator[FloatArray]], rate: int, channels: int) -> Audio:
    """Return the audio of a file: held if it is short, else decoded whenever it is read.

    Raises:
        MediaError: E511 for invalid samples; later, while it is read, if the file has changed.
    """
    parts: list[FloatArray] = []
    total = 0
    state = _find_state(path)
    for block in _watch(path, create_blocks()):
        parts.append(block)
        total += len(block)
        if exceeds_memory(total * channels):
            return Audio.from_blocks(lambda: _read_again(path, create_blocks, state), rate=rate, channels=channels)
    return Audio(gather_blocks(parts, channels), rate)


def _find_state(path: Path) -> tuple[int, ...] | None:
    """Return what would differ if the file had another content, or None if it is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _read_again(
    path: Path, create_blocks: Callable[[], Iterator[FloatArray]], state: tuple[int, ...] | None
) -> Iterator[FloatArray]:
    """Yield the blocks of a file that must not change from beginning to end."""
    for blocks in (_watch(path, create_blocks()), ()):
        if (now := _find_state(path)) != state:
            found = "was removed" if now is None else "has changed"
            raise refuse(path, f"the file {found} since it was opened", hint="do not change it while it is in use")
        yield from blocks


def _watch(path: Path, blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
    """Yield checked blocks; an invalid one is an error of the file."""
    for block in blocks:
        try:
            yield convert(block)
        except MediaError as error:
            raise refuse(path, error.message, hint=error.hint) from None


def _decode_audio(
    path: Path, limits: MediaLimits, origin: Fraction | None, index: int, jumps: Jumps
) -> Iterator[FloatArray]:
    """Yield an audio stream of a file from its origin on."""
    import av

    with open_container(path, limits) as container:
        stream = container.streams[index]
        rate, channels = stream.rate, stream.channels
        placement = _Placement(rate, origin, _LEAST_ROUGH_GAP if container.format.name in _ROUGH else _LEAST_GAP)
        try:
            for start, block in _decode_blocks(container, stream, jumps):
                silence, part = placement.place(start, block)
                check_audio(path, placement.total, channels, rate, limits)
                yield from create_silence(silence, channels)
                if len(part):
                    yield part
        except (av.error.FFmpegError, ValueError) as error:
            raise refuse(path, f"damaged audio: {describe_error(error)}", hint="save it again") from None
        if not placement.begun and not stream.codec_context.name.startswith(("pcm", "flac")):
            raise refuse(path, "the file has no audio that can be decoded", hint="copy or make it again")


class _Placement:
    """Places blocks by their times: silence where there is a gap, nothing before the origin.

    Args:
        rate: Frames per second.
        origin: Start in seconds, on the file's clock; None for the first block.
        least_gap: Seconds from which a gap counts.
    """

    def __init__(self, rate: int, origin: Fraction | None, least_gap: float) -> None:
        self.total = 0
        self.begun = False
        self._rate, self._origin, self._least = rate, origin, round(least_gap * rate)
        self._skipped = 0
        self._last: Fraction | None = None

    def place(self, start: Fraction | None, block: FloatArray) -> tuple[int, FloatArray]:
        """Return how many frames of silence come before a block, and what is left of it."""
        silence = 0
        start, self._last = None if start == self._last else start, start  # the same time again says nothing
        if start is not None:
            self._origin = start if self._origin is None else self._origin
            ahead = round((start - self._origin) * self._rate) - self.total + self._skipped
            if not self.begun:
                silence, self._skipped = max(0, ahead), max(0, -ahead)
            elif ahead > self._least:
                silence = ahead
            elif -self._rate < ahead < -self._least:  # parts that overlap where they were joined
                self._skipped = -ahead
            elif ahead <= -self._rate:  # times that go far back: what follows counts from here
                self._origin += Fraction(ahead, self._rate)
        self.begun = True
        part = block[self._skipped :]
        self._skipped -= len(block) - len(part)
        self.total += silence + len(part)
        return silence, part


def create_silence(frames: int, channels: int) -> Iterator[FloatArray]:
    """Yield so many frames of silence, in blocks."""
    import numpy as np

    for start in range(0, frames, BLOCK):
        yield np.zeros((min(BLOCK, frames - start), channels), np.float32)


def _decode_blocks(container: Any, stream: Any, jumps: Jumps = ()) -> Iterator[tuple[Fraction | None, FloatArray]]:
    """Yield when each block begins, on the file's clock or None, and its samples."""
    import av
    import numpy as np

    layout, channels = stream.layout, stream.channels
    resampler = av.AudioResampler(format="flt", layout=layout, rate=stream.rate)
    for frame in decode_packets(container, stream, create_mover(jumps)):
        start = None if frame.pts is None else Fraction(frame.pts) * frame.time_base
        padded = frame.time_base == Fraction(1, stream.rate) and 0 < frame.duration < frame.samples  # the end of AAC
        for part in resampler.resample(frame):
            block = part.to_ndarray().astype(np.float32, copy=False).reshape(-1, channels)
            yield start, block[: frame.duration] if padded else block
            start = None
    for part in resampler.resample(None):
        yield None, part.to_ndarray().astype(np.float32, copy=False).reshape(-1, channels)
