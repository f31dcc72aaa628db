"""Keeps transformers' own chatter out of a run: progress bars, log lines, needless warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# What the library warns about and a user can do nothing about.
_NEEDLESS = (r".*is deprecated.*", r".*weight_norm.*", r".*requires torchvision.*", r".*clean_up_tokenization_spaces.*")


@contextmanager
def hush() -> Iterator[None]:
    """Silence transformers while weights are loaded or a network runs; errors still speak."""
    import transformers

    logging: Any = transformers.utils.logging
    level, active = logging.get_verbosity(), logging.is_progress_bar_enabled()
    try:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        with warnings.catch_warnings():
            for message in _NEEDLESS:
                warnings.filterwarnings("ignore", message=message)
            warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\b.*")
            yield
    finally:
        logging.set_verbosity(level)
        if active:
            logging.enable_progress_bar()
