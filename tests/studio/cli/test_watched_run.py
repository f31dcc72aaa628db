"""`studio run --watch` in a pseudo-terminal: saves of all kinds, errors, a save during a run, new code, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from studio.provenance.embedded import read_embedded

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

pytestmark = pytest.mark.xdist_group("processes")

_PATIENCE_SECONDS = 60.0
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_SCRIPT = "import sys; from studio.cli.main import main; sys.argv[0] = 'studio'; main()"


class Terminal:
    """`studio run --watch` with a terminal of its own."""

    def __init__(self, folder: Path, *args: str | Path) -> None:
        self.screen = ""
        self._seen = 0
        self._master, slave = pty.openpty()
        command = [sys.executable, "-c", _SCRIPT, "run", *map(str, args), "--watch"]
        streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        self.process = subprocess.Popen(command, cwd=folder, start_new_session=True, **streams)
        os.close(slave)

    def expect(self, text: str) -> str:
        """Wait until a text is shown that was not waited for before; return what came up to it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while text not in self.screen[self._seen :]:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} is not shown: {self.screen[self._seen :]}"
            if select.select([self._master], [], [], left)[0]:
                self.screen += _COLOR.sub("", os.read(self._master, 65536).decode(errors="replace"))
        end = self.screen.index(text, self._seen) + len(text)
        shown, self._seen = self.screen[self._seen : end], end
        return shown

    def end(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(_PATIENCE_SECONDS)
        os.close(self._master)
        return code


@pytest.fixture
def watch(desk: Desk) -> Iterator[Callable[..., Terminal]]:
    """Start `studio run --watch`, and wait until it watches."""
    started: list[Terminal] = []

    def start(*args: str | Path) -> Terminal:
        started.append(Terminal(desk.folder, *args))
        started[-1].expect("Ctrl-C ends")
        return started[-1]

    yield start
    for terminal in started:
        terminal.process.kill()
        terminal.process.wait()


def save(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Save a graph as most editors do: under another name, which is renamed."""
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    temporary = path.with_name(".unsaved~")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(path)


def set_words(words: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["inputs"]["words"].update(default=words)


def read_shout(desk: Desk) -> str:
    return (desk / "out/shout.txt").read_text(encoding="utf-8")


def test_a_saved_caption_is_in_the_new_file_and_the_rest_comes_from_the_cache(
    desk: Desk, card: Path, watch: Callable[..., Terminal]
) -> None:
    terminal = watch(card)
    before = (desk / "out/picture.png").read_bytes()

    save(card, set_words("Kunming Lake"))
    shown = terminal.expect("from the cache")

    assert "changed: card.json" in shown
    assert "2 run, 1 from the cache" in shown
    assert read_shout(desk) == "Kunming Lake!"
    assert (desk / "out/picture.png").read_bytes() != before
    assert terminal.end() == 130
    assert "Traceback" not in terminal.screen


def test_each_save_leads_to_a_new_file(desk: Desk, card: Path, watch: Callable[..., Terminal]) -> None:
    terminal = watch(card)

    for number in range(4):
        begin = time.perf_counter()
        save(card, set_words(f"number {number}"))
        while read_shout(desk) != f"number {number}!":
            time.sleep(0.001)
            assert time.perf_counter() - begin < _PATIENCE_SECONDS
        terminal.expect("from the cache")
    assert terminal.end() == 130


def test_an_invalid_graph_shows_its_findings_and_the_next_save_runs(
    desk: Desk, card: Path, watch: Callable[..., Terminal]
) -> None:
    terminal = watch(card)

    save(card, lambda document: document["nodes"]["loud"].update(type="logic.join_txt"))
    assert "error E103 at /nodes/loud/type" in terminal.expect("did you mean 'logic.join_text'?")
    card.write_text("{ not JSON", encoding="utf-8")
    terminal.expect("error E100")
    card.write_text(json.dumps({"studio": 1, "nodes": {"a": {"type": "logic.join_text", "inputs": {"texts": ["well"]}}},
                                "outputs": {"shout": {"from": "a"}}}), encoding="utf-8")  # fmt: skip
    terminal.expect("done in")

    assert read_shout(desk) == "well"
    assert terminal.end() == 130


def test_a_file_that_vanishes_for_a_moment_is_waited_for(
    desk: Desk, card: Path, watch: Callable[..., Terminal]
) -> None:
    terminal = watch(card)
    text = card.read_text(encoding="utf-8")

    card.unlink()
    card.write_text(text.replace("Hello", "again"), encoding="utf-8")  # it may have been seen to be gone meanwhile
    while read_shout(desk) != "again!":
        terminal.expect("from the cache")

    assert read_shout(desk) == "again!"


def test_a_file_that_is_gone_is_an_error_until_it_is_back(
    desk: Desk, card: Path, watch: Callable[..., Terminal]
) -> None:
    terminal = watch(card)
    text = card.read_text(encoding="utf-8")

    card.unlink()
    terminal.expect("error: E120")
    card.write_text(text, encoding="utf-8")
    terminal.expect("done in")


def test_several_saves_at_once_lead_to_the_last(desk: Desk, card: Path, watch: Callable[..., Terminal]) -> None:
    terminal = watch(card)

    for number in range(10):
        save(card, set_words(f"number {number}"))
    while read_shout(desk) != "number 9!":
        terminal.expect("from the cache")

    assert terminal.end() == 130


def test_media_and_graphs_in_the_graph_are_watched_also_those_that_a_save_names_first(
    desk: Desk, watch: Callable[..., Terminal]
) -> None:
    desk.write_picture("media/one.png", size=(20, 10))
    desk.write_picture("media/two.png", size=(30, 10))
    part = {
        "inputs": {"image": {"type": "image"}},
        "nodes": {"size": {"type": "image.info", "inputs": {"image": {"from": "inputs.image"}}}},
        "outputs": {"width": {"from": "size.width"}},
    }
    desk.write_graph("parts/size.json", part)
    graph = desk.write_graph("g.json", {
        "nodes": {"part": {"type": "graph:parts/size.json", "inputs": {"image": {"file": "media/one.png"}}}},
        "outputs": {"number": {"from": "part.width"}}})  # fmt: skip
    terminal = watch(graph)
    numbers = []

    for change in (
        lambda: save(graph, lambda g: g["nodes"]["part"]["inputs"]["image"].update(file="media/two.png")),
        lambda: Image.new("RGB", (44, 10)).save(desk / "media/two.png"),
        lambda: save(desk / "parts/size.json", lambda g: g["outputs"]["width"].update({"from": "size.height"})),
    ):
        change()
        terminal.expect("from the cache")
        numbers.append(json.loads((desk / "out/number.json").read_text(encoding="utf-8")))

    assert numbers == [30, 44, 10]


def test_values_from_files_and_patterns_are_watched(desk: Desk, watch: Callable[..., Terminal]) -> None:
    (desk / "words.txt").write_text("one", encoding="utf-8")
    for number in (1, 2):
        desk.write_picture(f"frames/{number:03d}.png")
    graph = desk.write_graph("g.json", {
        "inputs": {
            "words": {"type": "text"},
            "frames": {"type": "list[image]", "default": {"files": "frames/%03d.png"}}},
        "nodes": {"sheet": {"type": "image.grid", "inputs": {"images": {"from": "inputs.frames"}}}},
        "outputs": {"words": {"from": "inputs.words"}, "sheet": {"from": "sheet"}}})  # fmt: skip
    terminal = watch(graph, "--set", "words=@words.txt")

    (desk / "words.txt").write_text("two", encoding="utf-8")
    terminal.expect("from the cache")
    assert (desk / "out/words.txt").read_text(encoding="utf-8") == "two"
    desk.write_picture("frames/003.png", "blue")
    assert "changed: frames/003.png" in terminal.expect("from the cache")


def test_a_save_during_a_run_cancels_it_and_runs_again(
    desk: Desk, slow: list[str], watch: Callable[..., Terminal]
) -> None:
    terminal = watch(*slow, "--set", "steps=1")
    (desk / "began").unlink()

    graph = desk / "slow.json"
    save(graph, lambda g: g["nodes"]["count"]["inputs"].update(steps=100_000))
    while not (desk / "began").exists():
        time.sleep(0.01)
    save(graph, lambda g: g["nodes"]["count"]["inputs"].update(steps=2))
    shown = terminal.expect("done in")

    assert shown.count("changed: slow.json") == 2
    assert "cancelled" not in shown
    assert terminal.end() == 130


def test_ctrl_c_during_a_run_ends_with_130(desk: Desk, slow: list[str], watch: Callable[..., Terminal]) -> None:
    terminal = watch(*slow, "--set", "steps=1")
    (desk / "began").unlink()
    save(desk / "slow.json", lambda g: g["nodes"]["count"]["inputs"].update(steps=100_000))
    while not (desk / "began").exists():
        time.sleep(0.01)

    assert terminal.end() == 130


def test_new_code_of_a_plugin_is_loaded_and_broken_code_is_reported(
    desk: Desk, slow: list[str], watch: Callable[..., Terminal]
) -> None:
    terminal = watch(*slow, "--set", "steps=1")
    plugin = desk / "plugins/studio_slow.py"
    code = plugin.read_text(encoding="utf-8")

    plugin.write_text(code.replace("return number", "return number + 100"), encoding="utf-8")
    shown = terminal.expect("from the cache")
    assert "changed: plugins/studio_slow.py" in shown
    assert json.loads((desk / "out/number.json").read_text(encoding="utf-8")) == 108
    plugin.write_text(code.replace("return number", "return number +"), encoding="utf-8")
    assert "studio_slow" in terminal.expect("SyntaxError")
    plugin.write_text(code.replace("return number", "return number + 1000"), encoding="utf-8")
    terminal.expect("done in")
    assert json.loads((desk / "out/number.json").read_text(encoding="utf-8")) == 1008
    assert terminal.end() == 130


def test_a_run_that_writes_over_what_it_reads_does_not_start_itself_again(
    desk: Desk, watch: Callable[..., Terminal]
) -> None:
    desk.write_picture("out/picture.png")
    graph = desk.write_graph("g.json", {
        "inputs": {"image": {"type": "image", "default": {"file": "out/picture.png"}}},
        "nodes": {"flip": {"type": "image.flip", "inputs": {"image": {"from": "inputs.image"}}}},
        "outputs": {"picture": {"from": "flip"}}})  # fmt: skip
    terminal = watch(graph)
    time.sleep(0.4)

    assert terminal.end() == 130
    assert "changed" not in terminal.screen


def test_json_is_a_line_for_each_run(desk: Desk, card: Path) -> None:
    process = desk.start("run", card, "--watch", "--json")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    save(card, set_words("two"))
    second = json.loads(process.stdout.readline())
    save(card, lambda document: document.pop("outputs"))
    third = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=_PATIENCE_SECONDS)

    assert (first["data"]["inputs"], second["data"]["status"], second["ok"]) == ({}, "done", True)
    assert (third["error"]["findings"][0]["code"], third["ok"], third["data"]) == ("E125", False, None)
    assert process.returncode == 130


def test_a_graph_that_is_missing_from_the_first_ends_the_command(desk: Desk) -> None:
    done = desk.call("run", "nosuch.json", "--watch")

    assert (done.code, "E120" in done.err) == (2, True)


def test_a_media_file_can_be_watched(desk: Desk, card: Path, watch: Callable[..., Terminal]) -> None:
    desk.succeed("run", card)
    terminal = watch("out/picture.png", "-o", "again")

    desk.succeed("run", card, "--set", "words=other")
    terminal.expect("from the cache")

    record = read_embedded(desk / "again/picture.png", _list_value_types(), max_length=10**6)
    assert record is not None
    assert record.recipe.inputs == {"words": "other"}


def _list_value_types() -> Any:
    from studio.api.builtin import create_builtin_value_types

    return create_builtin_value_types()
