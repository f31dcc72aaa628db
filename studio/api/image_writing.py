"""Images into files that carry what made them and say that they are generated.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from studio.api import exr_writing
from studio.api.color import SRGB, ColorSpace
from studio.api.color_conversion import describe_conversion
from studio.api.color_transfer import convert_samples
from studio.api.formats import exr, jpeg, png, riff, tiff, xmp
from studio.api.formats.animation_record import build_png_chunks
from studio.api.image import Image, Mask
from studio.api.image_color import is_linear
from studio.api.image_tags import (
    NO_IMAGE_TAGS,
    ImageTags,
    build_exif,
    build_jpeg_profile,
    build_png_tags,
    build_profile,
    build_tiff_tags,
    build_xmp_elements,
    check_image_tags,
    set_jpeg_density,
)
from studio.api.media_file import (
    MARK,
    check_extension,
    encode_text,
    open_media,
    refuse_writing,
    write_bytes,
)
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    import numpy as np
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

DynamicRange = Literal["sdr", "pq", "hlg"]
"""Dynamic range of a file: standard (sRGB), or high (PQ and HLG of BT.2100)."""

__all__ = [
    "DynamicRange",
    "check_range",
    "choose_file_color",
    "describe_range",
    "write_converted",
    "write_image",
    "write_layers",
]

_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_STRIP_ROWS = 64
_LARGEST_HEADER = 64 * 2**20  # bytes of an OpenEXR file that are searched
_PART = "studio-provenance-part "
_PIECE = 65_000  # bytes of a text in one of several comments


def choose_file_color(image: Image | Mask, path: Path, dynamic_range: DynamicRange = "sdr") -> ColorSpace:
    """Return the color space of a file to be written: linear light for OpenEXR, sRGB for other formats.

    TIFF holds linear light, too, if it is not within [0, 1]: its floats say then what they are. PNG holds high dynamic
    range where that is asked for.

    Args:
        image: What is written.
        path: The file; its extension chooses the format.
        dynamic_range: "pq" or "hlg" for high dynamic range with the primaries of BT.2020.
    """
    kind = path.suffix.lower().lstrip(".")
    if dynamic_range != "sdr":
        return ColorSpace(dynamic_range, "bt2020")
    if kind == "exr":
        return ColorSpace("linear", image.color.primaries)
    if kind in ("tif", "tiff") and image.color.encoding != "srgb":
        linear = ColorSpace("linear")
        return linear if is_linear(convert_samples(image.pixels, image.color, linear)) else SRGB
    return SRGB


def write_converted(
    image: Image | Mask,
    path: Path,
    provenance: str | None,
    quality: int | None = None,
    dynamic_range: DynamicRange = "sdr",
    *,
    is_deep: bool = False,
    tags: ImageTags = NO_IMAGE_TAGS,
) -> None:
    """Write an image or a mask in the color space that its file holds; the extension chooses the format.

    Args:
        image: What to write.
        path: A new file, with an extension of `ImageType.extensions`.
        provenance: JSON text to embed, or None.
        quality: For JPEG and WebP: from 1 (smallest) to 100 (best); None for 92 and 90. Others are lossless.
        dynamic_range: "pq" or "hlg" for high dynamic range, 16 bits with the tags of BT.2100; of PNG alone.
        is_deep: Whether the samples come from more than 8 bits: PNG then holds floats with 16 bits.
        tags: What the file says about the image; a profile is what its samples are converted to.

    Raises:
        MediaError: E512 if the format or the disk cannot hold the image or the tags.
    """
    check_range(path, dynamic_range)
    check_image_tags(path, tags, dynamic_range)
    target = choose_file_color(image, path, dynamic_range)
    if tags.profile != "none":
        target = ColorSpace("srgb", "display-p3") if tags.profile == "display-p3" else SRGB
    array = _convert(image, target, rounds=tags.profile != "none")
    kind = path.suffix.lower()
    if kind == ".exr":
        write_bytes(path, exr_writing.build_exr(array.pixels, target.primaries, provenance, build_xmp_elements(tags)))
    elif dynamic_range != "sdr":
        write_bytes(path, *_write_deep_range(array, provenance, tags))
    else:
        deep = is_deep and kind == ".png"
        write_image(_deepen(array.compact()) if deep else array.compact(), path, provenance, quality, tags)


def _convert(image: Image | Mask, target: ColorSpace, *, rounds: bool) -> Image:
    """Return an image in a color space; where asked for, samples of 8 or 16 bits become such again."""
    import numpy as np

    source = image.compact()
    if image.color == target:
        return Image(source, color=target)
    samples: AnyArray = convert_samples(image.pixels, image.color, target)
    if rounds and source.dtype != np.float32:
        samples = np.rint(np.clip(samples, 0, 1) * np.iinfo(source.dtype).max).astype(source.dtype)
    return Image(samples, color=target)


def _deepen(array: AnyArray) -> AnyArray:
    """Return floats as whole numbers of 16 bits, and other samples as they are."""
    import numpy as np

    if array.dtype != np.float32:
        return array
    deep: AnyArray = np.rint(np.clip(array, 0.0, 1.0) * np.float32(65535)).astype(np.uint16)
    return deep


def write_layers(layers: Mapping[str, Image], path: Path, provenance: str | None) -> None:
    """Write images as layers of one OpenEXR file: linear light in the primaries of the first.

    Args:
        layers: Images of one size, by the names that reading takes; "" for the plain colors.
        path: A new file, .exr.
        provenance: JSON text to embed, or None.

    Raises:
        MediaError: E512 for another extension, for no layer, for sizes that differ, for names that OpenEXR cannot
            have or that name a channel twice, and if the disk is full.
    """
    check_extension(path, ("exr",), "layers")
    _check_layers(layers, path)
    target = ColorSpace("linear", next(iter(layers.values())).color.primaries)
    samples = {name: convert_samples(image.pixels, image.color, target) for name, image in layers.items()}
    write_bytes(path, exr_writing.build_layers(samples, target.primaries, provenance))


def _check_layers(layers: Mapping[str, Image], path: Path) -> None:
    sizes = {(image.width, image.height) for image in layers.values()}
    if len(sizes) != 1:
        sides = " and ".join(f"{width} x {height}" for width, height in sorted(sizes))
        message = f"layers of {sides} pixels do not fit into one file" if sizes else "a file without layers"
        raise refuse_writing(path, message, hint="give images of one size")
    seen: set[str] = set()
    for layer, image in layers.items():
        for name in exr_writing.list_channels(layer, image.channels):
            if not 0 < len(name.encode()) <= exr.LONGEST_NAME or not name.isprintable():
                raise refuse_writing(path, f"invalid layer name {layer[:80]!r}", hint="at most 250 letters on one line")
            if name in seen:
                raise refuse_writing(path, f"duplicate channel {name!r}", hint="give each layer a name of its own")
            seen.add(name)


def check_range(name: Path | str, dynamic_range: DynamicRange) -> None:
    """Raise MediaError E512 unless a file of this name holds this dynamic range.

    Args:
        name: The file, or its name.
        dynamic_range: "sdr", "pq" or "hlg".
    """
    suffix = PurePath(name).suffix
    if dynamic_range != "sdr" and suffix.lower() != ".png":
        message = f"{suffix} files do not hold {dynamic_range.upper()} images"
        raise MediaError("E512", message, where=str(name), hint="write .png, or .exr, which holds linear light")


def describe_range(image: Image | Mask, dynamic_range: DynamicRange) -> str:
    """Return what a file of this dynamic range does not keep of an image, in words; "" if it keeps all.

    Args:
        image: What is written.
        dynamic_range: "pq" or "hlg".
    """
    return describe_conversion(image, ColorSpace.from_json({"encoding": dynamic_range, "primaries": "bt2020"}))


def write_image(
    array: AnyArray,
    path: Path,
    provenance: str | None,
    quality: int | None = None,
    tags: ImageTags = NO_IMAGE_TAGS,
) -> None:
    """Write height x width (x channels) samples of uint8, uint16 or float32; the extension chooses the format.

    Args:
        array: The samples, as `Image.compact` returns them, in sRGB; floats lie in [0, 1], but those of TIFF may be
            linear light outside of it, and those of OpenEXR are linear light.
        path: A new file, with an extension of `ImageType.extensions`.
        provenance: JSON text to embed, or None.
        quality: For JPEG and WebP: from 1 (smallest) to 100 (best); None for 92 and 90. Others are lossless.
        tags: What the file says about the image; the samples are in the profile already.

    Raises:
        MediaError: E512 if the format or the disk cannot hold the image.
    """
    kind = path.suffix.lower().lstrip(".")
    array = array[:, :, None] if array.ndim == 2 else array
    sides = {"webp": 16_383, "jpg": 65_500, "jpeg": 65_500}
    if max(array.shape[:2]) > sides.get(kind, 2**31 - 1):
        raise refuse_writing(
            path,
            f"{array.shape[1]} x {array.shape[0]} pixels do not fit into a {kind} file",
            hint="write it as png or tiff",
        )
    try:
        parts = _WRITERS[kind](array, provenance, quality, tags)
    except (OSError, ValueError, struct.error) as error:
        raise refuse_writing(path, f"cannot write the image: {error}", hint="write it as png") from None
    write_bytes(path, *parts)


def read_image_provenance(path: Path) -> str | None:
    """Return the text that `write_image` embedded, or None for a damaged file or another program's."""
    from studio.settings import MediaLimits

    try:
        with open_media(path, MediaLimits()) as file:
            head = file.read(12)
            for start, find_provenance in _FINDERS.items():
                if head.startswith(start):
                    return find_provenance(file)
    except (ValueError, OSError, MemoryError, struct.error):
        return None
    return None


