"""docs/media.md says what the docstrings of media say, and the examples in them run."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio import api
from tests.docs.media_page import CLASSES, PAGE, create_page, find_example, list_members


def test_the_page_says_what_the_docstrings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == create_page(), "write it anew with: python -m tests.docs.media_page"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_example_of_each_class_runs_from_its_imports_alone(
    cls: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = find_example(cls)

    exec(compile(code, f"example of {cls.__name__}", "exec"), {"__name__": "example"})  # noqa: S102  # our own

    assert "assert" in code
    assert f"{cls.__name__}(" in code


def test_every_value_of_the_contract_that_a_node_may_hold_is_on_the_page() -> None:
    media = {getattr(api, name) for name in api.__all__ if hasattr(getattr(api, name), "studio_type")}

    assert media - set(CLASSES) <= {api.File, api.OutputPath, api.Secret}


def test_every_member_on_the_page_is_documented() -> None:
    page = create_page()

    assert "| `Video.from_images(images, rate, audio=None)` | Return a video of these images, evenly spaced. |" in page
    assert all(f"{name}" in page for cls in CLASSES for name, _ in list_members(cls))
    assert "|  |" not in page
