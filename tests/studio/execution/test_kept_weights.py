"""Weights that node types make are kept by their content, and a training that was ended goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_models import write_weights
from fake_training import STEPS, Trainer, open_studio, train
from fakes import get_error, graph
from processes import create_environment
from safetensors.numpy import load_file

from studio.api import Model
from studio.api.events import Event, NodeProgressed
from studio.app import Studio
from studio.errors import CacheError
from studio.execution.control import Control

pytestmark = pytest.mark.xdist_group("processes")

PROGRAM = """
import os, signal, sys
from pathlib import Path
from fake_training import Trainer, open_studio, train
left = int(sys.argv[2])
def on_step(step):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
with open_studio(Path(sys.argv[1]), trainer := Trainer(on_step)) as studio:
    result = studio.run(train())
print(result["o"], *trainer.steps, flush=True)
"""


def run_trained(folder: Path, trainer: Trainer) -> tuple[float, dict[str, bool]]:
    """Run the trainer in a Studio of its own; return the weight, and which nodes ran."""
    with open_studio(folder, trainer) as studio:
        result = studio.run(train())
        assert not result.errors, result.errors
        return result["o"], {name: not row["cached"] for name, row in result.manifest["nodes"].items()}


def run_cancelled(studio: Studio) -> str:
    """Run the trainer and cancel it after some steps; return the status."""
    control = Control()

    def cancel(event: Event) -> None:
        if isinstance(event, NodeProgressed) and event.done == 3:
            control.cancel()

    return studio.run(train(), control=control, on_event=cancel).status


def find_kept(folder: Path) -> list[Path]:
    """Return the files that are kept."""
    return sorted((folder / "cache" / "kept").glob("*/*"))


def test_weights_that_a_node_made_are_found_again(tmp_path: Path) -> None:
    trainer = Trainer()

    assert run_trained(tmp_path, trainer) == (1.0, {"t": True, "r": True})
    assert run_trained(tmp_path, trainer) == (1.0, {"t": False, "r": False})
    assert [path.name for path in find_kept(tmp_path)] == ["own.safetensors"]


def test_equal_weights_are_kept_once_and_others_beside_them(tmp_path: Path) -> None:
    with open_studio(tmp_path, Trainer()) as studio:
        found = [studio.run(train(amount), cache=mode) for amount, mode in ((1, "use"), (1, "refresh"), (2, "use"))]

    assert [result["o"] for result in found] == [1, 1, 2]
    assert found[0]["model"] == found[1]["model"] != found[2]["model"]
    assert len(find_kept(tmp_path)) == 2


def test_weights_that_are_gone_are_made_again(tmp_path: Path) -> None:
    run_trained(tmp_path, Trainer())
    find_kept(tmp_path)[0].unlink()

    assert run_trained(tmp_path, Trainer()) == (1.0, {"t": True, "r": False})
    assert len(find_kept(tmp_path)) == 1


def test_weights_that_are_damaged_are_made_again(tmp_path: Path) -> None:
    run_trained(tmp_path, Trainer())
    write_weights(find_kept(tmp_path)[0], 2.0)

    assert run_trained(tmp_path, Trainer()) == (1.0, {"t": True, "r": False})
    assert load_file(find_kept(tmp_path)[0])["t0"][0] == 1.0


def test_explain_says_that_kept_weights_are_gone(tmp_path: Path) -> None:
    run_trained(tmp_path, Trainer())
    find_kept(tmp_path)[0].unlink()

    with open_studio(tmp_path, Trainer()) as studio:
        row = studio.explain(studio.load(train()))[0]

    assert (row.standing, row.reason) == ("miss", "the weights that its result names have changed or are gone")


def test_kept_weights_are_a_model_of_any_graph(tmp_path: Path) -> None:
    with open_studio(tmp_path, Trainer()) as studio:
        made = studio.run(train(3.0))["model"]
        read = graph({"r": ("trained.read", {"model": made.reference})}, o="r")

        assert made.scheme == "kept"
        assert studio.run(read)["o"] == 3.0
        missing = graph({"r": ("trained.read", {"model": "kept:" + "0" * 64})}, o="r")
        assert [finding.code for finding in studio.validate(studio.load(missing))] == ["E602"]


def test_kept_weights_are_written_as_an_output(tmp_path: Path) -> None:
    with open_studio(tmp_path, Trainer()) as studio:
        result = studio.run(train(3.0), output=tmp_path / "out")
        [written] = [file.path for file in result.files if file.output == "model"]
        read = graph({"r": ("trained.read", {"model": f"file:{written}"})}, o="r")

        assert written == tmp_path / "out" / "model.safetensors"
        assert written.read_bytes() == find_kept(tmp_path)[0].read_bytes()
        assert studio.run(read)["o"] == 3.0


@pytest.mark.parametrize("reference", ["file:{folder}/net.safetensors", "local:net"])
def test_a_node_may_not_name_weights_that_it_was_not_given(tmp_path: Path, reference: str) -> None:
    write_weights(tmp_path / "net.safetensors", 4.0)
    reference = reference.format(folder=tmp_path)
    named = graph({"n": ("trained.name", {"text": reference}), "r": ("trained.read", {"model": "@n"})}, o="r")
    chosen = graph({"c": ("trained.choose", {"models": [reference], "index": 0})}, o="c")

    with open_studio(tmp_path, Trainer()) as studio:
        studio.models.library.add("net", tmp_path / "net.safetensors")
        error = get_error(studio.run(named))
        given = studio.run(chosen)["o"]

    assert error.code == "E302"
    assert "ctx.keep" in error.hint
    assert given == Model(reference)


@pytest.mark.parametrize(("kind", "code"), [("pickle", "E604"), ("damaged", "E605"), ("nothing", "E605")])
def test_only_sound_weights_are_kept(tmp_path: Path, kind: str, code: str) -> None:
    with open_studio(tmp_path, Trainer()) as studio:
        error = get_error(studio.run(graph({"m": ("trained.make", {"kind": kind})}, o="m")))

    assert error.code == code
    assert not find_kept(tmp_path)


def test_a_cancelled_training_goes_on(tmp_path: Path) -> None:
    ended, again = Trainer(), Trainer()
    with open_studio(tmp_path, ended) as studio:
        assert run_cancelled(studio) == "cancelled"

    assert run_trained(tmp_path, again)[0] == 1.0
    assert 0 < len(ended.steps) < STEPS
    assert ended.steps + again.steps == list(range(STEPS))
    assert not list((tmp_path / "cache" / "checkpoints").iterdir())


def test_a_training_that_failed_goes_on_and_another_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, again = Trainer(), Trainer()
    with monkeypatch.context() as patch, open_studio(tmp_path, Trainer()) as studio:
        patch.setenv("FAILS_AT", "4")
        assert studio.run(train()).status == "failed"
    with open_studio(tmp_path, other) as studio:
        assert studio.run(train(2.0))["o"] == 2.0
    run_trained(tmp_path, again)

    assert other.steps == list(range(STEPS))
    assert again.steps == list(range(4, STEPS))


def test_a_run_that_looks_nothing_up_begins_anew(tmp_path: Path) -> None:
    refreshed = Trainer()
    with open_studio(tmp_path, Trainer()) as studio:
        assert run_cancelled(studio) == "cancelled"
    with open_studio(tmp_path, refreshed) as studio:
        assert studio.run(train(), cache="refresh")["o"] == 1.0

    assert refreshed.steps == list(range(STEPS))


def kill_often(folder: Path, step: int) -> tuple[list[int], int]:
    """Kill a training at each so many-th step; return the steps of the last process, and how often it was killed."""
    for kills in range(STEPS + 1):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder), str(step)],
            capture_output=True, text=True, env=create_environment(), check=False,
        )  # fmt: skip
        if done.returncode == 0:
            weight, *steps = done.stdout.split()
            assert float(weight) == 1.0
            return list(map(int, steps)), kills
        assert done.returncode == -signal.SIGKILL, done.stderr
    raise AssertionError("it makes no progress")


def test_a_training_that_is_killed_loses_the_step_that_it_was_at(tmp_path: Path) -> None:
    steps, kills = kill_often(tmp_path, 7)

    assert kills == 1  # at its seventh step, which is lost
    assert steps == [6, 7, 8, 9]
    assert not list((tmp_path / "cache" / "checkpoints").iterdir())


def test_a_checkpoint_stays_where_the_result_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise CacheError("E402", "the disk of the cache is full")

    with open_studio(tmp_path, Trainer()) as studio:
        disk = studio.cache.disk
        assert disk is not None
        monkeypatch.setattr(disk.table, "write", fail)
        assert studio.run(train())["o"] == 1.0

    assert len(list((tmp_path / "cache" / "checkpoints").iterdir())) == 1


def test_weights_larger_than_the_limit_leave_room_for_results(tmp_path: Path) -> None:
    with open_studio(tmp_path, Trainer(), cache_bytes=40) as studio:
        studio.run(train())
        disk = studio.cache.disk
        assert disk is not None
        assert studio.kept.size > 40
        assert disk._find_room(40) == 20


@pytest.mark.slow
def test_trainings_are_killed_twenty_times_and_each_ends_with_its_weights(tmp_path: Path) -> None:
    kills = 0
    for number, step in enumerate((2, 3, 4, 5, 6, 7)):
        kills += kill_often(tmp_path / str(number), step)[1]

    assert kills >= 20


def test_the_folder_of_weights_has_a_limit(tmp_path: Path) -> None:
    size = write_weights(tmp_path / "one.safetensors").stat().st_size
    with open_studio(tmp_path, Trainer(), cache_bytes=5 * size) as studio:
        first = studio.run(train(1.0))["model"]
        studio.models.library.add("mine", studio.models.find_path(first))
        for amount in (2.0, 3.0):
            studio.run(train(amount))
        for number, path in enumerate(find_kept(tmp_path)):
            os.utime(path.parent, (number, number))
        last = studio.run(train(4.0))["model"]
        kept = {f"kept:{row.digest}" for row in studio.kept.list_rows()}

    assert kept == {first.reference, last.reference}
