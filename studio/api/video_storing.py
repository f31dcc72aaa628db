"""Videos in the cache: stored without loss as FFV1 in NUT, and read from there frame by frame."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api import av_audio, av_file
from studio.api.color import SRGB, ColorSpace
from studio.api.image import Image
from studio.api.media_file import refuse
from studio.api.read_ahead import read_ahead
from studio.api.stream_choice import StreamChoice, choose_video
from studio.api.video import Frame, Video
from studio.api.video_tracks import (
    MICROSECOND,
    AudioTrack,
    check_frames,
    find_last_length,
    open_for_writing,
    refuse_empty,
    widen,
)
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.settings import MediaLimits

    AnyArray = npt.NDArray[Any]

_BYTES, _WORDS, _HALVES = 1, 2, 3
"""How samples are stored: whole numbers of 8 bits, of 16 bits, and half floats as ordered 16-bit numbers."""
# channels and whether samples have 16 bits: what the array is called, and what FFV1 codes
_LAYOUTS = {(1, False): ("gray", "gray"), (3, False): ("rgb24", "bgr0"), (4, False): ("rgba", "bgra")}
_LAYOUTS |= {(1, True): ("gray16le", "gray16le"), (3, True): ("rgb48le", "gbrp16le")}
_LAYOUTS |= {(4, True): ("rgba64le", "gbrap16le")}
_FORMATS = {coded: (channels, layout) for (channels, _), (layout, coded) in _LAYOUTS.items()}
_FFV1 = {"level": "3", "slices": "4", "slicecrc": "1"}  # the number of slices depends on neither machine nor threads
_FFV1_THIN = {"level": "1"}  # frames too thin to be cut into slices
_HIGHEST_HALF = 65504.0
_LEAST_DIFFERENCE = 1e-3  # seconds by which the last frame is longer or shorter than others, to be stored


class _DepthError(Exception):
    """A frame needs more than the depth that was chosen; its argument is the depth that it needs."""


def encode_stored(video: Video, path: Path) -> None:
    """Write a video as FFV1 and float32 audio in NUT; frames are held one at a time.

    Samples have 8 bits where every frame is exactly 8-bit, else 16. Float samples that are neither are rounded to 16
    bits, or to half floats (at most 65504) in a color space whose samples may pass 1 or fall below 0.

    Raises:
        MediaError: E504 if there is no frame, or if frames differ in kind or do not follow in time.
    """
    first = next(check_frames(video), None)
    if first is None:
        raise refuse_empty()
    depth = _find_depth(first.image)
    del first
    while True:
        try:
            length = _encode_at(video, path, depth)
        except _DepthError as needed:
            depth = needed.args[0]
        else:
            break
    if abs(length - float(1 / video.rate)) > _LEAST_DIFFERENCE:
        _mark_length(path, length)


def _mark_length(path: Path, seconds: float) -> None:
    """Write a stored file again with the length of its last frame, which is known only when all frames are."""
    whole = path.with_name(f"{path.name}.marked")
    try:
        with (
            av_file.open_container(path, _find_stored_limits()) as source,
            open_for_writing(whole, "nut", {"fflags": "+bitexact"}) as target,
        ):
            target.metadata.update(source.metadata, last_frame=str(round(seconds * 1_000_000)))
            streams = {each.index: target.add_stream_from_template(each) for each in source.streams}
            for packet in source.demux():
                if packet.size:
                    packet.stream = streams[packet.stream_index]
                    target.mux(packet)
        whole.replace(path)
    except BaseException:
        whole.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise


def _find_depth(image: Image) -> int:
    """Return how the samples of a frame are stored."""
    kind = str(image.compact().dtype)
    if kind == "float32" and not image.color.is_bounded:
        return _HALVES
    return _BYTES if kind == "uint8" else _WORDS


def _encode_at(video: Video, path: Path, depth: int) -> float:
    """Write a video; return for how many seconds its last frame shows."""
    import av

    layout, coded = _LAYOUTS[(video.channels, depth > _BYTES)]
    with open_for_writing(path, "nut", {"fflags": "+bitexact"}) as container:
        container.metadata.update(_describe_stored(video, depth))
        how = _FFV1 if min(video.width, video.height) >= 8 else _FFV1_THIN
        stream = container.add_stream("ffv1", rate=1_000_000, options=how)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, coded
        stream.time_base = stream.codec_context.time_base = MICROSECOND
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        stream.codec_context.gop_size = 1
        audio = AudioTrack(container, "pcm_f32le", video.audio)
        # one for all frames: setting it up costs more than a small frame
        converter = av.video.reformatter.VideoReformatter()
        with closing(read_ahead(check_frames(video))) as frames:
            for frame in frames:
                needed = _find_depth(frame.image)
                if needed > depth:
                    raise _DepthError(needed)
                audio.write_until(frame.time)
                _encode_frame(container, stream, _pack(frame.image, depth), layout, frame.microseconds, converter)
        container.mux(stream.encode(None))
        audio.finish()
    return find_last_length(video, frame)


def _describe_stored(video: Video, depth: int) -> dict[str, str]:
    """Return the metadata of a stored file: what its streams do not say."""
    tags = {"rate": str(video.rate)}
    if video.color != SRGB:
        tags["color"] = f"{video.color.encoding}/{video.color.primaries}/{video.color.range}"
    if depth == _HALVES:
        tags["samples"] = "half"
    return tags


def _pack(image: Image, depth: int) -> AnyArray:
    """Return the samples of a frame as they are stored."""
    array = image.compact()
    if depth == _HALVES:
        return _order_halves(image.pixels)
    return widen(array) if depth == _WORDS else array


def _order_halves(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Return floats rounded to half floats, as 16-bit numbers in the same order: what is near stays near."""
    import numpy as np

    halves = (np.clip(pixels, -_HIGHEST_HALF, _HIGHEST_HALF) + np.float32(0.0)).astype(np.float16).view(np.uint16)
    ordered: npt.NDArray[np.uint16] = np.where(halves & 0x8000, ~halves, halves | 0x8000).astype(np.uint16)
    return ordered


