"""How many processor cores this process may use: what the machine has, less what affinity and control groups leave."""

from __future__ import annotations

import math
import os
from pathlib import Path

_MEMBERSHIP = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")
_set_threads: list[str] = []  # what this process has set itself


def count_cores() -> int:
    """Return how many cores this process may use, at least 1.

    A container with `--cpus 2` sees all cores of its machine, and may use two of them: the quotas of cgroup v2
    (`cpu.max`) and v1 (`cpu.cfs_quota_us`) count, of the process's own group and of every group around it.
    """
    cores = _count_visible_cores()
    quota = read_quota(_MEMBERSHIP, _MOUNT)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def share_cores() -> None:
    """Let numeric libraries that this process loads later take the cores it may use, and no more.

    Threads of OpenMP sleep while they wait for each other. By default they spin: where another program has one of
    the cores, most of the time is spent so. Variables that are set already stay.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # in capitals, libgomp does not know it where I is no capital i
    cores = count_cores()
    if cores < _count_visible_cores() and "OMP_NUM_THREADS" not in os.environ:
        os.environ["OMP_NUM_THREADS"] = str(cores)
        _set_threads.append(str(cores))


def count_threads() -> int:
    """Return how many threads a numeric library takes: those of `OMP_NUM_THREADS`, or the cores it may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(asked) if asked.isascii() and asked.isdecimal() and 0 < int(asked) < 4096 else count_cores()


def find_asked_threads() -> str | None:
    """Return the threads that the user asks for with `OMP_NUM_THREADS`; None if `share_cores` has set it."""
    threads = os.environ.get("OMP_NUM_THREADS")
    return None if threads in _set_threads else threads


def read_quota(membership: Path, mount: Path) -> float | None:
    """Return how many cores control groups leave, None for no limit.

    Args:
        membership: The process's groups, as `/proc/self/cgroup` has them.
        mount: Where control groups are mounted.
    """
    try:
        lines = membership.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    quotas = []
    for line in lines:
        hierarchy, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if hierarchy == "0" and not controllers:
            folders, read = [mount, mount / "unified"], _read_quota_2
        elif "cpu" in controllers.split(","):
            folders, read = [mount / controllers, mount / "cpu"], _read_quota_1
        else:
            continue
        for folder in folders:
            quotas += [read(around) for around in _list_groups(folder, group)]
    return min((quota for quota in quotas if quota is not None), default=None)


def _count_visible_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _list_groups(folder: Path, group: str) -> list[Path]:
    """Return the folders of a group and of those around it; inside a container a group may be named from outside."""
    parts = [part for part in group.split("/") if part not in ("", "..")]
    return [folder.joinpath(*parts[:count]) for count in range(len(parts) + 1)]


def _read_quota_2(group: Path) -> float | None:
    words = _read_words(group / "cpu.max")
    return _divide(words[0], words[1]) if len(words) == 2 else None


def _read_quota_1(group: Path) -> float | None:
    quota, period = _read_words(group / "cpu.cfs_quota_us"), _read_words(group / "cpu.cfs_period_us")
    return _divide(quota[0], period[0]) if quota and period else None


def _read_words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def _divide(quota: str, period: str) -> float | None:
    """Return the cores of a quota in microseconds; "max" and -1 are no limit."""
    if not (quota.isdecimal() and period.isdecimal()) or int(quota) == 0 or int(period) == 0:
        return None
    return int(quota) / int(period)
