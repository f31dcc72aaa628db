"""Node types as JSON: all that is declared comes back, and functions are found when they are called."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Annotated, Any

import pytest

from studio.api import Context, Grammar, Migration, Model, NodeType, PluginHome, get_node_type, node, parse_color
from studio.api.builtin import create_builtin_value_types
from studio.registry import load_registry
from studio.registry.declarations import Unkeepable, describe_node_type, restore_node_type

ADDED = {"distribution", "distribution_version", "origin", "value_types", "settings"}
"""What Studio adds to a declaration, or what makes it impossible to keep."""
CALLS = {"function", "content_origin", "batch", "needs", "check", "migrations", "replaces", "host_parameters"}


class Way:
    """Stands for a function, by the way to it."""

    def __init__(self, node_type: str, way: tuple[Any, ...]) -> None:
        self.node_type, self.way = node_type, way

    def __call__(self, *_: Any) -> None:
        raise AssertionError("nobody calls it")

    def follow(self, found: Any) -> Any:
        for step in self.way:
            found = found[step] if isinstance(found, Mapping) else getattr(found, step)
        return found


def restore(declared: NodeType) -> NodeType:
    return restore_node_type(json.loads(json.dumps(describe_node_type(declared))), Way)


def list_calls(declared: NodeType) -> list[Any]:
    """Return the functions of a node type, in order."""
    found: list[Any] = [declared.function, declared.needs, declared.check]
    found += [declared.batch and declared.batch.function, declared.content_origin]
    found += [
        end.spec.grammar and end.spec.grammar.parse for end in (*declared.inputs.values(), *declared.outputs.values())
    ]
    for step in (*declared.migrations.values(), *declared.replaces.values()):
        found += [step.change, *step.values.values()] if step is not None else [None]
    return found


def test_every_node_type_that_ships_comes_back_whole() -> None:
    found = load_registry(value_types=create_builtin_value_types()).node_types.values()
    declared = [dataclasses.replace(one, settings={}) for one in found]  # those depend on the machine
    assert len(declared) > 100

    for one in declared:
        back = restore(one)
        for name in {field.name for field in dataclasses.fields(NodeType)} - ADDED - CALLS:
            assert getattr(back, name) == getattr(one, name), (one.id, name)
            assert type(getattr(back, name)) is type(getattr(one, name)), (one.id, name)
        for way, function in zip(list_calls(back), list_calls(one), strict=True):
            assert (way.follow(one) if isinstance(way, Way) else way) == function, one.id
        assert list(back.inputs) == list(one.inputs)
        for steps, known in ((back.migrations, one.migrations), (back.replaces, one.replaces)):
            assert list(steps) == list(known)
            for key, step in steps.items():
                plain = [(s.inputs, s.outputs, s.first_output, list(s.values)) for s in (step, known[key]) if s]
                assert plain[:1] == plain[1:]


def test_functions_of_studios_own_api_need_no_plugin() -> None:
    @node("test.paint")
    def paint(ctx: Context, color: Annotated[str, Grammar("a color", parse_color)] = "red") -> int:
        """Paint."""
        return 1

    grammar = restore(get_node_type(paint)).inputs["color"].spec.grammar

    assert grammar is not None
    assert grammar.parse is parse_color


@pytest.mark.parametrize(
    "name", ["os:system", "studio.api.image:os", "studio.api.color_text:nothing", "x", "studio.app:run"]
)
def test_a_name_that_is_no_function_of_the_api_is_refused(name: str) -> None:
    @node("test.paint")
    def paint(ctx: Context, color: Annotated[str, Grammar("a color", parse_color)] = "red") -> int:
        """Paint."""
        return 1

    text = json.dumps(describe_node_type(get_node_type(paint))).replace("studio.api.color_text:parse_color", name)

    with pytest.raises((ValueError, AttributeError)):
        restore_node_type(json.loads(text), Way)


def take_home(ctx: Context, home: PluginHome) -> int:
    """Take what depends on the machine."""
    return 1


def test_what_studio_fills_in_is_kept_by_its_kind() -> None:
    assert restore(get_node_type(node("test.home")(take_home))).host_parameters == {"home": PluginHome}


def test_values_of_settings_are_not_kept() -> None:
    declared = get_node_type(node("test.home")(take_home))

    with pytest.raises(Unkeepable):
        describe_node_type(dataclasses.replace(declared, settings={"setting level": "1"}))


MODEL = Model("builtin:x", options=(("scale", 4), ("exact", True)))


def test_a_model_comes_back_with_its_options() -> None:
    @node("test.model")
    def use(ctx: Context, model: Model = MODEL) -> int:
        """Use a model."""
        return 1

    assert restore(get_node_type(use)).inputs["model"].default == MODEL


def test_a_migration_keeps_its_names() -> None:
    @node("test.new", version="2.0", replaces={"test.old": Migration({"x": "a", "gone": None}, first_output=None)})
    def new(ctx: Context, a: int = 1) -> int:
        """Renamed."""
        return a

    step = restore(get_node_type(new)).replaces["test.old"]

    assert step is not None
    assert (step.inputs, step.change) == ({"x": "a", "gone": None}, None)
