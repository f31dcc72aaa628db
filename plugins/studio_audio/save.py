"""A sound written to a file in one go."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Audio, AudioType, MediaError
from studio_audio.resample import resample

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODED = {".mp3": "mp3", ".m4a": "aac", ".opus": "libopus"}
_CONTAINERS = {".mp3": "mp3", ".m4a": "ipod", ".opus": "opus"}
_RATES = {
    ".mp3": (32_000, 44_100, 48_000),
    ".m4a": (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000),
    ".opus": (48_000,),
}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_BLOCK = 16_384


def save(audio: Audio, path: Path, bits: str, kilobits: int | None) -> None:
    """Write beside the name and rename, so that the file appears complete or not at all."""
    suffix = path.suffix.lower()
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(6)}{path.suffix}")
    try:
        if suffix in (".m4a", ".opus") or (suffix == ".mp3" and kilobits is not None):
            _write_coded(audio, partial, path, kilobits)
        elif bits != "auto" and suffix in (".wav", ".flac"):
            _write_plain(audio, partial, path, bits)
        else:
            AudioType().write_file(audio, partial, None)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _write_plain(audio: Audio, partial: Path, path: Path, bits: str) -> None:
    import soundfile

    if bits == "float" and path.suffix.lower() == ".flac":
        raise _refuse(path, "FLAC holds whole numbers", "take wav for floats, or 24 bits")
    kind = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}[bits]
    try:
        with soundfile.SoundFile(partial, "w", audio.rate, audio.channels, kind) as file:
            file.comment = "made with Studio"
            for block in audio.blocks(_BLOCK):
                file.write(block if bits == "float" else _round(block, int(bits)))
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
        raise _refuse(path, f"cannot write the sound: {error}", "wav holds any sound") from None


def _round(block: Any, bits: int) -> Any:
    """Return whole numbers in the upper bits of int32 or as int16; what is over full scale is clipped."""
    top = 2.0 ** (bits - 1)
    whole = np.clip(np.rint(block.astype(np.float64) * top), -top, top - 1)
    return whole.astype(np.int16) if bits == 16 else (whole * 256).astype(np.int32)


def _write_coded(audio: Audio, partial: Path, path: Path, kilobits: int | None) -> None:
    import av

    suffix, channels = path.suffix.lower(), audio.channels
    if channels > (2 if suffix == ".mp3" else 8):
        raise _refuse(path, f"{suffix} does not hold {channels} channels", "mix it down with audio.channels")
    rate = next((one for one in _RATES[suffix] if one >= audio.rate), _RATES[suffix][-1])
    samples = np.clip(resample(audio.samples, audio.rate, rate), -1.0, 1.0)
    try:
        with av.open(str(partial), "w", format=_CONTAINERS[suffix]) as container:
            stream: Any = container.add_stream(_CODED[suffix], rate=rate)
            stream.layout = _LAYOUTS[channels]
            stream.bit_rate = 1000 * (kilobits or (64 if suffix == ".opus" else 128) * channels)
            container.metadata.update({"encoder": "Studio", "comment": "made with Studio"})
            for frame in _create_frames(samples, rate):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise _refuse(path, f"cannot write the sound: {text}", "flac and wav hold any sound") from None


def _create_frames(samples: Any, rate: int) -> Iterator[Any]:
    import av

    for start in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[start : start + _BLOCK])
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout=_LAYOUTS[block.shape[1]])
        frame.rate, frame.pts = rate, start
        yield frame


def _refuse(path: Path, message: str, hint: str) -> MediaError:
    return MediaError("E512", message, where=str(path), hint=hint)
