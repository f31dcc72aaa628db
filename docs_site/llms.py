"""`llms.txt` and `llms-full.txt`: the site for programs that read text (llmstxt.org)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from docs_site.navigation import Menu, list_paths
from docs_site.page import Page

_ABOUT = (
    "Studio is a headless studio for generative media in Python. A graph of nodes is a JSON document, node types come "
    "from plugins, and an executor with a cache runs a graph on a CPU or a GPU."
)


def create_index(pages: Mapping[str, Page], menus: Sequence[Menu]) -> str:
    """Return `llms.txt`: a line for each page, by section of the navigation.

    Args:
        pages: The pages by path.
        menus: The navigation.
    """
    parts = ["# Studio", f"> {_ABOUT}"]
    for menu in menus:
        lines = [_format_line(pages[path]) for path in list_paths(menu.entries)]
        parts += [f"## {menu.title}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _format_line(page: Page) -> str:
    link = f"- [{page.title}]({page.path.removesuffix('.md')}.html)"
    return f"{link}: {page.description}" if page.description else link


def create_full_text(pages: Iterable[Page]) -> str:
    """Return `llms-full.txt`: the text of all pages, each after its path.

    Args:
        pages: The pages in order.
    """
    return "\n\n".join(f"<!-- {page.path} -->\n\n{page.text.strip()}" for page in pages) + "\n"
