"""Folders with Kokoro: an ONNX file and its voices, found without loading anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.api import ModelError
from studio.api.onnx_network import find_onnx_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

VOICES = "voices.safetensors"
"""The file with the voices: for each a tensor of N x 1 x 256, a style for each number of letters."""
STYLE = 256


def is_kokoro(path: Path) -> bool:
    """Say whether a folder has an ONNX file, and voices beside it."""
    return path.is_dir() and (path / VOICES).is_file() and find_onnx_file(path) is not None


def list_voices(path: Path) -> list[str]:
    """Return the names of the voices.

    Raises:
        ModelError: E668 if there are none.
    """
    from safetensors import safe_open

    with safe_open(path / VOICES, "np") as file:
        names = sorted(file.keys())
    if not names:
        raise refuse(path, "contains no voices")
    return names


def load_voice(path: Path, name: str) -> npt.NDArray[np.float32]:
    """Return the styles of a voice, N x 256.

    Raises:
        ModelError: E668 if the voice is damaged.
    """
    import numpy as np
    from safetensors import safe_open

    with safe_open(path / VOICES, "np") as file:
        styles = np.asarray(file.get_tensor(name), np.float32)
    if not styles.size or styles.shape[-1] != STYLE or not np.isfinite(styles).all():
        raise refuse(path, f"has a voice {name!r} that is damaged")
    return styles.reshape(-1, STYLE)


def refuse(path: Path, reason: str) -> ModelError:
    """Return the error for voices that cannot be used."""
    return ModelError(
        "E668",
        f"{VOICES!r} {reason}",
        where=str(path / VOICES),
        hint="get the model again: studio models get kokoro",
    )
