"""Silence over libraries: it nests, on several threads, and leaves everything as it was."""

from __future__ import annotations

import threading
import warnings

from transformers.utils import logging

from studio.api.quiet import hush


def test_blocks_in_each_other_end_with_the_outermost() -> None:
    before = logging.get_verbosity()

    with hush("transformers"):
        with hush("transformers"):
            pass
        inside = logging.get_verbosity()

    assert inside == logging.ERROR
    assert logging.get_verbosity() == before


def test_a_block_that_ends_on_another_thread_first_leaves_the_filters_as_they_were() -> None:
    filters = list(warnings.filters)
    begun, ended = threading.Event(), threading.Event()

    def other() -> None:
        with hush("transformers"):
            begun.set()
            ended.wait(10)

    thread = threading.Thread(target=other)
    with hush("transformers"):
        thread.start()
        begun.wait(10)
    ended.set()
    thread.join()

    assert list(warnings.filters) == filters


def test_bars_come_back_only_if_they_were_there() -> None:
    logging.disable_progress_bar()
    try:
        with hush("transformers"):
            pass
        assert not logging.is_progress_bar_enabled()
    finally:
        logging.enable_progress_bar()
