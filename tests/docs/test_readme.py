"""What the README promises holds: its length, its graph, its plugin, and the places that the pages name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from studio.app import Studio, read_settings
from studio.graph import parse_graph

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "graphs" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
TARGET = re.compile(r"\]\(([^)\s]+)\)")


def read_block(language: str) -> str:
    """Return the README's only block of a language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return str(block)


def test_the_readme_has_at_most_120_lines() -> None:
    assert len(README.splitlines()) <= 120


def test_the_smallest_graph_validates_and_runs(tmp_path: Path) -> None:
    with Studio(read_settings(device="cpu", cache_dir=tmp_path / "cache"), on_disk=False) as studio:
        graph = parse_graph(read_block("json"), base=tmp_path)

        findings = studio.validate(graph)
        result = studio.run(graph, output=tmp_path / "out")

    assert findings == []
    assert result.status == "done"
    assert (tmp_path / "out" / "hello.png").is_file()


def test_the_smallest_plugin_is_found_in_a_folder_and_runs(tmp_path: Path) -> None:
    plugin = read_block("python")
    (tmp_path / "studio_tint.py").write_text(plugin, encoding="utf-8")
    graph = {
        "studio": 1,
        "nodes": {
            "paper": {"type": "image.new", "inputs": {"width": 4, "height": 4, "color": "black"}},
            "fade": {"type": "tint.fade_image", "inputs": {"image": {"from": "paper"}, "amount": 0.25}},
        },
        "outputs": {"picture": {"from": "fade"}},
    }

    settings = read_settings(device="cpu", plugins_dir=tmp_path, cache_dir=tmp_path / "cache")
    with Studio(settings, on_disk=False) as studio:
        result = studio.run(graph)

    assert len(plugin.splitlines()) <= 20
    assert result.status == "done"
    assert result["picture"].pixels.max() == pytest.approx(0.25)


def test_the_picture_carries_the_graph_that_made_it() -> None:
    assert '<img src="docs/pictures/poster.jpg"' in README
    with Studio(read_settings(device="cpu"), on_disk=False) as studio:
        graph = studio.load(ROOT / "docs" / "pictures" / "poster.jpg")

        assert [finding.code for finding in studio.validate(graph) if finding.code != "W104"] == []


def test_the_readme_counts_the_node_types() -> None:
    with Studio(read_settings(device="cpu"), on_disk=False) as studio:
        count = len(studio.registry.node_types)

    claimed = [int(number) for number in re.findall(r"over (\d+) node types", README)]

    assert len(claimed) == 1
    assert claimed[0] < count < claimed[0] + 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_points_at_a_file(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in TARGET.findall(text) if "://" not in target]

    missing = [target for target in targets if not find_place(page, target)]

    assert missing == []


def find_place(page: Path, target: str) -> bool:
    """Say whether a file, and the heading in it, is there."""
    name, _, heading = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not heading or not path.is_file():
        return path.exists()
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return heading in {re.sub(r"[^a-z0-9 _-]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("path", sorted((ROOT / "graphs").glob("*.json")), ids=lambda path: path.stem)
def test_each_ready_graph_has_a_small_cover(path: Path) -> None:
    cover = path.parent / json.loads(path.read_text(encoding="utf-8"))["ui"]["cover"]

    with Image.open(cover) as image:
        assert max(image.size) <= 480
    assert cover.stat().st_size <= 60_000


def test_no_cover_is_left_without_its_graph() -> None:
    covers = {path.stem for path in (ROOT / "graphs" / "covers").iterdir()}

    assert covers == {path.stem for path in (ROOT / "graphs").glob("*.json")}
