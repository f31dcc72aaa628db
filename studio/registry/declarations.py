"""Node types as plain JSON, and back: what they declare, without their functions, which are found when they are called.

A function is written as the way to it from its node type. Functions of Studio's own API are written by their names.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from studio.api import (
    Batch,
    Field,
    Grammar,
    Input,
    Migration,
    Model,
    NodeType,
    Output,
    PluginHome,
    PluginSettings,
    Resources,
    TypeSpec,
)

_OWN = "studio.api."
_HOST = {"home": PluginHome, "settings": PluginSettings}
_PLAIN = (
    "id", "version", "code", "cache", "lane", "device_free", "named", "streams", "expands", "asynchronous",
    "deprecated", "experimental", "uses_frame", "example", "summary", "description", "where",
)  # fmt: skip

Defer = Callable[[str, tuple[Any, ...]], Callable[..., Any]]
"""Returns a function that is found when it is called, by the id of its node type and the way to it from there."""


class Unkeepable(Exception):
    """A declaration that holds something that is not plain."""


# -- to JSON -------------------------------------------------------------------------------------------


def describe_node_type(node_type: NodeType) -> dict[str, Any]:
    """Return a node type as plain JSON, as its plugin declares it.

    Raises:
        Unkeepable: It has something that JSON cannot hold, or values of settings, which belong to a machine.
    """
    if node_type.settings:
        raise Unkeepable(node_type.id)
    row: dict[str, Any] = {name: getattr(node_type, name) for name in _PLAIN}
    row["inputs"] = [_describe_input(end) for end in node_type.inputs.values()]
    row["outputs"] = [[end.name, _describe_spec(end.spec), end.description] for end in node_type.outputs.values()]
    if node_type.batch is not None:
        row["batch"] = [list(node_type.batch.same), node_type.batch.limit, node_type.batch.tolerance]
    row["calls"] = [name for name in ("needs", "check") if getattr(node_type, name) is not None]
    origin = node_type.content_origin
    if callable(origin):
        row["calls"].append("content_origin")
    elif origin is not None:
        row["content_origin"] = origin if isinstance(origin, str) else dict(origin)
    row["migrations"] = {str(old): _describe_migration(step) for old, step in node_type.migrations.items()}
    row["replaces"] = {old: step and _describe_migration(step) for old, step in node_type.replaces.items()}
    row["host"] = {name: _describe_host(kind) for name, kind in node_type.host_parameters.items()}
    row["encodings"] = sorted(node_type.encodings)
    row["resources"] = [node_type.resources.device_bytes, node_type.resources.cores]
    return row


def _describe_host(kind: type) -> str:
    return next(word for word, known in _HOST.items() if issubclass(kind, known))


def _describe_input(end: Input) -> list[Any]:
    default = describe_plain(end.default)
    flags = [end.lazy, end.unkeyed, end.added]
    return [end.name, _describe_spec(end.spec), end.required, default, end.description, *flags]


def describe_plain(value: Any) -> Any:
    """Return a value as JSON that tells it from every other.

    Raises:
        Unkeepable: It is not plain.
    """
    if type(value) is Model:
        return {"model": [value.reference, *map(list, value.options)]}
    if type(value) in (list, tuple):
        return {"tuple" if type(value) is tuple else "list": [describe_plain(entry) for entry in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: describe_plain(entry) for key, entry in value.items()}}
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise Unkeepable(f"a default of the type {type(value).__name__}")


def _describe_spec(spec: TypeSpec) -> Any:
    row: dict[str, Any] = {"name": spec.name}
    for name, plain in (("depth", 0), ("optional", False), ("variable", None)):
        if (value := getattr(spec, name)) != plain:
            row[name] = value
    if spec.choices:
        row["choices"] = list(spec.choices)
    for name in ("channels", "kinds"):
        if (found := getattr(spec, name)) is not None:
            row[name] = sorted(found)
    if spec.limits is not None:
        row["limits"] = {name: value for name, value in vars(spec.limits).items() if value is not None}
    if spec.grammar is not None:
        row["grammar"] = [spec.grammar.name, _name_own(spec.grammar.parse)]
    return row if len(row) > 1 else spec.name


def _describe_migration(step: Migration) -> list[Any]:
    return [
        dict(step.inputs), dict(step.outputs), step.first_output,
        {name: _name_own(convert) for name, convert in step.values.items()}, step.change is not None,
    ]  # fmt: skip


def is_own(function: Any) -> bool:
    """Say whether a function is one of Studio's own API."""
    return _name_own(function) is not None


