"""Previews of written files: small images, waveforms and first lines, made once for each content."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import Audio, Image, Mask, Video, convert_color
from studio.api.builtin import create_builtin_value_types
from studio.api.media_file import open_media
from studio.batch.item import ItemOutput
from studio.files import replace_file
from studio.provenance.folder_links import is_inside
from studio.settings import MediaLimits

SIDE = 400
_PEAKS = 96
_TEXT_CHARACTERS = 600
_LONGEST_SECONDS = 1800.0  # longer audio has no waveform
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")  # of Pillow's readers; others read more than is wanted
_TYPES = {value_type.python: value_type for value_type in create_builtin_value_types()}


def describe_file(folder: Path, output: ItemOutput, thumbs: Path, limits: MediaLimits) -> dict[str, Any]:
    """Return what a page shows of a file; only its name if it cannot be read.

    Args:
        folder: The batch's folder.
        output: The file.
        thumbs: Folder for small images; they are named by the file's content.
        limits: Limits of what is decoded.
    """
    shown: dict[str, Any] = {"o": output.output, "p": output.path, "k": _find_kind(output), "b": output.bytes}
    path = folder / output.path
    if not (is_inside(folder, output.path) and is_inside(thumbs, _name_thumb(output.digest))):
        return shown  # a ledger from elsewhere names a file outside of its folder
    with contextlib.suppress(Exception):  # a decoder may raise anything; the page works without a preview
        shown |= describe_media(shown["k"], path, output.digest, thumbs, limits)
    return shown


def describe_media(kind: str, path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    """Return what a page shows of a file of a kind: its size, length, peaks, first lines, name of its small image.

    Args:
        kind: "image", "video", "audio" or "text"; nothing is shown of another one.
        path: The file.
        digest: BLAKE3 of its bytes, in hex.
        thumbs: Folder for small images; they are named by the file's content.
        limits: Limits of what is decoded.

    Raises:
        Exception: The file cannot be read; a decoder may raise anything.
    """
    return _DESCRIBERS.get(kind, _describe_nothing)(path, digest, thumbs, limits)


_MOVING = ("gif", "apng")  # a browser plays them as images, and as nothing else


def _find_kind(output: ItemOutput) -> str:
    """Return how a file is shown: as an image, a video, audio or text."""
    extension = output.path.rpartition(".")[2].lower()
    if extension in _MOVING:
        return "image"
    for python, value_type in _TYPES.items():
        if extension in value_type.extensions:
            return {Image: "image", Mask: "image", Video: "video", Audio: "audio"}.get(python, "file")
    return "text" if extension in ("txt", "json", "srt", "vtt", "md", "csv") else "file"


def _describe_nothing(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    return {}


def _describe_image(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    import PIL.Image

    try:
        with open_media(path, limits) as file, PIL.Image.open(file, formats=_find_formats()) as opened:
            width, height = opened.size
            name = _name_thumb(digest)
            if not (thumbs / name).exists():
                if width * height > limits.max_pixels or max(width, height) > limits.max_side:
                    return {"w": width, "h": height}
                opened.draft("RGB", (SIDE * 2, SIDE * 2))
                _write_thumb(_to_eight_bits(opened), thumbs / name)
            return {"w": width, "h": height, "m": name}
    except PIL.UnidentifiedImageError:  # a format that Pillow does not know, such as EXR
        image = _TYPES[Image].read_file(path, limits)
        return {"w": image.width, "h": image.height, "m": _save_thumb(image, digest, thumbs)}


def _find_formats() -> list[str]:
    """Return the formats that Pillow may read; AVIF only where it can."""
    import PIL.Image

    PIL.Image.init()
    return [*_FORMATS, *(["AVIF"] if "AVIF" in PIL.Image.OPEN else [])]


def _describe_video(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    video: Video = _TYPES[Video].read_file(path, limits)
    shown: dict[str, Any] = {"w": video.width, "h": video.height}
    name = _name_thumb(digest)
    if not (thumbs / name).exists():
        frames = video.frames()
        frame = next(frames)
        _save_thumb(frame.image, digest, thumbs)
    return shown | {"m": name, "d": round(video.duration, 3)}


def _describe_audio(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    audio: Audio = _TYPES[Audio].read_file(path, limits)
    shown: dict[str, Any] = {"d": round(audio.duration, 3)}
    if audio.duration > _LONGEST_SECONDS:
        return shown
    return shown | {"w": _find_peaks(audio)}


def _describe_text(path: Path, digest: str, thumbs: Path, limits: MediaLimits) -> Mapping[str, Any]:
    with path.open("rb") as file:
        data = file.read(_TEXT_CHARACTERS * 4)
    return {"x": data.decode("utf-8", "replace")[:_TEXT_CHARACTERS]}


_DESCRIBERS: Mapping[str, Callable[[Path, str, Path, MediaLimits], Mapping[str, Any]]] = {
    "image": _describe_image,
    "video": _describe_video,
    "audio": _describe_audio,
    "text": _describe_text,
}


def _find_peaks(audio: Audio) -> list[int]:
    """Return the loudest sample of each section, in hundredths of the loudest of all."""
    import numpy as np

    samples = np.asarray(audio.samples)
    loud = np.abs(samples).max(axis=tuple(range(1, samples.ndim))) if samples.ndim > 1 else np.abs(samples)
    edges = np.linspace(0, len(loud), min(_PEAKS, max(1, len(loud))) + 1).astype(int)
    peaks = [float(loud[a:b].max()) if b > a else 0.0 for a, b in itertools.pairwise(edges)]
    largest = max(peaks, default=0.0) or 1.0
    return [round(100 * peak / largest) for peak in peaks]


def _name_thumb(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:26]}.webp"


def _save_thumb(image: Image, digest: str, thumbs: Path) -> str:
    import numpy as np
    import PIL.Image

    name = _name_thumb(digest)
    if not (thumbs / name).exists():
        pixels = (np.clip(convert_color(image).pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
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
    """Write a small image; the file appears whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    image.thumbnail((SIDE, SIDE))
    with replace_file(target, sync="none") as temporary:
        image.save(temporary, "WEBP", quality=80, method=1)
