"""Images from files: checked within bounds first, then decoded at full depth, upright and in sRGB."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.avif_reading import read_avif
from studio.api.color import SRGB, ColorSpace
from studio.api.exr_reading import read_exr
from studio.api.formats import avif, exr, gif, jpeg, png, riff, tiff
from studio.api.formats.unsupported import UnsupportedError
from studio.api.image_code_points import CodePoints, convert_code_points, convert_gamma, create_gamma
from studio.api.image_color import convert_ink, convert_to_srgb, find_range, is_linear
from studio.api.media_file import open_media, refuse
from studio.api.tiff_reading import read_tiff
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from studio.settings import MediaLimits

    AnyArray = npt.NDArray[Any]
    CheckSize = Callable[[int, int], None]
    Colored = tuple[AnyArray, ColorSpace]
    Found = tuple[AnyArray, bytes | None, int]

SUPPORTED = "PNG, JPEG, WebP, AVIF, TIFF, OpenEXR, BMP and GIF are read"
_LARGEST_CLOSED = 178_000_000  # pixels of WebP and GIF: Pillow's plugins have a bound that cannot be raised


@dataclass(frozen=True)
class ImageOptions:
    """How an image file is read.

    Attributes:
        layer: Name of a layer or a channel of an OpenEXR file; "" for its plain color channels, or its only layer.
        window: "display" for what an OpenEXR file says is shown, "data" for all of its pixels.
        dynamic_range: "keep" for samples of PQ and HLG as they are, "sdr" for what they are in sRGB.
    """

    layer: str = ""
    window: str = "display"
    dynamic_range: str = "sdr"


def read_image(path: Path, limits: MediaLimits) -> tuple[AnyArray, ColorSpace]:
    """Read a file into height x width (x 3 or 4) samples of uint8, uint16 or float32, upright, and their color space.

    Only the first image of a file with several is read. Floats of which one is outside [0, 1] are linear light, and
    as they are in the file, and so is OpenEXR; all other samples are in sRGB.

    Raises:
        MediaError: E511 if the file is unsupported, damaged or over a limit, E513 if it needs a package.
    """
    return read_image_part(path, limits, ImageOptions())[:2]


def read_image_part(
    path: Path, limits: MediaLimits, options: ImageOptions
) -> tuple[AnyArray, ColorSpace, tuple[str, ...] | None]:
    """Read what options choose of a file, as `read_image` does; also return what of an OpenEXR file is not in it.

    Of other files None is returned instead.

    Raises:
        MediaError: E511 if the file is unsupported, damaged, over a limit, or lacks the layer; E513 if it needs a
            package.
    """
    with open_media(path, limits) as file:
        data = file.read()

    try:
        return _read(path, data, limits, options)
    except MediaError as error:
        raise MediaError(error.code, error.message, where=str(path), hint=error.hint) from None
    except MemoryError:
        raise refuse(path, "the image does not fit into memory", hint="make it smaller first") from None
    except UnsupportedError as error:
        raise refuse(path, f"unsupported image: {error}", hint="save it as a PNG or TIFF of 16 bits") from None
    except Exception as error:  # decoders raise errors of every kind on hostile files
        reason = str(error).strip() or type(error).__name__
        raise refuse(path, f"damaged image: {reason[:1].lower()}{reason[1:300]}", hint=_HINT) from None


def _read(
    path: Path, data: bytes, limits: MediaLimits, options: ImageOptions
) -> tuple[AnyArray, ColorSpace, tuple[str, ...] | None]:
    def check_size(width: int, height: int) -> None:
        _check_size(path, width, height, limits)

    if data.startswith(exr.MAGIC):
        whole = options.window == "data"
        found = read_exr(data, check_size, limits.max_pixels, layer=options.layer, data_window=whole)
        return found.samples, found.color, found.doubts
    reader = _find_reader(data)
    if reader is None:
        raise refuse(path, "unsupported or damaged image file", hint=SUPPORTED)
    if options != ImageOptions(dynamic_range=options.dynamic_range):
        raise refuse(path, "only OpenEXR files have layers and windows", hint='leave "layer" and "window" out')
    return (*reader(data, check_size, options), None)


_HINT = "open it in another program and save it again; " + SUPPORTED


def _find_reader(data: bytes) -> Callable[[bytes, CheckSize, ImageOptions], Colored] | None:
    if data.startswith(png.SIGNATURE):
        return _read_png
    if avif.is_avif(data):
        return _read_avif
    plain = _find_plain_reader(data)
    if plain is None:
        return None
    return lambda data, check_size, options: _finish(*plain(data, check_size), options)


def _find_plain_reader(data: bytes) -> Callable[[bytes, CheckSize], Found] | None:
    """Return what reads the samples, the profile and the orientation of a file."""
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return read_tiff
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _read_gif
    return _read_bmp if data[:2] == b"BM" else None


def _convert_profile(array: AnyArray, profile: bytes | None, options: ImageOptions) -> Colored:
    """Return samples in sRGB, in linear light where they pass it, or in PQ or HLG where that is to be kept."""
    if options.dynamic_range == "keep" and (points := find_range(array, profile)):
        return array, points.color
    array = convert_to_srgb(array, profile)
    return array, ColorSpace("linear") if is_linear(array) else SRGB


def _check_size(path: Path, width: int, height: int, limits: MediaLimits) -> None:
    if width < 1 or height < 1:
        raise refuse(path, f"invalid image size {width} x {height}", hint=_HINT)
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        bound = f"{limits.max_pixels} pixels and {limits.max_side} per side"
        raise refuse(
            path,
            f"an image of {width} x {height} pixels is over the limit of {bound}",
            hint="raise media.max_pixels or media.max_side in config.toml if you trust the file",
        )


def _read_png(data: bytes, check_size: CheckSize, options: ImageOptions) -> Colored:
    parts, scan = _collect_png_chunks(data)
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", parts.get(b"IHDR", b""))
    check_size(width, height)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(color, 0)
    expected = _count_png_bytes(width, height, depth * samples, interlace)
    if expected > 1040 * len(scan):  # zlib packs at most 1032 to 1
        raise ValueError("the file is far too short for its size in pixels")
    kept = [b"IHDR", b"PLTE"] + ([b"tRNS"] if color == 3 else [])
    clean = [png.build_chunk(kind, parts[kind]) for kind in kept if kind in parts]
    file = b"".join([png.SIGNATURE, *clean, png.build_chunk(b"IDAT", scan), png.build_chunk(b"IEND", b"")])
    if depth == 16:
        if png.count_inflated(scan, expected) < expected:
            raise ValueError("the file is truncated")
        array = _decode_deep_png(file)
    else:
        from PIL.PngImagePlugin import PngImageFile

        array = _load(PngImageFile(io.BytesIO(file)))
    if color in (0, 2) and b"tRNS" in parts:
        array = _add_key_alpha(array, struct.unpack(f">{samples}H", parts[b"tRNS"][: 2 * samples]), depth)
    array, color = _color_png(array, parts, options)
    return _turn(array, tiff.find_orientation(parts.get(b"eXIf", b""))), color


def _color_png(array: AnyArray, parts: dict[bytes, bytes], options: ImageOptions) -> Colored:
    """Return samples in sRGB by the chunk that counts most: cICP, iCCP, sRGB, then gAMA and cHRM (PNG, 4.3)."""
    if points := png.find_code_points(parts):
        return convert_code_points(array, CodePoints(*points), keeps_range=options.dynamic_range == "keep")
    if b"iCCP" in parts or b"sRGB" in parts:
        return _convert_profile(array, None if b"sRGB" in parts else png.inflate_profile(parts[b"iCCP"]), options)
    return convert_gamma(array, create_gamma(*png.find_gamma(parts))), SRGB


def _collect_png_chunks(data: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Return the first chunk of each kind, and the contents of all IDAT chunks as one."""
    parts: dict[bytes, bytes] = {}
    scans: list[bytes] = []
    for kind, content in png.iterate_chunks(io.BytesIO(data)):
        if kind == b"IDAT":
            scans.append(content)
        else:
            parts.setdefault(kind, content)
    return parts, b"".join(scans)


