"""Every node type that a page for plugin authors shows keeps the rules that `check_node_type` checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs_site.markdown import find_blocks

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs/how_to/plugins").glob("*.md")),
    ROOT / "docs/tutorials/first_plugin.md",
    ROOT / "docs/write_a_plugin.md",
]
ELSEWHERE = {"scorer.score_image": "test_scorer.py on its page, with weights"}
CHECKS = """
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from blake3 import blake3

from studio.api import File, Image, OutputPath, get_node_type
from studio.testing import check_node_type

POEM = Path("poem.txt").absolute()
POEM.write_text("rain on the lake", encoding="utf-8")
IMAGE = Image(np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3))
EXAMPLES = {
    "dots.draw_dots": {"image": IMAGE},
    "echo.count": {},
    "echo.repeat": {"text": "a"},
    "fade.to_white": {"image": IMAGE},
    "halves.split_image": {"image": IMAGE},
    "names.repeat_text": {"text": "ab"},
    "points.count": lambda plugin: {"points": plugin.Points([[0, 1]])},
    "points.scatter": {},
    "slow.ask": {"question": "Well"},
    "slow.countdown": {"start": 3},
    "slow.expose": {"image": IMAGE},
    "slow.fade_in": {"image": IMAGE},
    "slow.glow": {"image": IMAGE},
    "slow.learn_color": {"image": IMAGE, "steps": 30},
    "slow.maybe": {"flag": True, "expensive": "gold"},
    "slow.middle": {"low": 1, "high": 5},
    "slow.negate": {"image": IMAGE},
    "slow.palette": {"image": IMAGE},
    "slow.sharpen_edges": {"image": IMAGE},
    "slow.smooth": {"image": IMAGE, "rounds": 5},
    "split.cut_text": {"text": "abcd", "parts": 2},
    "tally.count_words": {"file": File(POEM, blake3(POEM.read_bytes()).hexdigest(), POEM.stat().st_size)},
    "tally.save_json": {"value": {"rain": 2}, "path": OutputPath(POEM.with_name("words.json"), "words.json")},
    "tint.apply": {"image": IMAGE},
}
for name in sys.argv[1:]:
    plugin = import_module(name)
    for function in plugin.studio_node_types():
        name = get_node_type(function).id
        example = EXAMPLES[name]
        try:
            check_node_type(function, plugin=plugin, **(example(plugin) if callable(example) else example))
        except AssertionError as error:
            print(f"FAILED {error}")
        else:
            print(f"passed {name}")
"""


def save_plugins(folder: Path) -> list[str]:
    """Save the plugins of all pages, and return the names of their modules; blocks of one file follow each other."""
    for page in PAGES:
        for block in find_blocks(page.read_text(encoding="utf-8")):
            place = block.attributes.get("file", "")
            if place.startswith("plugins/"):
                path = folder / place
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8") as file:
                    file.write(block.body + "\n\n")
    return sorted(path.stem for path in (folder / "plugins").glob("*.py"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What was checked, and with what result, a line each."""
    folder = tmp_path_factory.mktemp("authors")
    modules = [name for name in save_plugins(folder) if name != "studio_scorer"]
    paths = [str(folder / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "XDG_DATA_HOME": str(folder / "data")}
    command = [sys.executable, "-c", CHECKS, *modules]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_node_type_of_the_pages_keeps_the_rules(report: list[str]) -> None:
    failed = "\n".join(line for line in report if not line.startswith("passed "))

    assert not failed, failed


def test_every_node_type_of_the_pages_is_checked(report: list[str]) -> None:
    shown = {
        line.split('"')[1]
        for page in PAGES
        for block in find_blocks(page.read_text(encoding="utf-8"))
        if block.attributes.get("file", "").startswith("plugins/")
        for line in block.body.replace("@node(\n    ", "@node(").splitlines()
        if line.startswith("@node(")
    }

    assert shown - {line.removeprefix("passed ") for line in report} == set(ELSEWHERE)