def _find_png_provenance(file: BinaryIO) -> str | None:
    for _, content in png.iterate_chunks(file, frozenset({b"iTXt"})):
        if content.startswith(b"studio\0"):
            return png.parse_text(content)[1]
    return None


def _find_jpeg_provenance(file: BinaryIO) -> str | None:
    segments = jpeg.parse_segments(file)
    if marked := segments.find_all(jpeg.COMMENT, MARK.encode()):
        return marked[0].decode("utf-8")
    parts = [part.partition(b":") for part in segments.find_all(jpeg.COMMENT, _PART.encode())]
    numbers = {int(number.partition(b"/")[0]): piece for number, _, piece in parts}
    whole = parts and sorted(numbers) == list(range(1, int(parts[0][0].partition(b"/")[2]) + 1))
    return b"".join(numbers[number] for number in sorted(numbers)).decode("utf-8") if whole else None


def _find_webp_provenance(file: BinaryIO) -> str | None:
    packets = [content for _, content in riff.iterate_chunks(file, b"WEBP", frozenset({b"XMP "}))]
    return xmp.find_provenance(packets[0]) if packets else None


def _find_tiff_provenance(file: BinaryIO) -> str | None:
    file.seek(0)
    entry = tiff.parse_directory(file.read()).entries.get(tiff.XMP)
    return xmp.find_provenance(entry.data) if entry else None


