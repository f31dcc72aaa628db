"""Images into OpenEXR files: scan lines packed with ZIP, half floats where these are exact."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from studio.api.color_transfer import CHROMATICITIES
from studio.api.exr_reading import divide_alpha
from studio.api.formats import exr, xmp
from studio.api.media_file import GENERATOR, encode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]
    FloatArray = npt.NDArray[np.float32]

_NAMES = {1: ("Y",), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}
_PROVENANCE = "studio"
_ROWS = exr.ROWS[exr.ZIP]


def build_exr(samples: FloatArray, primaries: str, provenance: str | None, elements: str = "") -> bytes:
    """Return a file of linear light that `read_exr` reads as the same samples.

    Args:
        samples: Height x width x 1, 3 or 4 of float32, alpha straight.
        primaries: Name of the primaries, as of `ColorSpace`.
        provenance: JSON text to embed, or None.
        elements: Elements of XMP, as XML.
    """
    return build_layers({"": samples}, primaries, provenance, elements)


def build_layers(layers: Mapping[str, FloatArray], primaries: str, provenance: str | None, elements: str = "") -> bytes:
    """Return a file of layers that `read_exr` reads by their names, each as the same samples.

    Samples of a layer are half floats where reading them gives the same image, else floats. Colors are multiplied by
    alpha; where alpha is 0 they are kept as they are, as light that glows.

    Args:
        layers: Height x width x 1, 3 or 4 of float32, alpha straight, by name; "" for the plain colors.
        primaries: Name of the primaries, as of `ColorSpace`.
        provenance: JSON text to embed, or None.
        elements: Elements of XMP, as XML.
    """
    import numpy as np

    height, width, _ = next(iter(layers.values())).shape
    planes = {name: plane for layer, samples in layers.items() for name, plane in _name_planes(layer, samples)}
    names = sorted(planes, key=str.encode)
    rows = [np.ascontiguousarray(planes[name]).view(np.uint8) for name in names]
    lines = np.concatenate(rows, axis=1)  # row by row, each channel whole
    chunks = []
    for top in range(0, height, _ROWS):
        packed = _deflate(lines[top : top + _ROWS].tobytes())
        chunks.append(struct.pack("<ii", top, len(packed)) + packed)
    kinds = [exr.HALF if planes[name].itemsize == 2 else exr.FLOAT for name in names]
    channels = exr.build_channels([exr.Channel(name, kind, 1, 1) for name, kind in zip(names, kinds, strict=True)])
    return exr.build_file(_build_attributes(width, height, channels, primaries, provenance, elements), chunks)


def list_channels(layer: str, channels: int) -> list[str]:
    """Return the names of the channels of a layer, red first; a grey layer with a name is one channel of that name.

    Args:
        layer: Name of the layer; "" for the plain colors.
        channels: How many it has: 1, 3 or 4.
    """
    if not layer:
        return list(_NAMES[channels])
    return [layer] if channels == 1 else [f"{layer}.{name}" for name in _NAMES[channels]]


def _name_planes(layer: str, samples: FloatArray) -> Iterator[tuple[str, AnyArray]]:
    planes = multiply_alpha(samples)
    halves = _find_halves(samples, planes)
    chosen = planes.astype("<f4") if halves is None else halves.astype("<f2")
    for index, name in enumerate(list_channels(layer, samples.shape[2])):
        yield name, chosen[:, :, index]


def find_provenance(data: bytes) -> str | None:
    """Return the text that `build_exr` embedded, or None; ValueError for a file that is no OpenEXR."""
    found = exr.parse_attributes(data).get(_PROVENANCE)
    return found[1].decode("utf-8") if found else None


def multiply_alpha(samples: FloatArray) -> FloatArray:
    """Return samples with colors multiplied by alpha, but where alpha is 0."""
    import numpy as np

    if samples.shape[2] != 4:
        return samples
    alpha = samples[:, :, 3:]
    return np.concatenate([samples[:, :, :3] * np.where(alpha > 0, alpha, np.float32(1)), alpha], axis=2)


def _find_halves(samples: FloatArray, planes: FloatArray) -> AnyArray | None:
    """Return planes as half floats if these are read as the same samples; None if not."""
    import numpy as np

    with np.errstate(over="ignore"):
        halves = planes.astype(np.float16)
    back = halves.astype(np.float32)
    if samples.shape[2] != 4:
        return halves if np.array_equal(back, samples) else None
    alpha = back[:, :, 3]
    if not np.array_equal(alpha, samples[:, :, 3]):
        return None
    same = all(np.array_equal(divide_alpha(back[:, :, i], alpha), samples[:, :, i]) for i in range(3))
    return halves if same else None


def _deflate(raw: bytes) -> bytes:
    """Return bytes packed by zlib: every second first, as differences; as they are where that is not smaller."""
    import numpy as np

    plain = np.frombuffer(raw, np.uint8)
    mixed = np.concatenate([plain[0::2], plain[1::2]])
    steps = mixed.copy()
    steps[1:] = mixed[1:] - mixed[:-1] + np.uint8(128)  # wraps around
    packed = zlib.compress(steps.tobytes(), 4)
    return packed if len(packed) < len(raw) else raw


def _build_attributes(
    width: int, height: int, channels: bytes, primaries: str, provenance: str | None, elements: str
) -> dict[str, tuple[str, bytes]]:
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    colors = [value for point in CHROMATICITIES[primaries] for value in point]
    made = {
        "channels": ("chlist", channels),
        "chromaticities": ("chromaticities", struct.pack("<8f", *colors)),
        "compression": ("compression", bytes([exr.ZIP])),
        "dataWindow": ("box2i", window),
        "displayWindow": ("box2i", window),
        "lineOrder": ("lineOrder", b"\0"),
        "pixelAspectRatio": ("float", struct.pack("<f", 1.0)),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0.0, 0.0)),
        "screenWindowWidth": ("float", struct.pack("<f", 1.0)),
        "software": ("string", GENERATOR.encode()),
        "xmp": ("string", xmp.build_packet(provenance, embeds=False, elements=elements)),
    }
    if provenance is not None:
        made[_PROVENANCE] = ("string", encode_text(provenance))
    return made
