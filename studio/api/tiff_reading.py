"""Images from TIFF files: grey, RGB, palettes, CMYK and LAB of every depth, with or without alpha."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from studio.api.formats import tiff
from studio.api.formats.unsupported import UnsupportedError
from studio.api.image_color import convert_ink
from studio.api.tiff_decoding import CODINGS, decode_samples, find_depth

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]
    CheckSize = Callable[[int, int], None]

_LARGEST_TILE = 64_000_000  # samples of one tile; Pillow warns at 89 million
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _INK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_COLORS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _INK: 4, _LAB: 3}
"""Samples of a pixel that are color, by the photometric tag; more are alpha or something else."""
_UNSPECIFIED, _ASSOCIATED, _STRAIGHT = 0, 1, 2  # of the tag ExtraSamples
_LIBTIFF_CODINGS = frozenset({2, 3, 4, 6, 7, 32771, 50001})  # facsimile, JPEG and WebP: of 1 or 8 bits
_NAMES = {4: "transparency masks", 9: "ICC LAB", 10: "ITU LAB", 32803: "raw samples of a camera"}
_NAMES |= {32844: "LogL", 32845: "LogLuv", 34892: "linear raw samples of a camera"}
_CODING_NAMES = {32908: "PixarFilm", 32909: "PixarLog", 34712: "JPEG 2000", 34887: "LERC", 50002: "JPEG XL"}
_LIBTIFF_TAGS = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339, 347}
    | {530, 531, 532}
)


def read_tiff(data: bytes, check_size: CheckSize) -> tuple[AnyArray, bytes | None, int]:
    """Return the samples of the first image of a file, its profile and its orientation, from 1 to 8.

    Samples are height x width (x 3 or 4) of uint8, uint16 or float32. Whole numbers of other depths are scaled to the
    next that is deeper, by their largest value; those of more than 16 bits become floats. Floats are as they are.

    Raises:
        ValueError: For what is damaged or unsupported.
    """
    directory = tiff.parse_directory(data)
    check_size(directory.number(tiff.WIDTH), directory.number(tiff.HEIGHT))
    tile = directory.number(tiff.TILE_WIDTH, 1), directory.number(tiff.TILE_HEIGHT, 1)
    if max(tile) > 65_536 or tile[0] * tile[1] > _LARGEST_TILE:
        raise ValueError(f"tiles of {tile[0]} x {tile[1]} pixels are too large")
    tiff.check_parts(data, directory)
    profile = directory.entries[tiff.ICC].data if tiff.ICC in directory.entries else None
    orientation = directory.number(tiff.ORIENTATION, 1)
    array = _decode(data, directory, profile)
    return array, profile, orientation if 1 <= orientation <= 8 else 1


def find_tiff_doubts(data: bytes) -> list[str]:
    """Return what of a file that `read_tiff` reads is not in the image; ValueError for data that is not TIFF."""
    directory = tiff.parse_directory(data)
    doubts = []
    images, kind = tiff.count_images(data), _find_photometric(directory)
    if images > 1:
        doubts.append(f"the file has {images} images; the first is read")
    colors, samples = _COLORS.get(kind, 3), directory.number(tiff.SAMPLES, 1)
    alpha = _find_alpha(directory, colors)
    dropped = samples - colors - (alpha is not None)
    if dropped > 0:
        doubts.append(f"{dropped} of {samples} channels are neither color nor alpha; they are left out")
    bits, is_float = find_depth(directory)
    if bits > (32 if is_float else 16):
        doubts.append(f"samples of {bits} bits are rounded to floats of 32 bits")
    if kind in (_INK, _LAB) and bits > 8:
        doubts.append(f"{'CMYK' if kind == _INK else 'LAB'} of {bits} bits becomes RGB of 8 bits")
    return doubts


def find_tiff_samples(data: bytes) -> tuple[str, int]:
    """Return the color space of a file's samples as profiles name it ("" for any other), and their bits.

    Raises:
        ValueError: The data is not TIFF.
    """
    directory = tiff.parse_directory(data)
    spaces = {_INK: "CMYK", _RGB: "RGB ", _BLACK_IS_ZERO: "GRAY"}
    return spaces.get(_find_photometric(directory), ""), find_depth(directory)[0]


def _find_photometric(directory: tiff.Directory) -> int:
    """Return what the samples mean; where the file does not say, grey or RGB by their number."""
    guess = _RGB if directory.number(tiff.SAMPLES, 1) > 2 else _BLACK_IS_ZERO
    return directory.number(tiff.PHOTOMETRIC, guess)


def _decode(data: bytes, directory: tiff.Directory, profile: bytes | None) -> AnyArray:
    kind, coding = _find_photometric(directory), directory.number(tiff.COMPRESSION, 1)
    bits, is_float = find_depth(directory)
    if coding in _LIBTIFF_CODINGS or kind == _YCBCR:
        if bits not in (1, 8) or is_float:
            raise UnsupportedError(f"samples of {bits} bits in compression {coding} are not supported")
        return _load_with_libtiff(data, directory, profile)
    if coding not in CODINGS:
        raise UnsupportedError(f"compression {_CODING_NAMES.get(coding, str(coding))} is not supported")
    if kind not in _COLORS:
        raise UnsupportedError(f"{_NAMES.get(kind, f'color model {kind}')} is not supported")
    colors = _COLORS[kind]
    if directory.number(tiff.SAMPLES, 1) < colors:
        raise ValueError(f"{directory.number(tiff.SAMPLES, 1)} channels are too few for their color model")
    if kind in (_PALETTE, _LAB) and is_float:
        raise UnsupportedError("floats of a palette or of LAB are not supported")
    samples = decode_samples(data, directory)
    color = _convert(samples[:, :, :colors], directory, kind, bits, profile)
    alpha = _find_alpha(directory, colors)
    if alpha is None:
        return color[:, :, 0] if color.shape[2] == 1 else color
    return _join_alpha(color, _scale(samples[:, :, alpha[0] : alpha[0] + 1], bits), associated=alpha[1] == _ASSOCIATED)


def _find_alpha(directory: tiff.Directory, colors: int) -> tuple[int, int] | None:
    """Return which sample of a pixel is alpha, and whether colors are multiplied by it; None without alpha."""
    extra = directory.numbers(tiff.EXTRA)
    if not extra and directory.number(tiff.SAMPLES, 1) == colors + 1:
        return colors, _STRAIGHT  # as other programs take it
    for index, kind in enumerate(extra[: directory.number(tiff.SAMPLES, 1) - colors]):
        if kind in (_ASSOCIATED, _STRAIGHT):
            return colors + index, kind
    return None


def _convert(color: AnyArray, directory: tiff.Directory, kind: int, bits: int, profile: bytes | None) -> AnyArray:
    """Return samples as grey or RGB: uint8, uint16 or float32."""
    import numpy as np

    if kind == _PALETTE:
        return _look_up(color[:, :, 0], directory, bits)
    if kind == _LAB:
        return _convert_lab(color, bits)
    color = _scale(color, bits)
    if kind == _INK:
        return _convert_inks(color, directory, profile)
    if kind == _WHITE_IS_ZERO:
        color = np.subtract(_find_top(color), color)
    return color


def _scale(samples: AnyArray, bits: int) -> AnyArray:
    """Return whole numbers of any depth as uint8, uint16 or float32 of the full range; floats as float32."""
    import numpy as np

    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused
            return samples.astype(np.float32, copy=False)
    if bits in (8, 16):
        return samples
    top = 2**bits - 1
    if bits in (1, 2, 4):
        return samples * np.uint8(255 // top)
    if bits > 16:
        return (samples / float(top)).astype(np.float32)
    scaled: AnyArray = np.rint(samples * (65535.0 / top)).astype(np.uint16)
    return scaled


def _find_top(samples: AnyArray) -> Any:
    import numpy as np

    return samples.dtype.type(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)


def _look_up(indexes: AnyArray, directory: tiff.Directory, bits: int) -> AnyArray:
    """Return the colors of a palette: of 8 bits where it has no more, else of 16."""
    import numpy as np

    colors = np.array(directory.numbers(tiff.COLOR_MAP), np.uint16)
    if bits > 16 or len(colors) != 3 * 2**bits:
        raise ValueError("the palette does not fit the samples")
    table = colors.reshape(3, -1).T
    if not (table % 257).any() or not (table % 256).any():  # programs widen 8 bits in two ways
        table = (table >> 8).astype(np.uint8)
    elif table.max() < 256:
        table = table.astype(np.uint8)
    found: AnyArray = table[indexes]
    return found


def _convert_inks(color: AnyArray, directory: tiff.Directory, profile: bytes | None) -> AnyArray:
    import numpy as np
    import PIL.Image

    if directory.number(tiff.INK_SET, 1) != 1:
        raise UnsupportedError("inks other than CMYK are not supported")
    return convert_ink(PIL.Image.fromarray(np.ascontiguousarray(_round_to_bytes(color)), "CMYK"), profile)


def _round_to_bytes(samples: AnyArray) -> AnyArray:
    import numpy as np

    if samples.dtype == np.uint8:
        return samples
    return np.rint(np.clip(samples / float(_find_top(samples)), 0.0, 1.0) * 255.0).astype(np.uint8)


def _convert_lab(color: AnyArray, bits: int) -> AnyArray:
    """Return CIE LAB of 8 or 16 bits as RGB, by LittleCMS at 8 bits; a and b are signed (TIFF 6.0, section 23)."""
    import numpy as np
    import PIL.Image

    if bits not in (8, 16):
        raise UnsupportedError(f"LAB of {bits} bits is not supported")
    if bits == 16:
        light = np.rint(color[:, :, :1] / 257.0)
        signed = np.clip(np.rint(color[:, :, 1:].astype(np.int16) / 256.0), -128, 127).astype(np.int8)
        color = np.concatenate([light.astype(np.uint8), signed.view(np.uint8)], axis=2)
    size = color.shape[1], color.shape[0]
    return convert_ink(PIL.Image.frombytes("LAB", size, np.ascontiguousarray(color).tobytes(), "raw", "LAB"), None)


def _join_alpha(color: AnyArray, alpha: AnyArray, *, associated: bool) -> AnyArray:
    """Return RGB and straight alpha; associated colors are divided by alpha."""
    import numpy as np

    if color.shape[2] == 1:
        color = np.repeat(color, 3, axis=2)
    if alpha.dtype != color.dtype:  # colors of a palette, of CMYK or of LAB
        color, alpha = color.astype(np.float32) / _find_top(color), alpha.astype(np.float32) / _find_top(alpha)
    if associated:
        top = float(_find_top(color))
        straight = color * (top / np.maximum(alpha.astype(np.float64), 1e-9))
        if color.dtype.kind == "u":
            color = np.rint(np.clip(straight, 0.0, top)).astype(color.dtype)
        else:
            color = np.where(alpha > 0, straight, color).astype(color.dtype)
    return np.concatenate([color, alpha], axis=2)


def _load_with_libtiff(data: bytes, directory: tiff.Directory, profile: bytes | None) -> AnyArray:
    """Decode samples of 1 or 8 bits with Pillow, which asks libtiff."""
    import numpy as np
    from PIL.TiffImagePlugin import TiffImageFile

    image = TiffImageFile(io.BytesIO(tiff.rebuild(data, directory, _LIBTIFF_TAGS)))
    image.load()
    if image.mode in ("CMYK", "LAB"):
        return convert_ink(image, profile)
    wanted = "RGBA" if image.mode in ("LA", "PA", "RGBA") else "L" if image.mode in ("1", "L") else "RGB"
    return np.array(image if wanted == image.mode else image.convert(wanted))
