"""Whole batches: going on, sharing, retrying, crashes that cost one item, and exit codes."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

import studio as package
from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.groups import ItemsError, list_rows
from studio.batch.item import ItemState
from studio.batch.item_import import ImportSummary
from studio.batch.ledger import Ledger
from studio.batch.names import clean_name
from studio.batch.python_call import BatchItem
from studio.batch.spec import BatchSpec, create_spec
from studio.batch.worker_share import create_environments
from studio.errors import RunError
from studio.settings import Settings
from tests.studio.batch.conftest import ADDING, TROUBLED, Make, from_input, graph_of, start_batch, write_csv
from tests.studio.batch.ledgers import copy_old_ledger

pytestmark = pytest.mark.xdist_group("processes")

DOUBLED = graph_of(
    {"work": {"type": "work.double", "inputs": {"a": from_input("a"), "log": from_input("log")}}},
    {"a": {"type": "int"}, "log": {"type": "text", "default": ""}},
    {"number": "work"},
)


def run(studio: Studio, graph: dict[str, Any], rows: list[dict[str, Any]], out: Path, **more: Any) -> list[BatchItem]:
    return list(package.batch(graph, rows, out, studio=studio, **more))


def find_states(out: Path) -> dict[str, str]:
    with Ledger(out) as ledger:
        return {row.name: row.state for row in ledger.items()}


def check_files(out: Path) -> int:
    """Check that the ledger's files are there with their digests, and no others; return how many."""
    with Ledger(out) as ledger:
        told = {output.path: output.digest for row in ledger.items() for output in row.outputs}
    found = {
        path.relative_to(out).as_posix(): blake3(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and not {".studio", "gallery.html", "gallery_files"} & set(path.parts)
    }
    assert found == told
    return len(told)


def test_a_batch_goes_on_where_it_stopped(working: Studio, tmp_path: Path) -> None:
    log = tmp_path / "log"
    rows = [{"name": f"n{number}", "a": number, "log": str(log)} for number in range(30)]
    first = package.batch(DOUBLED, rows, tmp_path / "out", studio=working, workers=0, cache="off", window=4)
    done = [next(first).name for _ in range(10)]
    first.close()

    rest = run(working, DOUBLED, rows, tmp_path / "out", workers=0, cache="off")

    assert not set(done) & {item.name for item in rest}
    assert set(find_states(tmp_path / "out").values()) == {"done"}
    assert check_files(tmp_path / "out") == 30
    assert run(working, DOUBLED, rows, tmp_path / "out") == []


def test_a_changed_item_and_a_changed_graph_are_noticed(working: Studio, tmp_path: Path) -> None:
    rows = [{"name": f"n{number}", "a": number} for number in range(4)]
    run(working, DOUBLED, rows, tmp_path / "out", workers=0)

    changed = run(working, DOUBLED, [*rows[:3], {"name": "n3", "a": 9}], tmp_path / "out", workers=0)
    titled = run(working, DOUBLED | {"title": "x"}, [*rows[:3], {"name": "n3", "a": 9}], tmp_path / "out", workers=0)
    other = {**DOUBLED, "nodes": {"work": {"type": "work.double", "inputs": {"a": 5}}}}
    again = run(working, other, rows, tmp_path / "out", workers=0)

    assert [item.name for item in changed] == ["n3"]
    assert json.loads((tmp_path / "out/n3.json").read_text(encoding="utf-8")) == 10
    assert titled == []
    assert len(again) == 4


def test_an_item_stays_done_if_a_node_states_the_version_that_it_had(working: Studio, tmp_path: Path) -> None:
    rows = [{"name": f"n{number}", "a": number} for number in range(3)]
    run(working, DOUBLED, rows, tmp_path / "out", workers=0)
    stated = {**DOUBLED, "nodes": {"work": {**DOUBLED["nodes"]["work"], "version": "1.0"}}}

    again = run(working, stated, rows, tmp_path / "out", workers=0)

    assert again == []
    with Ledger(tmp_path / "out") as ledger:
        assert ledger.describe()["graph"]["nodes"]["work"]["version"] == "1.0"


def test_a_changed_input_file_is_noticed(working: Studio, tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4), "red").save(tmp_path / name)
    graph = graph_of(
        {"turn": {"type": "image.invert", "inputs": {"image": from_input("photo")}}},
        {"photo": {"type": "image"}},
        {"picture": "turn"},
    )
    rows = [{"name": name, "photo": str(tmp_path / f"{name}.png")} for name in ("a", "b")]
    run(working, graph, rows, tmp_path / "out", workers=0)
    Image.new("RGB", (5, 4), "blue").save(tmp_path / "b.png")

    again = run(working, graph, rows, tmp_path / "out", workers=0)

    assert [(item.name, item.state) for item in again] == [("b", "done")]


