"""Joins the voices of Kokoro, raw numbers in a file each, into one safetensors file beside the network."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from studio.api import ModelError

STYLE = 256
"""Numbers of a style: a voice has one for each length of text, as rows of 1 x 256."""


def convert_kokoro(files: Mapping[str, Path], folder: Path) -> None:
    """Write `model.onnx` as it is, and `voices.safetensors` with a tensor of N x 1 x 256 floats for each voice.

    Args:
        files: `model.onnx`, and `voices/NAME.bin` for each voice.
        folder: Where the model goes.

    Raises:
        ModelError: E668 if the network is missing, or a voice does not have whole styles.
    """
    from safetensors.numpy import save_file

    if "model.onnx" not in files:
        raise ModelError("E668", "missing 'model.onnx'", hint="correct the entry of the catalog")
    voices = {}
    for name, path in sorted(files.items()):
        if name.startswith("voices/"):
            numbers = np.fromfile(path, "<f4")
            if path.stat().st_size % (4 * STYLE) or not numbers.size or not np.isfinite(numbers).all():
                raise ModelError("E668", f"{name!r} is not a voice of Kokoro", hint="get it again")
            voices[path.stem] = numbers.reshape(-1, 1, STYLE)
    save_file(voices, folder / "voices.safetensors")
    shutil.copyfile(files["model.onnx"], folder / "model.onnx")
