"""The log of events: read from any position, woken from any thread, and bounded."""

from __future__ import annotations

import asyncio
import threading

from studio.server.event_log import EPOCH, EventLog, parse_event_id


def test_a_reader_gets_what_came_after_its_position_or_learns_that_some_of_it_is_gone() -> None:
    log = EventLog(asyncio.new_event_loop(), first=5)
    log._loop.close()
    for number in range(3000):
        log.add("node", {"n": number})

    assert [entry.number for entry in log.read_after(3003) or ()] == [3004, 3005]
    assert log.read_after(3005) == []
    assert log.read_after(3006) is None
    assert log.read_after(5) is None
    assert len(log.read_after(3005 - 2048) or ()) == 2048


def test_watchers_are_woken_by_another_thread_and_miss_nothing() -> None:
    async def watch(log: EventLog) -> list[int]:
        number, seen = 0, []
        while not (log.is_closed and number == log.last):
            await log.wait(number, 10)
            entries = log.read_after(number) or []
            seen += [entry.number for entry in entries]
            number = seen[-1] if seen else 0
        return seen

    async def run() -> list[list[int]]:
        log = EventLog(asyncio.get_running_loop())

        def write() -> None:
            for number in range(500):
                log.add("node", {"n": number})
            log.close()

        thread = threading.Thread(target=write)
        watching = [asyncio.create_task(watch(log)) for _ in range(20)]
        await asyncio.sleep(0)
        thread.start()
        found = await asyncio.gather(*watching)
        thread.join()
        return found

    assert asyncio.run(run()) == [[*range(1, 501)]] * 20


def test_waiting_ends_when_the_time_is_over() -> None:
    async def run() -> bool:
        return await EventLog(asyncio.get_running_loop()).wait(0, 0.001)

    assert not asyncio.run(run())


def test_an_id_counts_only_for_this_start_of_the_server() -> None:
    assert parse_event_id(f"{EPOCH}-12") == 12
    for text in (None, "", "12", f"{EPOCH}-", f"{EPOCH}-x", f"{EPOCH}--1", f"{EPOCH}-{'9' * 20}", f"x{EPOCH}-1"):
        assert parse_event_id(text) is None


def test_a_log_takes_a_bounded_number_of_bytes_and_few_when_it_is_closed() -> None:
    log = EventLog(asyncio.new_event_loop())
    log._loop.close()
    for _ in range(100):
        log.add("node", {"text": "x" * 50_000})

    before = sum(len(entry.text) for entry in log._entries)
    log.close()

    assert before <= 2**20
    assert sum(len(entry.text) for entry in log._entries) <= 2**16
    assert log.read_after(99) != []
    assert log.read_after(0) is None


def test_only_the_newest_preview_is_kept() -> None:
    log = EventLog(asyncio.new_event_loop())
    log._loop.close()
    for number in range(5):
        log.add("preview", {"n": number})
        log.add("node", {"n": number})

    entries = log.read_after(0) or []

    assert [entry.number for entry in entries] == list(range(1, 11))
    assert [b"preview" in entry.text for entry in entries] == [False] * 8 + [True, False]
    assert b"".join(entry.text for entry in entries).count(b"event: node") == 5
