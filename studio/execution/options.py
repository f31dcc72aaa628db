"""`RunOptions` and `CacheMode`: what a run is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from studio.api import OutputPath, TypeSpec

if TYPE_CHECKING:
    from studio.execution.content import Media


class CacheMode(StrEnum):
    """How a run uses the cache."""

    USE = "use"
    """Look results up and keep them."""
    REFRESH = "refresh"
    """Run everything, and keep the results."""
    OFF = "off"
    """Neither look results up nor keep them."""


@dataclass(frozen=True)
class RunOptions:
    """What a run asks for.

    Attributes:
        cache: How it uses the cache.
        dry: Look results up only; run nothing.
        node_timeout_seconds: A call that takes longer fails; None for no limit.
        reserve_path: Reserves the path of an output file, by its name, in the run's output folder. None if there is
            no folder.
        videos_are_written: Whether videos among the outputs are only written to files, so that they need not be
            stored to be values.
        is_current: Says whether the files of an output are there already, by its name, its digest, its type and what
            each of its files is made of. Then its value is not loaded. None to load all.
        stack_group: Names runs of one executor that overlap, and whose calls are stacked together; "" for none.
    """

    cache: CacheMode = CacheMode.USE
    dry: bool = False
    node_timeout_seconds: float | None = None
    reserve_path: Callable[[str], OutputPath] | None = None
    videos_are_written: bool = False
    is_current: Callable[[str, str, TypeSpec, Sequence[Media]], bool] | None = None
    stack_group: str = ""
