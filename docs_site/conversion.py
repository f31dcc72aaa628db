"""From Markdown as GitHub reads it to Markdown as the site generator reads it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from docs_site.diagrams import draw_diagrams
from docs_site.handwritten import HOME, find_target, is_relative
from docs_site.markdown import replace_links, split_lines

_ITEM = re.compile(r"( *)([-*+]|\d+\.) ")
_FENCE = re.compile(r"^( *`{3,})(\w*) file=(\S+)$", re.MULTILINE)
_ROW_OF_CODE = re.compile(r"^\| ([EW][0-9]{3}) \|", re.MULTILINE)


def convert_page(page_path: str, text: str, paths: Collection[str]) -> str:
    """Return a hand-written page for the site.

    Args:
        page_path: Its path in the site.
        text: Its Markdown.
        paths: The paths of all pages.
    """
    text = replace_links(text, lambda target: _convert_target(page_path, target, paths))
    text = _FENCE.sub(r'\1 { .\2 title="\3" }', text)
    return draw_diagrams(separate_lists(add_code_anchors(text)))


def _convert_target(page_path: str, target: str, paths: Collection[str]) -> str:
    """Return a target with the page that a folder shows, and with the home page for the README."""
    if not is_relative(target):
        return target
    path, anchor = find_target(page_path, target)
    if f"{path}/README.md" in paths:
        path = f"{path}/README.md"
    elif path != HOME:
        return target
    way = posixpath.relpath(path, posixpath.dirname(page_path) or ".")
    return f"{way}#{anchor}" if anchor else way


def add_code_anchors(text: str) -> str:
    """Return a page in which the rows of error codes can be linked to."""
    return _ROW_OF_CODE.sub(lambda match: f'| <span id="{match[1].lower()}">{match[1]}</span> |', text)


def separate_lists(text: str) -> str:
    """Return a page with an empty line before each list, and four spaces before nested items."""
    lines: list[str] = []
    for line, fenced in split_lines(text):
        item = None if fenced else _ITEM.match(line)
        before = lines[-1] if lines else ""
        if item and before.strip() and not _ITEM.match(before) and not before.startswith(" "):
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n"
