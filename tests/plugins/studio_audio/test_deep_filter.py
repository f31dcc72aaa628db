"""Speech freed of noise by DeepFilterNet: what goes into the networks, and what is made of their answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import Audio, MediaError, Model, ModelError
from studio.testing import TestContext, check_node_type
from studio_audio.cleaning_opener import CleaningOpener
from studio_audio.deep_filter import denoise_speech, find_bands
from studio_audio.nodes.effects import denoise_audio

WIDTHS = [2] * 13 + [5, 5, 7, 7, 8, 10, 12, 13, 15, 18, 20, 24, 28, 31, 37, 42, 50, 56, 67]
"""Bins of the 32 bands at 48 kHz with 960 samples (libDF of Schröter et al.)."""
SETTINGS = "[df]\nsr = 48000\nfft_size = 960\nhop_size = 480\nnb_erb = 32\nnb_df = 96\ndf_order = 5\ndf_lookahead = 2\n"


class FakeNetwork:
    """Returns the same gain and the same filter for each frame; remembers what it was given."""

    def __init__(self, gain: float = 1.0, centre: float = 1.0) -> None:
        self.gain, self.centre = gain, centre
        self.levels: list[np.ndarray] = []
        self.spectra: list[np.ndarray] = []

    def filter_frames(self, levels: np.ndarray, spectrum: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.levels.append(levels)
        self.spectra.append(spectrum)
        frames = len(levels)
        filters = np.zeros((frames, 96, 5, 2), np.float32)
        filters[:, :, 2, 0] = self.centre
        return np.full((frames, 32), self.gain, np.float32), filters


def make_noise(seconds: float, rate: int = 48_000, channels: int = 1) -> Audio:
    rng = np.random.default_rng(1)
    return Audio(0.2 * rng.standard_normal((round(seconds * rate), channels)).astype(np.float32), rate)


def denoise(audio: Audio, network: FakeNetwork, reduction: float = 200.0) -> np.ndarray:
    return denoise_speech(audio, network, reduction, lambda done, total: None).samples


def test_bands_are_those_that_the_network_was_trained_with() -> None:
    assert find_bands() == WIDTHS
    assert sum(WIDTHS) == 481


@pytest.mark.parametrize("frames", [1, 479, 480, 481, 48_000, 480 * 1000 - 1, 480 * 1000 + 7, 480 * 2100])
def test_gains_of_one_and_filters_that_take_the_frame_itself_change_nothing(frames: int) -> None:
    audio = make_noise(frames / 48_000)

    assert np.abs(denoise(audio, FakeNetwork()) - audio.samples).max() < 1e-5


def test_channels_are_cleaned_each_by_itself() -> None:
    audio = make_noise(0.5, channels=2)

    made = denoise(audio, FakeNetwork())

    assert made.shape == audio.samples.shape
    assert np.abs(made - audio.samples).max() < 1e-5


def test_another_rate_is_converted_and_keeps_its_length() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(30_871) / 44_100).astype(np.float32)

    made = denoise(Audio(tone, 44_100), FakeNetwork())

    assert made.shape == (30_871, 1)
    assert np.abs(made[2000:-2000, 0] - tone[2000:-2000]).max() < 1e-4


def test_gains_of_zero_leave_what_the_reduction_leaves() -> None:
    audio = make_noise(0.5)

    assert np.abs(denoise(audio, FakeNetwork(0.0, 0.0))).max() < 1e-6
    assert np.allclose(denoise(audio, FakeNetwork(0.0, 0.0), reduction=20.0), 0.1 * audio.samples, atol=1e-5)


def test_the_network_sees_two_frames_ahead_and_the_state_before_a_block() -> None:
    audio = make_noise(12.0)
    network = FakeNetwork()

    denoise(audio, network)

    first, second = network.levels[0], network.levels[1]
    assert (len(first), len(second)) == (1000, 150 + 201)
    assert np.array_equal(first[-150:], second[:150])
    assert not second[-2:].any()  # beyond the end


def test_steady_noise_has_levels_around_zero_after_a_while() -> None:
    network = FakeNetwork()

    denoise(make_noise(8.0), network)

    assert np.abs(network.levels[0][500:790].mean(axis=0)).max() < 0.02


def test_nan_of_the_network_is_an_error() -> None:
    with pytest.raises(MediaError, match="E649"):
        denoise(make_noise(0.1), FakeNetwork(float("nan")))


def test_the_node_type_returns_what_was_removed_too() -> None:
    audio = make_noise(0.5)
    model = Model("local:deep")
    ctx = TestContext(models={"local:deep": FakeNetwork(0.0, 0.0)})

    made = denoise_audio(ctx, audio, reduction=20.0, model=model)

    assert np.allclose(made.audio.samples + made.noise.samples, audio.samples, atol=1e-6)
    assert np.allclose(made.audio.samples, 0.1 * audio.samples, atol=1e-5)


def test_a_model_that_does_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match="E648"):
        denoise_audio(TestContext(models={"local:x": object()}), make_noise(0.1), model=Model("local:x"))


def test_an_old_graph_keeps_its_fingerprint_without_the_new_input() -> None:
    check_node_type(denoise_audio, audio=make_noise(0.3))


def write_folder(folder: Path, settings: str) -> Path:
    for name in ("enc.onnx", "erb_dec.onnx", "df_dec.onnx"):
        (folder / name).write_bytes(b"")
    (folder / "config.ini").write_text(settings)
    return folder


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (SETTINGS.replace("48000", "16000"), "has sr 16000, and DeepFilterNet 3 has 48000"),
        ("[train]\n", "cannot read"),
        (SETTINGS.replace("= 960", "= many"), "cannot read"),
    ],
)
def test_another_version_is_refused(tmp_path: Path, settings: str, message: str) -> None:
    path = write_folder(tmp_path, settings)
    model = Model(f"file:{path}")

    assert CleaningOpener().can_open(path, model)
    assert CleaningOpener().find_kind(path, model) == "denoiser"
    with pytest.raises(ModelError, match="E648") as raised:
        CleaningOpener().open(path, model, device="cpu", dtype="float32", parts={})
    assert message in str(raised.value)
