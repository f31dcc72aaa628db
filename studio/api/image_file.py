"""How images and masks are stored, and read from and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from studio.api.color import SRGB, ColorSpace
from studio.api.color_conversion import describe_conversion
from studio.api.image import Image, Mask
from studio.api.image_doubts import find_image_doubts
from studio.api.image_reading import ImageOptions, read_image, read_image_part
from studio.api.image_writing import choose_file_color, read_image_provenance, write_converted
from studio.api.media_file import check_extension, refuse
from studio.api.value_type import Packed, ValueType
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from studio.settings import MediaLimits

P = TypeVar("P", Image, Mask)
_SHALLOW = (".jpg", ".jpeg", ".webp")
_BITS = {"uint8": "8 bit", "uint16": "16 bit", "float32": "float"}


class ImageType(ValueType[Image]):
    """Images: stored as their compact samples, read from PNG, JPEG, WebP, AVIF, TIFF, OpenEXR, BMP and GIF files.

    **Read.** The content decides the format, not the name. The size is checked in the header before anything is
    decoded. EXIF orientation is applied, alpha is kept (palettes and color keys too), grey stays one channel (grey
    with alpha becomes RGBA), 16-bit grey, RGB and RGBA keep their depth, and CMYK and LAB become RGB. An embedded ICC
    profile is converted to sRGB: at 16 bits for profiles with a matrix, at 8 bits for profiles with look-up tables.
    TIFF is read at every depth: whole numbers are scaled by their largest value, to 16 bits or, from 17 bits on, to
    float32; floats of 16, 24, 32 and 64 bits become float32. Floats of which one is outside [0, 1] are linear light.
    OpenEXR is linear light in its own primaries, with straight alpha: the plain color channels in the display window.
    Scan lines without compression and with ZIP need no library, all else the extra "vfx".
    Colors by code points (PNG's cICP, AVIF) and PNG's gAMA and cHRM become sRGB; of PQ and HLG, light of 203 cd/m2 is
    white. Of an animation the first image is read. What is not in the image is said in a warning; what is not read
    exactly is refused by name.

    **Written.** Files hold sRGB: an image in another color space is converted and clipped to [0, 1]. OpenEXR holds
    linear light, as half floats where these are exact, and so does TIFF where light is outside [0, 1]. PNG has 8
    bits per sample, or 16 where the samples are whole 16-bit numbers, from 16-bit files or uint16 arrays; other
    floats are rounded to 8, or to 16 where a file that they come from has more than 8 bits. JPEG has quality 92
    without chroma subsampling, alpha laid over white. WebP has quality 90 with lossless alpha. TIFF keeps the depth,
    floats too. Every file says in XMP that it is generated, and holds the provenance: PNG in an iTXt chunk "studio",
    JPEG in comments (of 64 kB each), WebP and TIFF in XMP. Equal images give equal bytes.
    """

    name = "image"
    python = Image
    extensions = ("png", "jpg", "jpeg", "webp", "tiff", "tif", "exr")

    def pack(self, value: Image) -> Packed:
        """Take an image apart into its compact samples, and its color space where it is not sRGB."""
        return Packed(_pack_color(value.color), {"pixels": value.compact()})

    def unpack(self, packed: Packed) -> Image:
        """Put an image together again."""
        return Image(packed.arrays["pixels"], color=ColorSpace.from_json(packed.header.get("color")))

    def describe(self, value: Image) -> str:
        """Say size, channels, depth and color space unless it is sRGB, e.g. "1024x768 RGB, 8 bit"."""
        kind = {1: "grey", 3: "RGB", 4: "RGBA"}[value.channels]
        return f"{value.width}x{value.height} {kind}, {_BITS[str(value.stored.dtype)]}{_describe_color(value)}"

    def byte_size(self, value: Image) -> int:
        """Return the memory that an image holds, in bytes."""
        return value.byte_size + 256

    def read_file(self, path: Path, limits: MediaLimits) -> Image:
        """Read an image; MediaError E511 if it is damaged, unsupported or over a limit."""
        return _create(Image, *read_image(path, limits), path)

    def read_layer(
        self,
        path: Path,
        limits: MediaLimits,
        *,
        layer: str = "",
        window: Literal["display", "data"] = "display",
        dynamic_range: Literal["sdr", "keep"] = "sdr",
    ) -> tuple[Image, Sequence[str]]:
        """Read one layer of an OpenEXR file, or any image; return it, and what a person should know of it.

        Args:
            path: The file.
            limits: Bounds for the file.
            layer: Name of a layer or of a channel; "" for the plain color channels, or the only layer.
            window: "display" for what is shown, "data" for all pixels of the file.
            dynamic_range: "keep" for PQ and HLG as they are in PNG and AVIF, "sdr" for what they are in sRGB.

        Raises:
            MediaError: E511 if the file lacks the layer, or cannot be read; E513 if a package is needed.
        """
        array, color, doubts = read_image_part(path, limits, ImageOptions(layer, window, dynamic_range))
        if doubts is None:
            doubts = tuple(find_image_doubts(path, limits, keeps_range=dynamic_range == "keep"))
        return _create(Image, array, color, path), doubts

    def find_doubts(self, path: Path, limits: MediaLimits) -> Sequence[str]:
        """Say what of a file is not in the image."""
        return find_image_doubts(path, limits)

    def write_file(self, value: Image, path: Path, provenance: str | None) -> None:
        """Write an image with its provenance; MediaError E512 if that fails."""
        check_extension(path, self.extensions, self.name)
        write_converted(value, path, provenance)

    def write_deep_file(self, value: Image, path: Path, provenance: str | None) -> str:
        """Write an image as `write_file` does, but floats with 16 bits in PNG; say where they get 8."""
        check_extension(path, self.extensions, self.name)
        write_converted(value, path, provenance, is_deep=True)
        return self.find_depth_loss(value, path)

    def find_depth_loss(self, value: Image, path: Path) -> str:
        """Say that floats that come from more than 8 bits get 8 in a file, or "".

        Args:
            value: What is written; `find_loss` says it of samples of 16 bits.
            path: The file; its extension chooses the format.
        """
        kind = path.suffix.lower()
        return _describe_depth(kind) if kind in _SHALLOW and value.compact().dtype == "float32" else ""

    def find_loss(self, value: Image, path: Path) -> str:
        """Say that the color space was converted, that alpha is lost, and that 16 bits become 8."""
        kind, losses = path.suffix.lower().lstrip("."), [describe_conversion(value, choose_file_color(value, path))]
        if kind in ("jpg", "jpeg") and value.channels == 4:
            losses.append("JPEG has no alpha: it is laid over white; write .png, .webp or .tiff to keep it")
        if f".{kind}" in _SHALLOW and str(value.compact().dtype) == "uint16":
            losses.append(_describe_depth(path.suffix))
        return "; ".join(filter(None, losses))

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        return read_image_provenance(path)


class MaskType(ValueType[Mask]):
    """Masks: one channel; read from what an image is read from, written as PNG.

    An image with alpha that is not opaque everywhere gives its alpha. Other images give their luma (Rec. 709 weights
    on the encoded samples), and grey images themselves. All files hold sRGB, as those of images.
    """

    name = "mask"
    python = Mask
    extensions = ("png",)

    def pack(self, value: Mask) -> Packed:
        """Take a mask apart into its compact samples, and its color space where it is not sRGB."""
        return Packed(_pack_color(value.color), {"pixels": value.compact()})

    def unpack(self, packed: Packed) -> Mask:
        """Put a mask together again."""
        return Mask(packed.arrays["pixels"], color=ColorSpace.from_json(packed.header.get("color")))

    def describe(self, value: Mask) -> str:
        """Say size, depth and color space unless it is sRGB."""
        return f"{value.width}x{value.height} mask, {_BITS[str(value.stored.dtype)]}{_describe_color(value)}"

    def byte_size(self, value: Mask) -> int:
        """Return the memory that a mask holds, in bytes."""
        return value.byte_size + 256

    def read_file(self, path: Path, limits: MediaLimits) -> Mask:
        """Read a mask; MediaError E511 if it is damaged, unsupported or over a limit."""
        return _create(Mask, _find_mask(_create(Image, *read_image(path, limits), path)), SRGB, path)

    def find_doubts(self, path: Path, limits: MediaLimits) -> Sequence[str]:
        """Say what of a file is not in the mask."""
        return find_image_doubts(path, limits)

    def write_file(self, value: Mask, path: Path, provenance: str | None) -> None:
        """Write a mask with its provenance; MediaError E512 if that fails."""
        check_extension(path, self.extensions, self.name)
        write_converted(value, path, provenance)

    def write_deep_file(self, value: Mask, path: Path, provenance: str | None) -> str:
        """Write a mask as `write_file` does, but floats with 16 bits."""
        check_extension(path, self.extensions, self.name)
        write_converted(value, path, provenance, is_deep=True)
        return ""

    def find_loss(self, value: Mask, path: Path) -> str:
        """Say that the color space was converted, or ""."""
        return describe_conversion(value, choose_file_color(value, path))

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        return read_image_provenance(path)


def _describe_depth(suffix: str) -> str:
    return f"16 bits become 8 in {suffix}: write .png or .tiff to keep them"


def _create(kind: type[P], source: Any, color: ColorSpace, path: Path) -> P:
    try:
        return kind(source, color=color)
    except MediaError as error:
        raise refuse(path, error.message, hint=error.hint) from None


def _pack_color(color: ColorSpace) -> dict[str, Any]:
    """Return the header of a value: empty for sRGB, so that such values keep the digests that they always had."""
    return {} if color == SRGB else {"color": color.to_json()}


def _describe_color(value: Image | Mask) -> str:
    return "" if value.color == SRGB else f", {value.color}"


def _find_mask(image: Image) -> Any:
    import numpy as np

    stored = image.stored
    opaque = 1.0 if stored.dtype == np.float32 else np.iinfo(stored.dtype).max
    if image.channels == 4 and stored[:, :, 3].min() < opaque:
        return stored[:, :, 3]
    if image.channels == 1 or all(np.array_equal(stored[:, :, 0], stored[:, :, i]) for i in (1, 2)):
        return stored[:, :, 0]
    return image.pixels[:, :, :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
