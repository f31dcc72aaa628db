from __future__ import annotations

from docs_site.command_pages import create_command_pages, list_commands


def test_every_command_and_subcommand_has_a_page() -> None:
    paths = {page.path for page in create_command_pages()}

    assert {"reference/command_line/studio_run.md", "reference/command_line/studio_cache_prune.md"} <= paths
    assert len(paths) == len(list(list_commands())) + 1


def test_a_page_has_the_help_and_a_row_for_each_option() -> None:
    (page,) = [page for page in create_command_pages() if page.title == "studio run"]

    assert "Usage: studio run" in page.text
    assert "| `--timeout SECONDS` |" in page.text
    assert "| `GRAPH` |" not in page.text


def test_underscores_of_a_help_text_are_no_emphasis() -> None:
    (page,) = [page for page in create_command_pages() if page.title == "studio batch run"]

    table = page.text.partition("## Options")[2]

    assert r"{item.name}\_{seed:04d}\_{output}.{ext}" in table


def test_the_options_are_those_that_the_program_takes() -> None:
    pages = {page.path: page.text for page in create_command_pages()}

    assert "  -h, --help  Show this message and exit." in pages["reference/command_line/studio_cache_prune.md"]
