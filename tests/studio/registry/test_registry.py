"""`Registry`: what is installed, and which plugin fails to provide a node type."""

from __future__ import annotations

import pytest

from studio.registry import PluginRow, find_plugins
from studio.testing.subject import GivenPlugin
from tests.studio.registry.conftest import Note, NoteType, count, count_again, load


def test_a_failed_plugin_answers_for_its_node_types() -> None:
    registry, _ = load(GivenPlugin([count]), GivenPlugin([count_again]))
    registry.plugins.append(PluginRow("studio-film", status="failed", problem="no film"))

    assert registry.find_failure("film.cut") == "failed to load: no film"
    assert registry.find_failure("sound.cut") is None


def test_a_plugin_that_failed_before_it_named_its_node_types_is_found_by_its_name() -> None:
    registry, _ = load()
    registry.plugins.append(PluginRow("studio_paint", status="failed", problem="no brush"))

    assert registry.find_failure("paint.line") == "failed to load: no brush"
    assert registry.find_failure("painter.line") is None


def test_a_disabled_plugin_answers_for_its_node_types_with_how_to_enable_it() -> None:
    registry, _ = load()
    registry.plugins.append(PluginRow("studio-film", status="disabled"))

    assert registry.find_failure("film.cut") == "is disabled: studio plugins enable film"


@pytest.mark.parametrize("name", ["film", "studio-film", "studio_film", "Film", "film-maker"])
def test_a_plugin_is_found_by_its_short_name_its_name_and_its_distribution(name: str) -> None:
    rows = [PluginRow("studio-film", "Film.Maker"), PluginRow("sound", "studio-sound")]

    assert [row.name for row in find_plugins(rows, name)] == ["studio-film"]


def test_a_value_type_is_known_by_its_name_and_by_its_class() -> None:
    registry, _ = load()
    note = NoteType()

    registry.add_value_type(note)

    assert (registry.value_types, registry.classes) == ({"note": note}, {"note": Note})


def test_a_plugin_that_does_not_work_is_found_by_its_name_and_listed() -> None:
    registry, _ = load(GivenPlugin([count]))
    registry.plugins += [
        PluginRow("film", "studio-film", status="disabled"),
        PluginRow("ink", status="failed", problem="dry"),
    ]

    assert registry.find_plugin_failure("studio_film") == "is disabled: studio plugins enable film"
    assert registry.find_plugin_failure("ink") == "failed to load: dry"
    assert registry.find_plugin_failure("p0") is None
    assert registry.find_plugin_failure("nobody") is None
    assert registry.list_unavailable() == ["film (disabled)", "ink (failed)"]
