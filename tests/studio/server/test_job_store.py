"""The durable queue: order, claims, keys, what a killed server leaves, and what is forgotten."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.errors import RunError, UsageError
from studio.server import job_store
from studio.server.job import Job, JobEnd, JobOutput, JobState, Submission
from studio.server.job_file import JobFile, own_folder
from studio.server.job_rows import JobFilter
from studio.server.job_store import MOST_CRASHES, JobStore
from studio.server.job_window import LOOKAHEAD, Preference
from studio.server.result_rows import ResultFilter
from studio.server.token_store import TokenStore
from tests.studio.server.conftest import PATIENCE_SECONDS

GRAPH = {"studio": 1, "title": "A \ud800 title"}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobFile]:
    """The file of a server."""
    opened = JobFile(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def store(file: JobFile) -> JobStore:
    """Its jobs."""
    return JobStore(file)


def submit(store: JobStore, **more: Any) -> Job:
    return store.submit(Submission(**{"document": GRAPH, **more}))[0]


def claim(store: JobStore) -> Job:
    claimed = store.claim()
    assert claimed is not None
    return claimed[0]


def test_jobs_are_claimed_once_by_priority_and_then_in_the_order_they_came(store: JobStore) -> None:
    jobs = [submit(store, priority=priority) for priority in (0, 5, -1, 5)]

    places = store.find_places(jobs)
    claimed = [claim(store).id for _ in jobs]

    assert [places[job.id] for job in jobs] == [3, 1, 4, 2]
    assert claimed == [jobs[1].id, jobs[3].id, jobs[0].id, jobs[2].id]
    assert store.claim() is None


def test_what_was_submitted_comes_back_whole(store: JobStore) -> None:
    wanted = Submission(
        GRAPH, "poster", {"n": 2**70, "t": "\udcff ü"}, ["a"], {"a": "webp"}, 3, {"x": [1]}, [], "ada", "k", "digest"
    )

    job = store.find(store.submit(wanted)[0].id)

    assert (job.graph, job.values, job.only, job.formats) == ("poster", wanted.values, ["a"], {"a": "webp"})
    assert (job.priority, job.metadata, job.owner, job.state) == (3, {"x": [1]}, "ada", JobState.QUEUED)
    assert store.find_document(job) == GRAPH


def test_a_result_of_a_lost_claim_does_not_count(store: JobStore) -> None:
    submit(store)
    first = claim(store)
    store.give_back(first)
    second = claim(store)

    assert store.complete(first, JobEnd(JobState.FAILED)) is None
    done = store.complete(second, JobEnd(JobState.SUCCEEDED, [JobOutput("a", 0, "a.png", "0" * 64, 3)]))
    assert done is not None
    assert (done.state, [output.name for output in done.outputs]) == (JobState.SUCCEEDED, ["a.png"])
    assert store.complete(second, JobEnd(JobState.FAILED)) is None


def test_what_ran_when_a_server_died_runs_first_then_last_and_at_last_fails(store: JobStore) -> None:
    dying, other = submit(store), submit(store)
    places = []

    for _ in range(MOST_CRASHES):
        while (job := claim(store)).id != dying.id:
            store.complete(job, JobEnd(JobState.SUCCEEDED))
        store.reclaim()
        places.append(store.find_places([store.find(dying.id)]).get(dying.id))

    assert places == [1, 2, 1, 1, None]  # behind the other one at the second death, which then ran
    failed = store.find(dying.id)
    assert failed.error is not None
    assert (failed.state, failed.error["code"]) == (JobState.FAILED, "E822")
    assert store.retry(dying.id).crashes == 0
    assert store.find(other.id).state is JobState.SUCCEEDED


def test_a_job_that_was_to_be_cancelled_when_the_server_died_is_cancelled(store: JobStore) -> None:
    job = submit(store)
    claim(store)
    store.cancel(job.id)

    store.reclaim()

    assert store.find(job.id).state is JobState.CANCELLED


def test_a_key_belongs_to_one_owner_and_one_request(store: JobStore) -> None:
    first, again = (store.submit(Submission(GRAPH, owner="ada", key="k", request_digest="1")) for _ in range(2))
    other = store.submit(Submission(GRAPH, owner="bo", key="k", request_digest="2"))

    assert (first[1], again[1], other[1]) == (True, False, True)
    assert first[0].id == again[0].id != other[0].id
    with pytest.raises(UsageError, match="'k' belongs to another request"):
        store.submit(Submission(GRAPH, owner="ada", key="k", request_digest="2"))


def test_threads_that_send_one_key_at_once_get_one_job(store: JobStore) -> None:
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(submit(store, key="k").id)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(ids), len(set(ids))) == (16, 1)


def test_ended_jobs_are_forgotten_with_what_only_they_used(file: JobFile) -> None:
    store = JobStore(file, keep_seconds=-1)
    job, waiting = submit(store), submit(store, document={**GRAPH, "title": "b"})
    store.complete(claim(store), JobEnd(JobState.SUCCEEDED, [JobOutput("a", 0, "a.png", "0" * 64, 3)]))

    assert store.forget_expired() == 1
    assert [one.id for one in store.list_jobs(JobFilter())] == [waiting.id]
    with pytest.raises(UsageError, match=job.id):
        store.find(job.id)
    with file.reading() as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("documents", "outputs", "job_files")
        ]
    assert counts == [1, 0, 0]


def test_a_folder_is_used_by_one_server_and_one_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with (
        own_folder(tmp_path / "data"),
        pytest.raises(RunError, match="another server uses"),
        own_folder(tmp_path / "data"),
    ):
        pass
    file = JobFile(tmp_path / "data")
    with file.reading() as connection:
        connection.execute("PRAGMA user_version=99")
    file.close()

    with pytest.raises(RunError, match="unsupported server version 99"):
        JobFile(tmp_path / "data")


def count_steps(file: JobFile, do: Callable[[], object]) -> int:
    """Return how many steps SQLite takes meanwhile: about five for each row of an index that is counted."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with file.reading() as connection:
        connection.set_progress_handler(count, 1)
    do()
    with file.reading() as connection:
        connection.set_progress_handler(None, 1)
    return steps


