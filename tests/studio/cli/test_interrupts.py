"""Ctrl-C: the first one cancels, the second one ends the program, and afterwards signals do what they did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from studio.cli.interrupts import Interrupts

pytestmark = pytest.mark.xdist_group("processes")

WORK = """
import os, signal, sys, time
from studio.cli.interrupts import Interrupts
with Interrupts(lambda: print("cancelled", flush=True)):
    os.kill(os.getpid(), signal.{first})
    os.kill(os.getpid(), signal.{second})
print("never")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_raises_nothing(number: signal.Signals) -> None:
    asked: list[bool] = []

    with Interrupts(lambda: asked.append(True)):
        os.kill(os.getpid(), number)

    assert asked == [True]


def test_afterwards_signals_are_handled_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with Interrupts(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(("first", "second", "ended"), [("SIGINT", "SIGINT", 130), ("SIGTERM", "SIGINT", 143)])
def test_a_second_signal_ends_the_program_at_once_with_the_code_of_the_first(
    first: str, second: str, ended: int
) -> None:
    code = f"import sys; sys.path[:0] = {[path for path in sys.path if path]!r}\n"

    done = subprocess.run(
        [sys.executable, "-c", code + WORK.format(first=first, second=second)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (ended, "cancelled\n")
