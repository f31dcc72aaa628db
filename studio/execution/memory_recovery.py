"""`MemoryRecovery`: what is done when a call runs out of memory, one measure after the other, before it fails."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from typing import Any

from studio.errors import describe_exception, find_text
from studio.execution.call import Call
from studio.execution.context import RunContext
from studio.execution.failure import Exhausted
from studio.execution.services import StackLimits
from studio.runtime.memory import release_memory, show_bytes
from studio.runtime.models import Models
from studio.runtime.resident import Resident

_MOST_MEASURES = 32
_ASKED = re.compile(r"allocate ([0-9][0-9.,]* ?(?:[KMGTP]i?B|bytes))", re.I)


class MemoryRecovery:
    """The measures against a lack of memory, for calls that are performed together.

    First, models that no call has open are evicted. Then the stack is halved. Then the openers of the call's models
    save memory, one measure at a time. Node types are pure: the call simply runs again. Measures of openers are kept
    with the result, as they may change it a little. They are undone when the run ends.

    Args:
        models: Models in memory.
        limits: The run's limits of stacks.
    """

    def __init__(self, models: Models, limits: StackLimits) -> None:
        self._models = models
        self._limits = limits
        self._evicted: set[tuple[Call, ...]] = set()
        self._spent: set[Any] = set()
        self._measures = 0

    def take_measure(self, calls: Sequence[Call], error: BaseException) -> list[int] | None:
        """Take the next measure; return the sizes of the stacks that run again, or None if nothing is left."""
        _free_frames(error)
        contexts = [call.context for call in calls if call.context is not None]
        for context in contexts:
            context.clear()
        size = len(calls)
        sizes = [size] if self._evict(calls, contexts[0], error) else None
        if sizes is None and size > 1:
            half = (size + 1) // 2
            sizes = [half, size - half]
            self._limits.lower(calls[0].node_type, half)
            contexts[0].report(f"out of memory in a stack of {size}: it ran again in stacks of {half}")
        if sizes is None and any(self._save(context) for context in contexts):
            sizes = [size]
        if sizes is not None:
            release_memory()
        return sizes

    def _evict(self, calls: Sequence[Call], context: RunContext, error: BaseException) -> bool:
        """Evict idle models, once for each stack: a call may itself leave models idle that it opened."""
        key = tuple(calls)
        if key in self._evicted:
            return False
        self._evicted.add(key)
        evicted = self._models.evict_idle(context.device)
        if context.device != "cpu" and _is_of_host(error):
            evicted += self._models.evict_idle("cpu")
        if evicted:
            context.report(f"out of memory: evicted {describe_residents(evicted)}, and ran again")
        return bool(evicted)

    def _save(self, context: RunContext) -> bool:
        """Have the opener of one model that was open take its next measure."""
        for key, lease in context.open_leases.items():
            if key in self._spent or self._measures >= _MOST_MEASURES:
                continue
            self._measures += 1
            try:
                saving = lease.save_memory()
            except Exception as error:  # a plugin may raise anything; the user is told of the lack of memory
                context.report(f"{lease.reference} could not save memory: {describe_exception(error)}")
                saving = None
            if saving is not None:
                context.log(f"out of memory: {lease.reference} now runs with {saving}, and ran again")
                return True
            self._spent.add(key)
        return False

    def explain(self, error: BaseException) -> Exhausted:
        """Return the error of a call for which no measure is left."""
        detail = ""
        asked = _ASKED.search(find_text(error))
        if asked:
            detail += f"; {asked[1]} more were requested"
        residents = [resident for resident in self._models.residents() if resident.bytes]
        if residents:
            detail += f"; in memory: {describe_residents(residents)}"
        return Exhausted(error, detail)


def describe_residents(residents: Sequence[Resident]) -> str:
    """Return which models there are, how large each is, and where."""
    rows = []
    for resident in residents:
        part = f" ({resident.part})" if resident.part else ""
        rows.append(f"{resident.reference}{part} with {show_bytes(resident.bytes)} on {resident.device}")
    return ", ".join(rows)


def _is_of_host(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "allocate memory" in find_text(error)


def _free_frames(error: BaseException | None) -> None:
    """Release what the frames of an error hold: it may be the very memory that is missing."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if error.__traceback__ is not None:
            traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
