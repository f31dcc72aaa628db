"""`Image` and `Mask`: frozen, with layout, range and dtype that never vary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from studio.api.color import SRGB, ColorSpace, check_color
from studio.api.color_transfer import convert_samples
from studio.api.image_source import convert_pillow, convert_torch, is_pillow, is_torch
from studio.errors import MediaError

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    import numpy.typing as npt
    import PIL.Image

    FloatArray = npt.NDArray[np.float32]
    ByteArray = npt.NDArray[np.uint8]
    AnyArray = npt.NDArray[Any]

_TOLERANCE = 1e-4  # float samples that leave [0, 1] by less (rounding of a filter) are clipped
_ALPHA_HINT = "alpha lies in [0, 1] in every color space; scale or clip it first"


class _Raster:
    """Samples in their own depth, converted on demand: the shared half of Image and Mask."""

    __slots__ = ("_array", "_color", "_compact", "_pixels", "_source")
    studio_type: ClassVar[str]
    _article: ClassVar[str]
    _layout: ClassVar[str]
    _array: AnyArray | None
    _color: ColorSpace
    _compact: AnyArray | None
    _pixels: FloatArray | None
    _source: Any

    def __init__(self, source: Any, *, color: ColorSpace = SRGB) -> None:
        import numpy as np

        check_color(color)
        if isinstance(source, np.ndarray | list | tuple):
            try:
                array = np.array(source)
            except ValueError:
                raise MediaError(
                    "E501", f"invalid {self.studio_type}: rows of different lengths", hint=self._layout
                ) from None
            self._fill(self._freeze(array, color), None, color)
        elif is_pillow(source) or is_torch(source):
            self._fill(None, source, color)
        else:
            raise MediaError(
                "E501",
                f"cannot make {self._article} from {type(source).__name__}",
                hint="pass a NumPy array, a Pillow image or a torch tensor",
            )

    @classmethod
    def take(cls, array: AnyArray, *, color: ColorSpace = SRGB) -> Self:
        """Return a value of an array that no other code will write to: the array is frozen, not copied.

        Args:
            array: An array that the class takes; it becomes read-only.
            color: What its samples mean as light.

        Raises:
            MediaError: As the class does.
        """
        taken = cls.__new__(cls)
        taken._fill(cls._freeze(array, check_color(color)), None, color)
        return taken

    def _fill(self, array: AnyArray | None, source: Any, color: ColorSpace) -> None:
        values = {"array": array, "source": source, "color": color, "compact": None, "pixels": None}
        for name, value in values.items():
            object.__setattr__(self, f"_{name}", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __getstate__(self) -> None:
        raise TypeError(f"{type(self).__name__} is not pickled; use the codec of its value type")

    @property
    def color(self) -> ColorSpace:
        """What the samples mean as light."""
        return self._color

    @property
    def stored(self) -> AnyArray:
        """Samples as they came: uint8, uint16 or float32, read-only."""
        source = self._source  # another thread may be converting it too: it sets the array before it drops the source
        if self._array is None and source is not None:
            array = convert_pillow(source) if is_pillow(source) else convert_torch(source)
            object.__setattr__(self, "_array", self._freeze(array, self._color))
            object.__setattr__(self, "_source", None)
        assert self._array is not None
        return self._array

    @property
    def pixels(self) -> FloatArray:
        """Samples as float32, read-only; in [0, 1] unless the color space is linear or log."""
        if self._pixels is None:
            object.__setattr__(self, "_pixels", _to_float(self.stored))
        assert self._pixels is not None
        return self._pixels

    def to_uint8(self) -> ByteArray:
        """Return the samples in sRGB, rounded to 8 bits."""
        import numpy as np

        stored: ByteArray = self.stored
        pixels = self.pixels if self._color == SRGB else convert_samples(self.pixels, self._color, SRGB)
        if stored.dtype == np.uint8 and self._color == SRGB:
            return stored
        rounded: ByteArray = np.rint(pixels * 255.0).astype(np.uint8)
        return rounded

    def compact(self) -> AnyArray:
        """Return the samples in the smallest of uint8, uint16 and float32 that holds them exactly.

        Equal values have equal compact forms, whatever they were made from. Digests are computed from it.
        """
        if self._compact is None:
            stored = self.stored
            whole = self._color.is_bounded or (stored.min() >= 0 and (stored.dtype.kind == "u" or stored.max() <= 1))
            compact = _find_compact(stored) if whole else stored + stored.dtype.type(0)  # -0.0 and 0.0 are equal
            compact.flags.writeable = False
            object.__setattr__(self, "_compact", compact)
        assert self._compact is not None
        return self._compact

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.stored.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.stored.shape[1])

    @property
    def byte_size(self) -> int:
        """Memory that the value holds, in bytes."""
        held = {id(a): a.nbytes for a in (self._array, self._pixels, self._compact) if a is not None}
        return sum(held.values())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        import numpy as np

        return self._color == other._color and bool(np.array_equal(self.compact(), other.compact()))

    __hash__ = None  # type: ignore[assignment]  # equality looks at every sample; use the digest as a key

    @classmethod
    def _freeze(cls, array: AnyArray, color: ColorSpace) -> AnyArray:
        array = cls._shape(array)
        if array.size == 0:
            raise MediaError(
                "E501",
                f"empty {cls.studio_type} of {array.shape[1]} x {array.shape[0]} samples",
                hint="give at least one sample",
            )
        return _check_samples(array, color)

    @classmethod
    def _shape(cls, array: AnyArray) -> AnyArray:
        raise NotImplementedError  # both subclasses have their own layout

    def _describe_color(self) -> str:
        return "" if self._color == SRGB else f", {self._color}"


class Image(_Raster):
    """An image: height x width x channels, float32, with 1, 3 or 4 channels, in sRGB unless it says otherwise.

    One channel is grey, four are RGB and straight (not premultiplied) alpha. The source is a NumPy array (H x W or
    H x W x C of bool, uint8, uint16 or float), a Pillow image, or a torch tensor (C x H x W or 1 x C x H x W of float
    or uint8). It is converted when the samples are first needed.

    Samples lie in [0, 1], where whole numbers are divided by their full range. In the encodings "linear" and "log"
    float samples may pass 1 and fall below 0; alpha lies in [0, 1] always. Nothing is converted when an image is
    made: `color` says what the samples are.

    Args:
        source: The samples.
        color: What the samples mean as light.

    Raises:
        MediaError: E501 for an invalid shape or dtype, E502 for NaN, infinity or samples out of range.

    Example:
        import numpy as np
        from studio.api import Image

        grey = Image(np.full((48, 64, 3), 128, np.uint8))

        pixels = grey.pixels.copy()  # float32 in [0, 1]; `pixels` itself is read-only
        pixels[:, :32] = (1.0, 0.0, 0.0)  # rows, columns, channels: the left half becomes red
        half = Image(pixels)

        assert (half.width, half.height, half.channels) == (64, 48, 3)
        assert half.to_uint8()[0, 0].tolist() == [255, 0, 0]
        half.to_pillow().save("half.png")
    """

    __slots__ = ()
    studio_type: ClassVar[str] = "image"
    _article: ClassVar[str] = "an image"
    _layout: ClassVar[str] = "an image is height x width x channels with 1, 3 or 4 channels"

    @property
    def channels(self) -> int:
        """1 (grey), 3 (RGB) or 4 (RGBA)."""
        return int(self.stored.shape[2])

    def to_pillow(self) -> PIL.Image.Image:
        """Return an 8-bit Pillow image in sRGB, in mode L, RGB or RGBA."""
        import PIL.Image

        array = self.to_uint8()
        return PIL.Image.fromarray(array[:, :, 0] if self.channels == 1 else array)

    def __repr__(self) -> str:
        return f"Image({self.width}x{self.height}x{self.channels} {self.stored.dtype}{self._describe_color()})"

    @classmethod
    def _shape(cls, array: AnyArray) -> AnyArray:
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
            raise MediaError("E501", f"invalid image shape {array.shape}", hint=cls._layout)
        return array


class Mask(_Raster):
    """A mask: height x width, float32 in [0, 1]; 1 means selected.

    The source is one that `Image` takes, with one channel. A mask of shares from 0 to 1 keeps the default color space,
    whatever image it belongs to. A mask that holds the luminance of a linear or log image says so in `color`; its
    samples may then pass 1 and fall below 0.

    Args:
        source: The samples.
        color: What the samples mean as light.

    Raises:
        MediaError: E501 for an invalid shape or dtype, E502 for NaN, infinity or samples out of range.

    Example:
        import numpy as np
        from studio.api import Image, Mask

        image = Image(np.linspace(0, 1, 64 * 48 * 3, dtype=np.float32).reshape(48, 64, 3))
        mask = Mask((image.pixels.mean(axis=2) > 0.5).astype(np.float32))

        chosen = mask.pixels > 0.5  # height x width, as an index into the samples of the image
        pixels = image.pixels.copy()
        pixels[chosen] = 1 - pixels[chosen]
        inverted = Image(pixels)

        assert (mask.width, mask.height) == (inverted.width, inverted.height)
    """

    __slots__ = ()
    studio_type: ClassVar[str] = "mask"
    _article: ClassVar[str] = "a mask"
    _layout: ClassVar[str] = "a mask is height x width"

    def to_pillow(self) -> PIL.Image.Image:
        """Return an 8-bit Pillow image in mode L, in sRGB."""
        import PIL.Image

        return PIL.Image.fromarray(self.to_uint8())

    def __repr__(self) -> str:
        return f"Mask({self.width}x{self.height} {self.stored.dtype}{self._describe_color()})"

    @classmethod
    def _shape(cls, array: AnyArray) -> AnyArray:
        if array.ndim == 3 and array.shape[2] == 1:
            array = array[:, :, 0]
        if array.ndim != 2:
            raise MediaError("E501", f"invalid mask shape {array.shape}", hint=cls._layout)
        return array


def _check_samples(array: AnyArray, color: ColorSpace) -> AnyArray:
    """Return samples as uint8, uint16 or float32, read-only; MediaError E501 or E502 for invalid ones."""
    import numpy as np

    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "u" and array.dtype.itemsize <= 2:  # in either byte order
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
    elif array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused
            array = array.astype(np.float32, copy=False)
        array = _clip_rounding(array) if color.is_bounded else _check_unbounded(array)
    else:
        raise MediaError(
            "E501", f"unsupported dtype {array.dtype} of samples", hint="use uint8, uint16 or float in [0, 1]"
        )
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array.view()  # a view of a locked array cannot be unlocked


def _clip_rounding(
    array: FloatArray,
    name: str = "samples",
    hint: str = 'samples lie in [0, 1]; scene-linear ones need color=ColorSpace("linear")',
) -> FloatArray:
    """Return samples in [0, 1]; MediaError E502 for those that are further out than rounding explains."""
    import numpy as np

    low, high = float(array.min()), float(array.max())
    if not (low >= -_TOLERANCE and high <= 1.0 + _TOLERANCE):
        raise MediaError("E502", f"{name} range from {low:g} to {high:g}", hint=hint)
    return np.clip(array, 0.0, 1.0) if low < 0.0 or high > 1.0 else array


def _check_unbounded(array: FloatArray) -> FloatArray:
    """Return finite samples; MediaError E502 for NaN, infinity, and alpha outside [0, 1]."""
    import numpy as np

    if not np.isfinite(array).all():
        raise MediaError("E502", "samples contain NaN or infinity", hint="replace samples that are not finite first")
    if array.ndim == 3 and array.shape[2] == 4:
        array = np.dstack([array[:, :, :3], _clip_rounding(array[:, :, 3], "alpha samples", _ALPHA_HINT)])
    return array


def _to_float(array: AnyArray) -> FloatArray:
    import numpy as np

    if array.dtype == np.float32:
        return array
    pixels = array.astype(np.float32)
    pixels /= np.float32(255.0 if array.dtype == np.uint8 else 65535.0)
    pixels.flags.writeable = False
    return pixels.view()


def _find_compact(array: AnyArray) -> AnyArray:
    """Return samples in [0, 1] in the smallest dtype that holds them exactly."""
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        small = (array // 257).astype(np.uint8)  # 65535 = 255 * 257: exactly the 8-bit levels are multiples
        return small if np.array_equal(small.astype(np.uint16) * np.uint16(257), array) else array
    depths: tuple[tuple[type[np.generic], float], ...] = ((np.uint8, 255.0), (np.uint16, 65535.0))
    probe = array.reshape(-1)[:4096]
    for dtype, top in depths:
        for samples in (probe, array):
            small = np.rint(samples * np.float32(top)).astype(dtype)
            if not np.array_equal(_to_float(small), samples):
                break
        else:
            return small
    return array + np.float32(0.0)  # -0.0 and 0.0 are the same sample
