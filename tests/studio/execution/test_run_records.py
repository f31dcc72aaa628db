"""Records of runs: what one machine looked for another asks for all at once; a record is never believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, open_studio
from slow_storage import SlowStorage

from studio.app import Studio
from studio.batch.python_call import batch
from studio.cache.run_record import MOST_FINGERPRINTS

LENGTH = 100
URL = "slow://cache"


@pytest.fixture(autouse=True)
def storage() -> Iterator[type[SlowStorage]]:
    """An empty storage that is slow to answer."""
    SlowStorage.store.clear()
    SlowStorage.forget_requests()
    yield SlowStorage
    SlowStorage.store.clear()


def build_chain(length: int = LENGTH, begin: int = 0) -> dict[str, Any]:
    """Return a graph in which each node takes what the one before it made."""
    nodes: dict[str, Any] = {"n0": ("fake.add", {"a": begin})}
    nodes |= {f"n{i}": ("fake.add", {"a": f"@n{i - 1}"}) for i in range(1, length)}
    return graph(nodes, end=f"n{length - 1}")


def open_machine(folder: Path, probe: Probe, url: str = URL) -> Studio:
    """Return the Studio of a machine with an empty cache of its own."""
    return open_studio(folder, probe, cache_url=url)


def fill(tmp_path: Path, document: dict[str, Any]) -> Any:
    """Run a graph on a first machine; return its result."""
    with open_machine(tmp_path / "first", Probe()) as studio:
        result = studio.run(document)
        assert result.warnings == []
    SlowStorage.forget_requests()
    return result["end"]


def run_elsewhere(tmp_path: Path, document: dict[str, Any], url: str = URL) -> tuple[Any, int]:
    """Run a graph on another machine; return its result and how many nodes ran."""
    probe = Probe()
    with open_machine(tmp_path / "second", probe, url) as studio:
        result = studio.run(document)
        assert result.warnings == []
        return result["end"], probe.calls["add"]


def find_record() -> str:
    """Return the name of the only record."""
    (name,) = (name for name in SlowStorage.store if "/runs/" in name)
    return name


def write_record(content: Any) -> None:
    """Put something in the place of the record."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    SlowStorage(skip_instance_cache=True).pipe_file(find_record(), data)
    SlowStorage.forget_requests()


def read_record() -> dict[str, Any]:
    """Return the record."""
    return dict(json.loads(SlowStorage.store[find_record()].getvalue()))


def test_a_chain_that_another_machine_ran_is_asked_for_together(tmp_path: Path) -> None:
    expected = fill(tmp_path, build_chain())

    result, ran = run_elsewhere(tmp_path, build_chain())

    asked = SlowStorage.list_requests("read")
    assert (result, ran) == (expected, 0)
    assert sorted(name.split("/")[0] for name in asked) == ["actions"] * LENGTH + ["blobs", "runs"]
    assert len(set(asked)) == len(asked)
    assert SlowStorage.count_rounds() <= 10
    assert SlowStorage.list_requests("write") == []


def test_a_machine_that_knows_all_asks_for_nothing(tmp_path: Path) -> None:
    fill(tmp_path, build_chain(5))

    fill(tmp_path, build_chain(5))
    with open_machine(tmp_path / "first", Probe()) as studio:
        studio.run(build_chain(5))

    assert SlowStorage.requests == []


def test_new_work_asks_for_its_record_once_and_for_each_node_once(tmp_path: Path) -> None:
    with open_machine(tmp_path / "first", Probe()) as studio:
        studio.run(build_chain(5))

    asked = [name.split("/")[0] for name in SlowStorage.list_requests("read")]
    assert asked.count("runs") == 1
    assert asked.count("actions") == 6  # the first node: before and after it is claimed


