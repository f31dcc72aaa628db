"""Tags, print size and profiles of images, read back with Pillow and LittleCMS."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from studio.api import ColorSpace, Image, ImageType, MediaError, MediaLimits
from studio.api.image_tags import ImageTags, check_image_tags
from studio.api.image_writing import write_converted

TEXTS = {
    "title": "Ölöb & <lake>",
    "artist": "Ana {b}",
    "copyright": "© 2026 Ana",
    "description": "A lake\nin spring",
}
GRAPH = '{"studio": 1}'
KINDS = ["png", "jpg", "webp", "tiff"]


def make_image(channels: int = 3) -> Image:
    return Image(np.random.default_rng(2).integers(0, 256, (20, 30, channels), dtype=np.uint8))


def read_xmp(image: PIL.Image.Image) -> dict[str, str]:
    """Return the texts of Dublin Core in a file."""
    info = image.info
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp") or image.getexif().get(700)
    text = packet if isinstance(packet, str) else bytes(packet).decode("utf-8")
    root = ElementTree.fromstring(text.partition("?>")[2].rpartition("<?")[0])
    space = "{http://purl.org/dc/elements/1.1/}"
    found = [each for each in root.iter() if each.tag.startswith(space)]
    return {each.tag.removeprefix(space): "".join(each.itertext()) for each in found}


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_carries_tags_beside_the_record_and_the_same_pixels(tmp_path: Path, kind: str) -> None:
    plain, tagged = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    write_converted(make_image(), plain, GRAPH)

    write_converted(make_image(), tagged, GRAPH, tags=ImageTags(**TEXTS, dpi=300))

    with PIL.Image.open(tagged) as image:
        found, exif, texts = read_xmp(image), image.getexif(), dict(image.info)
    assert found == {
        "title": TEXTS["title"],
        "rights": TEXTS["copyright"],
        "description": "A lake in spring",
        "creator": TEXTS["artist"],
    }
    if kind == "png":
        assert texts["Title"] == TEXTS["title"]
        assert texts["Author"] == TEXTS["artist"]
    else:
        assert exif[315] == TEXTS["artist"]
        assert exif[282] == 300
    assert kind == "webp" or [round(value) for value in texts["dpi"]] == [300, 300]
    assert ImageType().read_provenance(tagged) == GRAPH
    assert ImageType().read_file(tagged, MediaLimits()) == ImageType().read_file(plain, MediaLimits())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_profile_of_srgb_changes_no_sample(tmp_path: Path, kind: str, channels: int) -> None:
    plain, profiled = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    write_converted(make_image(channels), plain, None)

    write_converted(make_image(channels), profiled, None, tags=ImageTags(profile="srgb"))

    with PIL.Image.open(profiled) as image, PIL.Image.open(plain) as other:
        assert np.array_equal(np.asarray(image), np.asarray(other))
        profile = PIL.ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert profile.profile.xcolor_space.strip() == ("GRAY" if channels == 1 and kind != "webp" else "RGB")
    assert profile.profile.profile_description.startswith("sRGB")
    assert ImageType().read_file(profiled, MediaLimits()) == ImageType().read_file(plain, MediaLimits())


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_littlecms_sees_the_colors_of_a_display_p3_file(tmp_path: Path, kind: str) -> None:
    colors = np.random.default_rng(2).integers(60, 200, (20, 30, 3), dtype=np.uint8)
    path = tmp_path / f"a.{kind}"

    write_converted(Image(colors), path, None, tags=ImageTags(profile="display-p3"))

    with PIL.Image.open(path) as file:
        stored = file.convert("RGB")
        profile = PIL.ImageCms.ImageCmsProfile(io.BytesIO(file.info["icc_profile"]))
    target = PIL.ImageCms.createProfile("sRGB")
    seen = PIL.ImageCms.profileToProfile(stored, profile, target, renderingIntent=1)  # relative colorimetric
    assert np.abs(np.asarray(stored).astype(int) - colors).max() > 10
    assert np.abs(np.asarray(seen).astype(int) - colors).max() <= 2  # both are rounded to 8 bits


def test_a_red_beyond_srgb_stays_in_a_display_p3_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    red = np.zeros((4, 4, 3), np.float32)
    red[..., 0] = 1

    write_converted(
        Image(red, color=ColorSpace("srgb", "display-p3")), path, None, tags=ImageTags(profile="display-p3")
    )

    with PIL.Image.open(path) as image:
        assert np.asarray(image)[0, 0].tolist() == [255, 0, 0]


def test_an_image_with_tags_is_written_the_same_again(tmp_path: Path) -> None:
    tags = ImageTags(**TEXTS, dpi=96, profile="display-p3")
    for name in ("a.png", "b.png"):
        write_converted(make_image(), tmp_path / name, GRAPH, tags=tags)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_openexr_holds_texts_alone(tmp_path: Path) -> None:
    write_converted(make_image(), tmp_path / "a.exr", GRAPH, tags=ImageTags(artist="Ana"))

    assert b"<dc:creator><rdf:Seq><rdf:li>Ana<" in (tmp_path / "a.exr").read_bytes()
    assert ImageType().read_provenance(tmp_path / "a.exr") == GRAPH


@pytest.mark.parametrize(
    ("name", "tags", "dynamic_range"),
    [("a.exr", {"dpi": 72.0}, "sdr"), ("a.exr", {"profile": "srgb"}, "sdr"), ("a.png", {"profile": "srgb"}, "pq")],
)
def test_what_a_file_cannot_hold_is_refused(name: str, tags: dict[str, Any], dynamic_range: str) -> None:
    with pytest.raises(MediaError) as caught:
        check_image_tags(name, ImageTags(**tags), dynamic_range)

    assert caught.value.code == "E512"
