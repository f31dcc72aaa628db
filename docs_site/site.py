"""Builds the site: lays out the Markdown sources, hand-written and generated, and lets Zensical turn them into HTML."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs_site.command_pages import create_command_pages, find_command_path, list_commands
from docs_site.conversion import convert_page
from docs_site.crosslinks import link_references
from docs_site.handwritten import copy_linked_files, find_pages
from docs_site.links import find_broken_links
from docs_site.llms import create_full_text, create_index
from docs_site.media import MediaRoom
from docs_site.names import find_unknown_names
from docs_site.navigation import Menu, create_menus, find_navigation_problems, list_paths
from docs_site.node_pages import (
    create_node_page,
    create_nodes_page,
    create_plugin_page,
    find_node_path,
    find_plugin_path,
)
from docs_site.page import Page
from docs_site.pictures import find_picture, format_picture, is_whole
from docs_site.python_pages import create_python_pages
from docs_site.schema_page import create_schema_page
from docs_site.settings_page import create_settings_page
from docs_site.uses import find_uses
from docs_site.zensical_config import SCRIPT, STYLE, create_config, write_config
from studio.api import NodeType
from studio.app import Studio, read_settings
from studio.graph.example import load_example

ROOT = Path(__file__).parents[1]


class SiteProblem(Exception):
    """The site cannot be built; the text says what to mend, a line each."""


@dataclass(frozen=True)
class Site:
    """The pages of the site and their order.

    Attributes:
        pages: The pages by path, as they are written or generated.
        menus: The navigation.
        node_types: The node types by id.
    """

    pages: Mapping[str, Page]
    menus: Sequence[Menu]
    node_types: Mapping[str, NodeType]


def collect_site(root: Path = ROOT, shown: Mapping[str, str] | None = None) -> Site:
    """Return all pages and their order.

    Args:
        root: The repository.
        shown: Markdown that shows what examples make, by the ids of their node types.
    """
    node_types = load_node_types()
    by_plugin: dict[str, list[NodeType]] = {}
    for one in node_types.values():
        by_plugin.setdefault(one.plugin, []).append(one)
    written = find_pages(root)
    pages = [*written, *create_command_pages(), *create_python_pages(), create_settings_page(), create_schema_page()]
    pages += _create_node_pages(root, by_plugin, {page.path for page in written}, shown or {})
    orders = {
        plugin: [find_plugin_path(plugin), *(find_node_path(one) for one in types)]
        for plugin, types in by_plugin.items()
    }
    return Site({page.path: page for page in pages}, create_menus(pages, orders), node_types)


def load_node_types() -> dict[str, NodeType]:
    """Return Studio's own node types, in the order of their ids."""
    with Studio(read_settings(device="cpu"), on_disk=False) as studio:
        found = studio.registry.node_types
    return {name: found[name] for name in sorted(found) if found[name].distribution == "studio"}


def _create_node_pages(
    root: Path, by_plugin: Mapping[str, Sequence[NodeType]], written: set[str], shown: Mapping[str, str]
) -> list[Page]:
    uses = find_uses(root)
    pages = [create_nodes_page(by_plugin)]
    for plugin, types in by_plugin.items():
        about = next((path for path in _name_abouts(plugin) if path in written), "")
        pages.append(create_plugin_page(plugin, types, about))
        for one in types:
            graph = load_example(one)
            example = None if graph is None else graph.json
            made = shown.get(one.id) or _show_picture(root, one, example)
            pages.append(create_node_page(one, example, made, uses.get(one.id, ())))
    return pages


def _show_picture(root: Path, node_type: NodeType, example: Mapping[str, Any] | None) -> str:
    path = find_picture(root, node_type.id, example)
    return format_picture(path) if path else ""


def _name_abouts(plugin: str) -> list[str]:
    return [f"docs/{plugin}.md", f"plugins/studio_{plugin}/README.md"]


def find_problems(root: Path, site: Site, made: Sequence[Path] = ()) -> list[str]:
    """Return a line for each thing that is wrong: links that lead nowhere, pages that are not listed, unknown names.

    Args:
        root: The repository.
        site: The pages.
        made: The folder of what examples made, if they ran.
    """
    names = {name for one in site.node_types.values() for name in (one.id, *one.replaces)}
    return [
        *find_broken_links([root, *made], site.pages.values()),
        *find_navigation_problems(site.pages.values(), site.menus),
        *find_unknown_names(site.pages, names),
    ]


def build_site(folder: Path, *, root: Path = ROOT, media_seconds: float = 0.0) -> Site:
    """Build the site, into `site` in a folder.

    Args:
        folder: Where to build; sources, cache and configuration stay there for the next build.
        root: The repository.
        media_seconds: How long the examples of node types may run, to show what they make.

    Raises:
        SiteProblem: Links lead nowhere, pages are not in the navigation, or Zensical is missing or fails.
    """
    source, output = folder / "source", folder / "site"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    site = collect_site(root, _show_examples(root, folder, source, media_seconds))
    problems = find_problems(root, site, [source])
    if problems:
        raise SiteProblem("\n".join(problems))
    write_sources(root, site, source)
    config = folder / "mkdocs.yml"
    write_config(config, create_config(site.pages, site.menus, source.name, output.name))
    run_zensical(config)
    write_texts(site, output)
    return site


def _show_examples(root: Path, folder: Path, source: Path, seconds: float) -> dict[str, str]:
    """Run examples that a kept picture does not show whole."""
    if not seconds:
        return {}
    found = [(name, graph) for name, one in load_node_types().items() if (graph := load_example(one)) is not None]
    examples = [
        (name, graph) for name, graph in found if not (find_picture(root, name, graph.json) and is_whole(root, name))
    ]
    return MediaRoom(folder, source, seconds).show_examples(examples)


def write_sources(root: Path, site: Site, folder: Path) -> None:
    """Write the pages as Zensical reads them, with the files that they link to."""
    targets = find_reference_targets(site)
    written = {page.path for page in find_pages(root)}
    for page in site.pages.values():
        text = convert_page(page.path, page.text, site.pages.keys()) if page.path in written else page.text
        linked = Page(page.path, page.title, link_references(page.path, text, targets), page.description)
        place = folder / page.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(linked.to_markdown(), encoding="utf-8")
    copy_linked_files(root, site.pages.values(), folder)
    for name in (SCRIPT, STYLE):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(__file__).parent / name, place)


def find_reference_targets(site: Site) -> dict[str, str]:
    """Return the pages of the reference by what code in sentences says."""
    targets = {name: find_node_path(one) for name, one in site.node_types.items()}
    targets |= {words: find_command_path(words) for words, _ in list_commands() if words != "studio"}
    return {name: path for name, path in targets.items() if path in site.pages}


def run_zensical(config: Path) -> None:
    """Let Zensical build the site of a configuration.

    Raises:
        SiteProblem: It is not installed, or it fails.
    """
    command = [sys.executable, "-m", "zensical", "build", "--config-file", str(config)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise SiteProblem((done.stdout + done.stderr).strip())


def write_texts(site: Site, output: Path) -> None:
    """Write `llms.txt` and `llms-full.txt` into a built site; remove `404.html`, whose links hold at one place only."""
    (output / "404.html").unlink(missing_ok=True)
    (output / "llms.txt").write_text(create_index(site.pages, site.menus), encoding="utf-8")
    pages = [site.pages[path] for path in list_paths(site.menus)]
    (output / "llms-full.txt").write_text(create_full_text(pages), encoding="utf-8")
