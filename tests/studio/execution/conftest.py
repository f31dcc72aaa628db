"""Fixtures of the executor's tests: a probe, and a Studio with the fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import FakePlugin, Probe, open_studio

from studio.api import get_node_type
from studio.app import Studio
from studio.execution.call import Call, CallRunner, NodeState, NodeStatus, Result
from studio.execution.plan import PlanNode
from studio.graph.resolved import Bound
from studio.graph.source import Constant


@pytest.fixture
def probe() -> Probe:
    """What the fakes report to."""
    return Probe()


@pytest.fixture(params=["disk", "memory"])
def studio(request: pytest.FixtureRequest, tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with the fakes: once with a tier on disk, once without."""
    with open_studio(tmp_path / "cache", probe, on_disk=request.param == "disk") as made:
        yield made


@pytest.fixture
def memory_studio(tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with the fakes and nothing on disk."""
    with open_studio(tmp_path / "cache", probe, on_disk=False) as made:
        yield made


@pytest.fixture
def disk_studio(tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with the fakes and a tier on disk."""
    with open_studio(tmp_path / "cache", probe) as made:
        yield made


class FakeRun:
    """Runs calls like a run that never has anything to do."""

    def run_call(self, call: Call) -> list[Call]:
        """Run nothing."""
        return []


@pytest.fixture
def make_call() -> Callable[..., Call]:
    """Make a call of a fake node type: `make_call("fake.add", a=Result(...))`.

    `runner` is the run that it belongs to, `depth` says how often it is mapped, and `position` which entry it is;
    `stream` maps it over videos.
    """
    types = {one.id: one for one in map(get_node_type, FakePlugin().studio_node_types())}
    default = FakeRun()

    def make(
        type_name: str,
        *,
        runner: CallRunner = default,
        depth: int = 0,
        position: int = 0,
        stream: bool = False,
        **args: Result,
    ) -> Call:
        node_type = types[type_name]
        inputs = {name: Bound(Constant(None), node_type.inputs[name].spec, depth) for name in args}
        outputs = {name: end.spec for name, end in node_type.outputs.items()}
        state = NodeState(PlanNode("n", node_type, inputs, outputs, depth=depth, stream=stream), runner)
        state.status = NodeStatus.RUNNING
        state.calls = [Call(state, node_type, args, position)]
        return state.calls[0]

    return make
