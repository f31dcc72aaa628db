"""Finds links of pages that lead nowhere: to folders, to files that are not there, or to missing headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docs_site.handwritten import find_target, is_relative
from docs_site.markdown import find_headings, find_links
from docs_site.page import Page


def find_broken_links(roots: Sequence[Path], pages: Iterable[Page]) -> list[str]:
    """Return a line for each link of a page to a file or heading that does not exist.

    Args:
        roots: Where files may be: the repository, and the folder of what examples made.
        pages: All pages of the site.
    """
    known = {page.path: page for page in pages}
    return [problem for page in known.values() for problem in _check_page(roots, page, known)]


def _check_page(roots: Sequence[Path], page: Page, known: Mapping[str, Page]) -> Iterator[str]:
    for target in filter(is_relative, find_links(page.text)):
        path, anchor = find_target(page.path, target)
        found = known.get(path)
        if found is None and not any((root / path).is_file() for root in roots):
            yield f"{page.path}: no file for the link {target!r}"
        elif found is not None and anchor and anchor not in find_anchors(found.text):
            yield f"{page.path}: no heading for the link {target!r}"


def find_anchors(text: str) -> set[str]:
    """Return the anchors of a page: its headings, and the elements with an id."""
    return {heading.anchor for heading in find_headings(text)} | set(re.findall(r"<\w+ id=\"([^\"]+)\"", text))
