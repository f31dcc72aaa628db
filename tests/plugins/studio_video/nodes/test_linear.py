"""Videos in linear light: sequences of OpenEXR files in and out, and node types that take them as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ColorSpace, File, Image, ImageType, MediaLimits, OutputPath, Video
from studio.testing import TestContext
from studio_video.nodes import edit, files, frames, inspect
from tests.studio.api.exrs import make_exr, make_ramp

CTX = TestContext()
LINEAR = ColorSpace("linear", "acescg")


def make_linear(count: int = 4) -> Video:
    ramp = np.linspace(-3, 12, 8 * 6 * 3, dtype=np.float32).reshape(6, 8, 3)
    return Video.from_images([Image(ramp + index, color=LINEAR) for index in range(count)], 4)


def write_sequence(folder: Path, count: int = 3) -> list[File]:
    for index in range(count):
        channels = {"Y": make_ramp(start=float(index - 1)), "Z": make_ramp(start=50.0 + index)}
        (folder / f"shot.{index:04d}.exr").write_bytes(make_exr(channels))
    return [File(path, "0" * 64, 1) for path in sorted(folder.iterdir())]


def test_a_sequence_of_openexr_files_is_a_linear_video(tmp_path: Path) -> None:
    context = TestContext()

    video = files.load_images(context, write_sequence(tmp_path))

    assert video.color == ColorSpace("linear")
    assert [float(frame.image.pixels.min()) for frame in video.frames()] == [-1.0, 0.0, 1.0]
    assert any("left out: 'Z'" in message for message in context.messages)


def test_a_layer_of_a_sequence_is_chosen(tmp_path: Path) -> None:
    video = files.load_images(CTX, write_sequence(tmp_path), layer="Z")

    assert [float(frame.image.pixels.min()) for frame in video.frames()] == [50.0, 51.0, 52.0]


def test_a_linear_video_is_saved_as_openexr_files_bit_by_bit(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    video = files.load_images(CTX, write_sequence(tmp_path / "in"))
    context = TestContext()

    files.save_video(context, video, OutputPath(tmp_path / "out.%03d.exr", "out.%03d.exr"))

    back = [ImageType().read_file(path, MediaLimits()) for path in sorted(tmp_path.glob("out.*.exr"))]
    assert back == [frame.image for frame in video.frames()]
    assert context.messages == []


def test_what_numbered_images_of_8_bits_clip_is_said_once(tmp_path: Path) -> None:
    context = TestContext()

    files.save_video(context, make_linear(), OutputPath(tmp_path / "a.%03d.png", "a.%03d.png"))

    assert len(context.messages) == 1
    assert "clipped to [0, 1]" in context.messages[0]


SHAPING: list[tuple[Any, dict[str, Any]]] = [
    (edit.trim_video, {"start": 0.25}),
    (edit.crop_video, {"width": 8, "height": 6}),
    (edit.resize_video, {"width": 4}),
    (edit.resize_video, {"width": 16}),
    (edit.resize_video, {"width": 16, "height": 16, "fit": "pad"}),
    (edit.change_video_speed, {"speed": 0.5}),
    (edit.reverse_video, {}),
    (edit.loop_video, {}),
]


@pytest.mark.parametrize(("node_type", "inputs"), SHAPING)
def test_light_stays_unbounded_and_in_its_color_space(node_type: Any, inputs: dict[str, Any]) -> None:
    made = node_type(CTX, make_linear(), **inputs)

    assert made.color == LINEAR
    assert min(float(frame.image.pixels.min()) for frame in made.frames()) < -0.5
    assert max(float(frame.image.pixels.max()) for frame in made.frames()) > 12


def test_images_of_a_video_and_a_video_of_images_keep_the_light() -> None:
    images = frames.take_video_frames(CTX, make_linear(), count=2)

    assert frames.make_video(CTX, images).color == LINEAR
    assert inspect.describe_video(CTX, make_linear()).facts["color"] == "linear acescg"  # type: ignore[index, call-overload]
