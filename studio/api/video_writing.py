"""Films into files, frame by frame: stored without loss, or coded for players."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.formats import gif
from studio.api.media_file import MARK, encode_text, refuse_writing
from studio.api.read_ahead import read_ahead
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.api.audio import Audio
    from studio.api.video import Frame, Video

    AnyArray = npt.NDArray[Any]

MICROSECOND = Fraction(1, 1_000_000)
# channels and bytes per sample: what the array is called, and what FFV1 codes
_STORED = {(1, 1): ("gray", "gray"), (3, 1): ("rgb24", "bgr0"), (4, 1): ("rgba", "bgra")}
_STORED |= {(1, 2): ("gray16le", "gray16le"), (3, 2): ("rgb48le", "gbrp16le"), (4, 2): ("rgba64le", "gbrap16le")}
_FFV1 = {"level": "3", "slices": "4", "slicecrc": "1"}  # the number of slices depends on neither machine nor threads
_FFV1_THIN = {"level": "1"}  # pictures too thin to be cut into slices
_BT709 = 1


@dataclass(frozen=True)
class Encoding:
    """How a film is coded for players.

    Attributes:
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the encoder of the frames.
        sound: Likewise of the sound; "" for none.
        pixels: FFmpeg's name of the pixel format.
        options: Options of the encoder of the frames.
        faststart: Whether MP4 and MOV begin with their index, so that a player need not have all of it to begin.
        loop: Whether GIF, APNG and WebP play for ever.
    """

    container: str
    codec: str
    sound: str = ""
    pixels: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    faststart: bool = True
    loop: bool = True


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
"""How a film is written by extension, where nobody asks for more."""


class _DepthError(Exception):
    """A frame needs 16 bits after all."""


def encode_stored(video: Video, path: Path) -> None:
    """Write a film as FFV1 and float32 sound in NUT; frames are held one at a time.

    Raises:
        MediaError: E504 if there is no frame, or if frames differ in size or channels or do not follow in time.
    """
    import numpy as np

    first = next(check_frames(video), None)
    if first is None:
        raise _refuse_empty()
    deep = first.image.compact().dtype != np.uint8
    del first
    try:
        _encode_at(video, path, 2 if deep else 1)
    except _DepthError:
        _encode_at(video, path, 2)


def write_film(video: Video, path: Path, provenance: str | None, encoding: Encoding | None = None) -> None:
    """Write a film for players; the extension chooses the format if nothing else does.

    Raises:
        MediaError: E504 as for `encode_stored`; E512 if the codecs cannot hold the film or the disk is full.
    """
    if encoding is None:
        encoding = WRITERS[path.suffix.lower().lstrip(".")]
    with _open_for_writing(path, encoding.container, _choose_container_options(encoding)) as container:
        container.metadata.update(av_file.build_metadata(provenance))
        if encoding.codec == "gif":
            _write_gif_frames(video, container)
        else:
            _write_coded(video, container, encoding)
    if encoding.codec == "gif" and provenance is not None:
        _append_comment(path, MARK.encode() + encode_text(provenance))


def find_padding(width: int, height: int, pixels: str) -> tuple[int, int]:
    """Return how many columns and rows a pixel format needs beyond the film's own."""
    from av.video.format import VideoFormat

    kind = VideoFormat(pixels)
    across = 1 << (1 if not kind.is_rgb and kind.chroma_width(2) == 1 else 0)
    down = 1 << (1 if not kind.is_rgb and kind.chroma_height(2) == 1 else 0)
    return -width % across, -height % down


def _choose_container_options(encoding: Encoding) -> dict[str, str]:
    options = {"fflags": "+bitexact"}
    if encoding.container in ("mp4", "mov"):
        options["movflags"] = ("+faststart" if encoding.faststart else "") + "+use_metadata_tags"
    if encoding.container in ("gif", "webp"):
        options["loop"] = "0" if encoding.loop else "1"
    if encoding.container == "gif":
        options["loop"] = "0" if encoding.loop else "-1"
    if encoding.container == "apng":
        options["plays"] = "0" if encoding.loop else "1"
    return options


