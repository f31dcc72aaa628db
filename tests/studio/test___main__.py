"""Python runs the package as the command runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from processes import create_environment

import studio


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["run", "nosuch.json"], 2)])
def test_python_runs_the_package_as_the_command(arguments: list[str], code: int, tmp_path: Path) -> None:
    environment = create_environment()

    done = subprocess.run(
        [sys.executable, "-m", "studio", *arguments], capture_output=True, text=True, cwd=tmp_path, env=environment
    )

    assert done.returncode == code
    assert done.stdout == (f"studio, version {studio.__version__}\n" if code == 0 else "")
    assert ("E120" in done.stderr) == (code == 2)
