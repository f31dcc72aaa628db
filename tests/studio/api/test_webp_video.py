"""Animated WebP files as videos, against Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from studio.api.video import Video
from studio.api.video_probing import probe_file
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.test_image_color import ADOBE_RGB, make_profile
from tests.studio.api.videos import LIMITS, VIDEO, make_noise, make_ramp


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_frame_has_its_samples_and_its_length(tmp_path: Path, mode: str) -> None:
    arrays = [image.to_uint8() for image in make_noise(3, len(mode))]
    pictures = [PIL.Image.fromarray(array) for array in arrays]
    how = {"save_all": True, "append_images": pictures[1:], "lossless": True, "exact": True}
    pictures[0].save(tmp_path / "a.webp", duration=[100, 200, 2000], **how)

    video = VIDEO.read_file(tmp_path / "a.webp", LIMITS)

    frames = list(video.frames())
    assert ([frame.time for frame in frames], video.duration, video.count) == ([0.0, 0.1, 0.3], 2.3, 3)
    for frame, array in zip(frames, arrays, strict=True):
        shown = array[:, :, -1] > 0 if mode == "RGBA" else ...  # what is transparent loses its color
        np.testing.assert_array_equal(frame.image.stored[shown], array[shown])


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ BT.2020"), (18, "HLG BT.2020"), (1, "")])
def test_high_dynamic_range_in_a_profile_is_named(tmp_path: Path, transfer: int, name: str) -> None:
    pictures = [PIL.Image.new("RGB", (16, 16), (120, 120, 40 * index)) for index in range(3)]
    profile = make_profile(2.2, ADOBE_RGB, numbers=bytes([9, transfer, 0, 1]))
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], icc_profile=profile)

    said = [line for line in VIDEO.find_doubts(tmp_path / "a.webp", LIMITS) if "sRGB" in line]

    clipped = "light above the reference white of 203 cd/m2 is clipped to white"
    assert said == ([f"{name} became sRGB: {clipped}"] if name else [])


def test_what_studio_writes_is_read_again(tmp_path: Path) -> None:
    from studio.api.video_writing import write_video

    write_video(Video.from_images(make_ramp(5), 10), tmp_path / "a.webp", None)

    video = VIDEO.read_file(tmp_path / "a.webp", LIMITS)

    levels = [frame.image.to_uint8().mean() for frame in video.frames()]
    assert (video.channels, np.abs(np.array(levels) - [40, 44, 48, 52, 56]).max() < 1.5) == (3, True)


def test_facts_of_a_file_are_those_of_its_chunks(tmp_path: Path) -> None:
    pictures = [PIL.Image.new("RGB", (20, 10), (level, 0, 0)) for level in (0, 100, 200)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=[100, 300, 50])

    facts = probe_file(tmp_path / "a.webp", LIMITS)

    found = facts["video"][0]
    assert (facts["container"], facts["seconds"], facts["audio"]) == ("webp", 0.45, [])
    assert (found["width"], found["height"], found["frames"], found["variable_rate"]) == (20, 10, 3, True)


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_a_truncated_file_is_refused(tmp_path: Path, part: float) -> None:
    pictures = [PIL.Image.fromarray(image.to_uint8()) for image in make_noise(6)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=100)
    data = (tmp_path / "a.webp").read_bytes()
    (tmp_path / "b.webp").write_bytes(data[: int(len(data) * part)])

    with pytest.raises(MediaError) as raised:
        list(VIDEO.read_file(tmp_path / "b.webp", LIMITS).frames())

    assert raised.value.code == "E511"


def test_limits_hold(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (64, 48)).save(tmp_path / "a.webp")

    with pytest.raises(MediaError, match="over the limit"):
        VIDEO.read_file(tmp_path / "a.webp", MediaLimits(max_side=63))
