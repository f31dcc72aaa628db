"""The ready batches: their galleries open in a browser, filter, and play, and nothing goes wrong in them."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio, read_settings
from studio.batch.gallery import write_gallery
from studio.batch.python_call import batch
from tests.studio.batch.chromium import open_browser

_BATCHES = Path(__file__).parents[3] / "graphs" / "batches"
_PLAY = """medium => { medium.muted = true; return new Promise((done, fail) => {
    medium.addEventListener("timeupdate", () => medium.currentTime > 0.2 && done(medium.currentTime));
    medium.addEventListener("error", () => fail(medium.error && medium.error.message)); medium.play(); }); }"""

pytestmark = [pytest.mark.xdist_group("processes"), pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of headless Chromium, in which nothing may go wrong."""
    wrong: list[str] = []
    with open_browser() as browser:
        opened = browser.new_page(viewport={"width": 1440, "height": 900})
        opened.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        yield opened
    assert wrong == []


def make(graph: str, items: list[dict[str, Any]], folder: Path) -> None:
    """Run a ready batch in this process, and write its gallery."""
    settings = read_settings(device="cpu", cache_dir=folder / "cache")
    with Studio(settings) as studio:
        made = list(batch(_BATCHES / graph, items, folder / "out", workers=0, studio=studio))
    assert [item.error for item in made] == [None] * len(items)
    write_gallery(folder / "out")


def show(page: Any, folder: Path) -> None:
    page.goto((folder / "out" / "gallery.html").as_uri())
    page.wait_for_selector("html[data-ready]")


def read_rows(name: str, count: int) -> list[dict[str, Any]]:
    """Return the first rows of a ready table."""
    lines = (_BATCHES / name).read_text(encoding="utf-8").splitlines()
    rows = map(json.loads, lines) if name.endswith(".jsonl") else csv.DictReader(lines)
    return [dict(row) for row in itertools.islice(rows, count)]


def test_the_product_catalogue_filters_and_shows_its_pictures(page: Any, tmp_path: Path) -> None:
    rows = read_rows("products.csv", 3)
    items = [
        {**row, "name": f"{row['name']}-{color}", "background": color} for row in rows for color in ("blue", "yellow")
    ]
    make("product_card.json", items, tmp_path)

    show(page, tmp_path)
    assert page.locator(".card").count() == 6
    page.select_option("[data-facet=background]", "=blue")
    assert page.locator(".card").count() == 3
    page.locator(".card").first.click()
    assert page.locator("#view img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100


def test_the_narration_plays(page: Any, tmp_path: Path) -> None:
    make("narration.json", read_rows("narration.jsonl", 2), tmp_path)

    show(page, tmp_path)
    page.locator(".card .cap").first.click()
    assert page.locator("#view audio").evaluate(_PLAY) > 0.2
