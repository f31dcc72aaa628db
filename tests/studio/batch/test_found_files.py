"""Items from files: those that match a pattern, and those that a batch or a run wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.batch.found_files import find_files, find_outputs
from studio.batch.item import ItemOutput, ItemResult, ItemState
from studio.batch.ledger import Ledger
from studio.errors import UsageError
from tests.studio.batch.conftest import Make
from tests.studio.batch.items import EVERY, read
from tests.studio.batch.ledgers import import_names


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("in/b.png", "in/a.png", "in/deep/c.png", "in/deep/er/d.png", "in/note.txt", "in/.hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(path, format="png")
    return tmp_path / "in"


def test_a_pattern_gives_an_item_for_each_file_named_by_its_path(make: Make, photos: Path) -> None:
    flat = read(make, EVERY, find_files("photo", f"{photos}/*.png"))
    deep = read(make, EVERY, find_files("photo", f"{photos}/**/*.png"))

    assert [name for name, _ in flat] == ["a", "b"]
    assert [name for name, _ in deep] == ["a", "b", "deep/c", "deep/er/d"]
    assert deep[2][1] == {"photo": {"file": str(photos / "deep/c.png")}}


def test_a_limit_cuts_the_files_off(make: Make, photos: Path) -> None:
    assert [name for name, _ in read(make, EVERY, find_files("photo", f"{photos}/**/*.png", limit=3))][-1] == "deep/c"


def test_a_pattern_that_nothing_fits_is_reported(photos: Path) -> None:
    with pytest.raises(UsageError, match=r"no file matches"):
        find_files("photo", f"{photos}/*.jpg")


def touch(folder: Path, *names: str) -> Path:
    """Write empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def find(pattern: str, **more: Any) -> list[str]:
    """Return the labels of the files that match."""
    return [row.label for row in find_files("photo", pattern, **more)()]


@pytest.mark.parametrize(
    ("pattern", "labels"),
    [
        ("in", ["a", "b"]),  # a folder is all files in it
        ("in/a.png", ["a"]),
        ("in/*", ["a", "b"]),
        ("in/?.png", ["a"]),
        ("in/[ab].*", ["a", "b"]),
        ("in/**", ["a", "b", "deep/c", "deep/er/d"]),
        ("in/**/*.png", ["a", "deep/c"]),
        ("in/*/c.png", ["deep/c"]),
        ("in/**/er/*", ["deep/er/d"]),
        ("in/.h*", [".h"]),
    ],
)
def test_a_pattern_matches_whole_names_and_hidden_files_only_if_it_says_so(
    tmp_path: Path, pattern: str, labels: list[str]
) -> None:
    touch(
        tmp_path, "in/a.png", "in/b.txt", "in/deep/c.png", "in/deep/er/d.jpg", "in/.h.png", "in/.git/x.png", "else.png"
    )

    assert find(f"{tmp_path}/{pattern}") == labels


def test_a_folder_that_links_to_itself_is_read_once(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in", target_is_directory=True)

    assert find(f"{tmp_path}/in/**/*.png") == ["a"]


@pytest.mark.parametrize("pattern", ["*.png", "**/*.png", "*/*.png"])
def test_a_link_in_a_circle_is_no_file_and_no_folder(tmp_path: Path, pattern: str) -> None:
    touch(tmp_path, "in/a.png", "in/deep/b.png")
    (tmp_path / "in/0.png").symlink_to("0.png")

    assert find(f"{tmp_path}/in/{pattern}")


def test_files_are_looked_for_again_each_time_the_group_is_read(tmp_path: Path) -> None:
    group = find_files("photo", f"{touch(tmp_path, 'a.png')}/*.png")
    touch(tmp_path, "b.png")

    assert [row.label for row in group()] == ["a", "b"]


def write_batch(folder: Path) -> None:
    """Write the ledger of a batch with a finished item of two outputs, and one that failed."""
    with Ledger(folder, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        for lease, state in zip(ledger.leases.claim(2), (ItemState.DONE, ItemState.FAILED), strict=True):
            name = lease.item.name
            outputs = (
                ItemOutput("card", f"{name}_card.png", "d" * 64, 3, "image"),
                ItemOutput("text", f"{name}_text.txt", "d" * 64, 3, "text"),
            )
            ledger.leases.complete([(lease, ItemResult(lease.item.index, state, outputs))])


@pytest.mark.parametrize(
    ("more", "labels"),
    [
        ({}, ["a_card", "a_text"]),
        ({"extensions": ("png", "jpg")}, ["a_card"]),
        ({"output": "text"}, ["a_text"]),
        ({"output": "text", "extensions": ("png",)}, []),
    ],
)
def test_files_of_a_batch_are_those_of_finished_items_in_the_order_of_its_table(
    tmp_path: Path, more: dict[str, Any], labels: list[str]
) -> None:
    write_batch(tmp_path)

    rows = list(find_outputs("photo", tmp_path, **more)())

    assert [row.label for row in rows] == labels
    assert [row.values["photo"] for row in rows] == [
        str(tmp_path / f"{label}.{'png' if label == 'a_card' else 'txt'}") for label in labels
    ]


def test_files_of_a_run_are_those_in_its_folder_that_the_input_reads(tmp_path: Path) -> None:
    touch(tmp_path, "b.PNG", "a_small.png", "note.txt", "deep/c.png", ".studio/x.png")

    rows = find_outputs("photo", tmp_path, extensions=("png",))()
    small = find_outputs("photo", tmp_path, output="small", extensions=("png",))()

    assert [row.label for row in rows] == ["a_small", "b", "deep/c"]
    assert [row.label for row in small] == ["a_small"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_outputs("photo", tmp_path / "nowhere")

    assert caught.value.code == "E740"


def test_frames_of_a_sequence_are_items_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"in/shot.{number}.png" for number in (1001, 1002, 1003, 1005)))
    monkeypatch.chdir(tmp_path)

    assert find("in/shot.####.png") == ["shot.1001", "shot.1002", "shot.1003", "shot.1005"]
    assert find("in/shot.%04d.png 1003-1001x2") == ["shot.1003", "shot.1001"]
    assert find("in/shot.1001-1003@@@@.png", limit=2) == ["shot.1001", "shot.1002"]
    with pytest.raises(UsageError, match=r"1 of 5 frames of .* are missing: 1004") as error:
        find("in/shot.####.png 1001-1005")
    assert error.value.code == "E740"
    with pytest.raises(UsageError, match="no file matches"):
        find("in/take.####.png")


def test_numbers_go_with_wildcards_and_frames_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/s.0001.png", "a/s.x.png", "b/s.0002.png", "b/deep/s.0003.png", "b/s.3.png", "b/icon@2x.png")
    monkeypatch.chdir(tmp_path)

    assert find("*/s.####.png") == ["a/s.0001", "b/s.0002"]
    assert find("**/s.%04d.png") == ["a/s.0001", "b/s.0002", "b/deep/s.0003"]
    assert find("b/*@2x.png") == ["icon@2x"]
    with pytest.raises(UsageError, match=r"frames go with one folder and one name") as error:
        find("*/s.####.png 1-2")
    assert error.value.code == "E740"
