"""Explains a graph against the cache: hit or miss for each node, and what differs on a miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.cache import Action
from studio.execution.call import DONE, FAILED, RUNNING, SKIPPED, Call, NodeState
from studio.execution.code_origins import SOURCE, SOURCE_PARTS
from studio.execution.executor import Executor
from studio.execution.lazy_video import digest_lazy_video
from studio.execution.lookup import Lookup
from studio.execution.plan import Plan
from studio.execution.services import Services
from studio.execution.shown_inputs import SHOWN, show_inputs

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
        fingerprint: Its fingerprint, where it is known.
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
    """Explain every node of a plan; nothing runs."""
    run = executor.survey(plan)
    explain = _Explainer(executor.services, run.lookup, run.demand.states)
    return [explain.explain_node(state) for state in _list_states(plan, run.demand.states)]


def _list_states(plan: Plan, states: Mapping[str, NodeState]) -> list[NodeState]:
    """Return the nodes of a plan, each followed by those of the subgraphs that it returned, where they are known."""
    listed: list[NodeState] = []
    pending = [states[node_id] for node_id in reversed(plan.nodes)]
    while pending:
        state = pending.pop()
        listed.append(state)
        if state.node.node_type is not None:
            pending += [states[node_id] for copy in reversed(state.copies) for node_id in reversed(copy.nodes)]
    return listed


class _Explainer:
    """Explains nodes of a dry run."""

    def __init__(self, services: Services, lookup: Lookup, states: Mapping[str, NodeState]) -> None:
        self._services = services
        self._lookup = lookup
        self._states = states

    def explain_node(self, state: NodeState) -> Explanation:
        """Explain one node."""
        node = state.node
        standing, reason, changed = self._explain(state)
        known = standing in ("hit", "miss") and len(state.calls) == 1
        fingerprint = (state.calls[0].fingerprint or "") if known else ""
        return Explanation(node.id, node.type_name, standing, reason, changed, fingerprint)

    def _explain(self, state: NodeState) -> tuple[Standing, str, dict[str, tuple[str, str]]]:
        """Return standing, reason, and the parts of the fingerprint that differ."""
        if state.status is DONE:
            return "hit", _describe_lazy_video(state), {}
        if state.status is SKIPPED:
            return "skipped", state.skipped_for.reason if state.skipped_for else "", {}
        if state.status is FAILED:
            return "failed", state.error.message if state.error else "", {}
        if not state.demanded:
            return "unknown", "not needed, or only after a choice is made", {}
        if state.copies:
            return "miss", self._list_missing_copies(state), {}
        if state.status is not RUNNING or not state.calls:
            return "unknown", self._list_awaited(state), {}
        return self._explain_calls(state)

    def _list_missing_copies(self, state: NodeState) -> str:
        """Return which nodes in the copies of a mapped graph have to run."""
        wanted = [self._states[node_id] for copy in state.copies for node_id in copy.nodes]
        settled = (DONE, SKIPPED)
        inner = [one.node.id for one in wanted if one.demanded and one.status not in settled]
        more = f" and {len(inner) - 3} more" if len(inner) > 3 else ""
        where = "copies" if state.node.node_type is None else "subgraph"
        return f"in its {where}, {', '.join(inner[:3])}{more} have to run"

    def _list_awaited(self, state: NodeState) -> str:
        needed = {reference.node for reference in state.node.find_sources()}
        return f"waits for {', '.join(sorted(n for n in needed if self._states[n].status is not DONE))}"

    def _explain_calls(self, state: NodeState) -> tuple[Standing, str, dict[str, tuple[str, str]]]:
        """Explain a node whose calls are known, and not all of them found."""
        node_type = state.node.node_type
        if node_type is not None and node_type.cache != "pure":
            return "always runs", f'declared cache="{node_type.cache}"', {}
        missing = [call for call in state.calls if not call.results]
        reason, changed = self._compare(missing[0])
        if len(state.calls) > 1:
            reason = f"{len(missing)} of {len(state.calls)} entries are missing; {reason}"
        return "miss", reason, changed

    def _compare(self, call: Call) -> tuple[str, dict[str, tuple[str, str]]]:
        """Return how a call differs from the nearest entry, in a line and by parts of the fingerprint."""
        if call.fingerprint is None:
            return self._explain_unnamed(call), {}
        disk = self._services.cache.disk
        similar = disk.table.find_similar(call.node_type.id) if disk is not None else []
        if disk is None or not similar:
            return f"no entry of {call.node_type.id} yet", {}
        if self._services.cache.find(call.fingerprint) is not None:
            return "the weights that its result names have changed or are gone", {}
        now = self._services.fingerprints.find_parts(call.node_type, self._lookup.find_digests(call))
        nearest = min(similar, key=lambda action: len(_find_changed(now, action)))
        changed = _find_changed(now, nearest)
        sources = self._services.origins.find_changed_files(call.node_type, now, nearest.parts, disk.listings)
        shown = _show(changed, show_inputs(call), nearest.parts)
        if sources:
            shown = {name: pair for name, pair in shown.items() if name not in SOURCE_PARTS} | sources
        return _describe(shown, sources), shown

    def _explain_unnamed(self, call: Call) -> str:
        """Return why a call has no fingerprint."""
        origin = call.node_type.origin
        if origin is not None and origin.sources is None:
            return "its code is in no file, and refers to what cannot be named"
        changed = self._services.origins.find_changed(call.node_type)
        return f"{changed[0]} has changed since it was loaded" if changed else "an input has no digest"


def _describe_lazy_video(state: NodeState) -> str:
    """Return what a hit means for a video that the cache has only the name of."""
    lazy = any(
        result.digest == digest_lazy_video(call, name)
        for call in state.calls
        if call.fingerprint is not None
        for name, result in call.results.items()
    )
    return "its video is not stored: its frames are fast to make, and are made again when they are read" if lazy else ""


def _describe(changed: Mapping[str, tuple[str, str]], sources: Mapping[str, tuple[str, str]]) -> str:
    """Return how a call differs from the nearest entry, in a line."""
    others = [name for name in changed if name not in sources]
    parts = [f"differs from the nearest entry in {', '.join(others)}"] if others or not sources else []
    parts += [f"source changed: {', '.join(name.removeprefix(SOURCE) for name in sources)}"] if sources else []
    return "; ".join(parts) if changed else "differs from the nearest entry in nothing that is known"


def _show(
    changed: Mapping[str, tuple[str, str]], now: Mapping[str, str], then: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return what changed, with inputs as they are written where both are known and differ."""
    shown = dict(changed)
    for name in changed:
        key = SHOWN + name.removeprefix("input ")
        if name.startswith("input ") and key in now and key in then and now[key] != then[key]:
            shown[name] = (now[key], then[key])
    return shown


def _find_changed(now: Mapping[str, str], then: Action) -> dict[str, tuple[str, str]]:
    names = [*now, *(name for name in then.parts if name not in now and not name.startswith(SHOWN))]
    return {
        name: (now.get(name, ""), then.parts.get(name, "")) for name in names if now.get(name) != then.parts.get(name)
    }
