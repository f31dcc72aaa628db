"""A process that talks in lines of JSON: its start, its end, its log."""

from __future__ import annotations

from studio.batch.worker_process import describe_exit, shorten_log


def test_a_long_crash_report_keeps_its_beginning_and_its_end() -> None:
    crash = "Fatal Python error: Aborted\n" + "".join(f"line {number:04d}\n" for number in range(1000))

    shown = shorten_log(f"a line before\n{crash}")

    begin, end = shown.split("\n[...]\n")
    assert crash.startswith(begin)
    assert crash.rstrip().endswith(end)
    assert (len(begin), len(end)) == (2000, 2000)


def test_of_a_log_without_a_crash_the_end_is_kept() -> None:
    assert shorten_log(" short \n") == "short"
    assert shorten_log("x" * 5000 + "y" * 100) == "x" * 3900 + "y" * 100


def test_an_exit_code_is_named_as_people_know_it() -> None:
    assert describe_exit(7) == "it ended with exit code 7"
    assert describe_exit(-9) == "it was ended by SIGKILL"
    assert describe_exit(-99) == "it was ended by signal 99"
