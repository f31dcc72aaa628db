"""Decoded frames as RGB samples, and RGB samples as frames to encode, both rounded to the nearest value.

FFmpeg's swscale is exact to half a level for 8 bits if its flags ask for it. For more bits it is not: it takes white as
255/256 of the highest value. So deep frames go through it as YUV only, and the matrix is applied here.
Matrices: ITU-R BT.601, BT.709, BT.2020, SMPTE 240M and FCC 73.682, numbered as in ITU-T H.273.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]
    FloatArray = npt.NDArray[np.float32]

ACCURATE = 0x42004
"""Flags of swscale to read with: bicubic, full chroma, accurate rounding. Without, each read darkens by a level."""
_ACCURATE_BOTH = ACCURATE | 0x4000  # and full chroma of the input, to write with
_GBR, _BT709, _UNSPECIFIED, _BT601, _YCGCO = 0, 1, 2, 6, 8  # matrices
_LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
_LUMA |= {9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""Shares of red and blue in luma by the number of the matrix."""
_LIMITED, _FULL = 1, 2  # of AVColorRange
_HD_ROWS = 720
_DEPTHS = (8, 9, 10, 12, 16)  # of yuv444p and yuva444p
_ROWS = 256  # converted at once, so that the floats stay small
_MISREAD = (
    "rgb555be",
    "rgb565be",
    "bgr555be",
    "bgr565be",
)  # which swscale takes for little endian, unless to swap them


class RgbReader:
    """Converts the decoded frames of one stream.

    Args:
        alpha: Whether the result has alpha.
        deep: Whether the result has 16 bits instead of 8.
        size: Columns and rows of the result, if they are not those of the frames.
        recolor: Takes RGB samples of the file as floats, and returns them in sRGB; None if they are that.
    """

    def __init__(
        self,
        *,
        alpha: bool,
        deep: bool,
        size: tuple[int, int] | None = None,
        recolor: Callable[[FloatArray], FloatArray] | None = None,
    ) -> None:
        import av

        self._alpha, self._deep, self._size, self._recolor = alpha, deep, size, recolor
        # one for all frames: setting it up costs more than a small frame
        self._converter: Any = av.video.reformatter.VideoReformatter()

    def read(self, frame: Any) -> AnyArray:
        """Return a frame as height x width x 3 or 4 samples, uint8 or uint16.

        Raises:
            av.error.FFmpegError, ValueError: Its pixel format cannot be converted.
        """
        is_rgb = frame.format.is_rgb or frame.format.name == "pal8"
        if self._recolor is None and is_rgb:
            layout = ("rgba64le" if self._alpha else "rgb48le") if self._deep else "rgba" if self._alpha else "rgb24"
            found: AnyArray = self._reformat(frame, layout).to_ndarray()
            return found
        plain = find_matrix(frame) in _LUMA and (_is_full(frame) or not _is_grey(frame))
        if self._recolor is None and not self._deep and plain:
            planes = read_planes(self._reformat(frame, "gbrap" if self._alpha else "gbrp"))
            return _merge([planes[index] for index in (2, 0, 1, 3)[: len(planes)]])
        return self._read_floats(frame, is_rgb=is_rgb)

    def _read_floats(self, frame: Any, *, is_rgb: bool) -> AnyArray:
        import numpy as np

        planes, matrix, most = self._read_planes(frame, is_rgb=is_rgb)
        top = 65535 if self._deep else 255
        height, width = planes[0].shape
        result = np.full((height, width, 4 if self._alpha else 3), top, np.uint16 if self._deep else np.uint8)
        for row in range(0, height, _ROWS):
            part = slice(row, row + _ROWS)
            color: FloatArray = _transform([plane[part] for plane in planes[:3]], matrix)
            color = color if self._recolor is None else self._recolor(color)
            result[part, :, :3] = np.rint(np.clip(color, 0.0, 1.0) * np.float32(top))
        if self._alpha and len(planes) == 4:
            result[:, :, 3] = np.rint(planes[3] * np.float32(top / most))
        return result

    def _read_planes(self, frame: Any, *, is_rgb: bool) -> tuple[list[AnyArray], FloatArray, int]:
        """Return a frame's planes, the matrix from them to RGB in [0, 1], and their highest value."""
        import numpy as np

        has_alpha = any(component.is_alpha for component in frame.format.components)
        if is_rgb:
            array = self._reformat(frame, "rgba64le").to_ndarray()
            return [array[:, :, index] for index in range(4)], _find_grey_matrix(16, full=True), 65535
        if _is_grey(frame):
            found = self._reformat(frame, "ya16le" if has_alpha else "gray16le").planes[0]
            rows = np.frombuffer(found, "<u2").reshape(found.height, -1)
            parts = [
                np.ascontiguousarray(rows[:, index :: 1 + has_alpha][:, : found.width])
                for index in range(1 + has_alpha)
            ]
            bits = min(16, max(component.bits for component in frame.format.components))
            return [parts[0]] * 3 + parts[1:], _find_grey_matrix(bits, full=_is_full(frame)), 65535
        depth = _find_depth(frame)
        kind = ("yuva444p" if has_alpha else "yuv444p") + ("" if depth == 8 else f"{depth}le")
        matrix = find_rgb_matrix(find_matrix(frame), depth, full=_is_full(frame))
        return read_planes(self._reformat(frame, kind)), matrix, (1 << depth) - 1

    def _reformat(self, frame: Any, layout: str) -> Any:
        if frame.format.name in _MISREAD:
            frame = self._converter.reformat(frame, format=frame.format.name.replace("be", "le"))
        width, height = self._size or (None, None)
        matrix, to_yuv = find_matrix(frame), layout.startswith("yuv")
        source = matrix if matrix in _LUMA else _BT601
        found = _FULL if _is_full(frame) else _LIMITED
        return self._converter.reformat(
            frame,
            format=layout,
            width=width,
            height=height,
            src_colorspace=None if frame.format.is_rgb else 5 if source == _BT601 else min(source, 9),
            dst_colorspace=(5 if source == _BT601 else min(source, 9)) if to_yuv else None,
            src_color_range=None if frame.format.is_rgb else found,
            dst_color_range=found if to_yuv else None,
            interpolation=ACCURATE,
        )


