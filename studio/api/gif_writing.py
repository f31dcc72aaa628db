"""Videos into GIF files: one palette for all frames, only what changes from frame to frame, and alpha on or off."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.formats import gif, xmp
from studio.api.media_file import MARK, encode_text, refuse_writing
from studio.api.video_tracks import check_frames, refuse_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from studio.api.image import Image
    from studio.api.video import Frame, Video

    AnyArray = npt.NDArray[Any]

_SHORTEST = 2  # hundredths of a second: browsers show what is shorter five times as long
_LONGEST = 65_535
_KEPT, _CLEARED = 1, 2  # what is done with an image before the next


@dataclass(frozen=True)
class GifLook:
    """How a GIF is reduced.

    Attributes:
        colors: Colors that are used, from 2 to 255, beside the transparent one.
        dither: FFmpeg's name of a dither, such as "sierra2_4a", "bayer" or "none".
        loop: Whether it repeats without end.
    """

    colors: int = 255
    dither: str = "sierra2_4a"
    loop: bool = True


@dataclass(frozen=True)
class _Drawn:
    """A frame in colors of the palette, and when it starts in hundredths of a second."""

    indexes: AnyArray
    start: int


def write_gif(video: Video, path: Path, provenance: str | None, look: GifLook) -> None:
    """Write a video as GIF; it is read twice: for its palette, and to be written.

    Frames start at whole hundredths of a second and last two or more; those of more than 50 frames per second that do
    not fit are left out. The last lasts as long as in the video. Alpha of a half and more is opaque. The colors come
    from FFmpeg's `palettegen` and `paletteuse`.

    Raises:
        MediaError: E504 if there is no frame, or if frames differ in kind or do not follow in time.
    """
    palette = _find_palette(video, look.colors)
    table, clear = _pack_palette(palette)
    try:
        with closing(_draw_frames(video, palette, look)) as frames, path.open("wb") as file:
            file.write(gif.build_head(video.width, video.height, table, loop=look.loop))
            for image in _find_changes(frames, clear, lambda _: _find_end(video)):
                file.write(gif.build_image(image))
            if provenance is not None:
                file.write(gif.build_packet(xmp.build_packet(provenance, embeds=False)))
                file.write(gif.build_comment(MARK.encode() + encode_text(provenance)))
            file.write(b";")
    except OSError as error:
        refused = refuse_writing(path, f"cannot write the file: {(error.strerror or str(error)).lower()}", error=error)
        path.unlink(missing_ok=True)
        raise refused from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _find_end(video: Video) -> int:
    """Return when the last frame ends."""
    return round(video.duration * 100)


def _create_frame(image: Image) -> Any:
    import av
    import numpy as np

    array = image.to_uint8()
    array = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array
    layout = "rgba" if array.shape[2] == 4 else "rgb24"
    frame: Any = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format=layout)
    frame = frame.reformat(format="bgra")
    frame.pts, frame.time_base = 0, Fraction(1, 100)
    return frame


def _find_palette(video: Video, colors: int) -> Any:
    """Return a frame with the palette of all frames."""
    import av

    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=video.width, height=video.height, format=av.video.format.VideoFormat("bgra"), time_base=Fraction(1, 100)
    )
    options = f"max_colors={min(colors + 1, 256)}:reserve_transparent=1"
    filtered, sink = graph.add("palettegen", options), graph.add("buffersink")
    source.link_to(filtered)
    filtered.link_to(sink)
    graph.configure()
    count = 0
    for frame in check_frames(video):
        coded = _create_frame(frame.image)
        coded.pts = count
        source.push(coded)
        count += 1
    if not count:
        raise refuse_empty()
    source.push(None)
    return sink.pull()


def _pack_palette(palette: Any) -> tuple[bytes, int]:
    """Return red, green and blue of each color, and the index of the transparent one."""
    import numpy as np

    table = palette.to_ndarray(format="rgba").reshape(-1, 4)
    clear = int(np.flatnonzero(table[:, 3] == 0)[-1])
    return table[:, :3].tobytes(), clear


def _draw_frames(video: Video, palette: Any, look: GifLook) -> Generator[_Drawn]:
    """Yield the frames that fit, in colors of the palette."""
    import av

    graph = av.filter.Graph()
    base = Fraction(1, 100)
    pixels = av.video.format.VideoFormat("bgra")
    source = graph.add_buffer(width=video.width, height=video.height, format=pixels, time_base=base)
    colors = graph.add_buffer(width=palette.width, height=palette.height, format=pixels, time_base=base)
    use, sink = graph.add("paletteuse", f"dither={look.dither}"), graph.add("buffersink")
    source.link_to(use, 0, 0)
    colors.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    palette.pts, palette.time_base = 0, base
    colors.push(palette)
    colors.push(None)
    for image, start in _choose_frames(video):
        coded = _create_frame(image)
        coded.pts = start
        source.push(coded)
        reduced: Any = sink.pull()
        yield _Drawn(reduced.to_ndarray()[0].copy(), start)


def _choose_frames(video: Video) -> Generator[tuple[Image, int]]:
    """Yield the frames that have room, and when they start: at most 0.02 seconds late."""
    held: Frame | None = None
    earliest = 0
    for frame in check_frames(video):
        start = _start(held, earliest)
        if held is not None and start < round(frame.microseconds / 10_000):
            yield held.image, start
            earliest = start + _SHORTEST
        held = frame
    if held is not None:
        start = _start(held, earliest)
        if start == 0 or start < _find_end(video):
            yield held.image, start


def _start(frame: Frame | None, earliest: int) -> int:
    return earliest if frame is None else max(earliest, round(frame.microseconds / 10_000))


def _find_changes(frames: Iterator[_Drawn], clear: int, find_end: Callable[[int], int]) -> Iterator[gif.GifImage]:
    """Yield what is drawn for each frame over what the one before left."""
    import numpy as np

    held = next(frames)
    shown = np.full_like(held.indexes, clear)  # what is there before the frame is drawn
    for drawn in frames:
        clears = bool(((held.indexes != clear) & (drawn.indexes == clear)).any())
        yield from _create_images(held, shown, clear, drawn.start, clears)
        shown = np.full_like(held.indexes, clear) if clears else held.indexes
        held = drawn
    end = max(held.start + _SHORTEST, find_end(held.start))
    yield from _create_images(held, shown, clear, end, False)


def _create_images(drawn: _Drawn, shown: AnyArray, clear: int, end: int, clears: bool) -> Iterator[gif.GifImage]:
    """Yield an image that shows a frame until its end, again and again where that is longer than a delay can be."""
    import numpy as np

    needed = drawn.indexes != clear if clears else drawn.indexes != shown
    rows, columns = np.flatnonzero(needed.any(axis=1)), np.flatnonzero(needed.any(axis=0))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
    left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 1)
    part = np.where(needed, drawn.indexes, clear)[top:bottom, left:right]
    place = left, top, part.shape[1], part.shape[0]
    image = gif.GifImage(*place, False, b"", clear, _KEPT, _LONGEST, 8, _pack_codes(part))
    rest = end - drawn.start
    while rest > _LONGEST:
        yield image
        rest -= _LONGEST
    yield replace(image, delay=rest, disposal=_CLEARED if clears else _KEPT)


def _pack_codes(part: AnyArray) -> bytes:
    import numpy as np
    import PIL.Image

    return PIL.Image.fromarray(np.ascontiguousarray(part)).tobytes("gif", "L", 8, 0) + b"\0"
