"""The stages of a training: their order, their networks and their budgets."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("gauge", "x2", "x4", "x3", "fast", "restore", "export")
MINUTES = {"x2": 85.0, "x4": 60.0, "x3": 25.0, "fast": 15.0, "restore": 15.0}


@dataclass(frozen=True)
class Stage:
    """What one stage trains."""

    name: str
    scales: tuple[int, ...]
    width: int
    blocks: int
    softness: float
    start: str | None = None
    coded: int = 0


def list_stages(width: int, blocks: int) -> dict[str, Stage]:
    """Return the stages that train a network which makes images."""
    stages = [
        Stage("x2", (2,), width, blocks, 1e-2, coded=3),
        Stage("x4", (4,), width, blocks, 1e-2, coded=3),
        Stage("x3", (3,), width, blocks, 1e-2, "x4", coded=3),
        Stage("fast", (2, 3, 4), 32, 2, 1e-2, coded=3),
        Stage("restore", (1,), 48, 4, 5e-3),
    ]
    return {stage.name: stage for stage in stages}
