"""Checks of the example of a node type: that it is there, is valid, shows the node type, and runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studio.api import NodeType, ValueType
from studio.app import Studio
from studio.errors import Finding, GraphError, StudioError
from studio.execution.needed_models import find_needed_models
from studio.execution.plan import Plan
from studio.graph import Graph
from studio.graph.example import find_example_file, find_example_place, load_example
from studio.testing.report import Report
from studio.testing.subject import open_subject
from studio.testing.workspace import Workspace, open_workspace

CHECK, NODE_CHECK, RUN_CHECK = "example graph", "example graph's node", "example graph's run"


def examine_example(
    declared: NodeType,
    report: Report,
    *,
    required: bool,
    plugin: Any,
    value_types: Iterable[ValueType[Any]],
    settings: Any,
    **options: Any,
) -> None:
    """Add to a report whether the example of a node type keeps its promises; installed plugins may be used in it.

    Args:
        declared: The node type.
        report: Where the checks go.
        required: Whether a node type without an example fails.
        plugin: The plugin that provides it, or None.
        value_types: Further value types.
        settings: The settings of its plugin, or None for the defaults.
        options: The device and the dtype.
    """
    if not has_example(declared):
        report_missing(declared, report, required=required)
        return
    with open_workspace((), discover=True, **options) as workspace:
        installed = workspace.studio.registry.node_types.get(declared.id)
        if settings is None and installed is not None and installed.where == declared.where:
            examine_in(workspace, installed, report)
            return
    options |= {"discover": True, "settings": settings}
    with open_subject(declared, plugin, value_types, **options) as (subject, problems):
        if report.add(CHECK, problems):
            examine_in(subject, subject.declared, report)


def has_example(declared: NodeType) -> bool:
    """Say whether a node type has an example, be it valid or not."""
    return declared.example is not None or find_example_file(declared) is not None


def examine_in(workspace: Workspace, declared: NodeType, report: Report) -> None:
    """Add to a report whether the example of a node type keeps its promises in a workspace that knows all it uses."""
    studio = workspace.studio
    try:
        graph = load_example(declared)
        assert graph is not None
        if not report.add(CHECK, _describe(studio.resolve(graph).findings)):
            return
        plan = studio.plan(graph)
    except GraphError as error:
        report.add(CHECK, _describe(error.findings))
        return
    if report.add(NODE_CHECK, _find_absence(declared, plan)):
        _run(workspace, declared, graph, plan, report)


def _describe(problems: Iterable[Finding | StudioError]) -> list[str]:
    return [f"{one.code} {one.where}: {one.message}" + (f"; {one.hint}" if one.hint else "") for one in problems]


def report_missing(declared: NodeType, report: Report, *, required: bool) -> None:
    """Add to a report that a node type has no example: a failure where it is required."""
    place = find_example_place(declared)
    advice = f"write a graph that shows it to {place}" if place else "declare it: @node(..., example={...})"
    if required:
        report.add(CHECK, [f"it has no example; {advice}"])
    else:
        report.skip(CHECK, f"it has none; {advice}")


def _find_absence(declared: NodeType, plan: Plan) -> list[str]:
    if any(node.node_type is not None and node.node_type.id == declared.id for node in plan.nodes.values()):
        return []
    return [f"none of its outputs depends on a node of the type {declared.id!r}; add one, or an output that needs it"]


def _run(workspace: Workspace, declared: NodeType, graph: Graph, plan: Plan, report: Report) -> None:
    missing = _list_missing_models(workspace.studio, plan)
    if missing:
        report.skip(RUN_CHECK, f"its models are not on this machine: {', '.join(missing)}")
        return
    folder = workspace.folder / "example" / declared.id
    try:
        result = workspace.studio.run(graph, output=folder)
    except StudioError as error:
        report.add(RUN_CHECK, _describe([error]))
        return
    report.add(RUN_CHECK, _describe(result.errors) or list(_find_empty_outputs(result.outputs)))


def _list_missing_models(studio: Studio, plan: Plan) -> list[str]:
    models = {model.reference: model for _, _, model in find_needed_models(plan)}
    return [name for name, model in models.items() if studio.models.library.find_local(model) is None]


def _find_empty_outputs(outputs: Mapping[str, Any]) -> Iterator[str]:
    for name, value in outputs.items():
        if value is None or _is_empty(value):
            yield f"its output {name!r} is empty; choose inputs that it makes something of"


def _is_empty(value: Any) -> bool:
    size = getattr(value, "samples", value)
    return hasattr(size, "__len__") and len(size) == 0