WEIGHING = '''"""A node type that takes weights."""

from studio.api import Context, Model, hookimpl, node


@node("weigh.name", code=1)
def name(ctx: Context, *, model: Model = Model("builtin:none")) -> str:
    """Name the weights."""
    return str(model)


@hookimpl
def studio_node_types():
    return [name]
'''


@pytest.mark.parametrize("where", ["table", "graph"])
def test_changed_weights_are_noticed(tmp_path: Path, where: str) -> None:
    (tmp_path / "studio_weigh.py").write_text(WEIGHING, encoding="utf-8")
    for name in "ab":
        write_weights(tmp_path / f"{name}.safetensors", 1)
    references = {name: f"file:{tmp_path}/{name}.safetensors" for name in "ab"}
    model = from_input("model") if where == "table" else references["b"]
    graph = graph_of(
        {"weigh": {"type": "weigh.name", "inputs": {"model": model}}}, {"model": {"type": "model"}}, {"told": "weigh"}
    )
    rows = [{"name": name, "model": reference} for name, reference in references.items()]

    with Studio(Settings(cache_dir=tmp_path / "cache", plugins_dir=tmp_path, device="cpu")) as studio:
        run(studio, graph, rows, tmp_path / "out", workers=0)
        assert run(studio, graph, rows, tmp_path / "out", workers=0) == []
        write_weights(tmp_path / "b.safetensors", 2)
        again = run(studio, graph, rows, tmp_path / "out", workers=0)

    expected = [(name, "done") for name in ("b" if where == "table" else "ab")]
    assert sorted((item.name, item.state) for item in again) == expected


