"""Deriving another value for an input: it fits, it differs, and it keeps to the limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, ColorSpace, Field, File, Image, Mask, Model, OutputPath, TypeSpec, Video
from studio.api.builtin import create_builtin_value_types
from studio.testing.variation import NoVariation, derive_value

CLASSES = {value_type.name: value_type.python for value_type in create_builtin_value_types()}


def derive(spec: TypeSpec, value: Any, folder: Path = Path()) -> Any:
    return derive_value(spec, value, CLASSES, folder)


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (TypeSpec("int"), 3),
        (TypeSpec("float"), 0.5),
        (TypeSpec("text"), ""),
        (TypeSpec("text"), "word"),
        (TypeSpec("bool"), True),
        (TypeSpec("int", depth=1), [1, 2]),
        (TypeSpec("int", depth=1), []),
        (TypeSpec("text", depth=2), [["a"]]),
        (TypeSpec("model"), Model("builtin:a")),
    ],
)
def test_a_plain_value_gets_another_of_its_type(spec: TypeSpec, value: Any) -> None:
    other = derive(spec, value)

    assert type(other) is type(value)
    assert other != value


@pytest.mark.parametrize(
    ("limits", "value"),
    [(Field(ge=0, le=1), 0.0), (Field(ge=0, le=1), 1.0), (Field(gt=0, lt=1), 0.5), (Field(ge=0.9, le=0.95), 0.9)],
)
def test_a_number_keeps_to_its_limits(limits: Field, value: float) -> None:
    other = derive(TypeSpec("float", limits=limits), value)

    assert other != value
    assert (limits.ge or 0) <= other <= (limits.le or 1)


def test_a_json_value_becomes_another() -> None:
    assert derive(TypeSpec("json"), {"a": 1}) != {"a": 1}


def test_a_choice_becomes_another_choice() -> None:
    assert derive(TypeSpec("choice", choices=("red", "blue")), "red") == "blue"


def test_an_input_with_one_possible_value_has_no_variation() -> None:
    with pytest.raises(NoVariation, match="variants="):
        derive(TypeSpec("choice", choices=("red",)), "red")
    with pytest.raises(NoVariation):
        derive(TypeSpec("int", limits=Field(ge=4, le=4)), 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("kind", [Image, Mask])
def test_one_sample_of_an_image_changes(kind: Any, dtype: Any) -> None:
    image = kind(np.zeros((3, 4), dtype))

    other = derive(TypeSpec("image" if kind is Image else "mask"), image)

    changed = np.argwhere(np.asarray(other.pixels) != np.asarray(image.pixels))
    assert other.pixels.shape == image.pixels.shape
    assert len(changed) == 1


def test_one_sample_of_audio_changes_and_its_rate_stays() -> None:
    audio = Audio(np.zeros((8, 2), np.float32), 8000)

    other = derive(TypeSpec("audio"), audio)

    assert other.rate == 8000
    assert np.count_nonzero(np.asarray(other.samples) != np.asarray(audio.samples)) == 1


def test_the_first_frame_of_a_video_changes_and_the_others_stay() -> None:
    video = Video.from_images([Image(np.full((16, 16, 3), level, np.uint8)) for level in (10, 20)], 5)

    frames = [np.asarray(frame.image.pixels) for frame in derive(TypeSpec("video"), video).frames()]

    before = [np.asarray(frame.image.pixels) for frame in video.frames()]
    assert not np.array_equal(frames[0], before[0])
    assert np.array_equal(frames[1], before[1])


def test_a_file_to_read_is_written_with_other_content(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")

    other = derive(TypeSpec("file"), File(path, "0" * 64, 3), tmp_path)

    assert other.path != path
    assert other.path.read_bytes() == b"abc\0"
    assert (other.size, len(other.digest)) == (4, 64)


def test_a_file_to_write_gets_another_name_in_its_folder(tmp_path: Path) -> None:
    other = derive(TypeSpec("path"), OutputPath(tmp_path / "side" / "a.png", "side/a.png"))

    assert (other.path, other.name) == (tmp_path / "side" / "changed-a.png", "side/changed-a.png")


@pytest.mark.parametrize("name", ["int", "float", "text", "image", "mask", "audio", "file"])
def test_an_optional_input_that_is_empty_gets_a_first_value(name: str, tmp_path: Path) -> None:
    other = derive(TypeSpec(name, optional=True), None, tmp_path)

    assert other is not None


def test_an_optional_input_that_has_a_value_may_become_empty() -> None:
    spec = TypeSpec("choice", choices=("red",), optional=True)

    assert derive(spec, "red") is None


def test_a_variation_keeps_the_color_space() -> None:
    image = Image(np.full((2, 2), 5.0, np.float32), color=ColorSpace("linear"))

    other = derive(TypeSpec("image"), image)

    assert other.color == image.color
    assert other != image
