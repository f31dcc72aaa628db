"""Which jobs run beside each other, and how long others may overtake the first in line."""

from __future__ import annotations

from typing import Any

from studio.server.job import Job, JobState
from studio.server.job_window import JobWindow, Preference


def make_job(number: int, **more: Any) -> Job:
    """Return a job that runs."""
    none: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__)
    return Job(**{**none, "id": f"job-{number}", "state": JobState.RUNNING, "stack": "", "models": "", **more})


def test_a_job_that_cannot_be_stacked_runs_alone() -> None:
    window = JobWindow(8)

    assert window.find_preference() == Preference()
    window.add(job := make_job(1), is_first=True)
    assert window.find_preference() is None
    window.remove(job)
    assert window.find_preference() == Preference()


def test_jobs_of_one_stack_run_together_and_the_window_fills_when_a_quarter_is_free() -> None:
    window = JobWindow(4)
    jobs = [make_job(number, stack="s", models="m") for number in range(4)]

    for job in jobs:
        assert window.find_preference() in (Preference(), Preference("s"))
        window.add(job, is_first=True)
    assert window.find_preference() is None
    window.remove(jobs[0])
    assert window.find_preference() == Preference("s")


def test_jobs_of_the_same_models_are_preferred_for_a_bounded_time() -> None:
    window = JobWindow(1)
    asked = []
    for number in range(70):
        asked.append(window.find_preference())
        window.add(job := make_job(number, models="m"), is_first=number == 0)
        window.remove(job)

    assert asked[0] == Preference()
    assert asked[1:65] == [Preference(models="m")] * 64
    assert asked[65] == Preference()


def test_each_worker_takes_any_job_and_what_it_can_be_stacked_with() -> None:
    window = JobWindow(2, places=2)
    first = make_job(1, stack="s", models="m")
    window.add(first, is_first=True, number=0)

    assert (window.find_preference(0), window.find_preference(1)) == (Preference("s"), Preference())
    window.add(make_job(2, stack="s"), is_first=True, number=0)
    window.add(make_job(3), is_first=True, number=1)
    assert (window.find_preference(0), window.find_preference(1)) == (None, None)
    assert (len(window), window.most) == (3, 4)
    window.remove(first)
    assert (window.find_preference(0), len(window)) == (Preference("s"), 2)
