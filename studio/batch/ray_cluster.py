"""A Ray cluster to run a batch on: one that exists, or one on this machine that ends with the batch."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.batch.batch import Batch
from studio.batch.item_executor import ItemExecutor
from studio.batch.planned_code import describe_code
from studio.batch.ray_actor import RayActor
from studio.batch.ray_worker import RayWorker
from studio.batch.run import StartWorker
from studio.batch.worker import Report, Worker
from studio.batch.worker_settings import check_machine_has, describe_settings
from studio.errors import RunError, UsageError
from studio.files import RECORDS_FOLDER, resolve_path

_OBJECT_STORE_BYTES = 80 * 2**20  # actors exchange JSON; media go through folder and cache


@dataclass(frozen=True)
class ClusterOptions:
    """What a batch asks of a cluster.

    Attributes:
        address: "host:port" or "auto" of a cluster that exists; "" for that of `RAY_ADDRESS`, or one on this machine.
        workers: Actors; None for one per GPU, or one per machine where there is none.
        cpus: CPU cores of each actor, as Ray counts them.
        gpus: GPUs of each actor; 0.5 puts two on one. None for one, if the cluster has any.
        tags: Custom resources of each actor, by name.
    """

    address: str = ""
    workers: int | None = None
    cpus: float = 1.0
    gpus: float | None = None
    tags: Mapping[str, float] = field(default_factory=dict)


@contextmanager
def open_cluster(batch: Batch, options: ClusterOptions) -> Iterator[tuple[StartWorker, int]]:
    """Connect to a cluster; yield what starts workers there, and their number.

    Raises:
        UsageError: E759 if Ray is not installed.
        RunError: E761 if the cluster cannot be reached.
    """
    ray = _import_ray()
    own = not ray.is_initialized()
    if own:
        _connect(ray, options.address)
    _check_resources(ray, options)
    token = _write_token(Path(batch.spec.folder or "."))
    try:
        yield _create_starter(ray, batch, options, token), options.workers or _count_workers(ray, options)
    finally:
        Path(token[0]).unlink(missing_ok=True)
        if own:
            ray.shutdown()


def _import_ray() -> Any:
    # Ray reads these when it is imported: it uses this machine's own address only, and reports no usage
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise UsageError(
            "E759", "--ray needs Ray, which is not installed", hint="pip install 'studio[cluster]'"
        ) from None
    return ray


def _connect(ray: Any, address: str) -> None:
    wanted: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
    if address or os.environ.get("RAY_ADDRESS"):
        wanted["address"] = address or None
    else:
        wanted |= {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        wanted |= {"object_store_memory": _OBJECT_STORE_BYTES}
    try:
        ray.init(**wanted)
    except (OSError, ValueError, RuntimeError) as error:
        raise RunError(
            "E761",
            f"there is no Ray cluster at {address or 'this machine'!r}: {str(error).strip().splitlines()[0]}",
            hint="start one with `ray start --head`, or leave the address out for one on this machine",
        ) from None


def _check_resources(ray: Any, options: ClusterOptions) -> None:
    """Refuse resources that no machine of the cluster has: the workers would wait for ever."""
    wanted = {"CPU": options.cpus, "GPU": options.gpus or 0.0, **options.tags}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(name, 0.0) >= amount for name, amount in wanted.items()) for node in nodes):
        missing = ", ".join(f"{name}={amount:g}" for name, amount in wanted.items() if amount)
        raise RunError(
            "E761",
            f"no node of the Ray cluster has {missing}",
            hint="start a node with `ray start --resources`, or ask for less with --ray-gpus and --ray-tag",
        )


def _write_token(folder: Path) -> tuple[str, str]:
    text = secrets.token_hex(16)
    path = resolve_path(folder) / RECORDS_FOLDER / f"ray-{text[:8]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return str(path), text


def _count_workers(ray: Any, options: ClusterOptions) -> int:
    gpus = ray.cluster_resources().get("GPU", 0)
    if gpus and options.gpus != 0:
        return max(1, int(gpus / (options.gpus or 1)))
    return max(1, sum(bool(node["Alive"]) for node in ray.nodes()))


def _create_starter(ray: Any, batch: Batch, options: ClusterOptions, token: tuple[str, str]) -> StartWorker:
    check_machine_has(batch.studio.settings)
    settings = describe_settings(batch.studio.settings)
    spec = replace(batch.spec, settings=settings, code=describe_code(batch.studio, batch.resolved))
    gpus = options.gpus
    if gpus is None:
        gpus = 1 if ray.cluster_resources().get("GPU", 0) and settings["device"] in ("auto", "cuda") else 0
    actors = ray.remote(RayActor).options(
        num_cpus=options.cpus,
        num_gpus=gpus,
        resources=dict(options.tags) or None,
        max_concurrency=4,
        max_restarts=0,  # the batch replaces a dead worker, and knows which items it had
        scheduling_strategy="SPREAD",
    )
    text = json.dumps(spec.to_json(), ensure_ascii=True)

    def open_writer(report: Report) -> Worker:
        return ItemExecutor(batch.studio, batch.spec, report, "writer")

    def start(number: int, report: Report) -> Worker:
        name = f"ray-{socket.gethostname()}-{os.getpid()}-{number}"
        return RayWorker(lambda: actors.remote(text, name, token), report, name, batch.spec.window, open_writer)

    return start
