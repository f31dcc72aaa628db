"""`Executor`: runs plans on its lanes, keeps every result in the cache, and reports what happens as events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from studio.api.events import Event
from studio.execution.collector import relax_collector
from studio.execution.control import Control
from studio.execution.lanes import Lanes
from studio.execution.open_run import OpenRun
from studio.execution.options import RunOptions
from studio.execution.outcome import Outcome
from studio.execution.plan import Plan
from studio.execution.run import Run
from studio.execution.services import Services


class Executor:
    """Runs plans. Its lanes and services live from run to run; runs may overlap.

    Attributes:
        services: Cache, digests, models and device.
        lanes: Where calls run.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.lanes = Lanes(services.cpu_workers)

    def execute(
        self,
        plan: Plan,
        on_event: Callable[[Event], None] | None = None,
        *,
        control: Control | None = None,
        options: RunOptions | None = None,
        run_id: str = "",
    ) -> Outcome:
        """Run a plan to its end and return what came of it; node errors are in the outcome, not raised.

        Args:
            plan: What to run.
            on_event: Called with each event, from the thread that caused it; must be quick.
            control: To pause or cancel from another thread.
            options: What this run asks for.
            run_id: Name of the run; a fresh one if empty.
        """
        run = Run(
            self.services,
            self.lanes,
            plan,
            control=control or Control(),
            options=options or RunOptions(),
            run_id=run_id or create_run_id(),
            on_event=on_event,
        )
        with relax_collector():
            return run.execute()

    def open_run(
        self,
        on_done: Callable[[str], None],
        *,
        control: Control,
        options: RunOptions,
        on_event: Callable[[Event], None] | None = None,
        run_id: str = "",
    ) -> OpenRun:
        """Return a run that plans join at any time; see `OpenRun`."""
        return OpenRun(
            self.services, self.lanes, on_done, control=control, options=options, on_event=on_event, run_id=run_id
        )

    def survey(self, plan: Plan) -> Run:
        """Return a run that took every node as far as the cache alone allows; nothing ran."""
        run = Run(self.services, self.lanes, plan, control=Control(), options=RunOptions(dry=True), run_id="explain")
        run.survey()
        return run

    def close(self) -> None:
        """End the lanes and the event loop."""
        self.lanes.close()
        self.services.loop.close()


def create_run_id() -> str:
    """Return a name for a run: its time, and a random part that no other run has."""
    return time.strftime("%Y%m%d-%H%M%S-") + uuid.uuid4().hex[:8]
