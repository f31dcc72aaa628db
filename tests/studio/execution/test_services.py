"""`Services` and `StackLimits`: what runs share, and what one run alone remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fakes import open_studio

from studio.execution.call import Call
from studio.execution.services import Services, StackLimits
from studio.runtime.devices import Device

Make = Callable[..., Call]


def test_fingerprints_name_the_device_that_the_services_have(tmp_path: Path) -> None:
    with open_studio(tmp_path, on_disk=False) as studio:
        services: Services = studio.executor.services
        other = replace(services, device=Device("cuda:0", "bfloat16"))
        parts = other.fingerprints.find_parts(studio.registry.node_types["fake.on_device"])

    assert (parts["device"], parts["dtype"]) == ("cuda", "bfloat16")
    assert other.cpu.name == "cpu"


def test_a_node_type_that_does_not_stack_runs_one_call_at_a_time(make_call: Make) -> None:
    assert StackLimits().find(make_call("fake.add").node_type) == 1


def test_a_lowered_limit_holds_for_one_run_and_one_node_type(make_call: Make) -> None:
    stacked, other = make_call("fake.stacked").node_type, make_call("fake.short_stack").node_type
    limits = StackLimits()
    limits.lower(stacked, 2)

    assert (limits.find(stacked), limits.find(other), StackLimits().find(stacked)) == (2, 8, 4)


def test_a_limit_is_never_below_one(make_call: Make) -> None:
    limits, node_type = StackLimits(), make_call("fake.stacked").node_type
    limits.lower(node_type, 0)

    assert limits.find(node_type) == 1
