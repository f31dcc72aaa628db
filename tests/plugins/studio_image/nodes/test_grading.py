"""Levels, curves, white balance and lookup tables, against formulas, scipy's splines and FFmpeg's lut3d."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from studio.api import File, Image, MediaError
from studio.testing import TestContext
from studio_image.nodes import grading
from studio_image.pixels import decode_srgb, encode_srgb

CTX = TestContext()


def make_ramp(channels: int = 3) -> Image:
    return Image(np.repeat(np.linspace(0, 1, 101, dtype=np.float32)[None, :, None], channels, 2))


def test_levels_are_stretched_bent_and_put_between_others() -> None:
    done = grading.adjust_levels(
        CTX, make_ramp(), black_point=0.2, white_point=0.7, gamma=2.0, output_black=0.1, output_white=0.9
    ).pixels[0, :, 0]

    share = np.clip((np.linspace(0, 1, 101) - 0.2) / 0.5, 0, 1)
    assert done == pytest.approx(0.1 + 0.8 * np.sqrt(share), abs=1e-5)


def test_one_channel_alone_is_changed_and_alpha_never() -> None:
    done = grading.adjust_levels(CTX, make_ramp(4), white_point=0.5, channel="green").pixels

    ramp = make_ramp(4).pixels
    assert np.array_equal(done[:, :, [0, 2, 3]], ramp[:, :, [0, 2, 3]])
    assert done[0, 25, 1] == pytest.approx(0.5, abs=1e-6)


def test_white_below_black_inverts_and_equal_points_make_a_step() -> None:
    inverted = grading.adjust_levels(CTX, make_ramp(1), black_point=1.0, white_point=0.0).pixels
    step = grading.adjust_levels(CTX, make_ramp(1), black_point=0.5, white_point=0.5).pixels

    assert inverted == pytest.approx(1 - make_ramp(1).pixels, abs=1e-6)
    assert step[0, :, 0].tolist() == [0.0] * 50 + [1.0] * 51


def test_levels_are_found_so_that_the_share_that_is_clipped_is_the_one_asked_for() -> None:
    dull = Image((0.3 + 0.2 * np.random.default_rng(1).random((100, 100, 3))).astype(np.float32))

    stretched = grading.auto_levels(CTX, dull, outlier_share=0.01).pixels
    whole = grading.auto_levels(CTX, dull, outlier_share=0.0).pixels

    assert (stretched == 0).mean() == pytest.approx(0.01, abs=0.001)
    assert (stretched == 1).mean() == pytest.approx(0.01, abs=0.001)
    assert (whole.min(), whole.max()) == (0, 1)


def test_a_cast_stays_unless_channels_are_stretched_alone_and_an_even_image_stays() -> None:
    cast = make_ramp().pixels * np.array([0.9, 0.7, 0.5], np.float32)

    together = grading.auto_levels(CTX, Image(cast), outlier_share=0.0).pixels
    alone = grading.auto_levels(CTX, Image(cast), outlier_share=0.0, by_channel=True).pixels
    even = Image(np.full((4, 4, 3), 0.25, np.float32))

    assert together[0, -1] == pytest.approx(np.array([0.9, 0.7, 0.5]) / 0.9, abs=1e-6)
    assert alone[0, -1] == pytest.approx(1)
    assert grading.auto_levels(CTX, even).pixels == pytest.approx(0.25)


def test_what_is_transparent_is_not_counted() -> None:
    samples = np.zeros((2, 50, 4), np.float32)
    samples[1, :, :3] = np.linspace(0.4, 0.6, 50)[:, None]
    samples[1, :, 3] = 1

    done = grading.auto_levels(CTX, Image(samples), outlier_share=0.0).pixels

    assert done[1, :, 0] == pytest.approx(np.linspace(0, 1, 50), abs=1e-5)


def test_a_curve_goes_through_its_points_and_never_turns_back() -> None:
    points = [[0.1, 0.0], [0.3, 0.6], [0.4, 0.61], [0.9, 1.0]]

    curve = grading.apply_curves(CTX, make_ramp(), points=points).pixels[0, :, 1]

    assert curve[[10, 30, 40, 90]] == pytest.approx([0.0, 0.6, 0.61, 1.0], abs=1e-4)
    assert np.all(np.diff(curve) >= -1e-7)
    assert curve[:10].max() == 0  # level before the first point
    assert curve[90:].min() == pytest.approx(1.0)


def test_two_points_are_a_line_and_channels_have_their_own_before_all() -> None:
    done = grading.apply_curves(CTX, make_ramp(), red=[[0, 0.5], [1, 1]], points=[[0, 0], [1, 0.5]]).pixels[0]

    ramp = np.linspace(0, 1, 101)
    assert done[:, 0] == pytest.approx((0.5 + ramp / 2) / 2, abs=1e-6)
    assert done[:, 2] == pytest.approx(ramp / 2, abs=1e-6)
    assert grading.apply_curves(CTX, make_ramp()).pixels == pytest.approx(make_ramp().pixels)


@pytest.mark.parametrize(
    "points", [[], [[0, 0]], [[0, 0], [1]], [[0, 0], [0, 1]], [[0, 0], [1, 2]], "x", [[0, True], [1, 1]]]
)
def test_what_is_no_curve_is_refused(points: object) -> None:
    with pytest.raises(MediaError) as caught:
        grading.apply_curves(CTX, make_ramp(), points=points)  # type: ignore[arg-type]

    assert caught.value.code == "E507"


def make_scene() -> np.ndarray:
    """Return colors of which the linear mean is grey."""
    return np.random.default_rng(2).random((64, 64, 3), dtype=np.float32) * np.float32(0.5)


@pytest.mark.parametrize(("method", "miss"), [("grey_world", 0.002), ("shades_of_grey", 0.03), ("white_patch", 0.08)])
def test_the_color_of_the_light_is_removed(method: str, miss: float) -> None:
    light = np.array([1.4, 1.0, 0.6], np.float32)
    lit = encode_srgb(make_scene() * light)

    balanced = decode_srgb(grading.balance_white(CTX, Image(lit), method=method).pixels)

    means = balanced.reshape(-1, 3).mean(0)
    assert means / means.mean() == pytest.approx([1, 1, 1], abs=miss)
    # the luminance of the light stays
    weights = np.array([0.2126, 0.7152, 0.0722])
    assert means @ weights == pytest.approx((make_scene() * light).reshape(-1, 3).mean(0) @ weights, rel=miss)


def test_a_color_that_should_be_grey_becomes_grey_and_half_of_it_half_way() -> None:
    paper = Image(np.broadcast_to(np.array([200, 160, 120], np.uint8), (2, 2, 3)).copy())

    done = grading.balance_white(CTX, paper, method="color", color="#c8a078").pixels[0, 0]
    half = grading.balance_white(CTX, paper, method="color", color="#c8a078", strength=0.5).pixels[0, 0]

    assert done == pytest.approx([done[0]] * 3, abs=1e-5)
    assert done[0] < half[0] < 200 / 255
    assert grading.balance_white(CTX, make_ramp(1)).pixels == pytest.approx(make_ramp(1).pixels)


def write_cube(path: Path, size: int) -> np.ndarray:
    values = np.random.default_rng(size).random((size, size, size, 3))
    rows = "\n".join(" ".join(f"{v:.6f}" for v in row) for row in values.reshape(-1, 3))
    path.write_text(f'TITLE "any"\n# a comment\nLUT_3D_SIZE {size}\nDOMAIN_MIN 0 0 0\n\n{rows}\n', encoding="utf-8")
    return values


def run_ffmpeg(pixels: np.ndarray, path: Path, interpolation: str) -> np.ndarray:
    """Return what FFmpeg's lut3d makes of an image, in float."""
    graph = av.filter.Graph()
    height, width = pixels.shape[:2]
    source = graph.add_buffer(width=width, height=height, format="gbrpf32le", time_base=1)
    table = graph.add("lut3d", f"file={path}:interp={interpolation}")
    sink = graph.add("buffersink")
    source.link_to(table)
    table.link_to(sink)
    graph.configure()
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="gbrpf32le")
    frame.pts = 0
    graph.push(frame)
    return graph.pull().to_ndarray()


