"""`GraphBuilder`: writes graph documents from Python, the same documents that one writes by hand."""

from __future__ import annotations

import json
import math
import numbers
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from studio.api import Model
from studio.errors import UsageError
from studio.files import replace_file
from studio.graph.catalog import Catalog
from studio.graph.document import FORMAT_VERSION, NAME_PATTERN, TYPE_PATTERN, Graph, is_edge, is_file, is_quoted
from studio.graph.parse import MAX_NESTING, parse_graph

LINE_LENGTH = 120
_NAME = re.compile(NAME_PATTERN)
_TYPE = re.compile(TYPE_PATTERN)


@dataclass(frozen=True)
class Handle:
    """Stands for a value of a graph that is being built: an input of it, or one output of a node.

    Attributes:
        edge: What an edge from it says: "node", "node.output" or "inputs.name".
    """

    edge: str
    _builder: GraphBuilder = field(repr=False, compare=False)


@dataclass(frozen=True)
class NodeHandle(Handle):
    """Stands for a node; as a value it is the node's first output, and `handle["name"]` is another one."""

    def __getitem__(self, name: str) -> Handle:
        return self.output(name)

    def output(self, name: str) -> Handle:
        """Return the handle of one output.

        Raises:
            UsageError: E010 if the name cannot be one.
        """
        return Handle(f"{self.edge}.{_check_name(name, 'output')}", self._builder)