def _name_own(function: Any) -> str | None:
    """Return the name of a function of Studio's own API, or None for any other."""
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not isinstance(module, str) or not module.startswith(_OWN) or not name.isidentifier():
        return None
    return f"{module}:{name}" if getattr(importlib.import_module(module), name, None) is function else None


# -- from JSON -----------------------------------------------------------------------------------------


def restore_node_type(row: Mapping[str, Any], defer: Defer, **more: Any) -> NodeType:
    """Return a node type from its JSON.

    Args:
        row: The JSON.
        defer: Returns what finds its functions.
        **more: Attributes that Studio adds: distribution and its version.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: It is no node type.
    """
    node_id = row["id"]
    inputs = [_restore_input(part, lambda *way: defer(node_id, way)) for part in row["inputs"]]
    outputs = [_restore_output(part, lambda *way: defer(node_id, way)) for part in row["outputs"]]
    calls: dict[str, Any] = {name: defer(node_id, (name,)) for name in row["calls"]}
    if "content_origin" in row:
        calls["content_origin"] = row["content_origin"]
    if "batch" in row:
        same, limit, tolerance = row["batch"]
        calls["batch"] = Batch(defer(node_id, ("batch", "function")), tuple(same), limit, tolerance)
    migrations = {
        int(old): _restore_migration(step, lambda *way, old=old: defer(node_id, ("migrations", int(old), *way)))
        for old, step in row["migrations"].items()
    }
    replaces = {
        old: step and _restore_migration(step, lambda *way, old=old: defer(node_id, ("replaces", old, *way)))
        for old, step in row["replaces"].items()
    }
    return NodeType(
        **{name: row[name] for name in _PLAIN},
        function=defer(node_id, ("function",)),
        inputs={end.name: end for end in inputs},
        outputs={end.name: end for end in outputs},
        migrations=migrations,
        replaces=replaces,
        host_parameters={name: _HOST[word] for name, word in row["host"].items()},
        encodings=frozenset(row["encodings"]),
        resources=Resources(*row["resources"]),
        **calls,
        **more,
    )


def _restore_input(part: Any, find: Callable[..., Any]) -> Input:
    name, spec, required, default, text, *flags = part
    restored = _restore_spec(spec, lambda: find("inputs", name, "spec", "grammar", "parse"))
    return Input(name, restored, required, _restore_default(default), text, *flags)


def _restore_output(part: Any, find: Callable[..., Any]) -> Output:
    name, spec, text = part
    return Output(name, _restore_spec(spec, lambda: find("outputs", name, "spec", "grammar", "parse")), text)


def _restore_default(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "model":
            return Model(content[0], tuple((name, option) for name, option in content[1:]))
        case "list":
            return [_restore_default(entry) for entry in content]
        case "tuple":
            return tuple(_restore_default(entry) for entry in content)
        case "dict":
            return {key: _restore_default(entry) for key, entry in content.items()}
    raise ValueError(kind)


def _restore_spec(row: Any, find_parse: Callable[[], Any]) -> TypeSpec:
    if isinstance(row, str):
        return TypeSpec(row)
    more: dict[str, Any] = dict(row)
    if "choices" in more:
        more["choices"] = tuple(more["choices"])
    for name in {"channels", "kinds"} & more.keys():
        more[name] = frozenset(more[name])
    if "limits" in more:
        more["limits"] = Field(**more["limits"])
    if "grammar" in more:
        name, own = more["grammar"]
        more["grammar"] = Grammar(name, _find_own(own) if own else find_parse())
    return TypeSpec(**more)


def _restore_migration(step: Any, find: Callable[..., Any]) -> Migration:
    inputs, outputs, first_output, values, changes = step
    converts = {name: _find_own(own) if own else find("values", name) for name, own in values.items()}
    return Migration(inputs, outputs, first_output, converts, find("change") if changes else None)


def _find_own(name: str) -> Any:
    module, _, attribute = name.partition(":")
    found = getattr(importlib.import_module(module), attribute) if module.startswith(_OWN) else None
    if _name_own(found) != name:
        raise ValueError(name)
    return found
