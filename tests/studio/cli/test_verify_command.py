"""`studio verify`: written files are checked against their records and against what they carry."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import blake3
import pytest

from studio.api.builtin import create_builtin_value_types
from studio.settings import MediaLimits

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

_PAIR = {
    "inputs": {"color": {"type": "text", "default": "navy"}},
    "nodes": {
        "paper": {
            "type": "image.gradient",
            "inputs": {"width": 32, "height": 24, "colors": [{"from": "inputs.color"}, "orange"]},
        },
        "small": {"type": "image.resize", "inputs": {"image": {"from": "paper"}, "width": 16}},
        "words": {"type": "logic.template", "inputs": {"template": "painted {c}", "values": {"c": 3}}},
    },
    "outputs": {"large": {"from": "paper"}, "small": {"from": "small"}, "note": {"from": "words"}},
}


@pytest.fixture
def folder(desk: Desk) -> Path:
    desk.write_graph("pair.json", _PAIR)
    done = desk.call("run", "pair.json", "-o", "out")
    assert done.code == 0, done.text
    return desk / "out"


def test_a_folder_is_sound_as_it_was_written(desk: Desk, folder: Path) -> None:
    done = desk.call("verify", folder)

    assert (done.code, done.out) == (0, "3 sound\n")


def test_changed_missing_and_extra_files_are_distinguished(desk: Desk, folder: Path) -> None:
    data = bytearray((folder / "large.png").read_bytes())
    data[-20] ^= 1
    (folder / "large.png").write_bytes(data)
    (folder / "small.png").unlink()
    (folder / "guest.txt").write_text("hello", encoding="utf-8")
    (folder / ".abc-partial.png").write_bytes(b"half")

    done = desk.call("verify", folder, "--json")

    standings = {row["name"]: row["standing"] for row in done.json["files"]}
    assert done.code == 1
    assert standings == {
        "large.png": "changed",
        "small.png": "missing",
        "note.txt": "sound",
        "guest.txt": "extra",
        ".abc-partial.png": "leftover",
    }


def test_extra_files_are_no_failure_unless_asked_for(desk: Desk, folder: Path) -> None:
    (folder / "guest.txt").write_text("hello", encoding="utf-8")

    assert desk.call("verify", folder).code == 0
    assert desk.call("verify", folder, "--strict").code == 1


def test_the_newest_record_of_a_file_counts(desk: Desk, folder: Path) -> None:
    desk.succeed("run", "pair.json", "-o", "out", "--set", "color=red")

    assert desk.call("verify", folder).code == 0


def test_a_moved_folder_is_checked_where_it_is(desk: Desk, folder: Path) -> None:
    shutil.move(folder, desk / "elsewhere")

    done = desk.call("verify", "elsewhere")

    assert (done.code, done.out) == (0, "3 sound\n")


def test_a_damaged_manifest_is_a_finding(desk: Desk, folder: Path) -> None:
    (folder / ".studio" / "99990101-000000-00000000.json").write_text("[[[", encoding="utf-8")

    done = desk.call("verify", folder)

    assert done.code == 1
    assert "unreadable: .studio/99990101-000000-00000000.json" in done.out


def test_a_manifest_cannot_point_out_of_the_folder(desk: Desk, folder: Path) -> None:
    (desk / "secret.txt").write_text("secret", encoding="utf-8")
    manifest = next((folder / ".studio").glob("*.json"))
    document = json.loads(manifest.read_text(encoding="utf-8"))
    document["outputs"]["note"]["files"][0]["path"] = f"{folder}/../secret.txt"
    manifest.write_text(json.dumps(document), encoding="utf-8")

    done = desk.call("verify", folder)

    assert done.code == 1
    assert "outside of the folder" in done.out


def test_a_folder_of_nobody_is_a_mistake_of_the_caller(desk: Desk) -> None:
    (desk / "empty").mkdir()

    done = desk.call("verify", "empty")

    assert done.code == 2
    assert "E756" in done.err


def test_a_file_is_checked_by_its_record_and_by_what_it_carries(desk: Desk, folder: Path) -> None:
    assert desk.call("verify", folder / "large.png").code == 0

    (folder / "large.png").write_bytes((folder / "small.png").read_bytes())
    done = desk.call("verify", folder / "large.png")

    assert done.code == 1
    assert "changed: large.png" in done.out


def test_a_file_whose_source_has_changed_is_reported(desk: Desk) -> None:
    desk.write_picture("photo.png", "red")
    desk.write_graph(
        "grey.json",
        {
            "nodes": {"small": {"type": "image.resize", "inputs": {"image": {"file": "photo.png"}, "width": 8}}},
            "outputs": {"picture": {"from": "small"}},
        },
    )
    desk.succeed("run", "grey.json", "-o", "out")
    desk.write_picture("photo.png", "blue")
    os.utime(desk / "photo.png", ns=(1, 1))

    done = desk.call("verify", "out/picture.png")

    assert done.code == 1
    assert "has changed since" in done.out


def test_replayed_files_come_out_the_same(desk: Desk, folder: Path) -> None:
    done = desk.call("verify", folder, "--replay", "3", "--seed", "7")

    assert done.code == 0, done.text
    assert "3 of 3 came out the same when made again (--seed 7)" in done.out


def test_a_replay_shows_a_picture_that_its_graph_does_not_make(desk: Desk, folder: Path) -> None:
    manifest = next((folder / ".studio").glob("*.json"))
    desk.write_graph("other.json", _PAIR)
    desk.succeed("run", "other.json", "-o", "other", "--set", "color=red")
    text = manifest.read_text(encoding="utf-8")
    for name in ("large.png", "small.png"):
        document = json.loads(text)
        entry = document["outputs"][name.split(".")[0]]["files"][0]
        forged = _carry(folder / name, desk / "other" / name)
        (folder / name).write_bytes(forged)
        entry["blake3"], entry["bytes"] = blake3.blake3(forged).hexdigest(), len(forged)
        text = json.dumps(document)
    manifest.write_text(text, encoding="utf-8")

    done = desk.call("verify", folder, "--replay", "3", "--json")

    assert done.code == 1
    standings = sorted(row["standing"] for row in done.json["replays"])
    assert standings == ["differs", "differs", "same"]


def _carry(honest: Path, other: Path) -> bytes:
    """Return the pixels of one picture with the provenance of another."""
    pictures = create_builtin_value_types()[0]
    target = honest.with_name("forged.png")
    pictures.write_file(pictures.read_file(other, MediaLimits()), target, pictures.read_provenance(honest))
    data = target.read_bytes()
    target.unlink()
    return data


def test_the_choice_of_a_replay_is_printed_and_repeats(desk: Desk, folder: Path) -> None:
    first = desk.call("verify", folder, "--replay", "1", "--json").json
    again = desk.call("verify", folder, "--replay", "1", "--seed", str(first["seed"]), "--json").json

    assert [row["name"] for row in first["replays"]] == [row["name"] for row in again["replays"]]


def test_files_of_another_build_are_counted_and_named(desk: Desk, card: Path) -> None:
    desk.succeed("run", card, "-o", "out")
    assert "another build" not in desk.call("verify", "out").out
    manifest = next((desk / "out/.studio").glob("*.json"))
    document = json.loads(manifest.read_text(encoding="utf-8"))
    assert document["distributions"]["numpy"]["record"]
    document["distributions"]["numpy"]["version"] = "1.0"
    manifest.write_text(json.dumps(document), encoding="utf-8")

    done = desk.call("verify", "out")
    counted = desk.call("verify", "out", "--json").json["builds"]

    assert done.code == 0
    assert "made by another build: 2 files: numpy 1.0 then, " in done.out
    assert [(row["files"], len(row["differences"])) for row in counted] == [(2, 1)]


def test_items_of_a_batch_know_their_build(desk: Desk, card: Path) -> None:
    (desk / "items.csv").write_text("name,words\na,hello\n", encoding="utf-8")
    desk.succeed("batch", card, "items.csv", "-o", "out", "--workers", "0", "--no-gallery")

    assert desk.call("verify", "out", "--json").json["builds"] == [{"files": 2, "differences": []}]
