"""Audio from files and videos, to files, and from nothing."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from studio.api import Audio, File, Image, MediaError, OutputPath, Video
from studio.testing import TestContext
from studio_audio.nodes import sources
from tests.plugins.studio_audio.signals import find_frequency, find_rms, make_tone

CTX = TestContext()


@pytest.mark.parametrize("shape", ["sine", "square", "triangle", "sawtooth"])
def test_a_tone_has_its_frequency_and_does_not_alias(shape: str) -> None:
    tone = sources.make_tone(CTX, frequency=3000.0, shape=shape, sample_rate=16_000, level=0.0)

    spectrum = np.abs(np.fft.rfft(tone.samples[:, 0]))
    assert find_frequency(tone) == pytest.approx(3000, abs=1)
    away = np.arange(len(spectrum)) % 3000 != 0
    assert spectrum[away].max() < 0.01 * spectrum.max()


def test_a_glide_ends_where_it_should() -> None:
    glide = sources.make_tone(CTX, frequency=200.0, end_frequency=2000.0, sample_rate=16_000)

    assert find_frequency(Audio(glide.samples[-400:], 16_000)) == pytest.approx(1900, rel=0.05)
    with pytest.raises(MediaError, match="no frequency 9000"):
        sources.make_tone(CTX, frequency=9000.0, sample_rate=16_000)


@pytest.mark.parametrize(("color", "slope"), [("white", 0), ("pink", -3), ("brown", -6)])
def test_noise_has_its_level_and_its_slope(color: str, slope: float) -> None:
    noise = sources.make_noise(CTX, kind=color, seconds=4.0, sample_rate=16_000, level=-20.0)

    power = np.abs(np.fft.rfft(noise.samples[:, 0])) ** 2
    levels = [10 * np.log10(power[4 * f : 8 * f].mean()) for f in (200, 400, 800, 1600)]
    assert find_rms(noise) == pytest.approx(0.1, rel=0.02)
    assert np.diff(levels).mean() == pytest.approx(slope, abs=0.5)


def load(path: Path) -> Audio:
    return sources.load_audio(CTX, File(path, "0" * 64, 1))


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_whole_numbers_come_back_bit_for_bit(tmp_path: Path, suffix: str, bits: int, channels: int) -> None:
    top = 2 ** (bits - 1)
    whole = np.random.default_rng(0).integers(-top, top, (5000, channels))
    sound = Audio((whole / top).astype(np.float32), 96_000)

    sources.save_audio(CTX, sound, OutputPath(tmp_path / f"a{suffix}", f"a{suffix}"), bits=bits)

    assert load(tmp_path / f"a{suffix}") == sound
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize(("suffix", "rate"), [(".mp3", 44_100), (".m4a", 44_100), (".opus", 48_000), (".ogg", 44_100)])
@pytest.mark.parametrize("kilobits", [None, 96])
def test_coded_audio_has_the_right_length_level_and_pitch(
    tmp_path: Path, suffix: str, rate: int, kilobits: int | None
) -> None:
    tone = make_tone(1000, 1.5, rate=rate, channels=2)

    sources.save_audio(CTX, tone, OutputPath(tmp_path / f"a{suffix}", f"a{suffix}"), bitrate=kilobits)
    back = load(tmp_path / f"a{suffix}")

    assert back.duration == pytest.approx(1.5, abs=0.06)
    assert find_rms(Audio(back.samples[5000:-5000], rate)) == pytest.approx(
        0.354, rel=0.06
    )  # LAME takes 5 % off at 96 kbit/s
    assert find_frequency(back) == pytest.approx(1000, abs=2)


@pytest.mark.parametrize(
    ("name", "channels", "bits"),
    [("a.mp3", 6, "auto"), ("a.xyz", 1, "auto"), ("a.flac", 1, "float"), ("a.m4a", 9, 16)],
)
def test_what_a_format_does_not_hold_is_told_and_leaves_nothing(
    tmp_path: Path, name: str, channels: int, bits: str | int
) -> None:
    with pytest.raises(MediaError) as caught:
        sources.save_audio(CTX, make_tone(channels=channels, seconds=0.1), OutputPath(tmp_path / name, name), bits=bits,
                           bitrate=128)  # fmt: skip

    assert caught.value.code == "E512"
    assert not list(tmp_path.iterdir())


def test_the_audio_of_a_video_is_taken_and_a_silent_video_refused() -> None:
    picture = Image(np.zeros((4, 4, 3), np.uint8))

    assert sources.take_video_audio(CTX, Video.from_images([picture], Fraction(1), make_tone())) == make_tone()
    with pytest.raises(MediaError, match="no audio"):
        sources.take_video_audio(CTX, Video.from_images([picture], Fraction(1)))


def test_a_file_that_is_cut_off_is_loaded_with_a_warning(tmp_path: Path) -> None:
    ctx, tone = TestContext(), make_tone(440.0)
    sources.save_audio(ctx, tone, OutputPath(tmp_path / "a.wav", "a.wav"))
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(data[: len(data) // 2])

    audio = sources.load_audio(ctx, File(tmp_path / "b.wav", "0" * 64, 1))

    assert 0.4 < audio.duration / tone.duration < 0.51
    assert ["truncated" in message for message in ctx.messages] == [True]


def test_two_loud_tones_leave_a_warning_of_clipping(tmp_path: Path) -> None:
    ctx, tone = TestContext(), make_tone(440.0)
    both = Audio(2 * tone.samples * 10 ** (5 / 20), tone.rate)

    sources.save_audio(ctx, both, OutputPath(tmp_path / "a.flac", "a.flac"))

    (message,) = ctx.messages
    assert "5.0 dB over full scale" in message
