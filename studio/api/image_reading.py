"""Pictures from files: checked within bounds first, then decoded at full depth, upright and in sRGB."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from studio.api.formats import gif, jpeg, png, riff, tiff
from studio.api.image_color import convert_ink, convert_to_srgb, decode_silently
from studio.api.media_file import open_media, refuse
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from studio.settings import MediaLimits

    AnyArray = npt.NDArray[Any]
    CheckSize = Callable[[int, int], None]

SUPPORTED = "PNG, JPEG, WebP, TIFF, BMP and GIF are read"
_LARGEST_TILE = 64_000_000  # samples of one TIFF tile; Pillow warns at 89 million
_LARGEST_CLOSED = 178_000_000  # pixels of WebP and GIF: Pillow's plugins hold a bound that is not ours to move
_TIFF_TAGS = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339, 347}
    | {530, 531, 532}
)


def read_picture(path: Path, limits: MediaLimits) -> AnyArray:
    """Read a file into height x width (x 3 or 4) samples of uint8, uint16 or float32, upright, in sRGB.

    Only the first picture of a file with several is read. Floats are not checked against [0, 1] here.

    Raises:
        MediaError: E511 if the file is no picture that is supported, is broken or is over a limit.
    """
    with open_media(path, limits) as file:
        data = file.read()

    def check_size(width: int, height: int) -> None:
        _check_size(path, width, height, limits)

    reader = _find_reader(data)
    if reader is None:
        raise refuse(path, "this is no picture of a kind that is read", hint=SUPPORTED)
    try:
        return reader(data, check_size)
    except MediaError:
        raise
    except MemoryError:
        raise refuse(path, "the picture does not fit into memory", hint="make it smaller first") from None
    except Exception as error:  # decoders raise errors of every kind on hostile files
        reason = str(error).strip() or type(error).__name__
        raise refuse(path, f"the picture is broken: {reason[:1].lower()}{reason[1:300]}", hint=_HINT) from None


_HINT = "open it in another program and save it again; " + SUPPORTED


def _find_reader(data: bytes) -> Callable[[bytes, CheckSize], AnyArray] | None:
    if data.startswith(png.SIGNATURE):
        return _read_png
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _read_tiff
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _read_gif
    return _read_bmp if data[:2] == b"BM" else None


def _check_size(path: Path, width: int, height: int, limits: MediaLimits) -> None:
    if width < 1 or height < 1:
        raise refuse(path, f"a picture of {width} x {height} pixels is empty", hint=_HINT)
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        bound = f"{limits.max_pixels} pixels and {limits.max_side} per side"
        raise refuse(
            path,
            f"a picture of {width} x {height} pixels is over the limit of {bound}",
            hint="raise media.max_pixels or media.max_side in config.toml if you trust the file",
        )


def _read_png(data: bytes, check_size: CheckSize) -> AnyArray:
    parts: dict[bytes, bytes] = {}
    scans: list[bytes] = []
    for kind, content in png.iterate_chunks(io.BytesIO(data)):
        if kind == b"IDAT":
            scans.append(content)
        else:
            parts.setdefault(kind, content)
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", parts.get(b"IHDR", b""))
    check_size(width, height)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 0)
    scan = b"".join(scans)
    expected = _count_png_bytes(width, height, depth * samples, interlace)
    if expected > 1040 * len(scan):  # zlib packs at most 1032 to 1
        raise ValueError("the file is far too short for its size in pixels")
    key = parts.get(b"tRNS") if colour in (0, 2) else None
    kept = [b"IHDR", b"PLTE"] + ([b"tRNS"] if colour == 3 else [])
    clean = [png.build_chunk(kind, parts[kind]) for kind in kept if kind in parts]
    file = b"".join([png.SIGNATURE, *clean, png.build_chunk(b"IDAT", scan), png.build_chunk(b"IEND", b"")])
    orientation = tiff.find_orientation(parts.get(b"eXIf", b""))
    profile = None if b"sRGB" in parts else _inflate_profile(parts.get(b"iCCP"))
    if depth == 16:
        if png.count_inflated(scan, expected) < expected:
            raise ValueError("the file is truncated")
        array = _decode_deep_png(file)
    else:
        from PIL.PngImagePlugin import PngImageFile

        array = _load(PngImageFile(io.BytesIO(file)))
    if key is not None:
        array = _add_key_alpha(array, struct.unpack(f">{samples}H", key[: 2 * samples]), depth)
    return _finish(array, profile, orientation)


def _count_png_bytes(width: int, height: int, bits: int, interlace: int) -> int:
    passes = [(0, 0, 1, 1)]
    if interlace:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += rows * (1 + (columns * bits + 7) // 8) if columns > 0 and rows > 0 else 0
    return total


def _inflate_profile(content: bytes | None) -> bytes | None:
    try:
        return png.inflate((content or b"").partition(b"\0")[2][1:], 16 * 2**20)
    except ValueError:
        return None


def _decode_deep_png(data: bytes) -> AnyArray:
    """Decode at 16 bits with FFmpeg: Pillow cuts RGB down to 8, and OpenCV's libpng talks on the standard error."""
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
    colour = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array
    return np.concatenate([colour, alpha], axis=2)


