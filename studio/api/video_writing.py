"""Videos into files for players, coded frame by frame.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from studio.api import av_file
from studio.api.color import SRGB, ColorSpace
from studio.api.color_conversion import convert_color, describe_conversion
from studio.api.formats.animation_record import add_to_apng, add_to_webp
from studio.api.formats.last_delay import set_apng_delay, set_webp_delay
from studio.api.gif_writing import GifLook, write_gif
from studio.api.packet_writing import PacketWriter
from studio.api.read_ahead import read_ahead
from studio.api.rgb_conversion import RgbWriter
from studio.api.thread_policy import keep_policy
from studio.api.video import Video, replace_frames
from studio.api.video_tracks import AudioTrack, check_frames, find_last_length, open_for_writing, refuse_empty, widen
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from studio.api.image import Image
    from studio.api.video import Frame

    AnyArray = npt.NDArray[Any]

__all__ = ["WRITERS", "Encoding", "find_losses", "find_padding", "has_depth", "write_video"]

_BT709, _BT2020 = 1, 9
_FEWEST = 2  # frames, of which x265 leaves the time of decoding as it finds it in memory; none of them is a B-frame
_TAGS = {"sdr": (_BT709, _BT709, _BT709), "pq": (_BT2020, _BT2020, 16), "hlg": (_BT2020, _BT2020, 18)}
"""Matrix, primaries and transfer of files (ITU-T H.273); sRGB is near enough to BT.709."""
_PROBED = 4096
_BETWEEN = 1 / 64  # of a level of 8 bits; less is rounding
_LEFT_CHROMA = ("libx264", "h264_nvenc")  # whose decoders take it so; others leave it open
_LEFT_QUARTER_CHROMA = ("libx265", "hevc_nvenc")  # whose decoders take it so for 4:2:0, and leave 4:2:2 open


@dataclass(frozen=True)
class Encoding:
    """How a video is coded for players.

    Attributes:
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the encoder of the frames.
        audio: FFmpeg's name of the encoder of the audio; "" for none.
        pixels: FFmpeg's name of the pixel format.
        options: Options of the encoder of the frames; of GIF "colors" (2 to 255) and "dither" (FFmpeg's name).
        faststart: Whether MP4 and MOV begin with their index, so that a player starts before it has the whole file.
        loop: Whether GIF, APNG and WebP repeat without end.
        dynamic_range: "sdr" for sRGB with the tags of BT.709, "pq" or "hlg" for high dynamic range with those of
            BT.2100; the pixel format then has 10 bits or more.
    """

    container: str
    codec: str
    audio: str = ""
    pixels: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    faststart: bool = True
    loop: bool = True
    dynamic_range: Literal["sdr", "pq", "hlg"] = "sdr"

    @property
    def color(self) -> ColorSpace:
        """The color space of the file."""
        return SRGB if self.dynamic_range == "sdr" else ColorSpace(self.dynamic_range, "bt2020")


_X264 = {"crf": "18", "preset": "medium"}
_VP9 = {"crf": "30", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
WRITERS = {
    "mp4": Encoding("mp4", "libx264", "aac", "yuv420p", _X264),
    "mov": Encoding("mov", "libx264", "aac", "yuv420p", _X264),
    "mkv": Encoding("matroska", "libx264", "aac", "yuv420p", _X264),
    "webm": Encoding("webm", "libvpx-vp9", "libopus", "yuv420p", _VP9),
    "gif": Encoding("gif", "gif", "", "pal8"),
    "apng": Encoding("apng", "apng", "", "rgb24"),
    "webp": Encoding("webp", "libwebp_anim", "", "bgra", {"lossless": "0", "quality": "85"}),
}
"""The default encoding of each file extension, without the dot."""
_FINISHERS = {"apng": (set_apng_delay, add_to_apng), "libwebp_anim": (set_webp_delay, add_to_webp)}
"""What is put into written files of the codecs whose writers in FFmpeg leave it out."""


def write_video(video: Video, path: Path, provenance: str | None, encoding: Encoding | None = None) -> bool:
    """Write a video for players, in sRGB or high dynamic range; a video in another color space is converted.

    Return whether a frame of more than 8 bits became one of 8, which nobody knows before the frames are read.

    Args:
        video: The video; alpha is laid over white where the pixel format has none.
        path: A new file.
        provenance: JSON text for the metadata, or None.
        encoding: How to code it; without it, the extension chooses from `WRITERS`.

    Raises:
        MediaError: E504 if there is no frame, or if frames differ in kind or do not follow in time; E512 if the codecs
            cannot hold the video or the disk is full.
    """
    if encoding is None:
        encoding = choose_encoding(path, video.channels)
    watched = _DepthWatch(video)
    _write_watched(convert_color(watched.video, encoding.color), path, provenance, encoding)
    return watched.is_deep and not has_depth(encoding.pixels)


class _DepthWatch:
    """A video like another that remembers whether one of its frames has more than 8 bits."""

    def __init__(self, video: Video) -> None:
        self.is_deep = False
        self.video = replace_frames(video, lambda: self._watch(video))

    def _watch(self, video: Video) -> Iterator[Frame]:
        for frame in video.frames():
            self.is_deep = self.is_deep or _is_deep(frame.image)
            yield frame


def _is_deep(image: Image) -> bool:
    """Say whether samples lie between the levels of 8 bits; of floats some are looked at."""
    kind = image.stored.dtype
    if kind != "float32":
        return kind == "uint16" and image.compact().dtype == "uint16"
    samples = image.stored.reshape(-1)
    few = samples[:: max(1, samples.size // _PROBED)] * 255
    return bool((abs(few - few.round()) > _BETWEEN).any())


def _write_watched(video: Video, path: Path, provenance: str | None, encoding: Encoding) -> None:
    if encoding.codec == "gif":
        colors, dither = int(encoding.options.get("colors", 255)), encoding.options.get("dither", "sierra2_4a")
        write_gif(video, path, provenance, GifLook(colors, dither, encoding.loop))
        return
    with open_for_writing(path, encoding.container, _choose_container_options(encoding)) as container:
        container.metadata.update(av_file.build_metadata(provenance))
        last = _write_coded(video, container, encoding)
    if encoding.codec in _FINISHERS:
        set_delay, add_record = _FINISHERS[encoding.codec]
        set_delay(path, last)
        if provenance is not None:
            add_record(path, provenance)


def choose_encoding(path: Path, channels: int) -> Encoding:
    """Return the default encoding of a file, with alpha where the video has it and the format can.

    Args:
        path: The file; its extension chooses.
        channels: Channels of the video.
    """
    encoding = WRITERS[path.suffix.lower().lstrip(".")]
    pixels = {"libvpx-vp9": "yuva420p", "apng": "rgba"}.get(encoding.codec) if channels == 4 else None
    return encoding if pixels is None else replace(encoding, pixels=pixels)


def find_losses(video: Video, path: Path, encoding: Encoding) -> list[str]:
    """Return what a file does not keep of a video, in words.

    Args:
        video: The video.
        path: The file.
        encoding: How it is coded.
    """
    losses = []
    across, down = find_padding(video.width, video.height, encoding.pixels)
    if across or down:
        size = f"{video.width} x {video.height} became {video.width + across} x {video.height + down}"
        losses.append(f"{encoding.pixels} has even sides: {size} by repeating the edge")
    if video.audio is not None and not encoding.audio:
        losses.append(f"{path.suffix} does not support audio, which is left out")
    if encoding.codec == "gif" and video.rate > 50:
        losses.append(f"GIF has at most 50 frames per second: some of {float(video.rate):g} are left out")
    if video.channels == 4 and encoding.codec == "gif":
        losses.append("GIF has alpha on or off: from a half on it is opaque")
    elif video.channels == 4 and not _has_alpha(encoding.pixels):
        losses.append("alpha is laid over white: write .webm, .apng, or ProRes in .mov to keep it")
    if conversion := describe_conversion(video, encoding.color):
        losses.append(conversion)
    return losses


def _has_alpha(pixels: str) -> bool:
    import av

    return any(component.is_alpha for component in av.video.format.VideoFormat(pixels).components)


def has_depth(pixels: str) -> bool:
    """Say whether a pixel format has more than 8 bits.

    Args:
        pixels: FFmpeg's name of the pixel format.
    """
    import av

    return max(component.bits for component in av.video.format.VideoFormat(pixels).components) > 8


def find_padding(width: int, height: int, pixels: str) -> tuple[int, int]:
    """Return how many columns and rows a pixel format needs beyond those of a video, 0 or 1 each.

    Args:
        width: Columns of the video.
        height: Rows of the video.
        pixels: FFmpeg's name of the pixel format.
    """
    import av

    kind = av.video.format.VideoFormat(pixels)
    across = 1 << (1 if not kind.is_rgb and kind.chroma_width(2) == 1 else 0)
    down = 1 << (1 if not kind.is_rgb and kind.chroma_height(2) == 1 else 0)
    return -width % across, -height % down


def _choose_container_options(encoding: Encoding) -> dict[str, str]:
    options = {"fflags": "+bitexact"}
    if encoding.container in ("mp4", "mov"):
        options["movflags"] = ("+faststart" if encoding.faststart else "") + "+use_metadata_tags"
    if encoding.container == "webp":
        options["loop"] = "0" if encoding.loop else "1"
    if encoding.container == "apng":
        options["plays"] = "0" if encoding.loop else "1"
    return options


def _write_coded(video: Video, container: Any, encoding: Encoding) -> float:
    """Write frames and audio; return for how many seconds the last frame shows."""
    import av
    from av.codec.context import Flags

    base = _choose_time_base(video.rate)
    try:
        stream = container.add_stream(encoding.codec, rate=video.rate, options=dict(encoding.options))
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(
            "E512", f"encoder {encoding.codec!r} is not available: {error}", hint="choose another codec"
        ) from None
    more = find_padding(video.width, video.height, encoding.pixels)
    stream.width, stream.height = video.width + more[0], video.height + more[1]
    stream.pix_fmt = encoding.pixels
    stream.time_base = stream.codec_context.time_base = base
    context = stream.codec_context
    context.flags |= Flags.bitexact
    tags = _TAGS[encoding.dynamic_range]
    if not stream.format.is_rgb:
        context.colorspace, context.color_primaries, context.color_trc = tags
        context.color_range = 1  # 16 to 235
    if encoding.codec == "libx265":
        context.codec_tag = "hvc1"  # what QuickTime wants
    audio = AudioTrack(container, encoding.audio, video.audio if encoding.audio else None)
    layout = _choose_layout(stream.format)
    writer = RgbWriter(layout, encoding.pixels, is_left=_has_left_chroma(encoding, stream.format), matrix=tags[0])
    packets = PacketWriter(container, ends_by_decoding=encoding.container in ("mp4", "mov"))
    length = 0.0
    encode = keep_policy(stream.encode) if encoding.codec == "libsvtav1" else stream.encode
    with closing(read_ahead(check_frames(video))) as frames:
        for frame, length in _find_lengths(video, frames):
            audio.write_until(frame.time)
            coded = writer.write(_prepare(frame, layout, more))
            if not stream.format.is_rgb:
                coded.colorspace, coded.color_primaries, coded.color_trc = tags  # ProRes says so of each frame
            coded.pts, coded.time_base = round(Fraction(frame.microseconds, 1_000_000) / base), base
            packets.lengths[coded.pts] = max(1, round(Fraction(length).limit_denominator(1_000_000) / base))
            packets.write(encode(coded))
    if not packets.lengths:
        raise refuse_empty()
    rest = list(encode(None))
    if encoding.codec == "libx265" and len(packets.lengths) <= _FEWEST:
        for packet in rest:
            packet.dts = packet.pts
    packets.finish(rest)
    audio.finish()
    return length


def _has_left_chroma(encoding: Encoding, pixels: Any) -> bool:
    """Say whether decoders take chroma to lie on the left pixel of each pair."""
    return encoding.codec in _LEFT_CHROMA or (
        encoding.codec in _LEFT_QUARTER_CHROMA and not pixels.is_rgb and pixels.chroma_height(2) == 1
    )


def _find_lengths(video: Video, frames: Iterator[Frame]) -> Iterator[tuple[Frame, float]]:
    """Yield each frame and for how many seconds it shows."""
    held: Frame | None = None
    for frame in frames:
        if held is not None:
            yield held, frame.time - held.time
        held = frame
    if held is not None:
        yield held, find_last_length(video, held)


def _choose_layout(kind: Any) -> str:
    """Return how frames are handed to a pixel format: with its alpha and its depth."""
    alpha = any(component.is_alpha for component in kind.components)
    deep = max(component.bits for component in kind.components) > 8
    return {(False, False): "rgb24", (True, False): "rgba", (False, True): "rgb48le", (True, True): "rgba64le"}[
        (alpha, deep)
    ]


def _choose_time_base(rate: Fraction) -> Fraction:
    """Return a unit that holds even times exactly and uneven ones to a tenth of a millisecond."""
    return 1 / (Fraction(rate.numerator) * -(-10_000 // rate.numerator))


def _prepare(frame: Frame, layout: str, more: tuple[int, int]) -> AnyArray:
    """Return a frame in a layout: alpha over white where it has none, the last column and row repeated."""
    import numpy as np

    deep = layout in ("rgb48le", "rgba64le")
    array: AnyArray = widen(frame.image.compact()) if deep else frame.image.to_uint8()
    top = array.dtype.type(np.iinfo(array.dtype).max)
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    has_alpha, wants_alpha = array.shape[2] == 4, layout in ("rgba", "rgba64le")
    if has_alpha and not wants_alpha:
        alpha = array[:, :, 3:].astype(np.float32) / np.float32(top)
        array = np.rint(array[:, :, :3] * alpha + np.float32(top) * (1.0 - alpha)).astype(array.dtype)
    elif wants_alpha and not has_alpha:
        array = np.concatenate([array, np.full((*array.shape[:2], 1), top)], axis=2)
    if any(more):
        array = np.pad(array, ((0, more[1]), (0, more[0]), (0, 0)), mode="edge")
    return np.ascontiguousarray(array)
