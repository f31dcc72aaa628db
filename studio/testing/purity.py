"""Checks of the calls themselves: unchanged inputs, equal results, cancellation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.errors import Cancelled
from studio.testing.random_state import seed_globally
from studio.testing.report import Report
from studio.testing.subject import Called, Subject

LONGEST_SECONDS = 1.0
_ATTEMPTS = 3


def call_seeded(subject: Subject, seed: int) -> tuple[Called, list[str]]:
    """Call the example with seeded global generators; return the call and the generators that it changed."""
    with seed_globally(seed) as state:
        called = subject.call()
        return called, state.find_changed()


def check_inputs(subject: Subject, report: Report, first: Called, before: Mapping[str, str]) -> Called | None:
    """Call the example again, and check that inputs, defaults and global generators stay as they are.

    Args:
        subject: The node type.
        report: Gets the results.
        first: The first call.
        before: The digests of the inputs before it, as `digest_inputs` returned them.
    """
    called, changed = call_seeded(subject, 2)
    if called.error is not None:
        report.add("repeat", [f"a second call with equal inputs raised {called.error!r}; keep no state between calls"])
        return None
    after = [digest_inputs(subject, one.inputs) for one in (first, called)]
    report.add(
        "inputs",
        [
            f"the call changed input {name!r}; copy it before writing to it"
            for name in before
            if any(digests[name] != before[name] for digests in after)
        ],
    )
    report.add(
        "random state",
        [f"it uses the global generator of {name}; use ctx.rng(seed), with the seed as an input" for name in changed],
    )
    return called


def digest_inputs(subject: Subject, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of inputs by name."""
    return {name: subject.digest(value) for name, value in inputs.items()}


def check_repeat(subject: Subject, report: Report, first: Called, second: Called) -> None:
    """Check that two calls with equal inputs gave equal outputs."""
    if subject.declared.cache != "pure":
        report.skip("repeat", f'declared cache="{subject.declared.cache}": its results may differ')
        return
    report.add(
        "repeat",
        _compare(
            first,
            second,
            "two calls with equal inputs gave different values at output {!r}; "
            'let results depend on the inputs alone, or declare cache="recompute"',
        ),
    )


def _compare(first: Called, second: Called, message: str) -> list[str]:
    return [
        message.format(name)
        for name in first.digests
        if second.error is None and first.digests[name] != second.digests[name]
    ]


def check_order(subject: Subject, report: Report, reference: Called) -> None:
    """Call with another input in between, and check that the example still gives the same outputs."""
    if subject.declared.cache != "pure":
        report.skip("call order", f'declared cache="{subject.declared.cache}": its results may differ')
        return
    if find_other_call(subject) is None:
        report.skip("call order", "no other inputs could be derived with which it works; pass variants={name: value}")
        return
    again = subject.call()
    problems = _compare(
        reference, again, "after a call with other inputs, output {!r} is different; keep nothing between calls"
    )
    if again.error is not None:
        problems = [f"after a call with other inputs it raised {again.error!r}; keep nothing between calls"]
    report.add("call order", problems)


def find_other_call(subject: Subject, keep: tuple[str, ...] = ()) -> tuple[dict[str, Any], Called] | None:
    """Return inputs that differ from the example's and work, and a call with them; None if there are none.

    Args:
        subject: The node type.
        keep: Inputs that stay as they are.
    """
    current = subject.inputs
    names = [name for name in subject.variants if name not in keep and subject.variants[name] is not None]
    for name in names[:_ATTEMPTS]:
        inputs = {**current, name: subject.variants[name]}
        called = subject.call(inputs)
        if called.error is None:
            return inputs, called
    return None


# -- cancellation ----------------------------------------------------------------------------------


def check_cancellation(subject: Subject, report: Report, reference: Called, cancels: bool | None) -> None:
    """Cancel at the first, the second and the last step; check that the call ends and leaves no temporary files."""
    count = len(reference.context.steps)
    if not count:
        _check_silence(report, reference.seconds, cancels)
        return
    problems: list[str] = []
    for step in sorted({1, min(2, count), count}):
        with _watch_temporary_files(subject.folder / "temporary") as left:
            called = subject.call(cancel_at_step=step)
        problems += _find_cancel_problems(called, f"step {step} of {count}")
        problems += [
            f"cancelled at step {step} of {count}, it left {path.name!r} among the temporary files; "
            "use ctx.scratch, which is removed"
            for path in left
        ]
    backwards = [one for one in reference.context.steps if one[0] < 0 or one[1] < 0]
    problems += [f"it called ctx.step{one}; a run refuses negative numbers" for one in backwards[:1]]
    report.add("cancellation", problems)


def _check_silence(report: Report, seconds: float, cancels: bool | None) -> None:
    if cancels:
        report.add("cancellation", ["it calls no ctx.step, so it cannot be cancelled; call it at least every second"])
    elif cancels is None and seconds > LONGEST_SECONDS:
        report.add(
            "cancellation",
            [
                f"it took {seconds:.1f} s without calling ctx.step; call it at least every second, "
                "so that a run can be cancelled"
            ],
        )
    else:
        report.skip("cancellation", f"it calls no ctx.step, and needs none for {seconds:.2f} s")


def _find_cancel_problems(called: Called, where: str) -> list[str]:
    if called.error is None:
        return [f"it swallowed Cancelled at {where} and went on; catch Exception, never BaseException nor `except:`"]
    if not isinstance(called.error, Cancelled):
        return [f"Cancelled at {where} became {called.error!r}; let it pass as it is"]
    return []


@contextmanager
def _watch_temporary_files(folder: Path) -> Iterator[list[Path]]:
    """Redirect temporary files to a folder of our own; the list contains what is left there at the end."""
    folder.mkdir(exist_ok=True)
    old, tempfile.tempdir = tempfile.tempdir, str(folder)
    left: list[Path] = []
    try:
        yield left
    finally:
        tempfile.tempdir = old
        left += sorted(folder.iterdir())
        _empty(folder)


def _empty(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
