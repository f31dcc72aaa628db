"""`NameTemplate`: names of a batch's files, from the item, its values and the output."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from studio.api import TypeSpec, ValueType
from studio.batch.item import Item
from studio.batch.own_files import is_held_file, is_own_file
from studio.batch.spec import BatchSpec
from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.provenance.file_names import FileNameProblem, list_file_names
from studio.provenance.shown_values import NUMBER_FORMAT, clean_part, escape_braces, show_value

_ITEM_FIELDS = ("item.name", "item.index", "graph")
_OUTPUT_FIELDS = ("output", "ext", "index")


@dataclass(frozen=True)
class _Part:
    """A part of a template: some text, then perhaps a field."""

    text: str
    field: str
    width: str


class NameTemplate:
    """How the files of a batch are named.

    Fields are `{item.name}`, `{item.index}`, `{output}`, `{ext}`, `{index}` (of an output that is a list), `{graph}`,
    and the graph's inputs, as `{seed:04d}` or `{input.seed}`.

    Args:
        template: The template; "" for `{item.name}.{ext}`, with `_{output}` if there are several outputs.
        inputs: Names of the graph's inputs.
        outputs: Types of the outputs that are made, by name.
        graph: Name of the graph.
        value_types: The value types that are registered, by name.

    Raises:
        UsageError: E743 if the template is invalid, or gives two outputs one name.
    """

    def __init__(
        self,
        template: str,
        inputs: Collection[str],
        outputs: Mapping[str, TypeSpec],
        graph: str,
        value_types: Mapping[str, ValueType[Any]] | None = None,
    ) -> None:
        several = len(outputs) > 1
        self.template = template or ("{item.name}_{output}.{ext}" if several else "{item.name}.{ext}")
        self._outputs = outputs
        self._value_types = value_types or {}
        self._graph = graph
        self._parts = self._parse(inputs)
        self._check_path()
        if several and all(part.field != "output" for part in self._parts):
            raise self._create_error("all outputs have one name", "add {output} to it")
        written = "".join(part.text + ("x" if part.field else "") for part in self._parts)
        self._lacks_extension = not PurePosixPath(written).suffix
        if not PurePosixPath(self.template).suffix:
            self._parts.append(_Part(".", "ext", ""))

    def _parse(self, inputs: Collection[str]) -> list[_Part]:
        known = [*_ITEM_FIELDS, *_OUTPUT_FIELDS, *inputs, *(f"input.{name}" for name in inputs)]
        try:
            parsed = list(string.Formatter().parse(self.template))
        except ValueError as error:
            raise self._create_error(str(error), "write fields in braces") from None
        for _, name, width, conversion in parsed:
            self._check_field(name, width, conversion, known)
        return [_Part(text, name or "", width or "") for text, name, width, _ in parsed]

    def _check_field(self, name: str | None, width: str | None, conversion: str | None, known: list[str]) -> None:
        if name is not None and name not in known:
            raise self._create_error(f"unknown field {{{name}}}", f"fields are {', '.join(known)}")
        if conversion or (width and not NUMBER_FORMAT.fullmatch(width)):
            raise self._create_error(f"unsupported format {{{name}:{width}}}", "numbers take a width, as in {seed:04d}")

    def _check_path(self) -> None:
        path = PurePosixPath(self.template)
        if path.is_absolute() or ".." in path.parts or any(letter in self.template for letter in "\0\\"):
            raise self._create_error("it leaves the folder", "choose the folder with -o DIR")

    def _create_error(self, reason: str, hint: str) -> UsageError:
        return UsageError(
            "E743", f"invalid file name template {self.template!r}: {reason}", where="--filename-template", hint=hint
        )

    def fill(self, item: Item, values: Mapping[str, Any]) -> str:
        """Return the template of one item, which still contains `{output}`, `{ext}` and `{index}`.

        Args:
            item: The item.
            values: Its values, with the graph's defaults.

        Raises:
            UsageError: E743 if the name would leave the folder.
        """
        text = ""
        for part in self._parts:
            text += escape_braces(part.text)
            if part.field in _OUTPUT_FIELDS:
                text += "{" + part.field + (f":{part.width}" if part.width else "") + "}"
            elif part.field:
                text += escape_braces(self._show(item, values, part))
        if self._lacks_extension and PurePosixPath(text).suffix not in ("", ".{ext}"):
            text += ".{ext}"  # what follows a dot in a value is no extension; without a dot it is added later
        return text

    def render(self, item: Item, values: Mapping[str, Any]) -> list[str]:
        """Return the names of the item's outputs without their extension, in one letter case, to compare them."""
        template = self.fill(item, values)
        return [
            unicodedata.normalize("NFC", template.format(output=output, ext="*", index=0)).casefold()
            for output in self._outputs
        ]

    def check(self, item: Item, values: Mapping[str, Any], *, saves: bool = False) -> None:
        """Check that an item's files can be written, and are none of those that Studio itself writes.

        Args:
            item: The item.
            values: Its values, with the graph's defaults.
            saves: Whether its nodes write files into its folder.

        Raises:
            UsageError: E743 if not.
        """
        template = self.fill(item, values)
        try:
            names = list_file_names(template, self._outputs, self._value_types)
        except FileNameProblem as problem:
            raise UsageError("E743", str(problem), where=item.source, hint=problem.hint) from None
        paths = [*names, *([self.place(item)] if saves else [])]
        own = next((path for path in paths if is_own_file(path) or is_held_file(path)), None)
        if own is not None:
            message = f"file name {own!r} is reserved for a file of Studio's own"
            raise UsageError(
                "E743", message, where=item.source, hint="rename the item, or choose another --filename-template"
            )

    def place(self, item: Item) -> str:
        """Return the folder for files that the item's nodes write under names of their own."""
        return clean_name(item.name)

    def _show(self, item: Item, values: Mapping[str, Any], part: _Part) -> str:
        if part.field == "item.name":
            return clean_name(item.name)
        if part.field == "graph":
            return clean_part(self._graph)
        value = item.index if part.field == "item.index" else values.get(part.field.removeprefix("input."))
        return clean_part(self._format_number(item, value, part) if part.width else show_value(value))

    def _format_number(self, item: Item, value: Any, part: _Part) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return format(value, part.width)
        raise UsageError(
            "E743",
            f"{{{part.field}:{part.width}}} of {self.template!r} takes a whole number, not {value!r}",
            where=item.source,
            hint=f"write {{{part.field}}}",
        )


