"""Tutorials and how-to pages work: every file is saved and every command runs as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs_site.markdown import find_blocks
from tests.docs.pages import ROOT, follow_page

PAGES = [path for folder in ("tutorials", "how_to") for path in sorted((ROOT / "docs" / folder).rglob("*.md"))]
PAGES += [ROOT / "docs" / name for name in ("image.md", "logic.md", "coming_from_comfyui.md")]
FOLLOWED = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
LANGUAGES = {"json", "jsonc", "python", "console", "sh", "text", "csv", "toml", "yaml", "dockerfile", "ini"}


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_reader_can_follow_the_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = page.read_text(encoding="utf-8")
    if "--sign" in text:
        pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
    assert follow_page(text, tmp_path, monkeypatch, capfd) > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_graphs_and_programs_of_the_page_are_files_that_are_followed(page: Path) -> None:
    blocks = find_blocks(page.read_text(encoding="utf-8"))

    assert {block.language for block in blocks} <= LANGUAGES
    assert [block.line for block in blocks if block.language in ("json", "python") and not block.attributes] == []


def test_a_command_that_fails_fails_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "```console\n$ studio run missing.json\n```\n"

    with pytest.raises(AssertionError, match=r"studio run missing\.json"):
        follow_page(text, tmp_path, monkeypatch, capfd)
