"""`Submissions`: checks what a client asks for, before it becomes a job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import TypeSpec
from studio.app import Studio
from studio.errors import Finding, GraphError, RunError, UsageError
from studio.execution.plan import Plan
from studio.graph import ResolvedGraph
from studio.runtime.memory import show_bytes
from studio.server.client_values import (
    find_document_faults,
    find_model_faults,
    list_files,
    refuse_file,
    restore_values,
)
from studio.server.file_store import FileStore, parse_file_name
from studio.server.graph_list import GraphList, parse_job_graph
from studio.server.graph_run import create_output_folder
from studio.server.job import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    MOST_METADATA_BYTES,
    MOST_VALUES_BYTES,
    WEBHOOK_EVENTS,
    Submission,
    Webhook,
)
from studio.server.stack_names import name_models, name_stack
from studio.suggestion import suggest
from studio.surrogates import dump_json


@dataclass(frozen=True)
class JobRequest:
    """What a client sends.

    Attributes:
        graph: A name, or a document.
        values: Values of the graph's inputs.
        only: Names of the outputs to make; None for all.
        formats: Extensions of the files of outputs that have another than the default.
        priority: Higher runs first.
        metadata: The client's own notes.
        webhook: Where changes of the job are told; None for nowhere.
    """

    graph: str | Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)
    only: Sequence[str] | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    webhook: Webhook | None = None


_EXTENSION = re.compile("[a-z0-9]{1,8}")
_OF_FILES = ("E129", "E130", "E135", "E311")
"""Of errors that would say of a path of this machine whether something is there."""

_KEYS = ("graph", "values", "only", "formats", "priority", "metadata", "webhook")


def parse_job_request(body: Mapping[str, Any], *, graph: str | None = None) -> JobRequest:
    """Return what a client sends as JSON.

    Args:
        body: The JSON object.
        graph: The name of the graph, where the address has it and the body does not.

    Raises:
        UsageError: E809 for an unknown key or a value of a wrong type.
    """
    _check_keys(body, _KEYS if graph is None else _KEYS[1:])
    values = {key: value for key, value in body.items() if value is not None}
    if isinstance(priority := values.get("priority"), float) and priority.is_integer():
        values["priority"] = int(priority)  # 1.0 is a whole number in JSON
    values |= {"graph": graph} if graph is not None else {}
    if "graph" not in values:
        raise UsageError("E809", "missing key 'graph'", hint="give the name of a graph, or a graph document")
    _check_values(values)
    if "webhook" in values:
        values["webhook"] = _parse_webhook(values["webhook"])
    return JobRequest(**values)


def _check_keys(body: Iterable[str], known: Sequence[str]) -> None:
    for key in body:
        if key not in known:
            hint = suggest(key, known) or f"keys: {', '.join(known)}"
            raise UsageError("E809", f"unknown key {key[:80]!r}", hint=hint)


def _check_values(values: Mapping[str, Any]) -> None:
    """Check the types of values; those that are missing need none."""
    for key, (kinds, wanted) in _KINDS.items():
        if key in values and (not isinstance(values[key], kinds) or isinstance(values[key], bool)):
            raise UsageError("E809", f"invalid {key}", where=f"/{key}", hint=f"give {wanted}")
    if not all(isinstance(name, str) for name in values.get("only", ())):
        raise UsageError("E809", "invalid only", where="/only", hint="give names of outputs")


def _parse_webhook(row: Mapping[str, Any]) -> Webhook:
    """Return where changes of a job are told.

    Raises:
        UsageError: E809.
    """
    url, events = row.get("url"), row.get("events", ["ended"])
    if not isinstance(url, str) or not row.keys() <= {"url", "events"}:
        raise UsageError("E809", "invalid webhook", where="/webhook", hint='give {"url": "https://..."}')
    if not isinstance(events, list) or not events or not all(event in WEBHOOK_EVENTS for event in events):
        hint = f"take some of: {', '.join(WEBHOOK_EVENTS)}"
        raise UsageError("E809", "invalid events", where="/webhook/events", hint=hint)
    return Webhook(url, tuple(sorted(set(events))))


_KINDS: Mapping[str, tuple[Any, str]] = {
    "graph": ((str, dict), "the name of a graph, or a graph document"),
    "values": (dict, "an object with values of the graph's inputs"),
    "only": (list, "a list of names of outputs"),
    "formats": (dict, "an object with extensions of outputs"),
    "priority": (int, "a whole number"),
    "metadata": (dict, "an object of your own"),
    "webhook": (dict, "an object with the address that hears of the job"),
}


def describe_request(request: JobRequest) -> str:
    """Return what names a request, so that the same key with another body is found."""
    body: dict[str, Any] = {
        "graph": request.graph,
        "values": request.values,
        "only": request.only,
        "priority": request.priority,
    }
    body |= {"formats": request.formats, "metadata": request.metadata}
    if request.webhook is not None:
        body["webhook"] = [request.webhook.url, list(request.webhook.events), request.webhook.form]
    return blake3(json.dumps(body, sort_keys=True).encode()).hexdigest()


class Submissions:
    """Checks requests against the graphs, the node types and the files that there are.

    Args:
        studio: What resolves and plans graphs.
        graphs: The graphs that have names.
        files: The uploaded files.
    """

    def __init__(self, studio: Studio, graphs: GraphList, files: FileStore) -> None:
        self._studio = studio
        self._graphs = graphs
        self._files = files

    def check(self, request: JobRequest, *, owner: str = "", key: str | None = None, digest: str = "") -> Submission:
        """Return a request as a job can run it.

        Args:
            request: The request.
            owner: Name of the token.
            key: The idempotency key; None for none.
            digest: What names the request.

        Raises:
            UsageError: E809, E810 or E812: the request, the name of the graph or of a file is wrong.
            GraphError: The graph or the values have errors; all are there.
        """
        name = request.graph if isinstance(request.graph, str) else None
        named, resolved, plan = self._check(request)
        return Submission(
            document=resolved.graph.json,
            graph=name,
            values=dict(request.values),
            only=request.only,
            formats=request.formats,
            priority=request.priority,
            metadata=request.metadata,
            files=sorted({file for one in named if (file := parse_file_name(one))}),
            owner=owner,
            key=key,
            request_digest=digest,
            stack=name_stack(plan),
            models=name_models(plan),
            webhook=request.webhook,
        )

    def plan(self, request: JobRequest) -> Plan:
        """Return the plan that a job of a request would run.

        Raises:
            UsageError: As for `check`.
            GraphError: As for `check`.
        """
        return self._check(request)[2]

    def _check(self, request: JobRequest) -> tuple[dict[str, str], ResolvedGraph, Plan]:
        """Return the uploaded files of a request, its graph and its plan; all of it is checked."""
        _check_extent(request)
        named = self._find_files(request)
        name = request.graph if isinstance(request.graph, str) else None
        resolved = self._resolve_named(name) if name is not None else self._resolve_document(request)
        faults: list[Finding] = []
        values = restore_values(resolved.graph, request.values, lambda file: self._files.find(file).path, faults)
        _refuse(faults)
        self._check_formats(request, {name: spec for name, (_, spec) in resolved.outputs.items()})
        return named, resolved, self._plan(resolved, values, request)

    def _plan(self, resolved: ResolvedGraph, values: Mapping[str, Any], request: JobRequest) -> Plan:
        """Return the plan of a job; of a client's document it says no more than that a file may not be read."""
        if isinstance(request.graph, str):
            return self._studio.plan_resolved(resolved, values, only=request.only)
        try:
            plan = self._studio.plan_resolved(resolved, values, only=request.only)
        except RunError as error:
            if error.code not in _OF_FILES:
                raise
            raise GraphError([refuse_file("a quoted literal", "/graph")]) from None
        _refuse(find_model_faults(plan))
        return plan

    def _find_files(self, request: JobRequest) -> dict[str, str]:
        """Return the uploaded files that a request names, each with its place; all of them must be here."""
        parts = {} if isinstance(request.graph, str) else request.graph
        named = list_files({key: parts.get(key) for key in ("nodes", "inputs")}, "/graph")
        named |= list_files(dict(request.values), "/values")
        faults = []
        for file, place in named.items():
            try:
                self._files.find(file)
            except UsageError as error:
                faults.append(Finding(error.code, place, error.message, "an uploaded file", file, error.hint))
        _refuse(faults)
        return named

    def _check_formats(self, request: JobRequest, outputs: Mapping[str, TypeSpec]) -> None:
        """Refuse extensions that outputs cannot have.

        Raises:
            UsageError: E003, or E809 for what is no extension or no output.
        """
        for name, extension in request.formats.items():
            if name not in outputs or not isinstance(extension, str) or not _EXTENSION.fullmatch(extension):
                hint = f"give an extension such as webp for one of: {', '.join(outputs)}"
                raise UsageError("E809", f"invalid format of {name[:80]!r}", where="/formats", hint=hint)
        if request.formats:
            wanted = {name: outputs[name] for name in request.formats}
            create_output_folder(Path(), request.formats).check(wanted, self._studio.registry.value_types)

    def _resolve_named(self, name: str) -> ResolvedGraph:
        listed = self._graphs.find(name)
        if listed.problem is not None:
            raise listed.problem
        assert listed.resolved is not None
        return listed.resolved

    def _resolve_document(self, request: JobRequest) -> ResolvedGraph:
        """Return a client's document resolved; it reads what was uploaded, and nothing else."""
        assert not isinstance(request.graph, str)
        document = dict(request.graph)
        _refuse(find_document_faults(document))
        resolved = self._studio.resolve(parse_job_graph(document, None, self._files.folder))
        _refuse([refuse_file(one.found or "a file", one.where) for one in resolved.errors if one.code in _OF_FILES])
        return resolved


def _refuse(faults: Sequence[Finding]) -> None:
    """Raise a GraphError if anything is wrong."""
    if faults:
        raise GraphError(faults)


def _check_extent(request: JobRequest) -> None:
    """Refuse what no job can have.

    Raises:
        UsageError: E808 or E809.
    """
    if not LOWEST_PRIORITY <= request.priority <= HIGHEST_PRIORITY:
        hint = f"take a whole number from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}"
        raise UsageError("E809", f"invalid priority {request.priority}", where="/priority", hint=hint)
    if len(dump_json(request.values)) > MOST_VALUES_BYTES:
        message = f"the values have more than {show_bytes(MOST_VALUES_BYTES)}"
        raise UsageError("E808", message, where="/values", hint="upload large values as files")
    size = len(dump_json(request.metadata).encode())
    if size > MOST_METADATA_BYTES:
        message, hint = f"metadata of {size} bytes", f"keep it within {MOST_METADATA_BYTES} bytes of JSON"
        raise UsageError("E809", message, where="/metadata", hint=hint)
