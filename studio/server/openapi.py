"""The OpenAPI 3.1 document: the routes, and a path with a schema of its own for each graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from studio.server.graph_list import ListedGraph
from studio.server.graph_view import create_values_schema
from studio.server.job import HIGHEST_PRIORITY, LOWEST_PRIORITY, WEBHOOK_EVENTS, JobState

_OF_REPLICATE = re.compile("/v1/(?:predictions|files|webhooks|account|deployments|models/[^/]+/)")
_COMMON = {
    "only": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Names of the outputs to make."},
    "formats": {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": "^[a-z0-9]{1,8}$"},
        "description": "Extensions of outputs that are to have another than the default, such as webp.",
    },
    "priority": {
        "type": "integer",
        "minimum": LOWEST_PRIORITY,
        "maximum": HIGHEST_PRIORITY,
        "default": 0,
        "description": "Higher runs first.",
    },
    "metadata": {"type": "object", "description": "Your own notes, at most 1 KiB of JSON; given back as they are."},
    "webhook": {
        "type": ["object", "null"],
        "properties": {
            "url": {"type": "string", "description": "Address that hears of the job, signed."},
            "events": {"type": "array", "items": {"enum": list(WEBHOOK_EVENTS)}, "minItems": 1},
        },
        "required": ["url"],
        "additionalProperties": False,
    },
}
_VALUES = {"type": "object", "description": "Values of the graph's inputs."}


def create_json_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an operation says of its body: JSON of a schema."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


JOB_BODY = create_json_body(
    {
        "type": "object",
        "properties": {
            "graph": {"type": ["string", "object"], "description": "A graph's name, or a document."},
            "values": _VALUES,
            **_COMMON,
        },
        "required": ["graph"],
        "additionalProperties": False,
    }
)
FORECAST_BODY = create_json_body(
    {
        "type": "object",
        "properties": {"values": _VALUES, "only": _COMMON["only"]},
        "additionalProperties": False,
    }
)
_OUTPUT = {
    "type": "object",
    "properties": {
        "output": {"type": "string"},
        "index": {"type": "integer"},
        "name": {"type": "string"},
        "digest": {"type": "string", "pattern": "^blake3:[0-9a-f]{64}$"},
        "bytes": {"type": "integer"},
        "media_type": {"type": "string"},
        "url": {"type": "string"},
        "loss": {"type": "string"},
        "label": {"type": "string", "description": "The IPTC term for the source of its content, or empty."},
        "credentials": {
            "type": ["object", "null"],
            "description": "The file beside it that holds its content credentials, where its format holds none.",
            "properties": {name: {"type": "string"} for name in ("name", "digest", "media_type", "url")}
            | {"bytes": {"type": "integer"}},
        },
    },
    "required": ["output", "digest", "bytes", "url"],
}
_TIME = {"type": ["number", "null"], "description": "Seconds since 1970."}
_JOB: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "graph": {"type": ["string", "null"]},
        "title": {"type": "string"},
        "state": {"enum": list(JobState)},
        "values": {"type": ["object", "null"], "description": "In lists null if they are long."},
        "priority": {"type": "integer"},
        "place": {"type": ["integer", "null"], "description": "1 for the next one, while it is queued."},
        "why": {"type": "string", "description": "What it waits for."},
        "made": _TIME,
        "started": _TIME,
        "ended": _TIME,
        "expires": _TIME,
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "metadata": {"type": "object"},
        "reused": {"type": ["boolean", "null"], "description": "Whether everything came from the cache."},
        "outputs": {"type": "array", "items": _OUTPUT},
        "error": {"type": ["object", "null"]},
        "nodes": {"type": "object"},
    },
    "required": ["id", "state", "outputs"],
}
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^[EW][0-9]{3}$"},
        "where": {"type": "string"},
        "hint": {"type": "string"},
        "retry": {"type": "boolean", "description": "Whether the same request can succeed later."},
        "findings": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
_REFUSED = {
    "description": "An error.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KNOWN = {
    "description": "The job that this key got before.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
}
_REFUSED_AS_OPENAI = {
    "description": "An error in the form of OpenAI's API.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"error": {"type": "object", "required": ["message", "type", "code"]}},
                "required": ["error"],
            }
        }
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 256},
    "description": "The same key with the same body gets the same job.",
}


def is_openai_path(path: str) -> bool:
    """Return whether clients of OpenAI ask a path, and read errors in its form; others below /v1 are Replicate's."""
    return path.startswith("/v1/") and _OF_REPLICATE.match(path) is None


def create_document(document: dict[str, Any], graphs: Iterable[ListedGraph]) -> dict[str, Any]:
    """Return the document.

    Args:
        document: The document of the routes, which is changed.
        graphs: The graphs that have names.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"Job": _JOB, "Problem": _PROBLEM}
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}, {}]
    for url, path in document["paths"].items():
        for operation in path.values():
            operation["responses"].pop("422", None)
            refused = _REFUSED_AS_OPENAI if is_openai_path(url) else _REFUSED
            operation["responses"] |= {"4XX": refused, "5XX": refused}
    submit = document["paths"]["/api/v1/jobs"]["post"]
    submit.setdefault("parameters", []).append(_KEY)
    submit["responses"]["200"] = _KNOWN
    for listed in graphs:
        if listed.problem is None and listed.graph is not None:
            document["paths"][f"/api/v1/graphs/{listed.name}/jobs"] = {"post": _describe_graph_path(listed)}
    return document


def _describe_graph_path(listed: ListedGraph) -> dict[str, Any]:
    assert listed.graph is not None
    title = listed.graph.document.title or listed.name
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"values": create_values_schema(listed), **_COMMON},
        "additionalProperties": False,
    }
    if "required" in schema["properties"]["values"]:
        schema["required"] = ["values"]
    return {
        "tags": ["graphs"],
        "summary": title,
        "description": listed.graph.document.description,
        "operationId": f"run_{listed.name}",
        "parameters": [_KEY],
        **create_json_body(schema),
        "responses": {
            "200": _KNOWN,
            "201": {**_KNOWN, "description": "The job is queued."},
            "4XX": _REFUSED,
            "5XX": _REFUSED,
        },
    }
