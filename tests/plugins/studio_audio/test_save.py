"""Audio written to a file, read back with libsndfile."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from studio.api import Audio, Image, MediaError, OutputPath
from studio.api.audio_tags import AudioTags
from studio.testing import TestContext
from studio_audio.nodes.sources import save_audio
from studio_audio.save import save


@pytest.mark.parametrize(("bits", "step"), [(16, 2.0**-15), (24, 2.0**-23)])
def test_samples_are_rounded_to_the_nearest_step_and_clipped_at_full_scale(
    tmp_path: Path, bits: int, step: float
) -> None:
    values = np.array([0.0, 0.4 * step, 0.6 * step, -0.6 * step, 1.5, -1.5])

    save(Audio(values.astype(np.float32), 8000), OutputPath(tmp_path / "a.wav", "a.wav"), bits, None, print)

    found, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 8000
    assert (found / step).tolist() == [0, 0, 1, -1, 1 / step - 1, -1 / step]


def test_floats_are_kept_over_full_scale(tmp_path: Path) -> None:
    values = np.array([1.5, -2.25, 1e-9], np.float32)

    save(Audio(values, 8000), OutputPath(tmp_path / "a.wav", "a.wav"), "float", None, print)

    assert soundfile.read(tmp_path / "a.wav", dtype="float32")[0].tolist() == values.tolist()


def test_flac_refuses_floats_and_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_text("mine", encoding="utf-8")

    with pytest.raises(MediaError, match="FLAC stores whole numbers"):
        save(Audio(np.zeros(10, np.float32), 8000), OutputPath(tmp_path / "a.flac", "a.flac"), "float", None, print)

    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["mine"]


def test_fewer_kilobits_make_a_smaller_file(tmp_path: Path) -> None:
    audio = Audio(np.random.default_rng(0).uniform(-0.5, 0.5, 96_000).astype(np.float32), 48_000)

    for kilobits in (32, 192):
        save(audio, OutputPath(tmp_path / f"{kilobits}.mp3", f"{kilobits}.mp3"), "auto", kilobits, print)

    sizes = [(tmp_path / f"{kilobits}.mp3").stat().st_size * 8 / 2000 for kilobits in (32, 192)]
    assert sizes == pytest.approx([32, 192], rel=0.15)


@pytest.mark.parametrize(("name", "bits", "warned"), [
    ("a.wav", 16, True), ("a.wav", "float", False), ("a.wav", "auto", False), ("a.flac", "auto", True),
    ("a.flac", 24, True), ("a.mp3", "auto", True), ("a.ogg", "auto", True),
])  # fmt: skip
def test_clipping_is_said_once_with_how_much(tmp_path: Path, name: str, bits: str | int, warned: bool) -> None:
    said: list[str] = []
    audio = Audio(np.array([0.5, 2.0, -1.5, 1.0] * 1000, np.float32), 44_100)

    save(audio, OutputPath(tmp_path / name, name), bits, None, said.append)

    assert len(said) == warned
    assert not warned or "2000 samples are clipped (50 %): the peak is 6.0 dB over full scale" in said[0]


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_tags_are_written_with_chosen_bits_too(tmp_path: Path, name: str) -> None:
    save(Audio(np.zeros(100, np.float32), 8000), OutputPath(tmp_path / name, name), 24, None, print,
         AudioTags("Dawn", "Ana", "Lake", "Ana 2026"))  # fmt: skip

    with soundfile.SoundFile(tmp_path / name) as file:
        assert (file.title, file.artist, file.album, file.copyright) == ("Dawn", "Ana", "Lake", "Ana 2026")
        assert file.subtype == "PCM_24"


@pytest.mark.parametrize(("name", "bits"), [("a.opus", "auto"), ("a.flac", 24)])
def test_a_cover_that_a_file_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, bits: Literal["auto", 24]
) -> None:
    audio, cover = Audio(np.zeros(100, np.float32), 8000), Image(np.zeros((4, 4, 3), np.uint8))

    with pytest.raises(MediaError, match="cover") as caught:
        save_audio(TestContext(), audio, OutputPath(tmp_path / name, name), bits=bits, cover=cover)

    assert caught.value.code == "E512"
    assert not list(tmp_path.iterdir())
