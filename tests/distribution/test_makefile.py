"""What `make` would do in a folder that cannot be written, and where everything is installed already."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make, a program")


def run_make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Use make; the variables of this process's own make do not count."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | variables
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, encoding="utf-8", capture_output=True)


def test_a_folder_that_cannot_be_written_stays_as_it_is(tmp_path: Path) -> None:
    done = run_make("-n", "WRITABLE=", f"VENV={tmp_path}/a b/venv", "demo", TMPDIR=str(tmp_path), HOME="/nonexistent")

    assert done.returncode == 0, done.stderr
    assert f'-m venv "{tmp_path}/a b/venv"' in done.stdout
    assert f'STUDIO_CACHE_DIR="{tmp_path}/studio-{os.getuid()}/cache"' in done.stdout
    assert f'-o "{tmp_path}/studio-{os.getuid()}/out"' in done.stdout


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    for program in ("python", "studio"):
        path = tmp_path / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {program} $*\n", encoding="utf-8")
        path.chmod(0o755)
    (tmp_path / ".installed").touch()

    done = run_make("-s", f"VENV={tmp_path}", f"OUT={tmp_path}/out", "PYTHON=/bin/false", "test", "demo")

    assert done.returncode == 0, done.stderr
    tested, made, said = done.stdout.splitlines()
    assert tested.startswith("python -P -m pytest")
    assert tested.endswith("-m not slow")
    assert made == f"studio run graphs/poster.json -o {tmp_path}/out"
    assert said == f"The poster is {tmp_path}/out/poster.png"


def test_an_old_python_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "old").write_text(
        '#!/bin/sh\nexec python3 -c "import sys; sys.version_info = (3, 10, 1); exec(sys.argv[1])" "$2"\n',
        encoding="utf-8",
    )
    (tmp_path / "old").chmod(0o755)

    done = run_make("-s", f"VENV={tmp_path}/venv", f"PYTHON={tmp_path}/old", "demo")

    assert done.returncode == 2
    assert "Studio needs Python 3.11 or newer, and this is 3.10" in done.stderr
    assert not (tmp_path / "venv").exists()
