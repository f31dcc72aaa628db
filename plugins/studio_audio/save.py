"""Audio written to a file in one go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Audio, AudioType, MediaError, OutputPath, replace_file
from studio.api.audio_tags import NO_TAGS, AudioTags
from studio.api.audio_writing import build_comment, write_tagged
from studio_audio.checks import check_bits

_BLOCK = 16_384
_LONGEST_COMMENT = 60_000  # libsndfile holds no more in its headers


def save(
    audio: Audio,
    target: OutputPath,
    bits: str | int,
    bitrate: int | None,
    log: Callable[[str], None],
    tags: AudioTags = NO_TAGS,
) -> None:
    """Write audio whole or not at all; what the file cannot keep is logged."""
    whole = bits in (16, 24) and target.path.suffix.lower() == ".wav"
    loss = AudioType().find_loss(audio, target.path.with_suffix(".flac") if whole else target.path)
    if loss:
        log(f"{target.name}: {loss}")
    path, provenance = target.path, target.provenance
    suffix = path.suffix.lower()
    with replace_file(path) as partial:
        if bits != "auto" and suffix in (".wav", ".flac"):
            _write_plain(audio, partial, path, bits, provenance, tags)
        elif tags or (bitrate is not None and suffix in (".mp3", ".m4a", ".opus")):
            _write_tagged(audio, partial, path, bitrate, provenance, tags)
        else:
            AudioType().write_file(audio, partial, provenance)


def _write_plain(
    audio: Audio, partial: Path, path: Path, bits: str | int, provenance: str | None, tags: AudioTags
) -> None:
    import soundfile

    check_bits(bits, path.name)
    kind = {16: "PCM_16", 24: "PCM_24", "float": "FLOAT"}[bits]
    try:
        with soundfile.SoundFile(partial, "w", audio.rate, audio.channels, kind) as file:
            file.comment = build_comment(provenance if len(provenance or "") <= _LONGEST_COMMENT else None)
            for name, text in tags.texts.items():
                setattr(file, name, text)
            for block in audio.blocks(_BLOCK):
                file.write(block if bits == "float" else _round(block, int(bits)))
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
        raise _refuse(path, f"cannot write the audio: {error}", "wav supports any audio") from None


def _round(block: Any, bits: int) -> Any:
    """Return whole numbers in the upper bits of int32 or as int16; what is over full scale is clipped."""
    top = 2.0 ** (bits - 1)
    whole = np.clip(np.rint(block.astype(np.float64) * top), -top, top - 1)
    return whole.astype(np.int16) if bits == 16 else (whole * 256).astype(np.int32)


def _write_tagged(
    audio: Audio, partial: Path, path: Path, bitrate: int | None, provenance: str | None, tags: AudioTags
) -> None:
    import av

    try:
        write_tagged(audio, partial, provenance, tags, bitrate)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise _refuse(path, f"cannot write the audio: {text}", "flac and wav support any audio") from None


def _refuse(path: Path, message: str, hint: str) -> MediaError:
    return MediaError("E512", message, where=str(path), hint=hint)