def _count_png_bytes(width: int, height: int, bits: int, interlace: int) -> int:
    passes = [(0, 0, 1, 1)]
    if interlace:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += rows * (1 + (columns * bits + 7) // 8) if columns > 0 and rows > 0 else 0
    return total


def _decode_deep_png(data: bytes) -> AnyArray:
    """Decode at 16 bits with FFmpeg: Pillow reduces RGB to 8, and the libpng of OpenCV writes to the standard error."""
    import av
    import numpy as np

    decoder: Any = av.CodecContext.create("png", "r")
    frame = decoder.decode(av.Packet(data))[0]
    channels = {"gray16be": 1, "ya16be": 2, "rgb48be": 3, "rgba64be": 4}[frame.format.name]
    plane = frame.planes[0]
    rows = np.frombuffer(plane, ">u2").reshape(plane.height, plane.line_size // 2)[:, : plane.width * channels]
    array: AnyArray = rows.reshape(plane.height, plane.width, channels).astype(np.uint16)
    return array[:, :, [0, 0, 0, 1]] if channels == 2 else array


def _add_key_alpha(array: AnyArray, key: tuple[int, ...], depth: int) -> AnyArray:
    import numpy as np

    top = np.iinfo(array.dtype).max
    array = array.reshape(*array.shape[:2], -1)
    scale = 255 // (2**depth - 1) if depth < 8 else 1
    chosen = (array == np.array(key) * scale).all(axis=2)
    alpha = np.where(chosen, 0, top).astype(array.dtype)[:, :, None]
    color = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array
    return np.concatenate([color, alpha], axis=2)


def _read_jpeg(data: bytes, check_size: CheckSize) -> Found:
    from PIL.JpegImagePlugin import JpegImageFile

    segments = jpeg.parse_segments(io.BytesIO(data))
    check_size(*segments.find_size())
    if (bits := segments.find_bits()) != 8:
        raise UnsupportedError(f"JPEG of {bits} bits is not supported")
    wanted = [(kind, content) for kind, content in segments.parts if not 0xE1 <= kind <= 0xFE or kind == jpeg.APP14]
    head = b"\xff\xd8" + b"".join(jpeg.build_segment(kind, content) for kind, content in wanted)
    image = JpegImageFile(io.BytesIO(head + data[segments.scan :]))
    exif = segments.find_all(jpeg.APP1, b"Exif\0\0")
    profile = segments.find_profile()
    return _load(image, profile), profile, tiff.find_orientation(exif[0]) if exif else 1


def _read_webp(data: bytes, check_size: CheckSize) -> Found:
    from PIL.WebPImagePlugin import WebPImageFile

    width, height = riff.find_webp_size(data[:30]) or (0, 0)
    check_size(width, height)
    if width * height > _LARGEST_CLOSED:
        raise ValueError(f"WebP images of more than {_LARGEST_CLOSED} pixels are not supported")
    parts = dict(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"ICCP", b"EXIF"})))
    image = WebPImageFile(io.BytesIO(data))
    return _load(image), parts.get(b"ICCP"), tiff.find_orientation(parts.get(b"EXIF", b""))


