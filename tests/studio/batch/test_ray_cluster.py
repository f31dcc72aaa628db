"""A Ray cluster for a batch: what is asked of it, and what it lacks."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from studio.batch import ray_cluster
from studio.batch.ray_cluster import ClusterOptions, open_cluster
from studio.errors import RunError, UsageError
from tests.studio.batch.conftest import ADDING, Make

pytestmark = pytest.mark.xdist_group("processes")


class FakeRay(types.ModuleType):
    """What a batch uses of Ray, and a record of it."""

    def __init__(self, nodes: list[dict[str, float]], *, initialized: bool = False) -> None:
        super().__init__("ray")
        self.machines = nodes
        self.initialized = initialized
        self.init_options: dict[str, Any] = {}
        self.actor_options: dict[str, Any] = {}
        self.error: Exception | None = None
        self.shut_down = False

    def is_initialized(self) -> bool:
        return self.initialized

    def init(self, **options: Any) -> None:
        if self.error is not None:
            raise self.error
        self.init_options = options

    def shutdown(self) -> None:
        self.shut_down = True

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Resources": resources, "Alive": True} for resources in self.machines]

    def cluster_resources(self) -> dict[str, float]:
        return {name: sum(row.get(name, 0) for row in self.machines) for row in self.machines for name in row}

    def remote(self, actor: Any) -> FakeRay:
        return self

    def options(self, **options: Any) -> FakeRay:
        self.actor_options = options
        return self


def install(monkeypatch: pytest.MonkeyPatch, *nodes: dict[str, float], **more: Any) -> FakeRay:
    ray = FakeRay(list(nodes), **more)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return ray


def test_without_ray_the_option_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(UsageError, match="E759") as caught:
        ray_cluster._import_ray()

    assert "studio[cluster]" in caught.value.hint


@pytest.mark.parametrize(
    ("nodes", "options", "workers"),
    [
        ([{"CPU": 8}], ClusterOptions(), 1),
        ([{"CPU": 8}, {"CPU": 8}], ClusterOptions(), 2),
        ([{"CPU": 8, "GPU": 2}, {"CPU": 8, "GPU": 1}], ClusterOptions(), 3),
        ([{"CPU": 8, "GPU": 2}], ClusterOptions(gpus=0.5), 4),
        ([{"CPU": 8, "GPU": 2}], ClusterOptions(gpus=0), 1),
        ([{"CPU": 8, "GPU": 2}], ClusterOptions(workers=7), 7),
    ],
)
def test_there_is_a_worker_for_each_gpu_or_each_machine_unless_the_user_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
    make: Make,
    tmp_path: Path,
    nodes: list[dict[str, float]],
    options: ClusterOptions,
    workers: int,
) -> None:
    install(monkeypatch, *nodes)

    with open_cluster(make(ADDING, [{"a": 1}], tmp_path), options) as (_, found):
        assert found == workers


def test_a_cluster_of_our_own_stays_on_this_machine_and_ends_with_the_batch(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path
) -> None:
    ray = install(monkeypatch, {"CPU": 2})

    with open_cluster(make(ADDING, [{"a": 1}], tmp_path), ClusterOptions()):
        (token,) = (tmp_path / ".studio").glob("ray-*")
        assert token.read_text(encoding="utf-8")

    assert (ray.init_options["address"], ray.init_options["_node_ip_address"]) == ("local", "127.0.0.1")
    assert ray.init_options["include_dashboard"] is False
    assert ray.shut_down
    assert not token.exists()


def test_a_cluster_that_somebody_else_connected_to_is_left_running(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path
) -> None:
    ray = install(monkeypatch, {"CPU": 2}, initialized=True)

    with open_cluster(make(ADDING, [{"a": 1}], tmp_path), ClusterOptions("host:6379")):
        pass

    assert (ray.init_options, ray.shut_down) == ({}, False)


def test_a_cluster_that_cannot_be_reached_is_an_error_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path
) -> None:
    install(monkeypatch, {"CPU": 2}).error = ConnectionError("refused\nmore")

    with pytest.raises(RunError, match="'host:1': refused") as caught:
        open_cluster(make(ADDING, [{"a": 1}], tmp_path), ClusterOptions("host:1")).__enter__()

    assert caught.value.code == "E761"


@pytest.mark.parametrize(
    ("options", "missing"),
    [(ClusterOptions(gpus=1), "GPU=1"), (ClusterOptions(cpus=9), "CPU=9"), (ClusterOptions(tags={"big": 1}), "big=1")],
)
def test_resources_that_no_machine_has_are_refused_before_anything_waits_for_them(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path, options: ClusterOptions, missing: str
) -> None:
    install(monkeypatch, {"CPU": 8})

    with pytest.raises(RunError, match="no node of the Ray cluster has") as caught:
        open_cluster(make(ADDING, [{"a": 1}], tmp_path), options).__enter__()

    assert missing in caught.value.message


def test_actors_ask_for_what_the_options_say_and_are_not_restarted_by_ray(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path
) -> None:
    ray = install(monkeypatch, {"CPU": 8, "render": 2})
    options = ClusterOptions(cpus=2, tags={"render": 1})

    with open_cluster(make(ADDING, [{"a": 1}], tmp_path), options):
        pass

    assert (ray.actor_options["num_cpus"], ray.actor_options["num_gpus"]) == (2, 0)
    assert (ray.actor_options["resources"], ray.actor_options["max_restarts"]) == ({"render": 1}, 0)
