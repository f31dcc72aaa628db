"""`RunContext`: steps pause and cancel, lines reach every call of a stack, and nothing is left behind."""

from __future__ import annotations

import pytest

from studio.api import Image, Model
from studio.errors import Cancelled, StudioError
from studio.execution.context import RunContext
from studio.execution.control import Control
from studio.runtime.devices import Device
from studio.runtime.models import Lease


class Listener:
    """Keeps what a call reports."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []
        self.lines: list[str] = []

    def on_open(self, model: Model) -> Lease:
        """Lease nothing."""
        raise AssertionError(model)

    def on_step(self, done: int, total: int, preview: Image | None) -> None:
        """Keep a step."""
        self.steps.append((done, total))

    def on_log(self, message: str) -> None:
        """Keep a line."""
        self.lines.append(message)


def make_context(control: Control | None = None) -> tuple[RunContext, Listener]:
    """Return a context and who listens to it."""
    listener = Listener()
    return RunContext(Device("cpu", "float32"), control or Control(), listener), listener


def test_a_line_reaches_every_call_of_the_stack_and_is_noted_once() -> None:
    (first, one), (second, two) = make_context(), make_context()
    first.stack = (first, second)
    for _ in range(2):
        first.log("rounded")
    first.log("of the second alone", call=1)

    assert (first.notes, second.notes) == (["rounded"], ["rounded", "of the second alone"])
    assert (one.lines, two.lines) == (["rounded"] * 2, ["rounded"] * 2 + ["of the second alone"])


def test_a_line_about_the_run_alone_is_not_kept_with_the_result() -> None:
    context, listener = make_context()
    context.report("ran again")

    assert (context.notes, listener.lines) == ([], ["ran again"])


def test_an_abandoned_call_ends_at_its_next_step_and_reports_nothing_more() -> None:
    context, listener = make_context()
    context.step(1, 2)
    context.abandoned = True
    with pytest.raises(Cancelled):
        context.step(2, 2)
    context.log("too late")

    assert context.interrupted
    assert (listener.steps, listener.lines) == ([(1, 2)], [])


def test_an_abandoned_call_does_not_wait_for_a_paused_run() -> None:
    control = Control()
    context, _ = make_context(control)
    control.pause()
    context.abandoned = True

    with pytest.raises(Cancelled):
        context.step(1, 2)


@pytest.mark.parametrize(("done", "total"), [(-1, 2), (1, -1)])
def test_a_step_that_counts_backwards_is_an_error(done: int, total: int) -> None:
    with pytest.raises(StudioError, match="counts backwards") as caught:
        make_context()[0].step(done, total)

    assert caught.value.code == "E306"


def test_the_scratch_folder_is_one_and_is_gone_when_the_call_ends() -> None:
    context, _ = make_context()
    assert not context.has_scratch
    folder = context.scratch
    (folder / "x").write_text("y", encoding="utf-8")
    assert context.scratch == folder
    context.close()

    assert not folder.exists()
    assert not context.has_scratch


def test_a_call_that_starts_again_finds_its_scratch_folder_empty() -> None:
    context, _ = make_context()
    (context.scratch / "x").write_text("y", encoding="utf-8")
    context.clear()

    assert list(context.scratch.iterdir()) == []
    context.close()
