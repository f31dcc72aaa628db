"""Files through PyAV (FFmpeg): a file can reach nothing but itself. Audio as FFmpeg's frames.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.audio import Audio
from studio.api.audio_blocks import HIGHEST_RATE, MOST_CHANNELS, convert, exceeds_memory, gather_blocks
from studio.api.content_origin import read_carried_term
from studio.api.media_file import GENERATOR, MARK, check_media, encode_text, refuse
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.settings import MediaLimits

    FloatArray = npt.NDArray[np.float32]

__all__ = ["create_audio_frame", "get_layout"]

BLOCK = 16_384
"""Frames of audio that are coded at once."""
# Playlists and the like (hls, concat, dash, sdp, image2) are not here: they name other files and addresses.
_FORMATS = (
    "mov,matroska,webm,gif,nut,avi,flv,asf,mpeg,mpegts,mpegvideo,h264,hevc,ogg,wav,w64,aiff,au,caf,mp3,flac,aac,ac3,"
    "amr,ape,apng,ivf,wv,tta,dv,mxf,rm"
)
_VALUES_PER_SECOND = 96_000  # 48 kHz in stereo: what bounds the memory of audio within max_audio_seconds
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def open_container(path: Path, limits: MediaLimits) -> Any:
    """Open a file with PyAV; MediaError E511 if that fails. The caller closes it.

    Only formats that hold their own content are tried, and only local files, so a video can name no other file.
    """
    import av

    check_media(path, limits)
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path.absolute()}", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise refuse(
            path,
            f"damaged or unsupported file: {describe_error(error)}",
            hint="audio: WAV, FLAC, OGG, MP3, AIFF, M4A, Opus; video: MP4, MOV, MKV, WebM, GIF",
        ) from None


def describe_error(error: BaseException) -> str:
    """Say in a few words what FFmpeg reports."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:200]


def build_metadata(provenance: str | None) -> dict[str, str]:
    """Return what a container says about its content: what made it, from what, and the IPTC term for its source."""
    tags = {"software": GENERATOR}
    if term := read_carried_term(provenance):
        tags["digital_source_type"] = term
    return tags if provenance is None else tags | {"studio": encode_text(provenance).decode("utf-8")}


def read_av_provenance(path: Path) -> str | None:
    """Return the provenance in the metadata of a container or its first stream, or None."""
    from studio.settings import MediaLimits

    try:
        container = open_container(path, MediaLimits())
    except MediaError:
        check_media(path, MediaLimits())
        return None
    with container:
        for tags in (container.metadata, *(stream.metadata for stream in container.streams)):
            for name, text in tags.items():
                if name.lower() == "studio":
                    return str(text)
                if name.lower() in ("comment", "description") and text.startswith(MARK):
                    return str(text[len(MARK) :])
    return None


def get_layout(channels: int) -> str:
    """Return FFmpeg's name of the layout of so many channels, such as "stereo" for 2.

    Args:
        channels: Number of channels, at least 1.
    """
    return _LAYOUTS.get(channels, f"{channels} channels")


def create_audio_frame(samples: Any, start: int, rate: int) -> Any:
    """Return samples as a frame of PyAV, interleaved.

    Args:
        samples: Frames x channels of float32 (in [-1, 1]), int32 or int16.
        start: Number of the first frame, which becomes the time stamp in units of 1 / rate.
        rate: Frames per second, in hertz.

    Returns:
        An `av.AudioFrame`.

    Raises:
        KeyError: For samples of another dtype.
    """
    import av
    import numpy as np

    kind = {"float32": "flt", "int32": "s32", "int16": "s16"}[str(samples.dtype)]
    flat = np.ascontiguousarray(samples).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(flat, format=kind, layout=get_layout(samples.shape[1]))
    frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame


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


def decode_audio(path: Path, limits: MediaLimits, origin: Fraction | None = None) -> Audio | None:
    """Decode the first audio of a file, or return None if it has none; long audio is decoded whenever it is read.

    Args:
        path: Any file that PyAV reads.
        limits: Bounds; they hold for the header and again for what comes out.
        origin: Start of the result in seconds, on the file's clock. Later audio is preceded by silence, earlier audio
            is cut. None: the start of the audio.

    Raises:
        MediaError: E511 if the audio is damaged or over a limit.
    """
    with open_container(path, limits) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise refuse(path, "unsupported audio codec", hint="save it as WAV or FLAC")
        rate, channels = stream.rate or 0, stream.channels or 0
        length = float(stream.duration * stream.time_base) if stream.duration else 0.0
        check_audio(path, length * rate, channels, rate, limits)
    return create_audio(path, lambda: _decode_audio(path, limits, origin), rate, channels)


