from __future__ import annotations

import importlib

import pytest

from docs_site.page import Page
from docs_site.python_pages import MODULES, create_python_pages, list_public_names


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {page.title: page for page in create_python_pages()}


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_on_the_page_of_its_module(name: str, pages: dict[str, Page]) -> None:
    module = importlib.import_module(name)

    for public in list_public_names(module):
        assert f"\n## {public}\n" in pages[name].text
    for public in module.__all__:
        assert public in pages[name].text


def test_a_method_has_its_signature_and_its_arguments(pages: dict[str, Page]) -> None:
    text = pages["studio"].text

    assert "### Studio.run" in text
    assert "    node_timeout_seconds: float | None = None,\n" in text
    assert "| `node_timeout_seconds` | A call that takes longer fails. |" in text
