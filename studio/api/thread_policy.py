"""`keep_policy`: calls to libraries that would make this process a real-time one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def keep_policy(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that calls another one, and undoes what that does to how the system schedules this process.

    SVT-AV1 gives the thread that opens it, and all of its own, the highest real-time priority where the user may do so,
    such as root in a container. Threads and processes that are started later inherit that, and nothing else of the
    machine runs while they work.
    """
    if not hasattr(os, "sched_getscheduler"):
        return function

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
        try:
            return function(*args, **kwargs)
        finally:
            if os.sched_getscheduler(0) != policy:
                _set_policy(policy, parameters)

    return call


def _set_policy(policy: int, parameters: os.sched_param) -> None:
    """Give all threads of this process a scheduling policy."""
    for thread in os.listdir("/proc/self/task") if os.path.isdir("/proc/self/task") else ["0"]:
        with contextlib.suppress(OSError):  # a thread that ended, or whose policy may not be changed
            os.sched_setscheduler(int(thread), policy, parameters)
