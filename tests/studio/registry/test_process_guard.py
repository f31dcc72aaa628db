"""What a plugin does to the process while it is imported is undone, or is an error of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from studio.registry import load_registry
from studio.registry.process_guard import guard_process

if TYPE_CHECKING:
    from pathlib import Path

    from studio.registry import PluginRow


def load_file(folder: Path, text: str) -> PluginRow:
    """Load a plugin from a file; return its row."""
    (folder / "studio_rude.py").write_text(text, encoding="utf-8")
    (row,) = load_registry(folder, discover=False).plugins
    return row


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("way", ["close", "detach"])
def test_a_plugin_that_closes_a_standard_stream_fails_at_its_line(tmp_path: Path, name: str, way: str) -> None:
    row = load_file(tmp_path, f"import sys\nsys.{name}.{way}()\n")

    assert row.status == "failed"
    assert f"the plugin closes sys.{name}" in row.problem
    assert row.where.endswith("studio_rude.py:2")
    assert not getattr(sys, name).closed


def test_a_plugin_that_closes_a_descriptor_fails_and_the_descriptor_is_as_before(tmp_path: Path) -> None:
    before = os.fstat(1)

    row = load_file(tmp_path, "import os\nos.close(1)\nos.open(os.devnull, os.O_RDWR)\n")

    assert row.status == "failed"
    assert row.problem.startswith("E213 the plugin closes the standard output while it is imported")
    assert os.path.samestat(os.fstat(1), before)


def test_what_a_plugin_changes_for_the_whole_process_is_put_back(tmp_path: Path) -> None:
    before, folder, places = sys.stdout, os.getcwd(), list(sys.path)
    text = "import os, sys\nsys.stdout = None\nos.chdir('/')\nsys.path[:] = ['/more']\n"

    row = load_file(tmp_path, text)

    assert row.status == "ok"
    assert sys.stdout is before
    assert os.getcwd() == folder
    assert sys.path == [*places, "/more"]
    sys.path.remove("/more")


def test_a_guarded_stream_is_written_like_the_one_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    with guard_process():
        print("one")
        sys.stdout.writelines(["two\n"])
        assert sys.stdout.encoding

    assert capsys.readouterr().out == "one\ntwo\n"


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit, type("Odd", (BaseException,), {})])
def test_a_plugin_may_raise_what_is_no_exception(tmp_path: Path, error: type[BaseException]) -> None:
    row = load_file(tmp_path, f"class {error.__name__}(BaseException):\n    pass\nraise {error.__name__}('bad')\n")

    assert row.status == "failed"
    assert f"{error.__name__}: bad" in row.problem
