"""Files through PyAV (FFmpeg): a file can reach nothing but itself. Audio as FFmpeg's frames.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.content_origin import read_carried_term
from studio.api.media_file import GENERATOR, MARK, check_media, encode_text, refuse
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.settings import MediaLimits

    FloatArray = npt.NDArray[np.float32]

__all__ = ["create_audio_frame", "get_layout"]

BLOCK = 16_384
"""Frames of audio that are coded at once."""
# Playlists and the like (hls, concat, dash, sdp, image2) are not here: they name other files and addresses.
FORMATS = (
    "mov,matroska,webm,gif,nut,avi,flv,asf,mpeg,mpegts,mpegvideo,h264,hevc,ogg,wav,w64,aiff,au,caf,mp3,flac,aac,ac3,"
    "amr,ape,apng,ivf,wv,tta,dv,mxf,rm,m4v,obu,vc1,h261,h263,dirac,yuv4mpegpipe,eac3,dts,truehd,mlp"
)
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def open_container(path: Path, limits: MediaLimits) -> Any:
    """Open a file with PyAV; MediaError E511 if that fails. The caller closes it.

    Only formats that hold their own content are tried, and only local files, so a video can name no other file.
    """
    import av

    check_media(path, limits)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
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


def decode_packets(container: Any, stream: Any, prepare: Callable[[int, Any], None] | None = None) -> Iterator[Any]:
    """Yield the frames of a stream, with their alpha; damaged packets are skipped, as players do.

    Args:
        container: The open file.
        stream: One of its streams.
        prepare: Takes the number of each packet and the packet before it is decoded.
    """
    import av

    decoder = create_alpha_decoder(stream) if stream.type == "video" else None
    order = _DecodingOrder(lacks_times(stream))
    number = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:  # the rest of the file is missing; the decoder still holds frames
            frames = _flush(stream.codec_context if decoder is None else decoder, stream.time_base)
            yield from order.give_times(frames)
            return
        if packet is None:
            return
        if prepare is not None and packet.size:
            prepare(number, packet)
            number += 1
        order.add(packet)
        try:
            frames = packet.decode() if decoder is None else decoder.decode(packet)
        except av.error.FFmpegError:
            order.remove_last()
            continue
        yield from order.give_times(frames)


def lacks_times(stream: Any) -> bool:
    """Say whether a file has no times of presentation, as AVI, whose videos FFmpeg gives wrong ones with B-frames."""
    return bool(stream.type == "video" and stream.container.format.name == "avi")


class _DecodingOrder:
    """Times of frames whose packets come in the order of decoding: the first frame shows at the first packet's time."""

    def __init__(self, is_needed: bool) -> None:
        self._is_needed = is_needed
        self._times = deque[int]()

    def add(self, packet: Any) -> None:
        """Take the time of a packet before it is decoded."""
        if self._is_needed and packet.size and packet.dts is not None:
            self._times.append(packet.dts)

    def remove_last(self) -> None:
        """Leave out the packet that was just added: it is damaged."""
        if self._times:
            self._times.pop()

    def give_times(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Yield the frames; each takes the earliest time left."""
        for frame in frames:
            if self._times:
                frame.pts = self._times.popleft()
            yield frame


def _flush(decoder: Any, time_base: Fraction) -> Iterator[Any]:
    """Yield the frames that a decoder holds back."""
    import av

    with suppress(av.error.FFmpegError):
        for frame in decoder.decode(None):
            frame.time_base = time_base
            yield frame