def _find_exr_provenance(file: BinaryIO) -> str | None:
    file.seek(0)
    return exr_writing.find_provenance(file.read(_LARGEST_HEADER))


_FINDERS: dict[bytes, Callable[[BinaryIO], str | None]] = {
    png.SIGNATURE: _find_png_provenance,
    b"\xff\xd8": _find_jpeg_provenance,
    b"RIFF": _find_webp_provenance,
    b"II": _find_tiff_provenance,
    b"MM": _find_tiff_provenance,
    exr.MAGIC: _find_exr_provenance,
}


def _write_png(array: AnyArray, provenance: str | None, quality: int | None, tags: ImageTags) -> list[bytes]:
    import numpy as np

    data = _encode_deep_png(array) if array.dtype == np.uint16 else _encode(array, "PNG")
    chunks = build_png_tags(tags, array.shape[2]) + build_png_chunks(provenance, build_xmp_elements(tags))
    return [data[:33], *chunks, data[33:]]  # 8 of signature and 25 of IHDR come first


def _write_deep_range(image: Image, provenance: str | None, tags: ImageTags) -> list[bytes]:
    """Return the parts of a PNG file of 16 bits whose cICP says what its samples are (PNG third edition, 11.3.2.6)."""
    import numpy as np

    samples = image.stored if image.stored.dtype == np.uint16 else np.rint(image.pixels * 65535).astype(np.uint16)
    transfer = {"pq": 16, "hlg": 18}[image.color.encoding]
    head, *chunks, rest = _write_png(samples, provenance, None, tags)
    return [head, png.build_chunk(b"cICP", bytes([9, transfer, 0, 1])), *chunks, rest]


