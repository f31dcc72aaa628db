"""Commands in a Turkish locale that is not UTF-8: there "I" and "i" are two letters, and "ö" has one byte."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

INSERT = {"inputs": {"text": {"type": "text"}}, "nodes": {}, "outputs": {"text": {"from": "inputs.text"}}}


@pytest.fixture(scope="module")
def turkish(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables that set the locale, which is made where the C library has what it takes."""
    folder = tmp_path_factory.mktemp("locales")
    program = shutil.which("localedef")
    command = [str(program), "-i", "tr_TR", "-f", "ISO-8859-9", str(folder / "tr_TR")]
    if program is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs localedef and the sources of locales: apt-get install locales")
    return {"LOCPATH": str(folder), "LC_ALL": "tr_TR", "PYTHONUTF8": "0"}


def call(desk: Desk, turkish: dict[str, str], *arguments: str | Path) -> Any:
    """Use the command line in a process of that locale; its output is escaped to ASCII."""
    environment = {**os.environ, **turkish, "PYTHONIOENCODING": "ascii:backslashreplace"}
    return desk.call_process(*arguments, env=environment)


@pytest.mark.slow
def test_a_batch_runs_and_goes_on(desk: Desk, turkish: dict[str, str]) -> None:
    graph = desk.write_graph("graph.json", INSERT)
    (desk / "items.csv").write_text("name,text\nIi,TITLE\nö,ağaç\n🦊,fox\n", encoding="utf-8")
    batch = ("batch", graph, "items.csv", "-o", "out", "--workers", "0", "--no-gallery")

    first, again = call(desk, turkish, *batch), call(desk, turkish, *batch)

    assert (first.code, again.code) == (0, 0), first.text + again.text
    assert "3 items: 3 new" in first.err
    assert "3 items: 0 new, 0 changed, 3 as before" in again.err
    # the locale's bytes of a name are not those of UTF-8, in which this process reads names
    assert sorted(path.read_text(encoding="utf-8") for path in (desk / "out").glob("*.txt")) == ["TITLE", "ağaç", "fox"]
    assert "%F0%9F%A6%8A.txt" in os.listdir(desk / "out")  # a letter that the locale lacks


def test_a_graph_runs_and_its_picture_runs_again(desk: Desk, turkish: dict[str, str], card: Path) -> None:
    first = call(desk, turkish, "run", card, "--set", "words=ağaç İI", "--json")
    again = call(desk, turkish, "run", "out/picture.png", "-o", "again", "--json")

    assert (first.code, again.code) == (0, 0), first.text + again.text
    assert first.json["cache"] == {**first.json["cache"], "calls": 3, "hits": 0}
    assert again.json["cache"]["hits"] == again.json["cache"]["calls"]
