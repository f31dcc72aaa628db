"""The page on the media of `studio.api`, made from their docstrings, whose examples run.

`python -m tests.docs.media_page` writes docs/media.md anew.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio import api

PAGE = Path(__file__).parents[2] / "docs" / "media.md"
CLASSES: tuple[type, ...] = (
    api.Image,
    api.Mask,
    api.Audio,
    api.Video,
    api.Frame,
    api.Latent,
    api.Conditioning,
    api.Model,
)
INTRODUCTION = """# Media in Python

The values that node types take and return, and that `studio.run` gives back; `studio.api` has all of them. All are
frozen: what changes one makes another. The page is made from their docstrings, and a test runs each example.

[Write a plugin](write_a_plugin.md) says how a node type uses them.
"""
_SECTION = re.compile(r"^(Args|Attributes|Raises|Example):\n((?:    .*\n|\n)*)", re.M)
_ENTRY = re.compile(r"^    (\w+): ((?:.*\n)(?:^     +.*\n)*)", re.M)


def read_sections(cls: type) -> dict[str, str]:
    """Return the parts of a class's docstring: the text under "", and each section without its indentation."""
    text = inspect.cleandoc(cls.__doc__ or "") + "\n"
    sections = {match[1]: match[2] for match in _SECTION.finditer(text)}
    return {"": _SECTION.sub("", text).strip(), **sections}


def find_example(cls: type) -> str:
    """Return the code of a class's example."""
    return inspect.cleandoc("\n" + read_sections(cls)["Example"]) + "\n"


def list_members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public properties, constructors and methods of a class, those of its bases first."""
    seen: dict[str, Any] = {}
    for one in reversed(cls.__mro__[:-1]):
        seen |= {name: member for name, member in vars(one).items() if not name.startswith("_")}
    for name, member in seen.items():
        if isinstance(member, property | classmethod) or inspect.isfunction(member):
            yield name, member


def create_page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_describe_class(cls) for cls in CLASSES)])


def _describe_class(cls: type) -> str:
    sections = read_sections(cls)
    parts = [f"## `{cls.__name__}`", "", sections[""], "", "```python", find_example(cls).rstrip(), "```", ""]
    given = _ENTRY.findall(sections.get("Args", "") or sections.get("Attributes", ""))
    parts += _create_table(("argument", "what it is"), [(f"`{name}`", text) for name, text in given])
    rows = [(f"`{_name_member(cls, name, member)}`", _summarize(member)) for name, member in list_members(cls)]
    parts += _create_table(("attribute or method", "what it is"), rows)
    parts += [f"Raises {name}: {_join(text)}\n" for name, text in _ENTRY.findall(sections.get("Raises", ""))]
    return "\n".join(parts)


def _create_table(head: tuple[str, str], rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {name} | {_join(text)} |" for name, text in rows]
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *lines, ""]


def _name_member(cls: type, name: str, member: Any) -> str:
    """Return how a member is written: with its parameters, and a constructor with the name of its class."""
    if isinstance(member, property):
        return name
    is_constructor = isinstance(member, classmethod)
    parameters = list(inspect.signature(getattr(cls, name)).parameters.values())[0 if is_constructor else 1 :]
    written = [one.name if one.default is one.empty else f"{one.name}={_show(one.default)}" for one in parameters]
    keyword = next((index for index, one in enumerate(parameters) if one.kind is one.KEYWORD_ONLY), None)
    if keyword is not None:
        written.insert(keyword, "*")
    return f"{cls.__name__ + '.' if is_constructor else ''}{name}({', '.join(written)})"


def _show(default: Any) -> str:
    return repr(default) if default is None or isinstance(default, bool | int | float | str) else "..."


def _summarize(member: Any) -> str:
    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    return inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0]


def _join(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(create_page(), encoding="utf-8", newline="\n")
