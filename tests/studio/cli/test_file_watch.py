"""`FileWatch`: changes, renames, files that vanish or are still to come, patterns, files that a run wrote itself."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.cli.file_watch import FileWatch, call_on_change
from studio.cli.watched_files import WatchedFiles

LATER_THAN_ANY = 2**63  # nanoseconds: nothing is newer than this


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


def start(
    place: Path, *names: str, since_ns: int = LATER_THAN_ANY, pattern: str = "", vanished_seconds: float = 0.1
) -> FileWatch:
    watch = FileWatch(vanished_seconds)
    patterns = frozenset({(str(place), pattern)} if pattern else ())
    watch.watch(WatchedFiles(frozenset(str(place / name) for name in names), patterns), since_ns)
    return watch


def replace(path: Path, text: str) -> None:
    temporary = path.with_name("new~")
    temporary.write_text(text, encoding="utf-8")
    os.utime(temporary, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    temporary.replace(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("longer", encoding="utf-8"),
        lambda path: replace(path, "z"),  # equal in size and time
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("elsewhere")),
    ],
)
def test_every_kind_of_change_is_found_once(place: Path, change: Callable[[Path], object]) -> None:
    watch = start(place, "a", "b")
    assert watch.find_changed() == []

    change(place / "a")

    assert watch.find_changed() == [str(place / "a")]
    assert watch.settle() == [str(place / "a")]
    assert watch.find_changed() == []


def test_a_file_that_is_still_to_come_is_found(place: Path) -> None:
    watch = start(place, "later/c")

    (place / "later").mkdir()
    (place / "later/c").write_text("c", encoding="utf-8")

    assert watch.find_changed() == [str(place / "later/c")]
    assert len(start(place, "a", "nosuch")) == 1


def test_a_file_that_is_new_here_and_has_changed_since_it_was_read_counts(place: Path) -> None:
    changed_ns = (place / "a").stat().st_mtime_ns

    assert start(place, "a", since_ns=changed_ns).find_changed() == [str(place / "a")]
    assert start(place, "a", since_ns=changed_ns + 10**9).find_changed() == []


def test_files_that_come_and_go_below_a_pattern_are_found(place: Path) -> None:
    watch = start(place, pattern="*.png")

    (place / "one.png").write_text("1", encoding="utf-8")
    assert watch.settle() == [str(place / "one.png")]
    (place / "other.txt").write_text("2", encoding="utf-8")
    assert watch.find_changed() == []
    (place / "one.png").unlink()
    assert watch.settle() == [str(place / "one.png")]


def test_files_that_fit_a_pattern_are_watched_themselves(place: Path) -> None:
    (place / "one.png").write_text("1", encoding="utf-8")
    watch = start(place, pattern="%d.png")
    assert watch.find_changed() == []
    watch = start(place, pattern="*.png")

    (place / "one.png").write_text("22", encoding="utf-8")

    assert watch.find_changed() == [str(place / "one.png")]


def test_what_a_run_wrote_itself_is_accepted(place: Path) -> None:
    watch = start(place, "a", "b")
    (place / "a").write_text("by the run", encoding="utf-8")
    (place / "b").write_text("by somebody", encoding="utf-8")

    watch.accept([str(place / "a"), str(place / "unrelated")])

    assert watch.find_changed() == [str(place / "b")]


@pytest.mark.parametrize("empty_first", [False, True])
def test_settling_waits_for_a_file_that_vanishes_for_a_moment(place: Path, empty_first: bool) -> None:
    watch = start(place, "a", vanished_seconds=60)
    if empty_first:
        (place / "a").write_text("", encoding="utf-8")
    else:
        (place / "a").unlink()
    looks = itertools.count()

    def come_back() -> bool:
        if next(looks) == 5:
            (place / "a").write_text("back", encoding="utf-8")
        return False

    assert watch.settle(come_back) == [str(place / "a")]

    assert (place / "a").read_text(encoding="utf-8") == "back"
    assert watch.find_changed() == []


def test_settling_ends_although_a_file_stays_away_or_never_rests(place: Path) -> None:
    watch = start(place, "a", "b")
    (place / "a").unlink()
    assert watch.settle() == [str(place / "a")]

    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.wait(0.005):
            (place / "b").write_text(f"{number}", encoding="utf-8")
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    assert watch.settle(lambda: False) in ([str(place / "b")], [])
    ended.set()
    thread.join()


def test_a_change_while_a_block_runs_calls_once(place: Path) -> None:
    watch, called = start(place, "a"), threading.Event()

    with call_on_change(watch, called.set):
        (place / "a").write_text("changed", encoding="utf-8")
        assert called.wait(60)

    assert watch.find_changed() == [str(place / "a")]