def _read_jpeg(data: bytes, check_size: CheckSize) -> AnyArray:
    from PIL.JpegImagePlugin import JpegImageFile

    segments = jpeg.parse_segments(io.BytesIO(data))
    check_size(*segments.find_size())
    wanted = [(kind, content) for kind, content in segments.parts if not 0xE1 <= kind <= 0xFE or kind == jpeg.APP14]
    head = b"\xff\xd8" + b"".join(jpeg.build_segment(kind, content) for kind, content in wanted)
    image = JpegImageFile(io.BytesIO(head + data[segments.scan :]))
    exif = segments.find_all(jpeg.APP1, b"Exif\0\0")
    chunks = sorted(segments.find_all(jpeg.APP2, b"ICC_PROFILE\0"), key=lambda chunk: chunk[:1])
    profile = b"".join(chunk[2:] for chunk in chunks) or None
    return _finish(_load(image, profile), profile, tiff.find_orientation(exif[0]) if exif else 1)


def _read_webp(data: bytes, check_size: CheckSize) -> AnyArray:
    from PIL.WebPImagePlugin import WebPImageFile

    width, height = riff.find_webp_size(data[:30]) or (0, 0)
    check_size(width, height)
    if width * height > _LARGEST_CLOSED:
        raise ValueError(f"WebP pictures of more than {_LARGEST_CLOSED} pixels are not read")
    parts = dict(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"ICCP", b"EXIF"})))
    image = WebPImageFile(io.BytesIO(data))
    return _finish(_load(image), parts.get(b"ICCP"), tiff.find_orientation(parts.get(b"EXIF", b"")))


def _read_gif(data: bytes, check_size: CheckSize) -> AnyArray:
    from PIL.GifImagePlugin import GifImageFile

    width, height = gif.find_size(io.BytesIO(data))
    check_size(width, height)
    if width * height > _LARGEST_CLOSED // 2:
        raise ValueError(f"GIF pictures of more than {_LARGEST_CLOSED // 2} pixels are not read")
    return _load(GifImageFile(io.BytesIO(data)))


def _read_bmp(data: bytes, check_size: CheckSize) -> AnyArray:
    from PIL.BmpImagePlugin import BmpImageFile

    short = data[14:18] == b"\x0c\0\0\0"
    width, height = struct.unpack_from("<HH" if short else "<ii", data, 18)
    check_size(abs(width), abs(height))
    return _load(BmpImageFile(io.BytesIO(data)))


def _read_tiff(data: bytes, check_size: CheckSize) -> AnyArray:
    directory = tiff.parse_directory(data)
    check_size(directory.number(tiff.WIDTH), directory.number(tiff.HEIGHT))
    tile = directory.number(tiff.TILE_WIDTH, 1), directory.number(tiff.TILE_HEIGHT, 1)
    if max(tile) > 65_536 or tile[0] * tile[1] > _LARGEST_TILE:
        raise ValueError(f"tiles of {tile[0]} x {tile[1]} pixels are too large")
    tiff.check_parts(data, directory)
    clean = tiff.rebuild(data, directory, _TIFF_TAGS)
    profile = directory.entries[tiff.ICC].data if tiff.ICC in directory.entries else None
    bits, samples = directory.numbers(tiff.BITS) or (1,), directory.number(tiff.SAMPLES, 1)
    if bits[0] in (16, 32) and samples in (3, 4) and directory.number(tiff.PHOTOMETRIC) == 2:
        array = _decode_deep_tiff(clean, directory)
    else:
        from PIL.TiffImagePlugin import TiffImageFile

        image = TiffImageFile(io.BytesIO(clean))
        if image.mode == "I":
            raise ValueError("signed and 32-bit whole numbers are not read")
        array = _load(image, profile)
        if image.mode.startswith("I;16") and directory.number(tiff.PHOTOMETRIC) == 0:
            array = 65535 - array
    orientation = directory.number(tiff.ORIENTATION, 1)
    return _finish(array, profile, orientation if 1 <= orientation <= 8 else 1)


def _decode_deep_tiff(data: bytes, directory: tiff.Directory) -> AnyArray:
    """Decode RGB and RGBA of 16-bit numbers and floats, which Pillow cuts down or refuses, with OpenCV."""
    import numpy as np

    decoded: Any = decode_silently(np.frombuffer(data, np.uint8))
    if decoded is None or decoded.dtype not in (np.uint16, np.float32):
        raise ValueError("the samples cannot be decoded")
    colour: AnyArray = decoded[:, :, [2, 1, 0]]
    if decoded.shape[2] == 3 or directory.numbers(tiff.EXTRA)[:1] == (0,):
        return colour
    alpha, top = decoded[:, :, 3:], 1.0 if decoded.dtype == np.float32 else 65535.0
    if directory.number(tiff.EXTRA) == 1:  # associated: colours are already multiplied
        straight = colour * (top / np.maximum(alpha.astype(np.float64), 1e-9))
        colour = np.clip(straight, 0, top)
        colour = (np.rint(colour) if top > 1 else colour).astype(decoded.dtype)
    return np.concatenate([colour, alpha], axis=2)


def _load(image: Any, profile: bytes | None = None) -> AnyArray:
    """Decode a Pillow image into samples; the modes that a picture does not have are converted."""
    import numpy as np

    image.load()
    if image.mode in ("CMYK", "LAB"):
        return convert_ink(image, profile)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode not in ("L", "RGB", "RGBA", "F") or "transparency" in image.info:
        alpha = image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info
        if image.mode == "1" and not alpha:
            image = image.convert("L")
        elif image.mode not in ("L", "F") or alpha:
            image = image.convert("RGBA" if alpha else "RGB")
    return np.array(image)


def _finish(array: AnyArray, profile: bytes | None, orientation: int) -> AnyArray:
    import numpy as np

    array = convert_to_srgb(array, profile)
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array