def test_a_list_of_images_comes_with_its_entries(tmp_path: Path) -> None:
    document = graph({"i": ("fake.images", {"n": 4}), "m": ("fake.mean", {"image": "@i"})}, end="m", images="i")
    expected = fill(tmp_path, document)

    result, ran = run_elsewhere(tmp_path, document)

    asked = [name.split("/")[0] for name in SlowStorage.list_requests("read")]
    assert (result, ran) == (expected, 0)
    assert len(asked) == len(set(SlowStorage.list_requests("read")))
    assert SlowStorage.count_rounds() <= 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        [],
        {"format": 2, "fingerprints": [], "outputs": []},
        {"format": 1, "fingerprints": "../x", "outputs": []},
        {"format": 1, "fingerprints": ["../../etc/passwd"], "outputs": []},
        {"format": 1, "fingerprints": [1, None], "outputs": []},
        {"format": 1, "fingerprints": ["a" * 64] * (MOST_FINGERPRINTS + 1), "outputs": []},
        {"format": 1, "fingerprints": [], "outputs": ["a" * 64] * 100_000},
        {"format": 1, "fingerprints": ["a" * 64], "outputs": ["b" * 64]},
        {"format": 1, "fingerprints": [], "outputs": []},
    ],
)
def test_a_record_is_not_believed_and_replaced(tmp_path: Path, content: Any) -> None:
    expected = fill(tmp_path, build_chain(5))
    whole = read_record()
    write_record(content)

    result, ran = run_elsewhere(tmp_path, build_chain(5))

    assert (result, ran) == (expected, 0)
    assert read_record() == whole
    allowed = {name.split("/")[0] for name in SlowStorage.list_requests("read")}
    assert allowed <= {"runs", "actions", "blobs"}


def test_without_a_record_each_node_is_asked_for(tmp_path: Path) -> None:
    expected = fill(tmp_path, build_chain(5))
    del SlowStorage.store[find_record()]

    assert run_elsewhere(tmp_path, build_chain(5)) == (expected, 0)
    assert len(read_record()["fingerprints"]) == 5


def test_a_record_of_results_that_are_gone_is_no_use_and_does_no_harm(tmp_path: Path) -> None:
    expected = fill(tmp_path, build_chain(5))
    for name in [name for name in SlowStorage.store if "/actions/" in name or "/blobs/" in name]:
        del SlowStorage.store[name]

    assert run_elsewhere(tmp_path, build_chain(5)) == (expected, 5)


def test_a_damaged_action_among_those_asked_for_is_made_again(tmp_path: Path) -> None:
    expected = fill(tmp_path, build_chain(5))
    name = next(name for name in SlowStorage.store if "/actions/" in name)
    SlowStorage(skip_instance_cache=True).pipe_file(name, b'{"outputs": {"value": "../../x"}}')

    assert run_elsewhere(tmp_path, build_chain(5)) == (expected, 1)


def test_other_inputs_have_another_record(tmp_path: Path) -> None:
    fill(tmp_path, build_chain(3))
    with open_machine(tmp_path / "first", Probe()) as studio:
        studio.run(build_chain(3, begin=1))

    assert len([name for name in SlowStorage.store if "/runs/" in name]) == 2


def test_a_storage_that_is_only_read_stays_as_it_is(tmp_path: Path) -> None:
    expected = fill(tmp_path, build_chain(5))
    blob = next(name for name in SlowStorage.store if "/blobs/" in name)
    SlowStorage(skip_instance_cache=True).pipe_file(blob, b"damaged")
    before = {name: file.getvalue() for name, file in SlowStorage.store.items()}
    SlowStorage.forget_requests()

    probe = Probe()
    with open_machine(tmp_path / "second", probe, f"{URL}?mode=read") as studio:
        assert studio.run(build_chain(5))["end"] == expected
        assert studio.run(build_chain(4, begin=7))["end"] == 11
        for digest in [name.rsplit("/", 1)[1] for name in before if "/blobs/" in name]:
            studio.cache.load(digest)

    assert {name: file.getvalue() for name, file in SlowStorage.store.items()} == before
    assert {kind for kind, _ in SlowStorage.requests} == {"read"}


def test_items_of_a_batch_share_what_they_ask_for(tmp_path: Path) -> None:
    document = build_chain(4)
    document["inputs"] = {"begin": {"type": "int"}}
    document["nodes"]["n0"]["inputs"]["a"] = {"from": "inputs.begin"}
    items = [{"begin": number} for number in (10, 20, 30)]
    for machine, expected in (("first", 12), ("second", 0)):
        SlowStorage.forget_requests()
        probe = Probe()
        with open_machine(tmp_path / machine, probe) as studio:
            made = list(batch(document, items, studio=studio))
            assert sorted(item.outputs["end"] for item in made) == [14, 24, 34]
        assert probe.calls["add"] == expected

    asked = SlowStorage.list_requests("read")
    assert sorted(name.split("/")[0] for name in asked if "blobs" not in name) == ["actions"] * 12 + ["runs"] * 3