def _read_avif(data: bytes, check_size: CheckSize, options: ImageOptions) -> Colored:
    array, color, profile, exif = read_avif(data, check_size, keeps_range=options.dynamic_range == "keep")
    orientation = tiff.find_orientation(exif)
    return _finish(array, profile, orientation, options) if profile else (_turn(array, orientation), color)


def _read_gif(data: bytes, check_size: CheckSize) -> Found:
    from PIL.GifImagePlugin import GifImageFile

    width, height = gif.find_size(io.BytesIO(data))
    check_size(width, height)
    if width * height > _LARGEST_CLOSED // 2:
        raise ValueError(f"GIF images of more than {_LARGEST_CLOSED // 2} pixels are not supported")
    return _load(GifImageFile(io.BytesIO(data))), None, 1


def _read_bmp(data: bytes, check_size: CheckSize) -> Found:
    from PIL.BmpImagePlugin import BmpImageFile

    short = data[14:18] == b"\x0c\0\0\0"
    width, height = struct.unpack_from("<HH" if short else "<ii", data, 18)
    check_size(abs(width), abs(height))
    return _load(BmpImageFile(io.BytesIO(data))), None, 1


def _load(image: Any, profile: bytes | None = None) -> AnyArray:
    """Decode a Pillow image into samples; modes that an image does not have are converted."""
    import numpy as np

    image.load()
    if image.mode in ("CMYK", "LAB"):
        return convert_ink(image, profile)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    wanted = _choose_mode(image)
    return np.array(image if wanted == image.mode else image.convert(wanted))


def _choose_mode(image: Any) -> str:
    """Return the mode in which a Pillow image becomes samples: L, F, RGB or RGBA."""
    if image.mode in ("LA", "La", "PA", "RGBa", "RGBA") or "transparency" in image.info:
        return "RGBA"
    if image.mode in ("L", "F"):
        return str(image.mode)
    return "L" if image.mode == "1" else "RGB"


def _finish(array: AnyArray, profile: bytes | None, orientation: int, options: ImageOptions) -> Colored:
    array, color = _convert_profile(array, profile, options)
    return _turn(array, orientation), color


def _turn(array: AnyArray, orientation: int) -> AnyArray:
    import numpy as np

    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array
