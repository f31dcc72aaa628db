"""`Demand`: values are freed at their last use."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, name_node, open_studio

from studio.api.events import Event, RunFinished


def build_pictures(length: int) -> dict[str, Any]:
    """Return a chain of pictures of 3 MiB with a number at its end."""
    nodes: dict[str, Any] = {"n0": ("fake.image", {"side": 1024})}
    nodes |= {f"n{i}": ("fake.shift", {"image": f"@n{i - 1}", "by": 1}) for i in range(1, length)}
    nodes["end"] = ("fake.mean", {"image": f"@n{length - 1}"})
    return graph(nodes, end="end")


@pytest.mark.parametrize("mode", ["use", "off"])
def test_values_are_freed_at_their_last_use(tmp_path: Path, probe: Probe, mode: Any) -> None:
    with open_studio(tmp_path, probe, on_disk=False, memory_bytes=0) as studio:
        assert studio.run(build_pictures(30), cache=mode).status == "done"

    assert probe.largest <= 4  # 30 pictures were made


def test_nothing_is_held_when_a_run_ends_but_its_outputs(tmp_path: Path, probe: Probe) -> None:
    nodes = {
        "i": ("fake.image", {"seed": [1, 2, 3]}),
        "s": ("fake.shift", {"image": "@i"}),
        "x": ("fake.image", {"seed": 9}),
        "even": ("fake.is_even", {"a": 3}),
        "skipped": name_node("fake.shift", {"image": "@x"}, "even"),
        "m": ("fake.mean_all", {"images": "@s"}),
        "g": ("fake.mean_all", {"images": ["@x", "@x"]}),
    }
    alive: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            gc.collect()
            alive.append(probe.alive)

    with open_studio(tmp_path, probe, on_disk=False, memory_bytes=0) as studio:
        studio.run(graph(nodes, m="m", g="g", skipped="skipped"), on_event=listen)

    assert alive == [0]
