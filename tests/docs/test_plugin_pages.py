"""The tables of the plugins' READMEs say what the node types say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from studio.api import NodeType, get_node_type
from tests.plugins.test_first_party_node_types import PLUGINS

ROOT = Path(__file__).parents[2]
NODE_TYPES = {
    get_node_type(function).id: get_node_type(function) for plugin in PLUGINS for function in plugin.studio_node_types()
}
SUMMARIES = {name: node_type.summary.rstrip(".") for name, node_type in NODE_TYPES.items()}
ROW = re.compile(r"^\| `([a-z]+\.[a-z_]+)` \| (.*?) \|", re.MULTILINE)


@pytest.mark.parametrize("page", sorted((ROOT / "plugins").glob("*/README.md")), ids=lambda page: page.parent.name)
def test_a_row_of_a_plugins_readme_is_the_summary_of_its_node_type(page: Path) -> None:
    rows = [(name, text) for name, text in ROW.findall(page.read_text(encoding="utf-8")) if name in SUMMARIES]

    assert [(name, text, SUMMARIES[name]) for name, text in rows if text != SUMMARIES[name]] == []


ENDS = re.compile(r"^\| `([a-z]+\.[a-z_]+)` \| [^|]* \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


@pytest.mark.parametrize("name", ["audio", "image", "logic", "provenance", "scenes", "speech", "text", "vision"])
def test_a_row_with_inputs_and_outputs_has_all_of_them(name: str) -> None:
    page = (ROOT / f"plugins/studio_{name}/README.md").read_text(encoding="utf-8")

    (plugin,) = (plugin for plugin in PLUGINS if plugin.__name__ == f"studio_{name}")

    rows = {row[0]: row[1:] for row in ENDS.findall(page) if row[0] in NODE_TYPES}

    assert rows.keys() == {get_node_type(function).id for function in plugin.studio_node_types()}
    assert rows == {one: list_ends(NODE_TYPES[one]) for one in rows}


def list_ends(node_type: NodeType) -> tuple[str, str]:
    """Return the inputs and outputs of a node type as a row lists them: required inputs are code."""
    inputs = [f"`{end.name}`" if end.required else end.name for end in node_type.inputs.values()]
    return ", ".join(inputs), ", ".join(node_type.outputs)
