"""`create_starter`: a small graph of given node types that runs as it is."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from studio.api import Field, Input, NodeType, TypeSpec
from studio.errors import UsageError
from studio.graph import Catalog, GraphBuilder
from studio.graph.builder import Handle, NodeHandle
from studio.graph.fit import find_fit
from studio.graph.node_checks import find_input_faults
from studio.graph.node_lookup import find_renamed
from studio.graph.resolved import Bound
from studio.graph.source import NamedPath
from studio.suggestion import suggest

_SCALARS: dict[str, Any] = {
    "text": "Hello",
    "int": 1,
    "float": 1.0,
    "number": 1,
    "text_or_number": 1,
    "bool": True,
    "json": {},
    "any": "Hello",
}
_FILE_NAMES = ("picture.png", "sound.flac", "video.mp4", "words.srt", "text.txt", "layers.exr", "set.zip")
_MAKERS = ("image.gradient", "image.new", "audio.tone")
_LAYER = ("image.new", {"color": "transparent"})
"""What makes an image with alpha."""
_MADE = object()
"""Stands for a value that another node makes."""
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><circle cx="128" cy="128" r="96"/></svg>'
_MARKS = {"sentences": [{"text": "Hello.", "start": 0.0, "end": 1.0}]}
_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "image.resize": {"width": 512},
    "image.draw_svg": {"svg": _SVG},
    "image.convolve": {"kernel": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]},
    "logic.calculate": {"expression": "1 + 2"},
    "logic.switch": {"if_true": "yes", "if_false": "no"},
    "logic.choose": {"case_1": "first"},
    "logic.match": {"names": ["Hello"], "case_1": "world"},
    "logic.get_json": {"value": {"a": 1}, "pointer": "/a"},
    "logic.set_json": {"value": {"a": 1}, "pointer": "/a", "entry": 2},
    "logic.to_number": {"value": "1.5"},
    "logic.to_list": {"value": [1, 2]},
    "logic.item": {"items": ["first", "second"]},
    "logic.sort": {"items": [3, 1, 2]},
    "logic.filter": {"items": ["first", "second"], "conditions": [True, False]},
    "logic.extract_text": {"text": "Hello"},
    "logic.zip": {"names": ["name"], "a": ["first", "second"]},
    "audio.time_stretch": {"speed": 0.8},
    "audio.soundtrack": {"seconds": 8.0},
    "video.resize": {"width": 320},
    "video.draw_subtitles": {"subtitles": "1\n00:00:00,000 --> 00:00:01,000\nHello\n"},
    "speech.subtitles": {"marks": _MARKS},
    "speech.save_subtitles": {"marks": _MARKS},
    "style.colorize": {"exemplar": _MADE},
    "train.lora": {"captions": ["a lighthouse"]},
    "logic.parse_json": {"text": "[1, 2]"},
}
"""Inputs without which a node type cannot do anything, though its signature alone does not say so."""
_DEFAULT_NODES = (("image.gradient", "image.caption"), ("logic.template",))


def choose_nodes(catalog: Catalog) -> Sequence[str]:
    """Return the node types of a starter graph for which none are named.

    Raises:
        UsageError: E022 if no node types are installed.
    """
    for names in _DEFAULT_NODES:
        if all(name in catalog.node_types for name in names):
            return names
    if not catalog.node_types:
        raise UsageError("E022", "no node types are installed", hint="see `studio plugins`")
    return (sorted(catalog.node_types)[0],)


def create_starter(catalog: Catalog, names: Iterable[str], title: str = "") -> GraphBuilder:
    """Return a graph in which each node takes what the last one made.

    Other inputs that a node needs become inputs of the graph, with a default where there is a plausible one.

    Raises:
        UsageError: E006 if there is no such node type.
    """
    builder = GraphBuilder(title, catalog=catalog)
    last: tuple[NodeHandle, NodeType] | None = None
    for name in names:
        node_type = _find_node_type(catalog, name)
        values, used = _connect(builder, catalog, node_type, last)
        if last is not None and not used:
            _add_output(builder, *last)
        last = builder.add(node_type.id, inputs=values), node_type
    if last is not None:
        _add_output(builder, *last)
    return builder


def _find_node_type(catalog: Catalog, name: str) -> NodeType:
    node_type = catalog.node_types.get(name) or find_renamed(name, catalog.node_types)
    if node_type is None:
        hint = suggest(name, catalog.node_types, "see `studio nodes`")
        raise UsageError("E006", f"unknown node type {name!r}", hint=hint)
    return node_type


def _add_output(builder: GraphBuilder, node: NodeHandle, node_type: NodeType) -> None:
    name = _find_free_name(next(iter(node_type.outputs)), builder.to_json().get("outputs", {}))
    builder.output(name, node)


def _connect(
    builder: GraphBuilder, catalog: Catalog, node_type: NodeType, last: tuple[NodeHandle, NodeType] | None
) -> tuple[dict[str, Any], bool]:
    """Return a value for each input that needs one, and whether the last node's output is among them."""
    values = _take_last(node_type, *last) if last is not None else {}
    used = bool(values)
    for name, value in _EXAMPLES.get(node_type.id, {}).items():
        if name in node_type.inputs:
            values.setdefault(
                name, _make_value(builder, catalog, node_type, node_type.inputs[name]) if value is _MADE else value
            )
    for end in node_type.inputs.values():
        if end.required and end.name not in values:
            values[end.name] = _make_value(builder, catalog, node_type, end)
    return values, used


