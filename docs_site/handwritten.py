"""The pages that are written by hand: they lie where they are read on GitHub too, and keep their places in the site."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterable
from pathlib import Path

from docs_site.markdown import find_links, find_summary, find_title
from docs_site.page import Page

HOME = "index.md"
_PATTERNS = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md", "graphs/**/*.md", "plugins/*/*.md"),
    *("plugins/*/fonts/*.md", "plugins/*/weights/**/*.md", "benchmarks/*.md"),
)
_UNREAD = {"docs/on_an_index.md"}
"""What an index of packages shows; the README says the same."""
_MOST_BYTES = 4_000_000


def find_pages(root: Path) -> list[Page]:
    """Return the hand-written pages; the README is the home page."""
    found = sorted({path for pattern in _PATTERNS for path in root.glob(pattern)})
    names = [path.relative_to(root).as_posix() for path in found]
    return [load_page(root, name) for name in names if name not in _UNREAD]


def load_page(root: Path, name: str) -> Page:
    """Load one page by its path in the repository."""
    text = (root / name).read_text(encoding="utf-8")
    path = HOME if name == "README.md" else name
    return Page(path, find_title(text) or path, text, find_summary(text))


def find_source(page_path: str) -> str:
    """Return the path in the repository of a hand-written page."""
    return "README.md" if page_path == HOME else page_path


def find_target(page_path: str, target: str) -> tuple[str, str]:
    """Return the path in the site and the anchor that a relative link of a page names."""
    name, _, anchor = target.partition("#")
    if not name:
        return page_path, anchor
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(page_path), name))
    return (HOME if joined == "README.md" else joined), anchor


def is_relative(target: str) -> bool:
    """Say whether a target of a link is a place in the repository."""
    return "://" not in target and not target.startswith(("mailto:", "/"))


def copy_linked_files(root: Path, pages: Iterable[Page], folder: Path) -> None:
    """Copy the files that pages show or link to, such as pictures and graphs."""
    for page in pages:
        for target in filter(is_relative, find_links(page.text)):
            name, _ = find_target(page.path, target)
            source = root / name
            if name.endswith(".md") or not source.is_file() or source.stat().st_size > _MOST_BYTES:
                continue
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
