"""Which streams are read: the default ones, or those that are asked for; a cover is no video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from studio.api.audio_file import AudioType
from studio.api.stream_choice import normalize_language
from studio.api.video_probing import find_warnings, probe_file
from studio.errors import MediaError
from tests.studio.api.media_files import make_tone, measure_pitch, write_part, write_tracks
from tests.studio.api.videos import LIMITS, VIDEO

TONES = [(440.0, "eng", False), (880.0, "ger", True), (1320.0, "fre", False)]


def find_pitch(audio: Any) -> float:
    return round(measure_pitch(audio.samples[:, 0]) / 440) * 440


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_tracks(tmp_path / "a.mkv", TONES, videos=[(60, False), (200, True)])
    return tmp_path / "a.mkv"


def test_streams_that_are_marked_as_default_are_read(path: Path) -> None:
    video = VIDEO.read_file(path, LIMITS)

    assert find_pitch(video.audio) == 880
    assert next(video.frames()).image.to_uint8().mean() > 150
    assert find_pitch(AudioType().read_file(path, LIMITS)) == 880
    assert "the file contains 2 videos; track 2 is used" in find_warnings(probe_file(path, LIMITS))


@pytest.mark.parametrize(
    ("asked", "pitch"),
    [
        ({"track": 1}, 440),
        ({"track": 3}, 1320),
        ({"language": "eng"}, 440),
        ({"language": "fr"}, 1320),
        ({"language": "fra"}, 1320),
        ({"language": "DE"}, 880),
    ],
)
def test_audio_is_chosen_by_its_number_or_language(path: Path, asked: dict[str, Any], pitch: float) -> None:
    audio = AudioType().read_tracks(path, LIMITS, **asked)
    video = VIDEO.read_tracks(path, LIMITS, audio_track=asked.get("track"), language=asked.get("language", ""))

    assert find_pitch(audio) == pitch
    assert find_pitch(video.audio) == pitch


def test_a_video_is_chosen_by_its_number_and_is_another_value(path: Path) -> None:
    video = VIDEO.read_tracks(path, LIMITS, video_track=1)

    assert next(video.frames()).image.to_uint8().mean() < 100
    assert video.origin is None
    assert VIDEO.read_tracks(path, LIMITS).origin == path


@pytest.mark.parametrize("asked", [{"audio_track": 4}, {"video_track": 3}, {"language": "ita"}])
def test_what_the_file_lacks_is_refused_with_what_it_has(path: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(MediaError) as caught:
        VIDEO.read_tracks(path, LIMITS, **asked)

    assert caught.value.code == "E511"
    assert any(word in caught.value.message for word in ("the file has 3", "the file has 2", "eng, fre, ger"))


def write_cover(path: Path) -> None:
    """A song with a cover."""
    from av.stream import Disposition

    with av.open(str(path), "w") as container:
        sound: Any = container.add_stream("aac", rate=48_000, layout="mono")
        cover: Any = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 100, np.uint8), format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1)
        container.mux(cover.encode(frame.reformat(format="yuvj420p")))
        container.mux(cover.encode(None))
        tone = make_tone(1.0, 440.0, 48_000).astype(np.float32) / 32_768
        for start in range(0, 48_000, 960):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 960], format="fltp", layout="mono")
            block.rate, block.pts, block.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def test_an_attached_cover_is_no_video(tmp_path: Path) -> None:
    write_cover(tmp_path / "a.mp4")

    facts = probe_file(tmp_path / "a.mp4", LIMITS)
    with pytest.raises(MediaError) as caught:
        VIDEO.read_file(tmp_path / "a.mp4", LIMITS)

    assert (facts["video"], facts["covers"]) == ([], 1)
    assert "no video" in caught.value.message


@pytest.mark.parametrize(("code", "expected"), [("ger", "de"), ("deu", "de"), ("DE-at", "de"), ("und", "und")])
def test_codes_of_a_language_mean_the_same(code: str, expected: str) -> None:
    assert normalize_language(code) == expected


def test_of_equal_videos_one_with_frames_is_taken(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams: list[Any] = []
        for _ in range(3):
            stream: Any = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.disposition = Disposition.default
            streams.append(stream)
        container.start_encoding()
        for index in range(5):
            frame: Any = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 200, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(streams[2].encode(frame))
        container.mux(streams[2].encode(None))

    assert len(list(VIDEO.read_file(tmp_path / "a.mkv", LIMITS).frames())) == 5


def test_audio_that_a_file_declares_and_does_not_have_is_told(tmp_path: Path) -> None:
    whole = write_part(tmp_path / "a.ts", 440, 60)
    packets = [whole[at : at + 188] for at in range(0, len(whole), 188)]
    kept = b"".join(packet for packet in packets if int.from_bytes(packet[1:3], "big") & 0x1FFF != 0x101)
    (tmp_path / "b.ts").write_bytes(kept)

    video = VIDEO.read_file(tmp_path / "b.ts", LIMITS)

    assert video.audio is None
    assert len(list(video.frames())) == 25
    assert any("audio track 1 has nothing" in doubt for doubt in VIDEO.find_doubts(tmp_path / "b.ts", LIMITS))
