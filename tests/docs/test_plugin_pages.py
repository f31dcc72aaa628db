"""The tables of the plugins' READMEs say what the node types say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from studio.api import get_node_type
from tests.plugins.test_first_party_node_types import PLUGINS

ROOT = Path(__file__).parents[2]
SUMMARIES = {
    get_node_type(function).id: get_node_type(function).summary.rstrip(".")
    for plugin in PLUGINS
    for function in plugin.studio_node_types()
}
ROW = re.compile(r"^\| `([a-z]+\.[a-z_]+)` \| (.*?) \|", re.MULTILINE)


@pytest.mark.parametrize("page", sorted((ROOT / "plugins").glob("*/README.md")), ids=lambda page: page.parent.name)
def test_a_row_of_a_plugins_readme_is_the_summary_of_its_node_type(page: Path) -> None:
    rows = [(name, text) for name, text in ROW.findall(page.read_text(encoding="utf-8")) if name in SUMMARIES]

    assert [(name, text, SUMMARIES[name]) for name, text in rows if text != SUMMARIES[name]] == []
