"""`build_wheel` builds offline with the installed backend, and says why it cannot."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from studio.errors import UsageError
from studio.testing.wheel import build_wheel, depends_on_studio, find_wheel_problems

PROJECT = """
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"

[project]
name = "studio-dots"
version = "1.2"
dependencies = ["studio-tint"]

[tool.setuptools]
py-modules = ["studio_dots"]
"""


def write_project(folder: Path, backend: str = "setuptools.build_meta", requires: str = "setuptools") -> Path:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT.format(backend=backend, requires=requires))
    (folder / "studio_dots.py").write_text("DOTS = 3\n")
    return folder


def test_a_module_is_built_and_what_is_missing_is_said(tmp_path: Path) -> None:
    project = write_project(tmp_path / "dots")

    wheel = build_wheel(project, tmp_path / "out")

    assert "studio_dots.py" in zipfile.ZipFile(wheel).namelist()
    problems = find_wheel_problems(wheel, project / "studio_dots.py", "studio_dots")
    assert [problem.partition(";")[0] for problem in problems] == [
        "it has no entry point for 'studio_dots'",
        "it does not depend on studio",
    ]


@pytest.mark.parametrize(
    ("backend", "words"), [("nosuch_backend.api", "No module named 'nosuch_backend'"), ("json", "build_wheel")]
)
def test_a_backend_that_cannot_build_says_so(tmp_path: Path, backend: str, words: str) -> None:
    project = write_project(tmp_path / "dots", backend)

    with pytest.raises(UsageError, match=words) as caught:
        build_wheel(project, tmp_path / "out")

    assert "install setuptools" in caught.value.hint


@pytest.mark.parametrize(
    ("requires", "words"),
    [
        ("nosuch-backend>=2", "it is not installed"),
        ("setuptools>=9999", "is installed"),
        ("???", "it is not installed"),
    ],
)
def test_what_builds_a_project_and_is_missing_is_named_with_what_to_type(
    tmp_path: Path, requires: str, words: str
) -> None:
    project = write_project(tmp_path / "dots", requires=requires)

    with pytest.raises(UsageError, match=words) as caught:
        build_wheel(project, tmp_path / "out")

    assert caught.value.hint == f"pip install '{requires}'"


@pytest.mark.parametrize("text", [None, "[build-system"])
def test_a_folder_without_a_project_is_a_usage_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(UsageError, match=r"no pyproject\.toml that can be read"):
        build_wheel(tmp_path, tmp_path / "out")


def test_only_studio_itself_counts_as_a_requirement() -> None:
    assert depends_on_studio(["numpy", "Studio >=0.1 ; python_version > '3'"])
    assert not depends_on_studio(["studio-tint", "numpy"])
