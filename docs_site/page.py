"""`Page`: one Markdown page of the site, hand-written or generated."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """One page of the site.

    Attributes:
        path: Where it lies in the site, with slashes and `.md`.
        title: Its title in the navigation.
        text: Its Markdown, which begins with the heading.
        description: What it is about, in a sentence.
    """

    path: str
    title: str
    text: str
    description: str = ""

    def to_markdown(self) -> str:
        """Return the page as the site generator reads it, with its title and description before the text."""
        head = [f"title: {json.dumps(self.title, ensure_ascii=False)}"]
        if self.description:
            head.append(f"description: {json.dumps(self.description, ensure_ascii=False)}")
        return "\n".join(["---", *head, "---", "", self.text.strip(), ""])


def format_table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; bars and line breaks in cells are escaped."""
    lines = [head, ["---"] * len(head), *([format_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_cell(text: str) -> str:
    """Return text for a cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
