"""Facts about video files: by the header, by the packets, and what a person should know of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.api.image import Image
from studio.api.video import Video
from studio.api.video_probing import find_damage, find_warnings, probe_file
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.videos import LIMITS, VIDEO, make_ramp, make_video


def make_facts(**video: Any) -> dict[str, Any]:
    return {"video": [video]}


def test_a_file_is_described_by_container_video_and_audio(tmp_path: Path) -> None:
    audio = Audio(np.zeros((48_000, 2), np.float32), 48_000)
    VIDEO.write_file(Video.from_images(make_ramp(25), Fraction(25), audio), tmp_path / "a.mp4", None)

    facts = probe_file(tmp_path / "a.mp4", LIMITS)

    (video,), (sound,) = facts["video"], facts["audio"]
    assert "mp4" in facts["container"]
    assert facts["bytes"] == (tmp_path / "a.mp4").stat().st_size
    assert facts["seconds"] == pytest.approx(1.0, abs=0.05)
    assert (video["codec"], video["width"], video["height"], video["pixel_format"]) == ("h264", 64, 48, "yuv420p")
    assert (video["rate"], video["header_frames"], video["frames"], video["rotation"]) == (25.0, 25, 25, 0)
    assert video["seconds"] == pytest.approx(1.0)
    assert not video["variable_rate"]
    assert not video["broken"]
    assert (sound["codec"], sound["rate"], sound["channels"]) == ("aac", 48_000, 2)
    assert find_warnings(facts) == []


def test_unevenly_spaced_frames_are_seen_and_warned_of(tmp_path: Path) -> None:
    VIDEO.write_file(make_video(make_ramp(5), [0.0, 0.1, 0.4, 0.5, 1.0]), tmp_path / "a.mkv", None)

    facts = probe_file(tmp_path / "a.mkv", LIMITS)

    assert facts["video"][0]["variable_rate"]
    assert find_warnings(facts) == ["the frames are unevenly spaced; they keep their times"]


def test_a_truncated_file_has_fewer_frames_than_its_header_declares(tmp_path: Path) -> None:
    VIDEO.write_file(Video.from_images(make_ramp(50, (240, 320)), 25), tmp_path / "a.mp4", None)
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 3 // 4])

    facts = probe_file(tmp_path / "b.mp4", LIMITS)

    found = facts["video"][0]["frames"]
    assert 0 < found < 50
    assert find_damage(facts) == [
        f"the file is truncated or damaged: it has {found} frames of the 50 that its header declares"
    ]


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "mov"])
def test_audio_that_ends_before_its_declared_end_is_named(tmp_path: Path, extension: str) -> None:
    rng = np.random.default_rng(1)
    audio = Audio(rng.normal(0, 0.1, (3 * 48_000, 1)).astype(np.float32), 48_000)
    images = [Image(rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)) for _ in range(75)]
    VIDEO.write_file(Video.from_images(images, 25, audio), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / f"b.{extension}").write_bytes(data[: len(data) * 2 // 3])

    doubts = VIDEO.find_doubts(tmp_path / f"b.{extension}", LIMITS)

    assert VIDEO.find_doubts(tmp_path / f"a.{extension}", LIMITS) == []
    assert [doubt for doubt in doubts if doubt.startswith("the audio is truncated or damaged: the last 1.")]


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "mov"])
def test_audio_that_is_shorter_than_its_video_is_whole(tmp_path: Path, extension: str) -> None:
    audio = Audio(np.zeros((48_000, 1), np.float32), 48_000)
    path = tmp_path / f"a.{extension}"
    VIDEO.write_file(Video.from_images(make_ramp(50), 25, audio), path, None)

    assert VIDEO.find_doubts(path, LIMITS) == []
    assert AudioType().find_doubts(path, LIMITS) == []


def test_a_file_of_audio_alone_has_no_video(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)

    facts = probe_file(tmp_path / "a.wav", LIMITS)

    assert facts["video"] == []
    assert facts["audio"][0]["seconds"] == pytest.approx(1.0)
    assert find_warnings(facts) == []


def test_what_is_no_media_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"junk" * 100)

    with pytest.raises(MediaError) as caught:
        probe_file(tmp_path / "a.mp4", MediaLimits())
    assert caught.value.code == "E511"


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ({"header_frames": 10, "frames": 10, "hidden_frames": 0}, []),
        ({"header_frames": 10, "frames": 8, "hidden_frames": 2}, []),
        ({"header_frames": None, "frames": 8, "hidden_frames": 0}, []),
        ({"header_frames": 10, "frames": 12}, ["the header declares 10 frames, the file has 12"]),
        (
            {"header_frames": 10, "frames": 8, "hidden_frames": 1},
            ["the file is truncated or damaged: it has 8 frames of the 10 that its header declares"],
        ),
        ({"frames": 8, "broken": True}, ["the file is truncated or damaged: it has 8 frames"]),
        ({"codec": None}, []),
    ],
)
def test_damage_is_where_header_and_packets_differ(video: dict[str, Any], expected: list[str]) -> None:
    assert find_damage(make_facts(**video)) == expected


def test_further_videos_of_a_file_are_warned_of() -> None:
    facts = {"video": [{"frames": 1}, {"frames": 1}]}

    assert find_warnings(facts) == ["the file contains 2 videos; track 1 is used"]
