"""The page on the architecture: its walks are the calls of real runs, in their order, and the first walk is short."""

from __future__ import annotations

import ast
import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from click.testing import CliRunner
from fakes import graph, open_studio

import studio
from studio.batch.python_call import batch
from studio.cli.main import studio as command

ROOT = Path(__file__).parents[2]
STUDIO = Path(studio.__file__).parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MOST_HOPS = 14

VALUE = "A value from the JSON document to the written file"
FRAME = "A frame of a video"
ITEM = "An item of a batch"
ERROR = "An error"

Function = tuple[str, str]
Hop = tuple[str, list[str]]


def read_walks() -> dict[str, list[Hop]]:
    """Return the hops of each walk: a module, and its functions in order."""
    part = PAGE.split("## Four walks")[1].split("\n## ")[0]
    walks = {title: body for title, _, body in (text.partition("\n") for text in part.split("\n### ")[1:])}
    return {
        title: [
            (file, re.findall(r"`([\w.]+)`", names))
            for file, names in re.findall(r"^\| `(\S+)`: ([^|]+)\|", body, re.M)
        ]
        for title, body in walks.items()
    }


WALKS = read_walks()


def read_mentioned() -> list[Function]:
    """Return each function that the walks name after its module, in rows and in sentences."""
    part = PAGE.split("## Four walks")[1].split("\n## ")[0]
    found = re.findall(r"`([\w/]+\.py)`: ((?:`[\w.]+`(?:, )?)+)", part)
    return [(file, name) for file, names in found for name in re.findall(r"`([\w.]+)`", names)]


def find_functions(path: Path) -> set[str]:
    """Return the functions of a module, methods as `Class.method`."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return names


def record_calls(action: Callable[[], object]) -> dict[Function, int]:
    """Return the functions of `studio` that were called, each with the place of its first call among those of all.

    Calls on threads that were started before are not recorded.
    """
    calls: dict[Function, int] = {}
    prefix = f"{STUDIO}/"

    def note(frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(prefix):
            calls.setdefault((code.co_filename.removeprefix(prefix), code.co_qualname), len(calls))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def find_disorder(hops: list[Hop], calls: dict[Function, int]) -> list[str]:
    """Return what a walk says that the calls do not show."""
    missing = [f"{file}: {name} is not called" for file, names in hops for name in names if (file, name) not in calls]
    if missing:
        return missing
    rows = [[calls[file, name] for name in names] for file, names in hops]
    firsts = [row[0] for row in rows]
    late = [f"{file}: its functions" for (file, _), row in zip(hops, rows, strict=True) if row != sorted(row)]
    late += [
        f"{file} comes before the row above it"
        for (file, _), before, own in zip(hops[1:], firsts, firsts[1:], strict=False)
        if before >= own
    ]
    return late


def check_walk(walk: str, action: Callable[[], object]) -> None:
    """Compare a walk with the calls of a run; the comparison finds any two rows in the wrong order."""
    hops, calls = WALKS[walk], record_calls(action)

    assert find_disorder(hops, calls) == []
    for index in range(len(hops) - 1):
        swapped = [*hops[:index], hops[index + 1], hops[index], *hops[index + 2 :]]
        assert find_disorder(swapped, calls) != []


# -- what the page says ------------------------------------------------------------------------------------


def test_there_are_four_walks() -> None:
    assert list(WALKS) == [VALUE, FRAME, ITEM, ERROR]
    assert all(WALKS.values())


def test_every_function_that_is_named_exists() -> None:
    mentioned = read_mentioned()

    assert len(mentioned) > sum(len(names) for hops in WALKS.values() for _, names in hops)
    assert [one for one in mentioned if one[1] not in find_functions(STUDIO / one[0])] == []


def test_every_module_that_is_named_exists() -> None:
    part = PAGE.split("## Four walks")[1].split("\n## ")[0]
    named = set(re.findall(r"`([\w/]+/[\w]+\.py|app\.py|run_result\.py)`", part))

    assert [one for one in named if not (STUDIO / one).is_file()] == []


def test_a_value_is_written_after_few_hops_and_visits_no_module_twice() -> None:
    files = [file for file, _ in WALKS[VALUE]]

    assert len(set(files)) == len(files) <= MOST_HOPS


# -- what runs do ------------------------------------------------------------------------------------------


def test_a_value_walks_as_the_page_says(tmp_path: Path) -> None:
    document = tmp_path / "two_nodes.json"
    nodes = {"a": ("fake.image", {"seed": 3}), "b": ("fake.shift", {"image": "@a", "by": 2})}
    document.write_text(json.dumps(graph(nodes, picture="b")), encoding="utf-8")
    with open_studio(tmp_path / "cache") as studio:
        check_walk(VALUE, lambda: studio.run(document, output=tmp_path / "out"))

    assert (tmp_path / "out" / "picture.png").is_file()


def record_frames(folder: Path, fast_frame_seconds: float) -> Callable[[], object]:
    """Return what inverts a video that the cache of the folder has, so that no other node runs."""
    nodes = {"video": ("fake.film", {"n": 4}), "inverted": ("fake.invert", {"image": "@video"})}
    document = graph(nodes, video="video", inverted="inverted")
    with open_studio(folder / "cache") as studio:
        studio.run(document, only=["video"])

    def run() -> None:
        with open_studio(folder / "cache") as studio:
            studio.executor.services.fast_frame_seconds = fast_frame_seconds
            assert studio.run(document, only=["inverted"], output=folder / "out").status == "done"

    return run


def test_a_slow_frame_walks_as_the_page_says(tmp_path: Path) -> None:
    check_walk(FRAME, record_frames(tmp_path, 0.0))


def test_a_fast_frame_is_made_when_it_is_written(tmp_path: Path) -> None:
    calls = record_calls(record_frames(tmp_path, 60.0))

    lazy = [("execution/lazy_video.py", "LazyVideos.decide_from_frames"), ("execution/lazy_video.py", "watch_video")]
    places = [calls[one] for one in [*lazy, ("provenance/output_folder.py", "OutputFolder.write")]]
    assert places == sorted(places)
    assert ("cache/cache.py", "Cache.store_streams") not in calls


def test_an_item_walks_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("name,seed\nmug,1\ncup,2\n", encoding="utf-8")
    document = {
        "studio": 1,
        "inputs": {"seed": {"type": "int"}},
        "nodes": {"a": {"type": "fake.image", "inputs": {"seed": {"from": "inputs.seed"}}}},
        "outputs": {"picture": {"from": "a"}},
    }
    with open_studio(tmp_path / "cache") as studio:
        check_walk(
            ITEM, lambda: list(batch(document, tmp_path / "items.csv", tmp_path / "out", workers=0, studio=studio))
        )

    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def test_an_error_walks_as_the_page_says(tmp_path: Path) -> None:
    nodes = {
        "zero": ("logic.calculate", {"expression": "0"}),
        "wrong": ("logic.calculate", {"expression": "1 / a", "a": "@zero"}),
        "after": ("logic.calculate", {"expression": "a + 1", "a": "@wrong"}),
        "right": ("logic.calculate", {"expression": "6 * 7"}),
    }
    document = tmp_path / "sums.json"
    document.write_text(json.dumps(graph(nodes, after="after", right="right")), encoding="utf-8")
    folders = ["-o", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
    results = []
    check_walk(ERROR, lambda: results.append(CliRunner().invoke(command, ["run", str(document), *folders])))

    assert "E322" in results[0].stderr
    assert "partly done" in results[0].stderr
