"""Images from files, to files, and from nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from studio.api import File, Image, MediaError, OutputPath
from studio.testing import TestContext
from studio_image.nodes import sources

CTX = TestContext()


def make_image(channels: int = 3) -> Image:
    return Image(np.random.default_rng(0).integers(0, 256, (12, 16, channels), dtype=np.uint8))


def dot(*samples: float) -> Image:
    return Image(np.array([[samples]], np.float32))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_saved_image_loads_as_it_was(tmp_path: Path, channels: int) -> None:
    target = OutputPath(tmp_path / "a.png", "a.png")

    assert sources.save_image(CTX, make_image(channels), target).path == "a.png"

    assert sources.load_image(CTX, File(target.path, "0" * 64, 1)) == make_image(channels)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_quality_trades_size_for_likeness(tmp_path: Path, suffix: str) -> None:
    smooth = Image(np.linspace(0, 1, 64 * 64 * 4, dtype=np.float32).reshape(64, 64, 4))
    sizes = []
    for quality in (10, 95):
        target = OutputPath(tmp_path / f"q{quality}{suffix}", f"q{suffix}")
        sources.save_image(CTX, smooth, target, quality=quality)
        sizes.append(target.path.stat().st_size)
        with PIL.Image.open(target.path) as written:
            assert written.size == (64, 64)
        assert b"CreatorTool" in target.path.read_bytes()

    assert sizes[0] < sizes[1]


def test_a_save_that_fails_leaves_nothing_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = OutputPath(tmp_path / "a.png", "a.png")
    target.path.write_bytes(b"old")

    def fail(value: Image, path: Path, *_: object, **__: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("studio_image.save.write_converted", fail)
    with pytest.raises(OSError, match="no space"):
        sources.save_image(CTX, make_image(), target)

    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert target.path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("text", "rgba"),
    [("#f80", [1, 8 / 15, 0]), ("#FF8000", [1, 128 / 255, 0]), ("orange", [1, 165 / 255, 0]),
     ("#ff800080", [1, 128 / 255, 0, 128 / 255]), ("transparent", [0, 0, 0, 0]), ("rgb(255, 0, 51)", [1, 0, 0.2])],
)  # fmt: skip
def test_colors_are_read_as_css_writes_them(text: str, rgba: list[float]) -> None:
    assert sources.new_image(CTX, width=1, height=1, color=text).pixels[0, 0] == pytest.approx(rgba)


@pytest.mark.parametrize("text", ["", "#12345", "ornage", "#gggggg", "rgb(1,2)", "x" * 500])
def test_what_is_no_color_is_an_error_that_names_the_forms(text: str) -> None:
    with pytest.raises(MediaError) as caught:
        sources.new_image(CTX, color=text)

    assert caught.value.code == "E505"
    assert "#rrggbb" in caught.value.hint


def test_new_images_are_bounded() -> None:
    with pytest.raises(MediaError) as caught:
        sources.new_image(CTX, width=65_535, height=65_535)

    assert caught.value.code == "E506"


def test_a_gradient_runs_from_the_first_color_to_the_last_in_its_direction() -> None:
    right = sources.create_gradient(CTX, width=101, height=3, colors=["black", "white"], angle=90).pixels[:, :, 0]
    up = sources.create_gradient(CTX, width=3, height=101, colors=["black", "white"], angle=0).pixels[:, :, 0]

    assert right[1] == pytest.approx((np.arange(101) + 0.5) / 101, abs=1e-6)
    assert up[:, 1] == pytest.approx(1 - (np.arange(101) + 0.5) / 101, abs=1e-6)


def test_a_radial_gradient_is_the_same_all_around() -> None:
    image = sources.create_gradient(CTX, width=51, height=51, kind="radial", colors=["red", "blue"]).pixels

    assert image[25, 25] == pytest.approx([1, 0, 0], abs=0.02)
    assert image[0, 0] == pytest.approx([0, 0, 1], abs=0.03)
    assert image == pytest.approx(np.rot90(image), abs=1e-6)


@pytest.mark.parametrize("kind", ["white", "gaussian", "clouds"])
def test_noise_depends_on_its_seed_alone(kind: str) -> None:
    first = sources.create_noise(CTX, width=64, height=48, kind=kind, seed=1)

    assert first == sources.create_noise(TestContext(), width=64, height=48, kind=kind, seed=1)
    assert first != sources.create_noise(CTX, width=64, height=48, kind=kind, seed=2)
    assert 0.3 < float(first.pixels.mean()) < 0.7


def test_clouds_are_smooth_and_white_noise_is_not() -> None:
    clouds = sources.create_noise(CTX, width=64, height=64, kind="clouds", scale=32).pixels
    white = sources.create_noise(CTX, width=64, height=64).pixels

    assert np.abs(np.diff(clouds, axis=1)).mean() < 0.3 * np.abs(np.diff(white, axis=1)).mean()


def test_the_facts_of_an_image_are_right() -> None:
    facts = sources.describe_image(CTX, Image(np.full((4, 6, 4), 257, np.uint16)))

    assert facts[:4] == (6, 4, 4, 8)  # 257 / 65535 is exactly 1 / 255
    assert facts.facts["aspect"] == 1.5
    assert sources.describe_image(CTX, Image(np.full((1, 1, 1), 258, np.uint16))).bits == 16
    assert sources.describe_image(CTX, dot(1 / 3 + 1e-6)).bits == 32
