"""The registry: what plugins provide is collected whole or not at all, and failures are rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from studio.api import Context, Packed, ValueType, hookimpl, node
from studio.errors import PluginError
from studio.registry import Observers, PluginRow, Registry, load_registry
from studio.testing.subject import GivenPlugin


class Note:
    """A value."""

    studio_type: ClassVar[str] = "note"


class NoteType(ValueType[Note]):
    """Notes."""

    name = "note"
    python = Note

    def pack(self, value: Note) -> Packed:
        """Take apart."""
        return Packed()


@node("test.make")
def make_note(ctx: Context) -> Note:
    """Make a note."""
    return Note()


@node("test.count")
def count(ctx: Context) -> int:
    """Count."""
    return 1


@node("test.count")
def count_again(ctx: Context) -> int:
    """Count again, under the same id."""
    return 2


def load(*plugins: Any) -> tuple[Registry, list[PluginRow]]:
    """Load given plugins only; return the registry and its rows."""
    registry = load_registry(plugins=[(f"p{i}", plugin) for i, plugin in enumerate(plugins)], discover=False)
    return registry, registry.plugins


def test_what_a_plugin_provides_is_collected() -> None:
    registry, rows = load(GivenPlugin([make_note, count], [NoteType()]))

    assert (rows[0].status, rows[0].node_types) == ("ok", ["test.make", "test.count"])
    assert registry.classes == {"note": Note}
    assert registry.node_types["test.count"].distribution == "p0"


def test_installed_plugins_are_found_studios_own_first() -> None:
    rows = load_registry().plugins

    own = ["studio-audio", "studio-diffusion", "studio-image", "studio-logic", "studio-speech", "studio-style"]
    own += ["studio-upscale", "studio-video"]
    assert [row.name for row in rows[:8]] == own


def test_the_plugin_that_was_loaded_last_is_the_first_to_open_models() -> None:
    first, second = (SimpleNamespace(name=name) for name in "ab")
    plugins = (SimpleNamespace(studio_model_openers=hookimpl(lambda own=own: [own])) for own in (first, second))
    registry, _ = load(*plugins)

    assert [opener.name for opener in registry.model_openers] == ["b", "a"]


def test_two_node_types_of_one_id_fail_the_second_and_name_both() -> None:
    registry, rows = load(GivenPlugin([count]), GivenPlugin([count_again]))

    assert [row.status for row in rows] == ["ok", "failed"]
    assert "E203" in rows[1].problem
    assert rows[1].problem.count("test_registry.py:") == 2
    assert registry.node_types["test.count"].function is count


def test_two_node_types_of_one_id_in_one_plugin_fail_it() -> None:
    _, rows = load(GivenPlugin([count, count_again]))

    assert "the plugin has two node types 'test.count'" in rows[0].problem


def test_a_value_type_that_nobody_provides_fails_the_plugin() -> None:
    registry, rows = load(GivenPlugin([make_note]))

    assert "value type 'note'" in rows[0].problem
    assert not registry.node_types


def test_a_plugin_may_use_the_value_types_of_one_before() -> None:
    _, rows = load(GivenPlugin(value_types=[NoteType()]), GivenPlugin([make_note]))

    assert [row.status for row in rows] == ["ok", "ok"]


def test_a_plugin_is_taken_whole_or_not_at_all() -> None:
    registry, rows = load(GivenPlugin([count, len], [NoteType()]))

    assert "E202" in rows[0].problem
    assert (registry.node_types, registry.value_types) == ({}, {})
    assert not registry.host.get_plugins()


@pytest.mark.parametrize("name", ["note", "text", "image"])
def test_two_value_types_of_one_name_fail_the_second(name: str) -> None:
    from studio.api.builtin import create_builtin_value_types

    class Other(NoteType):
        """Notes again."""

    Other.name = name
    registry = load_registry(plugins=[("a", GivenPlugin(value_types=[NoteType()])),
                                      ("b", GivenPlugin(value_types=[Other()]))],
                             value_types=create_builtin_value_types(), discover=False)  # fmt: skip

    assert [row.status for row in registry.plugins] == ["ok", "failed"]
    assert "E203" in registry.plugins[1].problem


def test_a_class_must_bear_the_name_of_its_value_type() -> None:
    class Misnamed(NoteType):
        """Notes under another name."""

        name = "tone"

    _, rows = load(GivenPlugin(value_types=[Misnamed()]))

    assert "has the studio_type 'note'" in rows[0].problem
    assert 'studio_type: ClassVar[str] = "tone"' in rows[0].problem


def test_what_is_no_value_type_fails_the_plugin() -> None:
    _, rows = load(GivenPlugin(value_types=[3]))  # type: ignore[list-item]

    assert "E206 3 is not a ValueType" in rows[0].problem


class Provider:
    """A plugin with a model and an executor."""

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        """Return a model."""
        return {"small": Path("/weights")}

    @hookimpl
    def studio_executors(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return an executor."""
        return {"loud": lambda local: local}


