"""The page of the graph format's JSON Schema."""

from __future__ import annotations

import json

from docs_site.page import Page
from studio.graph.schema import create_format_schema

PATH = "reference/graph_schema.md"


def create_schema_page() -> Page:
    """Return the page with the JSON Schema of the graph format."""
    schema = json.dumps(create_format_schema(), indent=2, ensure_ascii=False)
    text = (
        "# JSON Schema of a graph\n\n"
        "What `studio schema` prints. `studio schema --installed` adds the node types of this machine, so that an "
        "editor completes and checks them: save it as `studio.schema.json` beside a graph, and write "
        '`"$schema": "studio.schema.json"` into the graph. [The graph format](../docs/graph_format.md) explains it.\n\n'
        f'``` {{ .json title="studio.schema.json" }}\n{schema}\n```'
    )
    return Page(PATH, "JSON Schema", text, "The JSON Schema of the graph format.")
