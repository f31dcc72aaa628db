"""Facts about video files: by the header, by the packets, and what a person should know of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.api.image import Image
from studio.api.video import Video
from studio.api.video_probing import find_damage, find_warnings, probe_file
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.media_files import make_corner, write_frames
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


def test_an_avi_that_repeats_frames_is_whole(tmp_path: Path) -> None:
    frames = [make_corner()] * 4
    write_frames(tmp_path / "a.avi", frames, codec="mpeg4", pixels="yuv420p", times=[0, 2, 3, 6])

    facts = probe_file(tmp_path / "a.avi", LIMITS)

    assert (facts["video"][0]["header_frames"], facts["video"][0]["frames"]) == (7, 4)
    assert find_damage(facts) == []


def test_an_avi_that_is_cut_off_is_named_although_it_repeats_frames(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.avi", [make_corner()] * 4, codec="mpeg4", pixels="yuv420p", times=[0, 2, 3, 6])
    data = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "b.avi").write_bytes(data[: data.rfind(b"00dc", 0, data.rfind(b"idx1"))])

    facts = probe_file(tmp_path / "b.avi", LIMITS)

    assert find_damage(facts) == ["the file is truncated or damaged: it has 3 frames of the 7 that its header declares"]


@pytest.mark.parametrize("extension", ["mkv", "webm"])
def test_a_matroska_file_that_is_cut_off_ends_with_its_last_frame(tmp_path: Path, extension: str) -> None:
    rng = np.random.default_rng(1)
    images = [Image(rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)) for _ in range(25)]
    VIDEO.write_file(Video.from_images(images, 25), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / f"b.{extension}").write_bytes(data[: len(data) // 2])

    video = VIDEO.read_file(tmp_path / f"b.{extension}", LIMITS)
    times = [frame.time for frame in video.frames()]

    assert 0 < len(times) < 25
    assert video.count is None
    assert video.duration == pytest.approx(times[-1] + 0.04, abs=0.002)
    assert VIDEO.find_doubts(tmp_path / f"b.{extension}", LIMITS) == [
        f"the file is truncated or damaged: it has {len(times)} frames"
    ]


def test_a_video_that_is_cut_off_before_its_audio_begins_is_read_without(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        video: Any = container.add_stream("ffv1", rate=25, width=64, height=48, pix_fmt="yuv420p")
        container.add_stream("aac", rate=48_000)
        for image in make_ramp(3):
            container.mux(video.encode(av.VideoFrame.from_ndarray(image.to_uint8(), "rgb24")))
        container.mux(video.encode(None))

    read = VIDEO.read_file(tmp_path / "a.mkv", LIMITS)

    assert read.audio is None
    assert VIDEO.find_doubts(tmp_path / "a.mkv", LIMITS) == [
        "audio track 1 has nothing that can be decoded; the file may be cut off"
    ]


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
