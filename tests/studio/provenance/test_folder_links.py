"""What is kept beside a folder's files stays in the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import RunError
from studio.provenance.folder_links import check_links


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An output folder beside another one."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_a_path_that_does_not_exist_yet_stays_in_the_folder(folder: Path) -> None:
    check_links(folder, ".studio/ledger.sqlite3", "ledger")


def test_a_link_within_the_folder_is_no_error(folder: Path) -> None:
    (folder / "records").mkdir()
    (folder / ".studio").symlink_to(folder / "records")

    check_links(folder, ".studio/ledger.sqlite3", "ledger")


def test_a_folder_that_is_itself_a_link_is_no_error(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)

    check_links(folder.parent / "link", ".studio/ledger.sqlite3", "ledger")


@pytest.mark.parametrize("link", [".studio", ".studio/workers"])
def test_a_link_out_of_the_folder_is_refused_by_its_name(folder: Path, link: str) -> None:
    (folder / link).parent.mkdir(exist_ok=True)
    (folder / link).symlink_to(folder.parent / "elsewhere")

    with pytest.raises(RunError, match="E313") as caught:
        check_links(folder, ".studio/workers", "log")

    assert caught.value.message == f"{link!r} is a link that leaves the output folder, so no log is written"
    assert caught.value.where == str(folder / link)
