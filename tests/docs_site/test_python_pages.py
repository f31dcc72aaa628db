from __future__ import annotations

import importlib
import json
import runpy
from pathlib import Path

import pytest
from PIL import Image

from docs_site.page import Page
from docs_site.python_pages import MODULES, create_python_pages, list_public_names

CARD = {
    "studio": 1,
    "inputs": {"words": {"type": "text", "default": "Hello"}},
    "nodes": {
        "ground": {"type": "image.new", "inputs": {"width": 40, "height": 24}},
        "text": {"type": "image.caption", "inputs": {"image": {"from": "ground"}, "text": {"from": "inputs.words"}}},
    },
    "outputs": {"picture": {"from": "text"}},
}


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {page.title: page for page in create_python_pages()}


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_on_the_page_of_its_module(name: str, pages: dict[str, Page]) -> None:
    module = importlib.import_module(name)

    for public in list_public_names(module):
        assert f"\n## {public}\n" in pages[name].text
    for public in module.__all__:
        assert public in pages[name].text


@pytest.mark.parametrize("name", ["Studio", "RunResult", "GraphBuilder", "run", "batch"])
def test_the_example_of_a_name_runs(
    name: str, pages: dict[str, Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(tmp_path / "cache"))
    Image.new("RGB", (80, 60), "red").save("photo.jpg")
    Path("card.json").write_text(json.dumps(CARD))
    part = pages["studio"].text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]

    Path("example.py").write_text(part.partition("**Example.**\n\n```python\n")[2].partition("```")[0])
    runpy.run_path("example.py")

    assert list(tmp_path.glob("*/*.*"))


def test_a_class_lists_its_methods_and_properties(pages: dict[str, Page]) -> None:
    text = pages["studio"].text

    assert "| [`run`](#studiorun) | Run a graph. |" in text
    assert "### Studio.registry\n\n```python\nregistry: Registry\n```" in text
    assert "_made" not in pages["studio.testing"].text
    assert "timeout_seconds: float | None = None" in text.partition("\n## batch\n")[2]


def test_a_method_has_its_signature_and_its_arguments(pages: dict[str, Page]) -> None:
    text = pages["studio"].text

    assert "### Studio.run" in text
    assert "    node_timeout_seconds: float | None = None,\n" in text
    assert "| `node_timeout_seconds` | A call that takes longer fails. |" in text