def _encode_deep_png(array: AnyArray) -> bytes:
    """Encode 16 bits: Pillow writes no 16-bit RGB. Each row has the Paeth filter (PNG specification, 9.4)."""
    import numpy as np

    height, width, channels = array.shape
    color = {1: 0, 3: 2, 4: 6}[channels]
    deflater, parts = zlib.compressobj(6), []
    above = np.zeros((1, 2 * width * channels), np.int16)
    for start in range(0, height, _STRIP_ROWS):
        rows = array[start : start + _STRIP_ROWS].astype(">u2").reshape(-1, width * channels).view(np.uint8)
        filtered = _filter_paeth(rows.astype(np.int16), above, 2 * channels)
        parts.append(deflater.compress(np.insert(filtered, 0, 4, axis=1).tobytes()))
        above = rows[-1:].astype(np.int16)
    parts.append(deflater.flush())
    head = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", b"".join(parts)), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(png.build_chunk(kind, content) for kind, content in chunks)


def _filter_paeth(rows: Any, above: Any, step: int) -> npt.NDArray[np.uint8]:
    import numpy as np

    up = np.concatenate([above, rows[:-1]])
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:], corner[:, step:] = rows[:, :-step], up[:, :-step]
    estimate = left + up - corner
    to_left, to_up, to_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    nearest = np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
    filtered: npt.NDArray[np.uint8] = ((rows - nearest) & 255).astype(np.uint8)
    return filtered


def _write_jpeg(array: AnyArray, provenance: str | None, quality: int | None, tags: ImageTags) -> list[bytes]:
    data = _encode(_flatten(array), "JPEG", quality=92 if quality is None else quality, subsampling=0)
    after = 4 + struct.unpack(">H", data[4:6])[0]  # behind the JFIF segment, which must be the first
    packet = xmp.build_packet(provenance, embeds=False, elements=build_xmp_elements(tags))
    extra = jpeg.build_segment(jpeg.APP1, _XMP_PREFIX + packet)
    extra += jpeg.build_segment(jpeg.APP1, b"Exif\0\0" + build_exif(tags)) + build_jpeg_profile(tags, array.shape[2])
    if provenance is not None:
        extra += b"".join(jpeg.build_segment(jpeg.COMMENT, part) for part in _split_comment(encode_text(provenance)))
    return [set_jpeg_density(data[:after], tags), extra, data[after:]]


def _split_comment(text: bytes) -> list[bytes]:
    """Return comments that hold a text: one, or several with numbers where it is too long for one."""
    if len(MARK) + len(text) <= jpeg.LONGEST:
        return [MARK.encode() + text]
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    return [f"{_PART}{number}/{len(pieces)}:".encode() + piece for number, piece in enumerate(pieces, start=1)]


def _write_webp(array: AnyArray, provenance: str | None, quality: int | None, tags: ImageTags) -> list[bytes]:
    how: dict[str, Any] = {"quality": 90 if quality is None else quality, "alpha_quality": 100, "method": 4}
    packet = xmp.build_packet(provenance, elements=build_xmp_elements(tags))
    how["icc_profile"] = build_profile(tags, 3) or b""  # a WebP file of a grey image has three channels
    return [_encode(array, "WEBP", exif=build_exif(tags), xmp=packet, **how)]


