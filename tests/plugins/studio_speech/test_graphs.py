"""The graphs that are ready to run: they make what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import studio_image
import studio_speech
from studio.api import AudioType, MediaLimits
from studio.app import RunResult, Studio
from studio.settings import load_settings
from tests.plugins.studio_speech.test_subtitles import read_srt

GRAPHS = Path(__file__).parents[3] / "graphs"


def run(name: str, folder: Path) -> RunResult:
    settings = load_settings(cache_dir=folder / "cache", device="cpu")
    given = [("speech", studio_speech), ("image", studio_image)]
    document = json.loads((GRAPHS / name).read_text(encoding="utf-8"))
    document.pop("requires")  # the plugins are given, whether they are installed or not
    with Studio(settings, plugins=given, discover=False, on_disk=False) as studio:
        return studio.run(document, output=folder / "out")


def test_speak_makes_speech_subtitles_and_lips(tmp_path: Path) -> None:
    result = run("speak.json", tmp_path)

    assert not result.errors
    speech = AudioType().read_file(next((tmp_path / "out").glob("speech.flac")), MediaLimits())
    cues = read_srt((tmp_path / "out" / "speech.srt").read_text(encoding="utf-8"))
    assert np.allclose(speech.samples, result["speech"].samples, atol=2**-23)  # FLAC has 24 bits
    assert cues[-1][1] <= speech.duration + 0.001
    assert len(result["lips"]) == pytest.approx(speech.duration * 25, abs=1)
    assert max(result["lips"]) > 0.9


def test_narrated_image_makes_an_image_and_a_voice(tmp_path: Path) -> None:
    result = run("narrated_picture.json", tmp_path)

    assert not result.errors
    assert result["picture"].width > 960
    assert result["narration"].duration > 6
    text = (tmp_path / "out" / "narration.srt").read_text(encoding="utf-8")
    assert " ".join(" ".join(lines) for _, _, lines in read_srt(text)).startswith("The sun goes down over the sea.")
