"""The ready graphs that use each node type."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def find_uses(root: Path) -> dict[str, set[str]]:
    """Return the paths of the ready graphs that use each node type, by its id."""
    uses: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((root / "graphs").rglob("*.json")):
        for name in _list_types(json.loads(path.read_text(encoding="utf-8"))):
            uses[name].add(path.relative_to(root).as_posix())
    return dict(uses)


def _list_types(document: Any) -> Iterator[str]:
    nodes = document.get("nodes") if isinstance(document, Mapping) else None
    for node in nodes.values() if isinstance(nodes, Mapping) else ():
        if isinstance(node, Mapping) and isinstance(node.get("type"), str):
            yield node["type"]