def find_matrix(frame: Any) -> int:
    """Return the number of the matrix of a frame; where the file does not say, what players assume."""
    if frame.colorspace in (_UNSPECIFIED, _GBR):
        return _BT709 if frame.height >= _HD_ROWS else _BT601
    return int(frame.colorspace)


def is_known_matrix(frame: Any) -> bool:
    """Say whether the samples of a frame are RGB, or YUV by a matrix that is known here."""
    return bool(frame.format.is_rgb) or find_matrix(frame) in _LUMA or find_matrix(frame) == _YCGCO


def find_rgb_matrix(matrix: int, depth: int, *, full: bool) -> FloatArray:
    """Return the 3 x 4 matrix from YUV samples of a depth to RGB in [0, 1]; H.273, section 8.3.

    Args:
        matrix: Number of the matrix; BT.601 is taken for one that is unknown.
        depth: Bits of a sample.
        full: Whether samples have the full range.
    """
    import numpy as np

    if matrix == _YCGCO:
        plain = np.array([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]])
    else:
        red, blue = _LUMA.get(matrix, _LUMA[_BT601])
        green = 1.0 - red - blue
        u, v = 2.0 * (1.0 - blue), 2.0 * (1.0 - red)
        plain = np.array([[1.0, 0.0, v], [1.0, -u * blue / green, -v * red / green], [1.0, u, 0.0]])
    top, step = float((1 << depth) - 1), float(1 << (depth - 8))
    black, scales = (0.0, (top, top, top)) if full else (16.0 * step, (219.0 * step, 224.0 * step, 224.0 * step))
    linear = plain / np.array(scales)
    offset = linear @ np.array([black, 128.0 * step, 128.0 * step])
    return np.hstack([linear, -offset[:, None]]).astype(np.float32)


def read_planes(frame: Any) -> list[AnyArray]:
    """Return the planes of a frame in a planar format of whole numbers, as views."""
    import numpy as np

    deep = max(component.bits for component in frame.format.components) > 8
    kind = np.dtype("<u2" if deep else "u1")
    rows = [np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width] for plane in frame.planes]
    return list(rows)