def _take_last(node_type: NodeType, handle: NodeHandle, made_by: NodeType) -> dict[str, Any]:
    """Return the last node's first output for the input that suits it best, or nothing."""
    made = next(iter(made_by.outputs.values())).spec
    suitable = [end for end in node_type.inputs.values() if _fits(made, end.spec)]
    if not suitable:
        return {}
    end = min(suitable, key=lambda end: (not end.required, end.spec.name != made.name))
    return {end.name: [handle] * _count_entries(end) if end.spec.depth > made.depth else handle}


def _count_entries(end: Input) -> int:
    """Return how many entries the list of an input needs, at least one."""
    fewest = end.spec.limits.min_length if end.spec.limits is not None else None
    return max(1, fewest or 1)


def _fits(made: TypeSpec, wanted: TypeSpec) -> bool:
    if wanted.depth == made.depth + 1:
        wanted = wanted.item()
    fit = find_fit(made, wanted)
    if fit.problem or fit.depth:
        return False
    return wanted.name not in ("text", "choice", "json") or made.name == wanted.name


def _make_value(builder: GraphBuilder, catalog: Catalog, node_type: NodeType, end: Input) -> Any:
    """Return a value for an input: a node that makes one, or an input of the graph."""
    spec = TypeSpec(end.spec.name, choices=end.spec.choices, limits=None if end.spec.depth else end.spec.limits)
    if spec.name == "path":
        return _find_file_name(node_type, end)
    if spec.name in catalog.classes:
        maker = _find_maker(catalog, spec.name)
        if end.spec.channels == frozenset({4}) and _LAYER[0] in catalog.node_types:
            value: Any = builder.add(_LAYER[0], inputs=_LAYER[1])
        else:
            value = builder.add(maker) if maker else _add_input(builder, end, spec)
    else:
        value = _add_input(builder, end, spec)
    for depth in range(end.spec.depth):
        value = [value] * (_count_entries(end) if depth == end.spec.depth - 1 else 1)
    return value


def _find_file_name(node_type: NodeType, end: Input) -> str:
    """Return a name that the node type takes for a file to write; the first one where it takes none or any."""
    for name in _FILE_NAMES:
        if not find_input_faults(node_type, {end.name: Bound(NamedPath(name), end.spec)}, lambda _: None):
            return name
    return _FILE_NAMES[0]


def _find_maker(catalog: Catalog, name: str) -> str | None:
    """Return a node type that makes a value of a type without inputs."""
    suitable = [
        node_type.id
        for node_type in catalog.node_types.values()
        if not any(end.required for end in node_type.inputs.values())
        and node_type.cache == "pure"
        and next(iter(node_type.outputs.values())).spec == TypeSpec(name)
    ]
    return min(suitable, key=lambda i: (i not in _MAKERS, i)) if suitable else None


def _add_input(builder: GraphBuilder, end: Input, spec: TypeSpec) -> Handle:
    name = _find_free_name(end.name, builder.to_json().get("inputs", {}))
    kind = spec.name if spec.name != "any" else "text"
    more: dict[str, Any] = {"default": _SCALARS.get(spec.name)}
    if spec.name == "choice" and spec.choices:
        more = {"default": spec.choices[0], "choices": spec.choices}
    elif spec.limits is not None and spec.name in ("int", "float", "number"):
        default = _find_number_within(spec.limits, _SCALARS[spec.name], spec.name == "int")
        more = {"default": default, "minimum": spec.limits.ge, "maximum": spec.limits.le}
    return builder.input(name, kind, description=end.description, **more)


def _find_free_name(stem: str, taken: Collection[str]) -> str:
    names = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


def _find_number_within(limits: Field, number: float, step: int) -> float:
    """Return the number within limits that is nearest to the given one, and of its type.

    Args:
        limits: The limits.
        number: The number.
        step: Distance of the nearest number that an exclusive limit allows.
    """
    low, high = _find_bound(limits.ge, limits.gt, step), _find_bound(limits.le, limits.lt, -step)
    found = number if low is None else max(number, low)
    return type(number)(found if high is None else min(found, high))


def _find_bound(inclusive: float | None, exclusive: float | None, step: int) -> float | None:
    if inclusive is not None or exclusive is None:
        return inclusive
    return exclusive + step
