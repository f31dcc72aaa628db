"""What plugins provide: collected whole or not at all, each name with one owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_models import CountingOpener

from studio.api import Context, ModelOpener, ValueType, hookimpl, node
from studio.registry import load_registry
from studio.testing.subject import GivenPlugin
from tests.studio.registry.conftest import Note, NoteType, count, count_again, load, make_note


def test_what_a_plugin_provides_is_collected() -> None:
    registry, rows = load(GivenPlugin([make_note, count], [NoteType()]))

    assert (rows[0].status, rows[0].node_types) == ("ok", ["test.make", "test.count"])
    assert registry.classes == {"note": Note}
    assert registry.node_types["test.count"].distribution == "p0"


class NamedOpener(CountingOpener):
    """An opener with a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def test_the_plugin_that_was_loaded_last_is_the_first_to_open_models() -> None:
    first, second = (NamedOpener(name) for name in "ab")
    plugins = (SimpleNamespace(studio_model_openers=hookimpl(lambda own=own: [own])) for own in (first, second))
    registry, _ = load(*plugins)

    assert list(registry.model_openers) == [second, first]


def test_a_fallback_is_asked_after_the_openers_of_all_plugins() -> None:
    class Fallback(NamedOpener):
        is_fallback = True

    first, last = NamedOpener("a"), Fallback("b")
    plugins = (SimpleNamespace(studio_model_openers=hookimpl(lambda own=own: [own])) for own in (first, last))
    registry, _ = load(*plugins)

    assert list(registry.model_openers) == [first, last]


@pytest.mark.parametrize(
    ("hook", "returned", "words"),
    [
        ("studio_models", {"a": "weights.safetensors"}, "return a mapping from names to paths"),
        ("studio_models", {"a/b": Path("weights")}, "return a mapping from names to paths"),
        ("studio_models", {3: Path("weights")}, "return a mapping from names to paths"),
        ("studio_executors", {"a": 3}, "return a mapping from names to functions"),
        ("studio_model_openers", [3], "return a list of instances of ModelOpener"),
        ("studio_model_openers", [ModelOpener], "return a list of instances of ModelOpener"),
        ("studio_node_types", "abc", "(return a list)"),
        ("studio_node_types", {"a": 1}, "(return a list)"),
        ("studio_value_types", 5, "(return a list)"),
        ("studio_catalog", 5, "(return a list)"),
        ("studio_executors", [3], "(return a mapping)"),
        ("studio_models", None, "(return a mapping)"),
    ],
)
def test_what_a_hook_returns_is_checked_when_the_plugin_loads(hook: str, returned: Any, words: str) -> None:
    _, rows = load(SimpleNamespace(**{hook: hookimpl(lambda: returned)}))

    assert f"E206 {hook} returned " in rows[0].problem
    assert words in rows[0].problem
    assert "test_provided.py:" in rows[0].where


def test_an_async_hook_is_refused_by_name() -> None:
    async def give_node_types() -> list[Any]:
        return []

    _, rows = load(SimpleNamespace(studio_node_types=hookimpl(give_node_types)))

    assert rows[0].problem.startswith("E206 studio_node_types returned <coroutine object")
    assert rows[0].problem.endswith("(write def, not async def)")


def test_two_node_types_of_one_id_fail_the_second_and_name_both() -> None:
    registry, rows = load(GivenPlugin([count]), GivenPlugin([count_again]))

    assert [row.status for row in rows] == ["ok", "failed"]
    assert "E203" in rows[1].problem
    assert rows[1].problem.count("conftest.py:") == 2
    assert registry.node_types["test.count"].function is count


def test_two_node_types_of_one_id_in_one_plugin_fail_it() -> None:
    _, rows = load(GivenPlugin([count, count_again]))

    assert "the plugin has two node types 'test.count'" in rows[0].problem


