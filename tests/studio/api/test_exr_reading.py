"""OpenEXR images: channels, windows, alpha, color, and what is said of the rest."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ColorSpace, ImageType
from studio.api.color_transfer import CHROMATICITIES
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.exrs import make_attribute, make_exr, make_parts, make_ramp

LIMITS = MediaLimits()


def read(folder: Path, data: bytes, **how: Any) -> Any:
    (folder / "a.exr").write_bytes(data)
    return ImageType().read_layer(folder / "a.exr", LIMITS, **how)


def make_colors(*primaries: float) -> bytes:
    return make_attribute("chromaticities", "chromaticities", struct.pack("<8f", *primaries))


@pytest.mark.parametrize("kind", ["f2", "f4", "u4"])
def test_samples_of_each_kind_are_linear_light_with_their_values(tmp_path: Path, kind: str) -> None:
    channels = {name: make_ramp(kind=kind, start=start) for name, start in (("R", 1), ("G", 9), ("B", 70))}

    image, doubts = read(tmp_path, make_exr(channels))

    assert image.color == ColorSpace("linear")
    assert doubts == ()
    for index, name in enumerate("RGB"):
        np.testing.assert_array_equal(image.pixels[:, :, index], channels[name].astype(np.float32))


def test_one_channel_is_grey_and_values_below_0_and_above_1_are_kept(tmp_path: Path) -> None:
    image, _ = read(tmp_path, make_exr({"Y": make_ramp()}))

    assert image.channels == 1
    assert (image.pixels.min(), image.pixels.max()) == (-2.0, 7.5)


def test_colors_are_divided_by_alpha_and_glow_where_it_is_0(tmp_path: Path) -> None:
    row = {"R": [1.0, 1.0, 3.0], "G": [0.5, 1.0, 0.0], "B": [0.0, 1.0, 0.0], "A": [0.5, 1.0, 0.0]}

    image, _ = read(tmp_path, make_exr({name: np.array([line], "<f4") for name, line in row.items()}))

    assert image.pixels[0].tolist() == [[2.0, 1.0, 0.0, 0.5], [1.0, 1.0, 1.0, 1.0], [3.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("name", sorted(CHROMATICITIES))
def test_chromaticities_name_the_primaries(tmp_path: Path, name: str) -> None:
    colors = make_colors(*(value for point in CHROMATICITIES[name] for value in point))

    image, doubts = read(tmp_path, make_exr(dict.fromkeys("RGB", make_ramp()), more=colors))

    assert image.color == ColorSpace("linear", name)  # type: ignore[arg-type]
    assert doubts == ()


def test_primaries_without_a_name_become_those_of_srgb(tmp_path: Path) -> None:
    colors = make_colors(0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3457, 0.3585)  # sRGB's under D50
    white = np.ones((1, 1), "<f4")

    image, doubts = read(tmp_path, make_exr({"R": white * 3, "G": white * 3, "B": white * 3}, more=colors))

    assert image.color == ColorSpace("linear")
    assert image.pixels[0, 0] == pytest.approx([3, 3, 3], abs=1e-5)  # white stays white
    assert "primaries" in doubts[0]


def test_what_is_shown_is_the_display_window(tmp_path: Path) -> None:
    ramp = make_ramp(4, 3)
    data = make_exr({"Y": ramp}, data=(-1, 1, 2, 3), display=(0, 0, 4, 2))

    shown, doubts = read(tmp_path, data)
    whole, more = read(tmp_path, data, window="data")

    assert (shown.width, shown.height) == (5, 3)
    np.testing.assert_array_equal(shown.pixels[1:, :3, 0], ramp[:2, 1:])
    assert not shown.pixels[0].any()
    assert not shown.pixels[:, 3:].any()
    assert "outside of the display window" in doubts[0]
    np.testing.assert_array_equal(whole.pixels[:, :, 0], ramp)
    assert more == ()


def test_a_data_window_inside_of_the_display_window_loses_nothing(tmp_path: Path) -> None:
    image, doubts = read(tmp_path, make_exr({"Y": make_ramp(2, 2)}, data=(1, 1, 2, 2), display=(0, 0, 3, 3)))

    assert (image.width, image.height) == (4, 4)
    assert doubts == ()


@pytest.mark.parametrize(("aspect", "size"), [(2.0, (16, 4)), (0.5, (8, 8)), (1.0, (8, 4))])
def test_pixels_become_square(tmp_path: Path, aspect: float, size: tuple[int, int]) -> None:
    image, doubts = read(tmp_path, make_exr({"Y": make_ramp(8, 4)}, aspect=aspect))

    assert (image.width, image.height) == size
    assert bool(doubts) == (aspect != 1.0)


def test_samples_that_are_not_finite_are_replaced_and_named(tmp_path: Path) -> None:
    row = np.array([[np.inf, -np.inf, np.nan, 2.0]], "<f2")

    image, doubts = read(tmp_path, make_exr({"Y": row}))

    assert image.pixels[0, :, 0].tolist() == [65504.0, -65504.0, 0.0, 2.0]
    assert doubts[0].startswith("3 samples of 'Y'")


def test_alpha_outside_0_to_1_is_clipped_and_named(tmp_path: Path) -> None:
    plane = np.array([[2.0, -1.0, 0.5]], "<f4")

    image, doubts = read(tmp_path, make_exr(dict.fromkeys("RGBA", plane)))

    assert image.pixels[0, :, 3].tolist() == [1.0, 0.0, 0.5]
    assert doubts == ("alpha outside [0, 1] is clipped",)


def test_luminance_and_chroma_of_half_size_become_colors(tmp_path: Path) -> None:
    light = np.full((4, 6), 2.0, "<f2")
    chroma = {"RY": np.full((2, 3), 0.5, "<f2"), "BY": np.full((2, 3), -0.5, "<f2")}

    image, _ = read(tmp_path, make_exr({"Y": light, **chroma}, steps=(2, 2)))

    red, blue = 3.0, 1.0  # (chroma + 1) times luminance
    green = (2.0 - red * 0.2126 - blue * 0.0722) / 0.7152
    np.testing.assert_allclose(image.pixels, np.broadcast_to([red, green, blue], (4, 6, 3)), rtol=1e-3)


LAYERED = {"R": 1, "G": 2, "B": 3, "Z": 4, "spec.R": 5, "spec.G": 6, "spec.B": 7, "N.X": 8, "N.Y": 9, "N.Z": 10}
LAYERED |= {"m.a": 11}


@pytest.mark.parametrize(
    ("layer", "levels"),
    [("", [1, 2, 3]), ("spec", [5, 6, 7]), ("N", [8, 9, 10]), ("Z", [4]), ("spec.G", [6]), ("m", [11])],
)
def test_a_layer_is_chosen_by_its_name_or_by_that_of_a_channel(tmp_path: Path, layer: str, levels: list[int]) -> None:
    channels = {name: np.full((2, 2), level, "<f4") for name, level in LAYERED.items()}

    image, _ = read(tmp_path, make_exr(channels), layer=layer)

    assert image.pixels[0, 0].tolist() == levels


def test_layers_that_are_not_read_are_named(tmp_path: Path) -> None:
    data = make_exr({name: np.full((2, 2), level, "<f4") for name, level in LAYERED.items()})
    (tmp_path / "a.exr").write_bytes(data)

    doubts = ImageType().find_doubts(tmp_path / "a.exr", LIMITS)

    assert doubts == ["left out: 'Z', 'N', 'm', 'spec'; \"layer\" of image.load reads each"]


def test_an_unknown_layer_is_an_error_that_names_those_of_the_file(tmp_path: Path) -> None:
    data = make_exr({name: np.full((2, 2), level, "<f4") for name, level in LAYERED.items()})

    with pytest.raises(MediaError, match=r"unknown layer 'specular'.*'spec'") as caught:
        read(tmp_path, data, layer="specular")

    assert caught.value.code == "E511"
    assert caught.value.hint == "did you mean 'spec'?"


def test_a_file_of_layers_alone_asks_for_one_and_one_of_a_single_layer_is_read(tmp_path: Path) -> None:
    plane = make_ramp()

    with pytest.raises(MediaError, match=r"no plain color channels .*'a', 'b'"):
        read(tmp_path, make_exr({"a.R": plane, "a.G": plane, "a.B": plane, "b.Y": plane}))

    assert read(tmp_path, make_exr({"a.R": plane, "a.G": plane, "a.B": plane}))[0].channels == 3


def test_parts_are_layers_and_the_first_is_read(tmp_path: Path) -> None:
    parts = {"left": dict.fromkeys("RGB", make_ramp(start=1)), "depth": {"Z": make_ramp(3, 2, "f4", start=9)}}

    first, doubts = read(tmp_path, make_parts(parts))
    depth, _ = read(tmp_path, make_parts(parts), layer="depth")

    assert first.pixels[0, 0].tolist() == [1.0, 1.0, 1.0]
    assert "'depth'" in doubts[0]
    np.testing.assert_array_equal(depth.pixels[:, :, 0], parts["depth"]["Z"])


def test_layers_and_windows_of_other_files_are_an_error(tmp_path: Path) -> None:
    from studio.api import Image

    path = tmp_path / "a.png"
    ImageType().write_file(Image(np.zeros((2, 2, 3), np.uint8)), path, None)

    with pytest.raises(MediaError, match="only OpenEXR files have layers"):
        ImageType().read_layer(path, LIMITS, layer="spec")


@pytest.mark.parametrize("window", [(0, 0, 2**30, 2**30), (-(2**31), 0, 2**31 - 1, 1), (0, 0, 70_000, 1), (3, 0, 1, 1)])
def test_a_window_over_the_limits_is_refused_before_memory_is_taken(tmp_path: Path, window: Any) -> None:
    with pytest.raises(MediaError) as caught:
        read(tmp_path, make_exr({"Y": make_ramp()}, data=window))

    assert caught.value.code == "E511"


def test_channels_that_are_too_many_for_their_size_are_refused(tmp_path: Path) -> None:
    channels = {f"c{index}.Y": make_ramp() for index in range(60)}
    (tmp_path / "a.exr").write_bytes(make_exr(channels))

    with pytest.raises(MediaError, match="60 channels of 5 x 4 pixels"):
        ImageType().read_layer(tmp_path / "a.exr", MediaLimits(max_pixels=20), layer="c7")


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    data = make_parts({"a": dict.fromkeys("RGB", make_ramp()), "b": {"Z": make_ramp()}})

    for end in range(8, len(data), 7):
        with pytest.raises(MediaError) as caught:
            read(tmp_path, data[:end], layer="b")
        assert caught.value.code == "E511"
