"""OpenEXR pixels against OpenEXR's own library: every compression, tiles, levels and parts."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ImageType
from studio.api.formats import exr
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.exrs import make_exr, make_ramp

LIMITS = MediaLimits()
EXACT = ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "HTJ2K256", "HTJ2K32", "ZSTD"]
"""Compressions that lose nothing of half floats, by their names in the library."""
LOSSY = ["PXR24", "B44", "B44A", "DWAA", "DWAB"]
NEEDS = "needs the extra vfx: pip install 'studio[vfx]'"


def make_noise(dtype: str = "f2") -> Any:
    return np.random.default_rng(7).uniform(1, 900, (37, 53, 3)).astype(dtype)


def write(path: Path, pixels: Any, **header: Any) -> None:
    library = pytest.importorskip("OpenEXR", reason=NEEDS)
    with library.File({"type": library.scanlineimage, **header}, {"RGB": pixels}) as file:
        file.write(str(path))


@pytest.mark.parametrize("dtype", ["f2", "f4", "u4"])
@pytest.mark.parametrize("name", EXACT)
def test_exact_compressions_give_the_samples_that_were_written(tmp_path: Path, name: str, dtype: str) -> None:
    library, pixels = pytest.importorskip("OpenEXR", reason=NEEDS), make_noise(dtype)
    if not hasattr(library, f"{name}_COMPRESSION"):
        pytest.skip(f"this OpenEXR does not write {name}")
    write(tmp_path / "a.exr", pixels, compression=getattr(library, f"{name}_COMPRESSION"))

    np.testing.assert_array_equal(ImageType().read_file(tmp_path / "a.exr", LIMITS).pixels, pixels.astype("f4"))


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_compressions_give_the_samples_that_the_library_gives(tmp_path: Path, name: str) -> None:
    library = pytest.importorskip("OpenEXR", reason=NEEDS)
    write(tmp_path / "a.exr", make_noise(), compression=getattr(library, f"{name}_COMPRESSION"))
    with library.File(str(tmp_path / "a.exr")) as file:
        expected = file.channels()["RGB"].pixels

    np.testing.assert_array_equal(ImageType().read_file(tmp_path / "a.exr", LIMITS).pixels, expected.astype("f4"))


@pytest.mark.parametrize("side", [16, 64])
def test_tiles_are_joined(tmp_path: Path, side: int) -> None:
    library, pixels = pytest.importorskip("OpenEXR", reason=NEEDS), make_noise()
    tiles = library.TileDescription()
    tiles.xSize = tiles.ySize = side
    write(tmp_path / "a.exr", pixels, type=library.tiledimage, tiles=tiles, compression=library.ZIP_COMPRESSION)

    np.testing.assert_array_equal(ImageType().read_file(tmp_path / "a.exr", LIMITS).pixels, pixels.astype("f4"))


@pytest.mark.parametrize(("mode", "rounding"), [(1, 0), (1, 1), (2, 0), (2, 1)])
def test_of_several_levels_the_largest_is_read(tmp_path: Path, mode: int, rounding: int) -> None:
    pytest.importorskip("OpenEXR", reason=NEEDS)
    pixels = make_ramp(7, 5, "f4", 1.0)
    (tmp_path / "a.exr").write_bytes(make_levels(pixels, mode, rounding))

    np.testing.assert_array_equal(ImageType().read_file(tmp_path / "a.exr", LIMITS).pixels[:, :, 0], pixels)


def make_levels(pixels: Any, mode: int, rounding: int) -> bytes:
    """Return a file of one tile of 8 x 8 for each level: of both sides, or (mode 2) of each side."""
    part = exr.parse_exr(make_exr({"Y": pixels})).parts[0]
    sizes = {0: [(7, 5), (3, 2), (1, 1)], 1: [(7, 5), (4, 3), (2, 2), (1, 1)]}[rounding]
    levels = [(level, level, *size) for level, size in enumerate(sizes)]
    if mode == 2:
        across, down = {0: ([7, 3, 1], [5, 2, 1]), 1: ([7, 4, 2, 1], [5, 3, 2, 1])}[rounding]
        levels = [(x, y, wide, high) for y, high in enumerate(down) for x, wide in enumerate(across)]
    chunks = []
    for x, y, wide, high in levels:
        content = (pixels if (x, y) == (0, 0) else np.zeros((high, wide), "<f4")).tobytes()
        chunks.append(struct.pack("<5i", 0, 0, x, y, len(content)) + content)
    tiles = ("tiledesc", struct.pack("<IIB", 8, 8, mode | rounding << 4))
    return exr.build_file({**part.attributes, "tiles": tiles}, chunks, is_tiled=True)


@pytest.mark.parametrize("layer", ["", "depth", "n.N"])
def test_parts_of_other_kinds_lie_in_one_file(tmp_path: Path, layer: str) -> None:
    library, pixels = pytest.importorskip("OpenEXR", reason=NEEDS), make_noise()
    planes = [np.ascontiguousarray(pixels[:, :, index]) for index in range(3)]
    piz = {"type": library.scanlineimage, "compression": library.PIZ_COMPRESSION}
    tiled = {"type": library.tiledimage, "tiles": library.TileDescription(), "compression": library.RLE_COMPRESSION}
    zip_ = {"type": library.scanlineimage, "compression": library.ZIP_COMPRESSION}
    parts = [
        library.Part(piz, dict(zip("RGB", planes, strict=True)), "rgb"),
        library.Part(tiled, {f"N.{name}": plane for name, plane in zip("XYZ", planes, strict=True)}, "n"),
        library.Part(zip_, {"Z": planes[0]}, "depth"),
    ]
    with library.File(parts) as file:
        file.write(str(tmp_path / "a.exr"))

    image, _ = ImageType().read_layer(tmp_path / "a.exr", LIMITS, layer=layer)

    expected = pixels[:, :, :1] if layer == "depth" else pixels
    np.testing.assert_array_equal(image.pixels, expected.astype("f4"))


def test_without_the_library_an_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    (tmp_path / "a.exr").write_bytes(make_exr({"Y": make_ramp()}, compression=4))
    (tmp_path / "a.exr").write_bytes(set_rows((tmp_path / "a.exr").read_bytes()))

    with pytest.raises(MediaError, match="PIZ compression needs the package 'OpenEXR'") as caught:
        ImageType().read_file(tmp_path / "a.exr", LIMITS)

    assert (caught.value.code, caught.value.hint) == ("E513", "pip install 'studio[vfx]'")


def set_rows(data: bytes) -> bytes:
    """Return a file of four chunks as one of one chunk, as PIZ has 32 rows in each."""
    file = exr.parse_exr(data)
    start = file.end
    first = struct.unpack_from("<Q", data, start)[0]
    return data[:start] + struct.pack("<Q", first - 24) + data[first:]


def test_damaged_pixels_are_an_error(tmp_path: Path) -> None:
    library = pytest.importorskip("OpenEXR", reason=NEEDS)
    write(tmp_path / "a.exr", make_noise(), compression=library.PIZ_COMPRESSION)
    data = bytearray((tmp_path / "a.exr").read_bytes())
    data[-2000:-8] = b"\x07" * 1992
    (tmp_path / "a.exr").write_bytes(bytes(data))

    with pytest.raises(MediaError) as caught:
        ImageType().read_file(tmp_path / "a.exr", LIMITS)

    assert caught.value.code == "E511"


def test_deep_data_is_refused_by_name(tmp_path: Path) -> None:
    kind = b"type\0string\0" + struct.pack("<i", 12) + b"deepscanline"
    count = b"chunkCount\0int\0" + struct.pack("<ii", 4, 4)
    data = bytearray(make_exr({"Y": make_ramp()}, more=kind + count))
    data[4:8] = struct.pack("<I", 2 | 0x800)
    (tmp_path / "a.exr").write_bytes(bytes(data))

    with pytest.raises(MediaError, match="parts of type 'deepscanline' are not supported"):
        ImageType().read_file(tmp_path / "a.exr", LIMITS)
