"""Entries of the catalog, found by name, by words and by what they serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import ModelError
from studio.runtime.catalog.catalog import Catalog
from studio.runtime.catalog.entry_files import list_entry_files

ENTRY = """title = "{title}"
description = "{about}"
family = "ink"
license = "MIT"
author = "Ada"
uses = [{{ node = "{node}", input = "model" }}]
[[sources]]
hub = "ada/ink"
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    rows = [("ink-small", "Ink", "Draws lines.", "tint.apply"), ("wash", "Wash", "Paints like ink.", "tint.wash")]
    for name, title, about, node in rows:
        text = ENTRY.format(title=title, about=about, node=node)
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return Catalog({path.stem: path for path in list_entry_files([tmp_path])})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["ink-small", "wash"]),
        (["INK"], ["ink-small", "wash"]),
        (["paints", "mit"], ["wash"]),
        (["tint.apply"], ["ink-small"]),
        (["music"], []),
    ],
)
def test_a_search_finds_entries_with_all_words(catalog: Catalog, words: list[str], found: list[str]) -> None:
    assert [entry.name for entry in catalog.search(words)] == found


def test_entries_are_found_by_the_node_type_that_they_serve(catalog: Catalog) -> None:
    assert [entry.name for entry in catalog.find_for("tint.wash")] == ["wash"]


def test_an_entry_is_found_with_and_without_local(catalog: Catalog) -> None:
    assert catalog.find("local:wash") == catalog.find("wash")


def test_an_unknown_name_suggests_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(ModelError) as caught:
        catalog.find("ink-smal")

    assert (caught.value.code, caught.value.message) == ("E608", "the catalog has no model 'ink-smal'")
    assert caught.value.hint == "did you mean ink-small?"