def decode_part(part: Any, rate: int, channels: int) -> Iterator[FloatArray]:
    """Yield what FFmpeg decodes of an open file, in this rate and number of channels; nothing if it cannot.

    Args:
        part: The file, as a binary file object.
        rate: Frames per second.
        channels: Number of channels.
    """
    import av

    try:
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
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
        stream = next(iter(container.streams.audio), None)
        if stream is None or stream.codec_context is None:
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
    return container.duration / 1e6 if container.duration else None


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


def _decode_audio(path: Path, limits: MediaLimits, origin: Fraction | None) -> Iterator[FloatArray]:
    """Yield the first audio of a file from its origin on."""
    import av

    with open_container(path, limits) as container:
        stream = container.streams.audio[0]
        rate, channels = stream.rate, stream.channels
        total, skipped, begun = 0, 0, False
        try:
            for start, block in _decode_blocks(container, stream):
                if not begun and origin is not None and start is not None:
                    skipped = max(0, round((origin - start) * rate))
                    total = max(0, round((start - origin) * rate))
                    check_audio(path, total, channels, rate, limits)
                    yield from create_silence(total, channels)
                begun = True
                part = block[skipped:]
                skipped -= len(block) - len(part)
                total += len(part)
                check_audio(path, total, channels, rate, limits)
                if len(part):
                    yield part
        except (av.error.FFmpegError, ValueError) as error:
            raise refuse(path, f"damaged audio: {describe_error(error)}", hint="save it again") from None
        if not begun and not stream.codec_context.name.startswith(("pcm", "flac")):
            raise refuse(path, "the file has no audio that can be decoded", hint="copy or make it again")


def create_silence(frames: int, channels: int) -> Iterator[FloatArray]:
    """Yield so many frames of silence, in blocks."""
    import numpy as np

    for start in range(0, frames, BLOCK):
        yield np.zeros((min(BLOCK, frames - start), channels), np.float32)


def create_alpha_decoder(stream: Any) -> Any:
    """Return the decoder for VP8 or VP9 of which the file says that it has alpha; None for other videos.

    FFmpeg's own decoders of both leave alpha out.
    """
    import av

    tags = {name.lower(): text for name, text in stream.metadata.items()}
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
    if name is None or tags.get("alpha_mode", "0") == "0":
        return None
    try:
        decoder: Any = av.CodecContext.create(name, "r")
    except ValueError:  # FFmpeg was built without it
        return None
    decoder.extradata, decoder.thread_type = stream.codec_context.extradata, "AUTO"
    return decoder


def decode_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the frames of a stream, with their alpha; damaged packets are skipped, as players do."""
    import av

    decoder = create_alpha_decoder(stream) if stream.type == "video" else None

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            return  # the rest of the file is missing
        if packet is None:
            return
        try:
            frames = packet.decode() if decoder is None else decoder.decode(packet)
        except av.error.FFmpegError:
            continue
        yield from frames


def _decode_blocks(container: Any, stream: Any) -> Iterator[tuple[Fraction | None, FloatArray]]:
    import av
    import numpy as np

    layout, channels = stream.layout, stream.channels
    resampler = av.AudioResampler(format="flt", layout=layout, rate=stream.rate)
    start: Fraction | None = None
    for frame in decode_packets(container, stream):
        if start is None and frame.pts is not None:
            start = Fraction(frame.pts) * frame.time_base
        padded = frame.time_base == Fraction(1, stream.rate) and 0 < frame.duration < frame.samples  # the end of AAC
        for part in resampler.resample(frame):
            block = part.to_ndarray().astype(np.float32, copy=False).reshape(-1, channels)
            yield start, block[: frame.duration] if padded else block
    for part in resampler.resample(None):
        yield start, part.to_ndarray().astype(np.float32, copy=False).reshape(-1, channels)
