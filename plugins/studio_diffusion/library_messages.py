"""What diffusers, transformers and peft say while they load, collected instead of printed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARIES = ("diffusers", "transformers", "peft")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def collect_messages() -> Iterator[list[str]]:
    """Collect the warnings of libraries while the block lasts, also those that are hushed."""
    collector, before = _Collector(), []
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        before.append((logger, logger.level, list(logger.handlers), logger.propagate))
        logger.setLevel(logging.WARNING)
        logger.handlers, logger.propagate = [collector], False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield collector.texts
        collector.texts += [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
    finally:
        for logger, level, handlers, propagate in before:
            logger.setLevel(level)
            logger.handlers, logger.propagate = handlers, propagate
