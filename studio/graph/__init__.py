"""What to run: the graph document, its parsing, validation, schemas, builder and drawing."""

from studio.graph.builder import GraphBuilder
from studio.graph.catalog import Catalog
from studio.graph.document import Graph, GraphDocument
from studio.graph.parse import load_graph, parse_graph, parse_json
from studio.graph.resolve import check_graph, resolve_graph
from studio.graph.resolved import ResolvedGraph

__all__ = [
    "Catalog",
    "Graph",
    "GraphBuilder",
    "GraphDocument",
    "ResolvedGraph",
    "check_graph",
    "load_graph",
    "parse_graph",
    "parse_json",
    "resolve_graph",
]
