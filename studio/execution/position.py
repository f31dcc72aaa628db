"""Positions: what a call may know of its place among those of a mapped node, and what its fingerprint says of that."""

from __future__ import annotations

from dataclasses import replace

from studio.api import FramePosition
from studio.execution.call import Call, NodeState
from studio.execution.plan import Plan, PlanNode

_VIDEOS = "frames of videos"  # no input is named like these
_POSITION = "frame position"


def find_position(call: Call) -> FramePosition:
    """Return the position of a call: its own if its node is mapped over a list, or that of the graph around it."""
    state = call.state
    if state.mapped:
        return FramePosition(call.position, None, len(state.calls))
    return state.node.position or FramePosition()


def place_copy(plan: Plan, state: NodeState, index: int, count: int) -> None:
    """Note in the nodes of a graph that belongs to a node where it stands: as an entry of that, or as that stands."""
    position = FramePosition(index, None, count) if state.mapped else state.node.position
    if position is None:
        return
    for node_id, node in plan.nodes.items():
        if node.node_type is None or node.node_type.expands or node.node_type.uses_frame:
            plan.nodes[node_id] = replace(node, position=position)


def find_call_parts(call: Call) -> dict[str, str]:
    """Return what the fingerprint of a call says of its mapping.

    Several videos meet in time. A node type that uses the position has it in its fingerprint. Where it is mapped over a
    video, the fingerprint of each frame has it, as that of the whole video follows from the video.
    """
    node = call.state.node
    if node.stream:
        return {_VIDEOS: "by time"} if _count_videos(node) > 1 else {}
    return find_frame_parts(find_position(call)) if call.node_type.uses_frame else {}


def find_frame_parts(position: FramePosition) -> dict[str, str]:
    """Return what the fingerprint of a call says of its position."""
    time = "" if position.time is None else f" at {round(position.time * 1_000_000)} us"
    return {_POSITION: f"{position.index} of {position.count}{time}"}


def _count_videos(node: PlanNode) -> int:
    return sum(bound.stream and not bound.is_list for bound in node.inputs.values())
