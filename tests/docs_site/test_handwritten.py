from __future__ import annotations

from pathlib import Path

from docs_site.handwritten import copy_linked_files, find_pages, find_target


def test_the_readme_is_the_home_page(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Tool\n\nIt does it.\n")

    (page,) = find_pages(tmp_path)

    assert (page.path, page.title, page.description) == ("index.md", "Tool", "It does it.")
    assert find_target("docs/a.md", "../README.md#start") == ("index.md", "start")


def test_files_that_pages_show_are_copied_and_no_others(tmp_path: Path) -> None:
    root, site = tmp_path / "root", tmp_path / "site"
    (root / "docs").mkdir(parents=True)
    for name in ("shown.png", "other.png"):
        (root / "docs" / name).write_bytes(b"png")
    (root / "docs" / "a.md").write_text("# A\n\n![shown](shown.png) [b](../missing.json)\n")

    copy_linked_files(root, find_pages(root), site)

    assert [path.relative_to(site).as_posix() for path in site.rglob("*.*")] == ["docs/shown.png"]
