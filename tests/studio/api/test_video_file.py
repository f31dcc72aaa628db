"""Videos as a value type: through files of every format, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import create_environment

from studio.api.audio import Audio
from studio.api.image import Image
from studio.api.video import Video
from studio.api.video_file import VideoType
from studio.errors import MediaError
from tests.studio.api.videos import GRAPH, LIMITS, VIDEO, make_ramp


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_a_video_goes_through_every_format(tmp_path: Path, extension: str) -> None:
    audio = Audio(0.25 * np.sin(np.arange(48_000) / 20), 48_000)
    video = Video.from_images(make_ramp(25), 25, audio)

    VIDEO.write_file(video, tmp_path / f"a.{extension}", GRAPH)

    seen = VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS)
    frames = list(seen.frames())
    assert (seen.width, seen.height, seen.channels, seen.rate) == (64, 48, 3, 25)
    assert [round(frame.time, 3) for frame in frames] == [round(index / 25, 3) for index in range(25)]
    for frame, image in zip(frames, video.frames(), strict=True):
        assert np.abs(frame.image.pixels - image.image.pixels).max() < 0.02
    assert VIDEO.read_provenance(tmp_path / f"a.{extension}") == GRAPH
    if extension not in ("gif", "apng", "webp"):
        assert seen.audio is not None
        assert abs(seen.audio.duration - 1.0) < (0.025 if extension == "mkv" else 0.001)
        assert abs(float(np.abs(seen.audio.samples).max()) - 0.25) < 0.02


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_two_megabytes_of_provenance_come_back(tmp_path: Path, extension: str) -> None:
    text = json.dumps({"prompt": "ä" * 333_000, "more": "x" * 10_000})

    VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / f"a.{extension}", text)

    assert VIDEO.read_provenance(tmp_path / f"a.{extension}") == text
    assert sum(1 for _ in VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()) == 2


def test_a_foreign_video_has_no_provenance(tmp_path: Path) -> None:
    make_ramp(1)[0].to_pillow().save(tmp_path / "a.gif", comment=b"hello")
    VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / "a.mp4", None)

    assert VIDEO.read_provenance(tmp_path / "a.gif") is None
    assert VIDEO.read_provenance(tmp_path / "a.mp4") is None


def test_flash_and_click_stay_together_through_store_and_file(tmp_path: Path) -> None:
    rate, seconds = 25, 6
    images = [Image(np.full((32, 32, 3), 255 if index % rate == 0 else 0, np.uint8)) for index in range(rate * seconds)]
    clicks = np.zeros(8000 * seconds, np.float32)
    for second in range(seconds):
        clicks[8000 * second : 8000 * second + 80] = 0.9

    VIDEO.encode(Video.from_images(images, rate, Audio(clicks, 8000)), tmp_path / "a.nut")
    VIDEO.write_file(VIDEO.decode(tmp_path / "a.nut"), tmp_path / "a.mp4", None)

    seen = VIDEO.read_file(tmp_path / "a.mp4", LIMITS)
    flashes = [frame.time for frame in seen.frames() if frame.image.pixels.mean() > 0.5]
    assert seen.audio is not None
    loud = np.abs(seen.audio.samples[:, 0]) > 0.4
    starts = [i / 8000 for i in np.flatnonzero(loud) if not loud[max(0, i - 2000) : i].any()]
    np.testing.assert_allclose(starts, flashes, atol=1 / rate)
    assert len(flashes) == seconds


@pytest.mark.parametrize("name", ["a.xyz", "a", "missing/a.mp4"])
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError) as caught:
        VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / name, None)

    assert caught.value.code == "E512"


def test_importing_the_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio.api.video_file, studio.api.audio_file\n"
        "print([m for m in ('numpy', 'PIL', 'cv2', 'av', 'soundfile', 'torch') if m in sys.modules])"
    )

    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=create_environment(),
    )

    assert out.stdout.strip() == "[]"
