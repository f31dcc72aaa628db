"""Silences libraries in a run: progress bars, log lines, needless warnings.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["hush"]

# warnings that a user can do nothing about, by text
_NEEDLESS = (
    r".*requires torchvision.*",
    r".*is deprecated.*",
    r".*deprecated.*`?from_pretrained.*",
    r".*clean_up_tokenization_spaces.*",
    r".*weight_norm.*",
    r".*swigvarlink.*",
    r"Already found a `peft_config` attribute.*",
    r"__array_wrap__ must accept context.*",
    r"__array__ implementation doesn't accept a copy keyword.*",
)
_MODULES = r"(diffusers|transformers|accelerate|peft)\b.*"


class _Silence:
    """Counts the blocks that ask for silence: the first begins it and the last ends it, on any threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._before: dict[str, tuple[Any, int, bool]] = {}
        self._filters: Any = None

    def begin(self, libraries: tuple[str, ...]) -> None:
        loggings = {name: importlib.import_module(f"{name}.utils.logging") for name in libraries}
        with self._lock:
            self._blocks += 1
            if self._blocks == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                for message in _NEEDLESS:
                    warnings.filterwarnings("ignore", message=message)
                warnings.filterwarnings("ignore", category=FutureWarning, module=_MODULES)
            for name, logging in loggings.items():
                if name not in self._before:
                    self._before[name] = (logging, logging.get_verbosity(), logging.is_progress_bar_enabled())
                    logging.set_verbosity_error()
                    logging.disable_progress_bar()

    def end(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks:
                return
            for logging, level, active in self._before.values():
                logging.set_verbosity(level)
                if active:
                    logging.enable_progress_bar()
            self._before.clear()
            self._filters.__exit__(None, None, None)


_silence = _Silence()  # the settings of the libraries belong to the process, and so does their previous state


@contextmanager
def hush(*libraries: str) -> Iterator[None]:
    """Silence libraries while weights load or a network runs; errors are still raised.

    Blocks may be nested and run on several threads; a nested block costs almost nothing.

    Args:
        *libraries: "diffusers", "transformers", or both; they are imported.
    """
    _silence.begin(libraries)
    try:
        yield
    finally:
        _silence.end()
