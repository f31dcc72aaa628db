"""What the site generator, Zensical, is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docs_site.navigation import Menu
from docs_site.page import Page

SCRIPT, STYLE = "theme/iframe-worker.js", "theme/extra.css"


def create_config(pages: Mapping[str, Page], menus: Sequence[Menu], source: str, output: str) -> dict[str, Any]:
    """Return the configuration. Nothing in it lets a browser ask another host: no fonts, no scripts, no counters.

    Args:
        pages: The pages by path.
        menus: The navigation.
        source: Folder of the pages, seen from the configuration.
        output: Folder to write the site to, seen from the configuration.
    """
    return {
        "site_name": "Studio",
        "site_description": "A headless studio for generative media: graphs of nodes, plugins, an executor, a cache.",
        "docs_dir": source,
        "site_dir": output,
        "use_directory_urls": False,
        "nav": [_create_entry(menu, pages) for menu in menus],
        "theme": {
            "name": "material",
            "font": False,
            "language": "en",
            "features": [
                "navigation.tabs", "navigation.indexes", "navigation.prune", "navigation.top", "navigation.footer",
                "search.highlight", "content.code.copy", "content.tooltips", "toc.follow",
            ],
            "palette": [
                _create_palette("(prefers-color-scheme: light)", "default", "lucide/sun", "Switch to the dark look"),
                _create_palette("(prefers-color-scheme: dark)", "slate", "lucide/moon", "Switch to the light look"),
            ],
        },
        "plugins": ["search", "offline"],
        "extra": {"generator": False, "polyfills": [SCRIPT], "homepage": "index.html"},
        "extra_css": [STYLE],
        "markdown_extensions": [
            "tables", "attr_list", "md_in_html", "sane_lists",
            {"pymdownx.superfences": {}}, {"pymdownx.highlight": {"use_pygments": True}},
            {"toc": {"permalink": True, "slugify": {"object": "pymdownx.slugs.slugify", "kwds": {"case": "lower"}}}},
        ],
    }  # fmt: skip


def _create_palette(media: str, scheme: str, icon: str, name: str) -> dict[str, Any]:
    return {"media": media, "scheme": scheme, "toggle": {"icon": icon, "name": name}}


def _create_entry(entry: str | Menu, pages: Mapping[str, Page]) -> Any:
    if isinstance(entry, Menu):
        return {entry.title: [_create_entry(one, pages) for one in entry.entries]}
    return entry if entry.endswith(("/index.md", "/README.md")) else {pages[entry].title: entry}


def write_config(path: Path, config: Mapping[str, Any]) -> None:
    """Write the configuration as JSON, which is YAML too."""
    path.write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf-8")
