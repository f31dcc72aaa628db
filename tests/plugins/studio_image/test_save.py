"""Images written whole, with a quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from studio.api import ColorSpace, File, Image, ImageType, MediaError, OutputPath
from studio.api.formats import exr
from studio.testing import TestContext
from studio_image.nodes import sources
from studio_image.save import save


@pytest.mark.parametrize("quality", [90, None])
def test_transparency_is_laid_over_white_in_a_jpeg(tmp_path: Path, quality: int | None) -> None:
    samples = np.zeros((32, 32, 4), np.float32)  # black; transparent on the left, half there on the right
    samples[:, 16:, 3] = 0.5

    save(Image(samples), OutputPath(tmp_path / "a.jpg", "a.jpg"), quality)

    with PIL.Image.open(tmp_path / "a.jpg") as written:
        levels = np.asarray(written.convert("RGB")).astype(int)
    assert np.abs(levels[:, :8] - 255).max() <= 3
    assert np.abs(levels[:, 24:] - 128).max() <= 3


def test_a_webp_keeps_its_alpha_exactly_at_any_quality(tmp_path: Path) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    samples = np.dstack([np.full((16, 16, 3), 90, np.uint8), alpha])

    save(Image(samples), OutputPath(tmp_path / "a.webp", "a.webp"), 30)

    with PIL.Image.open(tmp_path / "a.webp") as written:
        assert np.array_equal(np.asarray(written)[:, :, 3], alpha)


def test_a_quality_does_not_matter_to_a_lossless_format(tmp_path: Path) -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8))

    save(image, OutputPath(tmp_path / "a.png", "a.png"), 1)

    with PIL.Image.open(tmp_path / "a.png") as written:
        assert np.array_equal(np.asarray(written), image.stored)


def test_colors_of_a_jpeg_are_not_subsampled(tmp_path: Path) -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 0)
    stripes[:, 1::2] = (0, 0, 255)

    save(Image(stripes), OutputPath(tmp_path / "a.jpg", "a.jpg"), 95)

    with PIL.Image.open(tmp_path / "a.jpg") as written:
        assert np.abs(np.asarray(written).astype(int) - stripes).mean() < 12  # subsampled it is over 60


@pytest.mark.parametrize(("dynamic_range", "transfer"), [("pq", 16), ("hlg", 18)])
def test_high_dynamic_range_goes_through_a_png_bit_by_bit(tmp_path: Path, dynamic_range: Any, transfer: int) -> None:
    samples = np.random.default_rng(3).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    image = Image(samples, color=ColorSpace(dynamic_range, "bt2020"))
    context, path = TestContext(), tmp_path / "a.png"

    sources.save_image(context, image, OutputPath(path, "a.png"), dynamic_range=dynamic_range)
    back = sources.load_image(context, File(path, "0" * 64, 1), dynamic_range="keep")

    assert context.messages == []
    assert back.color == image.color
    np.testing.assert_array_equal(back.stored, samples)
    with av.open(str(path)) as container:
        frame: Any = next(container.decode(video=0))
    assert (frame.format.name, frame.color_primaries, frame.color_trc) == ("rgb48be", 9, transfer)


def test_srgb_is_written_as_pq_with_white_at_203_candela(tmp_path: Path) -> None:
    context = TestContext()

    sources.save_image(
        context, Image(np.full((2, 2, 3), 255, np.uint8)), OutputPath(tmp_path / "a.png", "a.png"), dynamic_range="pq"
    )
    back = sources.load_image(context, File(tmp_path / "a.png", "0" * 64, 1), dynamic_range="keep")

    assert back.pixels == pytest.approx(0.5807, abs=1e-4)  # BT.2408, table 1
    assert context.messages == ["sRGB became PQ bt2020, with reference white at 203 cd/m2"]


def test_high_dynamic_range_is_refused_where_a_file_does_not_hold_it(tmp_path: Path) -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8))

    with pytest.raises(MediaError, match=r"\.jpg files do not hold PQ images"):
        sources.save_image(TestContext(), image, OutputPath(tmp_path / "a.jpg", "a.jpg"), dynamic_range="pq")

    assert list(tmp_path.iterdir()) == []


LINEAR = ColorSpace("linear", "acescg")
RNG = np.random.default_rng(5)


def make_layers() -> dict[str, Image]:
    alpha = RNG.normal(3, 9, (35, 21, 4)).astype("f2").astype("f4")
    alpha[:, :, 3] = RNG.integers(0, 2, (35, 21))
    return {
        "": Image(alpha, color=LINEAR),
        "light.key": Image(RNG.normal(0, 50, (35, 21, 3)).astype("f2").astype("f4"), color=LINEAR),
        "Z": Image(RNG.normal(0, 1e6, (35, 21, 1)).astype("f4"), color=LINEAR),
        "normal_of_the_surface_with_a_long_name": Image(RNG.normal(0, 1, (35, 21, 3)).astype("f4"), color=LINEAR),
    }


def save_all(folder: Path, layers: dict[str, Image], name: str = "a.exr") -> Path:
    (_, image), *others = layers.items()
    path = OutputPath(folder / name, name, '{"a": 1}')
    sources.save_layers(TestContext(), image, [each for _, each in others], [each for each, _ in others], path)
    return folder / name


def test_layers_of_an_exr_come_back_bit_by_bit(tmp_path: Path) -> None:
    layers = make_layers()

    path = save_all(tmp_path, layers)

    for name, image in layers.items():
        context = TestContext()
        assert sources.load_image(context, File(path, "0" * 64, 1), layer=name) == image
        assert bool(context.messages) == (name == "")  # which names the others
    kinds = {channel.name: channel.kind for channel in exr.parse_exr(path.read_bytes()).parts[0].channels}
    assert (kinds["light.key.R"], kinds["Z"], kinds["A"]) == (exr.HALF, exr.FLOAT, exr.HALF)
    assert ImageType().read_provenance(path) == '{"a": 1}'


def test_openexr_itself_reads_the_layers(tmp_path: Path) -> None:
    library = pytest.importorskip("OpenEXR", reason="needs the extra vfx: pip install 'studio[vfx]'")
    layers = make_layers()

    with library.File(str(save_all(tmp_path, layers)), separate_channels=True) as file:
        channels = file.channels()
        np.testing.assert_array_equal(channels["light.key.G"].pixels, layers["light.key"].pixels[:, :, 1])
        np.testing.assert_array_equal(channels["Z"].pixels, layers["Z"].pixels[:, :, 0])
        assert channels["R"].pixels.dtype == np.float16


def test_layers_in_other_primaries_get_those_of_the_first(tmp_path: Path) -> None:
    white = Image(np.ones((2, 2, 3), np.float32), color=ColorSpace("linear"))

    path = save_all(tmp_path, {"": Image(white.stored, color=LINEAR), "b": white})

    read = sources.load_image(TestContext(), File(path, "0" * 64, 1), layer="b")
    assert read.color == LINEAR
    np.testing.assert_allclose(read.pixels, 1, atol=1e-3)


@pytest.mark.parametrize(
    ("names", "shapes", "said"),
    [
        (["a", "a"], [(2, 2, 3)] * 3, "duplicate layer name 'a'"),
        (["a"], [(2, 2, 3)] * 3, "1 names for 2 layers"),
        (["R"], [(2, 2, 3), (2, 2, 1)], "duplicate channel 'R'"),
        (["b"], [(2, 2, 3), (2, 3, 3)], "2 x 2 and 3 x 2 pixels do not fit"),
        (["a\nb"], [(2, 2, 3)] * 2, "invalid layer name"),
    ],
)
def test_layers_that_make_no_file_are_refused(
    tmp_path: Path, names: list[str], shapes: list[tuple[int, ...]], said: str
) -> None:
    images = [Image(np.zeros(shape, np.float32)) for shape in shapes]

    with pytest.raises(MediaError, match=said):
        sources.save_layers(TestContext(), images[0], images[1:], names, OutputPath(tmp_path / "a.exr", "a.exr"))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("is_deep", "bits"), [(True, 16), (False, 8), (None, 8)])
def test_a_png_has_the_depth_of_what_it_comes_from(tmp_path: Path, is_deep: bool | None, bits: int) -> None:
    image = Image(np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64))

    sources.save_image(TestContext(), image, OutputPath(tmp_path / "a.png", "a.png", is_deep=is_deep))

    assert (tmp_path / "a.png").read_bytes()[24] == bits


@pytest.mark.parametrize("is_deep", [True, False])
def test_a_jpeg_says_that_depth_is_lost(tmp_path: Path, is_deep: bool) -> None:
    context = TestContext()
    image = Image(np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64))

    sources.save_image(context, image, OutputPath(tmp_path / "a.jpg", "a.jpg", is_deep=is_deep))

    assert context.messages == ["16 bits become 8 in .jpg: write .png or .tiff to keep them"] * is_deep


@pytest.mark.parametrize("extension", ["jpg", "webp"])
def test_a_file_gets_the_highest_quality_that_fits(tmp_path: Path, extension: str) -> None:
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(5).random((120, 160, 3)), (2, 2, 0))
    image = Image(((noise - noise.min()) / np.ptp(noise)).astype(np.float32))
    sizes = []
    for quality in range(1, 101):
        save(image, OutputPath(tmp_path / f"q.{extension}", "q"), quality)
        sizes.append((tmp_path / f"q.{extension}").stat().st_size)
    limit = sizes[40] // 1000 + 1

    save(image, OutputPath(tmp_path / f"a.{extension}", "a"), 95, max_kilobytes=limit)

    # sizes of WebP do not rise with each quality: that of the next one does not fit
    size = (tmp_path / f"a.{extension}").stat().st_size
    ends = [at for at, one in enumerate(sizes[:95]) if one == size]
    assert size <= limit * 1000
    assert any(sizes[at + 1] > limit * 1000 for at in ends)


def test_a_file_whose_graph_does_not_fit_says_so(tmp_path: Path) -> None:
    image = Image(np.full((8, 8, 3), 90, np.uint8))

    with pytest.raises(MediaError) as caught:
        save(image, OutputPath(tmp_path / "a.jpg", "a.jpg", provenance="x" * 30_000), None, max_kilobytes=20)

    assert caught.value.hint == "the graph in it takes 30 kB: allow more, or write it without, with --strip"


@pytest.mark.parametrize(("name", "limit"), [("a.png", 1), ("a.jpg", 1)])
def test_a_file_that_never_fits_is_refused_and_not_written(tmp_path: Path, name: str, limit: int) -> None:
    image = Image(np.random.default_rng(5).integers(0, 256, (90, 90, 3), dtype=np.uint8))

    with pytest.raises(MediaError) as caught:
        save(image, OutputPath(tmp_path / name, name), None, max_kilobytes=limit)

    assert caught.value.code == "E512"
    assert list(tmp_path.iterdir()) == []


def test_a_node_saves_tags_that_other_programs_read(tmp_path: Path) -> None:
    image = Image(np.full((4, 4, 3), 90, np.uint8))

    sources.save_image(TestContext(), image, OutputPath(tmp_path / "a.jpg", "a.jpg"), artist="Ana", dpi=240)

    with PIL.Image.open(tmp_path / "a.jpg") as written:
        assert written.getexif()[315] == "Ana"
        assert written.info["dpi"] == (240, 240)