def _read_halves(ordered: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Return the floats of `_order_halves`."""
    import numpy as np

    halves = np.where(ordered & 0x8000, ordered & 0x7FFF, ~ordered).astype(np.uint16)
    return halves.view(np.float16).astype(np.float32)


def _encode_frame(container: Any, stream: Any, array: AnyArray, layout: str, pts: int, converter: Any) -> None:
    import av

    plane = array[:, :, 0] if array.shape[2] == 1 else array
    frame: Any = av.VideoFrame.from_ndarray(plane, format=layout)
    if layout != stream.pix_fmt:
        frame = converter.reformat(frame, format=stream.pix_fmt)
    frame.pts, frame.time_base = pts, MICROSECOND
    container.mux(stream.encode(frame))


def open_stored(path: Path) -> Video:
    """Return a video that reads a file of `encode_stored`; MediaError E511 for any other file.

    FFmpeg hides a flipped bit or a missing end of such a file, so the keeper of the file checks its digest.
    """
    limits = _find_stored_limits()
    with av_file.open_container(path, limits) as container:
        stream = choose_video(path, container, StreamChoice())
        found = _FORMATS.get(stream.codec_context.pix_fmt)
        try:
            rate = Fraction(container.metadata.get("rate", ""))
            color = _parse_color(container.metadata.get("color", ""))
        except (ValueError, ZeroDivisionError, MediaError):
            found = None
        if found is None:
            raise refuse(path, "invalid stored video", hint="studio cache verify")
        size = stream.codec_context.width, stream.codec_context.height
        halves = container.metadata.get("samples") == "half"
        length = _parse_length(container.metadata.get("last_frame", ""))
        has_audio = bool(container.streams.audio)
    channels, layout = found

    def create_frames() -> Iterator[Frame]:
        return _decode_stored(path, layout, color, halves)

    return Video(
        create_frames,
        width=size[0],
        height=size[1],
        channels=channels,
        rate=rate,
        source=path,
        count=lambda: _scan_packets(path)[0],
        duration=lambda: _scan_packets(path)[1] + (length or float(1 / rate)),
        audio=(lambda: av_audio.decode_audio(path, limits)) if has_audio else None,
        color=color,
    )


def _parse_length(text: str) -> float | None:
    """Return seconds for a number of microseconds, or None for any other text."""
    return int(text) / 1_000_000 if text.isdecimal() else None


def _parse_color(text: str) -> ColorSpace:
    """Return the color space in the metadata of a stored file; ValueError or MediaError for an invalid one."""
    if not text:
        return SRGB
    encoding, primaries, levels = text.split("/")
    return ColorSpace.from_json({"encoding": encoding, "primaries": primaries, "range": levels})


def _find_stored_limits() -> MediaLimits:
    from studio.settings import MediaLimits

    return MediaLimits(max_file_bytes=2**62, max_pixels=2**31, max_side=2**31, max_audio_seconds=1e9)


def _decode_stored(path: Path, layout: str, color: ColorSpace, halves: bool) -> Iterator[Frame]:
    import av
    from av.video.reformatter import VideoReformatter

    with av_file.open_container(path, _find_stored_limits()) as container:
        stream, converter = choose_video(path, container, StreamChoice()), VideoReformatter()
        try:
            for frame in container.decode(stream):
                time = Fraction(frame.pts) * frame.time_base
                array: Any = converter.reformat(frame, format=layout).to_ndarray()
                yield Frame(Image.take(_read_halves(array) if halves else array, color=color), float(time))
        except av.error.FFmpegError as error:
            raise refuse(
                path,
                f"damaged stored video: {av_file.describe_error(error)}",
                hint="studio cache verify drops it, and it is made again",
            ) from None


def _scan_packets(path: Path) -> tuple[int, float]:
    """Return the number of frames of a stored video and the time of the last, without decoding them."""
    count, last = 0, 0.0
    with av_file.open_container(path, _find_stored_limits()) as container:
        for packet in container.demux(choose_video(path, container, StreamChoice())):
            if packet.size > 0 and packet.pts is not None:
                count, last = count + 1, float(Fraction(packet.pts) * packet.time_base)
    return count, last