class GraphBuilder:
    """Builds a graph document, step by step.

    Handles become edges, also inside lists; a `pathlib.Path` or `{"file": "photo.jpg"}` becomes a file. Every
    other value is a literal. A mapping that looks like an edge is quoted, so that it stays a literal.

    Args:
        title: What the graph makes, in a line.
        description: What a reader should know.
        requires: Distributions that the graph needs, with version ranges as pip writes them.
        catalog: What is installed, such as `Studio().registry`. Each node states the version of its type that is
            installed, so that the graph is read aright once that is a newer one.

    Example:
        from studio import GraphBuilder, Studio

        g = GraphBuilder("Poster")
        photo = g.input("photo", "image", default={"file": "photo.jpg"})
        small = g.add("image.resize", image=photo, width=64, fit="contain")
        caption = g.add("image.caption", image=small, text="Hello")
        g.output("poster", caption)
        g.save("poster.json")
        with Studio() as studio:
            result = studio.run(g.build(), output="out")
    """

    def __init__(
        self,
        title: str = "",
        *,
        description: str = "",
        requires: Mapping[str, str] | None = None,
        catalog: Catalog | None = None,
    ) -> None:
        self._head = {"studio": FORMAT_VERSION, "title": title, "description": description}
        self._requires = dict(requires or {})
        self._node_types = catalog.node_types if catalog is not None else {}
        self._inputs: dict[str, dict[str, Any]] = {}
        self._nodes: dict[str, dict[str, Any]] = {}
        self._outputs: dict[str, dict[str, Any]] = {}

    def input(
        self,
        name: str,
        type: str,
        *,
        default: Any = None,
        optional: bool = False,
        description: str = "",
        minimum: int | float | None = None,
        maximum: int | float | None = None,
        choices: Sequence[str | int] | None = None,
        origin: str | None = None,
    ) -> Handle:
        """Declare an input of the graph.

        Args:
            name: Its name.
            type: The type of its values, such as "image" or "list[text]".
            default: Its value where a run sets none; without one it is required.
            optional: Whether it may be left empty.
            description: What it is for.
            minimum: The smallest number allowed.
            maximum: The largest number allowed.
            choices: The values allowed.
            origin: Where a file comes from that is given here and does not say it itself, such as "captured".

        Raises:
            UsageError: E010 if the name or the type cannot be one, E011 if the name is taken, E012 if the
                default cannot be written in a graph.
        """
        self._check_free(name, self._inputs, "input")
        if not isinstance(type, str) or not _TYPE.fullmatch(type):
            raise UsageError(
                "E010", f"{type!r} is not the name of a type", hint='write "image", "text", "list[image]", ...'
            )
        if _holds_handle(default):
            raise UsageError("E012", f"the default of input {name!r} cannot be an edge", hint="give a value, or none")
        fields = {
            "type": type,
            "default": self._encode(default, f"default of input {name!r}"),
            "optional": optional or None,
            "description": description or None,
            "minimum": minimum,
            "maximum": maximum,
            "choices": list(choices) if choices is not None else None,
            "origin": origin,
        }
        self._inputs[name] = {key: value for key, value in fields.items() if value is not None}
        return Handle(f"inputs.{name}", self)

    def add(
        self,
        type: str,
        /,
        *,
        id: str | None = None,
        when: Handle | None = None,
        version: str | None = None,
        description: str = "",
        inputs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> NodeHandle:
        """Add a node.

        Args:
            type: The id of a node type, or "graph:FILE" for another graph.
            id: The node's id; without one it is made from the type.
            when: A bool; where it is false, the node is skipped.
            version: The node type's version that the node is written for; by default the one in the catalog.
            description: What the node is for.
            inputs: Values of inputs by name, for names that are parameters of this method.
            **more: Values of inputs by name.

        Raises:
            UsageError: E010 if the id or the type cannot be one, E011 if the id or an input is there already,
                E012 if a value cannot be written in a graph.
        """
        if not isinstance(type, str) or not 0 < len(type) <= 512:
            raise UsageError("E010", f"{type!r} is not the id of a node type", hint="see `studio nodes`")
        node_id = self._create_id(type) if id is None else id
        self._check_free(node_id, self._nodes, "node")
        known = self._node_types.get(type)
        node = {
            "type": type,
            "version": known.version if version is None and known is not None else version,
            "description": description or None,
            "inputs": self._encode_inputs(node_id, inputs or {}, more) or None,
            "when": self._encode_edge(when, f"when of node {node_id!r}") if when is not None else None,
        }
        self._nodes[node_id] = {key: value for key, value in node.items() if value is not None}
        return NodeHandle(node_id, self)

    def _encode_inputs(self, node_id: str, inputs: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        duplicates = sorted(set(inputs) & set(more))
        if duplicates:
            raise UsageError("E011", f"input {duplicates[0]!r} is given twice", hint="give it once")
        return {
            _check_name(name, "input"): self._encode(value, f"input {name!r} of node {node_id!r}")
            for name, value in {**inputs, **more}.items()
        }

    def output(self, name: str, source: Handle, *, description: str = "") -> None:
        """Make a value an output of the graph.

        Raises:
            UsageError: E010 if the name cannot be one, E011 if it is taken, E012 if the source is not a handle.
        """
        self._check_free(name, self._outputs, "output")
        edge = self._encode_edge(source, f"output {name!r}")
        self._outputs[name] = {**edge, **({"description": description} if description else {})}

    def require(self, distribution: str, versions: str) -> None:
        """Say that the graph needs a distribution, with a version range as pip writes it."""
        self._requires[distribution] = versions

    def to_json(self) -> dict[str, Any]:
        """Return the document; later changes of either do not show in the other."""
        parts = {
            **self._head,
            "inputs": self._inputs,
            "nodes": self._nodes,
            "outputs": self._outputs,
            "requires": self._requires,
        }
        document: dict[str, Any] = json.loads(json.dumps({key: value for key, value in parts.items() if value}))
        return document

    def build(self, base: Path | str | None = None) -> Graph:
        """Return the parsed graph.

        Args:
            base: Folder that its paths are relative to; the current folder if None.

        Raises:
            GraphError: It is not a valid graph; every finding is in it.
        """
        return parse_graph(self.to_json(), base=Path(base) if base is not None else None)

    def save(self, path: Path | str) -> Path:
        """Write the document to a file, whole or not at all; paths in it are relative to the file's folder.

        Raises:
            GraphError: It is not a valid graph; every finding is in it.
            UsageError: E013 if the file cannot be written.
        """
        target = Path(path)
        self.build(target.parent)
        write_document(self.to_json(), target)
        return target

    def _create_id(self, type: str) -> str:
        stem = PurePath(type[len("graph:") :]).stem if type.startswith("graph:") else type.rpartition(".")[2]
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[:120].strip("_-") or "node"
        if not _NAME.fullmatch(stem) or stem == "inputs":
            stem = f"node_{stem}"
        name, number = stem, 1
        while name in self._nodes:
            number += 1
            name = f"{stem}_{number}"
        return name

    def _check_free(self, name: str, taken: Mapping[str, Any], what: str) -> None:
        _check_name(name, what)
        if name in taken:
            raise UsageError(
                "E011", f"there is a{'n' * (what[0] in 'io')} {what} {name!r} already", hint="choose another name"
            )
        if what == "node" and name == "inputs":
            raise UsageError("E010", "a node cannot be named 'inputs'", hint="that name means the graph's inputs")

    def _encode_edge(self, handle: Any, where: str) -> dict[str, Any]:
        if not isinstance(handle, Handle):
            raise UsageError(
                "E012", f"{where} takes a handle, not {_describe(handle)}", hint="give what input() or add() returned"
            )
        if handle._builder is not self:
            raise UsageError("E012", f"{where} is a handle of another graph", hint="add the node to this graph")
        return {"from": handle.edge}

    def _encode(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return what is written in the document for a value at an input."""
        if isinstance(value, Handle):
            return self._encode_edge(value, where)
        if isinstance(value, PurePath):
            return {"file": value.as_posix()}
        if depth >= MAX_NESTING:
            raise UsageError("E012", f"{where} is nested more than {MAX_NESTING} deep")
        if isinstance(value, list | tuple) and _holds_reference(value):
            return [self._encode(entry, where, depth + 1) for entry in value]
        plain = _to_plain(value, where, 0)
        return {"literal": plain} if _looks_like_reference(plain) else plain


def _check_name(name: Any, what: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            "E010",
            f"{_describe(name)} is not a name for a{'n' * (what[0] in 'io')} {what}",
            hint="use letters, digits, _ and -, not a digit first",
        )
    return name


def _holds_handle(value: Any) -> bool:
    return isinstance(value, Handle) or (isinstance(value, list | tuple) and any(_holds_handle(v) for v in value))


def _holds_reference(values: Sequence[Any]) -> bool:
    """Say whether entries of a list are bound one by one: an edge or a file is among them."""
    return any(
        isinstance(v, Handle | PurePath) or is_file(v) or (isinstance(v, list | tuple) and _holds_reference(v))
        for v in values
    )


def _looks_like_reference(plain: Any) -> bool:
    """Say whether a literal would be read as something else than itself."""
    if isinstance(plain, list):
        return any(_looks_like_reference(entry) for entry in plain)
    return is_edge(plain) or is_quoted(plain)


def _to_plain(value: Any, where: str, depth: int) -> Any:
    """Return a value as plain JSON."""
    if isinstance(value, Model):
        return value.to_json()
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, numbers.Real):
        return _to_number(value, where)
    if isinstance(value, Handle):
        raise UsageError("E012", f"{where}: a mapping cannot contain an edge", hint="make the mapping with a node")
    if depth < MAX_NESTING and isinstance(value, list | tuple):
        return [_to_plain(entry, where, depth + 1) for entry in value]
    if depth < MAX_NESTING and _is_object(value):
        return dict(zip(value, _to_plain(list(value.values()), where, depth), strict=True))
    hint = "give plain JSON, a handle, a Path, or a list of them"
    raise UsageError("E012", f"{where} cannot be {_describe(value)}", hint=hint)


def _to_number(value: numbers.Real, where: str) -> int | float:
    if isinstance(value, numbers.Integral):
        return int(value)
    if not math.isfinite(value):
        raise UsageError("E012", f"{where} is {value}, which JSON does not have", hint="give a finite number")
    return float(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _describe(value: Any) -> str:
    return repr(value) if isinstance(value, str | int | float) or value is None else f"a {type(value).__name__}"


# -- writing -------------------------------------------------------------------------------------------


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """Write a graph document to a file, whole or not at all.

    Raises:
        UsageError: E013 if the file cannot be written.
    """
    try:
        with replace_file(path) as temporary:
            temporary.write_text(format_document(document), encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:  # ValueError: lone surrogates
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError("E013", f"{str(path)!r} cannot be written: {reason}", hint="check the folder") from None


def format_document(document: Mapping[str, Any]) -> str:
    """Return a document as text: what fits into a line is written in one, as by hand."""
    return _format(dict(document), 0, 0, top=True) + "\n"


def _format(value: Any, indent: int, offset: int, *, top: bool = False) -> str:
    line = json.dumps(value, ensure_ascii=False)
    is_short = not top and indent + offset + len(line) < LINE_LENGTH
    if not isinstance(value, dict | list) or not value or is_short:
        return line
    opening, closing = "[]" if isinstance(value, list) else "{}"
    entries = _format_entries(value, indent + 2, top=top)
    return (
        f"{opening}\n" + ",\n".join(f"{' ' * (indent + 2)}{entry}" for entry in entries) + f"\n{' ' * indent}{closing}"
    )


def _format_entries(value: dict[str, Any] | list[Any], indent: int, *, top: bool) -> Iterator[str]:
    if isinstance(value, list):
        yield from (_format(entry, indent, 0) for entry in value)
        return
    for key, entry in value.items():
        head = json.dumps(key, ensure_ascii=False) + ": "
        yield head + _format(entry, indent, len(head), top=top and key in _SECTIONS)


_SECTIONS = {"inputs", "nodes", "outputs"}
