"""Node types of the golden batch; an edit of this file would make every item of it run again."""

from __future__ import annotations

from studio.api import Context, hookimpl, node


@node("golden.double", code=1)
def double(ctx: Context, a: int) -> int:
    """Double a number; 13 raises."""
    if a == 13:
        raise ValueError("13 is unlucky")
    return a * 2


@node("golden.greet", code=1)
def greet(ctx: Context, a: int, word: str = "item") -> str:
    """Name a number."""
    return f"{word} {a} ☕"


@hookimpl
def studio_node_types():
    """Return the node types."""
    return [double, greet]
