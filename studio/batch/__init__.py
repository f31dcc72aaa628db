"""Batches: one graph over many items, with a ledger, workers and a gallery. `studio.batch(graph, items)` runs one."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that can be called: `studio.batch` is the function as well as the folder."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run one graph over many items; see `studio.batch.python_call.batch`."""
        from studio.batch.python_call import batch

        return batch(*args, **options)


sys.modules[__name__].__class__ = _Callable
