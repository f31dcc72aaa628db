from __future__ import annotations

import json

from docs_site.markdown import find_blocks
from docs_site.schema_page import create_schema_page
from studio.graph.schema import create_format_schema


def test_the_page_has_the_schema_that_the_command_prints() -> None:
    (block,) = find_blocks(create_schema_page().text)

    assert json.loads(block.body) == json.loads(json.dumps(create_format_schema()))
