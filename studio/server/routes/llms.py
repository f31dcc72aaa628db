"""`/llms.txt`: this server for programs that read text (llmstxt.org): how to use it, its graphs, its node types."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import Response

from studio.server.graph_list import ListedGraph
from studio.server.graph_view import describe_listed
from studio.server.parts import Parts

_ABOUT = """# Studio

> A server that runs graphs, which make images, audio, video and text, as jobs. A graph has typed inputs. The same \
values give the same files, at once if they were made before.

## Use

- [OpenAPI](/api/v1/openapi.json): `POST /api/v1/graphs/NAME/jobs` with `{"values": {...}}` queues a job; \
`GET /api/v1/jobs/ID` shows it with its `outputs`, each with a `url`
- [Events](/api/v1/events): server-sent events of all jobs; of one job at `/api/v1/jobs/ID/events`
- [Files](/api/v1/files): `POST` the bytes, and use the digest of the answer as a value: `{"file": "blake3:..."}`
- [Model Context Protocol](/mcp): each graph is a tool
- [Models](/v1/models): the graphs for clients of OpenAI's API

## Graphs
"""
_NODE_TYPES = """
## Optional

Node types for graphs of your own, which `POST /api/v1/jobs` takes as `{"graph": {...}}`:
"""


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter()

    @router.get("/llms.txt", include_in_schema=False)
    def show() -> Response:
        return Response("\n".join(_write(parts)) + "\n", media_type="text/markdown; charset=utf-8")

    return router


def _write(parts: Parts) -> Iterator[str]:
    yield _ABOUT
    yield from (_describe_graph(listed) for listed in parts.graphs.list_graphs() if listed.problem is None)
    yield _NODE_TYPES
    for node_type in sorted(parts.studio.registry.node_types.values(), key=lambda one: one.id):
        yield f"- {node_type.id}: {node_type.summary}"


def _describe_graph(listed: ListedGraph) -> str:
    """Return a line of a graph: its name, what it is, what it takes and makes."""
    row = describe_listed(listed)
    takes = ", ".join(f"{end['name']} ({end['type']})" for end in row["takes"]) or "nothing"
    makes = ", ".join(f"{end['name']} ({end['type']})" for end in row["makes"])
    about = f". {row['about']}" if row["about"] else ""
    return f"- [{listed.name}](/api/v1/graphs/{listed.name}): {row['title']}{about}. Takes {takes}. Makes {makes}"