def test_models_and_executors_have_one_owner_each() -> None:
    registry, rows = load(Provider(), Provider())

    assert (registry.models, list(registry.executors)) == ({"small": Path("/weights")}, ["loud"])
    assert "model named 'small'" in rows[1].problem


class Raising:
    """A plugin whose hook raises."""

    @hookimpl
    def studio_node_types(self) -> Iterable[Callable[..., Any]]:
        """Raise."""
        raise KeyError("gone")


class Leaving:
    """A plugin whose hook ends the program."""

    @hookimpl
    def studio_value_types(self) -> Iterable[ValueType[Any]]:
        """Leave."""
        raise SystemExit(1)


@pytest.mark.parametrize(("plugin", "told"), [(Raising(), "KeyError: 'gone'"), (Leaving(), "SystemExit: 1")])
def test_a_hook_that_raises_is_a_row_with_its_line(plugin: Any, told: str) -> None:
    _, rows = load(plugin, GivenPlugin([count]))

    assert [row.status for row in rows] == ["failed", "ok"]
    assert told in rows[0].problem
    assert "test_registry.py:" in rows[0].where


class Unmarked:
    """A plugin without @hookimpl."""

    def studio_node_types(self) -> list[Any]:
        """Never called."""
        return []


class Misspelt:
    """A plugin with a hook that there is not."""

    @hookimpl
    def studio_node_type(self) -> list[Any]:
        """Never called."""
        return []


class Far:
    """A plugin with a hook like none that there is."""

    @hookimpl
    def studio_zzz(self) -> None:
        """Never called."""


class Isolated:
    """A plugin that asks for a process of its own."""

    studio_isolate = True


def test_a_plugin_that_asks_for_isolation_is_refused_with_a_clear_line() -> None:
    _, rows = load(Isolated())

    assert rows[0].problem.startswith("E207 studio_isolate is reserved")


@pytest.mark.parametrize(("plugin", "told"), [
    (Unmarked(), "@hookimpl"), (Misspelt(), "did you mean 'studio_node_types'?"), (Far(), "hooks are: studio_"),
])  # fmt: skip
def test_functions_that_pluggy_would_not_call_are_told(plugin: Any, told: str) -> None:
    _, rows = load(plugin)

    assert "E205" in rows[0].problem
    assert told in rows[0].problem
    assert "test_registry.py:" in rows[0].where


def test_a_failed_plugin_answers_for_its_node_types() -> None:
    registry, _ = load(GivenPlugin([count]), GivenPlugin([count_again]))
    registry.plugins.append(PluginRow("studio-film", status="failed", problem="no film"))

    assert registry.find_failure("film.cut") == "no film"
    assert registry.find_failure("sound.cut") is None


def test_a_plugins_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="E204"):
        load_registry(tmp_path / "nowhere", discover=False)


# -- observers -------------------------------------------------------------------------------------


class Watching:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl
    def studio_event(self, event: Any) -> None:
        """Remember."""
        self.seen.append(event)


class Counting:
    """An observer that does not look at the event: pluggy allows fewer arguments."""

    calls = 0

    @hookimpl
    def studio_event(self) -> None:
        """Count."""
        self.calls += 1


class Failing:
    """An observer that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.calls = 0

    @hookimpl
    def studio_event(self, event: Any) -> None:
        """Raise."""
        self.calls += 1
        raise self.error


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_an_observer_that_raises_is_told_once_and_the_others_go_on(error: BaseException) -> None:
    watching, failing = Watching(), Failing(error)
    registry, _ = load(failing, watching)
    observers = Observers(registry.host)

    with pytest.warns(RuntimeWarning, match="'p0': studio_event raised"):
        observers("one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observers("two")

    assert (watching.seen, failing.calls) == (["one", "two"], 1)


def test_an_observer_may_take_no_argument() -> None:
    counting = Counting()
    registry, _ = load(counting)

    Observers(registry.host)("event")

    assert counting.calls == 1


def test_there_are_no_observers_without_plugins() -> None:
    registry, _ = load()

    assert not Observers(registry.host)