def create_names(
    resolved: ResolvedGraph, spec: BatchSpec, value_types: Mapping[str, ValueType[Any]] | None = None
) -> NameTemplate:
    """Return how the files of a batch are named."""
    wanted = spec.only if spec.only is not None else tuple(resolved.outputs)
    outputs = {name: resolved.outputs[name][1] for name in wanted}
    return NameTemplate(spec.template, tuple(resolved.inputs), outputs, resolved.graph.name, value_types)


def writes_by_name(resolved: ResolvedGraph) -> bool:
    """Return whether nodes of a graph write files under names of their own, into the folders of items."""
    pending = [resolved]
    while pending:
        nodes = pending.pop().nodes.values()
        if any(end.spec.name == "path" for node in nodes if node.node_type for end in node.node_type.inputs.values()):
            return True
        pending += [node.subgraph for node in nodes if node.subgraph is not None]
    return False


def find_shown_values(resolved: ResolvedGraph, item: Item) -> dict[str, Any]:
    """Return an item's values with the graph's defaults, as names show them."""
    declared = resolved.graph.document.inputs
    return {name: item.values.get(name, declared[name].default) for name in resolved.inputs}


def clean_name(name: str) -> str:
    """Return an item's name as a relative path: characters that some file system refuses replaced, long parts cut.

    Raises:
        UsageError: E743 if it would leave the folder.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise UsageError(
            "E743", f"the item {name!r} would be written outside the folder", hint="give it a name without / and .."
        )
    return "/".join(clean_part(part) for part in path.parts) or "_"
