"""`RunOutputs`: the outputs of a run: which values they need, and what came of it."""

from __future__ import annotations

from studio.execution.call import Call, LostValue, Result
from studio.execution.content import ContentTrace
from studio.execution.demand import Demand
from studio.execution.mapped_graphs import measure_copies
from studio.execution.options import RunOptions
from studio.execution.outcome import Outcome
from studio.execution.plan import Plan
from studio.execution.reporter import Reporter, find_run_status
from studio.execution.services import Services
from studio.execution.values import Values


class RunOutputs:
    """The outputs of one run.

    Args:
        plan: What runs.
        services: Cache, digests and models.
        options: What the run asks for.
        demand: The nodes, and who needs them.
        values: Values of results.
        reporter: Events and records.
        content: What the outputs are made of.
    """

    def __init__(
        self,
        plan: Plan,
        services: Services,
        options: RunOptions,
        demand: Demand,
        values: Values,
        reporter: Reporter,
        content: ContentTrace,
    ) -> None:
        self._plan = plan
        self._models = services.models
        self._is_current_file = options.is_current
        self._demand = demand
        self._values = values
        self._reporter = reporter
        self._content = content

    def load(self) -> list[Call]:
        """Load the values of the outputs; return the calls whose values were lost."""
        lost: list[Call] = []
        for name, result in self._demand.find_outputs(self._plan).items():
            if isinstance(result, Result) and not self._is_current(name, result):
                try:
                    self._values.load(result)
                except LostValue as missing:
                    lost += missing.calls
        return lost

    def summarize(self, cancelled: bool) -> Outcome:
        """Return what came of the run."""
        states = list(self._demand.states.values())
        results = self._demand.find_outputs(self._plan)
        self._update_records()
        return Outcome(
            find_run_status(cancelled, results.values(), states),
            {name: result for name, result in results.items() if isinstance(result, Result)},
            {name: spec for name, (_, spec) in self._plan.outputs.items()},
            self._reporter.records,
            self._reporter.warnings,
            self._values.load,
            self._content,
            self._values.is_deep,
            update=self._update_records,
            models=self._reporter.summarize_models(self._models),
        )

    def _is_current(self, output: str, result: Result) -> bool:
        """Return whether the files of an output are there already, so that nobody asks for its value."""
        if self._is_current_file is None:
            return False
        spec = self._plan.outputs[output][1]
        return self._is_current_file(output, result.refresh_digest(), spec, self._content.find_each(result))

    def _update_records(self) -> None:
        """Bring the records of nodes up to date."""
        states = [state for state in list(self._demand.states.values()) if state.demanded]
        for state in states:
            if state.node.node_type is None and state.copies:
                state.seconds = measure_copies(state, self._demand)
        self._reporter.update_records(states)