def test_submitting_and_listing_read_ten_thousand_jobs_once(store: JobStore, file: JobFile) -> None:
    submit(store)
    with file.transaction() as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "INSERT INTO jobs (id, state, document, title, vals, priority, place, made, owner, metadata, "
            "request_digest) SELECT 'job-' || i, 'queued', document, '', '{}', 0, i + 1, made, '', '{}', '' "
            "FROM n, jobs WHERE number = 1"
        )
    for _ in range(20):
        submit(store)

    jobs = store.list_jobs(JobFilter())

    assert sorted(store.find_places(jobs).values()) == [*range(9972, 10022)]
    assert store.find_places(jobs[:1]) == {jobs[0].id: 10021}
    assert count_steps(file, lambda: submit(store)) < 100_000
    assert count_steps(file, lambda: store.list_jobs(JobFilter())) < 10_000
    assert count_steps(file, lambda: store.find_places(jobs)) < 100_000
    assert count_steps(file, lambda: store.find_places([store.find("job-1")])) < 1000  # the second in the line


def test_a_file_of_the_first_format_gets_what_is_new(tmp_path: Path) -> None:
    from studio.server import job_file

    (tmp_path / "data").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / job_file.FILE_NAME)) as old:
        old.executescript(job_file._SCHEMA)
        old.execute("INSERT INTO tokens VALUES ('ada', 'hash', 'run', 1.0)")
        old.execute("PRAGMA user_version=1")
        old.commit()

    with contextlib.closing(JobFile(tmp_path / "data")) as file:
        [token] = TokenStore(file).list_tokens()
        job = submit(JobStore(file), stack="s")

    assert (token.limits.highest_priority, job.stack) == (0, "s")


def test_long_values_are_not_in_lists_of_jobs(store: JobStore) -> None:
    jobs = [submit(store, values={"text": "x" * size}) for size in (10, 10_000)]

    listed = store.list_jobs(JobFilter())

    assert [job.values is None for job in listed] == [True, False]
    assert store.find(jobs[1].id).values == {"text": "x" * 10_000}


def test_queries_of_lists_use_indexes(file: JobFile) -> None:
    queries = [
        "SELECT id FROM jobs WHERE owner = 'a' ORDER BY number DESC LIMIT 5",
        "SELECT state, count(*) FROM jobs WHERE owner = 'a' GROUP BY state",
        "SELECT count(*) FROM jobs WHERE owner = 'a' AND state = 'queued'",
    ]
    with file.reading() as connection:
        plans = [str(connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()) for query in queries]

    assert all("jobs_by_owner" in plan for plan in plans)
    assert not any("TEMP B-TREE" in plan for plan in plans)


def test_a_job_that_fits_is_preferred_among_the_next_of_its_priority_alone(store: JobStore) -> None:
    first, *_ = (submit(store, models="a") for _ in range(3))
    fitting = submit(store, models="b", stack="s")
    submit(store, models="b", stack="s", priority=-1)

    assert store.claim(Preference(models="b")) == (claimed := store.find(fitting.id), False)
    assert claimed.state is JobState.RUNNING
    assert not store.has_queued("s")
    assert store.claim(Preference(stack="s")) is None
    assert store.claim(Preference(models="b")) == (store.find(first.id), True)
    urgent = submit(store, models="c", priority=1)
    assert store.claim(Preference(models="a")) == (store.find(urgent.id), True)


def test_only_the_next_jobs_are_looked_at(store: JobStore) -> None:
    for _ in range(LOOKAHEAD):
        submit(store)
    submit(store, stack="s")

    assert store.claim(Preference(stack="s")) is None


def complete(store: JobStore, *names: str, **more: Any) -> Job:
    """Queue a job and end it with files of these names."""
    submit(store, **more)
    files = [JobOutput(name, 0, name, "ab" * 32, 1) for name in names]
    done = store.complete(claim(store), JobEnd(JobState.SUCCEEDED, files))
    assert done is not None
    return done


def test_a_search_holds_up_no_other_thread(file: JobFile, store: JobStore) -> None:
    job = complete(store, "a.png", values={"text": "pear"})
    found: list[str] = []
    search = threading.Thread(target=lambda: found.extend(row.id for row in store.list_results(wanted)))
    wanted = ResultFilter(words=("PEAR",))

    with file.transaction():
        search.start()
        search.join(PATIENCE_SECONDS)

    assert found == [f"{job.id}.0"]


def test_a_search_reads_the_begin_of_long_values_and_words(store: JobStore) -> None:
    complete(store, "a.png", values={"text": "pear" + "a" * 2**20 + "plum"})

    def count(word: str) -> int:
        return len(store.list_results(ResultFilter(words=(word,))))

    assert [count(word) for word in ("pear", "plum", "a" * 64 + "b", "a" * 63 + "b")] == [1, 0, 1, 0]


def test_a_search_that_takes_too_long_is_an_error(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(20):
        complete(store, *"abcdefgh")
    monkeypatch.setattr(job_store, "_SEARCH_SECONDS", -1.0)

    with pytest.raises(UsageError) as caught:
        store.list_results(ResultFilter(words=("nothing",)))

    assert caught.value.code == "E809"
    assert len(store.list_jobs(JobFilter())) == 20
