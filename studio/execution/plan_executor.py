"""`PlanExecutor`: what runs plans, be it Studio's own executor or one that a plugin provides."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from studio.api.events import Event
    from studio.execution.control import Control
    from studio.execution.options import RunOptions
    from studio.execution.outcome import Outcome
    from studio.execution.plan import Plan


class PlanExecutor(Protocol):
    """What runs plans. See the hook `studio_executors`."""

    def execute(
        self,
        plan: Plan,
        on_event: Callable[[Event], None] | None = None,
        *,
        control: Control | None = None,
        options: RunOptions | None = None,
        run_id: str = "",
    ) -> Outcome:
        """Run a plan to its end and return what it led to."""

    def close(self) -> None:
        """Release threads and processes."""
