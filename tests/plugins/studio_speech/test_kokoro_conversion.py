"""Voices of Kokoro in files of raw numbers become one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from studio.api import ModelError
from studio_speech.kokoro_conversion import convert_kokoro


def test_voices_are_joined_beside_the_network(tmp_path: Path) -> None:
    voice = np.arange(2 * 256, dtype="<f4")
    (tmp_path / "ada.bin").write_bytes(voice.tobytes())
    (tmp_path / "net").write_bytes(b"network")
    (tmp_path / "out").mkdir()

    convert_kokoro({"model.onnx": tmp_path / "net", "voices/ada.bin": tmp_path / "ada.bin"}, tmp_path / "out")

    found = load_file(tmp_path / "out" / "voices.safetensors")
    assert found["ada"].shape == (2, 1, 256)
    assert np.array_equal(found["ada"].ravel(), voice)
    assert (tmp_path / "out" / "model.onnx").read_bytes() == b"network"


@pytest.mark.parametrize("content", [b"", bytes(1023), b"\xff" * 1024])
def test_a_voice_without_whole_styles_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ada.bin").write_bytes(content)

    with pytest.raises(ModelError, match=r"'voices/ada\.bin' is not a voice of Kokoro"):
        convert_kokoro({"model.onnx": tmp_path / "ada.bin", "voices/ada.bin": tmp_path / "ada.bin"}, tmp_path)
