"""`studio nodes`: the list, one node type, one plugin."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio.cli.conftest import Desk


def test_the_list_has_each_node_type_with_its_first_sentence(desk: Desk) -> None:
    done = desk.call("nodes")

    rows = dict(line.split(None, 1) for line in done.out.splitlines())
    assert rows["image.new"] == "Make an image of one color."
    assert list(rows) == sorted(rows)
    assert {"image.caption", "logic.switch", "style.transfer"} <= set(rows)


def test_a_node_type_is_described_with_ends_limits_and_defaults(desk: Desk) -> None:
    out = desk.call("nodes", "image.new").out

    assert out.startswith("image.new  version 1.")
    assert "width: int >= 1 and <= 65535 pixels, default 1024" in out
    assert "\noutputs\n  image: image" in out


def test_json_of_one_and_of_all_agree(desk: Desk) -> None:
    one = desk.call("nodes", "image.new", "--json").json
    every = {row["id"]: row for row in desk.call("nodes", "--json").json}

    assert every["image.new"] == one
    width = {"type": "int", "required": False, "description": "Width of the image.", "default": 1024}
    assert one["inputs"]["width"] == width | {"minimum": 1, "maximum": 65535, "unit": "pixels"}


def test_a_node_type_that_declares_neither_has_the_defaults_in_json_only(desk: Desk) -> None:
    row = desk.call("nodes", "image.new", "--json").json

    assert (row["encodings"], row["resources"]) == ([], {"device_bytes": None, "cores": 1})
    assert "resources" not in desk.call("nodes", "image.new").out


def test_a_plugins_name_lists_its_node_types_only(desk: Desk) -> None:
    assert {line.partition(".")[0] for line in desk.call("nodes", "logic").out.splitlines()} == {"logic"}


def test_an_unknown_name_suggests_the_nearest(desk: Desk) -> None:
    done = desk.call("nodes", "image.newt")

    assert done.code == 2
    assert "unknown node type 'image.newt'" in done.err
    assert "did you mean 'image.new'?" in done.err


def test_a_plugin_from_a_folder_is_listed(desk: Desk, slow: list[str]) -> None:
    assert "slow.count  Count slowly." in desk.call("nodes", "slow", "--plugins-dir", "plugins").out


def test_listing_loads_no_heavy_library(desk: Desk) -> None:
    assert not {"torch", "cv2", "networkx", "sqlite3", "rich"} & desk.list_modules("nodes")


def test_a_reader_that_goes_away_is_no_error_message(desk: Desk) -> None:
    with desk.start("nodes", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "{\n"
        process.stdout.close()

        assert process.stderr.read() == ""


def test_head_takes_the_first_line_and_nobody_complains(desk: Desk) -> None:
    with desk.start("nodes") as process:
        assert process.stderr is not None
        head = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, text=True, check=True)

        assert head.stdout.startswith("audio.")
        assert process.stderr.read() == ""


def test_a_stream_without_the_letters_gets_escapes(desk: Desk) -> None:
    done = desk.call_process("nodes", "--json", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})

    assert done.code == 0
    assert done.out.isascii()
    denoise = next(row for row in json.loads(done.out)["data"] if row["id"] == "audio.denoise")
    assert "Schröter" in denoise["description"]


def test_deprecated_and_experimental_node_types_are_marked(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "studio_dots.py").write_text(
        "import sys\n"
        "from studio.api import Context, find_node_types, hookimpl, node\n\n\n"
        "@node('dots.draw', replaces='dots.paint', experimental=True)\n"
        'def draw(ctx: Context) -> str:\n    """Draw dots."""\n    return \'.\'\n\n\n'
        "@node('dots.old', deprecated='use dots.draw')\n"
        'def old(ctx: Context) -> str:\n    """Age."""\n    return \'.\'\n\n\n'
        "@hookimpl\ndef studio_node_types():\n    return find_node_types(sys.modules[__name__])\n",
        encoding="utf-8",
    )
    folder = ("--plugins-dir", str(tmp_path))

    rows = dict(line.split(None, 1) for line in desk.call("nodes", "dots", *folder).out.splitlines())
    assert rows == {"dots.draw": "(experimental) Draw dots.", "dots.old": "(deprecated) Age."}
    shown = desk.call("nodes", "dots.draw", *folder).out
    assert "\nexperimental: its inputs and results may change without notice\nreplaces dots.paint\n" in shown
    assert "\ndeprecated: use dots.draw\n" in desk.call("nodes", "dots.old", *folder).out
    renamed = desk.call("nodes", "dots.paint", *folder)
    assert (renamed.code, renamed.err, renamed.out) == (0, "warning: 'dots.paint' is now 'dots.draw'\n", shown)
    row = desk.call("nodes", "dots.old", "--json", *folder).json
    assert (row["deprecated"], row["experimental"], row["replaces"]) == ("use dots.draw", False, [])