def check_frames(video: Video) -> Iterator[Frame]:
    """Yield the frames of a film; MediaError E504 for one that differs in kind or does not come after the last."""
    last = -1
    for index, frame in enumerate(video.frames()):
        image = frame.image
        if (image.width, image.height, image.channels) != (video.width, video.height, video.channels):
            raise MediaError(
                "E504",
                f"frame {index} is {image!r}, the film is {video!r}",
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


def _refuse_empty() -> MediaError:
    return MediaError("E504", "the film has no frames", hint="a film has at least one frame")


@contextmanager
def _open_for_writing(path: Path, kind: str, options: dict[str, str]) -> Iterator[Any]:
    """Open a file for FFmpeg to write; if anything fails no half file stays."""
    import av

    try:
        with av.open(str(path), "w", format=kind, container_options=options) as container:
            yield container
    except av.error.FFmpegError as error:
        path.unlink(missing_ok=True)
        reason = av_file.describe_error(error)
        raise refuse_writing(path, f"cannot write the film: {reason}", error=error) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _encode_at(video: Video, path: Path, depth: int) -> None:
    import numpy as np
    from av.codec.context import Flags
    from av.video.reformatter import VideoReformatter

    layout, coded = _STORED[(video.channels, depth)]
    with _open_for_writing(path, "nut", {"fflags": "+bitexact"}) as container:
        container.metadata["rate"] = str(video.rate)
        how = _FFV1 if min(video.width, video.height) >= 8 else _FFV1_THIN
        stream = container.add_stream("ffv1", rate=1_000_000, options=how)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, coded
        stream.time_base = stream.codec_context.time_base = MICROSECOND
        stream.codec_context.flags |= Flags.bitexact
        stream.codec_context.gop_size = 1
        sound = _Sound(container, "pcm_f32le", video.audio)
        converter = VideoReformatter()  # one for all frames: setting it up costs more than a small frame
        with closing(read_ahead(check_frames(video))) as frames:
            for frame in frames:
                array = frame.image.compact()
                if depth == 1 and array.dtype != np.uint8:
                    raise _DepthError
                sound.write_until(frame.time)
                samples = array if array.dtype.itemsize == depth else _widen(array)
                _encode_frame(container, stream, samples, layout, frame.microseconds, converter)
        container.mux(stream.encode(None))
        sound.finish()


def _widen(array: AnyArray) -> npt.NDArray[np.uint16]:
    """Return samples as 16 bits: exactly from 8, rounded from floats."""
    import numpy as np

    if array.dtype == np.uint8:
        return array.astype(np.uint16) * np.uint16(257)
    if array.dtype == np.uint16:
        return array
    rounded: npt.NDArray[np.uint16] = np.rint(array * np.float32(65535.0)).astype(np.uint16)
    return rounded


def _encode_frame(container: Any, stream: Any, array: AnyArray, layout: str, pts: int, converter: Any) -> None:
    import av

    plane = array[:, :, 0] if array.shape[2] == 1 else array
    frame: Any = av.VideoFrame.from_ndarray(plane, format=layout)
    if layout != stream.pix_fmt:
        frame = converter.reformat(frame, format=stream.pix_fmt)
    frame.pts, frame.time_base = pts, MICROSECOND
    container.mux(stream.encode(frame))


def _write_coded(video: Video, container: Any, encoding: Encoding) -> None:
    import av
    from av.codec.context import Flags
    from av.video.reformatter import VideoReformatter

    base = _choose_time_base(video.rate)
    try:
        stream = container.add_stream(encoding.codec, rate=video.rate, options=dict(encoding.options))
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(
            "E512", f"{encoding.codec} is not to be had here: {error}", hint="choose another codec"
        ) from None
    more = find_padding(video.width, video.height, encoding.pixels)
    stream.width, stream.height = video.width + more[0], video.height + more[1]
    stream.pix_fmt = encoding.pixels
    stream.time_base = stream.codec_context.time_base = base
    context = stream.codec_context
    context.flags |= Flags.bitexact
    if not stream.format.is_rgb:
        context.colorspace = context.color_primaries = context.color_trc = _BT709  # of which sRGB is near enough
        context.color_range = 1  # 16 to 235
    if encoding.codec == "libx265":
        context.codec_tag = "hvc1"  # what QuickTime wants
    sound = _Sound(container, encoding.sound, video.audio if encoding.sound else None)
    layout, converter = _choose_layout(stream.format), VideoReformatter()
    count = 0
    with closing(read_ahead(check_frames(video))) as frames:
        for frame in frames:
            sound.write_until(frame.time)
            picture = _make_picture(_prepare(frame, layout, more), layout, encoding.pixels, converter)
            picture.pts, picture.time_base = round(Fraction(frame.microseconds, 1_000_000) / base), base
            container.mux(stream.encode(picture))
            count += 1
    if not count:
        raise _refuse_empty()
    container.mux(stream.encode(None))
    sound.finish()


def _choose_layout(kind: Any) -> str:
    """Return how frames are handed to a pixel format: with its alpha and its depth."""
    alpha = any(component.is_alpha for component in kind.components)
    deep = max(component.bits for component in kind.components) > 8
    return {(False, False): "rgb24", (True, False): "rgba", (False, True): "rgb48le", (True, True): "rgba64le"}[
        (alpha, deep)
    ]


def _make_picture(array: AnyArray, layout: str, pixels: str, converter: Any) -> Any:
    import av
    from av.video.reformatter import Colorspace

    picture: Any = av.VideoFrame.from_ndarray(array, format=layout)
    if layout == pixels:
        return picture
    if av.video.format.VideoFormat(pixels).is_rgb:
        return converter.reformat(picture, format=pixels)
    return converter.reformat(picture, format=pixels, dst_colorspace=Colorspace.ITU709, dst_color_range=1)


def _choose_time_base(rate: Fraction) -> Fraction:
    """Return a unit that holds even times exactly and uneven ones to a tenth of a millisecond."""
    return 1 / (Fraction(rate.numerator) * -(-10_000 // rate.numerator))


def _prepare(frame: Frame, layout: str, more: tuple[int, int]) -> AnyArray:
    """Return a frame in a layout: alpha over white where it has none, the last column and row repeated."""
    import numpy as np

    array: AnyArray = frame.image.to_uint8()
    if layout in ("rgb48le", "rgba64le"):
        array = _widen(frame.image.compact())
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


def _write_gif_frames(video: Video, container: Any) -> None:
    """Write frames with a palette each; times are rounded to the hundredths of a second that GIF has."""
    import av
    import numpy as np

    base = Fraction(1, 100)
    stream = container.add_stream("gif", rate=video.rate)
    stream.width, stream.height, stream.pix_fmt = video.width, video.height, "pal8"
    stream.time_base = stream.codec_context.time_base = base
    layout = "rgba" if video.channels == 4 else "rgb24"
    last = -1
    for frame in check_frames(video):
        array = frame.image.to_uint8()
        array = np.ascontiguousarray(np.repeat(array, 3, axis=2) if video.channels == 1 else array)
        picture: Any = _reduce_colours(av.VideoFrame.from_ndarray(array, format=layout))
        last = max(last + 1, round(frame.microseconds / 10_000))
        picture.pts, picture.time_base = last, base
        container.mux(stream.encode(picture))
    if last < 0:
        raise _refuse_empty()
    container.mux(stream.encode(None))


def _reduce_colours(frame: Any) -> Any:
    from av.filter import Graph

    graph = Graph()
    frame.pts, frame.time_base = 0, Fraction(1, 100)
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 100))
    split, palette = graph.add("split"), graph.add("palettegen", "stats_mode=single")
    use, sink = graph.add("paletteuse", "dither=sierra2_4a:new=1"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    return graph.pull()


def _append_comment(path: Path, text: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(-1, 2)  # over the trailer
        file.write(gif.build_comment(text) + b";")


class _Sound:
    """The sound of a film, written in step with its frames so that neither waits in memory for the other."""

    def __init__(self, container: Any, codec: str, audio: Audio | None) -> None:
        self._stream: Any = None
        if audio is None:
            return
        from av.codec.context import Flags

        self._container, self._rate, self._start = container, audio.rate, 0
        self._blocks = audio.blocks(av_file.BLOCK)
        self._exact = codec == "pcm_f32le"
        rates = None if self._exact else _find_rates(codec)
        rate = audio.rate if not rates or audio.rate in rates else 48_000
        options = {"aac_coder": "fast"} if codec == "aac" else {}  # its default adds clicks to plain tones
        self._stream = container.add_stream(codec, rate=rate, options=options)
        self._stream.layout = av_file.get_layout(audio.channels)
        self._stream.codec_context.flags |= Flags.bitexact
        if not self._exact:
            self._stream.bit_rate = 128_000 * audio.channels

    def write_until(self, seconds: float) -> None:
        """Write the sound up to a time, and half a second more."""
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
