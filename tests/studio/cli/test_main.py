"""The `studio` command itself: help, unknown commands, completion, bugs of our own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from studio import __version__
from studio.cli import main as main_module
from studio.cli.main import COMMANDS

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def test_help_lists_every_command_and_loads_nothing_heavy(desk: Desk) -> None:
    modules = desk.list_modules("--help")

    assert not {"numpy", "networkx", "torch", "cv2", "PIL", "pydantic", "rich"} & modules
    out = desk.call("--help").out
    for name, text in COMMANDS.items():
        assert re.search(rf"^  {name} +{text[:20]}", out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_of_its_own(desk: Desk, name: str) -> None:
    done = desk.call(name, "--help")

    assert done.code == 0
    assert done.out.startswith(f"Usage: studio {name} ")


def test_the_installed_command_is_this_one(desk: Desk) -> None:
    program = Path(sys.executable).with_name("studio")
    if not program.exists():
        pytest.skip("not installed")

    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"studio, version {__version__}\n"


def test_no_command_shows_the_help_and_is_a_usage_error(desk: Desk) -> None:
    done = desk.call()

    assert done.code == 2
    assert "Commands:" in done.text


def test_an_unknown_command_suggests_the_nearest(desk: Desk) -> None:
    done = desk.call("rn")

    assert done.code == 2
    assert done.err == "error: E027 studio: unknown command 'rn'\n  hint: did you mean 'studio run'?\n"


def test_a_bug_of_ours_writes_a_report_and_says_where(
    desk: Desk, card: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: object, **more: object) -> None:
        raise LookupError("out of luck")

    monkeypatch.setattr("studio.app.Studio.run", fail)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    with pytest.raises(SystemExit) as exit_:
        main_module.main(["run", str(card)])

    err = capsys.readouterr().err
    report = Path(err.split("report it with ")[1].strip())
    assert exit_.value.code == 70
    assert report.parent == tmp_path / "studio" / "reports"
    assert "E999 a bug in Studio: LookupError: out of luck" in err
    assert "Traceback" not in err
    assert "in fail" in report.read_text(encoding="utf-8")


def test_a_current_folder_that_was_removed_is_no_bug_of_ours(
    desk: Desk, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "gone").mkdir()
    monkeypatch.chdir(desk / "gone")
    (desk / "gone").rmdir()

    done = desk.call("run", "../card.json", "-o", "out")

    assert done.code == 2
    assert "error: E030 the current folder does not exist any more" in done.err


def test_a_wrong_graph_is_shown_as_json_where_the_command_was_asked_for_json(desk: Desk) -> None:
    text = desk.write_graph("a.json", {"nodes": {}, "outputs": {}, "nods": {}})

    as_text, as_json = desk.call("explain", text), desk.call("explain", text, "--json")
    as_value = desk.call("explain", text, "--set", "--json")

    assert as_text.code == as_json.code == as_value.code == 2
    assert "error E102 at /nods" in as_text.err
    assert (as_text.out, as_json.err, as_value.out) == ("", "", "")
    assert "E102" in {finding["code"] for finding in as_json.answer["error"]["findings"]}


def test_wrong_settings_are_a_usage_error(desk: Desk, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MEMORY_BYTES", "plenty")

    done = desk.call("run", card)

    assert done.code == 2
    assert "E001 STUDIO_MEMORY_BYTES: invalid memory_bytes = 'plenty'" in done.err


@pytest.mark.parametrize("args", [
    ("models", "show", "nonsense"), ("gallery", "nosuch"), ("batch", "status", "nosuch"), ("batch", "export", "nosuch"),
    ("nodes", "--plugins-dir", "nosuch"), ("verify", "nosuch"), ("rerun", "nosuch"), ("plugins", "nosuch"),
    ("run", "nosuch.json"), ("run", "card.json", "--device", "cuda:77"), ("run", "card.json", "--name", "{foo}"),
])  # fmt: skip
def test_what_a_command_cannot_use_ends_with_2(desk: Desk, card: Path, args: tuple[str, ...]) -> None:
    assert card.name == "card.json"
    assert desk.call(*args).code == 2


def test_an_error_is_json_where_the_command_was_asked_for_json(desk: Desk) -> None:
    done = desk.call("models", "show", "nonsense", "--json")

    assert (done.code, done.err) == (2, "")
    assert (done.answer["error"]["code"], "hub:" in done.answer["error"]["hint"]) == ("E601", True)


# -- colors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "colored"),
    [("TERM", "xterm", True), ("NO_COLOR", "1", False), ("NO_COLOR", "", True), ("TERM", "dumb", False)],
)
def test_colors_are_left_out_where_they_are_not_wanted(desk: Desk, name: str, value: str, colored: bool) -> None:
    import pty

    graph = desk.write_graph("a.json", {"nodes": {}, "outputs": {}, "nods": {}})
    main_end, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", name: value}
    process = desk.start("validate", graph, stdout=other, stderr=other, env=environment)
    os.close(other)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(main_end, 4096):
            shown += part
    os.close(main_end)

    assert process.wait() == 2
    assert (b"E102" in shown, b"\x1b[" in shown) == (True, colored)


# -- debugging ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args", [("--debug", "gallery", "no"), ("gallery", "no", "--debug"), ("gallery", "--debug", "no")]
)
def test_debug_may_stand_anywhere_and_prints_the_traceback(desk: Desk, args: tuple[str, ...]) -> None:
    quiet, told = desk.call("gallery", "no"), desk.call(*args)

    assert "Traceback" not in quiet.err
    assert told.err.startswith("Traceback (most recent call last):")
    assert told.err.endswith(quiet.err)
    assert told.code == quiet.code


def test_a_variable_switches_debugging_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEBUG", "1")
    assert "Traceback" in desk.call("batch", "status", "no").err

    monkeypatch.setenv("STUDIO_DEBUG", "0")
    assert "Traceback" not in desk.call("batch", "status", "no").err


def test_debug_prints_where_a_node_failed(desk: Desk) -> None:
    (desk / "plugins").mkdir(exist_ok=True)
    (desk / "plugins/studio_broken.py").write_text(
        "from studio.api import hookimpl, node\n\n\n@node('broken.fail')\ndef fail(ctx) -> int:\n"
        '    """Fail."""\n    return int("no number")\n\n\n@hookimpl\ndef studio_node_types():\n    return [fail]\n',
        encoding="utf-8",
    )
    graph = desk.write_graph("fail.json", {"nodes": {"a": {"type": "broken.fail"}}, "outputs": {"x": {"from": "a"}}})

    quiet = desk.call("run", graph, "--plugins-dir", desk / "plugins")
    told = desk.call("run", graph, "--plugins-dir", desk / "plugins", "--debug")

    assert (quiet.code, told.code) == (1, 1)
    assert ('return int("no number")' in quiet.err, 'return int("no number")' in told.err) == (False, True)


# -- completion ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "found"), [
    ("studio va", {"validate"}),
    ("studio ", set(COMMANDS)),
    ("studio run --no-c", {"--no-cache"}),
    ("studio cache v", {"verify"}),
    ("studio --he", {"--help"}),
    ("studio nonsense", set()),
])  # fmt: skip
def test_bash_completes(desk: Desk, words: str, found: set[str]) -> None:
    count = str(len(words.split(" ")) - 1)
    environment = {**os.environ, "_STUDIO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}

    done = desk.call_process(env=environment)

    assert {line.partition(",")[2] for line in done.out.split()} == found
    assert done.err == ""
