"""Pages, help texts and messages use one word for each thing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from studio.api import get_node_type
from studio.cli.main import studio
from tests.plugins.test_first_party_node_types import PLUGINS

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    r"pictures?": "image",
    r"films?|movies?": "video",
    r"sounds?": "audio",
    r"clips?": "audio or video; `clipped` is right for samples",
    r"colour\w*": "color",
    r"artefacts?": "artifact",
    r"licences?": "license",
    r"whoever|somebody|nobody": "name the program, the node or the user",
    r"not to be had|is to be had": "is available",
    r"hangs? on": "depends on",
    r"goes on|go on|gone on": "resumes or continues",
    r"in the box": "included",
    r"(?:is|are) no (?:setting|path|template|list|file|video|image|node|plugin)": "invalid or unknown",
    r"looks? after": "name what it does",
    r"behind the scenes|under the hood": "name what it does",
    r"mend\w*": "fix or correct",
    r"had from": "is available",
    r"(?:is|are|be|and) told": "reported",
}
"""Words that have a plainer one, and that one."""
ALLOWED = {
    "picture in picture": "the name of the technique, and of `video.picture_in_picture`",
    "cannot clip": "to clip samples",
    "or clip them": "to clip samples",
    "RIFE and FILM": "names of networks",
    "film grain": "the grain of photographic film",
    "it sounds": "the verb",
    "is told from a plain one": "distinguished",
    "there is no file": "none exists",
    "sound darker": "the verb",
}
"""Phrases in which a forbidden word is right, and why."""
NETWORKS = re.compile(r"\bCLIP\b")
"""Names of networks that are words in small letters."""
HISTORY = ("docs/changelog.md", "docs/plugin_api.md", "docs/decisions/")
"""Pages that quote older names, or are generated from docstrings."""
PAGES = [
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "graphs").rglob("README.md"),
        *(ROOT / "plugins").glob("*/README.md"),
        ROOT / "benchmarks" / "README.md",
    )
    if not path.relative_to(ROOT).as_posix().startswith(HISTORY)
]
CODE = re.compile(
    r"^```.*?^```$|^    .*$|`[^`]*`|\]\([^)]*\)|<[^>]+>|\b\w+\.(?:json|md|py)\b", re.DOTALL | re.MULTILINE
)
"""What is not prose: code, targets of links, names of files."""


def find_words(text: str) -> list[str]:
    """Return the forbidden words of a text, with the plainer ones."""
    prose = NETWORKS.sub(" ", CODE.sub(" ", text))
    for phrase in ALLOWED:
        prose = re.sub(re.escape(phrase), " ", prose, flags=re.IGNORECASE)
    return [
        f"{match[0]!r}: {better} ({prose[max(0, match.start() - 30) : match.end() + 30]!r})"
        for word, better in FORBIDDEN.items()
        for match in re.finditer(rf"\b(?:{word})\b", prose, re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_one_word_for_each_thing(page: Path) -> None:
    assert find_words(page.read_text(encoding="utf-8")) == []


def test_help_texts_of_commands_use_one_word_for_each_thing() -> None:
    texts = [text for name, text in list_help(studio, click.Context(studio, info_name="studio"))]

    assert len(texts) > 100
    assert [word for text in texts for word in find_words(text)] == []


def test_help_texts_of_node_types_use_one_word_for_each_thing() -> None:
    types = [get_node_type(function) for plugin in PLUGINS for function in plugin.studio_node_types()]
    texts = [
        f"{declared.summary}\n{declared.description}\n"
        + "\n".join(end.description for end in (*declared.inputs.values(), *declared.outputs.values()))
        for declared in types
    ]

    assert len(texts) > 100
    assert [word for text in texts for word in find_words(text)] == []


def test_messages_use_one_word_for_each_thing() -> None:
    texts = list(list_messages())

    assert len(texts) > 500
    assert [word for text in texts for word in find_words(text)] == []


def test_a_forbidden_word_is_found_and_an_allowed_phrase_is_not() -> None:
    assert len(find_words("A picture with film grain.")) == 1
    assert [word[:6] for word in find_words("A clip that CLIP names.")] == ["'clip'"]


def list_help(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Return the help of a command, of its options and of its subcommands."""
    yield context.command_path, command.help or ""
    for param in command.params:
        if isinstance(param, click.Option):
            yield context.command_path, param.help or ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            own = command.get_command(context, name)
            assert own is not None
            yield from list_help(own, click.Context(own, info_name=name, parent=context))


def list_messages() -> Iterator[str]:
    """Return the messages and hints of the errors that the sources raise."""
    for path in (*(ROOT / "studio").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (getattr(node.func, "id", "") + getattr(node.func, "attr", "")).endswith(
                ("Error", "Problem", "error")
            ):
                for part in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from (
                        text.value
                        for text in ast.walk(part)
                        if isinstance(text, ast.Constant) and isinstance(text.value, str)
                    )