def write_weights(path: Path, size: int) -> None:
    header = json.dumps({"x": {"dtype": "F32", "shape": [size], "data_offsets": [0, 4 * size]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4 * size))


def test_workers_share_the_cores(working: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    asked: list[Any] = []
    started = Batch(working, create_spec(working.load(DOUBLED), tmp_path), []).find_starter(os.cpu_count() or 1)

    monkeypatch.setattr("studio.batch.batch.ProcessWorker", lambda *given: asked.extend(given))
    started(0, lambda *_: None)

    spec, *_, environment, _ = asked
    assert spec.settings["workers"] == 1
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert create_environments(4, 8, [])[3]["OMP_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in create_environments(1, 8, [])[0]


# -- what goes wrong -----------------------------------------------------------------------------------------


def test_items_that_raise_crash_hang_or_run_out_fail_alone_with_their_cause(working: Studio, tmp_path: Path) -> None:
    kinds = ["raise", "exit", "segfault", "memory", "disk", "hang"]
    rows = [{"name": f"ok{number}", "a": number} for number in range(12)]
    for position, kind in enumerate(kinds):
        rows.insert(2 * position, {"name": kind, "a": 1, "kind": kind})
    rows += [{"name": "🦊", "a": 50}, {"name": "x" * 300, "a": 51}]

    results = {item.name: item for item in run(working, TROUBLED, rows, tmp_path / "out", timeout_seconds=3)}

    failed = {name: item.error["code"] for name, item in results.items() if item.error}
    codes = {"raise": "E301", "exit": "E745", "segfault": "E745", "memory": "E304", "disk": "E310", "hang": "E305"}
    assert failed == codes
    assert len(results) == 20
    assert "exit code 7" in results["exit"].error["message"]  # type: ignore[index]
    assert "SIGSEGV" in results["segfault"].error["message"]  # type: ignore[index]
    details = results["segfault"].error["details"]  # type: ignore[index]
    assert details.startswith("Fatal Python error: Segmentation fault")
    assert " in trouble" in details
    assert json.loads((tmp_path / f"out/{clean_name(chr(0x1F98A))}.json").read_text(encoding="utf-8")) == 51
    assert check_files(tmp_path / "out") == 14


@pytest.mark.parametrize("workers", [0, 1])
def test_text_that_utf_8_cannot_encode_fails_no_batch(working: Studio, tmp_path: Path, workers: int) -> None:
    kinds = {"letters": "E301", "mute": "E301", "": None}
    rows = [{"name": f"half \ud800{kind}", "a": 1, "kind": kind} for kind in kinds]
    rows.append({"name": "byte \udce9", "a": 2, "kind": ""})

    results = list(run(working, TROUBLED, rows, tmp_path / "out", workers=workers))
    again = list(run(working, TROUBLED, rows, tmp_path / "out", workers=workers))

    codes = {f"half \ufffd{kind}": code for kind, code in kinds.items()} | {"byte %E9": None}
    assert {item.name: item.error and item.error["code"] for item in results} == codes
    assert "this one is" in next(item for item in results if item.name.endswith("letters")).error["message"]
    assert (tmp_path / "out/byte %E9.json").read_text() == "3\n"
    assert again == []
    with Ledger(tmp_path / "out") as ledger:
        assert sorted(row.name for row in ledger.items()) == sorted(codes)


FULL_OF = {
    "pictures": {"type": "work.paint", "inputs": {"seed": from_input("seed"), "side": 256}},
    "texts": {"type": "work.write_text", "inputs": {"number": from_input("seed"), "length": 200_000}},
}


@pytest.mark.parametrize("what", FULL_OF)
def test_a_full_disk_stops_a_batch_and_fails_no_item(working: Studio, small_disk: Path, what: str) -> None:
    graph = graph_of({"work": FULL_OF[what]}, {"seed": {"type": "int"}}, {"made": "work"})
    rows = [{"name": f"n{number}", "seed": number} for number in range(30)]
    out = small_disk / "out"

    with pytest.raises(RunError) as caught:
        run(working, graph, rows, out, workers=0, window=1)

    assert caught.value.code == "E748"
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert set(find_states(out).values()) == {"done", "pending"}
    run(working, graph, rows, out, workers=0)
    assert check_files(out) == 30


@pytest.mark.slow
def test_an_item_whose_worker_is_killed_each_time_fails_in_the_end(working: Studio, tmp_path: Path) -> None:
    rows = [{"name": "bad", "a": 1, "kind": "killed"}, {"name": "good", "a": 1}]

    results = {item.name: item for item in run(working, TROUBLED, rows, tmp_path / "out")}

    assert results["good"].state == "done"
    assert "SIGKILL" in results["bad"].error["message"]  # type: ignore[index]


def test_a_file_that_cannot_be_written_fails_its_item_alone(working: Studio, tmp_path: Path) -> None:
    (tmp_path / "out/n1.json").mkdir(parents=True)

    results = run(working, DOUBLED, [{"name": f"n{n}", "a": n} for n in range(3)], tmp_path / "out", workers=0)

    assert {item.name: item.error and item.error["code"] for item in results} == {"n0": None, "n1": "E312", "n2": None}


def test_failed_items_are_tried_again_as_often_as_asked(working: Studio, tmp_path: Path) -> None:
    rows = [{"name": "bad", "a": 1, "kind": "raise"}, {"name": "good", "a": 1}]

    results = run(working, TROUBLED, rows, tmp_path / "out", workers=0, retries=1)

    with Ledger(tmp_path / "out") as ledger:
        attempts = {row.name: row.attempts for row in ledger.items()}
    assert attempts == {"bad": 2, "good": 1}
    assert [item.name for item in results] == ["good", "bad"]


def test_stopping_at_the_first_failure_leaves_the_rest_to_be_done(working: Studio, tmp_path: Path) -> None:
    rows = [{"name": "bad", "a": 1, "kind": "raise"}, *({"name": f"n{n}", "a": n} for n in range(50))]

    run(working, TROUBLED, rows, tmp_path / "out", workers=0, on_error="stop", window=2)

    states = list(find_states(tmp_path / "out").values())
    assert states.count("failed") == 1
    assert states.count("pending") > 30


def test_a_worker_that_cannot_start_ends_the_batch_with_the_reason(
    working: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.errors import RunError

    monkeypatch.setattr("sys.executable", "/bin/false")

    with pytest.raises(RunError, match="no worker can be started") as error:
        run(working, DOUBLED, [{"a": 1}], tmp_path / "out")

    assert error.value.code == "E746"
    assert find_states(tmp_path / "out") == {"00001": "pending"}


# -- several at once -----------------------------------------------------------------------------------------


def test_two_processes_share_a_batch_and_do_no_item_twice(working: Studio, tmp_path: Path) -> None:
    graph = tmp_path / "graph.json"
    graph.write_text(json.dumps(DOUBLED), encoding="utf-8")
    log = tmp_path / "log"
    rows = [f"n{number},{number},{log}" for number in range(60)]
    table = write_csv(tmp_path / "items.csv", "name,a,log", *rows)
    options = [graph, table, "-o", tmp_path / "out", "--workers", "0", "--no-cache", "--window", "4"]
    options += ["--plugins-dir", tmp_path / "plugins"]

    processes = [start_batch(tmp_path, *options) for _ in range(2)]
    ends = [process.communicate(timeout=100) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ends
    assert sorted(map(int, log.read_text(encoding="utf-8").split())) == list(range(60))
    assert check_files(tmp_path / "out") == 60


# -- names, before anything runs ---------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("a:", "a?")])
def test_two_items_of_one_name_are_reported(make: Make, tmp_path: Path, names: tuple[str, str]) -> None:
    batch = make(ADDING, [{"name": name, "a": 1} for name in names], tmp_path / "out")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError) as error:
        batch.import_items(ledger)

    assert (error.value.findings[0].code, error.value.findings[0].where) == ("E743", "items[1]")
    assert "items[0]" in error.value.findings[0].message


def test_a_name_that_leaves_the_folder_is_reported_before_anything_runs(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"name": "../../up", "a": 1}], tmp_path / "out")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError) as error:
        batch.import_items(ledger)

    assert error.value.findings[0].code == "E743"


def test_two_items_whose_nodes_would_write_into_one_folder_are_reported(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"name": "m?", "a": 1}, {"name": "m*", "a": 2}], tmp_path / "out", template="{a}.{ext}")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError) as error:
        batch.import_items(ledger)

    assert (error.value.findings[0].code, error.value.findings[0].where) == ("E743", "items[1]")


