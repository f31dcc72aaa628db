from __future__ import annotations

import pytest

from docs_site.command_pages import list_commands
from docs_site.names import check_command, find_unknown_names
from docs_site.page import Page


def check(text: str) -> list[str]:
    pages = [Page("docs/a.md", "A", text), Page("docs/errors.md", "Errors", "| E308 | lists | `E308` | mend |\n")]
    return find_unknown_names({page.path: page for page in pages}, {"image.blur", "logic.item"})


def test_a_node_type_that_is_not_there_is_found() -> None:
    assert check("Use `image.blurr`, `image.blur` and `image.pixels` of `other.thing`.\n") == [
        "docs/a.md: unknown node type 'image.blurr'"
    ]


def test_an_error_code_that_is_not_listed_is_found() -> None:
    assert check("It is E308 or E999.\n") == ["docs/a.md: unknown error code E999"]


def test_pages_of_history_may_name_what_was() -> None:
    assert (
        find_unknown_names({"docs/changelog.md": Page("docs/changelog.md", "C", "`image.old`")}, {"image.blur"}) == []
    )


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("studio run a.json --set x=1 -o out", []),
        ("studio batch a.json --repeat 3 | head --lines 4", []),
        ("studio cache prune --to 5GB", []),
        ("studio runn a.json", ["unknown command 'studio runn a.json'"]),
        ("studio run a.json --sett x=1", ["unknown option '--sett' in 'studio run a.json --sett x=1'"]),
    ],
)
def test_commands_and_options_that_are_not_there_are_found(line: str, problems: list[str]) -> None:
    assert list(check_command(line, dict(list_commands()))) == problems


def test_commands_in_blocks_and_in_sentences_are_checked() -> None:
    problems = check("Type `studio drow`.\n\n```console\n$ studio drew\nstudio drop\n```\n")

    assert problems == ["docs/a.md: unknown command 'studio drew'", "docs/a.md: unknown command 'studio drow'"]
