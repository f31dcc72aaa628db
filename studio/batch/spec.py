"""`BatchSpec`: all that a worker needs to know of a batch but its items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.app import Studio
from studio.errors import GraphError
from studio.files import resolve_path
from studio.graph import Graph, ResolvedGraph, parse_graph
from studio.graph.findings import Findings
from studio.graph.given import check_outputs
from studio.graph.node_outputs import add_node_outputs


@dataclass(frozen=True)
class BatchSpec:
    """All that a worker needs to know of a batch but its items; plain JSON, so that it travels anywhere.

    Attributes:
        graph: The graph document.
        path: Its file, or "" if it had none.
        base: Folder that its relative paths start at.
        folder: Folder to write to, or None to return values.
        template: Names of the files, see `studio.batch.names`.
        roots: Further folders that the graph may read.
        only: Outputs to make, or None for all.
        cache: "use", "refresh" or "off".
        node_timeout_seconds: A call that takes longer fails.
        window: Most items that one worker has at once.
        reseed: How often an item whose checks do not pass runs again, with another seed.
        seed_input: The input that has the seed.
        settings: Overrides of the settings, see `studio.batch.worker_settings`; paths as text.
        code: The code that the batch was planned with, see `studio.batch.planned_code`; empty for no comparison.
    """

    graph: Mapping[str, Any]
    path: str = ""
    base: str = "."
    folder: str | None = None
    template: str = ""
    roots: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    cache: str = "use"
    node_timeout_seconds: float | None = None
    window: int = 16
    reseed: int = 0
    seed_input: str = "seed"
    settings: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, list[Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the description as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> BatchSpec:
        """Return what `to_json` described."""
        only = row["only"]
        return cls(**{**row, "roots": tuple(row["roots"]), "only": None if only is None else tuple(only)})


def create_spec(graph: Graph, folder: Path | str | None = None, **options: Any) -> BatchSpec:
    """Return what workers need to know of a batch.

    Args:
        graph: The graph.
        folder: Where files go.
        options: Further fields of `BatchSpec`.
    """
    graph, names = add_node_outputs(graph, options.get("only"))
    options["only"] = tuple(names) if names is not None else None
    return BatchSpec(
        dict(graph.json),
        str(resolve_path(graph.path)) if graph.path else "",
        str(resolve_path(graph.base)),
        str(resolve_path(Path(folder))) if folder is not None else None,
        **options,
    )


def resolve_spec(studio: Studio, spec: BatchSpec) -> ResolvedGraph:
    """Return the graph of a batch, resolved.

    Raises:
        GraphError: It has errors.
    """
    graph: Graph = parse_graph(spec.graph, base=Path(spec.base), path=Path(spec.path) if spec.path else None)
    resolved = studio.resolve(graph, roots=[Path(root) for root in spec.roots])
    findings = Findings(list(resolved.errors))
    check_outputs(resolved, spec.only or (), findings)
    if findings.found:
        raise GraphError(findings.found, source=spec.path)
    return resolved