class RgbWriter:
    """Converts RGB samples to frames of one pixel format; YUV is in limited range.

    Args:
        layout: FFmpeg's name of the samples: rgb24, rgba, rgb48le or rgba64le.
        pixels: FFmpeg's name of the pixel format.
        is_left: Whether chroma lies on the left pixel of each pair, as decoders of H.264 and H.265 take it, or
            between the two.
        matrix: Number of the matrix; one other than that of BT.709 is for samples of 16 bits.
    """

    def __init__(self, layout: str, pixels: str, *, is_left: bool = False, matrix: int = _BT709) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self._layout, self._pixels, self._is_left, self._matrix = layout, pixels, is_left, matrix
        self._is_rgb = av.VideoFormat(pixels).is_rgb or pixels == "pal8"
        self._converter: Any = VideoReformatter()
        self._blank: Any = None

    def write(self, array: AnyArray) -> Any:
        """Return height x width x 3 or 4 samples, uint8 or uint16, as an `av.VideoFrame`."""
        import av

        if self._layout == self._pixels:
            return av.VideoFrame.from_ndarray(array, format=self._layout)
        if self._is_rgb:
            frame = av.VideoFrame.from_ndarray(array, format=self._layout)
            return self._converter.reformat(frame, format=self._pixels)
        deep = array.dtype.itemsize > 1
        layout = self._layout if not deep else "yuva444p16le" if array.shape[2] == 4 else "yuv444p16le"
        if self._blank is None:
            self._blank = _create_blank(array.shape[1], array.shape[0], layout, is_left=self._is_left)
        encoded = _encode_yuv(array, self._matrix) if deep else [array]
        for plane, samples in zip(self._blank.planes, encoded, strict=True):
            _fill(plane, samples)
        return self._converter.reformat(
            self._blank,
            format=self._pixels,
            src_colorspace=_BT709 if deep else None,
            dst_colorspace=_BT709,
            src_color_range=_LIMITED if deep else None,
            dst_color_range=_LIMITED,
            interpolation=_ACCURATE_BOTH,
        )


def _create_blank(width: int, height: int, layout: str, *, is_left: bool) -> Any:
    """Return a frame whose samples are filled in again and again; only a filter can set where chroma lies."""
    import av
    from av.filter import Graph

    frame: Any = av.VideoFrame(width, height, layout)
    if not is_left:
        return frame
    graph = Graph()
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    source = graph.add_buffer(width=width, height=height, format=frame.format, time_base=Fraction(1, 25))
    place, sink = graph.add("setparams", "chroma_location=left"), graph.add("buffersink")
    source.link_to(place)
    place.link_to(sink)
    graph.configure()
    graph.push(frame)
    placed: Any = graph.pull()
    placed.make_writable()
    return placed


def _fill(plane: Any, samples: AnyArray) -> None:
    """Copy samples into a plane, whose rows may be longer."""
    import numpy as np

    rows = np.frombuffer(plane, samples.dtype).reshape(plane.height, -1)
    rows[:, : samples[0].size] = samples.reshape(len(samples), -1)


def _encode_yuv(array: AnyArray, number: int) -> AnyArray:
    """Return uint16 RGB or RGBA samples as planes of 16-bit YUV with full chroma, by the matrix of a number."""
    import numpy as np

    matrix = find_rgb_matrix(number, 16, full=False).astype(np.float64)
    inverse = np.linalg.inv(matrix[:, :3])
    back = np.hstack([inverse / 65535.0, -(inverse @ matrix[:, 3:])]).astype(np.float32)
    height, width, channels = array.shape
    planes = np.empty((channels, height, width), np.uint16)
    for row in range(0, height, _ROWS):
        part = slice(row, row + _ROWS)
        yuv = _transform([array[part, :, index] for index in range(3)], back)
        planes[:3, part] = np.moveaxis(np.rint(np.clip(yuv, 0.0, 65535.0)), 2, 0)
    if channels == 4:
        planes[3] = array[:, :, 3]
    return planes


def _transform(planes: list[AnyArray], matrix: FloatArray) -> FloatArray:
    """Return planes as height x width x 3, multiplied by a 3 x 4 matrix."""
    import cv2
    import numpy as np

    color: Any = cv2.transform(_merge(planes).astype(np.float32), matrix)
    return color  # type: ignore[no-any-return]  # OpenCV says less of what it returns


def _merge(planes: list[AnyArray]) -> AnyArray:
    import cv2

    merged: AnyArray = cv2.merge(planes)
    return merged


def _find_depth(frame: Any) -> int:
    bits = max(component.bits for component in frame.format.components)
    return min((depth for depth in _DEPTHS if depth >= bits), default=16)


def _find_grey_matrix(bits: int, *, full: bool) -> FloatArray:
    """Return the 3 x 4 matrix from samples of so many bits, widened to 16 by repeating them, to [0, 1]."""
    import numpy as np

    step = ((1 << bits) - 1) / 65535.0 / (1 << (bits - 8))  # from 16 bits to levels of 8
    scale, offset = (1.0 / 65535.0, 0.0) if full else (step / 219.0, -16.0 / 219.0)
    return np.hstack([np.eye(3) * scale, np.full((3, 1), offset)]).astype(np.float32)


def _is_grey(frame: Any) -> bool:
    return sum(not component.is_alpha for component in frame.format.components) == 1


def _is_full(frame: Any) -> bool:
    """Say whether samples have the full range; grey has unless the file says otherwise, as in FFmpeg."""
    if frame.format.name.startswith("yuvj"):
        return True
    return bool(frame.color_range == _FULL or (_is_grey(frame) and frame.color_range != _LIMITED))