def _write_tiff(array: AnyArray, provenance: str | None, quality: int | None, tags: ImageTags) -> list[bytes]:
    """Write strips packed with deflate; whole numbers keep their depth, floats stay float32 (TIFF 6.0)."""
    import numpy as np

    height, width, channels = array.shape
    whole = array.dtype.kind == "u"
    samples = array.astype(array.dtype.newbyteorder("<"))
    if whole:  # horizontal differences, predictor 2; they wrap around
        samples[:, 1:] -= array[:, :-1]
    strips = [zlib.compress(samples[y : y + _STRIP_ROWS].tobytes(), 6) for y in range(0, height, _STRIP_ROWS)]
    ends = np.cumsum([8] + [len(strip) + len(strip) % 2 for strip in strips]).tolist()
    made: dict[int, tuple[int, ...] | bytes | tiff.Entry] = {
        tiff.WIDTH: (width,),
        tiff.HEIGHT: (height,),
        tiff.BITS: (8 * array.itemsize,) * channels,
        tiff.COMPRESSION: (8,),
        tiff.PHOTOMETRIC: (1 if channels == 1 else 2,),
        tiff.STRIPS: tuple(ends[:-1]),
        tiff.SAMPLES: (channels,),
        tiff.ROWS: (_STRIP_ROWS,),
        tiff.STRIP_BYTES: tuple(map(len, strips)),
        tiff.PLANAR: (1,),
        tiff.PREDICTOR: (2 if whole else 1,),
        tiff.SAMPLE_FORMAT: (1 if whole else 3,) * channels,
        tiff.XMP: xmp.build_packet(provenance, elements=build_xmp_elements(tags)),
        **build_tiff_tags(tags),
    }
    if (profile := build_profile(tags, channels)) is not None:
        made[tiff.ICC] = profile
    if channels == 4:
        made[tiff.EXTRA] = (2,)  # straight alpha
    if ends[-1] > 2**32 - 2**24:
        raise ValueError("more than 4 GiB do not fit into a TIFF file")
    padded = [strip + b"\0" * (len(strip) % 2) for strip in strips]
    return [b"II*\0" + struct.pack("<I", ends[-1]), *padded, tiff.build_tags(made, ends[-1])]


def _write_exr(array: AnyArray, provenance: str | None, quality: int | None, tags: ImageTags) -> list[bytes]:
    return [
        exr_writing.build_exr(
            Image(array, color=ColorSpace("linear")).pixels, "bt709", provenance, build_xmp_elements(tags)
        )
    ]


_WRITERS = {"exr": _write_exr, "png": _write_png, "jpg": _write_jpeg, "jpeg": _write_jpeg, "webp": _write_webp}
_WRITERS |= {"tiff": _write_tiff, "tif": _write_tiff}


def _encode(array: AnyArray, kind: str, **options: Any) -> bytes:
    import PIL.Image

    small = _to_bytes(array)
    image = PIL.Image.fromarray(small[:, :, 0] if small.shape[2] == 1 else small)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _to_bytes(array: AnyArray) -> npt.NDArray[np.uint8]:
    import numpy as np

    if array.dtype == np.uint8:
        return array.view(np.uint8)
    top = 65535.0 if array.dtype == np.uint16 else 1.0
    rounded: npt.NDArray[np.uint8] = np.rint(array.astype(np.float32) * np.float32(255.0 / top)).astype(np.uint8)
    return rounded


def _flatten(array: AnyArray) -> AnyArray:
    """Lay an image with alpha over white."""
    import numpy as np

    if array.shape[2] != 4:
        return array
    small = _to_bytes(array).astype(np.float32)
    alpha = small[:, :, 3:] / np.float32(255.0)
    flat: AnyArray = np.rint(small[:, :, :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return flat
