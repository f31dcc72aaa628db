"""The ready graphs of videos that move: they make what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio_diffusion
import studio_speech
import studio_style
import studio_text
import studio_upscale
import studio_video
from studio.app import RunResult, Studio
from studio.settings import load_settings
from studio_video.subtitles import parse_subtitles

GRAPHS = Path(__file__).parents[3] / "graphs"
PLUGINS = {
    "diffusion": studio_diffusion,
    "speech": studio_speech,
    "style": studio_style,
    "text": studio_text,
    "upscale": studio_upscale,
    "video": studio_video,
}


def run(name: str, folder: Path, **inputs: Any) -> Iterator[RunResult]:
    """Run a ready graph on the model and the media in the box."""
    text = (GRAPHS / name).read_text(encoding="utf-8")
    document = json.loads(text.replace('"media/', f'"{GRAPHS.as_posix()}/media/'))
    document.pop("requires")  # the plugins are given, whether they are installed or not
    settings = load_settings(cache_dir=folder / "cache", device="cpu")
    with Studio(settings, plugins=list(PLUGINS.items()), discover=False, on_disk=False) as studio:
        result = studio.run(document, inputs, output=folder / "out", roots=[GRAPHS])
        assert not result.errors
        yield result


@pytest.mark.slow
def test_a_video_is_made_of_prompts(tmp_path: Path) -> None:
    prompts, story = ["a red apple", "a yellow star"], ["An apple.", "A star."]
    for result in run(
        "film_from_prompts.json", tmp_path, prompts=prompts, story=story, seconds=1.0, width=96, height=96
    ):
        film = result["film"]
        cues = parse_subtitles(result["subtitles"])

        assert (film.width, film.height, film.rate) == (96, 96, 24)
        assert [cue.lines for cue in cues] == [("An apple.",), ("A star.",)]
        assert abs(film.audio.duration - film.duration) < 0.05
        assert sum(1 for _ in film.frames()) == film.count
    assert (tmp_path / "out" / "film.mp4").is_file()


@pytest.mark.slow
def test_a_video_is_made_of_a_sentence(tmp_path: Path) -> None:
    sentence = "A red apple, and then a yellow star"
    for result in run("film_from_sentence.json", tmp_path, sentence=sentence, seconds=1.0, width=96, height=96):
        cues = parse_subtitles(result["subtitles"])

        assert [cue.lines for cue in cues] == [("A red apple.",), ("A yellow star.",)]
        assert result["film"].duration > 2.0


@pytest.mark.slow
def test_an_old_video_is_restored(tmp_path: Path) -> None:
    for result in run("restore_old_film.json", tmp_path, scale=1.0, rate=30.0):
        film = result["film"]
        middle = [frame.image.pixels for frame in film.frames()][30]

        assert (film.width, film.height, film.rate, film.count) == (242, 136, 30, 60)  # 240 pixels of 136:135
        assert np.abs(middle[..., 1] - middle[..., 2]).mean() > 0.05  # the grass is green
        assert film.audio is not None
