"""`Executor`: runs plans, and ends its threads."""

from __future__ import annotations

import threading
from pathlib import Path

from fakes import Probe, graph, open_studio

from studio.app import Studio
from studio.execution.options import RunOptions

CHAIN = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.add", {"a": "@b"})}


def test_a_dry_run_runs_nothing(studio: Studio, probe: Probe) -> None:
    plan = studio.plan(studio.load(graph(CHAIN, o="c")))
    studio.explain(studio.load(graph(CHAIN, o="c")))

    assert probe.calls["add"] == 0
    assert studio.executor.execute(plan, options=RunOptions()).status == "done"


def test_threads_end_with_the_studio(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with open_studio(tmp_path) as studio:
        studio.run(graph(CHAIN, o="c"))
    for thread in set(threading.enumerate()) - before:
        thread.join(10)

    assert set(threading.enumerate()) <= before
