"""`TestContext`: what a node type sees of a run, and a record of what it did."""

from __future__ import annotations

import gc
import warnings

import pytest

from studio.api import (
    Cancelled,
    Model,
    ModelError,
    StudioError,
)
from studio.testing import TestContext
from tests.studio.testing.conftest import GRAY


def test_the_context_gives_scratch_rng_models_and_records() -> None:
    ctx = TestContext(models={"builtin:x": 7})
    scratch = ctx.scratch

    ctx.step(1, 2, GRAY)
    ctx.log("careful")
    with ctx.open(Model("builtin:x")) as opened:
        assert opened == 7
    ctx.close()

    assert (ctx.steps, ctx.previews, ctx.messages) == ([(1, 2)], [GRAY], ["careful"])
    assert not scratch.exists()
    assert ctx.rng(3).random() == TestContext().rng(3).random()


def test_the_context_cancels_where_asked_and_ever_after() -> None:
    ctx = TestContext(cancel_at_step=2)
    ctx.step(0, 3)

    for _ in range(2):
        with pytest.raises(Cancelled):
            ctx.step(1, 3)


def test_the_context_says_which_model_is_missing() -> None:
    with pytest.raises(ModelError, match="builtin:none") as caught, TestContext().open(Model("builtin:none")):
        pass
    assert isinstance(caught.value, StudioError)


def test_the_folder_of_a_context_that_nobody_closes_goes_with_it_in_silence() -> None:
    ctx = TestContext()
    folder = ctx.scratch
    assert folder.is_dir()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del ctx
        gc.collect()

    assert not folder.exists()
    assert not caught


def test_partial_results_are_made_once_for_equal_keys_and_the_keys_are_listed() -> None:
    context = TestContext()
    made = [context.memo(key, lambda: object()) for key in (["a", 1], ["a", 1], ["a", 1.0])]

    assert made[0] is made[1]
    assert made[0] is not made[2]
    assert context.memos == [["a", 1], ["a", 1], ["a", 1.0]]


def test_a_key_without_a_digest_is_never_equal_to_another() -> None:
    context, key = TestContext(), object()

    assert context.memo(key, lambda: [1]) is not context.memo(key, lambda: [1])


def test_a_partial_result_of_one_model_is_not_that_of_another() -> None:
    context, made = TestContext(models={"local:a": "A", "local:b": "B"}), []
    for reference in ("local:a", "local:b", "local:a"):
        with context.open(Model(reference)) as opened:
            made.append(context.memo("prompt", lambda opened=opened: f"by {opened}"))

    assert made == ["by A", "by B", "by A"]
