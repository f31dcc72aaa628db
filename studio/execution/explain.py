"""Explains a graph against the cache: hit or miss for each node, and on a miss what differs from the nearest entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.cache import Action
from studio.execution.call import DONE, FAILED, RUNNING, SKIPPED, Call, NodeState, RunOptions
from studio.execution.context import Control
from studio.execution.executor import Executor
from studio.execution.plan import Plan
from studio.execution.promise import find_digest
from studio.execution.run import Run

Standing = Literal["hit", "miss", "unknown", "always runs", "skipped", "failed"]


@dataclass(frozen=True)
class Explanation:
    """What the cache knows of one node.

    Attributes:
        node: Its id in the plan.
        node_type: Its node type's id.
        standing: "hit", "miss", "unknown" (it waits for nodes that have to run), "always runs", "skipped" or "failed".
        reason: Why, in a line.
        changed: On a miss: the parts of the fingerprint that differ from the nearest entry, as (now, then).
        fingerprint: Its fingerprint, where it can be told.
    """

    node: str
    node_type: str
    standing: Standing
    reason: str = ""
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fingerprint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as plain JSON."""
        changed = {name: {"now": now, "then": then} for name, (now, then) in self.changed.items()}
        return {
            "node": self.node,
            "type": self.node_type,
            "standing": self.standing,
            "reason": self.reason,
            "changed": changed,
            "fingerprint": self.fingerprint,
        }


def explain_plan(executor: Executor, plan: Plan) -> list[Explanation]:
    """Look every node of a plan up in the cache; run nothing."""
    run = Run(executor, plan, None, Control(), RunOptions(dry=True), "explain")
    states = run.survey()
    return [_explain_node(executor, run, states[node_id], states) for node_id in plan.nodes]


def _explain_node(executor: Executor, run: Run, state: NodeState, states: Mapping[str, NodeState]) -> Explanation:
    node = state.node
    fingerprint = (state.calls[0].fingerprint or "") if len(state.calls) == 1 else ""
    if state.status == DONE:
        return Explanation(node.id, node.type_name, "hit", _describe_promise(state), fingerprint=fingerprint)
    if state.status == SKIPPED:
        return Explanation(node.id, node.type_name, "skipped", state.reason.lstrip("!"))
    if state.status == FAILED:
        return Explanation(node.id, node.type_name, "failed", state.error.message if state.error else "")
    if not state.demanded:
        return Explanation(node.id, node.type_name, "unknown", "not needed, or only after a choice is made")
    if state.copies:
        wanted = [n for copy in state.copies for n in copy.nodes if states[n].demanded]
        inner = [n for n in wanted if states[n].status not in (DONE, SKIPPED)]
        more = f" and {len(inner) - 3} more" if len(inner) > 3 else ""
        return Explanation(node.id, node.type_name, "miss", f"in its copies, {', '.join(inner[:3])}{more} have to run")
    if state.status != RUNNING or not state.calls:
        needed = sorted({r.node for r in node.find_sources() if states[r.node].status != DONE})
        return Explanation(node.id, node.type_name, "unknown", f"waits for {', '.join(needed)}")
    if node.node_type is not None and node.node_type.cache != "pure":
        return Explanation(node.id, node.type_name, "always runs", f'declared cache="{node.node_type.cache}"')
    missing = [call for call in state.calls if not call.results]
    reason, changed = _compare(executor, run, missing[0])
    if len(state.calls) > 1:
        reason = f"{len(missing)} of {len(state.calls)} entries are not there; {reason}"
    return Explanation(node.id, node.type_name, "miss", reason, changed, fingerprint)


def _describe_promise(state: NodeState) -> str:
    """Return what a hit on a film means of which the cache has no more than the name."""
    promised = any(
        result.digest == find_digest(call, name)
        for call in state.calls
        if call.fingerprint is not None
        for name, result in call.results.items()
    )
    return "its film is not stored: the frames, cheap to make, are made again when they are read" if promised else ""


def _compare(executor: Executor, run: Run, call: Call) -> tuple[str, dict[str, tuple[str, str]]]:
    if call.fingerprint is None:
        return "an input has no digest", {}
    disk = executor.services.cache.disk
    similar = disk.table.find_similar(call.node_type.id) if disk is not None else []
    if not similar:
        return f"no entry of {call.node_type.id} yet", {}
    now = executor.fingerprints.find_parts(call.node_type, run.find_digests(call))
    nearest = min(similar, key=lambda action: len(_find_changed(now, action)))
    changed = _find_changed(now, nearest)
    return f"differs from the nearest entry in {', '.join(changed) or 'nothing that is known'}", changed


def _find_changed(now: Mapping[str, str], then: Action) -> dict[str, tuple[str, str]]:
    names = [*now, *(name for name in then.parts if name not in now)]
    return {
        name: (now.get(name, ""), then.parts.get(name, "")) for name in names if now.get(name) != then.parts.get(name)
    }
