from __future__ import annotations

from docs_site.navigation import Menu, Section, create_menus, find_navigation_problems, list_paths
from docs_site.page import Page

PAGES = [Page(path, path, "") for path in ("a.md", "how/x.md", "how/y.md", "lost.md", "reference/nodes/p/index.md")]
SECTIONS = (
    Section("Start", ("a.md",)),
    Section("How", ("how/y.md",), "how/"),
    Section("Node types"),
)
PLUGINS = {"p": ["reference/nodes/p/index.md"]}


def test_pages_with_the_prefix_of_a_section_follow_those_it_names() -> None:
    menus = create_menus(PAGES, PLUGINS, SECTIONS)

    assert menus[1] == Menu("How", ["how/y.md", "how/x.md"])


def test_node_types_are_listed_by_plugin() -> None:
    assert create_menus(PAGES, PLUGINS, SECTIONS)[2].entries == [Menu("p", ["reference/nodes/p/index.md"])]


def test_a_page_that_no_section_has_is_a_problem() -> None:
    menus = create_menus(PAGES, PLUGINS, SECTIONS)

    problems = find_navigation_problems(PAGES, menus)

    assert "lost.md" not in list_paths(menus)
    assert problems[0] == "lost.md: not in the navigation (docs_site/navigation.py)"


def test_a_page_that_is_listed_twice_is_a_problem() -> None:
    problems = find_navigation_problems(PAGES, [Menu("A", ["a.md", "a.md"])])

    assert "a.md: twice in the navigation" in problems
