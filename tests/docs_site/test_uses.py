from __future__ import annotations

import json
from pathlib import Path

from docs_site.uses import find_uses


def test_graphs_are_found_by_the_node_types_they_use(tmp_path: Path) -> None:
    (tmp_path / "graphs" / "parts").mkdir(parents=True)
    for name in ("b.json", "parts/a.json"):
        (tmp_path / "graphs" / name).write_text(json.dumps({"nodes": {"n": {"type": "image.blur"}}}))
    (tmp_path / "graphs" / "list.json").write_text("[]")

    assert find_uses(tmp_path) == {"image.blur": {"graphs/b.json", "graphs/parts/a.json"}}
