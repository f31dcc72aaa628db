from __future__ import annotations

from docs_site.conversion import add_code_anchors, convert_page, separate_lists

PATHS = {"index.md", "docs/a.md", "docs/decisions/README.md"}


def test_a_folder_leads_to_its_readme_and_the_readme_to_the_home_page() -> None:
    text = convert_page("docs/a.md", "[d](decisions/) [r](../README.md#start) [g](../graphs/poster.json)\n", PATHS)

    assert text == "[d](decisions/README.md) [r](../index.md#start) [g](../graphs/poster.json)\n"


def test_the_name_of_a_file_becomes_the_title_of_its_block() -> None:
    text = convert_page("docs/a.md", "```json file=hello.json\n{}\n```\n", PATHS)

    assert text.startswith('``` { .json title="hello.json" }\n{}')


def test_a_list_gets_an_empty_line_before_it() -> None:
    assert separate_lists("Words:\n- one\n- two\n") == "Words:\n\n- one\n- two\n"


def test_rows_of_codes_can_be_linked_to() -> None:
    assert add_code_anchors("| E001 | text |\n") == '| <span id="e001">E001</span> | text |\n'
