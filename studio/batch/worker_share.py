"""What each of several worker processes of one machine gets: a share of its memory and cores, and a GPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.batch.worker_settings import describe_plugin_settings, describe_settings
from studio.cores import count_cores, find_asked_threads
from studio.settings import Settings, read_visible_gpus


@dataclass(frozen=True)
class WorkerShare:
    """What workers of one machine are started with.

    Attributes:
        settings: Their settings, as `parse_settings` reads them.
        plugins: Settings of plugins; secrets may be among them.
        environments: Environment variables of each worker.
    """

    settings: dict[str, Any]
    plugins: dict[str, Any]
    environments: Sequence[dict[str, str]]


def share_machine(settings: Settings, workers: int) -> WorkerShare:
    """Return what workers get that share this machine.

    Args:
        settings: Those of this process.
        workers: How many, at least 1.
    """
    rows = describe_settings(settings)
    rows["memory_bytes"] //= workers
    if rows["ram_bytes"] is not None:
        rows["ram_bytes"] //= workers
    rows["workers"] = max(1, settings.cpu_workers // workers)
    gpus = find_gpus(settings.device)
    if gpus and rows["vram_bytes"] is not None:
        rows["vram_bytes"] //= -(-workers // len(gpus))  # of those that have the same GPU
    environments = create_environments(workers, count_cores(), gpus)
    return WorkerShare(rows, describe_plugin_settings(settings), environments)


def find_gpus(device: str) -> list[str]:
    """Return the ids of the GPUs that the setting `device` allows."""
    from studio.runtime.devices import count_cuda

    if device not in ("auto", "cuda"):
        return []
    visible = read_visible_gpus()
    return visible.split(",") if visible else [str(number) for number in range(count_cuda())]


def create_environments(count: int, cores: int, gpus: Sequence[str]) -> list[dict[str, str]]:
    """Return environment variables for workers that share a machine: threads divided, one GPU each.

    Threads of numeric libraries are set to sleep while they wait for each other. By default they spin, and so take
    cores from working threads where there are more threads than cores.

    Args:
        count: How many workers.
        cores: Cores of the machine.
        gpus: Ids of its GPUs.
    """
    share = max(1, cores // max(1, count))
    found = []
    for number in range(count):
        variables = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive")}
        if count > 1:
            variables["OMP_NUM_THREADS"] = find_asked_threads() or str(share)
        if len(gpus) > 1 and count > 1:
            variables["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
        found.append(variables)
    return found
