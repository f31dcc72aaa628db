"""The opener of networks that clean speech and find it: DeepFilterNet 3 and Silero VAD."""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Model, ModelError, ModelOpener
from studio.api.onnx_network import OnnxNetwork, open_onnx

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray

_PARTS = ("enc.onnx", "erb_dec.onnx", "df_dec.onnx")
_SETTINGS = {"sr": 48000, "fft_size": 960, "hop_size": 480, "nb_erb": 32, "nb_df": 96, "df_order": 5, "df_lookahead": 2}
_DETECTOR = {"stft_conv.weight": [258, 1, 256], "final_conv.weight": [1, 128, 1]}


class CleaningOpener(ModelOpener):
    """Opens DeepFilterNet 3, a folder, and Silero VAD, a file."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a folder with the three networks of DeepFilterNet, or a file with those of Silero."""
        return _is_denoiser(path) or _is_detector(path)

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say whether this cleans speech or finds it."""
        return "denoiser" if _is_denoiser(path) else "voice-detector"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load a model; a `DeepFilterNetwork` or a `VoiceDetector`.

        Raises:
            ModelError: E648 if it is of another version or damaged, E630 if onnxruntime is missing.
        """
        for option, _ in model.options:
            raise ModelError("E648", f"unknown load option {option!r} of models for audio", hint="leave it out")
        if _is_denoiser(path):
            return DeepFilterNetwork(path, device)
        from studio_audio.voice_detector import load_detector

        return load_detector(path)

    def measure(self, opened: Any) -> int:
        """Return the bytes of all weights."""
        return int(opened.measure())

    def close(self, opened: Any) -> None:
        """Release the weights."""
        opened.close()


class DeepFilterNetwork:
    """The three networks of DeepFilterNet 3."""

    def __init__(self, path: Path, device: str) -> None:
        _check_settings(path / "config.ini")
        self._networks: list[OnnxNetwork] = [open_onnx(path / name, device=device, folder=path) for name in _PARTS]

    def filter_frames(self, levels: FloatArray, spectrum: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gains (frames x 32) and filters (frames x 96 x 5 x 2)."""
        encoder, gain_decoder, filter_decoder = self._networks
        found = encoder.run({"feat_erb": levels[None, None], "feat_spec": spectrum[None]})
        gains = gain_decoder.run({name: found[name] for name in ("emb", "e3", "e2", "e1", "e0")}, ["m"])["m"]
        filters = filter_decoder.run({name: found[name] for name in ("emb", "c0")}, ["coefs"])["coefs"]
        frames = len(levels)
        return (
            np.asarray(gains, np.float32).reshape(frames, -1),
            np.asarray(filters, np.float32).reshape(frames, -1, 5, 2),
        )

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return sum(network.measure() for network in self._networks)

    def close(self) -> None:
        """Release the weights."""
        for network in self._networks:
            network.close()


def _is_denoiser(path: Path) -> bool:
    return path.is_dir() and all((path / name).is_file() for name in (*_PARTS, "config.ini"))


def _is_detector(path: Path) -> bool:
    if not path.is_file() or path.suffix.lower() != ".safetensors":
        return False
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if 2 <= size <= 100_000 else {}
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and all(
        isinstance(header.get(name), dict) and header[name].get("shape") == shape for name, shape in _DETECTOR.items()
    )


def _check_settings(path: Path) -> None:
    """Refuse another version of DeepFilterNet, whose frames or bands are others."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        found = {name: parser.getint("df", name) for name in _SETTINGS}
    except (OSError, ValueError, configparser.Error) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError("E648", f"cannot read {path.name!r}: {reason}", where=str(path), hint="get it again") from None
    for name, value in _SETTINGS.items():
        if found[name] != value:
            raise ModelError(
                "E648",
                f"{path.name!r} has {name} {found[name]}, and DeepFilterNet 3 has {value}",
                where=str(path),
                hint="studio models get deepfilternet3",
            )