def test_a_template_that_names_two_items_alike_is_reported(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"a": 1}, {"a": 1}], tmp_path / "out", template="{a}.{ext}")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError, match=r"'1\.\*'"):
        batch.import_items(ledger)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(make: Make, tmp_path: Path) -> None:
    import tracemalloc

    # pathlib interns names; at times the interpreter enlarges its table of them, however long tests before made that
    own = [tracemalloc.Filter(inclusive=False, filename_pattern=pathlib.__file__)]

    def find_held() -> int:
        return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(own).traces)

    def rows(count: int, held: list[int]) -> Iterator[dict[str, int]]:
        for number in range(count):
            if number % 500 == 499:
                held.append(find_held())
            yield {"a": number}

    peaks = []
    for count in (1_000, 10_000):
        held: list[int] = []
        with Ledger(tmp_path / str(count), create=True) as ledger:
            batch = make(ADDING, [list_rows(rows(count, held))], tmp_path / str(count))
            tracemalloc.start()
            assert batch.import_items(ledger).total == count
            tracemalloc.stop()
        peaks.append(max(held))

    assert peaks[1] < 1.2 * peaks[0] + 100_000  # a row kept in memory would be ten times that


# -- a batch of an earlier release -------------------------------------------------------------------------

GOLDEN = Path(__file__).parent / "golden"
GOLDEN_STATES = {"one": "done", "two": "done", "three/deep": "done", "thirteen": "failed"}


