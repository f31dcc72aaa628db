"""`CarriedText`: what the files of a run carry, as JSON text. Many files share it, and each adds its own place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from blake3 import blake3

from studio.api.content_origin import find_source_type
from studio.execution.content import Media
from studio.provenance.record import STRIPPED

_LONGEST_WHOLE = 100_000  # characters; of a longer graph, the file of an output carries its own part


class CarriedText:
    """Text for the files of a run.

    A file carries the whole graph, so that the other outputs can be made from it too. In a run of very many outputs
    that would take time and room with the square of their number: a file then carries what its own output needs.

    Args:
        provenance: What all files of the run carry, see `collect_provenance`.
        strips: Whether the files carry neither the graph nor its values.
    """

    def __init__(self, provenance: Mapping[str, Any], *, strips: bool = False) -> None:
        kept = ("studio", "version")
        self._provenance = {name: provenance[name] for name in kept if name in provenance} if strips else provenance
        self._strips = strips
        self._whole: dict[str, str] | None = None
        self._part: tuple[str, dict[str, str]] = ("", {})
        self._is_long = False

    def identify(self, output: str, index: int) -> str:
        """Return what stays the same for a file of an output wherever it is written: a digest of all but the folder."""
        members = {name: text for name, text in self._find_members(output).items() if name not in ("base", "version")}
        return blake3(json.dumps([output, index, sorted(members.items())]).encode("utf-8", "surrogatepass")).hexdigest()

    def format(self, output: str, index: int, saved: str = "", content: Media | None = None, mark: str = "") -> str:
        """Return the text that the file of an output carries.

        Args:
            output: The output.
            index: Place of the file in an output that is a list.
            saved: The name that a node saves the file by, or "".
            content: What the file is made of, or None.
            mark: The number of the mark in it, or "".
        """
        place: dict[str, Any] = {"output": output, "index": index, **({"saved": saved} if saved else {})}
        place = {STRIPPED: True} if self._strips else place
        place |= describe_content(content) if content is not None else {}
        place |= {"mark": mark} if mark else {}
        members = self._find_members(output) | _dump_members(place)
        return "{" + ", ".join(f"{_dump(name)}: {text}" for name, text in sorted(members.items())) + "}"

    def _find_members(self, output: str) -> dict[str, str]:
        if self._whole is None:
            self._whole = _dump_members(self._provenance)
            graph = self._provenance.get("graph", {})
            self._is_long = len(self._whole.get("graph", "")) > _LONGEST_WHOLE and len(graph.get("outputs", {})) > 1
        if not self._is_long:
            return self._whole
        if self._part[0] != output:
            self._part = output, _dump_members(take_part(self._provenance, output))
        return self._part[1]


def describe_content(content: Media) -> dict[str, Any]:
    """Return the IPTC terms for what a file is made of: one for the file, and those of images and audio if they differ.

    Where nothing true can be said, there is none.
    """
    whole, images, audio = (find_source_type(one) for one in (content.whole, content.images, content.audio))
    found: dict[str, Any] = {"digital_source_type": whole} if whole else {}
    if images != audio and content.images and content.audio:
        found["digital_source_types"] = {"images": images, "audio": audio}
    return found


def take_part(provenance: Mapping[str, Any], output: str) -> dict[str, Any]:
    """Return what one output needs of what the files of a run carry."""
    graph = provenance["graph"]
    nodes, inputs = _find_needed(graph, output)
    part = {name: value for name, value in graph.items() if name != "ui"}
    part["nodes"] = {name: graph["nodes"][name] for name in nodes}
    part["outputs"] = {output: graph["outputs"][output]}
    if "inputs" in graph:
        part["inputs"] = {name: end for name, end in graph["inputs"].items() if name in inputs}
    values = {name: value for name, value in provenance["inputs"].items() if name in inputs}
    found = {**provenance, "graph": part, "inputs": values}
    if all(not str(node.get("type", "")).startswith("graph:") for node in part["nodes"].values()):
        written = {value for value in _iterate_values([part, values]) if isinstance(value, str)}
        patterns = any(isinstance(value, dict) and "files" in value for value in _iterate_values([part, values]))
        known = provenance["files"].items()
        found["graphs"] = {}
        found["files"] = {name: digest for name, digest in known if patterns or name in written}
    return found


def _find_needed(graph: Mapping[str, Any], output: str) -> tuple[dict[str, None], set[str]]:
    """Return the nodes that an output needs, and the graph's inputs that they and the output read."""
    nodes: dict[str, None] = {}
    inputs: set[str] = set()
    pending: list[Any] = [graph["outputs"][output]]
    while pending:
        for edge in _iterate_edges(pending.pop()):
            head, _, tail = edge.partition(".")
            if head == "inputs":
                inputs.add(tail)
            elif head in graph["nodes"] and head not in nodes:
                nodes[head] = None
                pending.append(graph["nodes"][head])
    return nodes, inputs


def _iterate_edges(value: Any) -> Iterator[str]:
    for found in _iterate_values(value):
        if isinstance(found, dict) and isinstance(found.get("from"), str):
            yield found["from"]


def _iterate_values(value: Any) -> Iterator[Any]:
    """Yield a plain JSON value and all in it."""
    pending = [value]
    while pending:
        one = pending.pop()
        yield one
        if isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list):
            pending += one


def _dump_members(members: Mapping[str, Any]) -> dict[str, str]:
    return {name: _dump(value) for name, value in members.items()}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
