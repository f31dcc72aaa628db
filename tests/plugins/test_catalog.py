"""The entries of Studio's own plugins: valid, honest about what was seen, and of use to node types that there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.app import Studio
from studio.runtime.catalog.card import find_license_text
from studio.runtime.catalog.entry import Entry
from studio.runtime.catalog.entry_reading import read_entry

FILES = sorted(Path(__file__).parents[2].glob("plugins/*/catalog/*.toml"))
ENTRIES = [read_entry(path) for path in FILES]
LATER = {"upscale.restore": {"model"}}


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(on_disk=False) as opened:
        yield opened


def test_there_are_forty_entries_of_which_some_were_fetched_and_run() -> None:
    assert len(ENTRIES) >= 40
    assert sum(entry.status == "tested" for entry in ENTRIES) >= 12
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_says_only_what_was_seen(entry: Entry) -> None:
    for source in entry.sources:
        assert source.is_pinned or source.seen_in, "an address that was not fetched says where it was read"
        assert source.is_pinned or not any(part.sha256 or part.bytes for part in source.parts)
    if entry.status == "tested":
        assert find_license_text(entry.license) is not None
        assert entry.homepage
    else:
        assert not entry.quality
        assert not entry.memory_bytes


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_serves_inputs_for_models_that_there_are(studio: Studio, entry: Entry) -> None:
    for use in entry.uses:
        inputs = studio.registry.node_types[use.node].inputs
        assert use.input in inputs or use.input in LATER.get(use.node, ())
        assert use.input not in inputs or inputs[use.input].spec.name == "model"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_converter_of_an_entry_is_there(studio: Studio, entry: Entry) -> None:
    known = {*studio.registry.converters, "torch-zip", ""}

    assert {source.convert for source in entry.sources} <= known


def test_every_entry_of_the_plugins_is_in_the_catalog(studio: Studio) -> None:
    assert {entry.name for entry in ENTRIES} <= {entry.name for entry in studio.catalog.search()}