@pytest.fixture
def golden(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with the plugin of a batch that release 0.1.0 began in `tmp_path / "out"`; see golden/make_golden.py."""
    for name in ("graph.json", "items.csv", "studio_golden.py"):
        shutil.copy(GOLDEN / name, tmp_path)
    shutil.copytree(GOLDEN / "files", tmp_path / "out")
    copy_old_ledger(tmp_path / "out")
    with Studio(Settings(cache_dir=tmp_path / "cache", plugins_dir=tmp_path, device="cpu")) as studio:
        yield studio


def test_a_ledger_of_release_0_1_0_is_read(golden: Studio, tmp_path: Path) -> None:
    with Ledger(tmp_path / "out") as ledger:
        rows = {row.name: row for row in ledger.items(states=ItemState)}
        summary = ledger.summary()
        facts = ledger.describe()

    states = {**GOLDEN_STATES, "lost": "running", "late": "pending", "gone": "removed"}
    assert {name: row.state for name, row in rows.items()} == states
    assert rows["two"].values == {"a": 2, "word": "äpfel"}
    assert [output.path for output in rows["three/deep"].outputs] == ["three/deep_number.json", "three/deep_text.txt"]
    assert rows["thirteen"].error is not None
    assert rows["thirteen"].error["code"] == "E301"
    assert (summary.total, summary.calls, summary.causes[0][2]) == (6, 8, "thirteen")
    assert (facts["title"], facts["version"]) == ("Golden batch", "0.1.0")
    assert BatchSpec.from_json(facts["spec"]).window == 1


def test_a_batch_that_release_0_1_0_began_is_resumed_and_nothing_is_redone(golden: Studio, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.json")}
    imports: list[ImportSummary] = []

    results = list(
        package.batch(
            tmp_path / "graph.json",
            tmp_path / "items.csv",
            tmp_path / "out",
            workers=0,
            studio=golden,
            on_import=imports.append,
        )
    )

    assert imports == [ImportSummary(total=6, kept=6)]
    assert {item.name: item.state for item in results} == {"lost": "done", "late": "done"}
    assert find_states(tmp_path / "out") == {**GOLDEN_STATES, "lost": "done", "late": "done"}
    assert (tmp_path / "out/lost_number.json").read_text("utf-8") == "10\n"
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert check_files(tmp_path / "out") == 11


def test_workers_follow_no_link_to_write_their_logs(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"a": 1}], tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/.studio").mkdir(parents=True)
    (tmp_path / "out/.studio/workers").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RunError, match="E313"):
        batch.find_starter(1)


WRITING = graph_of(
    {"keep": {"type": "fake.write", "inputs": {"a": from_input("a"), "path": "b.txt"}}},
    {"a": {"type": "int"}},
    {"kept": "keep"},
)


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a", "x", "A/b/c")])
def test_an_item_in_the_folder_of_another_is_refused_where_nodes_write_files(
    make: Make, tmp_path: Path, names: tuple[str, ...]
) -> None:
    batch = make(WRITING, [{"name": name, "a": 1} for name in names], tmp_path / "out")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError) as caught:
        batch.import_items(ledger)

    assert [finding.code for finding in caught.value.findings] == ["E743"]
    assert f"duplicate folder for files of item {names[-1]!r}, used by item {names[0]!r}" in str(caught.value)


def test_items_in_folders_of_others_are_fine_where_no_node_writes_files(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"name": name, "a": 1} for name in ("a", "a/b")], tmp_path / "out")

    with Ledger(tmp_path / "out", create=True) as ledger:
        assert batch.import_items(ledger).added == 2


def test_files_of_an_item_in_its_own_folder_are_fine(make: Make, tmp_path: Path) -> None:
    rows = [{"name": name, "a": 1} for name in ("a", "ab", "b")]
    batch = make(WRITING, rows, tmp_path / "out", template="{item.name}/{output}.{ext}")

    with Ledger(tmp_path / "out", create=True) as ledger:
        assert batch.import_items(ledger).added == 3
