"""The recipes that graphs/README.md opens with: short, shown, and run as they stand."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import studio_audio
import studio_diffusion
import studio_image
import studio_logic
import studio_speech
import studio_upscale
import studio_video
import studio_vision
from studio.app import Studio
from studio.batch.python_call import batch
from studio.graph import load_graph
from studio.settings import Settings

GRAPHS = Path(__file__).parents[2] / "graphs"
PLUGINS = [
    (f"studio-{module.__name__[7:]}", module)
    for module in (
        studio_audio,
        studio_diffusion,
        studio_image,
        studio_logic,
        studio_speech,
        studio_upscale,
        studio_video,
        studio_vision,
    )
]
RECIPES = re.findall(
    r"^\| \[(\w+)\.json\].*!\[.+\]\(\.\./docs/pictures/(\w+\.\w+)\).* \| `",
    (GRAPHS / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("name", "picture"), RECIPES)
def test_a_recipe_is_short_and_has_a_small_picture(name: str, picture: str) -> None:
    document = json.loads((GRAPHS / f"{name}.json").read_text(encoding="utf-8"))

    assert len(document["nodes"]) <= 8
    assert all(value["description"] for value in (document["inputs"] | document["outputs"]).values())
    assert (GRAPHS.parent / "docs/pictures" / picture).stat().st_size < 150_000


def run_recipe(name: str, inputs: dict[str, object], folder: Path) -> list[str]:
    """Run a recipe and return the names of the files that it makes."""
    graph = load_graph(GRAPHS / f"{name}.json")
    with Studio(Settings(device="cpu", cache_dir=folder / "cache"), plugins=PLUGINS, discover=False) as studio:
        result = studio.run(graph, inputs, output=folder / "out")
    assert not result.errors
    return sorted(path.name for path in (folder / "out").iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize(
    ("name", "inputs", "files"),
    [
        pytest.param("product_cutout", {}, ["card.png"], marks=pytest.mark.slow),
        ("watermark", {}, ["picture.png"]),
        pytest.param("film_look", {}, ["picture.png"], marks=pytest.mark.slow),
        ("before_after_wipe", {"frames": 4}, ["film.mp4"]),
        pytest.param("xy_plot", {"steps": [1, 2], "guidance": [1.0, 2.0]}, ["sheet.png"], marks=pytest.mark.slow),
        pytest.param("quote_cards", {}, ["cards_000.png", "cards_001.png"], marks=pytest.mark.slow),
        ("brand_kit", {"width": 60, "height": 40}, ["asset.png"]),
        pytest.param("meme_gif", {"seconds": 0.2}, ["film.mp4", "meme.gif"], marks=pytest.mark.slow),
        pytest.param("social_clip", {"side": 96}, ["film.mp4"], marks=pytest.mark.slow),
        pytest.param("lower_third", {}, ["film.mp4"], marks=pytest.mark.slow),
        pytest.param(
            "podcast_intro", {"text": "Hi."}, ["intro.flac", "intro.mp3", "loudness.json"], marks=pytest.mark.slow
        ),
        pytest.param("waveform_video", {"seconds": 0.5}, ["film.mp4"], marks=pytest.mark.slow),
        pytest.param("slideshow", {"seconds": 1.0, "width": 96, "height": 64}, ["film.mp4"], marks=pytest.mark.slow),
    ],
)
def test_a_recipe_runs(name: str, inputs: dict[str, object], files: list[str], tmp_path: Path) -> None:
    assert run_recipe(name, inputs, tmp_path) == files


def test_sprites_are_cut_out_of_the_screen(tmp_path: Path) -> None:
    run_recipe("sprite_sheet", {"count": 2, "columns": 2, "size": 64}, tmp_path)
    with PIL.Image.open(tmp_path / "out" / "sheet.png") as sheet:
        samples = np.asarray(sheet).reshape(64, 2, 64, 4)

    red, green, blue, alpha = np.moveaxis(samples.astype(int), -1, 0)
    assert all(0.08 < (alpha[:, index] > 250).mean() < 0.3 for index in range(2))
    assert (alpha[:4] == 0).all()
    assert (green[alpha > 20] <= np.maximum(red, blue)[alpha > 20] + 8).all()


@pytest.mark.slow
def test_the_brand_kit_makes_every_size_of_its_table(tmp_path: Path) -> None:
    table = GRAPHS / "batches" / "brand_kit.csv"
    with Studio(Settings(device="cpu", cache_dir=tmp_path / "cache"), plugins=PLUGINS, discover=False) as studio:
        items = list(batch(GRAPHS / "brand_kit.json", table, tmp_path / "out", workers=0, studio=studio))

    assert [item.error for item in items] == [None] * 6
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        with PIL.Image.open(tmp_path / "out" / f"{row['name']}.png") as asset:
            assert asset.size == (int(row["width"]), int(row["height"]))
