"""Where somebody speaks, by the network of Silero VAD (Silero Team 2021-2025): a probability for each 32 ms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from studio.api import Audio, ModelError
from studio_audio.resample import resample_stream

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

RATE, WINDOW, CONTEXT = 16_000, 512, 64
"""Samples that a probability is of, and samples before them that the network hears too."""
LIKELY = 0.5
"""Probability from which somebody speaks."""
_SHAPES = {
    "stft_conv.weight": (258, 1, 256),
    "conv1.weight": (128, 129, 3),
    "conv1.bias": (128,),
    "conv2.weight": (64, 128, 3),
    "conv2.bias": (64,),
    "conv3.weight": (64, 64, 3),
    "conv3.bias": (64,),
    "conv4.weight": (128, 64, 3),
    "conv4.bias": (128,),
    "lstm_cell.weight_ih": (512, 128),
    "lstm_cell.weight_hh": (512, 128),
    "lstm_cell.bias_ih": (512,),
    "lstm_cell.bias_hh": (512,),
    "final_conv.weight": (1, 128, 1),
    "final_conv.bias": (1,),
}
_STRIDES = {"conv1": 1, "conv2": 2, "conv3": 2, "conv4": 1}
_AT_ONCE = 512  # windows


class VoiceDetector:
    """The network; it runs on the CPU, where it is faster than sound by a factor of hundreds."""

    seconds = WINDOW / RATE
    """Length of the audio that a probability is of."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self._tensors = tensors

    def find_speech(self, audio: Audio) -> npt.NDArray[np.float32]:
        """Return the probability of speech in each 32 ms of audio of any rate and channels."""
        state = torch.zeros(2, 1, 128)
        found = [np.zeros(0, np.float32)]
        with torch.inference_mode():
            for windows in _cut_windows(audio):
                made, state = self._run(torch.from_numpy(windows), state)
                found.append(made)
        return np.concatenate(found)

    def _run(self, windows: torch.Tensor, state: torch.Tensor) -> tuple[FloatArray, torch.Tensor]:
        tensors = self._tensors
        spectra = functional.conv1d(
            functional.pad(windows, (0, 64), "reflect")[:, None], tensors["stft_conv.weight"], stride=128
        )
        seen = torch.hypot(spectra[:, :129], spectra[:, 129:])
        for name, stride in _STRIDES.items():
            seen = functional.conv1d(seen, tensors[f"{name}.weight"], tensors[f"{name}.bias"], stride, padding=1).relu()
        weights = [tensors[f"lstm_cell.{name}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        outputs = []
        for each in seen[:, :, 0]:
            hidden, cell = torch.lstm_cell(each[None], (state[0], state[1]), *weights)
            state = torch.stack([hidden, cell])
            outputs.append(hidden)
        last = functional.conv1d(
            torch.cat(outputs).relu()[:, :, None], tensors["final_conv.weight"], tensors["final_conv.bias"]
        )
        probabilities: FloatArray = last.sigmoid()[:, 0, 0].numpy()
        return probabilities, state

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return sum(tensor.nbytes for tensor in self._tensors.values())

    def close(self) -> None:
        """Release the weights."""
        self._tensors = {}


def _cut_windows(audio: Audio) -> Iterator[FloatArray]:
    """Yield windows of mono audio with their contexts, N x 576; the last is padded with silence."""
    held = np.zeros(CONTEXT, np.float32)
    for block in resample_stream(audio, RATE).blocks(WINDOW * _AT_ONCE):
        mono = np.concatenate([held, block.mean(axis=1)])
        whole = (len(mono) - CONTEXT) // WINDOW * WINDOW
        if whole:
            yield _slide(mono[: CONTEXT + whole])
        held = mono[whole:]
    if len(held) > CONTEXT:
        yield _slide(np.pad(held, (0, CONTEXT + WINDOW - len(held))))


def _slide(samples: FloatArray) -> FloatArray:
    return np.lib.stride_tricks.sliding_window_view(samples, CONTEXT + WINDOW)[::WINDOW].copy()


def listen(opened: object, audio: Audio) -> npt.NDArray[np.float32]:
    """Return the probability of speech in each 32 ms of audio.

    Raises:
        ModelError: E648 if an opened model does something else.
    """
    if not isinstance(opened, VoiceDetector):
        raise ModelError("E648", "this model does not find speech", hint="studio models get silero-vad")
    return opened.find_speech(audio)


def find_spoken(probabilities: npt.NDArray[np.float32], threshold: float, per_second: float) -> npt.NDArray[np.bool_]:
    """Return for each of equal parts of a second whether somebody speaks in its middle."""
    count = round(len(probabilities) * VoiceDetector.seconds * per_second)
    middles = (np.arange(count) + 0.5) / per_second
    at = np.minimum((middles / VoiceDetector.seconds).astype(int), max(len(probabilities) - 1, 0))
    spoken: npt.NDArray[np.bool_] = probabilities[at] >= threshold
    return spoken


def find_ends(probabilities: npt.NDArray[np.float32], threshold: float) -> tuple[float, float]:
    """Return from when to when somebody speaks, in seconds; (0, 0) if nobody does."""
    loud = np.flatnonzero(probabilities >= threshold)
    seconds = VoiceDetector.seconds
    return (float(loud[0]) * seconds, float(loud[-1] + 1) * seconds) if len(loud) else (0.0, 0.0)


def load_detector(path: Path) -> VoiceDetector:
    """Load the network.

    Raises:
        ModelError: E648 if it is damaged or of another version.
    """
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(path)
    for name, shape in _SHAPES.items():
        if name not in tensors or tuple(tensors[name].shape) != shape or not tensors[name].isfinite().all():
            raise ModelError(
                "E648",
                f"{path.name!r} has no {name!r} of {' x '.join(map(str, shape))} numbers",
                where=str(path),
                hint="studio models get silero-vad",
            )
    return VoiceDetector({name: tensors[name].float() for name in _SHAPES})
