"""TIFF files written by hand: any depth, planar or chunky, in strips or tiles, packed in any way without loss."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin

CODINGS = {"none": 1, "lzw": 5, "deflate": 8, "old deflate": 32946, "packbits": 32773, "lzma": 34925, "zstd": 50000}
_PILLOW_NAMES = {5: "tiff_lzw", 32773: "packbits", 34925: "lzma", 50000: "zstd"}


def make_tiff(
    samples: np.ndarray,
    bits: int,
    *,
    photometric: int | None = None,
    extra: tuple[int, ...] | None = None,
    coding: str = "none",
    planar: bool = False,
    tile: int = 0,
    rows: int = 5,
    order: str = "<",
    predictor: int = 1,
    turned: bool = False,
    tags: dict[int, Any] | None = None,
) -> bytes:
    """Height x width x samples of whole numbers or floats."""
    height, width, count = samples.shape
    kind = 3 if samples.dtype.kind == "f" else 1
    planes = [samples[:, :, i : i + 1] for i in range(count)] if planar else [samples]
    parts = []
    for plane in planes:
        for piece in cut(plane, tile, rows):
            raw = pack_rows(piece, bits, order, predictor)
            parts.append(pack_bytes(raw, CODINGS[coding], turned))
    told: dict[int, Any] = {
        256: (width,), 257: (height,), 258: (bits,) * count, 259: (CODINGS[coding],),
        262: (photometric if photometric is not None else 2 if count > 2 else 1,), 277: (count,),
        284: (2 if planar else 1,), 317: (predictor,), 339: (kind,) * count,
    }  # fmt: skip
    told |= {266: (2,)} if turned else {}
    told |= {338: extra} if extra else {}
    told |= {322: (tile,), 323: (tile,)} if tile else {278: (rows,)}
    return assemble(told | (tags or {}), parts, order, bool(tile))


def cut(plane: np.ndarray, tile: int, rows: int) -> list[np.ndarray]:
    height, width = plane.shape[:2]
    if not tile:
        return [plane[y : y + rows] for y in range(0, height, rows)]
    padded = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
    return [padded[y : y + tile, x : x + tile] for y in range(0, height, tile) for x in range(0, width, tile)]


def pack_rows(piece: np.ndarray, bits: int, order: str, predictor: int) -> list[bytes]:
    if piece.dtype.kind == "f":
        return pack_floats(piece, order, predictor)
    if predictor == 2:
        piece = piece.astype(f"u{bits // 8}")
        piece[:, 1:] -= piece[:, :-1].copy()
    if bits in (8, 16, 32, 64):
        return [row.astype(f"{order}u{bits // 8}").tobytes() for row in piece]
    if bits == 24:
        way = slice(0, 3) if order == "<" else slice(2, None, -1)
        return [row.astype("<u4").reshape(-1, 1).view(np.uint8)[:, way].tobytes() for row in piece]
    return [np.packbits([int(c) for v in row.ravel() for c in f"{int(v):0{bits}b}"]).tobytes() for row in piece]


def pack_floats(piece: np.ndarray, order: str, predictor: int) -> list[bytes]:
    size = piece.dtype.itemsize
    if predictor == 1:
        return [row.astype(f"{order}f{size}").tobytes() for row in piece]
    packed = []
    for row in piece:  # Adobe's technical note 3
        planes = row.astype(f">f{size}").tobytes()
        bytes_ = np.frombuffer(planes, np.uint8).reshape(-1, size).T.reshape(-1, piece.shape[2])
        packed.append(np.concatenate([bytes_[:1], bytes_[1:] - bytes_[:-1]]).astype(np.uint8).tobytes())
    return packed


def pack_bytes(rows: list[bytes], coding: int, turned: bool) -> bytes:
    raw = b"".join(rows)
    if coding in (8, 32946):
        raw = zlib.compress(raw)
    elif coding in _PILLOW_NAMES:
        raw = pack_with_pillow(rows, _PILLOW_NAMES[coding])
    return np.packbits(np.unpackbits(np.frombuffer(raw, np.uint8)), bitorder="little").tobytes() if turned else raw


def pack_with_pillow(rows: list[bytes], coding: str) -> bytes:
    """libtiff packs the bytes of one strip as those of a grey picture."""
    file = io.BytesIO()
    picture = PIL.Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    info = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    info[278] = len(rows)
    picture.save(file, "TIFF", compression=coding, tiffinfo=info)
    written = PIL.Image.open(io.BytesIO(file.getvalue()))
    start, length = written.tag_v2[273][0], written.tag_v2[279][0]  # type: ignore[attr-defined]
    return file.getvalue()[start : start + length]


def assemble(tags: dict[int, Any], parts: list[bytes], order: str, tiled: bool) -> bytes:
    starts = np.cumsum([8] + [len(part) for part in parts]).tolist()
    tags = tags | {324 if tiled else 273: tuple(starts[:-1]), 325 if tiled else 279: tuple(map(len, parts))}
    at = starts[-1] + starts[-1] % 2
    rows, blobs, free = b"", b"", at + 2 + 12 * len(tags) + 4
    for tag, values in sorted(tags.items()):
        kind, size, value = 4, 4 * len(values), struct.pack(f"{order}{len(values)}I", *values)
        if max(values) < 65_536:
            kind, size, value = 3, 2 * len(values), struct.pack(f"{order}{len(values)}H", *values)
        if size > 4:
            value, blobs = struct.pack(f"{order}I", free + len(blobs)), blobs + value
        rows += struct.pack(f"{order}HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at)
    body = b"".join(parts).ljust(at - 8, b"\0")
    return head + body + struct.pack(f"{order}H", len(tags)) + rows + b"\0\0\0\0" + blobs
