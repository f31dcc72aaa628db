"""Where somebody speaks, by the network of Silero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from studio.api import Audio, Model, ModelError
from studio.testing import TestContext, check_model_opener, check_node_type
from studio_audio.cleaning_opener import CleaningOpener
from studio_audio.nodes.edits import trim_silence
from studio_audio.nodes.shaping import duck_audio
from studio_audio.voice_detector import _SHAPES, VoiceDetector, find_ends, find_spoken


def write_detector(path: Path) -> Path:
    generator = torch.Generator().manual_seed(3)
    save_file({name: 0.1 * torch.randn(shape, generator=generator) for name, shape in _SHAPES.items()}, path)
    return path


def open_detector(path: Path) -> VoiceDetector:
    found = CleaningOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
    assert isinstance(found, VoiceDetector)
    return found


class Reference(nn.Module):
    """The network as modules of torch, one window after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 258, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(129, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm_cell = nn.LSTMCell(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def forward(self, samples: torch.Tensor) -> list[float]:
        state, found = None, []
        padded = nn.functional.pad(samples, (64, -len(samples) % 512))
        for start in range(0, len(padded) - 64, 512):
            window = nn.functional.pad(padded[None, start : start + 576], (0, 64), "reflect")
            real, imaginary = self.stft_conv(window[:, None]).chunk(2, dim=1)
            seen = (real**2 + imaginary**2).sqrt()
            for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
                seen = layer(seen).relu()
            state = self.lstm_cell(seen[:, :, 0], state)
            found.append(float(self.final_conv(state[0].relu()[:, :, None]).sigmoid()))
        return found


def test_probabilities_are_those_of_the_network_window_by_window(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "vad.safetensors")
    samples = np.random.default_rng(0).standard_normal(512 * 600 + 100).astype(np.float32)
    reference = Reference()
    reference.load_state_dict(open_detector(path)._tensors)

    found = open_detector(path).find_speech(Audio(samples, 16_000))

    with torch.inference_mode():
        wanted = reference(torch.from_numpy(samples))
    assert len(found) == len(wanted) == 601
    assert np.abs(found - wanted).max() < 1e-5


def test_stereo_of_another_rate_is_heard_in_mono_at_16_kilohertz(tmp_path: Path) -> None:
    detector = open_detector(write_detector(tmp_path / "vad.safetensors"))

    assert len(detector.find_speech(Audio(np.zeros((48_000, 2), np.float32), 48_000))) == 32


def test_speech_begins_and_ends_with_the_first_and_last_probable_window() -> None:
    assert find_ends(np.float32([0, 0.2, 0.6, 0.1, 0.9, 0.3]), 0.5) == pytest.approx((2 * 0.032, 5 * 0.032))
    assert find_ends(np.float32([0.1]), 0.5) == (0.0, 0.0)


class FakeDetector(VoiceDetector):
    """Hears speech in the third of four windows."""

    def __init__(self) -> None:
        super().__init__({})

    def find_speech(self, audio: Audio) -> np.ndarray:
        return np.float32([0, 0, 1, 0])


def test_audio_is_trimmed_to_the_speech_in_it() -> None:
    audio = Audio(np.full((2048, 1), 0.5, np.float32), 16_000)
    ctx = TestContext(models={"local:vad": FakeDetector()})

    made = trim_silence(ctx, audio, keep_seconds=0.01, model=Model("local:vad"))

    assert (made.start, made.end) == pytest.approx((0.054, 0.106))
    assert made.audio.frames == 512 + 2 * 160


def test_music_is_down_where_somebody_speaks_and_not_where_it_is_loud_alone() -> None:
    music = Audio(np.full((2048, 1), 0.5, np.float32), 16_000)
    ctx = TestContext(models={"local:vad": FakeDetector()})

    made = duck_audio(
        ctx, music, music, amount=20, attack=0.01, hold=0, release=0.01, model=Model("local:vad")
    ).audio.samples[:, 0]

    assert made[round(0.04 * 16_000)] == pytest.approx(0.5)
    assert made[round(0.08 * 16_000)] == pytest.approx(0.05, rel=1e-3)
    assert made[-1] == pytest.approx(0.5)


class LateDetector(VoiceDetector):
    """Hears speech in the last second of 10 minutes."""

    def __init__(self) -> None:
        super().__init__({})

    def find_speech(self, audio: Audio) -> np.ndarray:
        found = np.zeros(round(audio.duration / self.seconds), np.float32)
        found[-round(1 / self.seconds) :] = 1
        return found


def test_music_at_odd_rates_is_down_when_the_voice_begins() -> None:
    music = Audio(np.full((600 * 11_025, 1), 0.5, np.float32), 11_025)
    ctx = TestContext(models={"local:vad": LateDetector()})

    made = duck_audio(ctx, music, music, amount=20, attack=0.1, hold=0, release=0.1, model=Model("local:vad")).audio

    below = np.flatnonzero(np.concatenate([block[:, 0] for block in made.blocks(65_536)]) < 0.06)
    assert below[0] / 11_025 == pytest.approx(599, abs=0.05)


@pytest.mark.parametrize(("per_second", "expected"), [(100, [6, 9]), (50, [3, 4])])
def test_probabilities_are_read_in_the_middle_of_each_part(per_second: int, expected: list[int]) -> None:
    spoken = find_spoken(np.float32([0, 0, 1, 0]), 0.5, per_second)

    assert len(spoken) == round(4 * 0.032 * per_second)
    assert [int(index) for index in np.flatnonzero(spoken)[[0, -1]]] == expected


def test_trimming_by_level_is_as_before() -> None:
    check_node_type(trim_silence, audio=Audio(np.pad(np.full(800, 0.5, np.float32), 800), 8_000))


def test_a_model_that_does_something_else_is_refused() -> None:
    audio = Audio(np.zeros((2048, 1), np.float32), 16_000)

    with pytest.raises(ModelError, match="E648"):
        trim_silence(TestContext(models={"local:x": object()}), audio, model=Model("local:x"))


def test_the_opener_keeps_its_promises(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "vad.safetensors")

    assert CleaningOpener().find_kind(path, Model(f"file:{path}")) == "voice-detector"
    check_model_opener(CleaningOpener(), path)


def test_weights_that_are_incomplete_are_refused(tmp_path: Path) -> None:
    tensors = {name: torch.zeros(shape) for name, shape in _SHAPES.items() if name != "conv3.bias"}
    save_file(tensors, tmp_path / "vad.safetensors")

    with pytest.raises(ModelError, match=r"'conv3\.bias'"):
        open_detector(tmp_path / "vad.safetensors")
