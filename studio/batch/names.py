"""`NameTemplate`: names of a batch's files, from the item, its values and the output."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from blake3 import blake3

from studio.batch.item import Item
from studio.batch.spec import BatchSpec
from studio.errors import UsageError
from studio.graph import ResolvedGraph

_OF_ITEM = ("item.name", "item.index", "graph")
_LEFT = ("output", "ext", "index")
_NUMBER_FORMAT = re.compile(r"0?\d{0,2}d?")
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_LONGEST_BYTES = 150


class NameTemplate:
    """How the files of a batch are named.

    Fields are `{item.name}`, `{item.index}`, `{output}`, `{ext}`, `{index}` (of an output that is a list), `{graph}`,
    and the graph's inputs, as `{seed:04d}` or `{input.seed}`.

    Args:
        template: The template; "" for `{item.name}.{ext}`, with `_{output}` if there are several outputs.
        inputs: Names of the graph's inputs.
        outputs: Names of the outputs that are made.
        graph: Name of the graph.

    Raises:
        UsageError: E743 if it is no template, or would give two outputs one name.
    """

    def __init__(self, template: str, inputs: Collection[str], outputs: Collection[str], graph: str) -> None:
        several = len(outputs) > 1
        self.template = template or ("{item.name}_{output}.{ext}" if several else "{item.name}.{ext}")
        self._outputs = tuple(outputs)
        self._graph = graph
        self._parts = list(self._parse(inputs))
        named = {name for _, name, _ in self._parts}
        if several and "output" not in named:
            self._refuse("it gives all outputs one name", "put {output} into it")
        if not PurePosixPath(self.template).suffix:
            self._parts.append((".", "ext", ""))

    def _parse(self, inputs: Collection[str]) -> Iterator[tuple[str, str, str]]:
        known = [*_OF_ITEM, *_LEFT, *inputs, *(f"input.{name}" for name in inputs)]
        try:
            parsed = list(string.Formatter().parse(self.template))
        except ValueError as error:
            self._refuse(str(error), "write fields in braces")
        for literal, name, width, conversion in parsed:
            if name is not None and name not in known:
                self._refuse(f"there is no field {{{name}}}", f"fields are {', '.join(known)}")
            if conversion or (width and not _NUMBER_FORMAT.fullmatch(width)):
                self._refuse(f"{{{name}:{width}}} is no format", "numbers take a width, as in {seed:04d}")
            yield literal, name or "", width or ""
        path = PurePosixPath(self.template)
        if path.is_absolute() or ".." in path.parts or "\0" in self.template or "\\" in self.template:
            self._refuse("it leaves the folder", "choose the folder with -o DIR")

    def _refuse(self, reason: str, hint: str) -> None:
        raise UsageError("E743", f"{self.template!r} is no template for names: {reason}", where="--name", hint=hint)

    def fill(self, item: Item, values: Mapping[str, Any]) -> str:
        """Return the template of one item, in which `{output}`, `{ext}` and `{index}` are left.

        Args:
            item: The item.
            values: Its values, with the graph's defaults.

        Raises:
            UsageError: E743 if the name would leave the folder.
        """
        text = ""
        for literal, name, width in self._parts:
            text += literal.replace("{", "{{").replace("}", "}}")
            if name in _LEFT:
                text += "{" + name + (f":{width}" if width else "") + "}"
            elif name:
                text += self._show(item, values, name, width).replace("{", "{{").replace("}", "}}")
        return text

    def render(self, item: Item, values: Mapping[str, Any]) -> list[str]:
        """Return the names that the item's outputs will have, but for their extension, in one letter case."""
        template = self.fill(item, values)
        return [
            unicodedata.normalize("NFC", template.format(output=output, ext="*", index=0)).casefold()
            for output in self._outputs
        ]

    def place(self, item: Item) -> str:
        """Return the folder for files that the item's nodes write under names of their own."""
        return clean_name(item.name)

    def _show(self, item: Item, values: Mapping[str, Any], name: str, width: str) -> str:
        if name == "item.name":
            return clean_name(item.name)
        if name == "graph":
            return _clean_part(self._graph)
        value = item.index if name == "item.index" else values.get(name.removeprefix("input."))
        if width and (not isinstance(value, int) or isinstance(value, bool)):
            raise UsageError(
                "E743",
                f"{{{name}:{width}}} of {self.template!r} takes a whole number, not {value!r}",
                where=item.source,
                hint=f"write {{{name}}}",
            )
        if isinstance(value, Mapping) and set(value) == {"file"}:
            value = PurePosixPath(str(value["file"])).stem
        return _clean_part(format(value, width) if width else "none" if value is None else str(value))


def create_names(resolved: ResolvedGraph, spec: BatchSpec) -> NameTemplate:
    """Return how the files of a batch are named."""
    outputs = spec.only if spec.only is not None else tuple(resolved.outputs)
    return NameTemplate(spec.template, tuple(resolved.inputs), outputs, resolved.graph.name)


def find_shown_values(resolved: ResolvedGraph, item: Item) -> dict[str, Any]:
    """Return an item's values with the graph's defaults, as names show them."""
    declared = resolved.graph.document.inputs
    return {name: item.values.get(name, declared[name].default) for name in resolved.inputs}


def clean_name(name: str) -> str:
    """Return an item's name as a relative path: letters that no file system takes replaced, long parts cut.

    Raises:
        UsageError: E743 if it would leave the folder.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise UsageError(
            "E743", f"the item {name!r} would be written outside the folder", hint="give it a name without / and .."
        )
    return "/".join(_clean_part(part) for part in path.parts) or "_"


def _clean_part(text: str) -> str:
    text = _UNFIT.sub("_", unicodedata.normalize("NFC", text).replace("/", "_")).strip(" .") or "_"
    raw = text.encode(errors="replace")
    if len(raw) <= _LONGEST_BYTES:
        return text
    return raw[: _LONGEST_BYTES - 9].decode(errors="ignore") + "~" + blake3(raw).hexdigest()[:8]
