"""Pictures: `Image` and `Mask`, frozen, with layout, range and dtype that never vary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from studio.errors import MediaError

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    import numpy.typing as npt
    import PIL.Image

    FloatArray = npt.NDArray[np.float32]
    ByteArray = npt.NDArray[np.uint8]
    AnyArray = npt.NDArray[Any]

_LAYOUT = "an image is height x width x channels with 1, 3 or 4 channels"
_TOLERANCE = 1e-4  # what a float picture may leave [0, 1] by (rounding of a filter); it is clipped


class _Picture:
    """Samples in their own depth, converted on demand: the shared half of Image and Mask."""

    __slots__ = ("_array", "_compact", "_pixels", "_source")
    _array: AnyArray | None
    _compact: AnyArray | None
    _pixels: FloatArray | None
    _source: Any

    def __init__(self, source: Any) -> None:
        import numpy as np

        set_slot = object.__setattr__
        for slot in ("_array", "_compact", "_pixels", "_source"):
            set_slot(self, slot, None)
        if isinstance(source, np.ndarray | list | tuple):
            try:
                array = np.array(source)
            except ValueError:
                raise MediaError("E501", "rows of different lengths are no picture", hint=_LAYOUT) from None
            set_slot(self, "_array", self._freeze(array))
        else:
            set_slot(self, "_source", source)
            if not _is_pillow(source) and not _is_torch(source):
                raise MediaError(
                    "E501",
                    f"cannot make a picture from {type(source).__name__}",
                    hint="pass a NumPy array, a Pillow image or a torch tensor",
                )

    @classmethod
    def take(cls, array: AnyArray) -> Self:
        """Return a picture of an array that nobody else will write to: it is frozen, not copied.

        Args:
            array: What the class takes; it becomes read-only.
        """
        picture = cls.__new__(cls)
        for slot in ("_compact", "_pixels", "_source"):
            object.__setattr__(picture, slot, None)
        object.__setattr__(picture, "_array", cls._freeze(array))
        return picture

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __getstate__(self) -> None:
        raise TypeError(f"{type(self).__name__} is not pickled; use the codec of its value type")

    @property
    def stored(self) -> AnyArray:
        """Samples as they came: uint8, uint16 or float32, read-only."""
        source = self._source  # another thread may be converting it too: it sets the array before it drops the source
        if self._array is None and source is not None:
            array = _convert_pillow(source) if _is_pillow(source) else _convert_torch(source)
            object.__setattr__(self, "_array", self._freeze(array))
            object.__setattr__(self, "_source", None)
        assert self._array is not None
        return self._array

    @property
    def pixels(self) -> FloatArray:
        """Samples as float32 in [0, 1], read-only."""
        if self._pixels is None:
            object.__setattr__(self, "_pixels", _to_float(self.stored))
        assert self._pixels is not None
        return self._pixels

    def to_uint8(self) -> ByteArray:
        """Return the samples rounded to 8 bits."""
        import numpy as np

        stored: ByteArray = self.stored
        if stored.dtype == np.uint8:
            return stored
        rounded: ByteArray = np.rint(self.pixels * 255.0).astype(np.uint8)
        return rounded

    def compact(self) -> AnyArray:
        """Return the samples in the smallest of uint8, uint16 and float32 that holds them exactly.

        Equal pictures have equal compact forms, whatever they were made from; digests are taken of it.
        """
        if self._compact is None:
            compact = _find_compact(self.stored)
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
        """Memory that the picture holds, in bytes."""
        held = {id(a): a.nbytes for a in (self._array, self._pixels, self._compact) if a is not None}
        return sum(held.values())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        import numpy as np

        return bool(np.array_equal(self.compact(), other.compact()))

    __hash__ = None  # type: ignore[assignment]  # equality looks at every sample; use the digest as a key

    @classmethod
    def _freeze(cls, array: AnyArray) -> AnyArray:
        array = cls._shape(array)
        if array.size == 0:
            raise MediaError(
                "E501",
                f"a picture of {array.shape[1]} x {array.shape[0]} samples is empty",
                hint="give at least one sample",
            )
        return _check_range(array)

    @classmethod
    def _shape(cls, array: AnyArray) -> AnyArray:
        raise NotImplementedError  # both subclasses say their layout


class Image(_Picture):
    """A picture: height x width x channels, float32 in [0, 1], sRGB-encoded, 1, 3 or 4 channels.

    One channel is grey, four are RGB and straight (not premultiplied) alpha. It may come from a NumPy
    array (H x W or H x W x C of bool, uint8, uint16 or float in [0, 1]), a Pillow image, or a torch tensor
    (C x H x W or 1 x C x H x W, float in [0, 1] or uint8); it is converted when it is first looked at.

    Raises:
        MediaError: E501 for a shape or a type that is no picture, E502 for NaN or values outside [0, 1].
    """

    __slots__ = ()
    studio_type: ClassVar[str] = "image"

    @property
    def channels(self) -> int:
        """1 (grey), 3 (RGB) or 4 (RGBA)."""
        return int(self.stored.shape[2])

    def to_pillow(self) -> PIL.Image.Image:
        """Return an 8-bit Pillow image in mode L, RGB or RGBA."""
        import PIL.Image

        array = self.to_uint8()
        return PIL.Image.fromarray(array[:, :, 0] if self.channels == 1 else array)

    def __repr__(self) -> str:
        return f"Image({self.width}x{self.height}x{self.channels} {self.stored.dtype})"

    @classmethod
    def _shape(cls, array: AnyArray) -> AnyArray:
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
            raise MediaError("E501", f"an array of shape {array.shape} is no picture", hint=_LAYOUT)
        return array


class Mask(_Picture):
    """A mask: height x width, float32 in [0, 1]; 1 means chosen.

    It may come from what an `Image` may come from, with one channel.

    Raises:
        MediaError: E501 for a shape or a type that is no mask, E502 for NaN or values outside [0, 1].
    """

    __slots__ = ()
    studio_type: ClassVar[str] = "mask"

    def to_pillow(self) -> PIL.Image.Image:
        """Return an 8-bit Pillow image in mode L."""
        import PIL.Image

        return PIL.Image.fromarray(self.to_uint8())

    def __repr__(self) -> str:
        return f"Mask({self.width}x{self.height} {self.stored.dtype})"

    @classmethod
    def _shape(cls, array: AnyArray) -> AnyArray:
        if array.ndim == 3 and array.shape[2] == 1:
            array = array[:, :, 0]
        if array.ndim != 2:
            raise MediaError("E501", f"an array of shape {array.shape} is no mask", hint="a mask is height x width")
        return array


_WHOLE_TENSORS = ("torch.uint8", "torch.uint16")


def _is_pillow(source: object) -> bool:
    return any(t.__module__.startswith("PIL.") and t.__name__ == "Image" for t in type(source).__mro__)


def _is_torch(source: object) -> bool:
    return any(t.__module__ == "torch" and t.__name__ == "Tensor" for t in type(source).__mro__)


def _convert_pillow(source: Any) -> AnyArray:
    import numpy as np

    try:
        source.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError("E501", f"the Pillow image cannot be decoded: {error}", hint="its file is broken") from None
    if source.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        deep: AnyArray = np.asarray(source).astype(np.uint16)
        return deep
    if source.mode == "I":
        clipped: AnyArray = np.clip(np.asarray(source), 0, 65535).astype(np.uint16)
        return clipped
    if source.mode == "F":
        return np.asarray(source)
    has_alpha = source.mode in ("LA", "La", "PA", "RGBa") or "transparency" in source.info
    if source.mode not in ("L", "RGB", "RGBA") or (has_alpha and source.mode != "RGBA"):
        try:
            source = source.convert("RGBA" if has_alpha else "L" if source.mode == "1" else "RGB")
        except ValueError:
            raise MediaError(
                "E501", f"a Pillow image of mode {source.mode!r} is no picture", hint="convert it to RGB first"
            ) from None
    return np.array(source)


def _convert_torch(tensor: Any) -> AnyArray:
    import numpy as np

    tensor = tensor.detach().cpu()
    if tensor.ndim == 4 and tensor.shape[0] == 1:
        tensor = tensor[0]
    array: AnyArray = tensor.numpy() if str(tensor.dtype) in _WHOLE_TENSORS else tensor.float().numpy()
    if array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    return np.array(array)


def _check_range(array: AnyArray) -> AnyArray:
    import numpy as np

    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "u" and array.dtype.itemsize <= 2:  # in either byte order
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
    elif array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused
            array = array.astype(np.float32, copy=False)
        low, high = float(array.min()), float(array.max())
        if not (low >= -_TOLERANCE and high <= 1.0 + _TOLERANCE):
            raise MediaError(
                "E502", f"samples reach from {low:g} to {high:g}", hint="samples lie in [0, 1] and are never NaN"
            )
        if low < 0.0 or high > 1.0:
            array = np.clip(array, 0.0, 1.0)
    else:
        raise MediaError(
            "E501", f"samples of dtype {array.dtype} are no picture", hint="use uint8, uint16 or float in [0, 1]"
        )
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array.view()  # a view of a locked array cannot be unlocked


def _to_float(array: AnyArray) -> FloatArray:
    import numpy as np

    if array.dtype == np.float32:
        return array
    pixels = array.astype(np.float32)
    pixels /= np.float32(255.0 if array.dtype == np.uint8 else 65535.0)
    pixels.flags.writeable = False
    return pixels.view()


def _find_compact(array: AnyArray) -> AnyArray:
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
