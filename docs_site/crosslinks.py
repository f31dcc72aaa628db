"""Links from code in sentences to the reference: `image.blur`, `studio batch`, E103. On GitHub they are plain text."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from docs_site.markdown import map_prose

_SPAN = re.compile(r"(?<![\[`])`([^`\n]+)`(?![`\]])")
_CODE = re.compile(r"(?<![\w`/#\[-])([EW][0-9]{3})(?![\w`\]-])")
_ERRORS = "docs/errors.md"


def link_references(page_path: str, text: str, targets: Mapping[str, str]) -> str:
    """Return a page whose code spans that name something in the reference are links to it.

    Args:
        page_path: The page's path in the site.
        text: Its Markdown.
        targets: Paths of pages in the site, by what the code says, such as "image.blur" or "studio batch".
    """

    def link_span(match: re.Match[str]) -> str:
        target = _find_target(match[1], targets)
        if target is None or target == page_path:
            return match[0]
        return f"[`{match[1]}`]({_find_way(page_path, target)})"

    def link_code(match: re.Match[str]) -> str:
        return f"[{match[1]}]({_find_way(page_path, _ERRORS)}#{match[1].lower()})"

    def link_line(line: str) -> str:
        if line.startswith("#"):
            return line
        return "".join(
            part if index % 2 else _link_outside(part, link_span, link_code, codes=page_path != _ERRORS)
            for index, part in enumerate(re.split(r"(\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)]*\))", line))
        )

    return map_prose(text, link_line)


def _link_outside(part: str, link_span: object, link_code: object, *, codes: bool) -> str:
    linked = _SPAN.sub(link_span, part)  # type: ignore[call-overload]
    return str(_CODE.sub(link_code, linked) if codes else linked)  # type: ignore[call-overload]


def _find_target(code: str, targets: Mapping[str, str]) -> str | None:
    """Return the page for code: a name as it is, or a command with what comes after its name."""
    if code in targets:
        return targets[code]
    if code.startswith("studio nodes ") and code.split()[2] in targets:
        return targets[code.split()[2]]
    words = code.split()
    while len(words) > 1 and words[0] == "studio":
        if " ".join(words) in targets:
            return targets[" ".join(words)]
        words.pop()
    return None


def _find_way(page_path: str, target: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(page_path) or ".")
