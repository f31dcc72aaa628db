"""How the tests run: without the settings of whoever runs them, and with a word on each test that was skipped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from processes import create_environment

ROOT = Path(__file__).parents[2]
SKIPPING = """import pytest

def test_that_needs_much():
    pytest.skip("needs a moon")
"""


def run_tests(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of its own."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=create_environment(**variables),
    )


def test_the_settings_of_the_developer_do_not_reach_a_test(tmp_path: Path) -> None:
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "config.toml").write_text("nonsense = true\n", encoding="utf-8")
    settings = {"STUDIO_WORKERS": "many", "STUDIO_CONFIG": "/nowhere.toml", "XDG_CONFIG_HOME": str(tmp_path)}

    done = run_tests(ROOT / "tests/docs/test_readme.py", "-k", "carries_the_graph", **settings)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--no-skips"], 1)])
def test_a_skipped_test_is_listed_with_its_reason_and_fails_where_none_may_be(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    (tmp_path / "test_moon.py").write_text(SKIPPING, encoding="utf-8")

    # the tests' own configuration comes with the folder of the tests; one in a folder above is somebody else's
    only = f"--confcutdir={tmp_path}"
    done = run_tests(only, ROOT / "tests/conftest.py", tmp_path / "test_moon.py", *arguments)

    assert "needs a moon" in done.stdout.splitlines()[-2]
    assert done.returncode == code