def test_two_node_types_that_replace_one_id_fail_the_second_and_name_both() -> None:
    @node("test.tally", replaces="test.old_count")
    def tally(ctx: Context) -> int:
        """Tally."""
        return 0

    @node("test.number", replaces=["test.old_count"])
    def number(ctx: Context) -> int:
        """Number."""
        return 0

    _, rows = load(GivenPlugin([tally]), GivenPlugin([number]))

    assert [row.status for row in rows] == ["ok", "failed"]
    assert "E203 two node types replace 'test.old_count': 'test.tally'" in rows[1].problem
    assert "'test.number'" in rows[1].problem


def test_a_value_type_that_nobody_provides_fails_the_plugin() -> None:
    registry, rows = load(GivenPlugin([make_note]))

    assert "value type 'note'" in rows[0].problem
    assert not registry.node_types


def test_a_plugin_may_use_the_value_types_of_one_before() -> None:
    _, rows = load(GivenPlugin(value_types=[NoteType()]), GivenPlugin([make_note]))

    assert [row.status for row in rows] == ["ok", "ok"]


def test_a_plugin_may_use_the_value_types_of_one_behind_it() -> None:
    registry, rows = load(GivenPlugin([make_note]), GivenPlugin(value_types=[NoteType()]))

    assert [row.status for row in rows] == ["ok", "ok"]
    assert registry.node_types["test.make"].distribution == "p0"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_plugin_that_fails_takes_along_those_that_use_its_value_types_and_is_named(order: tuple[int, int]) -> None:
    plugins = [GivenPlugin([len], [NoteType()]), GivenPlugin([make_note])]

    registry, rows = load(*(plugins[number] for number in order), GivenPlugin([count]))
    failed = next(row for row in rows if "E202" in row.problem)
    user = next(row for row in rows[:2] if row is not failed)

    assert [row.status for row in rows] == ["failed", "failed", "ok"]
    assert f"plugin {failed.name!r} provides the value type 'note' of 'note', and failed to load" in user.problem
    assert f"studio plugins {failed.name}" in user.problem
    assert list(registry.node_types) == ["test.count"]
    assert len(registry.host.get_plugins()) == 1


def test_a_clash_of_node_types_takes_along_users_of_the_value_types_that_are_lost() -> None:
    _, rows = load(GivenPlugin([make_note]), GivenPlugin([count]), GivenPlugin([count_again], [NoteType()]))

    assert [row.status for row in rows] == ["failed", "ok", "failed"]
    assert "plugin 'p2' provides the value type 'note'" in rows[0].problem


def test_a_row_lists_what_the_plugin_provides() -> None:
    _, rows = load(Provider(), GivenPlugin([make_note], [NoteType()]))

    assert (rows[0].models, rows[0].executors) == (["builtin:small"], ["loud"])
    assert rows[0].hooks == ["studio_executors", "studio_models"]
    assert (rows[1].value_types, rows[1].node_types) == (["note"], ["test.make"])


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


@pytest.mark.parametrize("attribute", ["name", "python"])
def test_a_value_type_without_name_or_class_fails_the_plugin_and_says_which(attribute: str) -> None:
    class Bare(ValueType[Note]):
        """Notes that do not say all."""

    given = {"name": "bare", "python": Note}
    setattr(Bare, *next(item for item in given.items() if item[0] != attribute))
    _, rows = load(GivenPlugin(value_types=[Bare()]))

    assert f"E206 plugin 'p0': value type Bare has no {attribute!r}" in rows[0].problem


def test_an_extension_with_a_dot_fails_the_plugin_and_names_both() -> None:
    class Dotted(NoteType):
        """Notes whose extension has a dot."""

        extensions = (".thing",)

    registry, rows = load(GivenPlugin(value_types=[Dotted()]))

    assert "E206 plugin 'p0': value type 'note' has the extension '.thing' with a dot" in rows[0].problem
    assert "write 'thing'" in rows[0].problem
    assert registry.value_types == {}


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
    assert "two plugins have a model named 'small': p0 and p1" in rows[1].problem
