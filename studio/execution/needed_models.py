"""What a plan is sure to need, models and inputs that fit, so that errors are found before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from studio.api import Input, Model
from studio.errors import Finding, GraphError, ModelError, StudioError, StudioWarning
from studio.execution.plan import Plan, PlanNode
from studio.graph.json_pointer import escape
from studio.graph.node_checks import FAILED_CHECK, find_input_faults, has_checks, locate_fault
from studio.graph.source import Collected, Constant, Source, find_references

_KIND_HINT = "see what is here: studio models list"


def check_needs(
    plan: Plan,
    check: Callable[[Model], object],
    find_path: Callable[[Model], Path | None],
    find_kind: Callable[[Model], str | None],
    *,
    source: str = "",
) -> None:
    """Check before a run that the models of a plan are there and safe, and that its inputs fit.

    Args:
        plan: The plan.
        check: Raises ModelError for a model that cannot be used.
        find_path: Returns where a model is on this machine, or None.
        find_kind: Returns what a model is in a word, or None.
        source: The graph's file, or "".

    Raises:
        GraphError: Some models or inputs cannot be used; all findings are in it.
    """
    findings = find_model_problems(plan, check) or find_kind_problems(plan, find_kind)
    findings = findings or find_input_problems(plan, find_path)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise GraphError(errors, source=source)
    for finding in findings:
        if finding.code == FAILED_CHECK:
            warnings.warn(finding.message, StudioWarning, stacklevel=2)


def find_needed_models(plan: Plan) -> Iterator[tuple[str, str, Model]]:
    """Yield node, input and model for each that will be opened if the cache has nothing.

    A node behind a `when`, or an input that is only needed if it is chosen, may never run. Its models are checked
    when the node needs them.
    """
    for node in _find_sure_nodes(plan):
        for name, bound in node.inputs.items():
            if not _is_lazy(node, name):
                yield from ((node.id, name, model) for model in _find_models(bound.source))
        for name, default in _find_defaults(node).items():
            if not _is_lazy(node, name):
                yield from ((node.id, name, model) for model in _iterate(default))


def find_model_problems(plan: Plan, check: Callable[[Model], object]) -> list[Finding]:
    """Return a finding for each needed model that is missing or unsafe.

    Args:
        plan: The plan.
        check: Raises ModelError for a model that cannot be used.
    """
    findings = list(_find_unfetched(plan))
    for node, name, model in find_needed_models(plan):
        try:
            check(model)
        except ModelError as error:
            findings.append(_create_finding(node, name, error))
    return findings


def _find_unfetched(plan: Plan) -> Iterator[Finding]:
    """Yield a finding for each node that cannot run without a model of the catalog, which is not here."""
    sure = {node.id for node in _find_sure_nodes(plan)} if plan.choices else set()
    for choice in plan.choices:
        if choice.is_needed and not choice.is_taken and choice.node in sure:
            message = f"{choice.node_type} needs {choice.reference} for {choice.gain}"
            yield Finding("E602", f"/nodes/{escape(choice.node)}/inputs", message, hint=choice.action)


def find_kind_problems(plan: Plan, find_kind: Callable[[Model], str | None]) -> list[Finding]:
    """Return a finding for each needed model that is of another kind than its input takes."""
    findings = []
    for node, name, model in find_needed_models(plan):
        end = _find_end(plan.nodes[node], name)
        kind = find_kind(model) if end is not None and end.spec.kinds else None
        if end is None or kind is None or kind in (end.spec.kinds or ()):
            continue
        wanted = " or ".join(sorted(end.spec.kinds or ()))
        error = ModelError("E600", f"{model.reference!r} is a {kind}, and {name!r} takes a {wanted}", hint=_KIND_HINT)
        findings.append(_create_finding(node, name, error))
    return findings


def _find_end(node: PlanNode, name: str) -> Input | None:
    return node.node_type.inputs.get(name) if node.node_type is not None else None


def find_input_problems(plan: Plan, find_path: Callable[[Model], Path | None]) -> list[Finding]:
    """Return what the node types refuse in inputs that are known; a check that raises is a warning."""
    if not any(node.node_type and has_checks(node.node_type) for node in plan.nodes.values()):
        return []
    findings = []
    for node in _find_sure_nodes(plan):
        if node.node_type is not None:
            where = f"/nodes/{escape(node.id)}"
            written = {name: name for name in node.inputs}
            faults = find_input_faults(node.node_type, node.inputs, find_path)
            findings += [fault.create_finding(locate_fault(fault, where, written)) for fault in faults]
    return findings


def _create_finding(node: str, name: str, error: StudioError) -> Finding:
    where = f"/nodes/{escape(node)}/inputs/{escape(name)}"
    severity: Literal["error", "warning"] = "warning" if error.code.startswith("W") else "error"
    return Finding(error.code, where, error.message, hint=error.hint, severity=severity)


def _find_defaults(node: PlanNode) -> dict[str, Any]:
    """Return the defaults of the inputs that a node leaves out."""
    ends = node.node_type.inputs.values() if node.node_type is not None else ()
    return {end.name: end.default for end in ends if not end.required and end.name not in node.inputs}


def _find_sure_nodes(plan: Plan) -> Iterator[PlanNode]:
    """Yield the nodes that run if the cache has nothing."""
    waiting = [r.node for source, _ in plan.outputs.values() for r in find_references(source)]
    seen: set[str] = set()
    while waiting:
        node = plan.nodes[waiting.pop()]
        if node.id in seen or node.conditions:
            continue
        seen.add(node.id)
        for name, bound in node.inputs.items():
            if not _is_lazy(node, name):
                waiting += [reference.node for reference in find_references(bound.source)]
        yield node


def _is_lazy(node: PlanNode, name: str) -> bool:
    end = node.node_type.inputs.get(name) if node.node_type is not None else None
    return end is not None and end.lazy


def _find_models(source: Source) -> Iterator[Model]:
    if isinstance(source, Constant):
        yield from _iterate(source.value)
    elif isinstance(source, Collected):
        for entry in source.entries:
            yield from _find_models(entry)


def _iterate(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            if isinstance(entry, Model | list | tuple):
                yield from _iterate(entry)
