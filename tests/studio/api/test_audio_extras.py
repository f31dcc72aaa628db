"""Tags of audio files that no audio has."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.settings import MediaLimits
from tests.studio.api.media_files import write_tracks
from tests.studio.api.test_stream_choice import write_cover

AUDIO, LIMITS = AudioType(), MediaLimits()


def write_tagged(path: Path, **tags: str) -> None:
    codec = {".mp3": "libmp3lame", ".ogg": "libopus", ".m4a": "aac", ".flac": "flac", ".wav": "pcm_s16le"}[path.suffix]
    with av.open(str(path), "w") as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8192), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48_000
        for each in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(each)


@pytest.mark.parametrize("extension", ["mp3", "ogg", "m4a", "flac", "wav"])
def test_title_and_artist_of_a_file_are_named(tmp_path: Path, extension: str) -> None:
    write_tagged(tmp_path / f"a.{extension}", title="Ode", artist="Jane", encoder="x")
    write_tagged(tmp_path / f"b.{extension}")

    assert list(AUDIO.find_doubts(tmp_path / f"a.{extension}", LIMITS)) == [
        "left out of the audio: title 'Ode', artist 'Jane'; give audio.save what is to be kept"
    ]
    assert list(AUDIO.find_doubts(tmp_path / f"b.{extension}", LIMITS)) == []


@pytest.mark.parametrize("extension", AudioType.extensions)
def test_nothing_is_said_of_what_studio_wrote(tmp_path: Path, extension: str) -> None:
    AUDIO.write_file(Audio(np.zeros(4800), 48_000), tmp_path / f"a.{extension}", '{"title": "Ode"}')

    assert list(AUDIO.find_doubts(tmp_path / f"a.{extension}", LIMITS)) == []


def test_a_cover_is_named_and_a_video_is_none(tmp_path: Path) -> None:
    write_cover(tmp_path / "a.mp4")
    write_tracks(tmp_path / "a.mkv", [(440.0, "eng", True)], videos=[(60, True)])

    assert list(AUDIO.find_doubts(tmp_path / "a.mp4", LIMITS)) == [
        "left out of the audio: a cover; give audio.save what is to be kept"
    ]
    assert list(AUDIO.find_doubts(tmp_path / "a.mkv", LIMITS)) == []
