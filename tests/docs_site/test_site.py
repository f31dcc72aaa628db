from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs_site.navigation import list_paths
from docs_site.site import ROOT, Site, build_site, collect_site, find_problems, find_reference_targets, write_sources

ELSEWHERE = re.compile(r"^(https?:)?//")


@pytest.fixture(scope="module")
def site() -> Site:
    return collect_site()


def test_no_link_leads_nowhere_and_every_page_is_in_the_navigation(site: Site) -> None:
    assert find_problems(ROOT, site) == []


def test_every_node_type_has_a_page(site: Site) -> None:
    assert len(site.node_types) > 150
    assert {f"reference/nodes/{name.partition('.')[0]}/{name}.md" for name in site.node_types} <= site.pages.keys()


def test_code_in_sentences_leads_to_the_reference(site: Site) -> None:
    targets = find_reference_targets(site)

    assert targets["image.blur"] == "reference/nodes/image/image.blur.md"
    assert targets["studio cache prune"] == "reference/command_line/studio_cache_prune.md"


def test_sources_are_written_with_links_that_hold(site: Site, tmp_path: Path) -> None:
    write_sources(ROOT, site, tmp_path)

    page = (tmp_path / "docs/how_to/graphs/variations.md").read_text(encoding="utf-8")
    assert "[`logic.seed_list`](../../../reference/nodes/logic/logic.seed_list.md)" in page
    assert (tmp_path / "docs/pictures/poster_graph.png").is_file()
    assert (tmp_path / "theme/extra.css").is_file()


class _Links(HTMLParser):
    """Collects what a page links to, what it loads, and its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := values.get(name))}
        loads = tag in ("script", "img", "iframe", "audio", "video", "source") or (
            tag == "link" and values.get("rel") != "canonical"
        )
        for name in ("href", "src"):
            if value := values.get(name):
                (self.loaded if loads else self.targets).append(value)


def _read(path: Path) -> _Links:
    links = _Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built."""
    pytest.importorskip("zensical")
    folder = tmp_path_factory.mktemp("docs")
    build_site(folder)
    return folder / "site"


@pytest.fixture(scope="module")
def pages(output: Path) -> dict[Path, _Links]:
    """The pages of the built site."""
    return {path.resolve(): _read(path) for path in output.rglob("*.html")}


@pytest.mark.slow
def test_the_built_site_has_every_page(output: Path, site: Site) -> None:
    for path in list_paths(site.menus):
        place = re.sub(r"(README|index)\.md$", "index.md", path).removesuffix(".md")
        assert (output / f"{place}.html").is_file(), path


@pytest.mark.slow
def test_no_built_page_loads_anything_from_elsewhere(pages: dict[Path, _Links]) -> None:
    assert pages
    assert [target for links in pages.values() for target in links.loaded if ELSEWHERE.match(target)] == []


@pytest.mark.slow
def test_every_link_of_the_built_site_leads_to_a_file_and_an_id(pages: dict[Path, _Links]) -> None:
    assert list(_find_broken(pages)) == []


@pytest.mark.slow
def test_search_and_the_texts_for_programs_are_built(output: Path) -> None:
    assert "image.draw_text" in (output / "search.js").read_text(encoding="utf-8")
    assert (output / "theme/iframe-worker.js").is_file()
    assert "reference/nodes/image/image.blur.html" in (output / "llms.txt").read_text(encoding="utf-8")
    assert (output / "llms-full.txt").stat().st_size > 100_000


def _find_broken(pages: dict[Path, _Links]) -> Iterator[str]:
    for path, links in pages.items():
        for target in (*links.targets, *links.loaded):
            if ELSEWHERE.match(target) or target.startswith(("mailto:", "javascript:", "data:")):
                continue
            name, _, anchor = unquote(target).partition("#")
            place = (path.parent / name).resolve() if name else path
            if not place.is_file() or (
                anchor and place in pages and anchor not in pages[place].ids and not anchor.startswith("__")
            ):
                yield f"{path.name}: {target}"
