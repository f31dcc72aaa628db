"""What a page shows of each kind of file, and of files that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from studio.api import Audio, Image, Video, VideoType
from studio.api.builtin import create_builtin_value_types
from studio.batch.item import ItemOutput
from studio.batch.previews import SIDE, describe_file
from studio.settings import MediaLimits

TYPES = {value_type.name: value_type for value_type in create_builtin_value_types()}


def describe(folder: Path, name: str, digest: str = "ab" * 32, **limits: Any) -> dict[str, Any]:
    output = ItemOutput("card", name, digest, 10, "image")
    return describe_file(folder, output, folder / "thumbs", MediaLimits(**limits))


def read_thumb(folder: Path, shown: dict[str, Any]) -> PIL.Image.Image:
    return PIL.Image.open(folder / "thumbs" / shown["m"])


def test_an_image_has_its_size_and_a_small_image_of_the_same_shape(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (800, 200), (200, 40, 20)).save(tmp_path / "a.png")

    shown = describe(tmp_path, "a.png")

    assert (shown["k"], shown["o"], shown["p"], shown["b"]) == ("image", "card", "a.png", 10)
    assert (shown["w"], shown["h"]) == (800, 200)
    with read_thumb(tmp_path, shown) as thumb:
        assert thumb.size == (SIDE, SIDE // 4)
        assert np.allclose(np.asarray(thumb.convert("RGB"))[50, 200], (200, 40, 20), atol=6)


@pytest.mark.parametrize("extension", ["gif", "apng", "webp"])
def test_an_animation_is_an_image_for_a_browser(tmp_path: Path, extension: str) -> None:
    frames = [Image(np.full((10, 20, 3), 90 * index, np.uint8)) for index in range(3)]
    VideoType().write_file(Video.from_images(frames, 10), tmp_path / f"a.{extension}", None)

    shown = describe(tmp_path, f"a.{extension}")

    assert (shown["k"], shown["w"], shown["h"]) == ("image", 20, 10)
    with read_thumb(tmp_path, shown) as thumb:
        assert thumb.size == (20, 10)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16", "RGBA", "CMYK"])
def test_images_of_every_mode_are_shown(tmp_path: Path, mode: str) -> None:
    name = "a.tif" if mode == "CMYK" else "a.png"
    PIL.Image.new(mode, (20, 10)).save(tmp_path / name)

    with read_thumb(tmp_path, describe(tmp_path, name)) as thumb:
        assert thumb.size == (20, 10)


def test_sixteen_bits_are_shown_by_their_upper_eight(tmp_path: Path) -> None:
    PIL.Image.fromarray(np.full((8, 8), 0x80FF, np.uint16)).save(tmp_path / "a.png")

    with read_thumb(tmp_path, describe(tmp_path, "a.png")) as thumb:
        assert abs(int(np.asarray(thumb.convert("L"))[4, 4]) - 0x80) <= 3


def test_an_image_that_is_too_large_is_not_decoded(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (50, 40)).save(tmp_path / "a.png")

    shown = describe(tmp_path, "a.png", max_pixels=1999)

    assert (shown["w"], shown["h"]) == (50, 40)
    assert "m" not in shown
    assert not (tmp_path / "thumbs").exists()


@pytest.mark.parametrize("hidden", ["EPS", "JPEG2000", "PPM", "TGA"])
def test_an_image_of_a_format_that_is_not_loaded_is_not_decoded(tmp_path: Path, hidden: str) -> None:
    PIL.Image.new("RGB", (50, 40)).save(tmp_path / "a.png", hidden)

    assert set(describe(tmp_path, "a.png")) == {"o", "p", "k", "b"}


def test_limits_of_loading_hold_for_previews(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (50, 4)).save(tmp_path / "a.png")

    assert "m" not in describe(tmp_path, "a.png", max_side=49)
    assert set(describe(tmp_path, "a.png", max_file_bytes=20)) == {"o", "p", "k", "b"}
    assert describe(tmp_path, "a.png", max_side=50)["w"] == 50


@pytest.mark.parametrize("known", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_an_image_of_a_format_that_is_loaded_has_a_small_image(tmp_path: Path, known: str) -> None:
    if known not in PIL.Image.registered_extensions().values():
        pytest.skip("Pillow has no AVIF")
    PIL.Image.new("RGB", (50, 40)).save(tmp_path / "a.png", known)

    assert describe(tmp_path, "a.png")["w"] == 50
    assert "m" in describe(tmp_path, "a.png")


def test_a_small_image_is_named_by_the_content_and_made_once(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    first = describe(tmp_path, "a.png")
    made = (tmp_path / "thumbs" / first["m"]).stat().st_mtime_ns
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "b.png")

    assert describe(tmp_path, "b.png")["m"] == first["m"]
    assert (tmp_path / "thumbs" / first["m"]).stat().st_mtime_ns == made
    assert describe(tmp_path, "b.png", "cd" * 32)["m"] != first["m"]


def test_a_video_shows_its_first_frame_and_its_length(tmp_path: Path) -> None:
    frames = [Image(np.full((32, 48, 3), level, np.uint8)) for level in (200, 10, 10)]
    TYPES["video"].write_file(Video.from_images(frames, 6), tmp_path / "a.mp4", "{}")

    shown = describe(tmp_path, "a.mp4")

    assert (shown["k"], shown["w"], shown["h"], shown["d"]) == ("video", 48, 32, 0.5)
    with read_thumb(tmp_path, shown) as thumb:
        assert np.asarray(thumb.convert("L")).mean() == pytest.approx(200, abs=8)


def test_audio_shows_its_length_and_how_loud_it_is_where(tmp_path: Path) -> None:
    samples = np.concatenate([np.full(4800, 0.25), np.full(4800, -0.5)]).astype(np.float32)[:, None]
    TYPES["audio"].write_file(Audio(samples, 9600), tmp_path / "a.wav", "{}")

    shown = describe(tmp_path, "a.wav")

    assert (shown["k"], shown["d"]) == ("audio", 1.0)
    assert len(shown["w"]) == 96
    assert (set(shown["w"][:48]), set(shown["w"][48:])) == ({50}, {100})


def test_silence_and_a_single_sample_have_a_waveform_too(tmp_path: Path) -> None:
    TYPES["audio"].write_file(Audio(np.zeros((960, 1), np.float32), 9600), tmp_path / "a.wav", "{}")
    TYPES["audio"].write_file(Audio(np.ones((1, 1), np.float32), 9600), tmp_path / "b.wav", "{}")

    assert set(describe(tmp_path, "a.wav")["w"]) == {0}
    assert describe(tmp_path, "b.wav")["w"] == [100]


def test_a_text_shows_how_it_begins_and_bad_bytes_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xc3\xa9 \xff " + b"x" * 5000)

    shown = describe(tmp_path, "a.txt")

    assert shown["k"] == "text"
    assert shown["x"].startswith("café \ufffd xxx")
    assert len(shown["x"]) == 600


@pytest.mark.parametrize("name", ["gone.png", "a.bin"])
def test_a_file_that_is_gone_or_of_an_unknown_kind_is_only_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc")

    shown = describe(tmp_path, name)

    assert shown == {"o": "card", "p": name, "k": "image" if name == "gone.png" else "file", "b": 10}


def test_a_file_that_is_not_what_its_name_says_is_only_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")

    assert set(describe(tmp_path, "a.png")) == {"o", "p", "k", "b"}
