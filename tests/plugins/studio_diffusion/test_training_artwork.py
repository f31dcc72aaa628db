"""The two artworks of the recipe: 3D from an archive or a folder, flat as a style; and what is drawn of them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.artwork_files import parse_code_points, read_fluent, read_names
from studio_diffusion.training.backgrounds import PLACES
from studio_diffusion.training.scenes import Scene, Scenes, Thing
from studio_diffusion.training.vocabulary import FLAT, STYLES

FLAT_COLOR, SOLID_COLOR = (30, 60, 200), (200, 150, 30)
NAMES = {"cat": "1f408", "red heart": "2764", "keycap #": "0023_20e3", "flag": "1f3f4"}
FLUENT = {"cat": "1f408", "red heart": "2764-fe0f", "keycap #": "0023-fe0f-20e3"}


def encode_disk(side: int, color: tuple[int, int, int], format_: str) -> bytes:
    """A disk of one color on nothing."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    picture = np.zeros((side, side, 4), np.uint8)
    picture[..., :3] = color
    picture[..., 3] = np.where(np.hypot(x, y) < side * 0.45, 255, 0)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format_, lossless=True)
    return buffer.getvalue()


@pytest.fixture
def noto(tmp_path: Path) -> Path:
    folder = tmp_path / "noto"
    folder.mkdir()
    rows = ["file\temoji\tname\tskin_tone"]
    for name, points in NAMES.items():
        (folder / f"emoji_u{points}.png").write_bytes(encode_disk(128, FLAT_COLOR, "PNG"))
        rows.append(f"emoji_u{points}.png\t?\t{name}\t0")
    (folder / "names.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def fluent(tmp_path: Path) -> Path:
    folder = tmp_path / "package" / "assets"
    folder.mkdir(parents=True)
    for points in [*FLUENT.values(), "1f408-200d-2b1b"]:
        (folder / f"{points}.webp").write_bytes(encode_disk(256, SOLID_COLOR, "WEBP"))
    (folder.parent / "package.json").write_text("{}", encoding="utf-8")
    archive = tmp_path / "fluent.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder.parent, "package")
    return archive


def test_code_points_are_those_of_both_ways_to_name_a_file() -> None:
    assert parse_code_points("emoji_u0023_20e3.png") == (0x23, 0x20E3)
    assert parse_code_points("package/assets/0023-fe0f-20e3.webp") == (0x23, 0x20E3)
    assert parse_code_points("package/assets/cover.webp") == ()


def test_an_archive_and_its_unpacked_folder_give_the_same_artwork(noto: Path, fluent: Path) -> None:
    files = read_names(noto)

    packed, unpacked = read_fluent(fluent, files), read_fluent(fluent.parent / "package", files)

    assert packed == unpacked
    assert set(packed) == set(FLUENT)


def test_a_folder_without_3d_artwork_is_refused(noto: Path) -> None:
    with pytest.raises(ValueError, match="no artwork"):
        read_fluent(noto, read_names(noto))


def test_the_3d_artwork_is_the_usual_look_and_flat_is_a_style(noto: Path, fluent: Path) -> None:
    art = Artwork(noto, 128, fluent)

    usual, flat = (art.draw(Scene("", (Thing("cat"),), style=style)) for style in ("", FLAT))

    assert usual.shape == (128, 128, 3)
    assert usual[64, 64].tolist() == pytest.approx(SOLID_COLOR, abs=1)
    assert flat[64, 64].tolist() == pytest.approx(FLAT_COLOR, abs=1)
    assert (usual[0, 0] == 255).all()


def test_only_names_with_both_artworks_are_drawn(noto: Path, fluent: Path) -> None:
    assert Artwork(noto, 128, fluent).names == sorted(FLUENT)
    assert Artwork(noto, 64).names == sorted(NAMES)


@pytest.mark.parametrize("angle", [0, 8])
@pytest.mark.parametrize("size", [0.42, 0.8, 1.0])
def test_the_rim_of_a_thing_mixes_its_color_with_the_background_alone(
    noto: Path, fluent: Path, size: float, angle: int
) -> None:
    picture = Artwork(noto, 128, fluent).draw(Scene("", (Thing("cat", "", size, angle=angle),), background="white"))

    # every pixel lies on the line from the background to the thing's color: no gray border, no ringing
    back, front = np.array((246, 246, 246), float), np.array(SOLID_COLOR, float)
    share = ((picture - back) @ (front - back)) / ((front - back) @ (front - back))
    off = np.abs(picture - (back + share[..., None] * (front - back))).max()
    assert off < 4
    assert -0.02 < share.min() < share.max() < 1.02
    assert ((share > 0.2) & (share < 0.8)).any()


def test_flat_is_asked_for_only_where_there_is_another_look(noto: Path, fluent: Path) -> None:
    rng = np.random.default_rng(0)
    both, one = Artwork(noto, 128, fluent), Artwork(noto, 64)

    scenes = [Scenes(["cat"], styles=both.styles).make(rng) for _ in range(600)]
    flat = [scene for scene in scenes if scene.style == FLAT]

    assert flat
    assert all(scene.prompt.endswith(", flat") for scene in flat)
    assert any(scene.things[0].color for scene in flat)
    assert one.styles == STYLES
    assert FLAT not in STYLES


def test_what_was_drawn_before_does_not_change_what_is_drawn(noto: Path, fluent: Path) -> None:
    art, fresh = Artwork(noto, 128, fluent), Artwork(noto, 128, fluent)
    scene = Scene("", (Thing("cat", "blue", 0.5, angle=8), Thing("red heart", "", 0.5, 0.2, 0.2)))
    art.draw(Scene("", (Thing("cat", "", 0.5, angle=8),), style=FLAT))
    art.draw(scene)

    assert (art.draw(scene) == fresh.draw(scene)).all()


def test_a_thing_in_a_place_stands_on_the_ground_with_a_shadow_below(noto: Path, fluent: Path) -> None:
    art = Artwork(noto, 128, fluent)
    place = PLACES["on grass"]
    thing = Thing("cat", "", 0.5, 0.5, place.ground, stands=True)

    bare = art.draw(Scene("", (), "on grass"))
    picture = art.draw(Scene("", (thing,), "on grass"))

    changed = (np.abs(picture.astype(int) - bare).max(-1) > 8).nonzero()
    assert abs(changed[0].max() + 1 - place.ground * 128) < 6
    darker = bare[111, 64].astype(int).sum() - picture[111, 64].astype(int).sum()
    assert darker > 60
    left, top, side = art.find_box(Scene("", (thing,), "on grass"))
    assert (left, side) == (32, 64)
    assert abs(top + side - place.ground * 128) < 6


def test_what_floats_casts_no_shadow(noto: Path, fluent: Path) -> None:
    art = Artwork(noto, 128, fluent)

    bare = art.draw(Scene("", (), "in space"))
    picture = art.draw(Scene("", (Thing("cat", "", 0.5),), "in space"))

    assert (picture[100:] == bare[100:]).all()
    assert (picture[64, 64] != bare[64, 64]).any()


def test_a_sticker_has_a_white_border_and_stays_within_its_square(noto: Path, fluent: Path) -> None:
    picture = Artwork(noto, 128, fluent).draw(Scene("", (Thing("cat", size=0.8),), "blue", "sticker"))

    row = picture[64]
    white = np.flatnonzero((row > 248).all(-1))
    assert len(white) > 4
    assert white.min() < 64 < white.max()
    assert picture[64, 64].tolist() == pytest.approx(SOLID_COLOR, abs=2)
    assert row[4].tolist() == pytest.approx((35, 95, 225), abs=1)
