"""Reads Markdown as far as the site and its checks need it: headings, anchors, links, fenced blocks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>[^\n`]*)$")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_LINK = re.compile(r"(?P<before>!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()(?P<target>[^)\s]+)(?P<after>(?:\s+\"[^\"]*\")?\))")
_ATTRIBUTE = re.compile(r"<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")
_CODE = re.compile(r"`+[^`]+?`+")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: The first word after the fence, "" if there is none.
        attributes: The other words, such as `file=poster.json`, by name.
        body: Its lines.
        line: The number of its first line in the page.
    """

    language: str
    attributes: dict[str, str]
    body: str
    line: int


@dataclass(frozen=True)
class Heading:
    """A heading.

    Attributes:
        level: 1 for the title.
        text: Its text, without marks of code and links.
        anchor: What links to it name after `#`.
    """

    level: int
    text: str
    anchor: str


def split_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is in a fenced block or is its fence."""
    marks = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if marks:
            yield line, True
            if fence and fence["marks"].startswith(marks) and not fence["info"].strip():
                marks = ""
        else:
            marks = fence["marks"] if fence else ""
            yield line, bool(fence)


def find_blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    blocks: list[Block] = []
    opened: tuple[str, str, int, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence:
                opened = (fence["marks"], fence["info"], number + 1, [])
            continue
        marks, info, first, body = opened
        if fence and fence["marks"].startswith(marks) and not fence["info"].strip():
            blocks.append(_create_block(info, body, first))
            opened = None
        else:
            body.append(line)
    return blocks


def _create_block(info: str, body: list[str], line: int) -> Block:
    language, *words = info.split() or [""]
    attributes = dict(word.split("=", 1) for word in words if "=" in word)
    return Block(language, attributes, "".join(f"{one}\n" for one in body), line)


def find_headings(text: str) -> list[Heading]:
    """Return the headings of a page, with the anchors that GitHub gives them."""
    found: list[Heading] = []
    seen: Counter[str] = Counter()
    for line, fenced in split_lines(text):
        match = None if fenced else _HEADING.match(line)
        if match:
            plain = strip_marks(match[2])
            anchor = create_anchor(plain)
            found.append(Heading(len(match[1]), plain, f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor))
            seen[anchor] += 1
    return found


def strip_marks(text: str) -> str:
    """Return the text of a line without marks of links, code and emphasis."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*]", "", text)


def create_anchor(text: str) -> str:
    """Return the anchor of a heading, as GitHub forms it."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def find_links(text: str) -> list[str]:
    """Return the targets of the links and images of a page; what is in code is not a link."""
    found: list[str] = []
    for line, fenced in split_lines(text):
        if not fenced:
            bare = _CODE.sub(lambda code: "`" * len(code[0]), line)
            found += [match["target"] for match in _LINK.finditer(bare)]
            found += _ATTRIBUTE.findall(bare)
    return found


def replace_links(text: str, replace: Callable[[str], str]) -> str:
    """Return a page with other targets of links."""

    def change(line: str) -> str:
        return _LINK.sub(lambda match: match["before"] + replace(match["target"]) + match["after"], line)

    return map_prose(text, change)


def map_prose(text: str, change: Callable[[str], str]) -> str:
    """Return a page with its lines changed, but those in fenced blocks."""
    lines = [line if fenced else change(line) for line, fenced in split_lines(text)]
    return "\n".join(lines) + "\n"


def find_title(text: str) -> str:
    """Return the first heading of a page, "" if there is none."""
    return next((heading.text for heading in find_headings(text)), "")


def find_summary(text: str) -> str:
    """Return the first sentence of the first paragraph after the title, without marks."""
    paragraph: list[str] = []
    for line, fenced in split_lines(text):
        plain = not fenced and bool(line.strip()) and not re.match(r"[#|!<>-]", line)
        if plain:
            paragraph.append(line.strip())
        elif paragraph:
            break
    return re.split(r"(?<=[.:])\s", strip_marks(" ".join(paragraph)), maxsplit=1)[0]