@pytest.mark.parametrize("size", [2, 5, 17])
@pytest.mark.parametrize("interpolation", ["tetrahedral", "trilinear"])
def test_a_table_of_three_dimensions_gives_what_ffmpeg_gives(tmp_path: Path, size: int, interpolation: str) -> None:
    path = tmp_path / "look.cube"
    write_cube(path, size)
    image = Image(np.random.default_rng(3).random((40, 64, 3), dtype=np.float32))

    ours = grading.apply_lut(CTX, image, File(path, "0" * 64, 1), interpolation=interpolation).pixels

    assert ours == pytest.approx(run_ffmpeg(image.pixels, path, interpolation), abs=2e-5)


def test_a_table_of_one_dimension_is_three_curves_over_its_domain(tmp_path: Path) -> None:
    path = tmp_path / "curves.cube"
    path.write_text("LUT_1D_SIZE 3\nDOMAIN_MAX 2 1 1\n0 0 1\n0.5 0.5 0\n1 0.5 0\n", encoding="utf-8")

    done = grading.apply_lut(CTX, make_ramp(4), File(path, "0" * 64, 1)).pixels[0]

    ramp = np.linspace(0, 1, 101)
    assert done[:, 0] == pytest.approx(ramp / 2, abs=1e-6)
    assert done[:, 1] == pytest.approx(np.minimum(ramp, 0.5), abs=1e-6)
    assert done[:, 2] == pytest.approx(np.maximum(1 - 2 * ramp, 0), abs=1e-6)
    assert done[:, 3] == pytest.approx(ramp)


def test_half_of_a_table_is_half_of_its_change_and_a_grey_image_becomes_rgb(tmp_path: Path) -> None:
    path = tmp_path / "red.cube"
    path.write_text("LUT_1D_SIZE 2\n1 0 0\n1 0 0\n", encoding="utf-8")

    done = grading.apply_lut(CTX, make_ramp(1), File(path, "0" * 64, 1), strength=0.5).pixels[0]

    assert done[40] == pytest.approx([0.7, 0.2, 0.2], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "neither LUT_1D_SIZE nor LUT_3D_SIZE"),
        ("0 0 0\n", "neither LUT_1D_SIZE nor LUT_3D_SIZE"),
        ("LUT_3D_SIZE 999999999999\n", "no size from 2 to 256 on line 1"),
        ("LUT_3D_SIZE 2\nLUT_1D_SIZE 2\n", "a second size on line 2"),
        ("LUT_1D_SIZE 2\n0 0 0\n", "1 rows of colors where its size asks for 2"),
        ("LUT_1D_SIZE 2\n0 0 0\n0 0\n", "no 3 numbers on line 3"),
        ("LUT_1D_SIZE 2\n0 0 0\n0 0 x\n", "no 3 numbers on line 3"),
        ("LUT_1D_SIZE 2\n0 0 0\n0 0 nan\n", "numbers that are not finite"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 1 0 0\n0 0 0\n1 1 1\n", "a domain that ends before it begins"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.cube"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(MediaError) as caught:
        grading.apply_lut(CTX, make_ramp(), File(path, "0" * 64, 1))

    assert caught.value.code == "E511"
    assert message in caught.value.message
