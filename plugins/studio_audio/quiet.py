"""Keeps the libraries' own chatter out of a run: progress bars, log lines, needless warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# What the libraries warn about and a user can do nothing about.
_NEEDLESS = (r".*is deprecated.*", r".*weight_norm.*", r".*requires torchvision.*", r".*clean_up_tokenization_spaces.*")


@contextmanager
def hush() -> Iterator[None]:
    """Silence diffusers and transformers while weights are loaded or a network runs; errors still speak."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    levels = [(each, each.get_verbosity()) for each in (diffusers_logging, transformers_logging)]
    bars = [(each, each.is_progress_bar_enabled()) for each in (diffusers_logging, transformers_logging)]
    try:
        for each, _ in levels:
            each.set_verbosity_error()
            each.disable_progress_bar()
        with warnings.catch_warnings():
            for message in _NEEDLESS:
                warnings.filterwarnings("ignore", message=message)
            warnings.filterwarnings("ignore", category=FutureWarning, module=r"(diffusers|transformers)\b.*")
            yield
    finally:
        for each, level in levels:
            each.set_verbosity(level)
        for each, active in bars:
            if active:
                each.enable_progress_bar()
