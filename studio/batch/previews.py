"""Previews of written files: small pictures, waveforms and first lines, made once for each content."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import Audio, Image, Mask, Video
from studio.api.builtin import create_builtin_value_types
from studio.batch.item import ItemOutput
from studio.files import replace_file
from studio.settings import MediaLimits

SIDE = 400
_PEAKS = 96
_TEXT_CHARACTERS = 600
_LONGEST_SECONDS = 1800.0  # of a longer sound no waveform is drawn
_TYPES = {value_type.python: value_type for value_type in create_builtin_value_types()}


def describe_file(folder: Path, output: ItemOutput, thumbs: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return what a page shows of a file; of one that cannot be read, its name alone.

    Args:
        folder: The batch's folder.
        output: The file.
        thumbs: Folder for small pictures; they are named by the file's content.
        limits: Bounds for what is decoded.
    """
    shown: dict[str, Any] = {"o": output.output, "p": output.path, "k": _find_kind(output), "b": output.bytes}
    path = folder / output.path
    with contextlib.suppress(Exception):  # whatever a decoder raises, the page can do without a preview
        shown |= _DESCRIBERS.get(shown["k"], _describe_nothing)(path, output.digest, thumbs, limits)
    return shown


def _find_kind(output: ItemOutput) -> str:
    """Return how a file is shown: as a picture, a film, a sound or a text."""
    extension = output.path.rpartition(".")[2].lower()
    for python, value_type in _TYPES.items():
        if extension in value_type.extensions:
            return {Image: "image", Mask: "image", Video: "video", Audio: "audio"}.get(python, "file")
    return "text" if extension in ("txt", "json", "srt", "vtt", "md", "csv") else "file"


def _describe_nothing(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    return {}


def _describe_picture(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    import PIL.Image

    try:
        with PIL.Image.open(path) as opened:
            width, height = opened.size
            name = _name_thumb(digest)
            if not (thumbs / name).exists():
                if width * height > limits.max_pixels:
                    return {"w": width, "h": height}
                opened.draft("RGB", (SIDE * 2, SIDE * 2))
                _write_thumb(_to_eight_bits(opened), thumbs / name)
            return {"w": width, "h": height, "m": name}
    except PIL.UnidentifiedImageError:  # a format that Pillow does not know, such as EXR
        image = _TYPES[Image].read_file(path, limits)
        return {"w": image.width, "h": image.height, "m": _keep_thumb(image, digest, thumbs)}


def _describe_film(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    film: Video = _TYPES[Video].read_file(path, limits)
    shown: dict[str, Any] = {"w": film.width, "h": film.height}
    name = _name_thumb(digest)
    if not (thumbs / name).exists():
        frames = film.frames()
        frame = next(frames)
        _keep_thumb(frame.image, digest, thumbs)
    return shown | {"m": name, "d": round(film.duration, 3)}


def _describe_sound(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    sound: Audio = _TYPES[Audio].read_file(path, limits)
    shown: dict[str, Any] = {"d": round(sound.duration, 3)}
    if sound.duration > _LONGEST_SECONDS:
        return shown
    return shown | {"w": _find_peaks(sound)}


def _describe_text(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    with path.open("rb") as file:
        data = file.read(_TEXT_CHARACTERS * 4)
    return {"x": data.decode("utf-8", "replace")[:_TEXT_CHARACTERS]}


_DESCRIBERS: Mapping[str, Callable[[Path, str, Path, MediaLimits], Mapping[str, Any]]] = {
    "image": _describe_picture,
    "video": _describe_film,
    "audio": _describe_sound,
    "text": _describe_text,
}


def _find_peaks(sound: Audio) -> list[int]:
    """Return the loudest sample of each stretch, in hundredths of the loudest of all."""
    import numpy as np

    samples = np.asarray(sound.samples)
    loud = np.abs(samples).max(axis=tuple(range(1, samples.ndim))) if samples.ndim > 1 else np.abs(samples)
    edges = np.linspace(0, len(loud), min(_PEAKS, max(1, len(loud))) + 1).astype(int)
    peaks = [float(loud[a:b].max()) if b > a else 0.0 for a, b in itertools.pairwise(edges)]
    largest = max(peaks, default=0.0) or 1.0
    return [round(100 * peak / largest) for peak in peaks]


def _name_thumb(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:26]}.webp"


def _keep_thumb(image: Image, digest: str, thumbs: Path) -> str:
    import numpy as np
    import PIL.Image

    name = _name_thumb(digest)
    if not (thumbs / name).exists():
        pixels = (np.clip(image.pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
        _write_thumb(PIL.Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), thumbs / name)
    return name


def _to_eight_bits(image: Any) -> Any:
    import PIL.Image

    if image.mode.startswith("I;16"):
        import numpy as np

        return PIL.Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise PIL.UnidentifiedImageError(image.mode)
    return image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")


def _write_thumb(image: Any, target: Path) -> None:
    """Write a small picture under its final name at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    image.thumbnail((SIDE, SIDE))
    with replace_file(target, sync="none") as temporary:
        image.save(temporary, "WEBP", quality=80, method=1)
