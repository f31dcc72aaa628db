"""A page for each node type, and one for each plugin: what the registry knows, an example, and what it makes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from docs_site.page import Page, format_table
from studio.api import Field, Input, NodeType
from studio.api.field import describe_unit
from studio.api.type_spec import TypeSpec
from studio.graph.builder import format_document
from studio.suggestion import join_words

FOLDER = "reference/nodes"


def find_node_path(node_type: NodeType) -> str:
    """Return the path of a node type's page."""
    return f"{FOLDER}/{node_type.plugin}/{node_type.id}.md"


def find_plugin_path(plugin: str) -> str:
    """Return the path of a plugin's page."""
    return f"{FOLDER}/{plugin}/index.md"


def create_node_page(
    node_type: NodeType, example: Mapping[str, Any] | None, shown: str, graphs: Collection[str]
) -> Page:
    """Return the page of a node type.

    Args:
        node_type: The node type.
        example: Its example graph, if it has one.
        shown: Markdown that shows what the example makes, "" for nothing.
        graphs: Paths of ready graphs that use it.
    """
    parts = [f"# {node_type.id}", node_type.summary, *_describe_status(node_type), node_type.description, shown]
    parts += ["## Inputs", _format_inputs(node_type), "## Outputs", _format_outputs(node_type)]
    if example is not None:
        parts += ["## Example", _format_example(node_type, example)]
    if graphs:
        parts += ["## Used in", "\n".join(f"- [{path}](../../../{path})" for path in sorted(graphs))]
    parts += ["## How it runs", _describe_manner(node_type)]
    text = "\n\n".join(part for part in parts if part)
    return Page(find_node_path(node_type), node_type.id, text, node_type.summary)


def _describe_status(node_type: NodeType) -> list[str]:
    lines = [f"**Deprecated:** {node_type.deprecated}."] * bool(node_type.deprecated)
    lines += ["**Experimental:** its inputs and results may change without notice."] * node_type.experimental
    if node_type.replaces:
        lines.append(f"Its older names still work: {', '.join(f'`{name}`' for name in node_type.replaces)}.")
    return lines


def _format_inputs(node_type: NodeType) -> str:
    if not node_type.inputs:
        return "None."
    rows = [
        [f"`{end.name}`", describe_type(end.spec), _describe_default(end), end.description + _describe_marks(end)]
        for end in node_type.inputs.values()
    ]
    return format_table(["input", "type, range, unit", "default", "what it does"], rows)


def describe_type(spec: TypeSpec) -> str:
    """Return a type in words, with its limits and unit."""
    text = ", ".join(f"`{choice}`" for choice in spec.choices) if spec.choices else str(spec).removesuffix(" or null")
    if spec.choices and spec.depth:
        text = f"list of {text}"
    if spec.optional:
        text += " or `null`"
    return "; ".join(part for part in (text, describe_limits(spec.limits), _describe_form(spec)) if part)


def _describe_form(spec: TypeSpec) -> str:
    """Return how a value is written, with a link where a page says more; "" for nothing."""
    parts = []
    if spec.grammar is not None:
        page = "../../../docs/image.md#colors" if "color" in spec.grammar.name else ""
        parts.append(f"written as [{spec.grammar.name}]({page})" if page else f"written as {spec.grammar.name}")
    if spec.limits is not None and spec.limits.pattern is not None:
        parts.append(f"matching `{spec.limits.pattern}`")
    return "; ".join(parts)


def describe_limits(limits: Field | None) -> str:
    """Return limits and unit of a value: "1 to 8 px", "at least 0"; "" for none."""
    if limits is None:
        return ""
    parts = [part for part in (_describe_range(limits), _describe_length(limits)) if part]
    return " ".join([*parts, describe_unit(limits.unit)] if limits.unit else parts)


def _describe_range(limits: Field) -> str:
    if limits.ge is not None and limits.le is not None:
        return f"{_format_number(limits.ge)} to {_format_number(limits.le)}"
    bounds = (("at least", limits.ge), ("more than", limits.gt), ("at most", limits.le), ("less than", limits.lt))
    return " and ".join(f"{words} {_format_number(bound)}" for words, bound in bounds if bound is not None)


def _format_number(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


def _describe_length(limits: Field) -> str:
    low, high = limits.min_length, limits.max_length
    if low is None and high is None:
        return ""
    return f"length {low or 0} or more" if high is None else f"length {low or 0} to {high}"


def _describe_default(end: Input) -> str:
    if end.required:
        return "**required**"
    plain = end.default.to_json() if hasattr(end.default, "to_json") else end.default
    return f"`{json.dumps(plain, ensure_ascii=False, default=str)}`"


def _describe_marks(end: Input) -> str:
    return " *Evaluated only if it is needed.*" * end.lazy + " *Does not change the result.*" * end.unkeyed


def _format_outputs(node_type: NodeType) -> str:
    rows = [[f"`{end.name}`", describe_type(end.spec), end.description] for end in node_type.outputs.values()]
    if not any(description for _, _, description in rows):
        return format_table(["output", "type"], [row[:2] for row in rows])
    return format_table(["output", "type", "what it is"], rows)


def _format_example(node_type: NodeType, example: Mapping[str, Any]) -> str:
    return (
        f'``` {{ .json title="{node_type.id}.json" }}\n{format_document(dict(example)).strip()}\n```\n\n'
        f"`studio nodes {node_type.id} --example` prints it."
    )


def _describe_manner(node_type: NodeType) -> str:
    facts = {
        "version": node_type.version,
        "plugin": f"{node_type.distribution} {node_type.distribution_version}".strip(),
        "cache": {
            "pure": "results are kept",
            "recompute": "runs each time; what depends on it runs only if the result differs",
            "never": "runs each time, and nothing is kept",
        }[node_type.cache],
        "runs on": {"cpu": "the CPU", "device": "the GPU, or the CPU where there is none", "io": "a thread for files"}[
            node_type.lane
        ],
    }
    if node_type.batch:
        facts["stacks"] = f"up to {node_type.batch.limit} calls at once"
    if node_type.encodings:
        facts["color spaces"] = f"any that is encoded as {join_words(sorted(node_type.encodings))}"
    rows = [[name, value] for name, value in facts.items()]
    return format_table(["what", "value"], rows)


def create_plugin_page(plugin: str, node_types: Sequence[NodeType], about: str) -> Page:
    """Return the page of a plugin: its node types.

    Args:
        plugin: The first part of their ids.
        node_types: Its node types.
        about: Path of a hand-written page about it, "" if there is none.
    """
    rows = [[f"[`{one.id}`]({one.id}.md)", one.summary] for one in node_types]
    more = f"\n\nSee also [the page about it](../../../{about})." if about else ""
    title = f"{plugin}: {len(rows)} node types"
    return Page(
        find_plugin_path(plugin),
        plugin,
        f"# {title}{more}\n\n{format_table(['node type', 'what it does'], rows)}",
        title,
    )


def create_nodes_page(node_types: Mapping[str, Sequence[NodeType]]) -> Page:
    """Return the page that lists all node types, by the first part of their ids."""
    about = "Everything that a node can do, by the first part of its name. `studio nodes WORDS` searches them too."
    parts = ["# Node types", about]
    for plugin, types in node_types.items():
        rows = [[f"[`{one.id}`]({plugin}/{one.id}.md)", one.summary] for one in types]
        parts += [f"## [{plugin}]({plugin}/index.md)", format_table(["node type", "what it does"], rows)]
    return Page(f"{FOLDER}/index.md", "Node types", "\n\n".join(parts), "All node types with what they do.")
