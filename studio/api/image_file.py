"""How pictures and masks are stored, and read from and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from studio.api.image import Image, Mask
from studio.api.image_reading import read_picture
from studio.api.image_writing import read_picture_provenance, write_picture
from studio.api.media_file import refuse, refuse_writing
from studio.api.value_type import Packed, ValueType
from studio.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

P = TypeVar("P", Image, Mask)
_BITS = {"uint8": "8 bit", "uint16": "16 bit", "float32": "float"}


class ImageType(ValueType[Image]):
    """Pictures: stored as their compact samples, read from PNG, JPEG, WebP, TIFF, BMP and GIF files.

    **Read.** The content decides the format, not the name. Size and pixels are checked from the header before
    anything is decoded. EXIF orientation is applied, alpha is kept (palettes and colour keys too), grey stays one
    channel (grey with alpha becomes RGBA), 16-bit grey, RGB and RGBA keep their depth, CMYK and LAB become RGB, an
    embedded ICC profile is converted to sRGB (at 16 bits for profiles with a matrix; those made of look-up tables
    convert at 8 bits). Of an animation the first picture is read. PNG's gAMA, cHRM and cICP chunks are not looked at.

    **Written.** PNG has 8 bits per sample, or 16 where the samples are whole 16-bit numbers: pictures that come
    from 16-bit files or uint16 arrays; floats that are not are rounded to 8. JPEG has quality 92 without chroma
    subsampling, alpha laid over white. WebP has quality 90 with lossless alpha. TIFF keeps the depth, floats too.
    Every file says in XMP that it is generated, and holds the provenance: PNG in an iTXt chunk "studio", JPEG in a
    comment (left out where it does not fit into 64 kB), WebP and TIFF in XMP. The same picture gives the same bytes.
    """

    name = "image"
    python = Image
    extensions = ("png", "jpg", "jpeg", "webp", "tiff", "tif")

    def pack(self, value: Image) -> Packed:
        """Take a picture apart into its compact samples."""
        return Packed({}, {"pixels": value.compact()})

    def unpack(self, packed: Packed) -> Image:
        """Put a picture together again."""
        return Image(packed.arrays["pixels"])

    def describe(self, value: Image) -> str:
        """Say size, channels and depth, e.g. "1024x768 RGB, 8 bit"."""
        kind = {1: "grey", 3: "RGB", 4: "RGBA"}[value.channels]
        return f"{value.width}x{value.height} {kind}, {_BITS[str(value.stored.dtype)]}"

    def byte_size(self, value: Image) -> int:
        """Return the memory that a picture holds, in bytes."""
        return value.byte_size + 256

    def read_file(self, path: Path, limits: MediaLimits) -> Image:
        """Read a picture; MediaError E511 if it is broken, of another kind or over a limit."""
        return _create(Image, read_picture(path, limits), path)

    def write_file(self, value: Image, path: Path, provenance: str | None) -> None:
        """Write a picture with its provenance; MediaError E512 if that cannot be."""
        _check_extension(path, self)
        write_picture(value.compact(), path, provenance)

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        return read_picture_provenance(path)


class MaskType(ValueType[Mask]):
    """Masks: one channel; read from what an image is read from, written as PNG.

    A picture with alpha that is not opaque everywhere gives its alpha; other pictures give their luma (Rec. 709
    weights on the encoded samples), and greys themselves.
    """

    name = "mask"
    python = Mask
    extensions = ("png",)

    def pack(self, value: Mask) -> Packed:
        """Take a mask apart into its compact samples."""
        return Packed({}, {"pixels": value.compact()})

    def unpack(self, packed: Packed) -> Mask:
        """Put a mask together again."""
        return Mask(packed.arrays["pixels"])

    def describe(self, value: Mask) -> str:
        """Say size and depth."""
        return f"{value.width}x{value.height} mask, {_BITS[str(value.stored.dtype)]}"

    def byte_size(self, value: Mask) -> int:
        """Return the memory that a mask holds, in bytes."""
        return value.byte_size + 256

    def read_file(self, path: Path, limits: MediaLimits) -> Mask:
        """Read a mask; MediaError E511 if it is broken, of another kind or over a limit."""
        return _create(Mask, _find_mask(_create(Image, read_picture(path, limits), path)), path)

    def write_file(self, value: Mask, path: Path, provenance: str | None) -> None:
        """Write a mask with its provenance; MediaError E512 if that cannot be."""
        _check_extension(path, self)
        write_picture(value.compact(), path, provenance)

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        return read_picture_provenance(path)


def _create(kind: type[P], source: Any, path: Path) -> P:
    try:
        return kind(source)
    except MediaError as error:
        raise refuse(path, error.message, hint=error.hint) from None


def _check_extension(path: Path, value_type: ValueType[Any]) -> None:
    if path.suffix.lower().lstrip(".") not in value_type.extensions:
        found = path.suffix or "a file without extension"
        raise refuse_writing(
            path,
            f"a {value_type.name} is not written as {found!r}",
            hint=f"use one of: {', '.join(value_type.extensions)}",
        )


def _find_mask(image: Image) -> Any:
    import numpy as np

    stored = image.stored
    opaque = 1.0 if stored.dtype == np.float32 else np.iinfo(stored.dtype).max
    if image.channels == 4 and stored[:, :, 3].min() < opaque:
        return stored[:, :, 3]
    if image.channels == 1 or all(np.array_equal(stored[:, :, 0], stored[:, :, i]) for i in (1, 2)):
        return stored[:, :, 0]
    return image.pixels[:, :, :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
