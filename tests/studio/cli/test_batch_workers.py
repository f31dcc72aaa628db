"""Which workers `studio batch` uses, and which options of Ray are invalid."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from studio.cli.batch_workers import open_workers, parse_tag
from studio.errors import UsageError

PLAIN: dict[str, Any] = {"workers": None, "ray_address": None, "ray_gpus": None, "ray_tags": ()}


def create_batch(device: str = "cpu") -> Any:
    return SimpleNamespace(studio=SimpleNamespace(settings=SimpleNamespace(device=device)))


def count(device: str = "cpu", **options: Any) -> tuple[Any, int]:
    with open_workers(create_batch(device), {**PLAIN, **options}) as found:
        return found


def test_without_options_there_is_one_worker_and_as_many_as_the_user_says_else() -> None:
    assert count() == (None, 1)
    assert count(workers=0) == (None, 0)
    assert count(workers=5) == (None, 5)


@pytest.mark.parametrize(("device", "gpus", "workers"), [("auto", 3, 3), ("cuda", 2, 2), ("auto", 0, 1), ("cpu", 3, 1)])
def test_there_is_a_worker_for_each_gpu_that_may_be_used(
    monkeypatch: pytest.MonkeyPatch, device: str, gpus: int, workers: int
) -> None:
    monkeypatch.setattr("studio.runtime.devices.count_cuda", lambda: gpus)

    assert count(device) == (None, workers)


@pytest.mark.parametrize("options", [{"ray_gpus": 0.5}, {"ray_tags": ("render",)}])
def test_options_of_ray_need_ray(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="for --ray") as caught:
        count(**options)

    assert caught.value.code == "E749"


def test_the_options_of_ray_reach_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    @contextmanager
    def open_cluster(batch: Any, options: Any) -> Any:
        asked.append(options)
        yield "start", 4

    monkeypatch.setattr("studio.batch.ray_cluster.open_cluster", open_cluster)

    assert count(ray_address="auto", workers=2, ray_gpus=0.5, ray_tags=("render", "big=2")) == ("start", 4)
    (options,) = asked
    assert (options.address, options.workers, options.gpus) == ("auto", 2, 0.5)
    assert options.tags == {"render": 1.0, "big": 2.0}


@pytest.mark.parametrize("text", ["", "=1", "a=0", "a=-1", "a=inf", "a=nan", "a=x"])
def test_a_resource_needs_a_name_and_a_positive_amount(text: str) -> None:
    with pytest.raises(UsageError, match="invalid resource"):
        parse_tag(text)
