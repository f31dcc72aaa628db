"""`studio batch`: exit codes, what it says, what it refuses, status and export."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk, Done

LENGTHS: dict[str, Any] = {
    "inputs": {
        "text": {"type": "text"},
        "bad": {"type": "text", "default": "[]"},
        "seed": {"type": "int", "default": 0},
    },
    "nodes": {"read": {"type": "logic.parse_json", "inputs": {"text": {"from": "inputs.bad"}}}},
    "outputs": {"value": {"from": "read"}, "text": {"from": "inputs.text"}},
}


@pytest.fixture
def batch(desk: Desk) -> Any:
    """Run a batch of the graph in this process: `batch(lines, *options)`."""
    graph = desk.write_graph("graph.json", LENGTHS)

    def run(lines: list[str], *options: str | Path) -> Done:
        (desk / "items.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        out = ["-o", desk / "out", "--workers", "0", "--no-gallery", "--cache-dir", desk / "cache"]
        return desk.call("batch", graph, desk / "items.csv", *out, *options)

    return run


def test_options_may_come_before_the_graph(desk: Desk) -> None:
    graph = desk.write_graph("graph.json", LENGTHS)

    done = desk.call("batch", "--workers", "0", "--no-gallery", graph, "-s", "text=hello", "-o", desk / "out")

    assert done.code == 0, done.text
    assert [path.read_text(encoding="utf-8") for path in (desk / "out").glob("*_text.txt")] == ["hello"]
    assert desk.call("batch", "--debug", "status", desk / "out").code == 0


def test_a_batch_makes_the_result_of_a_node(desk: Desk, batch: Any) -> None:
    done = batch(["name,text", "a,hello"], "--only", "read")

    assert done.code == 0, done.text
    assert list_files(desk / "out") == ["a.json"]


@pytest.mark.parametrize("command", [["run"], ["rerun"], ["batch", "run"]])
def test_the_help_lists_every_exit_code(desk: Desk, command: list[str]) -> None:
    text = " ".join(desk.call(*command, "--help").out.split())

    codes = text.partition("Exit codes: ")[2].partition(".")[0]
    assert codes.endswith("130 cancelled, 141 the reader of the output ended, 143 cancelled by SIGTERM")
    assert "70 a bug in Studio" in codes


def list_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_batch_writes_its_files_and_goes_on_where_it_stopped(desk: Desk, batch: Any) -> None:
    first = batch(["name,text", "a,hello", "b,world"])
    again = batch(["name,text", "a,hello", "b,world", "c,!"])

    assert (first.code, again.code) == (0, 0), first.text
    assert "2 items: 2 new, 0 changed, 0 as before, 0 gone" in first.err
    assert "3 items: 1 new, 0 changed, 2 as before, 0 gone" in again.err
    assert list_files(desk / "out") == [f"{n}_{o}" for n in "abc" for o in ("text.txt", "value.json")]
    assert (desk / "out/b_text.txt").read_text(encoding="utf-8") == "world"


def test_bad_rows_are_reported_with_their_lines_and_nothing_runs(desk: Desk, batch: Any) -> None:
    done = batch(["name,text,seed", "a,hello,1", "b,world,x", "c"])

    assert done.code == 2
    assert "E114 at items.csv:3#/seed" in done.err
    assert "E741 at items.csv:4" in done.err
    assert list_files(desk / "out") == []


def test_the_exit_code_says_whether_some_or_all_failed(batch: Any) -> None:
    some = batch(["name,text,bad", "a,x,nonsense", "b,x,[1]"])
    everything = batch(["name,text,bad", "a,x,nonsense"])

    assert (some.code, everything.code) == (3, 1)
    assert "failed: a: E" in some.err
    assert "1 done, 1 failed of 2" in some.err


def test_failed_items_are_done_again_when_asked(batch: Any) -> None:
    lines = ["name,text,bad", "a,x,nonsense", "b,x,[1]"]
    batch(lines)

    left_alone, tried = batch(lines), batch(lines, "--retry-failed")

    assert "failed: a" not in left_alone.err
    assert "failed: a: E" in tried.err
    assert (left_alone.code, tried.code) == (3, 3)


PROBE = '''
from studio.api import Context, hookimpl, node


@node("probe.numbers", code=1, lane="device")
def numbers(ctx: Context) -> str:
    """Return what numbers networks compute in."""
    return ctx.dtype


@hookimpl
def studio_node_types():
    """Return the node type."""
    return [numbers]
'''


@pytest.mark.parametrize("workers", ["0", "1"])
def test_networks_compute_in_the_numbers_that_the_option_says(desk: Desk, workers: str) -> None:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_probe.py").write_text(PROBE, encoding="utf-8")
    graph = {"nodes": {"n": {"type": "probe.numbers"}}, "outputs": {"text": {"from": "n"}}}
    desk.write_graph("probe.json", graph)
    options = ["--repeat", "1", "--dtype", "bf16", "--plugins-dir", "plugins", "--device", "cpu", "--workers", workers]

    done = desk.call("batch", "probe.json", "-o", "out", *options)

    assert done.code == 0, done.text
    assert (desk / "out/001.txt").read_text(encoding="utf-8").strip() == "bfloat16"


def test_checking_runs_nothing(desk: Desk, batch: Any) -> None:
    done = batch(["name,text", "a,hello"], "--check")

    assert done.code == 0
    assert "1 item: 1 new" in done.err
    assert not (desk / "out").exists()


def test_checking_leaves_a_ledger_as_it_was(desk: Desk, batch: Any) -> None:
    batch(["name,text", "a,hello", "b,world"])

    checked = batch(["name,text", "a,other", "c,!"], "--check")
    status = desk.call("batch", "status", desk / "out", "--json").json

    assert "2 items: 1 new, 1 changed, 0 as before, 1 gone" in checked.err
    assert status["counts"] == {"pending": 0, "running": 0, "done": 2, "failed": 0, "held": 0}


def test_a_dash_reads_json_lines_from_the_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = desk.write_graph("graph.json", LENGTHS)
    options = ["-o", desk / "out", "--workers", "0", "--no-gallery", "--only", "text", "--cache-dir", desk / "cache"]
    lines = '{"name": "a", "text": "x"}\n\n{"name": "b", "text": "y", "seed": "z"}\n'

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode()), encoding="utf-8"))
    wrong = desk.call("batch", graph, "-", *options)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.replace('"z"', "3").encode()), encoding="utf-8"))
    right = desk.call("batch", graph, "-", *options, "--product", "bad=1,2")

    assert wrong.code == 2
    assert "E114 at -:3#/seed" in wrong.err
    assert right.code == 0, right.text
    assert list_files(desk / "out") == ["a_1.txt", "a_2.txt", "b_1.txt", "b_2.txt"]


@pytest.mark.parametrize(
    ("words", "address", "table"),
    [
        (["--ray", "items.csv"], "", "items.csv"),
        (["items.csv", "--ray"], "", "items.csv"),
        (["--ray", "10.0.0.1:6379", "items.csv"], "10.0.0.1:6379", "items.csv"),
        (["--ray", "ray://head:10001", "items.csv"], "ray://head:10001", "items.csv"),
        (["--ray=head:1", "items.csv"], "head:1", "items.csv"),
        (["--ray", "--workers", "2"], "", None),
    ],
)
def test_ray_takes_an_address_and_never_the_table(words: list[str], address: str, table: str | None) -> None:
    from studio.cli.batch_command import run_command

    read = run_command.make_context("run", ["graph.json", *words]).params

    assert read["ray_address"] == address
    assert (str(read["table"]) if read["table"] else None) == table


def test_the_command_line_makes_items_too(desk: Desk) -> None:
    graph = desk.write_graph("graph.json", LENGTHS)
    options = ["-o", desk / "out", "--workers", "0", "--no-gallery", "--only", "text", "--cache-dir", desk / "cache"]

    done = desk.call(
        "batch", graph, *options, "--product", 'text=a,"b, c"', "--repeat", "2", "--seed-from", "7",
        "--name", "{text}_{seed:03d}.{ext}",
    )  # fmt: skip

    assert done.code == 0, done.text
    assert list_files(desk / "out") == ["a_007.txt", "a_008.txt", "b, c_007.txt", "b, c_008.txt"]


def test_status_and_export_show_the_ledger(desk: Desk, batch: Any) -> None:
    batch(["name,text,bad", "a,=1+1,nonsense", "b,x,[1]"])

    status = desk.call("batch", "status", desk / "out", "--json").json
    told = desk.call("batch", "status", desk / "out").out
    rows = list(csv.DictReader(desk.call("batch", "export", desk / "out").out.splitlines()))
    desk.succeed("batch", "export", desk / "out", "--state", "failed", "-o", desk / "failed.jsonl")
    failed = [json.loads(line) for line in (desk / "failed.jsonl").read_text(encoding="utf-8").splitlines()]

    assert status["counts"] == {"pending": 0, "running": 0, "done": 1, "failed": 1, "held": 0}
    assert status["causes"][0]["first"] == "a"
    assert "1 done, 1 failed of 2" in told
    assert [(row["name"], row["state"], row["files"]) for row in rows][1] == ("b", "done", "b_value.json b_text.txt")
    assert [row["name"] for row in failed] == ["a"]
    assert failed[0]["error"]["code"] == "E324"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--name", "../{item.name}"], "E743"),
        (["--name", "{item.name}"], "E743"),
        (["--zip", "nothing"], "E749"),
        (["--product", "x=1"], "E110"),
        (["--repeat", "2", "--seed-from", "1", "--seed-input", "sed"], "E749"),
        (["--files", "text=nowhere/*.txt"], "E740"),
        (["--set", "seed=x"], "E114"),
    ],
)
def test_what_cannot_be_used_is_reported_before_anything_runs(
    desk: Desk, batch: Any, options: list[str], code: str
) -> None:
    done = batch(["name,text", "a,hello"], *options)

    assert done.code == 2
    assert code in done.err
    assert not (desk / "out").exists() or list_files(desk / "out") == []


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (["name"], ["--product", "text=a,b", "--product", "text=c"]),
        (["name"], ["--files", "text=*.csv", "--files", "text=*.json"]),
        (["name,text", "a,hello"], ["--product", "text=x"]),
        (["name,text", "a,hello"], ["--zip", "text=x"]),
        (["name,text", "a,hello"], ["--files", "text=*.csv"]),
        (["name,text,seed", "a,hello,7"], ["--repeat", "2"]),
        (["name,text", "a,hello"], ["--product", "seed=1,2", "--repeat", "2"]),
    ],
)
def test_an_input_that_two_places_give_is_an_error(
    desk: Desk, batch: Any, lines: list[str], options: list[str]
) -> None:
    done = batch([*lines, "b"] if lines == ["name"] else lines, *options)

    assert done.code == 2, done.text
    assert "twice" in done.err or "two" in done.err, done.err
    assert not (desk / "out").exists() or list_files(desk / "out") == []


def test_a_table_without_rows_is_an_error(desk: Desk, batch: Any) -> None:
    done = batch(["name,text"])

    assert done.code == 2, done.text
    assert "items.csv" in done.err


def test_a_folder_without_a_batch_is_reported(desk: Desk) -> None:
    done = desk.call("batch", "status", desk / "nowhere")

    assert done.code == 2
    assert "E742" in done.err
    assert not (desk / "nowhere").exists()


def test_help_needs_neither_numpy_nor_networkx(desk: Desk) -> None:
    assert not {"torch", "numpy", "networkx"} & desk.list_modules("batch", "--help")


def test_a_batch_whose_table_another_process_replaces_says_so_and_exits_with_3(
    desk: Desk, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.batch.item import Item
    from studio.batch.ledger import Ledger
    from studio.cli.batch_display import BatchDisplay

    def replace(self: BatchDisplay, item: Item, result: object) -> None:
        with Ledger(desk / "out") as other, other.import_items() as importing:
            importing.add(Item(0, "other", {}, "other.csv:2"), "f")

    monkeypatch.setattr(BatchDisplay, "show", replace)

    done = batch(["name,text", "a,1", "b,2", "c,3"], "--window", "1")

    assert done.code == 3
    assert "E744" in done.err


def test_a_full_disk_of_the_cache_is_a_warning_of_the_batch(
    desk: Desk, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from studio.cache.actions import explain_disk_error
    from studio.cache.cache import Cache

    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(Cache, "take_errors", lambda self: [explain_disk_error(full, desk / "cache")])

    done = batch(["name,text", "a,1"])

    assert done.code == 0
    assert done.err.count("warning: E402") == 1


def test_a_missing_model_of_a_row_is_found_by_the_check(desk: Desk) -> None:
    edge = {"from": "inputs.m"}
    upscale = {"type": "upscale.image", "inputs": {"image": {"from": "new"}, "model": edge}}
    new = {"type": "image.new", "inputs": {"width": 4, "height": 4}}
    graph = desk.write_graph("models.json", {"inputs": {"m": {"type": "model"}}, "nodes": {"new": new, "up": upscale},
                                             "outputs": {"up": {"from": "up"}}})  # fmt: skip
    (desk / "models.csv").write_text("m\nfile:/nope.safetensors\nbuiltin:compact\n", encoding="utf-8")

    done = desk.call("batch", graph, desk / "models.csv", "-o", desk / "out", "--check", "--cache-dir", desk / "cache")

    assert done.code == 2
    assert "E602 at models.csv:2#/m" in done.err
    assert "models.csv:3" not in done.err
